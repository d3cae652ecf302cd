"""The rows of one project on home: a run each, what it does or waits for, and the facts under the list.

A project.toml that is wrong has a row that says so, beside the runs, which work from what was valid. Each call looks
into the database for an instant; called by the poller's thread.
"""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from state import atwork, lock, standstill
from state.decided import Inbox, Left, decided
from state.durable import read_json
from state.errors import LabError
from state.places import Places, places
from state.readers import Reader
from state.rows import RunRow, WaitRow
from state.vocabulary import Phase, WordKind
from tui.builds import Builds
from tui.look import HomeRow

ENDED = ("done", "stopped", "failed")


@dataclass
class Found:
    """What one look at all projects comes upon besides its rows: which experiment sits on which GPU (by its uuid), the
    sandbox of the newest experiment, and the pages of papers, which are counted once."""

    pages: dict[tuple[Path, str], int] = field(default_factory=dict)
    on_gpus: dict[str, str] = field(default_factory=dict)
    tier: str = ""
    tier_at: int = 0


@dataclass(frozen=True)
class Outside:
    """What lies outside a project's database: whether an engine works, the words that it has not taken up, and how many
    of them lie there for too long. Asked before the database: a word is committed first and goes from the inbox then.
    """

    alive: bool
    left: tuple[Left, ...]
    unread: int

    @classmethod
    def of(cls, where: Places) -> Outside:
        box = Inbox(where)
        return cls(lock.look(where.lock) is not None, box.words(), box.unread())


def project_rows(folder: Path, found: Found) -> list[HomeRow]:
    """The runs of a project, newest first; where its project.toml is wrong, that first."""
    from state import project  # with pydantic, which the first frame does not wait for

    broken, question = [], ""
    try:
        config = project.load(folder).config
        question = config.question or config.topic
    except LabError as error:
        broken = [_broken(folder, error)]
    try:
        where = places(folder)
        if not where.database.exists():
            return broken or [_not_begun(folder, Outside.of(where), question)]
        reader = Reader(where.database, where.blobs)
    except LabError as error:
        return [*broken, _broken(folder, error)]
    except (sqlite3.DatabaseError, OSError) as error:
        return [*broken, _broken(folder, LabError("store.damaged", path=str(folder), why=str(error)))]
    try:
        _machine(folder, where, reader, found)
        outside = Outside.of(where)
        told = [_run(folder, where, reader, run, outside, question, found) for run in reversed(reader.runs())]
    except (sqlite3.DatabaseError, OSError) as error:
        return [*broken, _broken(folder, LabError("store.damaged", path=str(folder), why=str(error)))]
    finally:
        reader.close()
    return [*broken, *told] or [_not_begun(folder, outside, question)]


def _not_begun(folder: Path, outside: Outside, question: str) -> HomeRow:
    """A project without a run: at rest, or asked for its first one."""
    if any(word.kind is WordKind.RUN for word in outside.left):
        return _row(folder, None, "at_work", "waits_world", None, "home.new", question=question)
    return _row(folder, None, "at_rest", "not_begun", None, "home.not_begun", question=question)


def _broken(folder: Path, error: LabError) -> HomeRow:
    facts = {**error.facts, "file": Path(str(error.facts.get("file", ""))).name}
    at = None
    with contextlib.suppress(OSError):
        at = (folder / "project.toml").stat().st_mtime_ns // 1_000_000
    return _row(folder, None, "at_rest", "failed", at, f"home.broken.{error.key}", facts, error=error)


def _machine(folder: Path, where: Places, reader: Reader, found: Found) -> None:
    """Which GPUs this project's experiments sit on, and how the newest one was kept apart."""
    newest = atwork.newest_tier(reader)
    if newest is not None and newest[1] > found.tier_at:
        found.tier, found.tier_at = newest
    for number, attempt in atwork.running(reader):
        try:
            started = read_json(where.jobs / attempt / "started.json")
        except (OSError, LabError):  # on its way, or gone this instant
            continue
        if isinstance(started, Mapping) and started.get("gpu"):
            found.on_gpus[str(started["gpu"])] = f"{folder.name} e{number}"


def _run(
    folder: Path, where: Places, reader: Reader, run: RunRow, outside: Outside, question: str, found: Found
) -> HomeRow:
    waits = reader.waits(run.id)
    config = reader.config(run)
    below = _below(reader, run, config, waits)
    below["question"] = str(config.get("question") or config.get("topic") or question)
    busy = next((row for row in reader.phases(run) if row.state not in ("done", "not_begun")), None)
    phase = {"phase": busy.phase if busy else None}
    if run.state in ENDED:
        key, facts = _ended(folder, where, reader, run, found)
        return _row(folder, run, "at_rest", run.state, run.ended_at, key, phase | facts, **below)
    if not outside.alive and run.state == "running":
        return _row(folder, run, "waits", "lost", atwork.last_commit_at(reader), "home.engine_gone", phase, **below)
    ended = decided(outside.left, run.id, waits)
    if ended and all(wait.id in ended for wait in waits):
        opened = waits[0].opened_at
        if outside.unread and not outside.alive:
            return _row(folder, run, "waits", "lost", opened, "home.decided_gone", phase, **below)
        return _row(folder, run, "at_work", "waits_world", opened, "home.decided", phase, **below)
    waits = [wait for wait in waits if wait.id not in ended]
    person = next((wait for wait in waits if wait.needs_person), None)
    if person is not None:
        key, facts = _asked(person)
        return _row(folder, run, "waits", "waits_person", person.opened_at, key, facts, **below)
    if waits:
        key = f"home.world.{waits[0].why}"
        return _row(folder, run, "at_work", "waits_world", waits[0].opened_at, key, phase, **below)
    since = busy.since_at if busy else run.begun_at
    if phase["phase"] == Phase.RUNNING_EXPERIMENTS:
        states = [row.state for row in reader.experiments(run.id)]
        counts = {"running": states.count("running"), "done": states.count("finished")}
        return _row(folder, run, "at_work", "at_work", since, "home.experiments", counts, **below)
    return _row(folder, run, "at_work", "at_work", since, "home.at_work" if busy else "home.new", phase, **below)


def _asked(wait: WaitRow) -> tuple[str, dict[str, Any]]:
    """What a person is asked."""
    if wait.why == "checkpoint" and wait.phase:
        return f"home.waits.{wait.phase}", {}
    if wait.why != "budget":
        return f"home.person.{wait.why}", {}
    for unit, key in (("usd", "home.person.budget"), ("gpu_hours", "home.person.budget_gpu")):
        if f"limit_{unit}" in wait.facts:
            spent, limit = (f"{float(wait.facts.get(f'{name}_{unit}') or 0):.2f}" for name in ("spent", "limit"))
            return key, {"spent": spent, "limit": limit}
    return "home.person.credit", {}


def _ended(folder: Path, where: Places, reader: Reader, run: RunRow, found: Found) -> tuple[str, dict[str, Any]]:
    """A finished run's paper: its pages, and the mean of its reviews."""
    if run.state != "done":
        return f"home.{run.state}", {}
    versions = reader.versions(run.id)
    paper = next((row for row in reversed(versions) if row.phase == Phase.REPORT_WRITING), None)
    means = [row.summary.get("means") for row in reversed(versions) if row.phase == Phase.REPORT_REFINEMENT]
    score = next((float(mean["overall"]) for mean in means if isinstance(mean, dict) and "overall" in mean), None)
    pdf = paper.summary.get("pdf_sha256") if paper is not None else None
    pages = 0
    if isinstance(pdf, str):
        if (folder, pdf) not in found.pages:
            made = Builds(where, reader).of(run.id, pdf)[1]
            found.pages[folder, pdf] = made.pages if made is not None else 0
        pages = found.pages[folder, pdf]
    facts = {"n": pages, "score": "" if score is None else f"{score:.1f}"}
    if run.reviews_only:
        return ("home.reviewed" if score is not None else "home.done"), facts
    if paper is None:
        return "home.done", facts
    return ("home.paper" if pages else "home.paper_bare") + ("_score" if score is not None else ""), facts


def _below(reader: Reader, run: RunRow, config: Mapping[str, Any], waits: list[WaitRow]) -> dict[str, Any]:
    """What stands under the list when a run is chosen: its checkpoints, the next one, and its limits."""
    named = config.get("checkpoints", "all")
    stops = list(run.phases) if named == "all" else [phase for phase in run.phases if phase in named]
    held = next((wait for wait in waits if wait.why == "checkpoint"), None)
    states = {row.phase: row.state for row in reader.phases(run)}
    ahead = [phase for phase in stops if states.get(phase) != "done" and (held is None or phase != held.phase)]
    money, hours = (standstill.limit(reader, run, key).value for key in (standstill.MONEY, standstill.GPU_HOURS))
    return {
        "every": named == "all",
        "stops": len(stops),
        "following": None if run.state in ENDED else ahead[0] if ahead else "",
        "after": held is not None,
        "took_s": held.facts.get("took_s") if held is not None else None,
        "limit_micros": round(money * 1_000_000),
        "limit_gpu_s": hours * 3600,
    }


def _row(
    folder: Path,
    run: RunRow | None,
    group: str,
    symbol: str,
    since_at: int | None,
    key: str,
    facts: Mapping[str, Any] | None = None,
    **below: Any,
) -> HomeRow:
    return HomeRow(
        folder=folder,
        project=folder.name,
        run=run.id if run else 0,
        group=group,
        symbol=symbol,
        key=key,
        facts=facts or {},
        since_at=since_at,
        micros=run.spent_micros if run else None,
        gpu_s=run.gpu_s if run else None,
        autonomy=run.autonomy if run else "",
        **below,
    )
