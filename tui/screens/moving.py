"""Keys and wheel that move through the one table of a screen: home and the lists share them."""

from __future__ import annotations

from abc import abstractmethod

from tui.widgets.canvas import Canvas
from tui.widgets.rows import Rows

PAGE = 10


class Moving:
    """Mixed into a screen that has a `table` and draws it anew in `redraw`."""

    table: Rows

    @abstractmethod
    def redraw(self) -> None:
        """Draw the canvas that holds the table."""

    def do_up(self) -> None:
        self._moved(-1)

    def do_down(self) -> None:
        self._moved(1)

    def do_page_up(self) -> None:
        self._moved(-PAGE)

    def do_page_down(self) -> None:
        self._moved(PAGE)

    def do_top(self) -> None:
        self.table.to_end(False)
        self.redraw()

    def do_end(self) -> None:
        self.table.to_end(True)
        self.redraw()

    def on_canvas_turned(self, event: Canvas.Turned) -> None:
        self._moved(event.rows)

    def _moved(self, rows: int) -> None:
        self.table.move(rows)
        self.redraw()
