r"""Tables made to fit the page: a table that is wider than its text gets columns that break lines, in shares of it.

Widths are counted in characters, the same for every way of typesetting, so that one that fits here fits there. One that
cannot be read on this page, because no line of it may be broken, is `TooWide`. Lines of the source stay. Used by the
typesetting job.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

from state.paper import plain

PAGE = 92.0
"""So many characters stand in a line of a table with no columns, at its usual size."""
GAP = 2.6
"""And so many the space beside a column takes."""
MANY = 7
"""A table of more columns than these is set smaller, its columns closer."""
MANY_PAGE, MANY_GAP = 118.0, 1.8
_TABULAR = re.compile(
    r"\\begin\{tabular\}(?:\[[^\]]{0,20}\])?\{((?:[^{}]|\{[^{}]*\})*)\}(.*?)\\end\{tabular\}", re.DOTALL
)
_NO_COLUMN = re.compile(r"[@!<>]\{[^{}]*\}|[|\s]")
_RULE = re.compile(r"\\(?:top|mid|bottom|h)(?:rule|line)(?![A-Za-z])")
_ROW_END = re.compile(r"\\\\(?:\*)?(?:\s*\[[^\]]{0,20}\])?")
_WIDE = r"\u1100-\u115f\u2e80-\uffef"
_PIECE = re.compile(rf"[^\s{_WIDE}]+|[{_WIDE}]")


@dataclass
class TooWide(Exception):
    """A table that no width of its columns brings onto the page: its line, and the share by which it is too wide."""

    line: int
    share: float


def fitted(source: str, *, tex: bool) -> str:
    """The source, for TeX or for Typst, with every table that is too wide broken within its cells."""

    def one(found: re.Match[str]) -> str:
        spec = _NO_COLUMN.sub("", found[1])
        small = r"{\footnotesize\setlength{\tabcolsep}{3pt}", "}"
        before, after = small if tex and len(re.sub(r"\{[^{}]*\}", "", spec)) > MANY else ("", "")
        if not spec or set(spec) - set("lcr"):
            return f"{before}{found[0]}{after}"  # its author gave the widths
        gap = GAP if len(spec) <= MANY else MANY_GAP
        room = (PAGE if len(spec) <= MANY else MANY_PAGE) - gap * len(spec)
        least, most = widths(found[2], len(spec))
        if sum(most) <= room:
            return f"{before}{found[0]}{after}"
        if sum(least) > room:
            raise TooWide(source.count("\n", 0, found.start()) + 1, sum(least) / max(room, 1) - 1)
        spare, wished = room - sum(least), sum(most) - sum(least)
        shares = [low + spare * (high - low) / wished for low, high in zip(least, most, strict=True)]
        whole = room + gap * len(spec)
        if tex:  # a column's space is beside its width; for Typst it is a part of it
            columns = "".join(rf">{{\raggedright\arraybackslash}}p{{{one / whole:.3f}\linewidth}}" for one in shares)
        else:
            columns = "".join(rf"p{{{(one + gap) / whole:.3f}\linewidth}}" for one in shares)
        return rf"{before}\begin{{tabular}}{{{columns}}}{found[2]}\end{{tabular}}{after}"

    return _TABULAR.sub(one, source)


def widths(body: str, columns: int) -> tuple[list[float], list[float]]:
    """Of each column, in characters, the longest piece within which no line may be broken, and the longest cell."""
    least, most = [1.0] * columns, [1.0] * columns
    for row in _ROW_END.split(_RULE.sub("", body)):
        cells = re.split(r"(?<!\\)&", row)
        if len(cells) > columns or r"\multicolumn" in row:
            continue
        for nth, cell in enumerate(cells):
            text = _read(cell)
            least[nth] = max([least[nth], *(_size(piece) for piece in _PIECE.findall(text))])
            most[nth] = max(most[nth], _size(text))
    return least, most


def _read(cell: str) -> str:
    """A cell as a reader sees it, where a line that may not be broken holds no space."""
    bound = re.sub(r"\$[^$]*\$", lambda found: re.sub(r"\s+", "", found[0]), cell)
    return plain(re.sub(r"(?<!\\)~|\s*±\s*", "_", bound))


def _size(text: str) -> float:
    return sum(2.0 if unicodedata.east_asian_width(sign) in "WF" else 1.0 for sign in text)
