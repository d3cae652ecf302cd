"""One open visit at work: its desk is laid, its phase is played, and what ends it early is watched for.

Ends by the phase handing in (the visit is closed then), by a decision that supersedes the visit, or by trouble, which
pauses the run with the trace in the log. Called by `lab.py`.
"""

from __future__ import annotations

import asyncio
import importlib
import json
import logging
from collections.abc import Callable
from dataclasses import dataclass

from engine.bench import Bell, Bench
from engine.calls import Line
from engine.desk import Desk
from engine.frame import Frame
from engine.live import Live
from engine.models.base import Model
from engine.opening import inputs_of
from engine.workshop import Workshop
from state.errors import LabError, Plain
from state.journal import Diverged, Journal
from state.lineage import Visit
from state.places import Places
from state.profiles import Choice as ModelChoice
from state.store import Store, Transaction
from state.vocabulary import Choice, Phase, Role, VisitState, Wait

log = logging.getLogger("engine")

ENDS_VISIT = (Choice.SEND_BACK.value, Choice.GO_BACK.value, Choice.NEW_VISIT.value)


@dataclass
class Surroundings:
    """What every visit of this engine shares."""

    store: Store
    places: Places
    bell: Bell
    live: Live
    workshop: Workshop
    choose: Callable[[int, Phase, Role], ModelChoice]
    """Who plays a role of a phase of a run now."""
    model: Callable[[ModelChoice], Model]
    engine: int
    gpu: bool


def lay(around: Surroundings, run: int, visit: Visit) -> Desk:
    """The desk of an open visit, with its journal read."""
    frame = Frame.of(around.store.get(visit.frame).decode())
    lenient = around.store.row(
        "SELECT 1 FROM wait WHERE run = ? AND visit = ? AND why = 'divergence' AND choice = 'keep'", (run, visit.id)
    )
    journal = Journal(around.store, run, visit.id, lenient=lenient is not None)
    bench = Bench(around.store, around.places, run, visit, frame, journal, around.bell, lambda: around.live.of(run))
    line = Line(lambda role: around.choose(run, visit.phase, role), around.model, around.engine)
    return Desk(bench, line, around.workshop, inputs_of(around.store, run, visit, frame), visit.label)


async def work(around: Surroundings, run: int, visit: Visit) -> None:
    """Play the visit's phase until the visit is closed or superseded, or the run stands still for a person."""
    desk = lay(around, run, visit)
    await _may_begin(desk.bench)
    if ending_decision(around.store, run, visit) is not None:
        return
    phase = asyncio.create_task(_play(desk), name=visit.label)
    over = asyncio.create_task(_called_off(around, run, visit))
    try:
        await asyncio.wait({phase, over}, return_when=asyncio.FIRST_COMPLETED)
        if phase.done() and not phase.cancelled():
            await _ended(around, run, visit, desk, phase)
    finally:
        for task in (phase, over):
            task.cancel()
        await desk.end()
        await asyncio.gather(phase, over, return_exceptions=True)
        if over.done() and not over.cancelled() and over.exception() is None:
            await stop_jobs(around, visit)


async def _may_begin(bench: Bench) -> None:
    """Until nothing holds the run; a decision that ends the visit lets through too, to be acted on."""
    while bench.held() and ending_decision(bench.store, bench.run, bench.visit) is None:
        await bench.bell.heard()


async def _play(desk: Desk) -> object:
    """The phase's own function, found by the phase's name."""
    return await importlib.import_module(f"engine.phases.{desk.bench.phase.value}").run(desk)


async def _called_off(around: Surroundings, run: int, visit: Visit) -> None:
    """Until a decision ends the visit in the midst of its work."""
    while ending_decision(around.store, run, visit) is None:
        await around.bell.heard()


def ending_decision(store: Store, run: int, visit: Visit) -> tuple[int, str, dict[str, Plain]] | None:
    """The wait whose decision supersedes this visit and was not acted on: (id, choice, answer)."""
    marks = ",".join("?" * len(ENDS_VISIT))
    row = store.row(
        f"SELECT id, choice, answer FROM wait WHERE run = ? AND visit = ? AND choice IN ({marks})"
        " AND id NOT IN (SELECT opened_by FROM visit WHERE opened_by IS NOT NULL) ORDER BY id LIMIT 1",
        (run, visit.id, *ENDS_VISIT),
    )
    if row is None:
        return None
    return int(row["id"]), str(row["choice"]), json.loads(row["answer"] or "{}") or {}


async def stop_jobs(around: Surroundings, visit: Visit) -> None:
    """End the jobs of a visit that is superseded or stopped."""
    rows = around.store.rows(
        "SELECT attempt.id FROM attempt JOIN step ON step.id = attempt.step"
        " WHERE step.visit = ? AND attempt.kind = 'job' AND attempt.state = 'flying'",
        (visit.id,),
    )
    for row in rows:
        await around.workshop.place.stop(around.places.jobs / row["id"])


async def _ended(around: Surroundings, run: int, visit: Visit, desk: Desk, phase: asyncio.Task[object]) -> None:
    """The phase function came to an end: closed, empty-handed, diverged or broken."""
    error = phase.exception()
    bench = desk.bench
    if isinstance(error, Diverged):
        await _diverged(around, bench, error)
        return
    if error is not None:
        log.error("%s broke", visit.label, exc_info=error)
        key: Plain = error.key if isinstance(error, LabError) else type(error).__name__
        facts: dict[str, Plain] = {"what": "phase_broke", "error": key, "why": str(error)[:2000]}
        choices = [Choice.RETRY, Choice.SEND_BACK, Choice.GO_BACK, Choice.STOP]
        await bench.wait(Wait.TROUBLE, choices, facts)
        return
    row = around.store.row("SELECT state FROM visit WHERE id = ?", (visit.id,))
    assert row is not None
    if row["state"] == VisitState.OPEN:  # empty-handed: a checkpoint, never an empty product passed on
        newest = around.store.row("SELECT max(id) AS id FROM product WHERE visit = ?", (visit.id,))
        await bench.wait(
            Wait.CHECKPOINT,
            [Choice.SEND_BACK, Choice.GO_BACK, Choice.STOP],
            {"unfinished": True},
            product=newest["id"] if newest else None,
        )


async def _diverged(around: Surroundings, bench: Bench, error: Diverged) -> None:
    """The code asks for something else than is recorded: the person chooses what to trust."""
    later = around.store.row(
        "SELECT count(*) AS steps, coalesce(sum(cost_micros), 0) AS micros FROM step"
        " LEFT JOIN attempt ON attempt.step = step.id WHERE visit = ? AND step.id >= ? AND superseded_seq IS NULL",
        (bench.visit.id, error.step.id),
    )
    assert later is not None
    facts: dict[str, Plain] = {
        "path": error.step.path,
        "recorded": error.step.fingerprint,
        "asked": error.fingerprint,
        "meaning": json.dumps(error.meaning, ensure_ascii=False)[:2000],
        "steps": later["steps"],
        "usd": later["micros"] / 1e6,
    }
    decision = await bench.wait(Wait.DIVERGENCE, [Choice.KEEP, Choice.ANEW, Choice.NEW_VISIT, Choice.STOP], facts)
    if decision.choice is Choice.ANEW:
        await stop_jobs(around, bench.visit)
        await bench.commit(_anew, bench, error)


def _anew(tx: Transaction, bench: Bench, error: Diverged) -> None:
    bench.journal.supersede_from(tx, error.step)
