"""What is written down of a job: that it began, with what is set aside for it; how it ended, with what it measured.

Each is one commit of the step, its attempt, the reservation and the experiment's row. Called by `jobs.py` and by
`reuse.py`.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from engine.bench import Bench
from engine.experiments import final_info, harvest
from engine.experiments.contract import Ending, Job
from engine.workshop import Meaning, Workshop
from state import durable, ledger, results
from state.errors import LabError
from state.events import Event, ExperimentBegan, ExperimentEnded, JobBegan, JobEnded
from state.journal import Step
from state.store import Transaction
from state.vocabulary import AttemptState, ExperimentState


def begin(
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


def gone(tx: Transaction, bench: Bench, step: Step, attempt: str, what: Meaning | None, ending: Ending) -> None:
    """An attempt that says nothing about the program: stopped by a person, or lost."""
    lost = ending.state is ExperimentState.LOST
    _over(tx, bench, step, attempt, AttemptState.LOST if lost else AttemptState.FAILED, ending, what)


def _over(
    tx: Transaction,
    bench: Bench,
    step: Step,
    attempt: str,
    state: AttemptState,
    ending: Ending,
    what: Meaning | None,
) -> int | None:
    """An attempt has ended and is paid for; the number of its experiment, if it was one."""
    tx.execute(
        "UPDATE attempt SET state = ?, error = ?, ended_at = ? WHERE id = ?",
        (state.value, ending.error or None, tx.at, attempt),
    )
    reserved = tx.execute("SELECT gpu_reserved_s FROM attempt WHERE id = ?", (attempt,)).fetchone()[0]
    ledger.settle(tx, attempt, 0, round(ending.took_s) if reserved else 0)
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


async def finish(
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
    number = _over(tx, bench, step, attempt, AttemptState.DONE, ending, what)
    if number is not None:
        results.record(tx, [replace(value, experiment=number) for value in values])
    over: list[Event] = [] if what is not None else [JobEnded(step.path, "job", ending.state.value)]
    bench.journal.finish(tx, step, ending.plain(), told=[*told, *over])
    return ending


async def ended_early(bench: Bench, step: Step, why: str, told: list[Event]) -> Ending:
    """An experiment that is not run again: the person has enough, and the phase hands in what there is."""
    ending = Ending(ExperimentState.STOPPED, error=why)
    await bench.commit(bench.journal.finish, step, ending.plain(), told=told)
    told.clear()
    bench.bell.ring()
    return ending
