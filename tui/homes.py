"""Home: every run of every project that this person knows, in three groups, and the machine for all together."""

from __future__ import annotations

import os
import shutil
import socket
import sqlite3
import time
from pathlib import Path

from state import lock, project
from state.errors import LabError
from state.places import places
from state.readers import Reader, RunRow, WaitRow
from state.vocabulary import Phase
from tui import drafts
from tui.language import has, tr
from tui.look import Home, HomeRow
from tui.words import phase_short

SHOWN = 200
ORDER = {"waits": 0, "at_work": 1, "at_rest": 2}


def gather_home(now: int) -> Home:
    """Looks into each project's database for an instant; one that cannot be read is a row that says so."""
    rows: list[HomeRow] = []
    for folder in drafts.known_projects():
        rows += _project(folder)
    rows.sort(key=lambda row: (ORDER[row.group], -(row.since_at or 0)))
    zone = time.strftime("%z")
    return Home(
        now,
        socket.gethostname(),
        f"UTC{zone[:3].replace('+0', '+').replace('-0', '-')}",
        tuple(rows[:SHOWN]),
        machine(),
    )


def machine() -> tuple[str, ...]:
    """What is free here; GPUs are the engine's to count."""
    cores = os.cpu_count() or 1
    busy = min(round(os.getloadavg()[0]), cores)
    free = shutil.disk_usage(Path.home()).free / 1e9
    return (tr("home.machine_free", cores=str(max(cores - busy, 0)), of=str(cores), disk=f"{_rounded(free)}"),)


def _rounded(value: float) -> str:
    """Two digits, so that the line does not change with every file."""
    return f"{float(f'{value:.2g}'):,.0f}"


def _project(folder: Path) -> list[HomeRow]:
    try:
        config = project.load(folder).config
        where = places(folder)
        question = config.question or config.topic
        new = _row(folder, None, "at_rest", "not_begun", tr("home.not_begun"), None, question)
        if not where.database.exists():
            return [new]
        alive = lock.look(where.lock) is not None
        reader = Reader(where.database, where.blobs)
    except LabError as error:
        text = tr(f"error.{error.key}", **error.facts) if has(f"error.{error.key}") else str(error)
        return [_row(folder, None, "at_rest", "failed", text, None, "")]
    except (sqlite3.DatabaseError, OSError) as error:
        return [_row(folder, None, "at_rest", "failed", str(error), None, "")]
    try:
        return [_run(folder, reader, run, alive, question) for run in reversed(reader.runs())] or [new]
    finally:
        reader.close()


def _run(folder: Path, reader: Reader, run: RunRow, alive: bool, question: str) -> HomeRow:
    waits = reader.waits(run.id)
    phases = reader.phases(run)
    busy = next((row for row in phases if row.state not in ("done", "not_begun")), None)
    short = phase_short(busy.phase) if busy else ""
    if run.state in ("done", "stopped", "failed"):
        key = f"home.{run.state}"
        return _row(folder, run, "at_rest", run.state, tr(key, phase=short), run.ended_at, question)
    person = next((wait for wait in waits if _person(wait)), None)
    if person is not None:
        return _row(folder, run, "waits", "waits_person", _waits(person), person.opened_at, question)
    if waits:
        text = tr(f"home.world.{waits[0].why}", phase=short)
        return _row(folder, run, "at_work", "waits_world", text, waits[0].opened_at, question)
    if not alive and run.state == "running":
        return _row(folder, run, "at_work", "lost", tr("home.engine_gone", phase=short), None, question)
    text = tr("home.at_work", phase=short)
    if busy is not None and busy.phase == Phase.RUNNING_EXPERIMENTS:
        experiments = reader.experiments(run.id)
        running = sum(row.state == "running" for row in experiments)
        text = tr(
            "home.experiments", running=str(running), done=str(sum(row.state == "finished" for row in experiments))
        )
    return _row(folder, run, "at_work", "at_work", text, busy.since_at if busy else run.begun_at, question)


def _person(wait: WaitRow) -> bool:
    return wait.needs_word or wait.why in ("budget", "auth", "person", "disk")


def _waits(wait: WaitRow) -> str:
    return tr(f"home.waits.{wait.phase}") if wait.why == "checkpoint" and wait.phase else tr(f"home.person.{wait.why}")


def _row(
    folder: Path, run: RunRow | None, group: str, symbol: str, text: str, since_at: int | None, question: str
) -> HomeRow:
    return HomeRow(
        folder=folder,
        project=folder.name,
        run=run.id if run else 0,
        group=group,
        symbol=symbol,
        text=text,
        since_at=since_at,
        micros=run.spent_micros if run else None,
        gpu_s=run.gpu_s if run else None,
        question=question,
        details=(tr(f"autonomy.{run.autonomy}"), str(folder)) if run else (str(folder),),
    )
