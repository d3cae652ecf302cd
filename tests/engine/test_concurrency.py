"""How many experiments run, how far each stands back, and who may run the same one: live, and seen from inside."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from engine import jobs
from engine.bench import Bench
from engine.desk import Desk
from engine.experiments.contract import Job, Limits
from engine.experiments.local import submit
from engine.workshop import Meaning
from state import project
from state.journal import Step
from state.vocabulary import ExperimentState, Phase, WordKind
from tests.engine.conftest import Laid
from tests.engine.lab import Laboratory, Named, laboratory

Lay = Callable[..., Laid]
Patch = pytest.MonkeyPatch
READ = Phase.LITERATURE_REVIEW
AT_WORK = "SELECT 1 WHERE (SELECT count(*) FROM attempt WHERE state = 'flying') = ?"

PROGRAM = Named()
LOOKS = """
import json, os, pathlib
told = {"nice": os.nice(0), **{name: os.environ.get(name) for name in %r}}
pathlib.Path("run_0").mkdir()
pathlib.Path("run_0/seen.json").write_text(json.dumps(told))
pathlib.Path("run_0/final_info.json").write_text('{"d": {"means": {"m": 1.0}}}')
"""


@dataclass(frozen=True)
class Looks:
    """An experiment that writes down how it was started."""

    program: Named = PROGRAM
    seed: int = 1

    def job(self) -> Job:
        code = (LOOKS % (submit.THREADS,)).encode()
        argv, wants = (sys.executable, "p.py", "--out_dir=run_0"), ("run_0/*.json",)
        return Job("experiment", argv, Limits(60, 0), {"p.py": code}, env={"SEED": "1"}, wants=wants)


@dataclass(frozen=True)
class Gated:
    """An experiment that runs until a file lies at `go`."""

    go: str
    seed: int
    program: Named = PROGRAM

    def job(self) -> Job:
        code = (
            f"import pathlib, time\nwhile not pathlib.Path({self.go!r}).exists(): time.sleep(0.02)\n"
            "pathlib.Path('run_0').mkdir()\n"
            'pathlib.Path(\'run_0/final_info.json\').write_text(\'{"d": {"means": {"m": 1.0}}}\')\n'
        )
        argv, wants = (sys.executable, "p.py", "--out_dir=run_0"), ("run_0/final_info.json",)
        env = {"SEED": str(self.seed)}
        return Job("experiment", argv, Limits(60, 0), {"p.py": code.encode()}, env=env, wants=wants)


async def seen(laid: Laid) -> dict[str, object]:
    """What an experiment sees of itself."""
    desk = laid.desk()
    ending = await desk.run("look", Looks())
    assert ending.ok, ending.error
    told: dict[str, object] = json.loads(desk.file(ending, "run_0/seen.json"))
    return told


async def test_an_experiment_runs_at_nice_ten_with_one_thread_of_blas(lay: Lay) -> None:
    assert await seen(lay()) == {"nice": 10, **dict.fromkeys(submit.THREADS, "1")}


async def test_project_toml_says_otherwise(lay: Lay) -> None:
    laid = lay()
    laid.config = project.read('question = "Does it?"\n[experiments]\nnice = 3\nthreads = 4\n')
    assert await seen(laid) == {"nice": 3, **dict.fromkeys(submit.THREADS, "4")}


async def test_with_no_threads_named_the_program_decides(lay: Lay) -> None:
    laid = lay()
    laid.config = project.read('question = "Does it?"\n[experiments]\nthreads = 0\n')
    assert await seen(laid) == {"nice": 10, **dict.fromkeys(submit.THREADS)}


def test_concurrency_is_live_and_means_nothing_to_a_recorded_experiment() -> None:
    assert {f"experiments.{name}" for name in ("slots", "threads", "nice")} <= project.LIVE
    few, many = (Job("experiment", ("p",), Limits(1, 0, threads=n, nice=n)).meaning() for n in (1, 9))
    assert few == many


def several(go: Path, n: int) -> Callable[[Desk], Awaitable[None]]:
    """A phase that asks for `n` experiments at once."""

    async def phase(desk: Desk) -> None:
        async def measure(part: Desk, seed: int) -> ExperimentState:
            return (await part.run("run", Gated(str(go), seed))).state

        await desk.all(*(desk.start(f"seed-{seed}", measure, seed) for seed in range(n)))
        await asyncio.Event().wait()

    return phase


async def started(lab: Laboratory, n: int) -> None:
    """Until `n` experiments run, and no more."""
    await lab.until(AT_WORK, n)
    for _ in range(20):
        await asyncio.sleep(0)
    assert lab.store.row(AT_WORK, (n,)) is not None and lab.workshop.slots.taken == n


async def test_slots_that_are_set_or_saved_while_experiments_run_apply_at_once(
    tmp_path: Path, monkeypatch: Patch
) -> None:
    go, text = tmp_path / "go", 'question = "Does it?"\n[experiments]\nslots = %d\n'
    async with laboratory(tmp_path / "lab", monkeypatch, {READ: several(go, 4)}, text=text % 1) as lab:
        lab.workshop.slots.resize(1)  # as `gather` does when an engine starts
        await started(lab, 1)
        lab.leave(WordKind.SET, key="experiments.slots", value=2)
        await started(lab, 2)
        (lab.folder / project.FILE).write_text(text % 3)  # the later one counts
        await started(lab, 3)
        lab.leave(WordKind.SET, key="experiments.slots", value=1)  # those that run go on
        await lab.until("SELECT 1 FROM setting WHERE value = '1'")
        assert lab.store.row(AT_WORK, (3,)) is not None
        go.touch()
        await lab.until("SELECT 1 WHERE (SELECT count(*) FROM experiment WHERE state = 'finished') = 4")
        assert lab.workshop.slots.count == 1


async def test_what_waited_for_a_slot_starts_under_the_limits_of_then(lay: Lay) -> None:
    laid = lay()
    desk = laid.desk()
    desk.workshop.slots.resize(0)
    running = asyncio.ensure_future(desk.run("look", Looks()))
    async with asyncio.timeout(60):
        while not desk.workshop.slots.waiting:
            await asyncio.sleep(0)
    laid.config = project.read('question = "Does it?"\n[limits]\nrun_time = "7s"\n[experiments]\nnice = 5\n')
    desk.workshop.slots.resize(1)
    assert json.loads(desk.file(await running, "run_0/seen.json"))["nice"] == 5
    assert [row["limit_s"] for row in laid.store.rows("SELECT limit_s FROM experiment")] == [7]


async def test_what_an_engine_before_left_running_has_its_slot_before_what_is_new(lay: Lay, tmp_path: Path) -> None:
    laid, first, second = lay(), Gated(str(tmp_path / "one"), 1), Gated(str(tmp_path / "two"), 2)
    left = asyncio.ensure_future(laid.desk().run("left", first))
    async with asyncio.timeout(60):
        while not list(laid.places.jobs.glob("*/started.json")):
            await asyncio.sleep(0.01)
    left.cancel()  # the engine goes, the experiment goes on
    await asyncio.wait({left})
    desk = laid.desk()
    slots = desk.workshop.slots
    slots.resize(0)
    async with asyncio.timeout(60):
        fresh = asyncio.ensure_future(desk.run("new", second))
        while slots.waiting < 1:
            await asyncio.sleep(0)
        taken_up = asyncio.ensure_future(desk.run("left", first))
        while slots.waiting < 2:
            await asyncio.sleep(0)
        slots.resize(1)
        (tmp_path / "one").touch()
        assert (await taken_up).ok
        assert not fresh.done()
        (tmp_path / "two").touch()
        assert (await fresh).ok
    begun = laid.store.rows("SELECT step.path FROM attempt JOIN step ON step.id = attempt.step ORDER BY attempt.id")
    assert [row["path"].rsplit("/")[-1] for row in begun] == ["left", "new"]


class InTwoRuns:
    """A phase with one experiment, the same in every run; the first run comes to it when it is let."""

    def __init__(self, go: Path) -> None:
        self.go, self.first_may = go, asyncio.Event()
        self.ended: dict[int, ExperimentState] = {}

    async def __call__(self, desk: Desk) -> None:
        run = desk.bench.run
        if run == 1:
            await self.first_may.wait()
        self.ended[run] = (await desk.run("long", Gated(str(self.go), 1))).state
        await asyncio.Event().wait()


@asynccontextmanager
async def a_second_run_comes_first(folder: Path, monkeypatch: Patch) -> AsyncIterator[tuple[Laboratory, InTwoRuns]]:
    """After the engine's death the run whose experiment goes on is late, and another one wants the same."""
    phase, waits, real = InTwoRuns(folder / "go"), asyncio.Event(), jobs.runs_elsewhere

    def watched(bench: Bench, what: Meaning, found: Step | None) -> bool:
        if answer := real(bench, what, found):
            waits.set()
        return answer

    monkeypatch.setattr(jobs, "runs_elsewhere", watched)
    monkeypatch.setattr(jobs, "LOOK_S", 0.05)
    async with laboratory(folder / "lab", monkeypatch, {READ: phase}) as lab:
        phase.first_may.set()
        row = await lab.until("SELECT attempt FROM experiment")
        async with asyncio.timeout(60):
            while not (lab.places.jobs / row["attempt"] / "started.json").exists():
                await asyncio.sleep(0.02)
        phase.first_may.clear()
        await lab.again()
        lab.leave(WordKind.RUN)
        async with asyncio.timeout(60):
            await waits.wait()
        yield lab, phase


async def test_an_experiment_that_another_run_takes_up_again_is_waited_for_and_not_run_twice(
    tmp_path: Path, monkeypatch: Patch
) -> None:
    async with a_second_run_comes_first(tmp_path, monkeypatch) as (lab, phase):
        phase.first_may.set()
        phase.go.touch()
        await lab.until("SELECT 1 WHERE (SELECT count(*) FROM step WHERE kind = 'run' AND state = 'done') = 2")
        assert [row["state"] for row in lab.store.rows("SELECT state FROM attempt")] == ["done"]
        await lab.until("SELECT 1 FROM event WHERE kind = 'experiment_reused'")


async def test_an_experiment_of_a_run_that_was_stopped_is_not_waited_for(tmp_path: Path, monkeypatch: Patch) -> None:
    async with a_second_run_comes_first(tmp_path, monkeypatch) as (lab, phase):
        lab.leave(WordKind.STOP, run=1)
        await lab.until("SELECT 1 WHERE (SELECT count(*) FROM attempt) = 2")
        phase.go.touch()
        await lab.until("SELECT 1 FROM step WHERE kind = 'run' AND state = 'done'")
        assert phase.ended == {2: ExperimentState.FINISHED}
