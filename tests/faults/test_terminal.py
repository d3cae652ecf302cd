"""The terminal dies, and the engine dies, while an experiment runs: it goes on, is recorded once, and is told about.

The screens are the real ones in a pty. The experiment has measured and waits for a file, so that nothing here is a
matter of luck: it cannot end before the test lets it.
"""

from __future__ import annotations

import json
import os
import re
import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from state import lock, places
from state.status import report
from tests.e2e.terminal import Terminal
from tests.faults import driving
from tests.faults.slow_sample import slow_sample
from tests.faults.watching import rows, until

NIGHTLAB = Path(sys.executable).with_name("nightlab")


@dataclass
class Lab:
    """A project whose experiments wait for `gate`."""

    folder: Path
    gate: Path

    def measured(self) -> Path | None:
        """The folder of the job whose program has measured and waits."""
        found = list(self.folder.glob(".nightlab/jobs/*/work/run_*/final_info.json"))
        return found[0].parents[2] if found else None

    def job(self) -> tuple[Path, dict[str, Any]]:
        """That job's folder, and what its shim said of its start."""
        until(self.folder, lambda told: self.measured())
        folder = self.measured()
        assert folder is not None
        return folder, json.loads((folder / "started.json").read_text())

    def recorded(self, job: Path) -> list[tuple[Any, ...]]:
        """(seed, state, attempt) of the experiment that the job was, and how many attempts there were at it."""
        return rows(
            self.folder,
            "SELECT e.seed, e.state, e.attempt = ?, (SELECT count(*) FROM attempt WHERE step = a.step) FROM attempt a"
            " JOIN experiment e ON e.attempt IN (SELECT id FROM attempt WHERE step = a.step) WHERE a.id = ?",
            job.name,
            job.name,
        )


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[Lab]:
    lab = Lab(tmp_path / "lab", tmp_path / "gate")
    slow_sample(lab.folder, lab.gate)
    driving.begin(lab.folder)
    yield lab
    lab.gate.touch()
    holder = lock.look(places.places(lab.folder).lock)
    if holder is not None:
        with suppress(ProcessLookupError):
            os.kill(holder.pid, signal.SIGKILL)


@pytest.fixture
def opened(lab: Lab) -> Iterator[Callable[[], Terminal]]:
    """Opens the lab in a terminal."""
    begun: list[Terminal] = []

    def terminal() -> Terminal:
        begun.append(Terminal([NIGHTLAB, "-C", lab.folder], os.environ))
        return begun[-1]

    yield terminal
    for each in begun:
        if each.pid:
            with suppress(OSError):
                each.close()


def lives(pid: int, start: int) -> bool:
    return lock.Identity(pid, start, lock.boot()).lives


@pytest.mark.slow
def test_the_terminal_dies_and_the_engine_and_the_experiment_go_on(lab: Lab, opened: Callable[[], Terminal]) -> None:
    first = opened()
    first.until(lambda: bool(first.text.strip()), 30, "a first screen")
    job, started = lab.job()
    first.until(lambda: "experiments" in first.rows[0], 30, "the phase at work in the top line")
    engine = report(lab.folder)["engine"]
    assert engine["alive"] and lives(started["pid"], started["start"])

    os.close(first.master)  # what a lost connection does: SIGHUP
    end = time.monotonic() + 1.0
    while not first.gone():
        assert time.monotonic() < end, "the screen outlives its terminal by a second"
        time.sleep(0.01)
    assert report(lab.folder)["engine"] == engine
    assert lives(started["pid"], started["start"]) and lives(started["shim"], started["shim_start"])

    lab.gate.touch()
    until(lab.folder, lambda told: told["experiments"]["finished"] >= 1)
    lab.gate.unlink()  # the next ones wait again
    assert lab.recorded(job) == [(1, "finished", 1, 1)] and report(lab.folder)["engine"] == engine

    second = opened()
    second.until(lambda: bool(re.search(r"5 experiments +[1-9]\d* done", second.text)), 30, "what went on meanwhile")
    assert "0 since you last looked" in second.text
    second.send("5")
    second.until(lambda: "1/3" in second.text and "wd_1" in second.text, 10, "the program that was measured")
    assert report(lab.folder)["engine"] == engine, "the lab that is opened again takes the engine that is there"


@pytest.mark.slow
def test_an_engine_that_is_killed_leaves_the_experiment_running_and_the_next_one_takes_it_up(lab: Lab) -> None:
    running = driving.engine(lab.folder)
    job, started = lab.job()
    driving.kill(running)
    assert lives(started["pid"], started["start"]) and not report(lab.folder)["engine"]["alive"]
    following = driving.engine(lab.folder)
    try:
        until(lab.folder, lambda told: told["engine"]["alive"], following)
        lab.gate.touch()
        told = until(lab.folder, lambda told: told["experiments"]["finished"] >= 1, following)
    finally:
        driving.kill(following)
    assert json.loads((job / "started.json").read_text()) == started
    assert lab.recorded(job) == [(1, "finished", 1, 1)]
    assert told["experiments"]["started_twice"] == 0 and told["experiments"]["lost"] == 0
