"""A program's code, and what it says of itself: how many lines it changed, and how many steps it means to run.

The code is the file that its newest experiment runs, for a repair changes it; while nothing ran yet, what was stored.
A length is told only where a constant at the top names it.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from state.durable import read_beneath
from state.errors import LabError
from state.rows import ExperimentRow, ProgramRow

PROGRAM = "experiment.py"
LENGTH = re.compile(
    r"^(?:max_|num_|n_|total_|train_|training_)*(?:steps|iters|iterations)[ \t]*(?::[^=\n]+)?=[ \t]*([0-9][0-9_]*)\b",
    re.IGNORECASE | re.MULTILINE,
)
LONGEST_B = 1 << 20


def newest_run(program: ProgramRow, experiments: Iterable[ExperimentRow]) -> str:
    """The attempt whose folder holds the program as it runs: of its newest experiment, one that failed last of all."""
    mine = [row for row in experiments if row.program == program.name and row.state != "planned"]
    mine.sort(key=lambda row: (row.state in ("running", "finished"), row.id))
    return mine[-1].attempt if mine else ""


def code_of(
    jobs: Path, program: ProgramRow, experiments: Iterable[ExperimentRow], blob: Callable[[str], bytes] | None
) -> str | None:
    """The program's code; None where it lies nowhere."""
    attempt = newest_run(program, experiments)
    try:
        if attempt:
            return read_beneath(jobs, f"{attempt}/work/{PROGRAM}", LONGEST_B).decode("utf-8", "replace")
    except (OSError, LabError):  # the folder is gone, or never had one
        pass
    try:
        return blob(program.sha256).decode("utf-8", "replace") if blob is not None else None
    except OSError:  # kept only once the phase handed in
        return None


@dataclass(frozen=True)
class Written:
    """Lines that a program added and took away against its parent, None without one; `steps` None: it does not say."""

    added: int | None = None
    taken: int | None = None
    steps: int | None = None


def written(code: str, parent: str | None) -> Written:
    """The facts of a program's code."""
    found = LENGTH.search(code)
    steps = int(found[1].replace("_", "")) if found else None
    if parent is None or len(code) + len(parent) > LONGEST_B:
        return Written(steps=steps)
    added = taken = 0
    matcher = difflib.SequenceMatcher(a=parent.splitlines(), b=code.splitlines(), autojunk=False)
    for tag, first, last, start, stop in matcher.get_opcodes():
        if tag != "equal":
            taken, added = taken + last - first, added + stop - start
    return Written(added, taken, steps)
