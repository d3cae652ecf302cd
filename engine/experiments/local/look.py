"""How far a job is, from its folder alone; so looking is all that it takes to adopt one from an engine that died.

The lock is the shim's sign of life and is asked first: what a program may have written beside it counts for nothing
while the shim lives. What a dead shim left running is ended here; a shim that was put to sleep is woken, and one that
let its program pass the time limit all the same is replaced by this engine's own word.
"""

from __future__ import annotations

import fcntl
import os
import signal
import time
from pathlib import Path
from typing import cast

from engine.experiments.contract import Look
from engine.experiments.local import limits, submit
from state import durable, lock
from state.errors import LabError

OVERDUE_S = 10.0
"""So long after the time limit a program that still runs must have disabled its shim."""


def look(folder: Path) -> Look:
    """PLANNED, RUNNING, ENDED or LOST. Cheap enough to be asked many times a second."""
    try:
        return _look(folder)
    except PermissionError:  # a program took the rights to its job's folder away
        limits.open_up(str(folder))
        return _look(folder)


def _look(folder: Path) -> Look:
    if held(folder):
        rouse(folder)
        return Look.RUNNING
    submit.reap()
    if (folder / "exit.json").exists():
        return Look.ENDED
    if not (folder / "started.json").exists():
        return Look.PLANNED
    if held(folder):  # it took the lock and started between the two looks
        return Look.RUNNING
    if (folder / "exit.json").exists():
        return Look.ENDED
    end_left(folder)
    return Look.LOST


def held(folder: Path) -> bool:
    """Whether a shim lives. The shared lock lasts microseconds; a shim that starts just then tries again."""
    try:
        fd = os.open(folder / "lock", os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(fd, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(fd)
    return False


def rouse(folder: Path) -> None:
    """No program outlives its limit by stopping its shim: the shim is woken; where that does not help, both end."""
    try:
        told = cast(dict[str, float], durable.read_json(folder / "started.json", limit_b=1 << 16))
        boot = cast(str, told["boot"])
        shim = lock.Identity(int(told["shim"]), int(told["shim_start"]), boot)
        program = lock.Identity(int(told["pid"]), int(told["start"]), boot)
        due = told["monotonic"] + told["wall_s"] + OVERDUE_S
    except (LabError, OSError, KeyError, TypeError, ValueError):  # not started yet, or not the shim's words
        return
    if lock.state_of(shim.pid) in ("T", "t") and shim.lives:
        limits.send([shim.pid], signal.SIGCONT)
    if boot == lock.boot() and time.monotonic() > due and program.lives and shim.lives:
        end_overdue(folder, shim.pid, time.monotonic() - told["monotonic"])


def end_overdue(folder: Path, shim: int, took_s: float) -> None:
    """End shim and tree, and write the end that the shim could not write."""
    tree = limits.descendants(shim)
    limits.send([shim], signal.SIGSTOP)
    limits.send(tree, signal.SIGKILL)
    limits.send([shim], signal.SIGKILL)
    end_left(folder)
    told = {
        "state": "limit", "exit_code": None, "signal": None, "limit": "wall", "took_s": round(took_s, 3),
        "output_b": 0, "memory_b": 0, "cpu_s": 0.0,
    }  # fmt: skip
    durable.write_json(folder / "exit.json", told, mode=0o600)


def end_left(folder: Path) -> None:
    """End what is left of a job. Its work folder counts as it was laid out, whatever a program made it link to."""
    limits.end_marked(limits.mark_of(str(folder.resolve())), str(folder.resolve() / "work"))
