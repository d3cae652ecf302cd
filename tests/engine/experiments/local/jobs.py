"""Small programs as jobs, for the tests of this folder."""

from __future__ import annotations

import os
import sys
import textwrap
from pathlib import Path

from engine.experiments.contract import MB, Ending, Job, Limits
from engine.experiments.local import limits
from engine.experiments.local.place import Local


def job(code: str, *, wants: tuple[str, ...] = (), **caps: float) -> Job:
    """A Python program of a few lines, with narrow limits unless others are given."""
    narrow = {"wall_s": 20.0, "memory_b": 0, "disk_b": 64 * MB, "output_b": MB, "file_b": 32 * MB, "processes": 40}
    return Job(
        kind="experiment",
        argv=(sys.executable, "-S", "program.py"),
        files={"program.py": textwrap.dedent(code).encode()},
        limits=Limits(**(narrow | caps)),  # type: ignore[arg-type]  # whole numbers where whole numbers are meant
        wants=wants,
    )


async def ending(folder: Path, code: str, *, wants: tuple[str, ...] = (), **caps: float) -> Ending:
    """How the program ends on this machine."""
    place = Local()
    await place.submit(folder, job(code, wants=wants, **caps))
    return await place.wait(folder)


def left_over(folder: Path) -> list[int]:
    """What still runs of the job in `folder`, found by more than what the lab itself looks at."""
    work = str((folder / "work").resolve())
    mark = limits.mark_of(str(folder.resolve())) if folder.exists() else "gone"
    found = set(limits.marked(mark, work))
    for name in os.listdir("/proc"):  # noqa: PTH208  names are all that is needed
        try:
            if name.isdigit() and work in Path(f"/proc/{name}/cmdline").read_text():
                found.add(int(name))
        except OSError:
            continue
    return sorted(found)
