"""What a person can say on the run screen: approve, send back, note, checkpoint, pause, limit, stop, fork, pick, sign.

Each becomes one word in the inbox. What cannot be taken back asks first; the answer that says yes is another key than
the one that asked. Decisions carry the sha256 of the product that was on screen.
"""

from __future__ import annotations

import base64
from collections.abc import Callable
from pathlib import Path
from typing import Any

from state.rows import WaitRow
from state.vocabulary import Choice, Phase, Role, Wait, WordKind
from tui import drafts
from tui.language import tr
from tui.look import Look, Made
from tui.panes.pane import Pane
from tui.panes.refinement import RefinementPane
from tui.panes.since import SincePane
from tui.screens import signing
from tui.screens.decisions import Decisions
from tui.screens.editor import edited_elsewhere
from tui.screens.frame import LabScreen
from tui.widgets.keyline import Answer, Question
from tui.widgets.notebox import NoteBox
from tui.widgets.rail import next_stop
from tui.words import clock, money, phase_short, short_number, shown

AMOUNTS = (1, 2, 5, 10, 20, 50, 100)
ANSWER_KEYS = {
    Choice.RETRY: "p",
    Choice.KEEP: "k",
    Choice.ANEW: "n",
    Choice.NEW_VISIT: "v",
    Choice.BASIC: "y",
    Choice.PHASE_AT_WORK: "w",
    Choice.GO_BACK: "b",
    Choice.ENOUGH: "h",
    Choice.STOP: "s",
    Choice.APPROVE: "y",
    Choice.SEND_BACK: "r",
    Choice.RAISE: "m",
    Choice.FORK: "f",
    Choice.PICK: "i",
}


class Says(LabScreen):
    """The run screen's half that leaves words. The other half gives it `pane` and takes a `Look`."""

    def __init__(self, folder: Path, look: Look | None) -> None:
        super().__init__()
        self.folder, self.look = folder, look
        self.came = look  # the look as the poller brought it
        self.notebox = NoteBox()
        self.amount = 2
        self.decisions = Decisions()
        self.sent_back: WaitRow | None = None  # the checkpoint that the box was opened on; it may be over by now
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
        body = {"wait": wait.id, "choice": choice.value, "sha256": wait.sha256, **more}
        self.leave_word(WordKind.DECISION, {name: value for name, value in body.items() if value is not None})

    def newest(self) -> Made | None:
        return self.look.newest(self.pane.phase) if self.look is not None and isinstance(self.pane, Pane) else None

    # approve, pick, answer

    def do_approve(self) -> None:
        wait = self.open_wait()
        if wait is None:
            self.answer_wait()
            if self.question is None and self.look is not None and self.look.undecided:
                self.do_waits()  # to where it waits: what is approved is seen first
            return
        if not self.is_open(wait):
            return
        made = self.newest()
        edited = drafts.draft(self.look.folder, f"edit-{wait.id}") if self.look and wait.product else None

        def text() -> str:
            name = tr(f"product.{wait.phase}")
            version = str(made.row.version if made else 1)
            sha = (wait.sha256 or "")[:7]
            key = "question.approve_edited" if edited is not None else "question.approve"
            return tr(key, product=name, version=version, sha=sha)

        def yes() -> None:
            more: dict[str, Any] = {}
            if edited is not None and made is not None and made.main:
                more["edited"] = {made.main: base64.b64encode(edited).decode()}
            self.stays = False
            self.decide(wait, Choice.APPROVE, **more)
            self.say("said.approved" if edited is None else "said.approved_edited")

        self.ask(Question(text, (Answer("y", "question.approve_yes", yes),), "question.not_yet"))

    def pick(self, idea: str) -> None:
        wait = self.open_wait()
        if wait is None or Choice.PICK.value not in wait.choices or not self.is_open(wait):
            return
        answer = Answer("y", "question.pick_yes", lambda: self.decide(wait, Choice.PICK, pick=idea))
        self.ask(Question(lambda: tr("question.pick", idea=idea), (answer,)))

    def answer_wait(self) -> None:
        """The choices of a wait that is no checkpoint, each on its key."""
        look = self.look
        asked = [] if look is None else [one for one in (*look.undecided, *look.waits) if one.why != Wait.CHECKPOINT]
        wait = asked[0] if asked else None
        if wait is None or not self.is_open(wait):
            return
        answers = tuple(
            Answer(ANSWER_KEYS[Choice(choice)], f"answer.{choice}", self._deciding(wait, Choice(choice)))
            for choice in wait.choices
        )
        if answers:
            self.ask(Question(lambda: tr(f"question.wait.{wait.why}"), answers, "question.not_yet"))

    def _deciding(self, wait: WaitRow, choice: Choice) -> Callable[[], object]:
        if choice is Choice.RAISE:
            return self.do_limit
        return lambda: self.decide(wait, choice)

    # notes and sending back

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

    def do_back(self) -> None:
        wait = self.open_wait()
        if wait is None or self.look is None or wait.phase is None:
            self.say("said.no_checkpoint")
            return
        if not self.is_open(wait):
            return
        number = Phase(wait.phase).number
        earlier = [row.phase for row in reversed(self.look.phases) if Phase(row.phase).number < number]
        here = [wait.phase] if Choice.SEND_BACK.value in wait.choices or not earlier else []
        self.sent_back = wait
        self.open_note("send_back", (*here, *earlier))

    def note_sent(self, purpose: str, text: str, to: str | None) -> None:
        wait = self.sent_back
        if purpose == "send_back" and wait is not None:
            choice = Choice.SEND_BACK if to == wait.phase else Choice.GO_BACK
            self.decide(wait, choice, note=text, phase=to)
            self.say("said.sent_back", phase=phase_short(to))
        else:
            about = self.notebox.about
            told = tr("note.about", place=about, text=text) if about else text
            self.leave_word(WordKind.NOTE, {"text": told, **({"to": to} if to else {})})
            self.say("said.note_left")

    # the note box and the editor

    def open_note(self, purpose: str, addresses: tuple[str | None, ...], about: str = "") -> None:
        kept = drafts.draft(self.folder, f"{purpose}-{self.run_number}")
        self.notebox.open(purpose, addresses, kept.decode("utf-8", "replace") if kept else "", about)
        self.key_canvas.display = False
        self.call_after_refresh(self.repaint)

    def close_note(self) -> None:
        self.notebox.close()
        self.key_canvas.display = True
        self.call_after_refresh(self.repaint)

    def on_note_box_drafted(self, event: NoteBox.Drafted) -> None:
        if drafts.save_draft(self.folder, f"{event.purpose}-{self.run_number}", event.text.encode()):
            self.notebox.told_saved(clock(self.lab.now(), self.lab.now()))

    def on_note_box_sent(self, event: NoteBox.Sent) -> None:
        self.close_note()
        self.note_sent(event.purpose, event.text, event.to)
        drafts.drop_draft(self.folder, f"{event.purpose}-{self.run_number}")

    def on_note_box_closed(self, event: NoteBox.Closed) -> None:
        self.close_note()

    async def on_note_box_wanted(self, event: NoteBox.Wanted) -> None:
        edited = await edited_elsewhere(self, event.text, ".md")
        if edited is not None:
            self.notebox.area.load_text(edited)

    async def do_edit_now(self) -> None:
        wait, made = self.open_wait(), self.newest()
        if wait is None or made is None or not made.main:
            self.say("said.no_checkpoint")
            return
        if not self.is_open(wait):
            return
        kept = drafts.draft(self.folder, f"edit-{wait.id}")
        text = kept.decode("utf-8", "replace") if kept is not None else made.text
        edited = await edited_elsewhere(self, text, Path(made.main).suffix)
        if edited is None:
            return
        drafts.save_draft(self.folder, f"edit-{wait.id}", b"" if edited == made.text else edited.encode())
        if self.look is not None:
            self.looked(self.look)

    def do_edit(self) -> None:
        pane = self.pane
        if isinstance(pane, RefinementPane) and pane.filling:
            self.run_worker(signing.write(self, pane), exclusive=True)
        else:
            self.run_worker(self.do_edit_now(), exclusive=True)

    # the run

    def do_checkpoint(self) -> None:
        if self.look is None or self.look.run.state in ("done", "stopped", "failed"):
            self.say("said.not_at_work")
            return
        go_on = Answer("y", "question.checkpoint_go_on", lambda: self._call(True))
        end = Answer("x", "question.checkpoint_end", lambda: self._call(False))
        self.ask(Question(lambda: tr("question.checkpoint"), (go_on, end)))

    def _call(self, experiments: bool) -> None:
        self.leave_word(WordKind.CHECKPOINT, {"experiments": experiments})
        self.say("said.checkpoint")

    def do_pause(self) -> None:
        look = self.look
        if look is None:
            self.lab.start_engine(self.folder)
            return
        if look.run.state == "done":
            return
        wait = next((one for one in look.waits if Choice.RETRY.value in one.choices), None)
        if wait is not None and not look.engine_missing:
            if self.is_open(wait):
                self.decide(wait, Choice.RETRY)
                self.say("said.resumed")
        elif look.unread and look.run.state not in ("running", "paused", "stopped", "failed"):
            self.lab.start_engine(self.folder)
            self.say("said.resumed")
        elif look.engine_missing or look.run.state in ("paused", "stopped", "failed"):
            self.leave_word(WordKind.RESUME, {})
            self.say("said.resumed")
        else:
            self.leave_word(WordKind.PAUSE, {})
            self.say("said.paused")

    def do_restart(self) -> None:
        look = self.look
        if look is None or not look.engine.alive:
            self.lab.start_engine(self.folder)
            return

        def yes() -> None:
            self.lab.restart_engine(self.folder)
            self.say("said.restarting")

        answer = Answer("y", "question.restart_yes", yes)
        self.ask(Question(lambda: tr("question.restart", run=look.title), (answer,)))

    def do_limit(self) -> None:
        look = self.look
        if look is None:
            return
        wait = next((one for one in look.waits if one.why == Wait.BUDGET), None)
        if wait is not None and not self.is_open(wait):
            return
        gpu = wait is not None and "limit_gpu_hours" in wait.facts

        def text() -> str:
            amount = AMOUNTS[self.amount]
            if gpu:
                total = short_number(look.limit_gpu_s / 3600 + amount)
                return tr("question.limit_gpu", amount=str(amount), total=total)
            total = money(look.limit_micros + amount * 1_000_000)
            return tr("question.limit", run=str(look.run.id), amount=f"{amount:.2f}", total=total)

        def turn(step: int) -> None:
            self.amount = min(max(self.amount + step, 0), len(AMOUNTS) - 1)

        def yes() -> None:
            amount = float(AMOUNTS[self.amount])
            if wait is not None:
                self.decide(wait, Choice.RAISE, **{"gpu_hours" if gpu else "money_usd": amount})
            else:
                value = look.limit_micros / 1_000_000 + amount
                self.leave_word(WordKind.SET, {"key": "limits.money_usd", "value": value})
            self.say("said.raised")

        self.ask(Question(text, (Answer("y", "question.limit_yes", yes),), turn=turn))

    def do_stop(self) -> None:
        look = self.look
        if look is None or look.run.state in ("done", "stopped"):
            return
        running = sum(row.state == "running" for row in look.experiments)

        def yes() -> None:
            self.leave_word(WordKind.STOP, {})
            self.say("said.stopped")

        def text() -> str:
            return tr("question.stop", run=str(look.run.id), n=running)

        self.ask(Question(text, (Answer("y", "question.stop_yes", yes),)))

    def do_fork(self) -> None:
        wait = self.open_wait()
        if self.look is None or not isinstance(self.pane, Pane):
            return
        phase = self.pane.phase
        row = self.look.phase(phase)
        if wait is None and (row is None or row.state != "done"):
            self.say("said.no_checkpoint")
            return
        if wait is not None and not self.is_open(wait):
            return

        def yes() -> None:
            if wait is not None and Choice.FORK.value in wait.choices:
                self.decide(wait, Choice.FORK)
            else:
                self.leave_word(WordKind.FORK, {"phase": phase.value})
            self.say("said.forked")

        answer = Answer("y", "question.fork_yes", yes)
        self.ask(Question(lambda: tr("question.fork", phase=phase_short(phase)), (answer,)))

    def do_autopilot(self) -> None:
        if self.look is not None:
            other = "co-pilot" if self.look.run.autonomy == "autopilot" else "autopilot"
            self.leave_word(WordKind.SET, {"key": "autonomy", "value": other})
            self.say("said.autonomy", autonomy=shown("autonomy", other))

    def do_form(self) -> None:
        if isinstance(self.pane, RefinementPane) and self.look is not None and self.newest() is not None:
            self.pane.begin_form(self.look)
            self.repaint()

    # leaving

    def do_leave(self) -> None:
        look = self.look
        if look is None or look.run.state in ("done", "stopped", "failed") or look.run.autonomy == "autopilot":
            self.leave()
            return

        def autopilot() -> None:
            self.leave_word(WordKind.SET, {"key": "autonomy", "value": "autopilot"}, self.leave)

        key = "question.leave_waits" if look.undecided else "question.leave"
        answers = (Answer("q", "question.leave_yes", self.leave), Answer("t", "question.leave_autopilot", autopilot))
        self.ask(Question(lambda: tr(key, stop=next_stop(look)), answers, "question.stay"))

    def leave(self) -> None:
        self.app.exit()
