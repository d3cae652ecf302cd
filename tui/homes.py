"""All projects that this person knows, as home shows them, and the machine for all together.

`Elsewhere` tells a run's screen what waits in the others, and what this person thought of earlier papers.
"""

from __future__ import annotations

import socket
import sqlite3
import time
from dataclasses import dataclass
from pathlib import Path

from state.errors import LabError
from state.places import places
from state.readers import reading
from tui import drafts
from tui.homerows import Found, project_rows
from tui.look import Home
from tui.machine import HostWatch

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
                rows = project_rows(known, Found())
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
    found: dict[tuple[Path, int], tuple[float, float]] = {}
    try:
        where = places(folder)
        with reading(where.database, where.blobs) as reader:
            for run in reader.runs() if reader else []:
                form = reader.settings(run.id).get("review") if reader else None
                if not isinstance(form, dict) or not form.get("overall") or reader is None:
                    continue
                means = [row.summary.get("means") for row in reader.versions(run.id) if row.name == "refinement"]
                told = next((mean["overall"] for mean in reversed(means) if mean and "overall" in mean), None)
                pair = (float(told), float(form["overall"])) if told is not None else None
                if pair is not None and (run.parent is None or found.get((folder, run.parent)) != pair):
                    found[folder, run.id] = pair  # a fork that shares paper and form is no paper of its own
    except (LabError, sqlite3.DatabaseError, OSError):  # home says what is wrong with it
        return {}
    return found


class Homes:
    """Looks into each project's database for an instant; one that cannot be read is a row that says so."""

    def __init__(self) -> None:
        self._host = HostWatch()
        self._pages: dict[tuple[Path, str], int] = {}

    def look(self, now: int) -> Home:
        found = Found(pages=self._pages)
        rows = [row for folder in drafts.known_projects() for row in project_rows(folder, found)]
        rows.sort(key=lambda row: (ORDER[row.group], -(row.since_at or 0)))
        host = self._host.look(found.on_gpus, found.tier)
        return Home(now, socket.gethostname(), zone(), tuple(rows[:SHOWN]), host)


def zone() -> str:
    """`UTC+8`, `UTC+5:30`, `UTC`."""
    told = time.strftime("%z")
    hours, minutes = int(told[1:3] or 0), told[3:5]
    if not hours and minutes in ("", "00"):
        return "UTC"
    return f"UTC{told[0]}{hours}" + (f":{minutes}" if minutes != "00" else "")
