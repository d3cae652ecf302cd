"""Jobs that nobody waits for any more: those of superseded visits and steps, and of a run that stands still.

They are stopped, and their attempts settled, so that no later engine adopts them and none keeps an engine awake. Jobs
of visits that are played stay: whoever plays the visit waits on their folders. Called by the lab and by visits that
end.
"""

from __future__ import annotations

import asyncio

from engine.experiments.contract import Ending, Look, Place
from state import ledger
from state.errors import LabError
from state.events import ExperimentEnded
from state.places import Places
from state.store import Store, Transaction
from state.vocabulary import AttemptState, ExperimentState

_GHOSTS = """SELECT attempt.id FROM attempt JOIN step ON step.id = attempt.step
    WHERE attempt.kind = 'job' AND attempt.state = 'flying' AND (step.superseded_seq IS NOT NULL OR NOT EXISTS
      (SELECT 1 FROM lineage WHERE lineage.visit = step.visit AND lineage.superseded_seq IS NULL))"""


async def stop(store: Store, places: Places, place: Place, run: int, visit: int) -> None:
    """Ask for the end of a run's jobs in a visit, which a fork may share. Whoever waits for them records it, now or
    when the run goes on."""
    for attempt in _in_flight(store, run, visit):
        await place.stop(places.jobs / attempt)


async def put_down(store: Store, places: Places, place: Place, run: int, visit: int) -> None:
    """The same where nobody plays the visit: those that were stopped are written down now, and what was set aside for
    them is freed. One that came to an end of its own, or was lost, is for whoever takes the run up again."""
    jobs = _in_flight(store, run, visit)
    for attempt, ending in zip(jobs, await _endings(place, places, jobs), strict=True):
        if ending.state is ExperimentState.STOPPED:
            with store.transaction() as tx:
                _settle(tx, attempt, ending, "stopped")


def _in_flight(store: Store, run: int, visit: int) -> list[str]:
    rows = store.rows(
        "SELECT attempt.id FROM attempt JOIN step ON step.id = attempt.step JOIN visit ON visit.id = step.visit"
        " WHERE step.visit = ? AND coalesce(attempt.run, visit.run) = ? AND attempt.kind = 'job'"
        " AND attempt.state = 'flying'",
        (visit, run),
    )
    return [str(row["id"]) for row in rows]


async def end(store: Store, places: Places, place: Place) -> None:
    """Stop every ghost, wait until it is gone, and settle it."""
    ghosts = [str(row["id"]) for row in store.rows(_GHOSTS)]
    for attempt, ending in zip(ghosts, await _endings(place, places, ghosts), strict=True):
        with store.transaction() as tx:
            _settle(tx, attempt, ending, "superseded")


async def _endings(place: Place, places: Places, attempts: list[str]) -> list[Ending]:
    return await asyncio.gather(*(_ending(place, places, attempt) for attempt in attempts))


async def _ending(place: Place, places: Places, attempt: str) -> Ending:
    folder = places.jobs / attempt
    await place.stop(folder)
    if await place.look(folder) is Look.PLANNED:
        return Ending(ExperimentState.STOPPED)
    try:
        return await place.wait(folder)
    except LabError as error:
        return Ending(ExperimentState.LOST, error=str(error))


def _settle(tx: Transaction, attempt: str, ending: Ending, why: str) -> None:
    """The attempt is over and its reservation freed; the experiment was stopped, whatever it had come to."""
    over = tx.execute(
        "UPDATE attempt SET state = ?, error = ?, ended_at = ? WHERE id = ? AND state = 'flying'",
        (AttemptState.FAILED.value, why, tx.at, attempt),
    )
    if over.rowcount == 0:  # whoever waited for it was quicker
        return
    reserved = tx.execute("SELECT gpu_reserved_s FROM attempt WHERE id = ?", (attempt,)).fetchone()[0]
    ledger.settle(tx, attempt, 0, round(ending.took_s) if reserved else 0)
    row = tx.execute("SELECT id, program, seed, run, visit FROM experiment WHERE attempt = ?", (attempt,)).fetchone()
    if row is not None:
        stopped = ExperimentState.STOPPED.value
        tx.execute("UPDATE experiment SET state = ?, ended_at = ? WHERE id = ?", (stopped, tx.at, row[0]))
        tx.event(ExperimentEnded(row[0], row[1], row[2], stopped), row[3], row[4])


async def any_alive(store: Store, places: Places, place: Place) -> bool:
    """Whether a job still runs; one that has ended waits for its run to be taken up and keeps nobody awake."""
    for row in store.rows("SELECT id FROM attempt WHERE kind = 'job' AND state = 'flying'"):
        if await place.look(places.jobs / row["id"]) is Look.RUNNING:
            return True
    return False
