"""Experiments on a disk of 160 MB that fills around them; `test_disk_jobs.py` runs it in a mount namespace.

    unshare -Urm python -m tests.faults.small_disk_jobs FOLDER

A disk that fills before a shim can begin, at each place where it writes; one that fills so that no end can be written;
and programs that look away when what they write finds no place. Prints what it saw as JSON.
"""

from __future__ import annotations

import asyncio
import json
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from engine import jobs, room
from engine.desk import Desk
from engine.experiments.contract import Ending, Job, Limits
from engine.experiments.local.place import Local
from engine.workshop import Named
from state import lock
from state.vocabulary import Phase
from tests.engine.lab import Laboratory, laboratory
from tests.faults.small_disk import fill, free, too_long

LEFT_B = (0, 8192, 16384, 24576)
"""What is left free when a shim is to begin: the first, the second … of its files finds no place."""

CODE = """
import json, os, pathlib, time
out = pathlib.Path("run_0"); out.mkdir()
(out / "begun").touch()
while not os.path.exists({gate!r}): time.sleep(0.02)
text = json.dumps({{"d": {{"means": {{"m": 1.0}}}}}}) + 60000 * " "
try:
    (out / "final_info.json").write_text(text)
except OSError:
    if {honest!r}: raise
"""


@dataclass(frozen=True)
class Program:
    name: str


@dataclass(frozen=True)
class Writes:
    """An experiment that waits for a file at `gate`, then writes its results; exits with 0 unless it is honest."""

    seed: int
    gate: str
    honest: bool
    program: Named = Program("writer")

    def job(self) -> Job:
        code = CODE.format(gate=self.gate, honest=self.honest).encode()
        argv, wants = (sys.executable, "-S", "p.py", "--out_dir=run_0"), ("run_0/final_info.json",)
        return Job("experiment", argv, Limits(90, 0), {"p.py": code}, env={"SEED": str(self.seed)}, wants=wants)


class Asked:
    """A phase that runs what the test asks for, one at a time."""

    def __init__(self) -> None:
        self.todo: asyncio.Queue[tuple[Writes, asyncio.Future[Ending]]] = asyncio.Queue()

    async def __call__(self, desk: Desk) -> None:
        while True:
            what, over = await self.todo.get()
            over.set_result(await desk.run(f"seed-{what.seed}", what))

    def run(self, what: Writes) -> asyncio.Future[Ending]:
        over: asyncio.Future[Ending] = asyncio.get_running_loop().create_future()
        self.todo.put_nowait((what, over))
        return over


class FillsFirst(Local):
    """This machine, whose disk fills at the moment when the next job is to start."""

    left_b: int | None = None

    async def submit(self, folder: Path, job: Job) -> None:
        if self.left_b is not None:
            left, self.left_b = self.left_b, None
            disk = folder.parents[3]
            fill(disk)
            with (disk / "filler").open("r+b") as file:
                file.truncate((disk / "filler").stat().st_size - left)
        await super().submit(folder, job)


async def until(lab: Laboratory, true: Callable[[], object]) -> None:
    async with asyncio.timeout(30):
        while not true():
            if lab.working.done():
                lab.working.result()
            await asyncio.sleep(0.02)


def paused(lab: Laboratory) -> bool:
    row = lab.store.row("SELECT 1 FROM run JOIN wait ON run = run.id WHERE state = 'paused' AND why = 'disk'"
                        " AND closed_seq IS NULL")  # fmt: skip
    return row is not None


async def began(lab: Laboratory, seed: int) -> Path:
    """The folder of the seed's job, once its program runs."""
    row = await lab.until("SELECT attempt FROM experiment WHERE seed = ? AND state = 'running'", seed)
    folder = lab.places.jobs / row["attempt"]
    await until(lab, (folder / "work" / "run_0" / "begun").exists)
    return folder


async def full_at_its_end(lab: Laboratory, phase: Asked, disk: Path, what: Writes) -> dict[str, Any]:
    """The disk is full, and nothing is laid aside, when the program wants to write its results."""
    gate = Path(what.gate)
    over = phase.run(what)
    folder = await began(lab, what.seed)
    (folder / "reserve").unlink()
    fill(disk)
    await until(lab, lambda: paused(lab))
    fill(disk, "filler-2")  # what the lab gave back of its ballast
    gate.touch()
    program = json.loads((folder / "started.json").read_text())["pid"]
    await until(lab, lambda: lock.state_of(program) in ("", "Z"))
    assert paused(lab) and not (folder / "exit.json").exists()
    free(disk)
    ending = await over
    return seen(lab, what.seed, ending)


async def full_before_it_begins(lab: Laboratory, phase: Asked, disk: Path, what: Writes, left_b: int) -> dict[str, Any]:
    """The disk fills, but for `left_b`, after the lab saw room and before the shim began."""
    place = lab.workshop.place
    assert isinstance(place, FillsFirst)
    place.left_b = left_b
    over = phase.run(what)
    await until(lab, lambda: paused(lab))
    free(disk)
    return seen(lab, what.seed, await over)


def seen(lab: Laboratory, seed: int, ending: Ending) -> dict[str, Any]:
    rows = lab.store.rows(
        "SELECT a.state, a.error FROM attempt AS a JOIN attempt AS b ON b.step = a.step JOIN experiment"
        " ON experiment.attempt = b.id WHERE experiment.seed = ? ORDER BY a.n", (seed,)
    )  # fmt: skip
    waits = lab.store.rows("SELECT 1 FROM wait WHERE closed_seq IS NULL OR why NOT IN ('disk')")
    return {"ending": ending.state.value, "attempts": [list(row) for row in rows], "others": len(waits)}


async def drive(folder: Path) -> dict[str, Any]:
    disk, phase = folder / "disk", Asked()
    disk.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=160m", "tmpfs", str(disk)], check=True)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(jobs, "LOOK_S", 0.1)
        patch.setattr(room, "LOOK_S", 0.1)
        async with laboratory(disk / "lab", patch, {Phase.LITERATURE_REVIEW: phase}) as lab:
            lab.workshop.place = FillsFirst()
            saw: dict[str, Any] = {"begins": {}}
            for seed, honest in ((1, True), (2, False)):
                what = Writes(seed, str(folder / f"gate-{seed}"), honest)
                saw["honest" if honest else "silent"] = await full_at_its_end(lab, phase, disk, what)
            gate = folder / "gate-1"
            for n, left_b in enumerate(LEFT_B):
                what = Writes(10 + n, str(gate), True)
                saw["begins"][left_b] = await full_before_it_begins(lab, phase, disk, what, left_b)
            return saw


if __name__ == "__main__":
    signal.signal(signal.SIGALRM, too_long)
    signal.alarm(100)
    json.dump(asyncio.run(drive(Path(sys.argv[1]))), sys.stdout)
