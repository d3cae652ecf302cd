r"""Digits that are typed into a paper where a reader would take them for a measured number.

The rule. In what is printed, digits stand only (1) in `\result{program/dataset/metric/stat}`, which is filled in;
(2) in `\given{…}`, a setting that was chosen, which must stand in the plan or in a program; (3) in a name, where they
follow a letter, an underscore or a letter's hyphen: mod47, wd_2, GPT-4; one with a decimal or a second number only as
it was read or chosen: GPT-3.5, ViT-B/16; (4) in math, as 0, 1, 2 or the 10 of a power, as a whole number in an
exponent, an index, a root or a fraction of small ones or of a variable, or as the end of a series, `0,\dots,23`, where
it or the number after it was chosen; (5) in the brackets of a citation, as a page, a section, a table of the cited
work. Any other digits, full-width and raised ones too, are a typed number, and so are two that are printed as one,
numbers in words beyond counting (`said`), and whatever of (3) to (5) a per cent sign makes a share. References call it.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass

from engine.writing.chosen import DIGITS, ascii_digits, in_name
from engine.writing.faults import Fault
from engine.writing.said import SAID
from engine.writing.scan import CITE, GROUP, Scan, blank

_GLUED = re.compile(
    r"(?:[\s{}.~]|\\[,;:! ]|\{,\}|\$\$|\\(?:math[a-z]+|text[a-z]*|boldsymbol|operatorname)(?![A-Za-z]))*"
    r"(?:\d|\\(?:given|result)(?![A-Za-z]))"
)
"""What stands between two numbers that math prints as one."""
_BEHIND = re.compile(r"\\(?:given|result)\s*\{[^{}]*\}\$[{}]*\Z")
LOOKED_AT = 80
_BEFORE = re.compile(r"[{}]*\$\\(?:given|result)(?![A-Za-z])")

_SIGN = r"(?:[\s{}~$^_]|\\[,;:! ]|\\[A-Za-z]+\s*(?=\{)){0,40}(?:\\%|[%％‰])"
_SHARE = re.compile(_SIGN)
_SHARE_OF_NAME = re.compile(
    rf"{_SIGN}|[\s{{}}~$]*(?:\\,\s*)?(?:per[\s-]?cent\b|percentage\s+points?\b|(?:个\s*)?百分点)", re.IGNORECASE
)
PER_CENT = re.compile(rf"{_SIGN}|[\s{{}}~$]*(?:\\,\s*)?(?:per[\s-]?cent(?:age)?\b|(?:个\s*)?百分点)", re.IGNORECASE)
"""A share of a hundred, as a sign, however it is set, or in words."""
_PLACE = re.compile(rf"\\(?:eq)?ref\s*\{{[^{{}}]*\}}|{CITE}")

_FRACTION = re.compile(r"\\[dt]?frac")
_NO_VARIABLE = re.compile(
    rf"\\(?:result|given|text[a-z]*|mathrm|operatorname)\s*{GROUP}|\\(?:[dt]?frac|cdot|times|left|right|q?quad)(?![A-Za-z])"
)
_COLUMNS = re.compile(
    rf"(?:\\begin\s*\{{(?:tabular|array)\}}\s*(?:\[[^\]]{{0,300}}\]\s*)?|\\multicolumn\s*\{{[^{{}}]*\}}\s*)({GROUP})"
)
_BETWEEN_COLUMNS = re.compile(rf"[@!<>]\s*({GROUP})")
_LENGTH = re.compile(r"\\[hv]space\*?\s*\{[^{}]*\}")
_DATE = re.compile(
    r"\d{4}[-./年]\s*\d{1,2}(?:[-./月]\s*\d{1,2}日?|月)?|\b\d{1,2}\b(?![.,]\d|\s*\\?%)|\b\d{4}\b(?!\\?%)"
)
_STRUCTURE = re.compile(
    rf"[_^]\s*(?:{GROUP}|[^\s\\{{}}])"
    rf"|\\[dt]?frac\s*(?:{GROUP}|\d)\s*(?:{GROUP}|\d)"
    rf"|\\sqrt(?:\[[^\]]*\])?\s*{GROUP}"
)
_WHOLE = re.compile(r"(?<![\d.,])\d+(?![\d.,]*\d|\s*\\?%)")
_INDEX = re.compile(r"(?<![\d.])(?<!\d,)\d+(?:,\s*\d{1,2}(?!\d))*(?![\d.,]*\d|\s*\\?%)")
_SERIES = re.compile(
    r"(?<![\d.,])[012](?:\s*,\s*[12])?(?:\s*,\s*2)?\s*,\s*\\[lc]?dots\s*,\s*"
    r"(?:(?P<typed>\d+)(?![\d.,]*\d)|\\given\s*\{(?P<given>\d+)\})"
)


@dataclass(frozen=True)
class Series:
    """The end of `0,\\dots,23` in math, which was chosen as such or by the number after it."""

    start: int
    end: int
    given: bool


def series(scan: Scan, chosen: Collection[float]) -> list[Series]:
    """Those of a paper."""
    told = []
    for found in _SERIES.finditer(scan.text, scan.body):
        which = "typed" if found["typed"] else "given"
        last = int(found[which])
        if (
            scan.in_math(found.start())
            and not _SHARE.match(scan.text, found.end())
            and (last in chosen or last + 1 in chosen)
        ):
            told.append(Series(*found.span(which), which == "given"))
    return told


def typed_numbers(scan: Scan, chosen: Collection[float] = (), names: Collection[str] = ()) -> list[Fault]:
    """A fault for each number that is typed where a reader would take it for a claim.

    `chosen` are the settings, `names` those with digits in them that were read or chosen.
    """
    visible = _without_structure(scan)
    for one in series(scan, chosen):
        visible = visible[: one.start] + blank(visible[one.start : one.end]) + visible[one.end :]
    for date in re.finditer(rf"\\date\s*({GROUP})", scan.text[: scan.body]):
        start, end = date.span(1)
        visible = visible[:start] + _DATE.sub(lambda one: blank(one[0]), scan.text[start:end]) + visible[end:]
    text = ascii_digits(visible)
    spots = [found.span() for found in DIGITS.finditer(text) if not _stands(scan, text, found, names)]
    unspaced = _LENGTH.sub(lambda one: blank(one[0]), scan.text)
    for columns in _COLUMNS.finditer(scan.text, scan.body):
        for between in _BETWEEN_COLUMNS.finditer(scan.text, *columns.span(1)):
            spots += [one.span() for one in DIGITS.finditer(unspaced, *between.span(1))]
    spots += [one.span() for one in SAID.finditer(scan.visible)]
    spots += [one.span() for one in _PLACE.finditer(scan.text) if _SHARE.match(scan.text, one.end())]
    return [Fault(scan.line(start), "paper.typed_number", {"found": scan.source[start:end]}) for start, end in spots]


def _stands(scan: Scan, text: str, found: re.Match[str], names: Collection[str]) -> bool:
    """Whether digits are part of a name, or of math that claims nothing."""
    after = scan.text[found.end() : found.end() + LOOKED_AT]
    if in_name(text, found, names):
        return not _SHARE_OF_NAME.match(after)
    if not scan.in_math(found.start()) or _SHARE.match(after):
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
            if _SHARE.match(scan.text, start + found.end()):
                continue  # so is one of a hundred
            for whole in (_INDEX if found[0].startswith("_") else _WHOLE).finditer(found[0]):
                for nth in range(found.start() + whole.start(), found.start() + whole.end()):
                    keep[nth] = " "
        parts += [scan.visible[at:start], "".join(keep)]
        at = end
    return "".join([*parts, scan.visible[at:]])
