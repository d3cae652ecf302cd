"""Words for a run that is over, or was never there: refused with what to do instead, or kept for the next run."""

from __future__ import annotations

import pytest

from state.vocabulary import Phase, WordKind
from tests.tui.test_cli import Lab, lab

__all__ = ["lab"]


def done(lab: Lab) -> int:
    run = lab.run()
    lab.visit(run, Phase.REPORT_REFINEMENT, closed=True)
    with lab.store.transaction() as tx:
        tx.execute("UPDATE run SET state = 'done' WHERE id = ?", (run,))
    return run


@pytest.mark.parametrize("command", ["pause", "stop", "checkpoint"])
def test_a_run_that_is_done_is_told_nothing_and_the_person_what_would_go_on(lab: Lab, command: str) -> None:
    run = done(lab)
    said = lab.say(command)
    assert said.code == 2 and said.out == ""
    assert f"Run {run} is done" in said.err and "nightlab run" in said.err and "fork" in said.err


def test_a_run_still_at_work_is_meant_before_a_newer_one_that_is_done(lab: Lab) -> None:
    at_work = lab.run()
    done(lab)
    assert lab.say("pause").code == 0
    word = lab.left()
    assert (word.kind, word.body.run) == (WordKind.PAUSE, at_work)


@pytest.mark.parametrize("words", [("status",), ("status", "--json"), ("pause",), ("note", "hello"), ("log",)])
def test_a_number_that_no_run_has_is_answered_with_those_there_are(lab: Lab, words: tuple[str, ...]) -> None:
    lab.run()
    said = lab.say(*words, "--run", "9")
    assert (said.code, said.out) == (2, "") and "There is no run 9. Runs: 1." in said.err


def test_a_note_after_the_last_run_is_done_says_that_the_next_one_reads_it(lab: Lab) -> None:
    done(lab)
    assert "the next run reads it" in lab.say("note", "five seeds").out
    assert lab.say("note", "five seeds", "--run", "1").code == 2


def stopped(lab: Lab) -> None:
    with lab.store.transaction() as tx:
        tx.execute("UPDATE run SET state = 'stopped'")


@pytest.mark.parametrize("command", ["pause", "checkpoint"])
def test_a_run_that_was_stopped_has_no_step_to_wait_for(lab: Lab, command: str) -> None:
    lab.visit(lab.run(), Phase.PLAN_FORMULATION)
    stopped(lab)
    said = lab.say(command)
    assert (said.code, said.out, said.err) == (2, "", "nightlab: Run 1 is stopped. nightlab resume goes on.\n")


def test_a_decision_on_a_run_that_was_stopped_says_when_it_holds(lab: Lab) -> None:
    lab.checkpoint(lab.run(), Phase.PLAN_FORMULATION, {"plan.md": b"# Plan\n"})
    assert lab.say("approve").err == ""
    stopped(lab)
    said = lab.say("send-back", "--note", "five seeds")
    assert (said.code, said.out) == (0, "Run 1: sent back.\n")
    assert said.err == "Run 1 is stopped: this holds once nightlab resume goes on.\n"
