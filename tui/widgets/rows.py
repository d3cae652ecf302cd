"""A list of aligned rows with a cursor: home, programs, since, chain, reviews and every table are made of it.

Rows without a place are headings; the cursor steps over them. Given new rows, it stays on the place it was on.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tui.lines import EMPTY, Line, line, picked
from tui.text import fit


@dataclass(frozen=True, slots=True)
class Place:
    """Where Enter goes: what kind of thing, and which."""

    kind: str
    name: str = ""
    number: int = 0


@dataclass(frozen=True, slots=True)
class Row:
    line: Line
    place: Place | None = None


def heading(*parts: str | Line) -> Row:
    return Row(line(*parts))


class Rows:
    """Rows, the one under the cursor, and the first that is visible."""

    def __init__(self) -> None:
        self.rows: list[Row] = []
        self.cursor = 0
        self.top = 0

    def show(self, rows: Sequence[Row]) -> None:
        """Other rows; the cursor stays on its place, or as near as it can."""
        chosen = self.chosen
        self.rows = list(rows)
        for index, row in enumerate(self.rows):
            if chosen is not None and row.place == chosen:
                self.cursor = index
                return
        self.cursor = self._nearest(min(self.cursor, max(len(self.rows) - 1, 0)), 1)

    @property
    def chosen(self) -> Place | None:
        return self.rows[self.cursor].place if 0 <= self.cursor < len(self.rows) else None

    def choose(self, place: Place) -> bool:
        for index, row in enumerate(self.rows):
            if row.place == place:
                self.cursor = index
                return True
        return False

    def move(self, rows: int) -> None:
        step = 1 if rows > 0 else -1
        places = [index for index, row in enumerate(self.rows) if row.place is not None]
        if not places:
            return
        here = min(range(len(places)), key=lambda at: abs(places[at] - self.cursor))
        self.cursor = places[min(max(here + step * abs(rows), 0), len(places) - 1)]

    def to_end(self, last: bool) -> None:
        self.cursor = self._nearest(len(self.rows) - 1 if last else 0, -1 if last else 1)
        if not last:
            self.top = 0

    def click(self, row: int) -> None:
        index = self.top + row
        if 0 <= index < len(self.rows) and self.rows[index].place is not None:
            self.cursor = index

    def draw(self, cells: int, height: int, *, heads: bool = False) -> list[Line]:
        """`height` rows around the cursor, the one under it marked. With `heads` the first row never leaves."""
        if heads and 2 < height < len(self.rows):
            return self._below_heads(height)
        first = self.cursor
        while first > 0 and self.rows[first - 1].place is None and self.cursor - first < height - 2:
            first -= 1
        if first < self.top:
            self.top = first
        if self.cursor >= self.top + height:
            self.top = self.cursor - height + 1
        self.top = max(min(self.top, len(self.rows) - height), 0)
        return self._lines(self.top, self.top + height)

    def _below_heads(self, height: int) -> list[Line]:
        room = height - 1
        self.top = max(min(max(self.top, self.cursor - room + 1), self.cursor, len(self.rows) - room), 1)
        return [self.rows[0].line, *self._lines(self.top, self.top + room)]

    def _lines(self, first: int, end: int) -> list[Line]:
        return [
            picked(row.line) if index == self.cursor and row.place is not None else row.line
            for index, row in list(enumerate(self.rows))[first:end]
        ]

    def _nearest(self, start: int, step: int) -> int:
        for direction in (step, -step):
            index = start
            while 0 <= index < len(self.rows):
                if self.rows[index].place is not None:
                    return index
                index += direction
        return max(start, 0)


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table: its heading, cells, and on which side its values stand."""

    head: str
    cells: int
    right: bool = False


def aligned(columns: Sequence[Column], values: Sequence[str], gap: str = "  ") -> str:
    """Values in their columns, two blanks apart."""
    return gap.join(fit(value, column.cells, right=column.right) for column, value in zip(columns, values, strict=True))


def heads(columns: Sequence[Column], gap: str = "  ") -> str:
    return aligned(columns, [column.head for column in columns], gap)


__all__ = ["EMPTY", "Column", "Place", "Row", "Rows", "aligned", "heading", "heads"]
