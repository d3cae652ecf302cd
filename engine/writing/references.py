r"""Numbers by reference: filled in from what was measured, and none typed.

The rule. In what is printed, digits stand only (1) in `\result{program/dataset/metric/stat}`, which is filled in;
(2) in `\given{…}`, a setting that was chosen, which must stand in the plan or in a program; (3) in a name, where they
follow a letter, an underscore or a letter's hyphen: mod47, wd_2, GPT-4; (4) in math, as 0, 1, 2 or the 10 of a power,
or as a whole number in an exponent, an index, a fraction or a root. Any other digits, full-width ones too, are a typed
number, and that fails the build. Called by the build; lines are those of the source, and filling in keeps them.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches

from engine.writing.faults import Fault
from engine.writing.scan import GROUP, Scan
from state.errors import Plain
from state.paper import GIVEN, STATS, VERDICT, VERDICTS, Values, Where, printed, references
from state.vocabulary import Language, Verdict

_DIGITS = re.compile(r"\d(?:[\d.,_]*\d)?(?:[eE][+-]?\d+)?")
_NAMED = re.compile(r"(?:[A-Za-z_]|[A-Za-z]-)\Z")
_STRUCTURE = re.compile(
    rf"[_^]\s*(?:{GROUP}|[^\s\\{{}}])"
    rf"|\\[dt]?frac\s*(?:{GROUP}|\d)\s*(?:{GROUP}|\d)"
    rf"|\\sqrt(?:\[[^\]]*\])?\s*{GROUP}"
)


@dataclass(frozen=True)
class Known:
    """What a paper may refer to. `settings` are the texts of plan, data card and programs that a setting stands in."""

    values: Mapping[Where, Values]
    baseline: str = ""
    verdicts: Mapping[str, Verdict] = field(default_factory=dict)
    settings: tuple[str, ...] = ()


def bound(source: str, known: Known, language: Language) -> tuple[str, list[Fault]]:
    """The source with every reference filled in, on the lines where they stood, and what is wrong with its numbers."""
    scan = Scan(source)
    faults = typed_numbers(scan)
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
        put.append((one.start, one.end, as_latex(shown, math=scan.in_math(one.start))))
    for found in VERDICT.finditer(scan.text):
        program = found[1].replace("\\_", "_").strip()
        if program in known.verdicts:
            put.append((*found.span(), VERDICTS[language][known.verdicts[program]]))
        else:
            near = nearest(program, known.verdicts)
            line = scan.line(found.start())
            faults.append(Fault(line, "paper.unknown_verdict", {"program": program, "near": near}))
    chosen = {number for text in known.settings for number in numbers_in(text)}
    for found in GIVEN.finditer(scan.text):
        percent = re.match(r"[\s~]*(?:\\,\s*)?\\%", scan.text[found.end() :])
        for text in not_chosen(found[1] + (r"\%" if percent else ""), chosen):
            faults.append(Fault(scan.line(found.start()), "paper.not_given", {"found": text}))
        put.append((*found.span(), found[1]))
    at, told = 0, []
    for start, end, text in sorted(put):
        told += [source[at:start], text]
        at = end
    return "".join([*told, source[at:]]), sorted(faults, key=lambda fault: fault.line)


def typed_numbers(scan: Scan) -> list[Fault]:
    """A fault for each number that is typed where a reader would take it for a claim."""
    text = _ascii_digits(_without_structure(scan))
    faults = []
    for found in _DIGITS.finditer(text, scan.body):
        if _NAMED.search(text, max(0, found.start() - 2), found.start()):
            continue
        if scan.in_math(found.start()) and found[0] in ("0", "1", "2") and not _percent(text, found.end()):
            continue
        if scan.in_math(found.start()) and found[0] == "10" and scan.text[found.end() :].lstrip().startswith("^"):
            continue
        typed = scan.source[found.start() : found.end()]
        faults.append(Fault(scan.line(found.start()), "paper.typed_number", {"found": typed}))
    title = re.search(rf"\\title\s*({GROUP})", scan.text[: scan.body])
    if title:
        visible = _ascii_digits(scan.visible)
        for found in _DIGITS.finditer(visible, title.start(1), title.end(1)):
            if not _NAMED.search(visible, max(0, found.start() - 2), found.start()):
                faults.append(Fault(scan.line(found.start()), "paper.typed_number", {"found": found[0]}))
    return faults


def _percent(text: str, end: int) -> bool:
    return bool(re.match(r"\s*[%％‰]", text[end : end + 4]))


def _without_structure(scan: Scan) -> str:
    """The visible text, where math has lost its whole numbers in exponents, indices, fractions and roots."""
    parts, at = [], 0
    for start, end in scan.math:
        inner = scan.text[start:end]
        keep = list(scan.visible[start:end])
        for found in _STRUCTURE.finditer(inner):
            for whole in re.finditer(r"(?<![\d.,])\d+(?![\d.,]*\d|\s*\\?%)", found[0]):
                for nth in range(found.start() + whole.start(), found.start() + whole.end()):
                    keep[nth] = " "
        parts += [scan.visible[at:start], "".join(keep)]
        at = end
    return "".join([*parts, scan.visible[at:]])


def _ascii_digits(text: str) -> str:
    """Digits of every script as 0–9, full-width stops and percent signs as ours; one character for one."""
    return "".join(
        str(unicodedata.decimal(sign))
        if sign.isdecimal() and not sign.isascii()
        else {"．": ".", "，": ",", "％": "%"}.get(sign, sign)
        for sign in text
    )


def numbers_in(text: str) -> set[float]:
    """Every number that a text names, `1e-3` and `4_000` too."""
    told = set()
    for found in re.finditer(r"(?<![\d.])(?:\d[\d_,]*(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?", text):
        told.add(_value(found[0].rstrip(",.")))
        told |= {_value(part) for part in re.split("[,_]", found[0]) if part}
    return told


def not_chosen(given: str, chosen: Iterable[float]) -> list[str]:
    """The numbers of a `\\given` that are no setting. `95\\%` is one where 0.95 stands."""
    known = set(chosen)
    missing = []
    text = _ascii_digits(given)
    for found in _DIGITS.finditer(text):
        value = _value(found[0])
        percent = re.match(r"\s*\\?%", text[found.end() :])
        if value not in known and not (percent and round(value / 100, 12) in known):
            missing.append(found[0])
    return missing


def _value(text: str) -> float:
    squeezed = text.replace("_", "").replace(",", "")
    return float(squeezed) if re.fullmatch(r"(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?", squeezed) else float("nan")


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
