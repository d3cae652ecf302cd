"""A mistyped project.toml: what begins a run refuses it with its line, what only looks goes on, `set` says how to mend
it."""

from __future__ import annotations

import pytest

from state import inbox
from state.vocabulary import RunState
from tests.tui.test_cli import Lab, lab
from tui.commands import demo

__all__ = ["lab"]

GONE = 'question = "Does it?"\n[data]\ncifar10 = "/nowhere/cifar10"\n'


def write(lab: Lab, text: str) -> None:
    (lab.folder / "project.toml").write_text(text)


@pytest.mark.parametrize("words", [("run", "--headless"), ("run",), ("demo", ".")])
def test_a_run_does_not_begin_with_data_that_are_not_there(lab: Lab, words: tuple[str, ...]) -> None:
    write(lab, GONE)
    said = lab.say(*words)
    assert (said.code, said.out) == (2, "")
    assert said.err.startswith(f"nightlab: {lab.folder / 'project.toml'} line 3: data.cifar10 = ")
    assert inbox.pending(lab.folder) == []


@pytest.mark.parametrize("words", [("status",), ("status", "--json"), ("note", "hm"), ("log",), ("set", "rounds", "1")])
def test_a_project_whose_data_are_elsewhere_can_be_looked_at_and_spoken_to(lab: Lab, words: tuple[str, ...]) -> None:
    lab.run()
    write(lab, GONE)
    said = lab.say(*words)
    assert said.code == (2 if words[0] == "set" else 0) and "nowhere" not in said.err


def test_a_demo_at_work_goes_on_though_its_data_are_gone_for_now(lab: Lab) -> None:
    run = lab.run()
    write(lab, GONE)
    with lab.store.transaction() as tx:
        tx.execute("UPDATE run SET state = ? WHERE id = ?", (RunState.STOPPED.value, run))
    assert demo.go_on(lab.folder, autopilot=False) == run
