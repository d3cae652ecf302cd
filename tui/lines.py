"""Lines of a screen as plain values: spans of text, each in one of the colour roles.

Everything that is drawn is made of these by pure functions, so a test can read a screen without a terminal, and a
widget can see which lines changed and repaint those alone. Roles are named in `theme.py`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from tui.text import clean, clip, width


@dataclass(frozen=True, slots=True)
class Span:
    """Some text in one role; `press` is the action that a click on it does."""

    text: str
    role: str = "text"
    press: str = ""
    bold: bool = False
    under: bool = False
    italic: bool = False


@dataclass(frozen=True, slots=True)
class Line:
    """One row. `pick` marks the row under the cursor."""

    spans: tuple[Span, ...] = ()
    pick: bool = False

    @property
    def plain(self) -> str:
        return "".join(span.text for span in self.spans)

    @property
    def width(self) -> int:
        return sum(width(span.text) for span in self.spans)


Part = str | Span | Line
EMPTY = Line()


def line(*parts: Part) -> Line:
    """A line of strings (in `text`), spans and other lines."""
    spans: list[Span] = []
    for part in parts:
        if isinstance(part, str):
            if part:
                spans.append(Span(part))
        elif isinstance(part, Span):
            if part.text:
                spans.append(part)
        else:
            spans.extend(part.spans)
    return Line(tuple(spans))


def dim(text: str) -> Span:
    return Span(text, "dim")


def you(text: str) -> Span:
    return Span(text, "you")


def live(text: str) -> Span:
    return Span(text, "live")


def good(text: str) -> Span:
    return Span(text, "good")


def lost(text: str) -> Span:
    return Span(text, "lost")


def bold(text: str, role: str = "text") -> Span:
    return Span(text, role, bold=True)


def harmless(given: Line) -> Line:
    """The line with nothing in it that a terminal would obey, whoever wrote it: the last look before it is drawn."""
    if all(span.text.isprintable() for span in given.spans):
        return given
    return Line(tuple(replace(span, text=clean(span.text).replace("\n", " ")) for span in given.spans), given.pick)


def fitted(given: Line, cells: int) -> Line:
    """The line in exactly `cells` cells."""
    room, spans = cells, []
    for span in given.spans:
        taken = width(span.text)
        if taken > room:
            text = clip(span.text, room)
            spans.append(replace(span, text=text))
            room -= width(text)
            break
        spans.append(span)
        room -= taken
    if room > 0:
        spans.append(Span(" " * room))
    return Line(tuple(spans), given.pick)


def ends(cells: int, left: Part, right: Part = "", *, lead: int = 1, trail: int = 1) -> Line:
    """`left` from column `lead` on, `right` ending `trail` cells before the edge; the left gives way."""
    one, two = line(left), line(right)
    room = cells - lead - trail - two.width - (1 if two.width else 0)
    one = fitted(one, min(one.width, max(room, 0)))
    gap = cells - lead - trail - one.width - two.width
    return fitted(line(" " * lead, one, " " * max(gap, 0), two, " " * trail), cells)


def beside(left: Sequence[Line], right: Sequence[Line], left_cells: int, right_cells: int) -> list[Line]:
    """Two columns of lines as one."""
    rows = max(len(left), len(right))
    return [
        line(
            fitted(left[row] if row < len(left) else EMPTY, left_cells),
            fitted(right[row] if row < len(right) else EMPTY, right_cells),
        )
        for row in range(rows)
    ]


def exactly(lines: Iterable[Line], rows: int) -> list[Line]:
    """Just `rows` lines: cut, or filled with empty ones."""
    kept = list(lines)[:rows]
    return kept + [EMPTY] * (rows - len(kept))


def picked(given: Line) -> Line:
    """The line under the cursor: `▸` in column 1, on the pick ground."""
    plain = given.spans
    if plain and plain[0].text.startswith(" "):
        rest = Line((replace(plain[0], text=plain[0].text[1:]), *plain[1:]))
        given = line(you("▸"), rest)
    return Line(given.spans, True)


def swap(given: Line, symbols: dict[int, str]) -> Line:
    """The line with other symbols for terminals that lack ours."""
    return Line(tuple(replace(span, text=span.text.translate(symbols)) for span in given.spans), given.pick)


def at(given: Line, column: int) -> Span | None:
    """The span under a column, for a click."""
    for span in given.spans:
        column -= width(span.text)
        if column < 0:
            return span
    return None
