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
from dataclasses import dataclass, field

from engine import ghosts
from engine.bell import Bell
from engine.bench import Bench, held
from engine.calls import Line
from engine.desk import Desk
from engine.frame import Frame
from engine.live import Live
from engine.models.base import Model
from engine.opening import inputs_of
from engine.workshop import Workshop
from state import lineage
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
    cards: int
    """GPUs of this machine."""
    playing: set[int] = field(default_factory=set)
    """Runs whose visit is played now: they wait for their jobs themselves."""
    ready: asyncio.Future[None] | None = None
    """Done once what a phase can need is imported; words are taken up before."""

    @property
    def gpu(self) -> bool:
        return self.cards > 0


def lay(around: Surroundings, run: int, visit: Visit) -> Desk:
    """The desk of an open visit, with its journal read."""
    frame = Frame.of(around.store.get(visit.frame).decode())
    lenient = around.store.row(
        "SELECT 1 FROM wait WHERE run = ? AND visit = ? AND why = 'divergence' AND choice = 'keep'", (run, visit.id)
    )
    journal = Journal(around.store, run, visit.id, lenient=lenient is not None)
    bench = Bench(around.store, around.places, run, visit, frame, journal, around.bell, lambda: around.live.of(run))
    line = Line(lambda role: around.choose(run, visit.phase, role), around.model, around.engine)
    inputs = inputs_of(around.store, run, visit, frame, around.places.folder)
    return Desk(bench, line, around.workshop, inputs, visit.label)


async def work(around: Surroundings, run: int, visit: Visit) -> None:
    """Play the visit's phase until the visit is closed or superseded, or the run stands still for a person."""
    await _may_begin(around, run, visit)
    if around.ready is not None:
        await asyncio.shield(around.ready)
    if ending_decision(around.store, run, visit) is not None:
        return
    desk = lay(around, run, visit)
    over = asyncio.create_task(_called_off(around, run, visit))
    phase = asyncio.create_task(_play(desk), name=visit.label)
    ended: asyncio.Task[None] | None = None
    around.playing.add(run)
    try:
        await asyncio.wait({phase, over}, return_when=asyncio.FIRST_COMPLETED)
        if phase.done() and not over.done():
            await desk.end()  # what it started side by side asks for nothing more
            ended = asyncio.create_task(_ended(around, run, visit, desk, phase))
            await asyncio.wait({ended, over}, return_when=asyncio.FIRST_COMPLETED)
            if ended.done():
                await ended
    finally:
        tasks = [task for task in (phase, over, ended) if task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await desk.end()
        around.playing.discard(run)


async def _may_begin(around: Surroundings, run: int, visit: Visit) -> None:
    """Until nothing holds the run; a decision that ends the visit lets through too, to be acted on."""
    while held(around.store, run) and ending_decision(around.store, run, visit) is None:
        await around.bell.heard()


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


async def stop_jobs(around: Surroundings, run: int, visit: Visit) -> None:
    """Ask for the end of a run's jobs in a visit; whoever plays it writes down how they ended."""
    ended = ghosts.stop if run in around.playing else ghosts.put_down
    await ended(around.store, around.places, around.workshop.place, run, visit.id)


async def _ended(around: Surroundings, run: int, visit: Visit, desk: Desk, phase: asyncio.Task[object]) -> None:
    """The phase function came to an end: closed, empty-handed, diverged or broken."""
    error = phase.exception()
    bench = desk.bench
    await bench.commit(_close_orphans, run, visit.id)
    if isinstance(error, Diverged):
        await _diverged(around, bench, error)
        return
    if isinstance(error, OSError) and not around.places.lab.is_dir():
        raise error  # the project was moved or removed: no trouble of the run's, and who walks it looks for that
    if error is not None:
        log.error("%s broke", visit.label, exc_info=error)
        choices = [Choice.RETRY, Choice.SEND_BACK, Choice.GO_BACK, Choice.STOP]
        await bench.wait(Wait.TROUBLE, choices, broke(error))
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


def broke(error: BaseException) -> dict[str, Plain]:
    """The facts of a trouble: a fault that has a name is told by it, in the person's language."""
    if isinstance(error, LabError):
        return {"what": "phase_broke", "error": error.key, "key": error.key, "facts": error.facts}
    return {"what": "phase_broke", "error": type(error).__name__, "why": str(error)[:2000]}


def _close_orphans(tx: Transaction, run: int, visit: int) -> None:
    """Waits for the world that the phase left behind: nobody looks any more whether their reason is gone."""
    for (wait,) in tx.execute(
        "SELECT id FROM wait WHERE run = ? AND visit = ? AND closed_seq IS NULL"
        " AND why IN ('network', 'disk', 'auth', 'backoff', 'budget')",
        (run, visit),
    ).fetchall():
        lineage.close_wait(tx, wait)


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
    asked = around.store.row(
        "SELECT choice FROM wait WHERE run = ? AND visit = ? AND why = 'divergence' AND choice IS NOT NULL"
        " AND json_extract(facts, '$.path') = ? AND json_extract(facts, '$.recorded') = ?"
        " AND json_extract(facts, '$.asked') = ? ORDER BY id DESC LIMIT 1",
        (bench.run, bench.visit.id, error.step.path, error.step.fingerprint, error.fingerprint),
    )
    if asked is None:
        choices = [Choice.KEEP, Choice.ANEW, Choice.NEW_VISIT, Choice.STOP]
        choice = (await bench.wait(Wait.DIVERGENCE, choices, facts)).choice
    else:  # decided while no engine worked
        choice = Choice(asked["choice"])
    if choice is Choice.ANEW:
        await bench.commit(_anew, bench, error)
        await ghosts.end(around.store, around.places, around.workshop.place)


def _anew(tx: Transaction, bench: Bench, error: Diverged) -> None:
    bench.journal.supersede_from(tx, error.step)
