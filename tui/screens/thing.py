"""A thing in the whole window: a program, an experiment, a file, a step, a figure, a paper.

What it shows comes from the run's last `Look`; files that are not part of one are read by a thread.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar, cast

from textual.app import ComposeResult

from state.errors import LabError
from tui.actions import bindings
from tui.language import current, tr
from tui.lines import EMPTY, Line, bold, dim, ends, line
from tui.look import Look
from tui.screens.frame import LabScreen, Prompt
from tui.things import Thing, gather_thing, marked
from tui.widgets.canvas import Canvas
from tui.widgets.keyline import Key
from tui.widgets.page import Page
from tui.widgets.rows import Place
from tui.widgets.topline import top_line

ABOVE = 3
"""Rows that are shown above the one that a thing is opened at."""


class ThingScreen(LabScreen):
    """Opened from a row; Esc goes back to it."""

    BINDINGS = bindings("thing")
    where: ClassVar[str] = "thing"

    def __init__(self, folder: Path, look: Look | None, place: Place) -> None:
        super().__init__()
        self.folder, self.look, self.place = folder, look, place
        self.thing: Thing | None = None
        self.body = Page()
        self.top = Canvas(self.draw_top, ground="side", id="top")
        self.page_canvas = Canvas(self.draw_page, id="page")

    def compose(self) -> ComposeResult:
        yield self.top
        yield self.page_canvas
        yield self.key_canvas

    async def on_mount(self) -> None:
        if self.look is not None:
            try:
                self.thing = await asyncio.to_thread(gather_thing, self.folder, self.look, self.place)
            except LabError as error:
                self.lab.refuse(error)
                return
            except (OSError, ValueError, sqlite3.DatabaseError) as error:  # damaged, or gone this instant
                self.lab.refuse(LabError("file.unreadable", file=self.place.name, why=str(error)))
                return
            self.repaint()

    def draw_top(self, cells: int, rows: int) -> list[Line]:
        if self.too_small:
            return [self.too_small_line()]
        return [top_line(self.look, cells)] if self.look is not None else [EMPTY]

    def draw_page(self, cells: int, rows: int) -> list[Line]:
        thing = self.thing
        if thing is None or self.too_small:
            return []
        fresh = self.body.show((thing.title, current()), cells, lambda width: marked(thing, width))
        if fresh and thing.row is not None:  # only now is the width known
            self.body.top = max(thing.row(cells) - ABOVE, 0)
        drawn = self.body.draw(cells, rows - 2)
        where = ""
        if len(self.body.lines) > self.body.height:
            first, last, total = self.body.span
            where = tr("page.lines", first=str(first), last=str(last), total=str(total))
        return [ends(cells, line(bold(thing.title), "   ", dim(thing.about)), dim(where)), EMPTY, *drawn]

    def keys(self) -> Sequence[Key]:
        return (
            Key("↑↓", "key.read"),
            Key("Space", "key.page"),
            Key("/", "key.search", "act('search')"),
            Key("y", "key.copy_path" if self.thing is not None and self.thing.copies else "key.copy", "act('copy')"),
            Key("Esc", "key.back", "act('back_out')"),
            Key("?", "key.keys", "act('help')"),
        )

    def action_act(self, ident: str) -> None:
        """A phase, or what waits: that is on the run's own screen, under this one."""
        if ident.startswith("pane_") or ident == "waits":
            below = self.app.screen_stack[-2]
            self.app.pop_screen()
            cast("LabScreen", below).action_act(ident)
        else:
            super().action_act(ident)

    def _moved(self, rows: int) -> None:
        self.body.move(rows)
        self.page_canvas.repaint()

    def do_up(self) -> None:
        self._moved(-1)

    def do_down(self) -> None:
        self._moved(1)

    def do_page_up(self) -> None:
        self._moved(-(self.body.height - 1))

    def do_page_down(self) -> None:
        self._moved(self.body.height - 1)

    def do_top(self) -> None:
        self.body.to_end(False)
        self.page_canvas.repaint()

    def do_end(self) -> None:
        self.body.to_end(True)
        self.page_canvas.repaint()

    def on_canvas_turned(self, event: Canvas.Turned) -> None:
        self._moved(event.rows)

    def do_search(self) -> None:
        top = self.body.top
        prompt = Prompt("/", lambda text: self.body.sought_from(top, text), lambda _: None, keys="prompt.keys_search")
        prompt.again = lambda step: None if self.body.seek(prompt.text, step) else self.say("search.none")
        self.ask_text(prompt)

    def do_copy(self) -> None:
        told = self.thing.copies if self.thing is not None else ""
        self.lab.copy(told or "\n".join(row.plain.rstrip() for row in self.body.lines))
