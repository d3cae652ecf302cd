"""The engine as a screen sees it: by its lock while it works, by what it left when it is gone.

Since when it is gone, how it ended and what was in flight are told by its last commit, by the process that started it
where that was this one, and by the folders of its calls. Called by the poller's thread.
"""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any

from state import atwork, lock, standstill
from state.places import Places
from state.readers import Reader
from tui.launch import how_it_ended, version
from tui.look import Death, Engine


class EngineSeen:
    """Looks after the engine of one project."""

    def __init__(self, where: Places, reader: Reader) -> None:
        self.where, self.reader = where, reader
        self._gone_at: int | None = None
        self._was_alive = False

    def look(self, now: int, run: int) -> Engine:
        """Who holds the lock; the last one that died, if none does, and what it had in flight."""
        holder = lock.look(self.where.lock)
        if holder is not None:
            self._gone_at, self._was_alive = None, True
            since = int(holder.since.timestamp() * 1000) if holder.since else None
            other = holder.version if holder.version != version() else ""
            return Engine(alive=True, pid=holder.pid, since_at=since, version=other)
        engines = self.reader.engines()
        last = engines[-1] if engines else {}
        if self._gone_at is None:
            self._gone_at = last.get("ended_at") or (now if self._was_alive else self._last_sign() or now)
        why, number = _ended(last)
        flying = [one for one in standstill.unanswered(self.reader, run) if one.state == "flying"]
        sent = [one for one in flying if _doubtful(self.where.calls / one.attempt)]
        micros = sum(one.micros for one in sent)
        return Engine(gone_at=self._gone_at, why=why, number=number, doubtful=len(sent), doubtful_micros=micros)

    def deaths(self) -> tuple[Death, ...]:
        """Engines that died and were followed by another, oldest first."""
        engines = self.reader.engines()
        found = []
        for died, following in pairwise(engines):
            if died.get("why") == "died":
                reboot = died["host"] == following["host"] and died["boot"] != following["boot"]
                back_at = int(following["started_at"])
                died_at = atwork.last_commit_at(self.reader, back_at)
                found.append(Death(int(died["pid"]), back_at if died_at is None else died_at, back_at, reboot))
        return tuple(found)

    def _last_sign(self) -> int | None:
        """When an engine was last heard of: its last commit, or its last words."""
        last = atwork.last_commit_at(self.reader)
        signs = [] if last is None else [last]
        with contextlib.suppress(OSError):
            signs.append(self.where.log.stat().st_mtime_ns // 1_000_000)
        return max(signs, default=None)


def _ended(last: Mapping[str, Any]) -> tuple[str, int]:
    """How the last engine ended, and its signal or exit code: what it wrote itself, what the process that started it
    saw, or that the machine was started anew since."""
    if last.get("why"):
        return str(last["why"]), 0
    code = how_it_ended(int(last.get("pid", 0)))
    if code is not None:
        return ("signal", -code) if code < 0 else ("code", code)
    here = last.get("host") == socket.gethostname()
    return ("reboot" if here and last.get("boot") != lock.boot() else "died"), 0


def _doubtful(call: Path) -> bool:
    """Whether a call had left and its answer is not here: it will be made again."""
    return (call / "sent").exists() and not (call / "done.json").exists()
