"""The note box: three rows that take the place of the choices. Enter sends, Ctrl+J makes a line, Esc keeps the draft.

The text is a draft from its first letter on: every change is told, and whoever opened the box saves it.
"""

from __future__ import annotations

from dataclasses import dataclass

from textual import events
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.message import Message
from textual.widgets import TextArea

from state.vocabulary import Phase
from tui.language import tr
from tui.lines import Line, Part, Span, dim, ends, line
from tui.widgets.canvas import Canvas
from tui.words import addressee


class NoteArea(TextArea, inherit_bindings=True):
    """The text. Keys that end the box go to it."""

    def __init__(self) -> None:
        super().__init__(show_line_numbers=False, compact=True, soft_wrap=True)
        self.cursor_blink = False
        self.highlight_cursor_line = False

    async def _on_key(self, event: events.Key) -> None:
        box = self.query_ancestor(NoteBox)
        if event.key in ("enter", "escape", "tab", "shift+tab", "f4"):
            event.stop()
            event.prevent_default()
            box.ended(event.key)
            return
        if event.key == "ctrl+j":
            event.stop()
            event.prevent_default()
            self.insert("\n")
            return
        await super()._on_key(event)


class NoteBox(Vertical):
    """`purpose` is note, send_back or the like; `addresses` are phases and roles (None: whoever is at work)."""

    @dataclass
    class Sent(Message):
        purpose: str
        text: str
        to: str | None

    @dataclass
    class Drafted(Message):
        purpose: str
        text: str

    @dataclass
    class Closed(Message):
        purpose: str

    @dataclass
    class Wanted(Message):
        """The person's own editor is asked for."""

        purpose: str
        text: str

    def __init__(self) -> None:
        super().__init__(id="notebox")
        self.purpose = "note"
        self.addresses: tuple[str | None, ...] = (None,)
        self.address = 0
        self.saved = ""
        self.area = NoteArea()
        self.head = Canvas(self._head)
        self.keys = Canvas(self._keys)
        self.display = False

    def compose(self) -> ComposeResult:
        yield self.head
        yield self.area
        yield self.keys

    def open(self, purpose: str, addresses: tuple[str | None, ...], text: str = "", saved: str = "") -> None:
        self.purpose, self.addresses, self.address, self.saved = purpose, addresses, 0, saved
        self.display = True
        with self.prevent(TextArea.Changed):
            self.area.load_text(text)
        self.area.move_cursor(self.area.document.end)
        self.area.focus()
        self.repaint()

    def close(self) -> None:
        self.display = False
        self.screen.set_focus(None)

    def repaint(self) -> None:
        self.head.repaint()
        self.keys.repaint()

    def told_saved(self, time: str) -> None:
        """The draft was kept at this time."""
        if time != self.saved:
            self.saved = time
            self.head.repaint()

    def ended(self, key: str) -> None:
        if key in ("tab", "shift+tab"):
            step = 1 if key == "tab" else -1
            self.address = (self.address + step) % len(self.addresses)
            self.repaint()
        elif key == "enter" and self.area.text.strip():
            self.post_message(self.Sent(self.purpose, self.area.text.strip(), self.addresses[self.address]))
        elif key == "f4":
            self.post_message(self.Wanted(self.purpose, self.area.text))
        elif key == "escape":
            self.post_message(self.Closed(self.purpose))

    def on_text_area_changed(self, event: TextArea.Changed) -> None:
        event.stop()
        self.post_message(self.Drafted(self.purpose, self.area.text))

    def _head(self, cells: int, rows: int) -> list[Line]:
        parts: list[Part] = [Span(f"◆ {tr(f'notebox.{self.purpose}')}", "you")]
        room = cells - 24
        for index in range(len(self.addresses)):
            address = self.addresses[(self.address + index) % len(self.addresses)]
            phase = Phase.named(address) if address else None
            name = f"{phase.number} {addressee(address)}" if phase is not None else addressee(address)
            shown = Span(f"[{name}]", "text", "", True) if index == 0 else dim(name)
            grown = line(*parts, "  ", shown)
            if grown.width > room and index:
                break
            parts += ["  ", shown]
        return [ends(cells, line(*parts), dim(tr("notebox.kept", time=self.saved)) if self.saved else "")]

    def _keys(self, cells: int, rows: int) -> list[Line]:
        return [ends(cells, dim(tr("notebox.keys" if len(self.addresses) > 1 else "notebox.keys_one")))]
