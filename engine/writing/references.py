r"""Numbers by reference: filled in from what was measured, and none typed (the rule stands in `digits`).

A reference that points to nothing fails the build with the nearest that exist, a setting that nobody chose too, and so
does a per cent sign behind what is no percentage. Called by the build; lines are those of the source, and filling in
keeps them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches

from engine.writing.chosen import names_in, not_chosen, numbers_in
from engine.writing.digits import PER_CENT, series, typed_numbers
from engine.writing.faults import Fault
from engine.writing.said import SAID
from engine.writing.scan import Scan
from state.errors import Plain
from state.paper import GIVEN, RESULT, STATS, VERDICT, VERDICTS, Reference, Values, Where, printed, references
from state.vocabulary import Language, Verdict

_JOINED = re.compile(r"(?:\{\}|\{,\}|\$\$?|\\[,;:!]|\.)*")
"""What stands between two numbers that text prints as one."""
_BY_REFERENCE = re.compile(r"\\(?:result|verdict|given)(?![A-Za-z])")
_OF_A_HUNDRED = 100


@dataclass(frozen=True)
class Known:
    """What a paper may refer to. `settings` are the texts of plan, data card and programs that a setting stands in,
    `read` those of review and titles, which name things too."""

    values: Mapping[Where, Values]
    baseline: str = ""
    verdicts: Mapping[str, Verdict] = field(default_factory=dict)
    settings: tuple[str, ...] = ()
    read: tuple[str, ...] = ()


def bound(source: str, known: Known, language: Language) -> tuple[str, list[Fault]]:
    """The source with every reference filled in, on the lines where they stood, and what is wrong with its numbers."""
    scan = Scan(source)
    chosen = {number for text in known.settings for number in numbers_in(text)}
    named = {name for text in (*known.settings, *known.read) for name in names_in(text)}
    faults = typed_numbers(scan, chosen, named)
    put: list[tuple[int, int, str]] = []
    for one in references(source):
        if len(one.parts) != 4 or one.stat not in STATS or not all(one.parts):
            allowed: list[Plain] = [*STATS]
            faults.append(Fault(one.line, "paper.bad_reference", {"reference": one.text, "allowed": allowed}))
            continue
        base = known.values.get((known.baseline, *one.place[1:]))
        shown = printed(one.stat, known.values.get(one.place), baseline=base, language=language, alone=one.alone)
        if shown is None:
            near = nearest("/".join(one.parts), _existing(known.values))
            faults.append(Fault(one.line, "paper.unknown_reference", {"reference": one.text, "near": near}))
            continue
        sign = PER_CENT.match(scan.text, one.end) or re.search(
            r"[百千万]分之\s*\Z", scan.text[max(0, one.start - 9) : one.start]
        )
        if sign and no_percentage(one, known.values[one.place]):
            faults.append(Fault(one.line, "paper.not_percent", {"reference": one.text, "shown": shown}))
        put.append((one.start, one.end, as_latex(shown, math=scan.in_math(one.start))))
    for found in VERDICT.finditer(scan.text):
        program = found[1].replace("\\_", "_").strip()
        if program in known.verdicts:
            put.append((*found.span(), VERDICTS[language][known.verdicts[program]]))
        else:
            near = nearest(program, known.verdicts)
            line = scan.line(found.start())
            faults.append(Fault(line, "paper.unknown_verdict", {"program": program, "near": near}))
    ends = {one.start for one in series(scan, chosen) if one.given}
    for found in GIVEN.finditer(scan.text):
        percent = re.match(r"[\s~]*(?:\\,\s*)?\\%", scan.text[found.end() :])
        for text in not_chosen(found[1] + (r"\%" if percent else ""), chosen):
            if found.start(1) not in ends:
                faults.append(Fault(scan.line(found.start()), "paper.not_given", {"found": text}))
        if said := SAID.search(found[1]):
            faults.append(Fault(scan.line(found.start()), "paper.not_given", {"found": said[0]}))
        put.append((*found.span(), found[1]))
    faults += _otherwise_written(scan)
    at, told = 0, []
    for start, end, text in sorted(put):
        if at and text[-1:].isdigit() and _JOINED.fullmatch(source, at, start):
            faults.append(Fault(scan.line(start), "paper.typed_number", {"found": source[start:end]}))
        told += [source[at:start], text]
        at = end
    return "".join([*told, source[at:]]), sorted(faults, key=lambda fault: fault.line)


def _otherwise_written(scan: Scan) -> list[Fault]:
    """What is meant as a reference and is none: it would vanish, or print what it holds."""
    hint = ": between its braces stands a bare name or number"
    return [
        Fault(
            scan.line(one.start()),
            "paper.unknown_command",
            {"found": scan.text[one.start() : one.start() + 40].split("\n")[0], "hint": hint},
        )
        for one in _BY_REFERENCE.finditer(scan.text)
        if not any(form.match(scan.text, one.start()) for form in (RESULT, VERDICT, GIVEN))
    ]


def no_percentage(one: Reference, values: Values) -> bool:
    """Whether what is printed is no share of a hundred: a count, a share of one, or far more than a hundred."""
    if one.stat == "n":
        return True
    sizes = [abs(value) for value in (*values.found, *values.missed)]
    named = re.search(r"percent|pct|%", one.place[2], re.IGNORECASE)
    return not named and (max(sizes) <= 1 or max(sizes) > _OF_A_HUNDRED)


def as_latex(shown: str, *, math: bool) -> str:
    """A printed number as LaTeX, within math or in text."""
    if math:
        power = re.sub(r"×10\^(-?\d+)", r"\\times 10^{\1}", shown)
        grouped = re.sub(r"\d+(?:,\d+)+(?:\.\d+)?", lambda found: rf"\text{{{found[0]}}}", power)
        return grouped.replace("±", r"\pm ").replace("−", "-").replace("—", r"\text{---}")
    if "×10^" in shown:
        return f"${as_latex(shown, math=True)}$"
    return shown.replace(" ± ", "~±~").replace("−", "$-$").replace("> ", "$>$~").replace("—", "---")


def _existing(values: Mapping[Where, Values]) -> list[str]:
    return ["/".join((*place, stat)) for place in values for stat in ("mean", "sd", "n")]


def nearest(name: str, existing: Iterable[str]) -> list[Plain]:
    """The five existing names most like `name`; the first five where none is like it."""
    names = sorted(existing)
    close: list[Plain] = [*get_close_matches(name, names, n=5, cutoff=0.3)]
    return close or [*names[:5]]
