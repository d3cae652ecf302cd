"""A text that a model edits by line numbers: shown numbered, changed by edits, replaced whole.

Both solvers work on one. An edit is checked against the text that was shown, so what does not fit goes back to its
author instead of landing on the wrong lines. Pure functions of strings; a text ends with exactly one newline.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Protocol


class LineRange(Protocol):
    """Lines first..last are replaced by text; last = first - 1 inserts before first."""

    @property
    def first(self) -> int: ...
    @property
    def last(self) -> int: ...
    @property
    def text(self) -> str: ...


def tidy(text: str) -> str:
    """The text as an artefact holds it: unix line ends, one newline at its end; also out of a code fence."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n").strip("\n").split("\n")
    if len(lines) >= 2 and lines[0].startswith("```") and lines[-1].strip() == "```":
        lines = lines[1:-1]
    return "\n".join(lines).strip("\n") + "\n"


def rows(text: str) -> list[str]:
    """The lines of an artefact, without their ends. Only a newline ends a line."""
    return text.removesuffix("\n").split("\n")


def numbered(text: str) -> str:
    """`12| code`, numbers right-aligned."""
    lines = rows(text)
    width = len(str(len(lines)))
    return "\n".join(f"{number:>{width}}| {line}" for number, line in enumerate(lines, 1))


def misfit(text: str, edits: Sequence[LineRange]) -> str | None:
    """Why the edits do not fit the text, in words for their author; None if they do."""
    count = len(rows(text))
    if not edits:
        return "no edit was given"
    for edit in edits:
        if not (1 <= edit.first <= count + 1 and edit.first - 1 <= edit.last <= count):
            return f"lines {edit.first} to {edit.last} are not in the text: it has {count} lines"
    ordered = sorted(edits, key=lambda edit: (edit.first, edit.last))
    for before, after in pairwise(ordered):
        if after.first <= before.last or (after.first, after.last) == (before.first, before.last):
            return f"the edits of lines {before.first}–{before.last} and {after.first}–{after.last} overlap"
    return None


def edited(text: str, edits: Sequence[LineRange]) -> str:
    """The text with all edits made at once, each by the numbers shown. ValueError where they do not fit."""
    if why := misfit(text, edits):
        raise ValueError(why)
    lines = rows(text)
    for edit in sorted(edits, key=lambda edit: (edit.first, edit.last), reverse=True):
        new = edit.text.replace("\r\n", "\n").removesuffix("\n")
        lines[edit.first - 1 : edit.last] = new.split("\n") if edit.text else []
    return "\n".join(lines) + "\n"


def find(text: str, wanted: str) -> tuple[int, int] | None:
    """First and last line of the first place where `wanted` stands; None if nowhere."""
    at = text.find(wanted) if wanted else -1
    if at < 0:
        return None
    first = text.count("\n", 0, at) + 1
    return first, first + wanted.removesuffix("\n").count("\n")
