"""Money and GPU-hours: one limit over all runs, reserved at the worst case, raised and lowered by people alone."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from engine import jobs
from engine.bench import Bench
from engine.calls import Line
from engine.experiments.contract import Ending, Job, Limits
from engine.live import Live
from state import ledger, lineage, profiles, project, taking
from state.errors import LabError
from state.inbox import leave, pending
from state.store import Store
from state.vocabulary import Choice, ExperimentState, WordKind
from tests.engine.conftest import Laid, says
from tests.engine.lab import Slow
from tests.engine.test_calls import talk, until

Lay = Callable[..., Laid]


def given(laid: Laid, kind: WordKind, **body: object) -> taking.Taken:
    """A person's word, taken up."""
    leave(laid.places.folder, kind, body)
    (path,) = [each for each in pending(laid.places.folder) if each.is_file()]
    read = project.load(laid.places.folder)
    taken = taking.take(laid.store, path, read, laid.store.put(read.config.canonical.encode()))
    laid.bell.ring()
    return taken


def with_limits(laid: Laid, **limits: float) -> None:
    laid.config = laid.config.model_copy(update={"limits": laid.config.limits.model_copy(update=limits)})


async def test_a_limit_that_is_set_while_a_run_waits_for_money_lets_it_go_on(
    lay: Lay, monkeypatch: pytest.MonkeyPatch
) -> None:
    laid = lay()
    paid = profiles.parse("anthropic")
    live = Live(laid.store, laid.places.folder)
    monkeypatch.setattr(
        Line, "choose", property(lambda line: lambda role: paid, lambda line, given: None), raising=False
    )
    with_limits(laid, money_usd=0.0001)
    laid.player.replies = [says("dialogue", text="ok")]
    talking = asyncio.ensure_future(talk(laid))
    await until(laid, "SELECT 1 FROM wait WHERE why = 'budget' AND closed_seq IS NULL")
    assert given(laid, WordKind.SET, key="limits.money_usd", value=5.0).outcome == "taken"
    laid.config = live.of(laid.run)
    laid.bell.ring()
    assert await talking == "ok"


def test_between_set_and_project_toml_the_later_one_wins(lay: Lay) -> None:
    laid = lay()
    live = Live(laid.store, laid.places.folder)
    given(laid, WordKind.SET, key="limits.money_usd", value=3.0)
    assert live.of(laid.run).limits.money_usd == live.now().limits.money_usd == 3.0
    (laid.places.folder / project.FILE).write_text('question = "Does it?"\n[limits]\nmoney_usd = 20.0\n')
    assert live.look()
    assert live.of(laid.run).limits.money_usd == 20.0
    given(laid, WordKind.SET, key="limits.money_usd", value=4.0)
    assert live.of(laid.run).limits.money_usd == 4.0


def test_an_invalid_project_toml_leaves_the_last_valid_one_in_force_and_is_told_once(lay: Lay) -> None:
    laid = lay()
    live = Live(laid.store, laid.places.folder)
    (laid.places.folder / project.FILE).write_text("question = ")
    assert live.look() and not live.look()
    assert live.now().question == "Does it?"
    assert len(laid.store.rows("SELECT 1 FROM event WHERE kind = 'project_broken'")) == 1
    again = Live(laid.store, laid.places.folder)  # also for the next engine
    assert again.now().question == "Does it?"


def test_what_waits_for_the_next_run_reaches_it_and_not_the_run_at_work(lay: Lay) -> None:
    laid = lay()
    live = Live(laid.store, laid.places.folder)
    file = laid.places.folder / project.FILE
    file.write_text('question = "Does it?"\n[languages]\nteam = "zh"\n')
    live.look()
    assert live.of(laid.run).languages.team.value == "en"
    given(laid, WordKind.SET, key="languages.team", value="zh")
    (laid.places.folder / project.FILE).write_text(
        'question = "Does it?"\nautonomy = "autopilot"\n[languages]\nteam = "en"\npaper = "zh"\n'
    )
    live.look()
    assert live.of(laid.run).languages.team.value == "zh"  # it was told so, and the file's word is for later
    assert live.of(laid.run).languages.paper.value == "en"
    assert live.of(laid.run).autonomy.value == "autopilot"  # live at once
    run = given(laid, WordKind.RUN).run
    assert run is not None and live.of(run).languages.paper.value == "zh"
    assert live.of(run).languages.team.value == "en"


def test_limits_are_the_projects_over_all_runs_and_a_run_may_have_a_tighter_one(lay: Lay) -> None:
    laid = lay()
    live = Live(laid.store, laid.places.folder)
    with laid.store.transaction() as tx:
        other = lineage.begin_run(tx, laid.store.put(laid.config.canonical.encode()), [], "co-pilot")
        tx.execute("UPDATE run SET spent_micros = 9000000 WHERE id = ?", (other,))
    given(laid, WordKind.SET, key="limits.money_usd", value=0.5, run=laid.run)

    def refused(run: int, micros: int) -> bool | None:
        try:
            ledger.check(laid.store, ledger.limits(laid.store, run, live.of(run).limits), micros, 0)
        except LabError as error:
            return bool(error.facts["own"])
        return None

    assert refused(laid.run, 400_000) is None
    assert refused(laid.run, 600_000) is True  # its own limit
    assert refused(other, 600_000) is None  # which does not leak
    assert refused(other, 1_100_000) is False  # the project's: $9 are spent, and $10 is all


def gpu_job(name: str) -> Job:
    code = f"import time\nprint({name!r})\n"
    return Job("python", (sys.executable, "p.py"), Limits(60, 1 << 30), {"p.py": code.encode()}, gpu=True)


async def test_jobs_side_by_side_never_reserve_more_gpu_time_than_there_is(
    lay: Lay, monkeypatch: pytest.MonkeyPatch
) -> None:
    laid = lay()
    with_limits(laid, gpu_hours=90 / 3600)  # one of 60 s fits, two do not
    desk = laid.desk()
    most = 0

    async def watched(bench: Bench, shop: object, attempt: str, job: Job) -> Ending:
        nonlocal most
        most = max(most, ledger.spent(bench.store).gpu_s)
        await asyncio.sleep(0)
        return Ending(ExperimentState.FINISHED, took_s=1.0)

    monkeypatch.setattr(jobs, "_until_ended", watched)
    names = ("a", "b", "c")
    works = [desk.start(name, lambda part, one: part.run("run", gpu_job(one)), name) for name in names]
    async with desk.workshop.slots.one(), desk.workshop.slots.one():  # they all fit, and wait for a slot
        for _ in range(20):
            await asyncio.sleep(0)
        assert desk.workshop.slots.waiting == 3
    assert all(ending.ok for ending in await desk.all(*works))
    assert most <= 90
    row = laid.store.row("SELECT gpu_s, gpu_reserved_s FROM run")
    assert row is not None and tuple(row) == (3, 0)


async def test_enough_at_the_gpu_limit_ends_the_experiment_unmeasured_and_is_not_asked_again(
    lay: Lay, tmp_path: Path
) -> None:
    laid = lay()
    with_limits(laid, gpu_hours=0)

    class OnGpu(Slow):
        def job(self) -> Job:
            made = super().job()
            return Job(made.kind, made.argv, made.limits, made.files, env=made.env, wants=made.wants, gpu=True)

    running = asyncio.ensure_future(laid.desk().run("run", OnGpu(str(tmp_path / "go"))))
    await until(laid, "SELECT 1 FROM wait WHERE why = 'budget' AND closed_seq IS NULL")
    with laid.store.transaction() as tx:
        lineage.close_wait(tx, 1, Choice.ENOUGH.value)
    laid.bell.ring()
    assert (await running).state is ExperimentState.STOPPED
    again = await laid.desk().run("run", OnGpu(str(tmp_path / "go")))
    assert again.error == "budget.gpu"
    assert laid.store.rows("SELECT 1 FROM attempt") == []


def test_a_fork_shows_what_it_inherits_apart_and_does_not_pay_it_again(lay: Lay) -> None:
    laid = lay()
    with laid.store.transaction() as tx:
        tx.execute("UPDATE visit SET state = 'closed', spent_micros = 700")
        tx.execute("UPDATE run SET spent_micros = 700")
        child = lineage.fork(tx, laid.run, laid.visit.id)
    row = laid.store.row("SELECT inherited_micros, spent_micros FROM run WHERE id = ?", (child,))
    assert row is not None and tuple(row) == (700, 0)
    assert ledger.spent(laid.store).micros == 700


def test_a_fork_of_a_superseded_visit_sees_what_that_visit_was_built_on(lay: Lay) -> None:
    from state.vocabulary import Phase

    laid = lay(Phase.LITERATURE_REVIEW)
    store: Store = laid.store
    frame = laid.visit.frame
    with store.transaction() as tx:
        lineage.open_visit(tx, laid.run, Phase.PLAN_FORMULATION, {}, frame, None)
        lineage.open_visit(tx, laid.run, Phase.LITERATURE_REVIEW, {}, frame, None)  # supersedes both
        lineage.open_visit(tx, laid.run, Phase.PLAN_FORMULATION, {}, frame, None)
        tx.execute("UPDATE visit SET state = 'closed'")
        old = lineage.fork(tx, laid.run, 2)
        new = lineage.fork(tx, laid.run, 4)
    assert [visit.label for visit in lineage.visits(store, old)] == ["literature@1", "plan@1"]
    assert [visit.label for visit in lineage.visits(store, new)] == ["literature@2", "plan@2"]
    with store.transaction() as tx:
        lineage.open_visit(tx, new, Phase.PLAN_FORMULATION, {}, frame, None)
    assert [visit.label for visit in lineage.visits(store, new)] == ["literature@2", "plan@3"]
