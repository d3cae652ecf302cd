"""An experiment is measured once: who asks for the same code, setting, data and seed is given what was recorded.

Called by `jobs.py` before it starts an experiment, and when one has ended that another run measured meanwhile.
"""

from __future__ import annotations

import json

from engine import bookkeeping
from engine.bench import Bench
from engine.experiments.contract import Ending
from engine.workshop import Meaning
from state.events import Event, ExperimentReused
from state.journal import Step
from state.store import Transaction
from state.vocabulary import ExperimentState


async def recorded(
    bench: Bench,
    path: str,
    mark: str,
    what: Meaning,
    found: Step | None,
    told: list[Event],
    attempt: str | None = None,
) -> Ending | None:
    """The ending of an experiment with the same meaning, failures too; limits and losses are run again.

    `attempt` has just brought another ending of the same: the one that was recorded first counts.
    """
    row = bench.store.row(
        "SELECT experiment.id, experiment.program, step.outcome FROM experiment"
        " JOIN attempt ON attempt.id = experiment.attempt JOIN step ON step.id = attempt.step"
        " WHERE code = ? AND setting = ? AND data = ? AND seed = ? AND experiment.state IN ('finished', 'failed')",
        what.key,
    )
    if row is None or row["outcome"] is None:
        return None
    await bench.commit(_reused, bench, path, mark, what, found, int(row["id"]), str(row["outcome"]), told, attempt)
    told.clear()
    bench.bell.ring()
    step = bench.journal.peek(path)
    assert step is not None
    return Ending.of(step.value())


def _reused(
    tx: Transaction,
    bench: Bench,
    path: str,
    mark: str,
    what: Meaning,
    found: Step | None,
    experiment: int,
    outcome: str,
    told: list[Event],
    attempt: str | None,
) -> None:
    if attempt is not None and found is not None:
        bookkeeping.gone(tx, bench, found, attempt, what, Ending(ExperimentState.STOPPED, error="measured elsewhere"))
    step = found or bench.journal.begin(tx, path, "run", mark, told=told)
    reused = ExperimentReused(experiment, what.program, what.seed)
    bench.journal.finish(tx, step, json.loads(outcome), told=[reused])
    tx.execute("INSERT OR IGNORE INTO used (visit, experiment) VALUES (?,?)", (bench.visit.id, experiment))


def runs_elsewhere(bench: Bench, what: Meaning, found: Step | None) -> bool:
    """Whether the same experiment is in flight at another step of a run that is at work and takes it up."""
    row = bench.store.row(
        "SELECT 1 FROM experiment JOIN attempt ON attempt.id = experiment.attempt JOIN step ON step.id = attempt.step"
        " JOIN run ON run.id = experiment.run JOIN lineage ON lineage.run = run.id AND lineage.visit = step.visit"
        " WHERE code = ? AND setting = ? AND data = ? AND seed = ? AND attempt.state = 'flying' AND step.id IS NOT ?"
        " AND step.superseded_seq IS NULL AND lineage.superseded_seq IS NULL AND run.state = 'running'",
        (*what.key, found.id if found else None),
    )
    return row is not None
