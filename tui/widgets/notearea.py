"""The text of the note box. Textual's text area costs a tenth of the time to the first frame, so it is imported when
the box is made ready, after that frame.
"""

from __future__ import annotations

from collections.abc import Callable

from textual import events
from textual.widgets import TextArea

ENDS = ("enter", "escape", "tab", "shift+tab", "f4")


class NoteArea(TextArea, inherit_bindings=True):
    """The text. Keys that end the box go to `ended`."""

    def __init__(self, ended: Callable[[str], object]) -> None:
        super().__init__(show_line_numbers=False, compact=True, soft_wrap=True)
        self.ended = ended
        self.cursor_blink = False
        self.highlight_cursor_line = False

    def put(self, text: str) -> None:
        """Begin with a text; that is no change of it."""
        with self.prevent(TextArea.Changed):
            self.load_text(text)
        self.move_cursor(self.document.end)

    async def _on_key(self, event: events.Key) -> None:
        if event.key in ENDS:
            event.stop()
            event.prevent_default()
            self.ended(event.key)
            return
        if event.key == "ctrl+j":
            event.stop()
            event.prevent_default()
            self.insert("\n")
            return
        await super()._on_key(event)
