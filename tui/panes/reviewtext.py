"""The words of a review: entry by entry, what decides first, where rows are few; the whole form where there is room.

With each line goes the part that it belongs to, so that the heading can say `weaknesses, 1 of 3` for what is on top.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tui.language import tr
from tui.lines import EMPTY, Line, bold, line
from tui.panes.document import INDENT, document
from tui.reviewform import LISTS, PARTS

Told = tuple[list[Line], list[str]]
"""Lines, and for each of them where in the review it stands."""
DECIDES = ("weaknesses", "strengths", "questions", "limitations", "summary")


def entries(form: Callable[[str], Any], cells: int) -> Told:
    """Every entry as a paragraph, weaknesses first."""
    lines: list[Line] = []
    where: list[str] = []
    for part in DECIDES:
        found = said(form, part)
        for nth, entry in enumerate(found, 1):
            name = tr(f"reviews.{part}").lower()
            label = (
                name if part == "summary" else tr("reviews.entry", part=name, number=str(nth), total=str(len(found)))
            )
            told = [*document(entry, cells), EMPTY]
            lines += told
            where += [label] * len(told)
    return lines, where


def whole(form: Callable[[str], Any], cells: int) -> Told:
    """The form's words in its own order, under their headings."""
    lines: list[Line] = []
    for part in PARTS:
        found = said(form, part)
        if not found:
            continue
        lines += [line(INDENT, bold(tr(f"reviews.{part}")))]
        lines += [row for entry in found for row in document(f"- {entry}" if part in LISTS else entry, cells)]
        lines.append(EMPTY)
    return lines, [""] * len(lines)


def said(form: Callable[[str], Any], part: str) -> list[str]:
    """What stands in a part: its entries, the summary as the only one, and of ethics only a yes."""
    value = form(part)
    if part in LISTS:
        return [" ".join(str(entry).split()) for entry in value or ()]
    if part == "ethical_concerns":
        return [tr("word.yes")] if value else []
    return [str(value)] if value else []
