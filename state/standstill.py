"""What a run that stands still has in flight, which limit it met and who set it, and what is still to come.

The notices are made of it: each number is one that the database holds, or the least and the most of several such.
Reads only, through a `Reader`; without pydantic, so that a screen can ask.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass

from state.readers import Reader
from state.rows import RunRow

MONEY, GPU_HOURS, SLOTS = "limits.money_usd", "limits.gpu_hours", "experiments.slots"

Bounds = tuple[float, float]
"""The least and the most."""


@dataclass(frozen=True)
class Try:
    """An attempt at a call that has no answer yet: `state` is flying while one is awaited. `micros` at most."""

    step: int
    attempt: str
    state: str
    micros: int
    begun_at: int
    ended_at: int | None


@dataclass(frozen=True)
class Limit:
    """A limit in force. `source`: project (project.toml, or what it leaves unsaid), person (set or raised), run (the
    run's own, tighter one); `at` is when a person set it."""

    value: float
    source: str
    at: int | None = None


@dataclass(frozen=True)
class Ahead:
    """What is still to come, in micros and GPU-seconds: of the phase, and of the whole run; None where nothing that
    was measured tells."""

    phase_micros: Bounds | None = None
    phase_gpu_s: Bounds | None = None
    run_micros: Bounds | None = None
    run_gpu_s: Bounds | None = None


def unanswered(reader: Reader, run: int) -> list[Try]:
    """Attempts at the run's open calls, newest first for each call."""
    rows = reader.rows(
        "SELECT attempt.step, attempt.id, attempt.state, attempt.reserved_micros, attempt.begun_at, attempt.ended_at"
        " FROM step JOIN visit ON visit.id = step.visit JOIN attempt ON attempt.step = step.id"
        " WHERE visit.run = ? AND visit.state = 'open' AND step.kind = 'ask' AND step.state = 'intent'"
        " AND step.superseded_seq IS NULL ORDER BY step.id, attempt.n DESC",
        run,
    )
    return [Try(*row) for row in rows]


def limit(reader: Reader, run: RunRow, key: str) -> Limit:
    """The tighter one of the project's limit and the run's own, as an engine has it: what was said last counts."""
    everyone, own = in_force(reader, run, key)
    return own if own is not None and own.value < everyone.value else everyone


def in_force(reader: Reader, run: RunRow, key: str) -> tuple[Limit, Limit | None]:
    """A number of the project as it is in force for all its runs, and the run's own where a person set one."""
    changes = reader.rows(
        "SELECT seq, facts FROM event WHERE run IS NULL AND kind = 'project_changed' ORDER BY seq DESC"
    )
    told = (row["seq"] for row in changes if any(one["key"] == key for one in json.loads(row["facts"])["changes"]))
    changed = next(told, 0)
    everyone = Limit(_of_project(reader, run, key), "project")
    own = None
    for row in reader.rows(
        "SELECT setting.seq, setting.run, value, at FROM setting LEFT JOIN event ON event.seq = setting.seq"
        " WHERE key = ? AND (setting.run IS NULL OR setting.run = ?) ORDER BY setting.seq",
        key,
        run.id,
    ):
        found = Limit(float(json.loads(row["value"])), "person" if row["run"] is None else "run", row["at"])
        if row["run"] is not None:
            own = found
        elif row["seq"] > changed:
            everyone = found
    return everyone, own


def _of_project(reader: Reader, run: RunRow, key: str) -> float:
    """As the last valid project.toml has it; the run's snapshot where no engine has read one."""
    row = reader.rows("SELECT value FROM lab WHERE key = 'project'")
    config = json.loads(reader.blob(row[0]["value"])) if row else reader.config(run)
    table, _, name = key.partition(".")
    return float(config[table][name])


def ahead(reader: Reader, run: RunRow, phase: str, steps: int) -> Ahead:
    """What the phase at work and the run still need, by what the same cost before.

    A phase that goes by steps (`steps` of them in all): what its steps that are over cost, times those to come. Others:
    what earlier visits of the project to the same phase cost. The run: that, and earlier visits to each later phase.
    """
    rest = _steps_ahead(reader, run.id, phase, steps) or _earlier(reader, phase)
    later = [_earlier(reader, name) for name in run.phases[run.phases.index(phase) + 1 :]] if rest else []
    if rest is None:
        return Ahead()
    known = [one for one in later if one is not None]
    if len(known) < len(later):
        return Ahead(*rest)
    whole = [(sum(one[at][0] for one in [rest, *known]), sum(one[at][1] for one in [rest, *known])) for at in (0, 1)]
    return Ahead(*rest, *whole)


def _steps_ahead(reader: Reader, run: int, phase: str, steps: int) -> tuple[Bounds, Bounds] | None:
    costs: dict[int, list[float]] = {}
    for row in reader.rows(
        "SELECT step.path, attempt.cost_micros, attempt.gpu_s FROM visit JOIN step ON step.visit = visit.id"
        " JOIN attempt ON attempt.step = step.id WHERE visit.run = ? AND visit.phase = ? AND visit.state = 'open'"
        " AND step.superseded_seq IS NULL",
        run,
        phase,
    ):
        if match := re.search(r"/step-(\d+)", row["path"]):
            known = costs.setdefault(int(match[1]), [0.0, 0.0])
            known[0] += row["cost_micros"]
            known[1] += row["gpu_s"]
    over = [costs[number] for number in sorted(costs)[:-1]]  # the last one is at work
    if not over or not steps:
        return None
    left = max(steps - len(over), 0)
    micros, gpu_s = zip(*over, strict=True)
    spent = costs[max(costs)]
    return _times(micros, left, spent[0]), _times(gpu_s, left, spent[1])


def _times(each: tuple[float, ...], left: int, spent: float) -> Bounds:
    """`left` times the least and the most, less what the one at work has cost so far."""
    return max(min(each) * left - spent, 0.0), max(max(each) * left - spent, 0.0)


def _earlier(reader: Reader, phase: str) -> tuple[Bounds, Bounds] | None:
    """The least and the most that closed visits to a phase cost in this project."""
    row = reader.rows(
        "SELECT count(*) AS n, min(spent_micros) AS low, max(spent_micros) AS high, min(gpu_s) AS least,"
        " max(gpu_s) AS most FROM visit WHERE phase = ? AND state = 'closed'",
        phase,
    )[0]
    return ((row["low"], row["high"]), (row["least"], row["most"])) if row["n"] else None
