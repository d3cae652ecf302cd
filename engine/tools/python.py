"""Programs that data preparation runs: a snippet to look around, and `load_data.py` as it is handed in.

Both are jobs like any other, with limits that hold from outside; the person's data lie under `data/`. `shown` is what
the author sees of the end. Called by the data preparation phase.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping

from engine.experiments.contract import GB, MB, Ending, Job, Limits
from engine.prompt import Shown, lines, tag

SNIPPET_S = 120.0
LOAD_DATA_S = 60.0
SNIPPET, LOAD_DATA = "look.py", "load_data.py"
SHOWN_CHARS = 6_000
TRACEBACK = "Traceback (most recent call last):"
_MIDDLE = "[… {} characters left out …]"

Paths = Mapping[str, str]


def snippet(code: str, data: Paths, *, python: str = sys.executable, identities: Paths | None = None) -> Job:
    """A few lines to look at the data or try something."""
    return _job(SNIPPET, code, SNIPPET_S, data, python, identities)


def load_data(code: str, data: Paths, *, python: str = sys.executable, identities: Paths | None = None) -> Job:
    """The program that every experiment will load its data with: it must run."""
    return _job(LOAD_DATA, code, LOAD_DATA_S, data, python, identities)


def _job(name: str, code: str, wall_s: float, data: Paths, python: str, identities: Paths | None) -> Job:
    return Job(
        kind="python",
        argv=(python, name),
        limits=Limits(wall_s=wall_s, memory_b=4 * GB, disk_b=2 * GB, output_b=MB, file_b=GB, processes=64),
        files={name: code.encode()},
        data=dict(data),
        identities=dict(identities or {}),
    )


def shown(ending: Ending) -> Shown:
    """Its output and, where it failed, why."""
    if ending.ok:
        return tag("output", capped(ending.tail))
    error = ending.error or ending.limit or ending.state.value
    last = ending.tail.rsplit(TRACEBACK, 1)  # what the error says already is not shown twice
    printed = last[0].rstrip() if len(last) == 2 and last[1].strip() in error else ending.tail
    printed = "" if printed.strip() in error else printed
    return lines(tag("output", capped(printed)) if printed else "", tag("error", capped(error)))


def capped(text: str) -> str:
    """The beginning and the end of a long text: errors stand at its end, what was printed first at its beginning."""
    if len(text) <= SHOWN_CHARS:
        return text
    head, end = SHOWN_CHARS // 4, SHOWN_CHARS - SHOWN_CHARS // 4
    return f"{text[:head]}\n{_MIDDLE.format(len(text) - SHOWN_CHARS)}\n{text[-end:]}"
