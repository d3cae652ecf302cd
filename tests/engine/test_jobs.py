"""What an experiment is: program, setting, data and seed. The same one is run once; what hit a limit is run again."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from engine import jobs
from engine.experiments.contract import Job, Limits
from state import lineage, project
from state.errors import LabError
from state.vocabulary import ExperimentState, Phase
from tests.engine.conftest import Laid
from tests.engine.lab import Named, Slow
from tests.engine.phases.played import visited_again

Lay = Callable[..., Laid]

ENDS = {
    ExperimentState.FINISHED: 'pathlib.Path("run_0/final_info.json").write_text(\'{"d": {"means": {"m": 1.0}}}\')',
    ExperimentState.FAILED: 'sys.exit("no")',
    ExperimentState.LIMIT: "time.sleep(60)",
}


@dataclass(frozen=True)
class Told:
    """An experiment that leaves a line at `log` each time it runs, and ends as asked."""

    log: str
    end: ExperimentState = ExperimentState.FINISHED
    program: Named = Named()  # noqa: RUF009  frozen
    seed: int = 1
    data: str = "x = 1\n"
    setting: str = "small"

    def job(self) -> Job:
        code = (
            "import pathlib, sys, time\npathlib.Path('run_0').mkdir()\n"
            f"with open({self.log!r}, 'a') as log: log.write('ran\\n')\n{ENDS[self.end]}\n"
        )
        files = {"p.py": code.encode(), "load_data.py": self.data.encode()}
        argv, wants = (sys.executable, "p.py", "--out_dir=run_0", self.setting), ("run_0/final_info.json",)
        return Job("experiment", argv, Limits(60, 0), files, env={"SEED": str(self.seed)}, wants=wants)

    def times(self) -> int:
        return len(Path(self.log).read_text().splitlines())


@dataclass(frozen=True)
class WithJob:
    given: Job
    program: Named = Named()  # noqa: RUF009  frozen
    seed: int = 1

    def job(self) -> Job:
        return self.given


@pytest.mark.parametrize(
    ("end", "times"), [(ExperimentState.FINISHED, 1), (ExperimentState.FAILED, 1), (ExperimentState.LIMIT, 2)]
)
async def test_the_same_experiment_is_run_once_also_where_it_failed_but_again_where_it_hit_a_limit(
    lay: Lay, tmp_path: Path, end: ExperimentState, times: int
) -> None:
    laid = lay()
    if end is ExperimentState.LIMIT:
        laid.config = project.read('question = "Does it?"\n[limits]\nrun_time = "1s"\n')
    desk, told = laid.desk(), Told(str(tmp_path / "log"), end)
    first, again = await desk.run("first", told), await desk.run("again", told)
    assert first.state is again.state is end
    assert told.times() == times
    assert [tuple(row) for row in laid.store.rows("SELECT id, state FROM experiment")] == [(1, end.value)]


async def test_an_open_visit_sees_nothing_that_another_run_measures_meanwhile(lay: Lay, tmp_path: Path) -> None:
    """A replay after a crash would ask with another table of numbers, and diverge."""
    laid, told = lay(Phase.RUNNING_EXPERIMENTS), Slow(str(tmp_path / "go"))
    laid.config = project.read('question = "Does it?"\n[limits]\nrun_time = "1s"\n')
    assert (await laid.desk().run("one", told)).state is ExperimentState.LIMIT
    visited_again(laid, Phase.RESULTS_INTERPRETATION)
    assert laid.desk().inputs.measured == ()
    Path(told.go).touch()
    with laid.store.transaction() as tx:
        other = lineage.begin_run(tx, laid.store.put(b"{}"), [*Phase], "co-pilot")
    theirs = replace(laid, run=other, config=project.read('question = "Does it?"\n'))
    visited_again(theirs, Phase.RUNNING_EXPERIMENTS)
    assert (await theirs.desk().run("one", told)).ok
    assert [tuple(row) for row in laid.store.rows("SELECT id, state FROM experiment")] == [(1, "finished")]
    assert laid.desk().inputs.measured == ()
    visited_again(theirs, Phase.RESULTS_INTERPRETATION)
    assert [one.value for one in theirs.desk().inputs.measured] == [1.0]


async def test_a_program_whose_data_are_gone_is_not_run_and_did_not_fail(lay: Lay, tmp_path: Path) -> None:
    """A failure is reused, so one that says nothing about the program may not be recorded."""
    laid, told = lay(), Told(str(tmp_path / "log"))
    job, folder = replace(told.job(), data={"mine": str(tmp_path / "mine")}), tmp_path / "mine"
    with pytest.raises(LabError, match=r"data\.missing"):
        await laid.desk().run("one", WithJob(job))
    assert not Path(told.log).exists()
    assert [tuple(row) for row in laid.store.rows("SELECT state FROM attempt")] == [("failed",)]
    assert [tuple(row) for row in laid.store.rows("SELECT id, state FROM experiment")] == [(1, "stopped")]
    folder.mkdir()
    assert (await laid.desk().run("one", WithJob(job))).ok
    assert [tuple(row) for row in laid.store.rows("SELECT id, state FROM experiment")] == [(1, "finished")]


@pytest.mark.parametrize("other", [{"seed": 2}, {"data": "x = 2\n"}, {"setting": "large"}], ids=str)
async def test_another_seed_other_data_and_another_setting_are_another_experiment(
    lay: Lay, tmp_path: Path, other: dict[str, object]
) -> None:
    desk, told = lay().desk(), Told(str(tmp_path / "log"))
    await desk.run("first", told)
    await desk.run("other", replace(told, **other))  # type: ignore[arg-type]  # as the parameters say
    assert told.times() == 2


async def test_an_experiment_waits_however_often_all_cards_are_leased_and_nobody_is_asked(
    lay: Lay, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jobs, "GPU_BUSY_S", 0.0)
    desk, told = lay().desk(), Told(str(tmp_path / "log"))
    submit, busy = desk.workshop.place.submit, iter(range(jobs.LOSSES + 2))

    async def crowded(folder: Path, job: Job) -> None:
        if next(busy, None) is not None:
            raise LabError("gpu.busy", gpus=1)
        await submit(folder, job)

    monkeypatch.setattr(desk.workshop.place, "submit", crowded)
    async with asyncio.timeout(60):
        assert (await desk.run("one", told)).ok
    assert told.times() == 1
    assert desk.bench.store.row("SELECT 1 FROM wait") is None


async def test_what_a_model_wrote_waits_for_the_signature_and_what_the_lab_draws_does_not(
    lay: Lay, tmp_path: Path
) -> None:
    laid = lay()
    desk, told, signed = laid.desk(), Told(str(tmp_path / "log")), False
    desk.workshop.permitted = lambda job, run: signed
    drawn = replace(told.job(), author="lab")
    assert (await desk.run("figures", drawn)).ok
    running = asyncio.ensure_future(desk.run("one", told))
    async with asyncio.timeout(60):
        while (wait := laid.store.row("SELECT id, choices FROM wait WHERE why = 'sandbox'")) is None:
            await asyncio.sleep(0)
        assert json.loads(wait["choices"]) == ["basic", "stop"]
        with laid.store.transaction() as tx:
            lineage.close_wait(tx, wait["id"])
        laid.bell.ring()  # closed, and still not signed: it is asked again
        while laid.store.row("SELECT 1 FROM wait WHERE why = 'sandbox' AND id > ?", (wait["id"],)) is None:
            await asyncio.sleep(0)
        assert told.times() == 1  # the figures
        signed = True
        with laid.store.transaction() as tx:
            lineage.close_wait(tx, wait["id"] + 1)
        laid.bell.ring()
        assert (await running).ok
    assert told.times() == 2
