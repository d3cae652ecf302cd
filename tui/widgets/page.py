"""Text that one reads: lines under a first visible one, with search. No cursor.

Lines are made for a width by `make` and kept until width or text change, so that scrolling costs no wrapping.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from tui.lines import Line, Span

Make = Callable[[int], list[Line]]


def same_place(before: Sequence[Line], after: Sequence[Line], row: int) -> int:
    """The row of a text, folded for another width, that begins with or holds what began a row before."""
    if not row:
        return 0
    passed = sum(letters(line) for line in before[:row])
    for at, line in enumerate(after):
        passed -= letters(line)
        if passed < 0:
            return at
    return row


def letters(line: Line) -> int:
    return sum(not char.isspace() for span in line.spans for char in span.text)


class Page:
    """Lines, where one reads, and what one looks for."""

    def __init__(self) -> None:
        self.lines: list[Line] = []
        self.top = 0
        self.height = 1
        self.sought = ""
        self._key: object = None

    def show(self, key: object, cells: int, make: Make) -> bool:
        """The text named `key`, made for `cells`, again only when one of them is another. Whether it is the first."""
        first = self._key is None
        if self._key != (key, cells):
            old, before = self._key, self.lines
            self.lines = make(cells)
            self._key = (key, cells)
            if isinstance(old, tuple) and isinstance(key, tuple):
                if old[0][:1] != key[:1]:
                    self.top = 0
                elif old[0] == key:
                    self.top = same_place(before, self.lines, self.top)
        return first

    def forget(self) -> None:
        self._key = None

    def move(self, rows: int) -> None:
        self.top = max(min(self.top + rows, len(self.lines) - self.height), 0)

    def to_end(self, last: bool) -> None:
        self.top = max(len(self.lines) - self.height, 0) if last else 0

    def seek(self, words: str, step: int = 1) -> bool:
        """Go to the next line that holds `words`; False if none does."""
        self.sought = words
        rows = len(self.lines)
        for away in range(1, rows + 1):
            row = (self.top + step * away) % rows
            if words.casefold() in self.lines[row].plain.casefold():
                self.top = max(min(row, rows - 1), 0)
                return True
        return False

    def sought_from(self, top: int, words: str) -> None:
        """While one types: the first line from `top` on that holds what stands there so far."""
        self.top = top - 1
        if not words or not self.seek(words):
            self.top = top

    @property
    def span(self) -> tuple[int, int, int]:
        """First and last visible line and how many there are, from 1."""
        return self.top + 1, min(self.top + self.height, len(self.lines)), len(self.lines)

    def draw(self, cells: int, height: int) -> list[Line]:
        self.height = max(height, 1)
        self.top = max(min(self.top, len(self.lines) - self.height), 0) if len(self.lines) > height else 0
        shown = self.lines[self.top : self.top + height]
        return [self._marked(row) for row in shown] if self.sought else shown

    def _marked(self, row: Line) -> Line:
        spans: list[Span] = []
        for span in row.spans:
            start = span.text.casefold().find(self.sought.casefold())
            if start < 0 or len(span.text.casefold()) != len(span.text):
                spans.append(span)
                continue
            stop = start + len(self.sought)
            spans.append(Span(span.text[:start], span.role, span.press, span.bold, span.under))
            spans.append(Span(span.text[start:stop], "you", span.press, True, True))
            spans.append(Span(span.text[stop:], span.role, span.press, span.bold, span.under))
        return Line(tuple(span for span in spans if span.text), row.pick)
