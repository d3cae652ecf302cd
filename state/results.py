"""Measured values: what an experiment wrote, with its file. Every number of a paper leads back to a row here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from state.store import Store, Transaction


@dataclass(frozen=True)
class Measured:
    """One value of one experiment. A missed target is `value` None with `censored`, the limit that was not reached."""

    program: str
    dataset: str
    metric: str
    seed: int
    value: float | None
    stderr: float | None
    censored: float | None
    experiment: int
    file: str = ""
    sha256: str = ""
    code: str = ""
    """The mark of the code that ran: a program that was repaired keeps its name."""


def record(tx: Transaction, values: Sequence[Measured]) -> None:
    for each in values:
        tx.execute(
            "INSERT OR REPLACE INTO result (experiment, dataset, metric, value, stderr, censored, file, sha256)"
            " VALUES (?,?,?,?,?,?,?,?)",
            (
                each.experiment,
                each.dataset,
                each.metric,
                each.value,
                each.stderr,
                each.censored,
                each.file,
                each.sha256,
            ),
        )


def measured(store: Store, run: int, before: int | None = None) -> list[Measured]:
    """What the visits of a run that are not superseded rest on, ordered by program, seed, dataset, metric.

    With `before`, what had been measured at that position in the event sequence: an experiment that hit a limit keeps
    its number when another run measures it later.
    """
    rows = store.rows(
        """SELECT DISTINCT experiment.program, result.dataset, result.metric, experiment.seed, result.value,
                  result.stderr, result.censored, result.experiment, result.file, result.sha256, experiment.code
           FROM lineage JOIN used ON used.visit = lineage.visit JOIN experiment ON experiment.id = used.experiment
           JOIN result ON result.experiment = experiment.id
           WHERE lineage.run = ? AND lineage.superseded_seq IS NULL AND (? IS NULL OR EXISTS
             (SELECT 1 FROM attempt JOIN step ON step.id = attempt.step
              WHERE attempt.id = experiment.attempt AND step.ended_seq < ?))
           ORDER BY experiment.program, experiment.seed, result.dataset, result.metric""",
        (run, before, before),
    )
    return [Measured(*tuple(row)) for row in rows]
