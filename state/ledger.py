"""Money and GPU time: reserved before each call or job, settled after it, granted by the person.

Limits are the project's, over all runs and forks; a run may have a tighter one. What was spent is kept in totals on the
run and the visit, never summed over attempts. Reservations that do not fit raise LabError `budget.money` or
`budget.gpu`, and nothing is dispatched.
"""

from __future__ import annotations

import json
from dataclasses import dataclass

from state import config
from state.errors import LabError
from state.store import Store, Transaction

OWN_LIMITS = ("limits.money_usd", "limits.gpu_hours")
"""Set for one run they hold beside the project's, not instead."""


@dataclass(frozen=True)
class Limits:
    """What may be spent in all, and by one run alone where it has a tighter limit. Micros, GPU-seconds."""

    money_micros: int
    gpu_s: int
    run: int
    own_micros: int | None = None
    own_gpu_s: int | None = None


@dataclass(frozen=True)
class Spent:
    """Spent and reserved, over all runs of the project."""

    micros: int
    gpu_s: int


def limits(store: Store, run: int, live: config.Limits) -> Limits:
    """The limits in force for a run: `live` with what was set and granted over it, and the run's own."""
    own = {
        row["key"]: float(json.loads(row["value"]))
        for row in store.rows(
            "SELECT key, value FROM setting WHERE run = ? AND key IN (?, ?) ORDER BY seq", (run, *OWN_LIMITS)
        )
    }
    money, hours = (own.get(key) for key in OWN_LIMITS)
    return Limits(
        round(live.money_usd * 1_000_000),
        round(live.gpu_hours * 3600),
        run,
        None if money is None else round(money * 1_000_000),
        None if hours is None else round(hours * 3600),
    )


def spent(store: Store, run: int | None = None) -> Spent:
    """Over all runs, or by `run` alone; what is reserved counts as spent."""
    row = store.row(
        "SELECT coalesce(sum(spent_micros + reserved_micros), 0) AS micros,"
        " coalesce(sum(gpu_s + gpu_reserved_s), 0) AS gpu_s FROM run WHERE ? IS NULL OR id = ?",
        (run, run),
    )
    assert row is not None
    return Spent(row["micros"], row["gpu_s"])


def check(store: Store, limits: Limits, micros: int, gpu_s: int) -> None:
    """Raise LabError where a reservation would not fit. Nothing spends nothing, whatever the limit.

    Its facts: needs, spent, limit; `own`, whether it is the run's own limit; `passing`, whether it would fit once what
    the run itself has in flight is settled.
    """
    everyone, mine = spent(store), spent(store, limits.run)
    held = store.row("SELECT reserved_micros AS micros, gpu_reserved_s AS gpu_s FROM run WHERE id = ?", (limits.run,))
    assert held is not None
    for own, now, money, gpu in (
        (False, everyone, limits.money_micros, limits.gpu_s),
        (True, mine, limits.own_micros, limits.own_gpu_s),
    ):
        if micros and money is not None and now.micros + micros > money:
            passing = now.micros - held["micros"] + micros <= money
            raise LabError("budget.money", needs=micros, spent=now.micros, limit=money, own=own, passing=passing)
        if gpu_s and gpu is not None and now.gpu_s + gpu_s > gpu:
            passing = now.gpu_s - held["gpu_s"] + gpu_s <= gpu
            raise LabError("budget.gpu", needs=gpu_s, spent=now.gpu_s, limit=gpu, own=own, passing=passing)


def reserve(tx: Transaction, run: int, micros: int, gpu_s: int) -> None:
    """Set aside the worst case of an attempt, in the commit that dispatches it."""
    if micros or gpu_s:
        tx.execute(
            "UPDATE run SET reserved_micros = reserved_micros + ?, gpu_reserved_s = gpu_reserved_s + ? WHERE id = ?",
            (micros, gpu_s, run),
        )


def settle(tx: Transaction, attempt: str, micros: int, gpu_s: int) -> None:
    """Turn an attempt's reservation into what it cost, on its run and its visit."""
    row = tx.execute(
        "SELECT coalesce(attempt.run, visit.run), visit.id, reserved_micros, gpu_reserved_s FROM attempt"
        " JOIN step ON step.id = attempt.step JOIN visit ON visit.id = step.visit WHERE attempt.id = ?",
        (attempt,),
    ).fetchone()
    run, visit, reserved, gpu_reserved = row
    tx.execute("UPDATE attempt SET cost_micros = ?, gpu_s = ? WHERE id = ?", (micros, gpu_s, attempt))
    if micros or gpu_s or reserved or gpu_reserved:
        tx.execute(
            "UPDATE run SET reserved_micros = reserved_micros - ?, spent_micros = spent_micros + ?,"
            " gpu_reserved_s = gpu_reserved_s - ?, gpu_s = gpu_s + ? WHERE id = ?",
            (reserved, micros, gpu_reserved, gpu_s, run),
        )
        tx.execute(
            "UPDATE visit SET spent_micros = spent_micros + ?, gpu_s = gpu_s + ? WHERE id = ?", (micros, gpu_s, visit)
        )


def grant(tx: Transaction, key: str, value: float, word: str | None, run: int | None = None) -> None:
    """A person's new limit, `limits.money_usd` or `limits.gpu_hours`. project.toml is not touched."""
    tx.execute(
        "INSERT INTO setting (seq, run, key, value, word) VALUES (?,?,?,?,?)",
        (tx.seq, run, key, json.dumps(value), word),
    )
