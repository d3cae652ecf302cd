"""Start an engine, by argv and never by import; give the lab a word and see that someone takes it up.

The engine is detached from the terminal: its own session, stdio to `.nightlab/engine.log`, an environment without
PYTHONPATH. It is started only where the project's lock is free; two that start at once settle it by that lock.
Called by the commands and by the app.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from state import lock, places
from state.readers import reading
from state.vocabulary import RunState, Wait, WordKind

if TYPE_CHECKING:
    from state.inbox import Body

WORLD = frozenset({Wait.NETWORK, Wait.DISK, Wait.AUTH, Wait.BACKOFF})
"""Waits that an engine ends by itself when the world is well again."""

LEAVE_S = 60.0
"""A step at work may end first; experiments go on without the engine."""

_started: list[subprocess.Popen[bytes]] = []


def engine_argv(folder: Path) -> list[str]:
    """-P and -E: a person's folder may hold an `engine.py`, and their PYTHONPATH a `state`."""
    return [sys.executable, "-P", "-E", "-m", "engine", str(folder)]


def engine_environment() -> dict[str, str]:
    """This process's, without what turns another Python's head."""
    return {
        name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "PYTHONHOME", "PYTHONSTARTUP")
    }


def version() -> str:
    """Of what is installed here, as an engine writes it into its lock."""
    from importlib.metadata import version as installed

    return installed("nightlab")


def restart_engine(folder: Path) -> bool:
    """Ask the engine to leave, wait until it did, start one of this version. False where it lives on another machine,
    or does not leave within `LEAVE_S`: then nothing was ended by force, and it works on."""
    where = places.places(folder)
    holder = lock.look(where.lock)
    if holder is not None:
        known = holder.pid is not None and holder.start is not None
        if not known or not lock.Identity(holder.pid or 0, holder.start or 0, holder.boot).lives:
            return False
        os.kill(holder.pid or 0, signal.SIGTERM)
        until = time.monotonic() + LEAVE_S
        while lock.look(where.lock) is not None:
            if time.monotonic() > until:
                return False
            time.sleep(0.1)
    start_engine(folder)
    return True


def alive(folder: Path) -> bool:
    """Whether an engine holds the project's lock."""
    return lock.look(places.places(folder).lock) is not None


def start_engine(folder: Path) -> subprocess.Popen[bytes] | None:
    """Start an engine if the lock is free; None where one is at work, or on its way from here."""
    where = places.prepare(folder)
    _started[:] = [process for process in _started if process.poll() is None]  # also buries the dead
    if lock.look(where.lock) is not None or any(process.args == engine_argv(where.folder) for process in _started):
        return None
    log = os.open(where.log, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
    try:
        process = subprocess.Popen(
            engine_argv(where.folder),
            cwd="/",
            env=engine_environment(),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    finally:
        os.close(log)
    _started.append(process)
    return process


def how_it_ended(pid: int) -> int | None:
    """The exit code of an engine that was started from here, negative for a signal; None where nobody here knows."""
    return next((process.poll() for process in _started if process.pid == pid), None)


def take_up(folder: Path) -> None:
    """For whoever opens a lab: start an engine where a run is at work, waits for the world, or words lie unread."""
    where = places.places(folder)
    work = bool(where.words())
    with reading(where.database, where.blobs) as reader:
        for run in reader.runs() if reader else []:
            world = [wait for wait in reader.waits(run.id) if wait.why in WORLD] if reader else []
            work = work or run.state == RunState.RUNNING or (run.state == RunState.PAUSED and bool(world))
    if work:
        # where nobody may write, what stands there can be looked at; the screen says who is gone
        with suppress(OSError):
            start_engine(folder)


def give(folder: Path, kind: WordKind, body: Mapping[str, Any] | Body) -> str:
    """Leave a word and start an engine if none works; returns the word's id. It counts even if no engine comes."""
    from state import inbox  # with pydantic, which the first frame does not wait for

    word = inbox.leave(folder, kind, body)
    start_engine(folder)
    return word
