"""Running a program once: reuse by meaning, reservation, slot, submission, adoption, results.

Everything a model wrote runs as a job, LaTeX too. A job's folder is named by its attempt and starts at most once; an
engine that comes back waits on the folder it finds. What was lost is run again in a new folder; a failure is an Ending.
Called by `desk.run`.
"""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from functools import partial
from pathlib import Path

from ulid import ULID

from engine import room
from engine.bench import Bench
from engine.experiments import final_info, harvest
from engine.experiments.contract import GB, Ending, Job, Look
from engine.experiments.slots import memory_each_b
from engine.workshop import Experiment, Meaning, Workshop
from state import durable, ledger, results
from state.errors import LabError, Plain
from state.events import Event, ExperimentBegan, ExperimentEnded, ExperimentReused, JobBegan, JobEnded
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
                    ending = await _until_ended(bench, shop, attempt, job)
        else:
            await bench.gate()
            if bench.free_b() < room.DISK_FLOOR_B:  # as for calls: what it measures must find a place
                await bench.wait_for_disk(room.DISK_FLOOR_B)
                continue
            await _permission(bench, shop, job)
            if what is not None:
                if (reused := await _reuse(bench, path, mark, what, found, told)) is not None:
                    return reused
                if bench.enough() and found is not None:  # it was stopped, and the person has enough
                    return await _ended_early(bench, found, "enough", told)
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
                        return await _ended_early(bench, found, refusal.key, told)
                    continue
                async with shop.slots.one():
                    if what is not None:
                        job = limited(bench, shop, job)  # what is in force now, not when it began to wait
                    if bench.held() or _gpu_refused(bench, job):  # others were reserved for meanwhile
                        continue
                    attempt = str(ULID())
                    found = await bench.commit(_begin, bench, shop, found, path, mark, job, what, attempt, told)
                    told.clear()
                    bench.bell.ring()
                    ending = await _until_ended(bench, shop, attempt, job)
        if ending.state is ExperimentState.STOPPED or ending.state is ExperimentState.LOST:
            await bench.commit(_gone, bench, found, attempt, what, ending)
            bench.bell.ring()
            losses += ending.state is ExperimentState.LOST or ending.error == harvest.DISK_FULL
            if ending.error == "gpu.busy":  # every card is leased, by whoever shares this machine
                await asyncio.sleep(GPU_BUSY_S)
            if losses >= LOSSES:
                facts: dict[str, Plain] = {"what": "job_lost", "path": path, "why": ending.error}
                await bench.wait(Wait.TROUBLE, [Choice.RETRY, Choice.STOP], facts)
                losses = 0
            continue
        if what is not None and (reused := await _reuse(bench, path, mark, what, found, told, attempt)) is not None:
            return reused  # another run measured the same meanwhile
        return await _finish(bench, found, attempt, job, what, ending, told)


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


async def _ended_early(bench: Bench, step: Step, why: str, told: list[Event]) -> Ending:
    """An experiment that is not run again: the person has enough, and the phase hands in what there is."""
    ending = Ending(ExperimentState.STOPPED, error=why)
    await bench.commit(bench.journal.finish, step, ending.plain(), told=told)
    told.clear()
    bench.bell.ring()
    return ending


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


def flying(bench: Bench, step: Step) -> str | None:
    """The attempt at a step whose job may still run."""
    row = bench.store.row("SELECT id FROM attempt WHERE step = ? AND state = ?", (step.id, AttemptState.FLYING.value))
    return str(row["id"]) if row else None


async def _until_ended(bench: Bench, shop: Workshop, attempt: str, job: Job) -> Ending:
    """Submit if it was not, and wait. A place that cannot start it tells why, and that is an ending too."""
    folder = bench.jobs / attempt
    try:
        if await shop.place.look(folder) is Look.PLANNED:
            await shop.place.submit(folder, job)
        ending = await _watched(bench, shop, folder)
    except LabError as error:
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


async def _reuse(
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
        _gone(tx, bench, found, attempt, what, Ending(ExperimentState.STOPPED, error="measured elsewhere"))
    step = found or bench.journal.begin(tx, path, "run", mark, told=told)
    reused = ExperimentReused(experiment, what.program, what.seed)
    bench.journal.finish(tx, step, json.loads(outcome), told=[reused])
    tx.execute("INSERT OR IGNORE INTO used (visit, experiment) VALUES (?,?)", (bench.visit.id, experiment))


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


def _begin(
    tx: Transaction,
    bench: Bench,
    shop: Workshop,
    step: Step | None,
    path: str,
    mark: str,
    job: Job,
    what: Meaning | None,
    attempt: str,
    told: list[Event],
) -> Step:
    """The intent: step, attempt, reservation, and the experiment's number."""
    step = step or bench.journal.begin(tx, path, "run", mark, told=told)
    n = tx.execute("SELECT count(*) FROM attempt WHERE step = ?", (step.id,)).fetchone()[0] + 1
    gpu_s = round(job.limits.wall_s) if job.gpu else 0
    tx.execute(
        "INSERT INTO attempt (id, step, n, kind, run, engine, state, reserved_micros, cost_micros, input, cache_read,"
        " cache_write, output, estimated, gpu_reserved_s, gpu_s, begun_at)"
        " VALUES (?,?,?,'job',?,?,?,0,0,0,0,0,0,0,?,0,?)",
        (attempt, step.id, n, bench.run, shop.engine, AttemptState.FLYING.value, gpu_s, tx.at),
    )
    ledger.reserve(tx, bench.run, 0, gpu_s)
    if what is None:
        tx.event(JobBegan(path, job.kind, attempt), bench.run, bench.visit.id, step.id)
        return step
    row = tx.execute(
        "SELECT id FROM experiment WHERE code = ? AND setting = ? AND data = ? AND seed = ? AND program = ?"
        " AND state NOT IN ('finished', 'failed', 'running') ORDER BY id DESC LIMIT 1",
        (*what.key, what.program),
    ).fetchone()
    if row is not None:  # lost, stopped or at its limit before: the same number goes on with a new attempt
        id = int(row[0])
        tx.execute(
            "UPDATE experiment SET attempt = ?, state = ?, error = NULL, begun_at = ?, ended_at = NULL, limit_s = ?"
            " WHERE id = ?",
            (attempt, ExperimentState.RUNNING.value, tx.at, round(job.limits.wall_s), id),
        )
    else:
        id = tx.insert(
            "INSERT INTO experiment (run, visit, program, code, setting, data, seed, attempt, state, limit_s, tier,"
            " machine, begun_at) VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?)",
            (
                bench.run,
                bench.visit.id,
                what.program,
                what.code,
                what.setting,
                what.data,
                what.seed,
                attempt,
                ExperimentState.RUNNING.value,
                round(job.limits.wall_s),
                shop.place.tier,
                shop.machine,
                tx.at,
            ),
        )
    tx.execute("INSERT OR IGNORE INTO used (visit, experiment) VALUES (?,?)", (bench.visit.id, id))
    tx.event(ExperimentBegan(id, what.program, what.seed), bench.run, bench.visit.id, step.id)
    return step


def _gone(tx: Transaction, bench: Bench, step: Step, attempt: str, what: Meaning | None, ending: Ending) -> None:
    """An attempt that says nothing about the program: stopped by a person, or lost."""
    lost = ending.state is ExperimentState.LOST
    tx.execute(
        "UPDATE attempt SET state = ?, error = ?, ended_at = ? WHERE id = ?",
        ((AttemptState.LOST if lost else AttemptState.FAILED).value, ending.error, tx.at, attempt),
    )
    reserved = tx.execute("SELECT gpu_reserved_s FROM attempt WHERE id = ?", (attempt,)).fetchone()[0]
    ledger.settle(tx, attempt, 0, round(ending.took_s) if reserved else 0)
    _experiment_over(tx, bench, step, attempt, ending, what)


def _experiment_over(
    tx: Transaction, bench: Bench, step: Step, attempt: str, ending: Ending, what: Meaning | None
) -> int | None:
    if what is None:
        return None
    row = tx.execute("SELECT id FROM experiment WHERE attempt = ?", (attempt,)).fetchone()
    tx.execute(
        "UPDATE experiment SET state = ?, error = ?, ended_at = ? WHERE id = ?",
        (ending.state.value, ending.error or None, tx.at, row[0]),
    )
    ended = ExperimentEnded(int(row[0]), what.program, what.seed, ending.state.value)
    tx.event(ended, bench.run, bench.visit.id, step.id)
    return int(row[0])


async def _finish(
    bench: Bench, step: Step, attempt: str, job: Job, what: Meaning | None, ending: Ending, told: list[Event]
) -> Ending:
    """The outcome, with the measured values, in one commit. Files lie in blobs before it."""
    work = bench.jobs / attempt / "work"
    values: list[results.Measured] = []
    if what is not None and ending.ok:
        try:
            values = [
                results.Measured(
                    what.program,
                    one.dataset,
                    one.metric,
                    what.seed,
                    one.value,
                    one.stderr,
                    one.censored,
                    0,
                    one.file,
                    one.sha256,
                )
                for one in final_info.results(work, harvest.out_dir(job.argv))
            ]
        except LabError as error:
            why = str(error.facts.get("why", error.key))
            ending = replace(ending, state=ExperimentState.FAILED, error=why)
    for name, file in ending.files.items():
        await bench.with_room(partial(bench.store.put, durable.read_beneath(work, name, file.size_b)))
    ended = await bench.commit(_end, bench, step, attempt, what, ending, values, told)
    told.clear()
    bench.bell.ring()
    return ended


def _end(
    tx: Transaction,
    bench: Bench,
    step: Step,
    attempt: str,
    what: Meaning | None,
    ending: Ending,
    values: list[results.Measured],
    told: list[Event],
) -> Ending:
    tx.execute(
        "UPDATE attempt SET state = ?, error = ?, ended_at = ? WHERE id = ?",
        (AttemptState.DONE.value, ending.error or None, tx.at, attempt),
    )
    reserved = tx.execute("SELECT gpu_reserved_s FROM attempt WHERE id = ?", (attempt,)).fetchone()[0]
    ledger.settle(tx, attempt, 0, round(ending.took_s) if reserved else 0)
    number = _experiment_over(tx, bench, step, attempt, ending, what)
    if number is not None:
        results.record(tx, [replace(value, experiment=number) for value in values])
    over: list[Event] = [] if what is not None else [JobEnded(step.path, "job", ending.state.value)]
    bench.journal.finish(tx, step, ending.plain(), told=[*told, *over])
    return ending
