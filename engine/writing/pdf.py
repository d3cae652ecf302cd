"""A paper on its way to a PDF: checked and filled in here, typeset in a job, its outcome read back.

`prepared` finds every fault that needs no typesetting, `job` is what the desk runs (what a model wrote never runs in
the engine), `built` reads what the job left. Called by report writing and by the check of an edited paper.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from dataclasses import dataclass

from engine.experiments.contract import GB, MB, Job, Limits
from engine.writing import citations, latex
from engine.writing.faults import Fault
from engine.writing.references import Known, bound
from state.vocabulary import Language

LIMITS = Limits(wall_s=300, memory_b=4 * GB, disk_b=GB, output_b=MB, file_b=200 * MB, processes=64)
BUILD_LIMIT_B = MB
MARKS = {
    Language.EN: "A rehearsal: its words were scripted, not written by a model; its numbers were measured.",
    Language.ZH: "预演：本文文字出自预设脚本，并非模型所写；文中数字均为实测。",
}
"""What stands on the first page of a rehearsal's paper, in the paper's language."""


@dataclass(frozen=True)
class Prepared:
    """A source that may be typeset if it has no `faults`: numbers filled in, the bibliography of what it cites."""

    source: str
    bibliography: str
    figures: Mapping[str, bytes]
    language: Language
    faults: tuple[Fault, ...]


def prepared(
    source: str, known: Known, shelf: Mapping[str, str], figures: Mapping[str, bytes], language: Language
) -> Prepared:
    """`shelf` is BibTeX by key, `figures` PNG bytes by name. Faults are by the line of `source`."""
    filled, faults = bound(source, known, language)
    faults += latex.faults(source, figures) + citations.faults(source, shelf)
    used = {name: figure for name, figure in figures.items() if f"{latex.FIGURES}{name}" in source}
    ordered = tuple(sorted(faults, key=lambda fault: (fault.line, fault.key)))
    return Prepared(filled, citations.bibliography(source, shelf), used, language, ordered)


def job(paper: Prepared, *, mark: str = "", tex: bool = True) -> Job:
    """The typesetting of a prepared paper. `mark` stands on its first page; without `tex` Typst sets it in any case."""
    setup = {"language": paper.language.value, "mark": mark, "tex": tex}
    files = {
        "paper.tex": paper.source.encode(),
        "references.bib": paper.bibliography.encode(),
        "setup.json": json.dumps(setup, ensure_ascii=False, sort_keys=True).encode(),
        **{f"{latex.FIGURES}{name}": figure for name, figure in sorted(paper.figures.items())},
    }
    return Job(
        kind="latex",
        argv=(sys.executable, "-P", "-E", "-s", "-m", "engine.writing.typeset"),
        limits=LIMITS,
        files=files,
        wants=("paper.pdf", "build.json"),
        author="model",
    )


@dataclass(frozen=True)
class Built:
    """How typesetting went. `engine` is the program that set it, `log` what it said."""

    ok: bool
    engine: str = ""
    pages: int = 0
    log: str = ""
    fault: Fault | None = None


def built(build: bytes | None, error: str = "") -> Built:
    """From the job's build.json; without one, from the error of its ending."""
    told: object = None
    if build is not None and len(build) <= BUILD_LIMIT_B:
        try:
            told = json.loads(build)
        except ValueError:
            told = None
    if not isinstance(told, dict):
        reason = error.strip() or "it ended without a word"
        return Built(False, fault=Fault(0, "paper.build_failed", {"engine": "typesetting", "reason": reason[-2000:]}))
    engine, log, reason, sign = (str(told.get(name, "")) for name in ("engine", "log", "reason", "sign"))
    line, pages = (value if isinstance(value := told.get(name), int) else 0 for name in ("line", "pages"))
    if told.get("ok") is True:
        return Built(True, engine, pages, log)
    if sign:
        return Built(
            False, engine, 0, log, Fault(line, "paper.no_glyph", {"found": sign, "code": f"U+{ord(sign[0]):04X}"})
        )
    return Built(False, engine, 0, log, Fault(line, "paper.build_failed", {"engine": engine, "reason": reason}))
