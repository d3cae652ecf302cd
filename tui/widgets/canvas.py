"""A part of the screen that is drawn by a function: (width, height) → lines.

`repaint` draws again, compares, and refreshes only the rows that differ, so a cursor that moves costs two rows and a
screen where nothing changed writes nothing. A click on a span with `press` asks for that action.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol, cast

from rich.segment import Segment
from textual import events
from textual.geometry import Region
from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget

from tui.lines import EMPTY, Line, at, exactly, fitted, harmless, swap
from tui.theme import ASCII, Palette

Draw = Callable[[int, int], list[Line]]


class Wearer(Protocol):
    """What a canvas asks of the app: the colours, and whether symbols are plain."""

    palette: Palette
    plain_symbols: bool


class Canvas(Widget, can_focus=False):
    """Shows what `draw` returns, on the ground named `ground` (ground or side)."""

    ALLOW_SELECT = False

    @dataclass
    class Pressed(Message):
        """A click: on an action, or (empty) on a row of the canvas."""

        canvas: Canvas
        action: str
        row: int
        column: int

        @property
        def control(self) -> Canvas:
            return self.canvas

    @dataclass
    class Turned(Message):
        """The wheel: rows to move, down if positive."""

        canvas: Canvas
        rows: int

    def __init__(
        self, draw: Draw, *, ground: str = "ground", id: str | None = None, classes: str | None = None
    ) -> None:
        super().__init__(id=id, classes=classes)
        self.draw = draw
        self.ground = ground
        self.shown: list[Line] = []
        self._drawn_for = (0, 0)

    def repaint(self) -> None:
        """Draw again; rows that are as they were are left alone."""
        cells, rows = self.size
        if not cells or not rows or not self.is_attached:
            return
        before, self.shown = self.shown, exactly((fitted(harmless(row), cells) for row in self.draw(cells, rows)), rows)
        if self._drawn_for != (cells, rows):
            self._drawn_for = (cells, rows)
            self.refresh()
            return
        changed = [row for row, line in enumerate(self.shown) if line != before[row]]
        if changed:
            self.refresh(*(Region(0, row, cells, 1) for row in changed))

    def forget(self) -> None:
        """Whatever is on screen is to be written again at the next repaint."""
        self._drawn_for = (0, 0)

    def on_resize(self) -> None:
        self.repaint()

    def render_line(self, y: int) -> Strip:
        lab = cast("Wearer", self.app)
        given = self.shown[y] if y < len(self.shown) else fitted(EMPTY, self.size.width)
        if lab.plain_symbols:
            given = swap(given, ASCII)
        ground = "pick" if given.pick else self.ground
        style = lab.palette.style
        return Strip(
            [Segment(one.text, style(one.role, ground, one.bold, one.under, one.italic)) for one in given.spans]
        )

    def on_click(self, event: events.Click) -> None:
        row = event.y
        if row < len(self.shown):
            span = at(self.shown[row], event.x)
            self.post_message(self.Pressed(self, span.press if span else "", row, event.x))

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        event.stop()
        self.post_message(self.Turned(self, 3))

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        event.stop()
        self.post_message(self.Turned(self, -3))
