"""Running a program once: permission, slot, submission, adoption, and again where it was lost.

Everything a model wrote runs as a job, LaTeX too. A job's folder is named by its attempt and starts at most once; an
engine that comes back waits on the folder it finds. What was lost is run again in a new folder; a failure is an Ending.
Called by `desk.run`.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

from ulid import ULID

from engine import bookkeeping, room
from engine.bench import Bench
from engine.experiments import harvest
from engine.experiments.contract import GB, Ending, Job, Look
from engine.experiments.slots import memory_each_b
from engine.reuse import recorded, runs_elsewhere
from engine.workshop import Experiment, Meaning, Workshop
from state import ledger
from state.errors import LabError, Plain
from state.events import Event
from state.journal import Step, fingerprint
from state.store import Transaction
from state.vocabulary import AttemptState, Choice, ExperimentState, StepState, Wait

LOOK_S, GPU_BUSY_S = 2.0, 30.0

LOSSES = 3
"""How often a job may be lost before the person is asked."""


async def run_job(bench: Bench, shop: Workshop, path: str, work: Job | Experiment, told: list[Event]) -> Ending:
    """How the job ended: recalled, adopted, reused, or run now."""
    job = work if isinstance(work, Job) else work.job()
    mark, meaning = fingerprint(["run", job.meaning()]), job.meaning()
    own = job.author == "lab"  # drawn by the lab's own code: an upgrade draws the next one better, this one stands
    found = bench.journal.peek(path) if own else bench.journal.recall(path, mark, meaning)
    if found is not None and found.state is not StepState.INTENT:
        told.clear()
        return Ending.of(found.value())
    what = None if isinstance(work, Job) else Meaning.of(work, job)
    losses = 0
    while True:
        if what is not None:
            job = limited(bench, shop, job)
        if found is not None and (attempt := flying(bench, found)) is not None:
            with shop.at(what):
                async with shop.slots.one(-1):  # before whatever is new: it runs already
                    ending = await _tried(bench, shop, found, attempt, job, what)
        else:
            await bench.gate()
            if bench.free_b() < room.DISK_FLOOR_B:  # as for calls: what it measures must find a place
                await bench.wait_for_disk(room.DISK_FLOOR_B)
                continue
            await _permission(bench, shop, job)
            if what is not None:
                if (reused := await recorded(bench, path, mark, what, found, told)) is not None:
                    return reused
                if bench.enough() and found is not None:  # it was stopped, and the person has enough
                    return await bookkeeping.ended_early(bench, found, "enough", told)
                if what.key in shop.under_way:  # the same experiment runs for somebody else: wait, then reuse it
                    await shop.under_way[what.key].wait()
                    continue
                if runs_elsewhere(bench, what, found):  # or will be taken up again by a run that is at work
                    await bench.bell.heard(LOOK_S)
                    continue
            with shop.at(what):
                if (refusal := _gpu_refused(bench, job)) is not None:
                    if refusal.facts["passing"]:  # it fits once what runs has ended
                        await bench.bell.heard(LOOK_S)
                        continue
                    if await _enough_of_gpus(bench, refusal) and what is not None:
                        if found is None:
                            found = await bench.commit(bench.journal.begin, path, "run", mark)
                        return await bookkeeping.ended_early(bench, found, refusal.key, told)
                    continue
                async with shop.slots.one():
                    if what is not None:
                        job = limited(bench, shop, job)  # what is in force now, not when it began to wait
                    attempt = str(ULID())
                    begun = await bench.commit(_begin, bench, shop, found, path, mark, job, what, attempt, told)
                    if begun is None:
                        continue
                    found = begun
                    told.clear()
                    bench.bell.ring()
                    ending = await _tried(bench, shop, found, attempt, job, what)
        if ending.state is ExperimentState.STOPPED or ending.state is ExperimentState.LOST:
            await bench.commit(bookkeeping.gone, bench, found, attempt, what, ending)
            bench.bell.ring()
            losses += ending.state is ExperimentState.LOST or ending.error == harvest.DISK_FULL
            if ending.error == "gpu.busy":  # every card is leased, by whoever shares this machine
                await asyncio.sleep(GPU_BUSY_S)
            if losses >= LOSSES:
                facts: dict[str, Plain] = {"what": "job_lost", "path": path, "why": ending.error}
                await bench.wait(Wait.TROUBLE, [Choice.RETRY, Choice.STOP], facts)
                losses = 0
            continue
        if what is not None and (reused := await recorded(bench, path, mark, what, found, told, attempt)) is not None:
            return reused  # another run measured the same meanwhile
        return await bookkeeping.finish(bench, found, attempt, job, what, ending, told)


def _begin(
    tx: Transaction,
    bench: Bench,
    shop: Workshop,
    found: Step | None,
    path: str,
    mark: str,
    job: Job,
    what: Meaning | None,
    attempt: str,
    told: list[Event],
) -> Step | None:
    """The intent; None where it may not be made any more: others were reserved for while it waited for a slot, or for
    room on a full disk."""
    if bench.held() or _gpu_refused(bench, job):
        return None
    return bookkeeping.begin(tx, bench, shop, found, path, mark, job, what, attempt, told)


def limited(bench: Bench, shop: Workshop, job: Job) -> Job:
    """An experiment under the limits that are in force now: time, disk, its share of the memory, how it stands back."""
    limits, asked = bench.live().limits, bench.live().experiments
    return replace(
        job,
        limits=replace(
            job.limits,
            wall_s=limits.run_time.total_seconds(),
            memory_b=memory_each_b(shop.slots.count, limits.memory_gb),
            disk_b=int(limits.disk_gb * GB),
            threads=asked.threads,
            nice=asked.nice,
        ),
    )


def flying(bench: Bench, step: Step) -> str | None:
    """The attempt at a step whose job may still run."""
    row = bench.store.row("SELECT id FROM attempt WHERE step = ? AND state = ?", (step.id, AttemptState.FLYING.value))
    return str(row["id"]) if row else None


async def _tried(bench: Bench, shop: Workshop, step: Step, attempt: str, job: Job, what: Meaning | None) -> Ending:
    """How an attempt ended. What keeps every attempt from running is the phase's to tell, and this one is over."""
    try:
        return await _until_ended(bench, shop, attempt, job)
    except LabError as error:
        stopped = Ending(ExperimentState.STOPPED, error=error.key)
        await bench.commit(bookkeeping.gone, bench, step, attempt, what, stopped)
        bench.bell.ring()
        raise


async def _until_ended(bench: Bench, shop: Workshop, attempt: str, job: Job) -> Ending:
    """Submit if it was not, and wait. A place that cannot start it tells why, and that is an ending too."""
    folder = bench.jobs / attempt
    try:
        if await shop.place.look(folder) is Look.PLANNED:
            await shop.place.submit(folder, job)
        ending = await _watched(bench, shop, folder)
    except LabError as error:
        if error.key == "data.missing":
            raise  # it says nothing about the program, and trying again would not help
        if error.key == "gpu.busy":
            return Ending(ExperimentState.STOPPED, error=error.key)
        if bench.free_b() >= harvest.SHORT_B:
            return Ending(ExperimentState.LOST, error=str(error))
        ending = Ending(ExperimentState.STOPPED, error=harvest.DISK_FULL)  # its shim found no room to begin in
    except OSError as error:
        if not room.is_full(error):
            raise
        ending = Ending(ExperimentState.STOPPED, error=harvest.DISK_FULL)
    if ending.error == harvest.DISK_FULL:
        await bench.wait_for_disk(0)
    return ending


async def _watched(bench: Bench, shop: Workshop, folder: Path) -> Ending:
    """Until it has ended. A disk that is full meanwhile is a pause that a person sees: the end cannot be written."""
    ending = asyncio.ensure_future(shop.place.wait(folder))
    try:
        while not (await asyncio.wait({ending}, timeout=LOOK_S))[0]:
            if bench.free_b() < harvest.SHORT_B:
                await bench.wait_for_disk(0)
        return ending.result()
    finally:
        ending.cancel()


async def _permission(bench: Bench, shop: Workshop, job: Job) -> None:
    """What a model wrote runs without a sandbox only where the person signed for it."""
    while job.author == "model" and not shop.permitted(job, bench.run):
        await bench.wait(Wait.SANDBOX, [Choice.BASIC, Choice.STOP], {"tier": shop.place.tier})
        await bench.gate()


def _gpu_refused(bench: Bench, job: Job) -> LabError | None:
    """Why the job's time limit does not fit what is left of the GPU-hours, if it does not."""
    if not job.gpu:
        return None
    try:
        limits = ledger.limits(bench.store, bench.run, bench.live().limits)
        ledger.check(bench.store, limits, 0, round(job.limits.wall_s))
    except LabError as error:
        return error
    return None


async def _enough_of_gpus(bench: Bench, refusal: LabError) -> bool:
    """The person is asked for more GPU-hours, unless they said already that there is enough."""
    if not bench.enough():
        needs, spent, limit = (refusal.facts[name] for name in ("needs", "spent", "limit"))
        assert isinstance(needs, int) and isinstance(spent, int) and isinstance(limit, int)
        facts: dict[str, Plain] = {
            "key": refusal.key,
            "needs_gpu_hours": needs / 3600,
            "spent_gpu_hours": spent / 3600,
            "limit_gpu_hours": limit / 3600,
            "own": refusal.facts["own"],
        }
        await bench.wait(Wait.BUDGET, [Choice.RAISE, Choice.ENOUGH, Choice.STOP], facts)
    return bench.enough()
