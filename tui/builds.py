"""How the paper was typeset: read from the `build.json` of the jobs that did it, newest first.

The log on screen is the newest build's; the pages and the time are those of the build that made the PDF which is kept.
Called by the poller's thread.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path

from state.durable import read_beneath
from state.errors import LabError
from state.places import Places
from state.readers import Reader

BUILD, PDF = "work/build.json", "work/paper.pdf"
BUILD_LIMIT_B, PDF_LIMIT_B = 1 << 20, 64 << 20
BACK = 24


@dataclass(frozen=True)
class Build:
    """One typesetting: when it ended, whether it made a PDF, and what the typesetter said."""

    at: int
    ok: bool
    engine: str
    pages: int
    log: str
    sha256: str = ""


class Builds:
    """The builds of a project; a job that is over is read once."""

    def __init__(self, where: Places, reader: Reader) -> None:
        self.where, self.reader = where, reader
        self._kept: dict[str, Build | None] = {}

    def of(self, run: int, pdf_sha256: str | None) -> tuple[Build | None, Build | None]:
        """The newest build, and the one that made the PDF with this sha256."""
        done = [name for _, name, state in self.reader.attempts("job", run) if state == "done"]
        newest = None
        for name in reversed(done[-4 * BACK :]):
            build = self._build(name)
            if build is None:
                continue
            newest = newest or build
            if pdf_sha256 is None or build.sha256 == pdf_sha256:
                return newest, build if pdf_sha256 is not None else None
        return newest, None

    def _build(self, attempt: str) -> Build | None:
        if attempt not in self._kept:
            self._kept[attempt] = _read(self.where.jobs / attempt)
        return self._kept[attempt]


def _read(job: Path) -> Build | None:
    """None where a job is no typesetting, or its folder is gone."""
    try:
        at = int((job / BUILD).stat().st_mtime * 1000)
        told = json.loads(read_beneath(job, BUILD, BUILD_LIMIT_B))
    except (OSError, ValueError, LabError):
        return None
    if not isinstance(told, dict):
        return None
    try:
        sha256 = hashlib.sha256(read_beneath(job, PDF, PDF_LIMIT_B)).hexdigest() if told.get("ok") else ""
    except (OSError, LabError):
        sha256 = ""
    pages = told.get("pages")
    log = "\n".join(str(told[name]) for name in ("reason", "log") if told.get(name))
    return Build(
        at, bool(told.get("ok")), str(told.get("engine", "")), pages if isinstance(pages, int) else 0, log, sha256
    )
