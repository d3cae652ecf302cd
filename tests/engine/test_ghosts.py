"""Jobs that nobody waits for: ended in their own run alone, and paid for as long as they ran."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import cast

from engine import ghosts
from engine.experiments.contract import Ending, Look, Place
from state.vocabulary import ExperimentState
from tests.engine.conftest import Laid


class Machine:
    """A place where every job runs until it is stopped, seven seconds in all."""

    def __init__(self) -> None:
        self.stopped: list[str] = []

    async def stop(self, folder: Path) -> None:
        self.stopped.append(folder.name)

    async def look(self, folder: Path) -> Look:
        return Look.RUNNING

    async def wait(self, folder: Path) -> Ending:
        return Ending(ExperimentState.STOPPED, took_s=7.0)


def flying(laid: Laid, name: str, run: int, *, superseded: bool = False) -> None:
    """A job of a run in the visit, with a minute of GPU time set aside."""
    with laid.store.transaction() as tx:
        step = tx.insert(
            "INSERT INTO step (visit, path, kind, fingerprint, state, deaths, begun_seq, begun_at, superseded_seq)"
            " VALUES (?, ?, 'run', '', 'intent', 0, 0, 0, ?)",
            (laid.visit.id, name, 1 if superseded else None),
        )
        tx.execute(
            "INSERT INTO attempt (id, step, n, kind, run, engine, state, reserved_micros, cost_micros, input,"
            " cache_read, cache_write, output, estimated, gpu_reserved_s, gpu_s, begun_at)"
            " VALUES (?, ?, 1, 'job', ?, 1, 'flying', 0, 0, 0, 0, 0, 0, 0, 60, 0, 0)",
            (name, step, run),
        )
        tx.execute("UPDATE run SET gpu_reserved_s = gpu_reserved_s + 60 WHERE id = ?", (run,))


async def test_a_run_stops_its_own_jobs_in_a_visit_that_it_shares(lay: Callable[..., Laid]) -> None:
    laid, machine = lay(), Machine()
    flying(laid, "mine", laid.run)
    flying(laid, "of-the-fork", laid.run + 1)
    await ghosts.stop(laid.store, laid.places, cast(Place, machine), laid.run, laid.visit.id)
    assert machine.stopped == ["mine"]


async def test_a_ghost_is_ended_and_costs_what_it_ran_and_no_other_job_is_touched(lay: Callable[..., Laid]) -> None:
    laid, machine = lay(), Machine()
    flying(laid, "at-work", laid.run)
    flying(laid, "ghost", laid.run, superseded=True)
    await ghosts.end(laid.store, laid.places, cast(Place, machine))
    assert machine.stopped == ["ghost"]
    rows = laid.store.rows("SELECT id, state, error, gpu_s FROM attempt ORDER BY id")
    assert [tuple(row) for row in rows] == [("at-work", "flying", None, 0), ("ghost", "failed", "superseded", 7)]
    row = laid.store.row("SELECT gpu_s, gpu_reserved_s FROM run")
    assert row is not None and tuple(row) == (7, 60)
