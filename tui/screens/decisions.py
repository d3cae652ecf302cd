"""The decisions of one screen from the key that makes them until the engine took them up, so that none is made twice.

A look shows them as soon as their words lie in the inbox; here they are kept for the instant before, and over the looks
that were made before. One that was refused, or could not be left, is forgotten.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from state.decided import Left, answered
from state.vocabulary import WordKind

if TYPE_CHECKING:
    from tui.look import Look


@dataclass
class Kept:
    """A choice, and the name of its word once that lies in the inbox."""

    choice: str
    word: str | None = None


class Decisions:
    """By wait what this screen left."""

    def __init__(self) -> None:
        self._kept: dict[int, Kept] = {}

    def leave(self, look: Look, kind: WordKind, body: Mapping[str, Any]) -> Callable[[str | None], None]:
        """A word is on its way: what it answers is decided. Call the result with its name, or None if it failed."""
        ends = answered(Left.of(kind, body), look.run.id, look.undecided)
        mine = {wait: Kept(choice) for wait, choice in ends.items()}
        self._kept |= mine

        def lies(word: str | None) -> None:
            for wait, kept in mine.items():
                kept.word = word
                if word is None:
                    self._kept.pop(wait, None)

        return lies

    def over(self, word: str) -> None:
        """The engine took a word up, whatever it did with it."""
        self._kept = {wait: kept for wait, kept in self._kept.items() if kept.word != word}

    def seen(self, look: Look) -> Look:
        """A look with the decisions that it does not know yet."""
        mine = {wait: kept.choice for wait, kept in self._kept.items()}
        missing = {wait.id: mine[wait.id] for wait in look.waits if wait.id in mine and wait.id not in look.decided}
        return replace(look, decided={**look.decided, **missing}) if missing else look
