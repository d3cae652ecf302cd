"""Decisions that were left and are not carried out yet: which waits they answer.

The inbox tells of those that lie there, from whatever terminal they came; a wait whose edited product is being checked
tells by its own row. Whoever shows waits asks here, so that nobody is asked twice: the screens, home and `status`.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from state.errors import LabError
from state.places import Places
from state.vocabulary import Choice, WordKind

if TYPE_CHECKING:
    from state.rows import WaitRow

TAKEN_UP_S = 8.0


@dataclass(frozen=True)
class Left:
    """As much of a word as tells which waits it answers."""

    kind: WordKind
    run: int | None = None
    wait: int | None = None
    choice: str = ""

    @classmethod
    def of(cls, kind: WordKind, body: Mapping[str, Any]) -> Left:
        return cls(kind, body.get("run"), body.get("wait"), str(body.get("choice") or ""))


class Inbox:
    """The words in a project's inbox, each read once."""

    def __init__(self, where: Places) -> None:
        self._where = where
        self._read: dict[str, Left | None] = {}

    def names(self) -> tuple[str, ...]:
        return tuple(path.name for path in self._where.words())

    def words(self) -> tuple[Left, ...]:
        """What was left and not taken up, in that order; what is no word is passed over."""
        self._read = {path.name: self._known(path) for path in self._where.words()}
        return tuple(word for word in self._read.values() if word is not None)

    def unread(self) -> int:
        """Words that lie here for longer than an engine takes to read them."""
        before = time.time() - TAKEN_UP_S
        return sum(_born(path) < before for path in self._where.words())

    def _known(self, path: Path) -> Left | None:
        if path.name in self._read:
            return self._read[path.name]
        from state import inbox  # with pydantic, which a project without words does not wait for

        try:
            word = inbox.read(path)
        except (LabError, OSError):  # no word, or taken up this instant
            return None
        return Left.of(word.kind, dict(word.body))


def _born(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except OSError:  # taken up this instant
        return time.time()


def answered(word: Left, run: int, waits: Sequence[WaitRow]) -> dict[int, str]:
    """The open waits of a run that a word ends, with its choice. A fork leaves its checkpoint open."""
    if word.run not in (None, run):
        return {}
    if word.kind is WordKind.STOP:
        return {wait.id: Choice.STOP.value for wait in waits}
    if word.kind is WordKind.RESUME:
        return {wait.id: Choice.RETRY.value for wait in waits if wait.resumable}
    if word.kind is not WordKind.DECISION or word.choice == Choice.FORK:
        return {}
    return {wait.id: word.choice for wait in waits if wait.id == word.wait}


def decided(words: Sequence[Left], run: int, waits: Sequence[WaitRow]) -> dict[int, str]:
    """By wait the first choice that was left for it: the one that counts."""
    found = {wait.id: Choice.APPROVE.value for wait in waits if wait.word is not None}
    for word in words:
        found = answered(word, run, waits) | found
    return found
