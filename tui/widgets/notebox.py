"""The note box: three rows that take the place of the choices, and grow with a longer note up to a third of the screen.
Enter sends, Ctrl+J makes a line, Esc keeps the draft.

The text is a draft from its first letter on: every change is told, and whoever opened the box saves it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.message import Message

from state.vocabulary import Phase
from tui.language import tr
from tui.lines import Line, Part, Span, dim, ends, line
from tui.text import width
from tui.widgets.canvas import Canvas
from tui.words import addressee

if TYPE_CHECKING:
    from textual.widgets import TextArea

    from tui.widgets.notearea import NoteArea


READY_S = 0.5


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
        self.about = ""
        self._area: NoteArea | None = None
        self.head = Canvas(self._head)
        self.keys = Canvas(self._keys)
        self.display = False

    def compose(self) -> ComposeResult:
        yield self.head
        yield self.keys

    def on_mount(self) -> None:
        self.set_timer(READY_S, lambda: self.area)

    @property
    def area(self) -> NoteArea:
        """The text area, made after the first frame or when it is first asked for."""
        if self._area is None:
            from tui.widgets.notearea import NoteArea

            self._area = NoteArea(self.ended)
            self.mount(self._area, before=self.keys)
        return self._area

    def open(self, purpose: str, addresses: tuple[str | None, ...], text: str = "", about: str = "") -> None:
        """`about` is the place in a text that the note is about; it is shown, and goes with the note."""
        self.purpose, self.addresses, self.address, self.saved, self.about = purpose, addresses, 0, "", about
        self.display = True
        self.area.put(text)
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
        kept = tr("notebox.kept", time=self.saved) if self.saved else ""
        right = "   ".join(part for part in (self.about, kept) if part)
        room = cells - max(width(right) + 4, 24)
        for index in range(len(self.addresses)):
            address = self.addresses[(self.address + index) % len(self.addresses)]
            phase = Phase.named(address) if address else None
            name = f"{phase.number} {addressee(address)}" if phase is not None else addressee(address)
            shown = Span(f"[{name}]", "text", "", True) if index == 0 else dim(name)
            grown = line(*parts, "  ", shown)
            if grown.width > room and index:
                break
            parts += ["  ", shown]
        return [ends(cells, line(*parts), dim(right))]

    def _keys(self, cells: int, rows: int) -> list[Line]:
        return [ends(cells, dim(tr("notebox.keys" if len(self.addresses) > 1 else "notebox.keys_one")))]
