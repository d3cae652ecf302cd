"""Which program next: what a search policy is.

A policy is pure: of everything tried it keeps a few, and chooses the one to change next. `chance` is a number in [0, 1)
that depends on a step's place alone, so that a replay and an equal run choose alike.
"""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256
from typing import Protocol, TypeVar


class Ranked(Protocol):
    """A program in the table: whether it measured anything, and a model's grade 0–1."""

    @property
    def measured(self) -> bool: ...
    @property
    def grade(self) -> float: ...


T = TypeVar("T", bound=Ranked)


class Policy(Protocol):
    """Keeps a small set of the best and samples from it."""

    def keep(self, ranked: Sequence[T]) -> list[T]:
        """The set, best first, of everything tried, best first. What measured nothing never enters."""
        ...

    def choose(self, kept: Sequence[T], chance: float) -> T:
        """The one to change next."""
        ...


def chance(*place: str | int) -> float:
    """A number in [0, 1) that depends on the place alone."""
    return int.from_bytes(sha256(repr(place).encode()).digest()[:6], "big") / 2**48
