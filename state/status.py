"""`status --json`: one versioned, complete object that scripts and tests rely on.

It counts from the attempts' and jobs' folders what a variable could hide: `repeated` are model calls answered more than
once although the first answer lay whole on disk, `started_twice` experiments started again without a `lost` in between.
Reads only; never starts an engine.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from state import decided, lock
from state.places import Places, places
from state.readers import Reader, reading
from state.rows import RunRow, newest
from state.vocabulary import ExperimentState, RunState

VERSION = 1

PRODUCTS = {
    "ideas": "ideas.md",
    "review": "review.md",
    "plan": "plan.md",
    "data": "code/load_data.py",
    "experiments": "experiments.md",
    "interpretation": "interpretation.md",
    "paper": "paper/paper.tex",
    "paper_pdf": "paper/paper.pdf",
    "reviews": "reviews",
}


def report(project: Path, run: int | None = None) -> dict[str, Any]:
    """The object, for `run` or the newest one. LabErrors of places and readers pass through."""
    where = places(project)
    left = decided.Inbox(where).words()  # before the waits: a word is committed first and goes from the inbox then
    with reading(where.database, where.blobs) as reader:
        found = {
            "version": VERSION,
            "project": str(where.folder),
            "run": None,
            "runs": [],
            "state": RunState.NEW.value,
            "phase": None,
            "phases": [],
            "waiting_for": [],
            "engine": engine(where),
            "tier": None,
            "calls": {"answered": 0, "in_doubt": 0, "repeated": 0},
            "tokens": {"input": 0, "cache_read": 0, "output": 0},
            "cost_usd": "0.00",
            "experiments": dict.fromkeys(("planned", "running", "finished", "failed", "lost", "started_twice"), 0),
            "notes": {"left": 0, "read": 0},
            "products": {},
        }
        if reader is None:
            return found
        runs = reader.runs()
        found["runs"] = [each.id for each in runs]
        found["tier"] = reader.tier()
        chosen = next((each for each in runs if each.id == run), None) if run is not None else None
        chosen = chosen or (newest(runs) if run is None else None)
        if chosen is not None:
            found |= _of_run(reader, where, chosen, left)
        return found


def engine(where: Places) -> dict[str, Any]:
    """Who holds the lock, if anyone."""
    holder = lock.look(where.lock)
    if holder is None:
        return {"pid": None, "alive": False, "since": None}
    return {
        "pid": holder.pid,
        "alive": True,
        "since": holder.since.isoformat() if holder.since else None,
        "version": holder.version,
    }


def _of_run(reader: Reader, where: Places, run: RunRow, left: Sequence[decided.Left]) -> dict[str, Any]:
    visits = [visit for visit in reader.visits(run.id) if visit.state != "superseded"]
    totals = reader.totals(run.id)
    notes, waits = reader.notes(run.id), reader.waits(run.id)
    choices = decided.decided(left, run.id, waits)
    return {
        "run": run.id,
        "state": run.state,
        "autonomy": run.autonomy,
        "phase": visits[-1].phase if visits else None,
        "phases": list(run.phases),
        "waiting_for": [
            {
                "what": wait.why,
                "phase": wait.phase,
                "since": _iso(wait.opened_at),
                "id": wait.id,
                "choices": list(wait.choices),
                "facts": wait.facts,
                "decided": choices.get(wait.id),
            }
            for wait in waits
        ],
        "calls": {
            "answered": totals.answered,
            "in_doubt": totals.in_doubt,
            "repeated": repeated(reader, where.calls, run.id),
        },
        "tokens": {"input": totals.input, "cache_read": totals.cache_read, "output": totals.output},
        "cost_usd": f"{run.spent_micros / 1e6:.2f}",
        "experiments": _experiments(reader, where, run.id),
        "notes": {"left": len(notes), "read": sum(note.read_at is not None for note in notes)},
        "products": _products(where, run.id),
    }


def repeated(reader: Reader, calls: Path, run: int | None = None) -> int:
    """Calls sent again although an earlier attempt's whole reply lies on disk."""
    count, whole = 0, False
    last = None
    for step, attempt, _ in reader.attempts("call", run):
        if step != last:
            last, whole = step, False
        count += whole and (calls / attempt / "sent").exists()
        whole = whole or (calls / attempt / "done.json").exists()
    return count


def _experiments(reader: Reader, where: Places, run: int) -> dict[str, int]:
    states = Counter(experiment.state for experiment in reader.experiments(run) if not experiment.superseded)
    lost_ones = sum(1 for _, _, state in reader.attempts("job", run) if state == "lost")
    return {
        "planned": sum(states.values()),
        "running": states[ExperimentState.RUNNING],
        "finished": states[ExperimentState.FINISHED],
        "failed": states[ExperimentState.FAILED] + states[ExperimentState.LIMIT],
        "lost": lost_ones,
        "started_twice": started_twice(reader, where.jobs, run),
    }


def started_twice(reader: Reader, jobs: Path, run: int | None = None) -> int:
    """Jobs started again although the attempt before was neither lost nor stopped."""
    count = 0
    before: tuple[int, str, str] | None = None
    for step, attempt, state in reader.attempts("job", run):
        started = (jobs / attempt / "started.json").exists()
        if before is not None and before[0] == step and started:
            count += before[2] not in ("lost", "failed") and (jobs / before[1] / "started.json").exists()
        before = (step, attempt, state)
    return count


def _products(where: Places, run: int) -> dict[str, str]:
    folder = where.runs / str(run)
    return {
        name: str((folder / file).relative_to(where.folder))
        for name, file in PRODUCTS.items()
        if (folder / file).exists()
    }


def _iso(at: int) -> str:
    return datetime.fromtimestamp(at / 1000, UTC).isoformat(timespec="seconds")
