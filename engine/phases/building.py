"""The paper under way: its source, what it may refer to, and its building into a PDF.

A fault in the source (a typed number, a reference or a citation to nothing, a command that papers may not use) goes
back before anything is typeset; typesetting is a job. Used by report writing, and by refinement to read the paper.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from engine.answering import Refusal
from engine.desk import Desk
from engine.phases import standing
from engine.writing import faults, pdf
from engine.writing.references import Known
from state import paper
from state.products.literature import ShelfPaper, bib_entries
from state.products.report import Report
from state.vocabulary import Language


@dataclass(frozen=True)
class Draft:
    """A paper under way. `pdf` is what the source was last built into, `papers` what it cites beyond the shelf;
    `rehearsed` whether the rehearsal wrote some of it, also in a visit that began with a model."""

    source: str
    figures: Mapping[str, bytes] = field(default_factory=dict)
    bibliography: str = ""
    pdf: bytes = b""
    papers: tuple[ShelfPaper, ...] = ()
    rehearsed: bool = False

    def with_source(self, source: str, *, rehearsed: bool = False) -> Draft:
        return replace(self, source=source, pdf=b"", rehearsed=self.rehearsed or rehearsed)

    @property
    def report(self) -> Report:
        used = {name: figure for name, figure in self.figures.items() if f"figures/{name}" in self.source}
        return Report(
            source=self.source, bibliography=self.bibliography, figures=used, pdf=self.pdf, papers=self.papers
        )


async def build(desk: Desk, draft: Draft, found: Mapping[str, ShelfPaper]) -> Draft | Refusal:
    """The draft with its PDF; or what is wrong with it, with lines, in words for its author."""
    language = Language(desk.frame.paper_language)
    bibtex = {key: one.bibtex for key, one in found.items()}
    what = replace(known(desk), read=read(desk, found))
    prepared = pdf.prepared(draft.source, what, bibtex, draft.figures, language)
    if prepared.faults:
        return _refused(prepared.faults, draft.source)
    mark = pdf.MARKS[language] if desk.frame.rehearsal or draft.rehearsed else ""
    ending = await desk.run("build", pdf.job(prepared, mark=mark))
    told = desk.file(ending, "build.json") if "build.json" in ending.files else None
    built = pdf.built(told, ending.error)
    if built.fault is not None:
        return _refused((built.fault,), draft.source)
    shelf = {one.key for one in desk.inputs.review.papers}
    beyond = tuple(found[key] for key in bib_entries(prepared.bibliography) if key not in shelf)
    return replace(draft, bibliography=prepared.bibliography, pdf=desk.file(ending, "paper.pdf"), papers=beyond)


def _refused(found: tuple[faults.Fault, ...], source: str) -> Refusal:
    first = found[0]
    return Refusal(faults.why(found, source), first.key, {"file": Report.main, "line": first.line, **first.facts})


def known(desk: Desk) -> Known:
    """What the paper may refer to: measured values, verdicts, and the settings that plan, data and programs name."""
    inputs = desk.inputs
    experiments = inputs.experiments
    return Known(
        values=paper.gather(standing.measured(inputs)),
        baseline=experiments.baseline,
        verdicts={score.program: score.verdict for score in experiments.scores},
        settings=(
            inputs.plan.shown,
            inputs.prepared.card,
            inputs.prepared.code,
            *(program.code for program in experiments.programs),
        ),
    )


def read(desk: Desk, found: Mapping[str, ShelfPaper]) -> tuple[str, ...]:
    """What names things that may have digits in them, besides the settings: question, review, titles of papers."""
    review = desk.inputs.products.get("review")
    return desk.inputs.question, review.shown if review else "", *(one.title for one in found.values())


def readable(desk: Desk, text: str, *, markdown: bool = False) -> str:
    """The text with its numbers as they are printed, for a reader."""
    what = known(desk)
    source = text.replace("%", "\\%") if markdown else text
    filled = paper.filled(
        source,
        what.values,
        baseline=what.baseline,
        verdicts=what.verdicts,
        language=Language(desk.frame.paper_language),
    )
    return filled.replace("\\%", "%") if markdown else filled
