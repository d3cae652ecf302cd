"""Text that one reads: lines under a first visible one, with search. No cursor.

Lines are made for a width by `make` and kept until width or text change, so that scrolling costs no wrapping.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from tui.lines import Line
from tui.widgets.seeking import Seeking

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


class Page(Seeking):
    """Lines, where one reads, and what one looks for."""

    def __init__(self) -> None:
        super().__init__()
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

    def move(self, rows: int) -> None:
        self.top = max(min(self.top + rows, len(self.lines) - self.height), 0)

    def to_end(self, last: bool) -> None:
        self.top = max(len(self.lines) - self.height, 0) if last else 0

    @property
    def span(self) -> tuple[int, int, int]:
        """First and last visible line and how many there are, from 1."""
        return self.top + 1, min(self.top + self.height, len(self.lines)), len(self.lines)

    def draw(self, cells: int, height: int) -> list[Line]:
        self.height = max(height, 1)
        self.top = max(min(self.top, len(self.lines) - self.height), 0) if len(self.lines) > height else 0
        return self.marked(self.lines[self.top : self.top + height])
