"""Home: every run of every project that this person knows, in three groups, and the machine for all together.

`Elsewhere` tells a run's screen what waits in the others, and what this person thought of earlier papers.
"""

from __future__ import annotations

import os
import shutil
import socket
import sqlite3
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from state import lock
from state.errors import LabError
from state.places import places
from state.readers import Reader, reading
from state.rows import RunRow, WaitRow
from state.vocabulary import Phase
from tui import drafts
from tui.look import Home, HomeRow

SHOWN = 200
BESIDE_S = 5.0
ORDER = {"waits": 0, "at_work": 1, "at_rest": 2}


@dataclass(frozen=True)
class Beside:
    """What other runs and projects have to say on a run's screen: how many wait for the person, and the papers that
    the person judged there: (the lab's overall, theirs)."""

    waiting: int = 0
    judged: tuple[tuple[float, float], ...] = ()


class Elsewhere:
    """Looks into every project that this person knows, at most every five seconds."""

    def __init__(self) -> None:
        self._at = -BESIDE_S
        self._waiting: list[tuple[Path, int]] = []
        self._judged: dict[tuple[Path, int], tuple[float, float]] = {}

    def beside(self, folder: Path, run: int | None) -> Beside:
        """All but this run of this project; the newest run where none is named."""
        if time.monotonic() - self._at >= BESIDE_S:
            self._at = time.monotonic()
            self._waiting, self._judged = [], {}
            for known in drafts.known_projects():
                rows = _project(known)
                self._waiting += [(known, row.run) for row in rows if row.group == "waits"]
                self._judged |= _judged(known)
        here = folder.absolute()
        mine = (here, run or max((number for known, number in self._waiting if known == here), default=0))
        return Beside(
            sum(place != mine for place in self._waiting),
            tuple(pair for place, pair in sorted(self._judged.items()) if place != mine),
        )


def _judged(folder: Path) -> dict[tuple[Path, int], tuple[float, float]]:
    """Runs of a project whose paper this person judged by a signed form, with the lab's overall and theirs."""
    found = {}
    try:
        where = places(folder)
        with reading(where.database, where.blobs) as reader:
            for run in reader.runs() if reader else []:
                form = reader.settings(run.id).get("review") if reader else None
                if not isinstance(form, dict) or not form.get("overall") or reader is None:
                    continue
                means = [row.summary.get("means") for row in reader.versions(run.id) if row.name == "refinement"]
                told = next((mean["overall"] for mean in reversed(means) if mean and "overall" in mean), None)
                if told is not None:
                    found[folder, run.id] = float(told), float(form["overall"])
    except (LabError, sqlite3.DatabaseError, OSError):  # home says what is wrong with it
        return {}
    return found


def gather_home(now: int) -> Home:
    """Looks into each project's database for an instant; one that cannot be read is a row that says so."""
    rows: list[HomeRow] = []
    for folder in drafts.known_projects():
        rows += _project(folder)
    rows.sort(key=lambda row: (ORDER[row.group], -(row.since_at or 0)))
    zone = f"UTC{time.strftime('%z')[:3].replace('+0', '+').replace('-0', '-')}"
    disk_gb = float(f"{shutil.disk_usage(Path.home()).free / 1e9:.2g}")  # two digits: not another with every file
    return Home(now, socket.gethostname(), zone, tuple(rows[:SHOWN]), os.cpu_count() or 1, disk_gb)


def _project(folder: Path) -> list[HomeRow]:
    from state import project  # with pydantic, which the first frame does not wait for

    try:
        config = project.load(folder).config
        where = places(folder)
        question = config.question or config.topic
        new = _row(folder, None, "at_rest", "not_begun", None, question, "home.not_begun")
        if not where.database.exists():
            return [new]
        alive = lock.look(where.lock) is not None
        reader = Reader(where.database, where.blobs)
    except LabError as error:
        return [_row(folder, None, "at_rest", "failed", None, "", f"error.{error.key}", **error.facts)]
    except (sqlite3.DatabaseError, OSError) as error:
        return [_row(folder, None, "at_rest", "failed", None, "", "error.unknown", what=str(error))]
    try:
        return [_run(folder, reader, run, alive, question) for run in reversed(reader.runs())] or [new]
    except sqlite3.DatabaseError as error:
        return [_row(folder, None, "at_rest", "failed", None, "", "error.unknown", what=str(error))]
    finally:
        reader.close()


def _run(folder: Path, reader: Reader, run: RunRow, alive: bool, question: str) -> HomeRow:
    waits = reader.waits(run.id)
    busy = next((row for row in reader.phases(run) if row.state not in ("done", "not_begun")), None)
    phase = busy.phase if busy else None
    if run.state in ("done", "stopped", "failed"):
        return _row(folder, run, "at_rest", run.state, run.ended_at, question, f"home.{run.state}", phase=phase)
    person = next((wait for wait in waits if _person(wait)), None)
    if person is not None:
        key = (
            f"home.waits.{person.phase}" if person.why == "checkpoint" and person.phase else f"home.person.{person.why}"
        )
        return _row(folder, run, "waits", "waits_person", person.opened_at, question, key)
    if waits:
        key = f"home.world.{waits[0].why}"
        return _row(folder, run, "at_work", "waits_world", waits[0].opened_at, question, key, phase=phase)
    if not alive and run.state == "running":
        return _row(folder, run, "at_work", "lost", None, question, "home.engine_gone", phase=phase)
    since = busy.since_at if busy else run.begun_at
    if phase == Phase.RUNNING_EXPERIMENTS:
        states = [row.state for row in reader.experiments(run.id)]
        counts = {"running": states.count("running"), "done": states.count("finished")}
        return _row(folder, run, "at_work", "at_work", since, question, "home.experiments", **counts)
    return _row(folder, run, "at_work", "at_work", since, question, "home.at_work", phase=phase)


def _person(wait: WaitRow) -> bool:
    return wait.needs_word or wait.why in ("budget", "auth", "person", "disk")


def _row(
    folder: Path,
    run: RunRow | None,
    group: str,
    symbol: str,
    since_at: int | None,
    question: str,
    key: str,
    **facts: Any,
) -> HomeRow:
    return HomeRow(
        folder=folder,
        project=folder.name,
        run=run.id if run else 0,
        group=group,
        symbol=symbol,
        key=key,
        facts=facts,
        since_at=since_at,
        micros=run.spent_micros if run else None,
        gpu_s=run.gpu_s if run else None,
        question=question,
        autonomy=run.autonomy if run else "",
    )
