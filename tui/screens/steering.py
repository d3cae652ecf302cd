"""Steering the run on screen: checkpoint, pause and go on, limits, stop, the mode, and leaving it to itself."""

from __future__ import annotations

from state.vocabulary import Choice, Wait, WordKind
from tui.language import tr
from tui.screens.words_left import Says
from tui.widgets.keyline import Answer, Question
from tui.widgets.rail import next_stop
from tui.words import money, short_number, shown

AMOUNTS = (1, 2, 5, 10, 20, 50, 100)
TRIED = (Wait.NETWORK, Wait.BACKOFF, Wait.AUTH, Wait.DISK)
"""Waits that trying again does not end: whether it goes on is for the world to say."""


class Steering(Says):
    """The part of the run screen that says how the run goes on, whatever waits."""

    amount = 2
    """Which of the amounts a limit is raised by."""

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
            self.say("said.not_at_work")
            return
        wait = next((one for one in look.waits if Choice.RETRY.value in one.choices), None)
        if wait is not None and not look.engine_missing:
            if self.is_open(wait):
                self.decide(wait, Choice.RETRY)
                self.say("said.trying" if wait.why in TRIED else "said.resumed")
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
            self.say("said.not_at_work")
            return
        running = sum(row.state == "running" for row in look.experiments)

        def yes() -> None:
            self.leave_word(WordKind.STOP, {})
            self.say("said.stopped")

        def text() -> str:
            return tr("question.stop", run=str(look.run.id), n=running)

        self.ask(Question(text, (Answer("y", "question.stop_yes", yes),)))

    def do_autopilot(self) -> None:
        if self.look is not None:
            other = "co-pilot" if self.look.run.autonomy == "autopilot" else "autopilot"
            self.leave_word(WordKind.SET, {"key": "autonomy", "value": other})
            self.say("said.autonomy", autonomy=shown("autonomy", other))

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
