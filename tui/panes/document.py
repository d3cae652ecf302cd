"""A product as a page: its facts as a block, its Markdown as text, a person's own edits marked in the gutter.

Text is at most 80 cells wide; the gutter (columns 1–3) holds `+` and `-` in the accent.
"""

from __future__ import annotations

import difflib
from collections.abc import Sequence

from state.vocabulary import Language
from tui import markdown
from tui.language import current
from tui.lines import EMPTY, Line, Span, dim, line
from tui.text import fit, width, wrap

INDENT = "   "
APART = {Language.EN: 5, Language.ZH: 8}


def body_of(text: str) -> str:
    """The text without its `+++` head."""
    if text.startswith("+++\n"):
        _, _, rest = text[4:].partition("\n+++")
        return rest.lstrip("\n")
    return text


def facts_block(pairs: Sequence[tuple[str, str]], cells: int) -> list[Line]:
    """Labels and values in two columns, the first half of the pairs at the left; where a value is too long for that,
    it stands below them in the whole width, so that nothing is cut."""
    room = min(cells, 80) - 4
    label = max((width(name) for name, _ in pairs), default=0) + 3
    short, long = list(pairs), list[tuple[str, str]]()
    while (block := _columns(short, room)) is None:
        longest = max(short, key=lambda pair: width(pair[1]))
        short.remove(longest)
        long.append(longest)
    lines: list[Line] = []
    for name, value in sorted(long, key=pairs.index):
        for nth, part in enumerate(wrap(value, room - label)):
            lines.append(line(INDENT, dim(fit("" if nth else name, label)), part))
    return [*block, *lines]


def _columns(pairs: Sequence[tuple[str, str]], room: int) -> list[Line] | None:
    """Two columns, None where a value would be cut."""
    half = (len(pairs) + 1) // 2
    left, right = pairs[:half], pairs[half:]
    if not left:
        return []
    one = max(width(label) for label, _ in left) + 3
    two = max((width(label) for label, _ in right), default=0) + 3
    values = max(width(value) for _, value in left) + (APART[current()] if right else 0)
    last = max((width(value) for _, value in right), default=0)
    if right:
        values = min(values, room - one - two - last)
    if values < max(width(value) for _, value in left) + (2 if right else 0) or one + values > room:
        return None
    lines = []
    for row, (label, value) in enumerate(left):
        parts: list[Span | str] = [INDENT, dim(fit(label, one)), fit(value, values)]
        if row < len(right):
            parts += [dim(fit(right[row][0], two)), right[row][1]]
        lines.append(line(*parts))
    return lines


def document(text: str, cells: int, mark: str = "", role: str = "text") -> list[Line]:
    """Markdown as lines, with a mark in the gutter."""
    lead = Span(f" {mark} ", role) if mark else Span(INDENT)
    return [line(lead, row) if row != EMPTY else row for row in markdown.told(text, min(cells, 80) - 4, role)]


def changes(old: str, new: str) -> tuple[int, int]:
    """Lines that an edit added and took away."""
    added = taken = 0
    for part in difflib.ndiff(old.splitlines(), new.splitlines()):
        added += part.startswith("+ ")
        taken += part.startswith("- ")
    return added, taken


def merged(old: str, new: str, cells: int, *, whole: bool = True, role: str = "you") -> list[Line]:
    """The new text with what changed marked, in `role`; without `whole` only the changes and two lines around each."""
    before, after = old.splitlines(), new.splitlines()
    lines: list[Line] = []
    matcher = difflib.SequenceMatcher(a=before, b=after, autojunk=False)
    groups: list[list[tuple[str, int, int, int, int]]]
    groups = [list(matcher.get_opcodes())] if whole else [list(group) for group in matcher.get_grouped_opcodes(2)]
    for number, group in enumerate(groups):
        if number:
            lines += [EMPTY, line(INDENT, dim("⋯")), EMPTY]
        for tag, first, last, start, stop in group:
            if tag == "equal":
                lines += document("\n".join(after[start:stop]), cells)
                if lines and stop < len(after) and not after[stop - 1].strip() and lines[-1] != EMPTY:
                    lines.append(EMPTY)
                continue
            lines += document("\n".join(before[first:last]), cells, "-", role)
            lines += document("\n".join(after[start:stop]), cells, "+", role)
    return lines
