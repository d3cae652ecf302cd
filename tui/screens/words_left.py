"""Words that the run screen leaves for the lab: how one is left, and the box in which a note is written.

Each becomes one file in the inbox. What can be said beside a note stands in `answering.py` and `steering.py`: what
cannot be taken back asks first, and the answer that says yes is another key than the one that asked.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from textual.widget import Widget

from state.vocabulary import Choice, Role, WordKind
from tui import drafts
from tui.language import tr
from tui.panes.pane import Pane
from tui.panes.since import SincePane
from tui.screens.decisions import Decisions
from tui.screens.editor import edited_elsewhere
from tui.screens.frame import LabScreen
from tui.widgets.notebox import NoteBox
from tui.words import clock

if TYPE_CHECKING:
    from state.rows import WaitRow
    from tui.look import Look, Made


class Says(LabScreen):
    """What answering, steering and reading have in common: the run's look, its pane, and how a word is left."""

    def __init__(self, folder: Path, look: Look | None) -> None:
        super().__init__()
        self.folder, self.look = folder, look
        self.came = look  # the look as the poller brought it
        self.notebox = NoteBox()
        self.decisions = Decisions()
        self.stays = False  # a pane that the person chose stays; else the eye follows the phase at work

    @property
    def pane(self) -> Pane | SincePane:
        raise NotImplementedError

    def looked(self, look: Look) -> None:
        raise NotImplementedError

    def do_waits(self) -> None:
        raise NotImplementedError

    @property
    def run_number(self) -> int:
        return self.look.run.id if self.look is not None else 0

    def leave_word(self, kind: WordKind, body: dict[str, Any], done: Callable[[], object] | None = None) -> None:
        """Leave a word for the run on screen, and see that an engine takes it up; `done` when it lies there."""
        if self.look is None:
            return
        body = {"run": self.look.run.id, **body}
        lies = self.decisions.leave(self.look, kind, body)

        def left(word: str | None) -> None:
            lies(word)
            if word is None:
                self.look_again()
            elif done is not None:
                done()

        self.look_again()
        self.lab.leave_word(self.look.folder, kind, body, left)

    def look_again(self) -> None:
        """Draw what was decided here by now."""
        if self.came is not None:
            self.look = self.decisions.seen(self.came)
        self.repaint()

    def is_open(self, wait: WaitRow | None) -> bool:
        """Whether a wait can still be answered; where it was answered already, that is said."""
        if wait is not None and self.look is not None and wait.id in self.look.decided:
            self.say("said.decided")
            return False
        return wait is not None

    def open_wait(self) -> WaitRow | None:
        """The checkpoint of the pane on screen."""
        if self.look is None or not isinstance(self.pane, Pane):
            return None
        return self.pane.wait(self.look)

    def decide(self, wait: WaitRow, choice: Choice, **more: Any) -> None:
        self.decide_then(None, wait, choice, **more)

    def decide_then(self, done: Callable[[], object] | None, wait: WaitRow, choice: Choice, **more: Any) -> None:
        body = {"wait": wait.id, "choice": choice.value, "sha256": wait.sha256, **more}
        self.leave_word(WordKind.DECISION, {name: value for name, value in body.items() if value is not None}, done)

    def newest(self) -> Made | None:
        return self.look.newest(self.pane.phase) if self.look is not None and isinstance(self.pane, Pane) else None

    # notes

    def do_note(self) -> None:
        if self.look is None:
            return
        busy = self.look.at_work
        here = self.pane.phase if isinstance(self.pane, Pane) else None
        first: tuple[str | None, ...] = (here,) if here is not None and (busy is None or busy.phase != here) else ()
        phases = [busy.phase] if busy is not None else []
        phases += [row.phase for row in self.look.phases if row.phase not in (*phases, here)]
        roles = [role.value for role in Role if role is not Role.READER]
        about = self.pane.here(self.look) if isinstance(self.pane, Pane) else ""
        self.open_note("note", (*first, *phases, *roles), about)

    def note_sent(self, purpose: str, text: str, to: str | None, done: Callable[[], object]) -> None:
        """What the box holds is said; `done` when it lies where the engine finds it."""
        about = self.notebox.about
        told = tr("note.about", place=about, text=text) if about else text
        self.leave_word(WordKind.NOTE, {"text": told, **({"to": to} if to else {})}, done)
        self.say("said.note_left")

    # the note box

    def open_note(self, purpose: str, addresses: tuple[str | None, ...], about: str = "") -> None:
        kept = drafts.draft(self.folder, f"{purpose}-{self.run_number}")
        self.notebox.open(purpose, addresses, kept.decode("utf-8", "replace") if kept else "", about)
        self.key_canvas.display = False
        self.call_after_refresh(self.repaint)

    def types_into(self) -> Widget | None:
        return super().types_into() or (self.notebox.area if self.notebox.display else None)

    def close_note(self) -> None:
        self.notebox.close()
        self.key_canvas.display = True
        self.call_after_refresh(self.repaint)

    def on_note_box_drafted(self, event: NoteBox.Drafted) -> None:
        if drafts.save_draft(self.folder, f"{event.purpose}-{self.run_number}", event.text.encode()):
            self.notebox.told_saved(clock(self.lab.now(), self.lab.now()))

    def on_note_box_sent(self, event: NoteBox.Sent) -> None:
        name = f"{event.purpose}-{self.run_number}"
        self.close_note()
        # what could not be left stays a draft
        self.note_sent(event.purpose, event.text, event.to, lambda: drafts.drop_draft(self.folder, name))

    def on_note_box_closed(self, event: NoteBox.Closed) -> None:
        self.close_note()

    async def on_note_box_wanted(self, event: NoteBox.Wanted) -> None:
        edited = await edited_elsewhere(self, event.text, ".md")
        if edited is not None:
            self.notebox.area.load_text(edited)
