"""At start: whole replies are taken in, deaths are counted, waits for the world are opened anew.

What the engine before left in flight is settled by what lies in the attempts' folders, never by guessing. Jobs are not
touched here: the visit at work finds them by their attempts and waits on their folders. Called once by the lab.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from sqlite3 import Row

from engine.calls import doubt, nothing_sent, receive
from engine.models.base import Reply
from engine.replies import from_plain
from engine.setbacks import DIED, ENGINE_BEGAN
from state import durable, lineage, profiles
from state.errors import LabError
from state.events import EngineDied
from state.journal import Journal
from state.places import Places
from state.store import Store, Transaction
from state.vocabulary import Choice, Role, Wait

DEATHS = 3
"""After so many deaths on the same step without progress the run pauses and says so."""


def death_limit() -> int:
    """0 switches the pause off, for tests that kill the engine on purpose."""
    return int(os.environ.get("NIGHTLAB_DEATH_LIMIT", str(DEATHS)))


def recover(store: Store, places: Places) -> None:
    """Settle what an engine that died left behind."""
    died = store.rows("SELECT id, pid FROM engine WHERE ended_at IS NULL ORDER BY id")
    died = died[:-1]  # the last one is this engine
    doubtful, micros = 0, 0
    rows = store.rows(
        "SELECT attempt.id, attempt.model, attempt.engine, attempt.reserved_micros,"
        " step.id AS step, step.visit, step.path, step.role"
        " FROM attempt JOIN step ON step.id = attempt.step WHERE attempt.state = 'flying' AND attempt.kind = 'call'"
    )
    for row in rows:
        folder = places.calls / row["id"]
        visit = store.row("SELECT run FROM visit WHERE id = ?", (row["visit"],))
        assert visit is not None
        reply = _whole(folder)
        journal = Journal(store, visit["run"], row["visit"])
        step = journal.peek(row["path"])
        if reply is not None and step is not None and step.id == row["step"]:
            cost = _cost(row, reply)
            with store.transaction() as tx:
                receive(tx, journal, step, row["id"], Role(row["role"]), reply, cost)
            (folder / "part").unlink(missing_ok=True)
            continue
        with store.transaction() as tx:
            _count(tx, row["step"], row["visit"], row["engine"])
            if reply is not None:  # whole, for a step that was superseded meanwhile: it costs what it costs
                doubt(tx, row["id"], _cost(row, reply), "superseded")
            elif (folder / "sent").exists():
                doubtful, micros = doubtful + 1, micros + row["reserved_micros"]
                doubt(tx, row["id"], row["reserved_micros"], DIED)
            else:
                nothing_sent(tx, row["id"], DIED)
    with store.transaction() as tx:
        for engine in died:
            tx.event(EngineDied(engine["pid"], doubtful, micros))
            tx.execute("UPDATE engine SET ended_at = ?, why = 'died' WHERE id = ?", (tx.at, engine["id"]))
            doubtful, micros = 0, 0
        if died:
            for step, visit in tx.execute(
                "SELECT id, visit FROM step WHERE state = 'intent' AND kind = 'step' AND superseded_seq IS NULL"
            ).fetchall():
                _count(tx, step, visit, died[-1]["id"])
        for (wait,) in tx.execute(
            "SELECT id FROM wait WHERE closed_seq IS NULL AND why IN (?, ?, ?, ?)",
            (Wait.BACKOFF.value, Wait.NETWORK.value, Wait.DISK.value, Wait.AUTH.value),
        ).fetchall():
            lineage.close_wait(tx, wait, answer=ENGINE_BEGAN)
    _count_deaths(store)


def _count(tx: Transaction, step: int, visit: int, engine: int) -> None:
    """One death more on a step; the first one, if the engine that died had brought the visit on."""
    progress = tx.execute(
        "SELECT 1 FROM attempt JOIN step ON step.id = attempt.step"
        " WHERE step.visit = ? AND attempt.engine = ? AND attempt.state = 'done' AND step.id != ?",
        (visit, engine, step),
    ).fetchone()
    deaths = "1" if progress else "deaths + 1"
    tx.execute(f"UPDATE step SET deaths = {deaths} WHERE id = ?", (step,))


def _whole(folder: Path) -> Reply | None:
    try:
        return from_plain(durable.read_json(folder / "done.json"))
    except (FileNotFoundError, LabError, LookupError, TypeError, ValueError):
        return None


def _cost(attempt: Row, reply: Reply) -> int:
    """What a reply that was found whole costs, by the price of its model as it is now; of a model that no profile has
    any more, what was set aside for it."""
    try:
        return profiles.parse(attempt["model"] or "").cost(reply.usage)
    except LabError:
        return int(attempt["reserved_micros"])


def _count_deaths(store: Store) -> None:
    limit = death_limit()
    if not limit:
        return
    for row in store.rows(
        "SELECT step.id, step.path, step.deaths, visit.id AS visit, lineage.run FROM step"
        " JOIN visit ON visit.id = step.visit JOIN lineage ON lineage.visit = visit.id"
        " WHERE step.state = 'intent' AND deaths >= ? AND step.superseded_seq IS NULL"
        " AND lineage.superseded_seq IS NULL AND visit.state = 'open'",
        (limit,),
    ):
        known = store.row("SELECT 1 FROM wait WHERE run = ? AND why = 'trouble' AND closed_seq IS NULL", (row["run"],))
        if known is None:
            with store.transaction() as tx:
                lineage.open_wait(
                    tx,
                    row["run"],
                    Wait.TROUBLE,
                    [Choice.RETRY.value, Choice.STOP.value],
                    {"what": "deaths", "path": row["path"], "deaths": row["deaths"]},
                    visit=row["visit"],
                )


def sweep_calls(store: Store, places: Places) -> None:
    """Parts of replies whose step is over are for nobody any more."""
    for part in places.calls.glob("*/part"):
        row = store.row("SELECT state FROM attempt WHERE id = ?", (part.parent.name,))
        if row is None or row["state"] != "flying":
            if row is None:
                shutil.rmtree(part.parent, ignore_errors=True)
            else:
                part.unlink(missing_ok=True)
