"""Where a command stands: the project it acts on, the run it means, the question that is open there.

A bare `approve` binds when it is written: it names the checkpoint that is open now and the product that stands there
now. With nothing open, or with several runs waiting, it is wrong usage and says so. Called by the commands.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from state import places
from state.errors import LabError
from state.readers import Reader, reading
from state.rows import RunRow, WaitRow, newest
from state.vocabulary import RESUMABLE, Choice, Phase, Role, RunState, Wait
from tui.language import tr


def project(args: argparse.Namespace) -> Path:
    """The project that the current folder, or `-C DIR`, lies in."""
    return places.project_folder(args.folder)


def text(word: str) -> str:
    """For an argument that is kept as text: what another encoding typed is none."""
    if word.encode("utf-8", "replace").decode() != word:
        raise argparse.ArgumentTypeError(tr("argparse.utf8"))
    return word


def no_terminal() -> bool:
    """Nobody to show a screen to: stdin or stdout is no terminal, or it is a dumb one."""
    return not (sys.stdin.isatty() and sys.stdout.isatty()) or os.environ.get("TERM", "dumb") == "dumb"


def add_run(parser: argparse.ArgumentParser, help_text: str) -> None:
    parser.add_argument("--run", type=int, metavar="N", help=help_text)


def the_run(reader: Reader | None, run: int | None) -> RunRow:
    """The run of that number, else the newest; LabError `run.none`."""
    runs = reader.runs() if reader else []
    found = next((each for each in runs if each.id == run), None) if run is not None else newest(runs)
    if found is None:
        raise no_run([each.id for each in runs], run)
    return found


def no_run(runs: Sequence[int], run: int | None) -> LabError:
    """The error for a run that is not there: none at all yet, or another number than the project has."""
    if not runs:
        return LabError("run.none")
    return LabError("run.unknown", run=run, runs=", ".join(map(str, runs)))


def run_at_work(folder: Path, run: int | None) -> int:
    """The run of that number, else the newest not over: what is over can be told nothing; LabError `run.over`."""
    where = places.places(folder)
    with reading(where.database, where.blobs) as reader:
        at_work = [each for each in (reader.runs() if reader else []) if each.state != RunState.DONE]
        found = newest(at_work) if run is None else None
        found = found or the_run(reader, run)
    if found.state == RunState.DONE:
        raise LabError("run.over", run=found.id)
    return found.id


REST = (RunState.DONE, RunState.STOPPED, RunState.FAILED)


def run_to_pause(folder: Path, run: int | None) -> int:
    """The run of that number, else the one that can still be paused; errors as `run_at_work`, `run.several`, and
    `run.stopped`."""
    found = _only_one(folder, run, "pause", lambda run, waits: run.state not in REST and Wait.PERSON not in waits)
    return _not_stopped(folder, run_at_work(folder, found))


def run_to_check(folder: Path, run: int | None) -> int:
    """The run of that number, else the one at work; errors as `run_at_work`, `run.several`, and `run.stopped`."""
    found = _only_one(folder, run, "checkpoint", lambda run, waits: run.state == RunState.RUNNING)
    return _not_stopped(folder, run_at_work(folder, found))


def _not_stopped(folder: Path, run: int) -> int:
    if is_stopped(folder, run):
        raise LabError("run.stopped", run=run)
    return run


def is_stopped(folder: Path, run: int) -> bool:
    """Whether it does nothing before somebody resumes it."""
    where = places.places(folder)
    with reading(where.database, where.blobs) as reader:
        return the_run(reader, run).state in (RunState.STOPPED, RunState.FAILED)


def run_to_stop(folder: Path, run: int | None) -> int:
    """The run of that number, else the one that can still be stopped; errors as `run_at_work`, and `run.several`."""
    return run_at_work(folder, _only_one(folder, run, "stop", lambda run, waits: run.state not in REST))


def run_to_resume(folder: Path, run: int | None) -> int:
    """The run of that number, else the one that stands still, before those that were stopped; LabError
    `run.several`."""
    run = _only_one(folder, run, "resume", lambda run, waits: run.state not in REST and bool(waits & RESUMABLE))
    at_rest = (RunState.STOPPED, RunState.FAILED)
    return run_number(folder, _only_one(folder, run, "resume", lambda run, waits: run.state in at_rest))


def _only_one(folder: Path, run: int | None, command: str, can: Callable[[RunRow, set[str]], bool]) -> int | None:
    """`run` where one is named; else the one for which the command does something, None where there is none."""
    if run is not None:
        return run
    where = places.places(folder)
    with reading(where.database, where.blobs) as reader:
        runs = reader.runs() if reader else []
        able = [each for each in runs if reader and can(each, {wait.why for wait in reader.waits(each.id)})]
    if len(able) > 1:
        told = ", ".join(f"{each.id} ({tr(f'state.{each.state}')})" for each in able)
        raise LabError("run.several", runs=told, command=f"nightlab {command} --run {able[-1].id}")
    return able[0].id if able else None


def open_wait(folder: Path, choice: Choice | None, run: int | None) -> WaitRow:
    """The one open wait that offers `choice`; LabError `wait.none`, `wait.not_offered`, `wait.several` or
    `run.unknown`."""
    where = places.places(folder)
    with reading(where.database, where.blobs) as reader:
        waits = reader.waits(None if run is None else the_run(reader, run).id) if reader else []
    if not waits:
        raise LabError("wait.none")
    fitting = [wait for wait in waits if choice is None or choice.value in wait.choices]
    if not fitting:
        offered = dict.fromkeys(name for wait in waits for name in wait.choices)
        asked, told = (choice.value if choice else "").replace("_", "-"), ", ".join(offered).replace("_", "-")
        raise LabError("wait.not_offered", choice=asked, offered=told)
    if len({wait.run for wait in fitting}) > 1:
        raise LabError("wait.several", runs=", ".join(str(wait.run) for wait in fitting))
    return fitting[0]


def newest_is_over(folder: Path) -> int | None:
    """The newest run where it is done, so that what is said now is for the next one; None also where the database
    cannot be asked: a note can be left all the same."""
    where = places.places(folder)
    try:
        with reading(where.database, where.blobs) as reader:
            runs = reader.runs() if reader else []
    except LabError:
        return None
    found = newest(runs)
    return found.id if found is not None and all(each.state == RunState.DONE for each in runs) else None


def phase_named(word: str) -> Phase:
    """A phase by its full name, short name or number; LabError `phase.unknown`."""
    if (phase := Phase.named(word.replace("-", "_"))) is None:
        raise LabError("phase.unknown", word=word, allowed=", ".join(phase.short for phase in Phase))
    return phase


def refuse_no_way_back(folder: Path, wait: WaitRow, phase: Phase | None) -> None:
    """LabError `word.no_such_phase` for one that comes after where the run stands, or that the run has not."""
    where = places.places(folder)
    with reading(where.database, where.blobs) as reader:
        phases = the_run(reader, wait.run).phases
    behind = phases[: phases.index(wait.phase) + 1] if wait.phase in phases else phases
    if phase is not None and phase not in behind:
        raise LabError("word.no_such_phase")


def address(word: str) -> Phase | Role:
    """Whom a note is for: a phase or a role, in words a person types (`plan`, `ml-engineer`)."""
    plain = word.strip().lower().replace("-", "_").replace(" ", "_")
    if (phase := Phase.named(plain)) is not None:
        return phase
    if plain in list(Role):
        return Role(plain)
    allowed = [phase.short for phase in Phase] + [role.value.replace("_", "-") for role in Role]
    raise LabError("note.unknown_address", word=word, allowed=", ".join(allowed))


def run_number(folder: Path, run: int | None) -> int:
    """As `the_run`, for a command that opens the database for nothing else."""
    where = places.places(folder)
    with reading(where.database, where.blobs) as reader:
        return the_run(reader, run).id


def closed_visit(folder: Path, run: int, visit: str | None, phase: Phase | None) -> str:
    """The label of the checkpoint that a fork names; LabError `fork.no_checkpoint` with those there are."""
    where = places.places(folder)
    with reading(where.database, where.blobs) as reader:
        closed = [each for each in (reader.visits(run) if reader else []) if each.closed_at is not None]
    found = [each for each in closed if each.label == visit or (phase is not None and each.phase == phase)]
    if not found:
        asked = visit or (phase.short if phase else "")
        raise LabError("fork.no_checkpoint", asked=asked, allowed=", ".join(each.label for each in closed))
    return (next((each for each in reversed(found) if each.state != "superseded"), found[-1])).label
