"""Running a program once: reuse by meaning, reservation, slot, submission, adoption, results.

Everything a model wrote runs as a job, LaTeX too. A job's folder is named by its attempt and starts at most once; an
engine that comes back waits on the folder it finds. What was lost is run again in a new folder; a failure is an Ending.
Called by `desk.run`.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Protocol

from ulid import ULID

from engine.bench import Bench
from engine.experiments import harvest
from engine.experiments.contract import Ending, Job, Look, Place
from engine.experiments.slots import Slots
from state import durable, ledger, results
from state.errors import LabError, Plain
from state.events import Event, ExperimentBegan, ExperimentEnded, ExperimentReused, JobBegan, JobEnded
from state.journal import Step, fingerprint
from state.store import Transaction, canonical, sha256
from state.vocabulary import AttemptState, Choice, ExperimentState, StepState, Wait

LOSSES = 3
"""How often a job may be lost before the person is asked."""


class Named(Protocol):
    @property
    def name(self) -> str: ...


class Experiment(Protocol):
    """A program and a seed; `job()` is what runs."""

    @property
    def program(self) -> Named: ...

    @property
    def seed(self) -> int: ...

    def job(self) -> Job: ...


@dataclass
class Workshop:
    """Where jobs run now, how many at a time, and what may run without a sandbox. Live."""

    place: Place
    slots: Slots
    engine: int
    machine: str
    permitted: Callable[[Job], bool]
    """Whether a job may run in the place's tier; where not, the person is asked."""
    under_way: dict[tuple[str, str, str, int], asyncio.Event] = field(default_factory=dict)


@dataclass(frozen=True)
class Meaning:
    """What makes an experiment this one and no other: code, setting, data, seed."""

    program: str
    code: str
    setting: str
    data: str
    seed: int

    @property
    def key(self) -> tuple[str, str, str, int]:
        return (self.code, self.setting, self.data, self.seed)

    @classmethod
    def of(cls, experiment: Experiment, job: Job) -> Meaning:
        told = job.meaning()
        files, env = told["files"], told["env"]
        assert isinstance(files, dict) and isinstance(env, dict)
        code: Plain = {name: sha for name, sha in files.items() if name != "load_data.py"}
        setting: Plain = {"argv": told["argv"], "env": {key: env[key] for key in env if key != "SEED"}}
        data: Plain = {"load_data.py": files.get("load_data.py"), "data": told["data"]}
        return cls(experiment.program.name, _hash(code), _hash(setting), _hash(data), experiment.seed)


def out_dir(job: Job) -> str:
    """The folder that a program was told to write its results to: `--out_dir=run_1`."""
    return next((word.removeprefix("--out_dir=") for word in job.argv if word.startswith("--out_dir=")), "run_1")


def _hash(value: Plain) -> str:
    return sha256(canonical(value).encode())


async def run_job(bench: Bench, shop: Workshop, path: str, work: Job | Experiment, told: list[Event]) -> Ending:
    """How the job ended: recalled, adopted, reused, or run now."""
    job = work if isinstance(work, Job) else work.job()
    mark, meaning = fingerprint(["run", job.meaning()]), job.meaning()
    found = bench.journal.recall(path, mark, meaning)
    if found is not None and found.state is not StepState.INTENT:
        told.clear()
        return Ending.of(found.value())
    what = None if isinstance(work, Job) else Meaning.of(work, job)
    losses = 0
    while True:
        if found is not None and (attempt := flying(bench, found)) is not None:
            async with shop.slots.one(-1):  # before whatever is new: it runs already
                ending = await _until_ended(bench, shop, attempt, job)
        else:
            await bench.gate()
            await _permission(bench, shop, job)
            if what is not None:
                if (reused := await _reuse(bench, path, mark, what, found, told)) is not None:
                    return reused
                if what.key in shop.under_way:  # the same experiment runs for somebody else: wait, then reuse it
                    await shop.under_way[what.key].wait()
                    continue
                shop.under_way[what.key] = asyncio.Event()
            try:
                if not await _gpu_time(bench, job):
                    continue
                async with shop.slots.one():
                    if bench.held():
                        continue
                    attempt = str(ULID())
                    found = await bench.commit(_begin, bench, shop, found, path, mark, job, what, attempt, told)
                    told.clear()
                    bench.bell.ring()
                    ending = await _until_ended(bench, shop, attempt, job)
            finally:
                if what is not None and (over := shop.under_way.pop(what.key, None)) is not None:
                    over.set()
        if ending.state is ExperimentState.STOPPED or ending.state is ExperimentState.LOST:
            await bench.commit(_gone, bench, found, attempt, what, ending, job)
            bench.bell.ring()
            losses += ending.state is ExperimentState.LOST
            if losses >= LOSSES:
                facts: dict[str, Plain] = {"what": "job_lost", "path": path, "why": ending.error}
                await bench.wait(Wait.TROUBLE, [Choice.RETRY, Choice.STOP], facts)
                losses = 0
            continue
        return await _finish(bench, found, attempt, job, what, ending, told)


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
        return await shop.place.wait(folder)
    except LabError as error:
        if error.key == "gpu.busy":
            return Ending(ExperimentState.STOPPED, error=error.key)
        return Ending(ExperimentState.LOST, error=str(error))


async def _permission(bench: Bench, shop: Workshop, job: Job) -> None:
    """What a model wrote runs without a sandbox only where the person signed for it."""
    while job.author == "model" and not shop.permitted(job):
        await bench.wait(Wait.SANDBOX, [Choice.BASIC, Choice.STOP], {"tier": shop.place.tier})
        await bench.gate()


async def _reuse(
    bench: Bench, path: str, mark: str, what: Meaning, found: Step | None, told: list[Event]
) -> Ending | None:
    """The ending of an experiment with the same meaning, failures too; limits and losses are run again."""
    row = bench.store.row(
        "SELECT experiment.id, experiment.program, step.outcome FROM experiment"
        " JOIN attempt ON attempt.id = experiment.attempt JOIN step ON step.id = attempt.step"
        " WHERE code = ? AND setting = ? AND data = ? AND seed = ? AND experiment.state IN ('finished', 'failed')",
        what.key,
    )
    if row is None or row["outcome"] is None:
        return None
    await bench.commit(_reused, bench, path, mark, what, found, int(row["id"]), str(row["outcome"]), told)
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
) -> None:
    step = found or bench.journal.begin(tx, path, "run", mark, told=told)
    reused = ExperimentReused(experiment, what.program, what.seed)
    bench.journal.finish(tx, step, json.loads(outcome), told=[reused])
    tx.execute("INSERT OR IGNORE INTO used (visit, experiment) VALUES (?,?)", (bench.visit.id, experiment))


async def _gpu_time(bench: Bench, job: Job) -> bool:
    """Whether the time limit fits what is left of the GPU-hours; False after the person was asked."""
    if not job.gpu:
        return True
    config = bench.live()
    limits = ledger.limits(bench.store, bench.run, config.limits.money_usd, config.limits.gpu_hours)
    need = round(job.limits.wall_s)
    try:
        ledger.check(bench.store, limits, 0, need)
    except LabError as error:
        facts: dict[str, Plain] = {
            "key": error.key,
            "needs_gpu_hours": need / 3600,
            "spent_gpu_hours": ledger.spent(bench.store).gpu_s / 3600,
            "limit_gpu_hours": limits.gpu_s / 3600,
        }
        await bench.wait(Wait.BUDGET, [Choice.RAISE, Choice.ENOUGH, Choice.STOP], facts)
        return False
    return True


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
        "INSERT INTO attempt (id, step, n, kind, engine, state, reserved_micros, cost_micros, input, cache_read,"
        " cache_write, output, estimated, gpu_reserved_s, gpu_s, begun_at)"
        " VALUES (?,?,?,'job',?,?,0,0,0,0,0,0,0,?,0,?)",
        (attempt, step.id, n, shop.engine, AttemptState.FLYING.value, gpu_s, tx.at),
    )
    ledger.reserve(tx, bench.run, 0, gpu_s)
    if what is None:
        tx.event(JobBegan(path, job.kind, attempt), bench.run, bench.visit.id, step.id)
        return step
    row = tx.execute(
        "SELECT id FROM experiment WHERE code = ? AND setting = ? AND data = ? AND seed = ? AND program = ?"
        " AND state NOT IN ('finished', 'failed') ORDER BY id DESC LIMIT 1",
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


def _gone(
    tx: Transaction, bench: Bench, step: Step, attempt: str, what: Meaning | None, ending: Ending, job: Job
) -> None:
    """An attempt that says nothing about the program: stopped by a person, or lost."""
    lost = ending.state is ExperimentState.LOST
    tx.execute(
        "UPDATE attempt SET state = ?, error = ?, ended_at = ? WHERE id = ?",
        ((AttemptState.LOST if lost else AttemptState.FAILED).value, ending.error, tx.at, attempt),
    )
    ledger.settle(tx, attempt, 0, round(ending.took_s) if job.gpu else 0)
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
                for one in harvest.results(work, out_dir(job))
            ]
        except LabError as error:
            why = str(error.facts.get("why", error.key))
            ending = replace(ending, state=ExperimentState.FAILED, error=why)
    for name, file in ending.files.items():
        bench.store.put(durable.read_beneath(work, name, file.size_b))
    return await bench.commit(_end, bench, step, attempt, what, ending, values, told)


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
    told.clear()
    return ending
