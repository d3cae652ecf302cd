"""Watch a real engine from the outside while things go wrong: until its status says something, or a deadline passes."""

from __future__ import annotations

import sqlite3
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from state import places
from state.status import report
from tests.faults import driving

Status = dict[str, Any]


def until(
    folder: Path,
    true: Callable[[Status], object],
    running: subprocess.Popen[bytes] | None = None,
    limit_s: float = 60.0,
) -> Status:
    """The first status of which `true` holds. `running` may not end before."""
    end = time.monotonic() + limit_s
    while True:
        told = report(folder)
        if true(told):
            return told
        if running is not None and running.poll() is not None:
            raise AssertionError(f"the engine left with {running.returncode}: {driving.log(folder)}")
        if time.monotonic() > end:
            raise AssertionError(f"not within {limit_s:g} s: {told}\n{driving.log(folder)}")
        time.sleep(0.03)


def waits_for(told: Status, why: str) -> bool:
    return any(wait["what"] == why for wait in told["waiting_for"])


def paused(told: Status, why: str) -> bool:
    """Whether a run stands still for this reason, and says so."""
    return told["state"] == "paused" and waits_for(told, why)


def answered(told: Status) -> int:
    return int(told["calls"]["answered"])


def rows(folder: Path, sql: str, *values: object) -> list[tuple[Any, ...]]:
    db = sqlite3.connect(f"file:{places.places(folder).database}?mode=ro", uri=True)
    try:
        return db.execute(sql, values).fetchall()
    finally:
        db.close()
