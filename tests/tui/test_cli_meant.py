"""Which run a bare command means: the one for which it does something; where there are several, it asks."""

from __future__ import annotations

import pytest

from state.vocabulary import Choice, Phase, RunState, Wait, WordKind
from tests.tui.test_cli import Lab, lab
from tui.here import run_to_resume

__all__ = ["lab"]

AT_WORK = [WordKind.PAUSE, WordKind.STOP, WordKind.CHECKPOINT]


def state(lab: Lab, run: int, state: RunState) -> None:
    with lab.store.transaction() as tx:
        tx.execute("UPDATE run SET state = ? WHERE id = ?", (state.value, run))


def reviews(lab: Lab) -> int:
    """A run that does nothing but review a paper."""
    return lab.run(Phase.REPORT_REFINEMENT)


@pytest.mark.parametrize("kind", AT_WORK)
def test_the_only_run_at_work_is_meant_the_newest_of_all_or_not(lab: Lab, kind: WordKind) -> None:
    assert lab.say(kind.value).code == 2  # no run yet
    stopped, at_work, done = lab.run(), lab.run(), lab.run()
    state(lab, stopped, RunState.STOPPED)
    state(lab, done, RunState.DONE)
    assert lab.say(kind.value).code == 0
    assert (lab.left().kind, lab.left().body.run) == (kind, at_work)


@pytest.mark.parametrize("kind", AT_WORK)
@pytest.mark.parametrize("over", [RunState.DONE, RunState.STOPPED])
def test_the_review_of_a_paper_is_meant_where_research_is_over(lab: Lab, kind: WordKind, over: RunState) -> None:
    state(lab, lab.run(), over)
    review = reviews(lab)
    assert lab.say(kind.value).code == 0
    assert lab.left().body.run == review


@pytest.mark.parametrize("kind", AT_WORK)
def test_where_two_runs_are_at_work_the_command_says_which_there_are_and_what_to_type(lab: Lab, kind: WordKind) -> None:
    research, review = lab.run(), reviews(lab)
    said = lab.say(kind.value)
    assert (said.code, said.out) == (2, "")
    assert f"{research} (at work), {review} (at work)" in said.err
    assert f"nightlab {kind.value} --run {review}" in said.err
    assert lab.say(kind.value, "--run", str(review)).code == 0
    assert lab.left().body.run == review


def test_what_is_paused_already_is_not_meant_by_another_pause(lab: Lab) -> None:
    research, review = lab.run(), reviews(lab)
    lab.wait(research, Wait.PERSON, Choice.RETRY)
    assert lab.say("pause").code == 0
    assert lab.left().body.run == review


def test_resume_means_what_stands_still_before_what_was_stopped(lab: Lab) -> None:
    stopped, research, review = lab.run(), lab.run(), reviews(lab)
    state(lab, stopped, RunState.STOPPED)
    lab.wait(review, Wait.PERSON, Choice.RETRY)
    assert run_to_resume(lab.folder, None) == review
    state(lab, research, RunState.DONE)
    state(lab, review, RunState.DONE)
    assert run_to_resume(lab.folder, None) == stopped


def test_resume_asks_where_two_stand_still(lab: Lab) -> None:
    for run in (lab.run(), reviews(lab)):
        lab.wait(run, Wait.PERSON, Choice.RETRY)
    said = lab.say("resume", "--headless")
    assert said.code == 2 and "1 (paused), 2 (paused)" in said.err and "nightlab resume --run 2" in said.err
