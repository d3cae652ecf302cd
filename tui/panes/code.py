"""Files as they stand: lines numbered, long ones folded under themselves, and what changed between two of them.

Nothing is cut but a line of thousands of characters, and a comment is no heading: code is not read as Markdown.
"""

from __future__ import annotations

import difflib

from tui.lines import EMPTY, Line, Span, dim, line
from tui.panes.document import INDENT
from tui.text import clean, folded

AROUND = 2


def source(text: str, cells: int) -> list[Line]:
    """A file, its lines numbered."""
    return [row for _, row in numbered(text, cells)]


def numbered(text: str, cells: int) -> list[tuple[int, Line]]:
    """The same, each row with the number of the line that it belongs to."""
    rows = clean(text).split("\n")
    digits = len(str(len(rows)))
    told = []
    for number, row in enumerate(rows, 1):
        for nth, part in enumerate(folded(row, cells - digits - 5)):
            told.append((number, line(" ", dim(f"{number if not nth else '':>{digits}}  "), part)))
    return told


def row_of(text: str, cells: int, number: int) -> int:
    """The row, from 0, at which line `number` begins."""
    return next((row for row, (at, _) in enumerate(numbered(text, cells)) if at >= number), 0)


def code_changes(old: str, new: str, cells: int, role: str = "text") -> list[Line]:
    """What changed, in `role`, with two lines around each change."""
    before, after = clean(old).splitlines(), clean(new).splitlines()
    matcher = difflib.SequenceMatcher(a=before, b=after, autojunk=False)
    lines: list[Line] = []
    for group in matcher.get_grouped_opcodes(AROUND):
        lines += [EMPTY, line(INDENT, dim("⋯")), EMPTY] if lines else []
        for tag, first, last, start, stop in group:
            if tag == "equal":
                lines += _marked(after[start:stop], " ", "dim", cells)
            else:
                lines += _marked(before[first:last], "-", role, cells) + _marked(after[start:stop], "+", role, cells)
    return lines


def _marked(rows: list[str], mark: str, role: str, cells: int) -> list[Line]:
    return [
        line(Span(f" {mark if not nth else ' '} ", role), Span(part, role))
        for row in rows
        for nth, part in enumerate(folded(row, cells - 5))
    ]
