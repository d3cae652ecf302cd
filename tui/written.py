"""What a program's file says of itself: how many lines it changed, and how many steps it means to run.

Both are read from the code that ran, never guessed: a length is told only where a constant at the top names it.
"""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass

LENGTH = re.compile(
    r"^(?:max_|num_|n_|total_|train_|training_)*(?:steps|iters|iterations)[ \t]*(?::[^=\n]+)?=[ \t]*([0-9][0-9_]*)\b",
    re.IGNORECASE | re.MULTILINE,
)
LONGEST_B = 1 << 20


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
