"""Reading on the run screen: arrows, pages, views and parts of the pane, clicks on its rows, search and copy."""

from __future__ import annotations

from tui.panes.pane import Pane, Reads
from tui.panes.since import SincePane
from tui.screens.frame import Prompt
from tui.screens.words_left import Says
from tui.widgets.canvas import Canvas
from tui.widgets.page import Page
from tui.widgets.rows import Rows
from tui.widgets.talk import Talk


class Reading(Says):
    """The part of the run screen that moves through what a pane shows; it leaves no word."""

    since: SincePane
    pane_canvas: Canvas

    def do_view_next(self) -> None:
        self._turn_view(1)

    def do_view_before(self) -> None:
        self._turn_view(-1)

    def _turn_view(self, step: int) -> None:
        if isinstance(self.pane, Pane) and self.look is not None:
            self.pane.turn_view(self.look, step)
            self.repaint()

    def do_part(self) -> None:
        self._part(1)

    def do_part_before(self) -> None:
        self._part(-1)

    def _part(self, step: int) -> None:
        if isinstance(self.pane, Pane) and self.look is not None:
            self.pane.turn(self.look, step)
            self.repaint()

    def do_left(self) -> None:
        self._side(-1)

    def do_right(self) -> None:
        self._side(1)

    def _side(self, step: int) -> None:
        if isinstance(self.pane, Pane) and self.look is not None:
            self.pane.side(self.look, step)
            self.repaint()

    def do_up(self) -> None:
        self.move(-1)

    def do_down(self) -> None:
        self.move(1)

    def do_page_up(self) -> None:
        self.page(-1)

    def do_page_down(self) -> None:
        self.page(1)

    def do_top(self) -> None:
        self._end(False)

    def do_end(self) -> None:
        self._end(True)

    def reads(self) -> Reads:
        pane = self.pane
        return pane.reads(self.look) if isinstance(pane, Pane) and self.look is not None else self.since.table

    def move(self, rows: int) -> None:
        self.reads().move(rows)
        self.repaint()

    def page(self, step: int) -> None:
        rows = max(self.pane_canvas.size.height - 6, 1)
        if isinstance(self.pane, Pane) and self.look is not None:
            self.pane.turn_page(self.look, step, rows)
            self.repaint()
        else:
            self.move(rows * step)

    def _end(self, last: bool) -> None:
        self.reads().to_end(last)
        self.repaint()

    def pressed_row(self, canvas: Canvas, row: int) -> None:
        """A click on a row of a list takes the cursor there; on the row under the cursor it opens it."""
        reads = self.reads()
        here = next((nth for nth, shown in enumerate(canvas.shown) if shown.pick), None)
        if canvas is not self.pane_canvas or not isinstance(reads, Rows) or here is None:
            return
        if row == here:
            self.action_act("open")
            return
        at = reads.cursor + row - here
        if 0 <= at < len(reads.rows) and reads.rows[at].line.plain.strip() in canvas.shown[row].plain:
            reads.click(at - reads.top)
            self.repaint()

    def on_canvas_turned(self, event: Canvas.Turned) -> None:
        if event.canvas is self.pane_canvas:
            self.move(event.rows)

    def do_search(self) -> None:
        pane = self.pane
        reads = pane.searched(self.look) if isinstance(pane, Pane) and self.look is not None else self.since.table
        if isinstance(reads, (Page, Talk)):
            prompt = Prompt("/", lambda _: None, lambda _: None, keys="prompt.keys_search")
            prompt.again = lambda step: None if reads.seek(prompt.text, step) else self.say("search.none")
            top = reads.top
            prompt.typed = lambda text: reads.sought_from(top, text)
            self.ask_text(prompt)
        else:
            self.say("said.nothing_to_search")

    def do_copy(self) -> None:
        shown = "\n".join(row.plain.rstrip() for row in self.pane_canvas.shown)
        reads = self.reads()
        if isinstance(reads, Rows):
            shown = next((row.plain.strip() for row in self.pane_canvas.shown if row.pick), shown)
        elif isinstance(reads, (Page, Talk)):
            shown = "\n".join(row.plain.strip() for row in reads.lines)
        self.lab.copy(shown)
