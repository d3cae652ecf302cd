"""Answers to what waits on the run screen: approve, edit, send back, pick, fork, and every other question of the lab.

A decision carries the sha256 of the product that was on screen. One that was made already is not offered again.
"""

from __future__ import annotations

import base64
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeGuard

from state.vocabulary import Choice, Phase, Wait, WordKind
from tui import drafts
from tui.language import tr
from tui.panes.pane import Pane
from tui.screens.editor import edited_elsewhere
from tui.screens.words_left import Says
from tui.widgets.keyline import Answer, Question
from tui.words import phase_short, place_name

if TYPE_CHECKING:
    from state.rows import WaitRow
    from tui.panes.refinement import RefinementPane

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


def has_form(pane: object) -> TypeGuard[RefinementPane]:
    """Whether it is the pane with a form to fill in; its class is imported when it is first shown."""
    return isinstance(pane, Pane) and pane.HAS_FORM


class Answering(Says):
    """The part of the run screen that decides."""

    sent_back: WaitRow | None = None
    """The checkpoint that the box was opened on; it may be over by now."""
    editing: bool = False

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
            accepts = "question.accept" if wait.phase == Phase.REPORT_REFINEMENT else "question.approve"
            key = "question.approve_edited" if edited is not None else accepts
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
            return lambda: self.action_act("limit")
        return lambda: self.decide(wait, choice)

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

    def note_sent(self, purpose: str, text: str, to: str | None, done: Callable[[], object]) -> None:
        wait = self.sent_back
        if purpose != "send_back" or wait is None:
            super().note_sent(purpose, text, to, done)
            return
        choice = Choice.SEND_BACK if to == wait.phase else Choice.GO_BACK
        self.decide_then(done, wait, choice, note=text, phase=to)
        self.say("said.sent_back", phase=phase_short(to))

    async def do_edit_now(self) -> None:
        wait, made = self.open_wait(), self.newest()
        if wait is None or made is None or not made.main:
            self.say("said.no_checkpoint" if wait is None or wait.product is None else "said.not_read_yet")
            return
        if not self.is_open(wait):
            return
        kept = drafts.draft(self.folder, f"edit-{wait.id}")
        text = kept.decode("utf-8", "replace") if kept is not None else made.text
        edited = await edited_elsewhere(self, text, Path(made.main).suffix)
        if edited is None:
            return
        drafts.save_draft(self.folder, f"edit-{wait.id}", b"" if edited == made.text else edited.encode())
        if self.came is not None:
            self.looked(self.came)
        if self.look is not None and not any(one.id == wait.id for one in self.look.waits):  # decided meanwhile
            self.say("edit.too_late", file=place_name(drafts.place_of(self.folder, f"edit-{wait.id}")))

    def do_edit(self) -> None:
        if not self.editing:
            self.editing = True
            self.run_worker(self._edit(), group="editor")

    async def _edit(self) -> None:
        pane = self.pane
        try:
            if has_form(pane) and pane.filling:
                from tui.screens import signing

                await signing.write(self, pane)
            else:
                await self.do_edit_now()
        finally:
            self.editing = False

    def do_fork(self) -> None:
        wait = self.open_wait()
        if self.look is None or not isinstance(self.pane, Pane):
            self.say("said.no_checkpoint")
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

    def do_form(self) -> None:
        pane = self.pane
        if has_form(pane) and self.look is not None and self.newest() is not None:
            pane.begin_form(self.look)
            self.repaint()
        else:
            self.say("said.no_review")
