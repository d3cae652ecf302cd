"""A lab at work in a test: the real Lab, store, place and inbox, with phases that the test plays.

`with laboratory(folder, phases) as lab:`; inside, `lab.leave(...)` puts a word into the inbox as a person does, `await
lab.until(sql)` waits for a row, and `await lab.again()` is an engine that was killed and starts anew.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from engine import recover
from engine.bell import Bell
from engine.desk import Desk
from engine.experiments.contract import Job, Limits
from engine.experiments.local.place import Local
from engine.experiments.slots import Slots
from engine.lab import Lab
from engine.live import Live
from engine.visiting import Surroundings
from engine.workshop import Workshop
from state import inbox, places, profiles, project
from state.products.literature import Review
from state.store import Store
from state.vocabulary import Phase, WordKind
from tests.engine.conftest import Player

Played = Callable[[Desk], Awaitable[object]]
DEADLINE_S = 60.0
READ = Phase.LITERATURE_REVIEW


def review(text: str = "What is known.") -> Review:
    return Review(review=text)


async def reads(desk: Desk) -> Review | None:
    """The phase that most tests play: a review that is handed in at once."""
    await desk.submit(review())
    return review()


class Laboratory:
    """One project with a lab that walks its runs."""

    def __init__(self, folder: Path, text: str) -> None:
        self.folder = folder
        (folder / project.FILE).write_text(text)
        self.places = places.prepare(folder)
        self.player = Player()
        self.start()

    def start(self) -> None:
        """What an engine does at its start, but for the lock."""
        self.store = Store(self.places.database, self.places.blobs)
        with self.store.transaction() as tx:
            self.engine = tx.insert(
                "INSERT INTO engine (pid, pid_start, boot, host, version, started_at) VALUES (1, 1, '', 'here', '0', 0)"
            )
        recover.recover(self.store, self.places)
        live = Live(self.store, self.folder)
        self.workshop = Workshop(Local(), Slots(4), self.engine, "here", lambda job, run: True)
        self.around = Surroundings(
            self.store,
            self.places,
            Bell(),
            live,
            self.workshop,
            lambda run, phase, role: profiles.parse("rehearsal"),
            lambda choice: self.player,
            self.engine,
            0,
        )
        self.lab = Lab(self.around)

    def work(self) -> None:
        self.working = asyncio.ensure_future(self.lab.work(60))

    def leave(self, kind: WordKind, **body: object) -> None:
        inbox.leave(self.folder, kind, body)

    async def until(self, sql: str, *values: object) -> Any:
        """The first row of a query, once there is one."""
        async with asyncio.timeout(DEADLINE_S):
            while (row := self.store.row(sql, values)) is None:
                if self.working.done():
                    self.working.result()
                await self.around.bell.heard(0.05)
        return row

    async def decide(self, choice: str, **more: object) -> None:
        """Answer the open wait that offers `choice`."""
        row = await self.until("SELECT id FROM wait WHERE closed_seq IS NULL AND choices LIKE ?", f'%"{choice}"%')
        self.leave(WordKind.DECISION, wait=row["id"], choice=choice, **more)

    async def die(self) -> None:
        """The engine is gone at once: nothing that it would do in leaving is done."""
        self.working.cancel()
        await asyncio.gather(self.working, return_exceptions=True)
        await self.lab.close()
        self.store.close()

    async def again(self) -> None:
        await self.die()
        self.start()
        self.work()


@asynccontextmanager
async def laboratory(
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    phases: dict[Phase, Played],
    *,
    text: str = 'question = "Does it?"\n',
    begin: bool = True,
) -> AsyncIterator[Laboratory]:
    """A lab at work on a new run, whose phases are played by the test; those not named hand nothing in."""
    import importlib

    async def nothing(desk: Desk) -> None:
        return None

    for phase in Phase:
        module = importlib.import_module(f"engine.phases.{phase.value}")
        monkeypatch.setattr(module, "run", phases.get(phase, nothing))
    folder.mkdir(exist_ok=True)
    lab = Laboratory(folder, text)
    if begin:
        lab.leave(WordKind.RUN)
    lab.work()
    try:
        yield lab
    finally:
        await lab.die()
        for folder in lab.places.jobs.iterdir():  # what it left running would wait for its file for hours
            await lab.workshop.place.stop(folder)


@dataclass(frozen=True)
class Named:
    name: str = "wd_2"


@dataclass(frozen=True)
class Slow:
    """An experiment that runs until it is stopped, or until a file lies beside the project."""

    go: str
    program: Named = Named()
    seed: int = 1

    def job(self) -> Job:
        code = (
            "import pathlib, sys, time\n"
            f"while not pathlib.Path({self.go!r}).exists(): time.sleep(0.02)\n"
            "pathlib.Path('run_0').mkdir()\n"
            'pathlib.Path(\'run_0/final_info.json\').write_text(\'{"d": {"means": {"m": 1.0}}}\')\n'
        )
        argv = (sys.executable, "p.py", "--out_dir=run_0")
        wants = ("run_0/final_info.json",)
        return Job("experiment", argv, Limits(60, 1 << 30), {"p.py": code.encode()}, env={"SEED": "1"}, wants=wants)


RUNNING = "SELECT attempt FROM experiment JOIN attempt ON attempt.id = attempt WHERE attempt.state = 'flying'"


async def started(lab: Laboratory) -> str:
    """The attempt whose program runs."""
    attempt = str((await lab.until(RUNNING))["attempt"])
    async with asyncio.timeout(60):
        while not (lab.places.jobs / attempt / "started.json").exists():
            await asyncio.sleep(0.02)
    return attempt
