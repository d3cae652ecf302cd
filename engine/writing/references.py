r"""Numbers by reference: filled in from what was measured, and none typed.

The rule. In what is printed, digits stand only (1) in `\result{program/dataset/metric/stat}`, which is filled in;
(2) in `\given{…}`, a setting that was chosen, which must stand in the plan or in a program; (3) in a name, where they
follow a letter, an underscore or a letter's hyphen: mod47, wd_2, GPT-4; (4) in math, as 0, 1, 2 or the 10 of a power,
or as a whole number in an exponent, an index, a root or a fraction of small ones or of a variable. Any other digits,
full-width ones too, are a typed number, and so are two that are printed as one, and numbers in words beyond counting:
percentages, decimals, twenty-three, two hundred; that fails the build, and so does a share of one with a per cent sign
at it. Called by the build; lines are those of the source, and filling in keeps them.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches

from engine.writing.faults import Fault
from engine.writing.scan import GROUP, Scan, blank
from state.errors import Plain
from state.paper import GIVEN, RESULT, STATS, VERDICT, VERDICTS, Reference, Values, Where, printed, references
from state.vocabulary import Language, Verdict

_DIGITS = re.compile(r"\d(?:[\d.,_]*\d)?(?:[eE][+-]?\d+)?")
_NAMED = re.compile(r"(?:[A-Za-z_]|[A-Za-z]-)\Z")
_GLUED = re.compile(
    r"(?:[\s{}.~]|\\[,;:! ]|\{,\}|\$\$|\\(?:math[a-z]+|text[a-z]*|boldsymbol|operatorname)(?![A-Za-z]))*"
    r"(?:\d|\\(?:given|result)(?![A-Za-z]))"
)
"""What stands between two numbers that math prints as one."""
_JOINED = re.compile(r"(?:\{\}|\{,\}|\$\$?|\\[,;:!]|\.)*")
"""What stands between two numbers that text prints as one."""
_BEHIND = re.compile(r"\\(?:given|result)\s*\{[^{}]*\}\$[{}]*\Z")
_BEFORE = re.compile(r"[{}]*\$\\(?:given|result)(?![A-Za-z])")

_BY_REFERENCE = re.compile(r"\\(?:result|verdict|given)(?![A-Za-z])")

_PERCENT = re.compile(r"[\s{}~$]*(?:\\[,;:! ]\s*)*(?:\\%|[%％‰])")
_PER_CENT = re.compile(
    rf"(?:{_PERCENT.pattern})|[\s{{}}~$]*(?:(?:\\,)?\s*)(?:per[\s-]?cent(?:age)?\b|(?:个\s*)?百分点)", re.IGNORECASE
)
"""A share of a hundred, as a sign or in words."""

_FRACTION = re.compile(r"\\[dt]?frac")
_NO_VARIABLE = re.compile(
    rf"\\(?:result|given|text[a-z]*|mathrm|operatorname)\s*{GROUP}|\\(?:[dt]?frac|cdot|times|left|right|q?quad)(?![A-Za-z])"
)
_COLUMNS = re.compile(
    rf"(?:\\begin\s*\{{(?:tabular|array)\}}\s*(?:\[[^\]]{{0,300}}\]\s*)?|\\multicolumn\s*\{{[^{{}}]*\}}\s*)({GROUP})"
)
_BETWEEN_COLUMNS = re.compile(rf"[@!<>]\s*({GROUP})")
_LENGTH = re.compile(r"\\[hv]space\*?\s*\{[^{}]*\}")
_WORD = (
    r"(?:zero|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|(?:thir|four|fif|six|seven|eigh|nine)teen"
    r"|(?:twen|thir|for|fif|six|seven|eigh|nine)ty|hundred|thousand)"
)
SAID = re.compile(
    rf"\b{_WORD}(?:(?:[\s-]+and)?[\s-]+{_WORD}){{0,8}}(?:\s+point(?:\s+{_WORD}){{1,8}})?"
    r"(?:[\s~-]*%|[\s~-]+per[\s-]?cent(?:age)?\b)"
    rf"|\b(?:zero|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve)\s+point(?:\s+{_WORD}){{1,8}}\b"
    rf"|\bone\s+point(?:\s+{_WORD}){{1,8}}\s+times\b"
    r"|\b(?:twen|thir|for|fif|six|seven|eigh|nine)ty[\s-]+(?:one|two|three|four|five|six|seven|eight|nine)\b"
    rf"|\b{_WORD}[\s-]+(?:hundred|thousand)\b"
    r"|[一二两三四五六七八九][百千万][零一二两三四五六七八九][零一二两三四五六七八九十百千]*|[二三四五六七八九]十[一二三四五六七八九]"
    r"|[百千]分之[零〇一二两三四五六七八九十百点]+|[零〇二两三四五六七八九十百千万]点[零〇一二三四五六七八九]+"
    r"|(?<![零〇一二两三四五六七八九十百千万])一点[零〇一二三四五六七八九]+(?=[倍个百千万亿%％])|[¼-¾]",
    re.IGNORECASE,
)
"""A number in words where a reader would take it for a measured one."""

_DATE = re.compile(
    r"\d{4}[-./年]\s*\d{1,2}(?:[-./月]\s*\d{1,2}日?|月)?|\b\d{1,2}\b(?![.,]\d|\s*\\?%)|\b\d{4}\b(?!\\?%)"
)
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
        sign = _PER_CENT.match(scan.text, one.end) or re.search(
            r"[百千]分之\s*\Z", scan.text[max(0, one.start - 9) : one.start]
        )
        if sign and of_one(one, known.values[one.place]):
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
    chosen = {number for text in known.settings for number in numbers_in(text)}
    for found in GIVEN.finditer(scan.text):
        percent = re.match(r"[\s~]*(?:\\,\s*)?\\%", scan.text[found.end() :])
        for text in not_chosen(found[1] + (r"\%" if percent else ""), chosen):
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


def of_one(one: Reference, values: Values) -> bool:
    """Whether what is printed is a share of one, which no sign makes one of a hundred."""
    measured = [*values.found, *values.missed]
    return (
        one.stat != "n"
        and not re.search(r"percent|pct|%", one.place[2], re.IGNORECASE)
        and all(abs(value) <= 1 for value in measured)
    )


def typed_numbers(scan: Scan) -> list[Fault]:
    """A fault for each number that is typed where a reader would take it for a claim."""
    text = _ascii_digits(_without_structure(scan))
    spots: list[tuple[int, int]] = []
    for found in _DIGITS.finditer(text, scan.body):
        if not _stands(scan, text, found):
            spots.append(found.span())
    head = _ascii_digits(scan.visible)[: scan.body]
    for found in re.finditer(rf"\\date\s*({GROUP})", scan.text[: scan.body]):
        start, end = found.span(1)
        head = head[:start] + _DATE.sub(lambda one: blank(one[0]), scan.text[start:end]) + head[end:]
    spots += [
        one.span()
        for one in _DIGITS.finditer(head)
        if not _NAMED.search(head, max(0, one.start() - 2), one.start()) or _PERCENT.match(scan.text, one.end())
    ]
    unspaced = _LENGTH.sub(lambda one: blank(one[0]), scan.text)
    for found in _COLUMNS.finditer(scan.text, scan.body):
        for between in _BETWEEN_COLUMNS.finditer(scan.text, *found.span(1)):
            spots += [one.span() for one in _DIGITS.finditer(unspaced, *between.span(1))]
    spots += [one.span() for one in SAID.finditer(scan.visible)]
    return [Fault(scan.line(start), "paper.typed_number", {"found": scan.source[start:end]}) for start, end in spots]


def _stands(scan: Scan, text: str, found: re.Match[str]) -> bool:
    """Whether digits are part of a name, or of math that claims nothing."""
    math, after = scan.in_math(found.start()), scan.text[found.end() :]
    if _NAMED.search(text, max(0, found.start() - 2), found.start()):
        return not (math and "." in found[0]) and not re.match(r"\\?[%％‰]", after)
    if not math or _PERCENT.match(after):
        return False
    if found[0] == "10":
        return after.lstrip().startswith("^")
    if _BEFORE.match(after) or _BEHIND.search(scan.text, max(0, found.start() - 90), found.start()):
        return False
    return found[0] in ("0", "1", "2") and not _GLUED.match(after)


def _without_structure(scan: Scan) -> str:
    """The visible text, where math has lost its whole numbers in exponents, indices, fractions and roots."""
    parts, at = [], 0
    for start, end in scan.math:
        inner = scan.text[start:end]
        keep = list(scan.visible[start:end])
        for found in _STRUCTURE.finditer(inner):
            share = _FRACTION.match(found[0]) and not re.search(r"[A-Za-z]", _NO_VARIABLE.sub("", found[0]))
            if share and re.search(r"\d\d", _NO_VARIABLE.sub("", found[0])):
                continue  # a measured share is a claim
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
