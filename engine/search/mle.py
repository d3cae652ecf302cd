"""The search of mle-solver: the three best are kept, a step samples one of them, the better ones oftener.

The measured metric ranks and a grade breaks ties; a program whose grade says that it dodges the plan is not kept,
whatever its number, as long as there are others.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from engine.search.base import T

DODGES = 0.2
"""Below this grade a program's number is taken to mean nothing."""


@dataclass(frozen=True)
class Mle:
    k: int = 3

    def keep(self, ranked: Sequence[T]) -> list[T]:
        """The k best; all that measured something where every one dodges."""
        measured = [one for one in ranked if one.measured]
        return ([one for one in measured if one.grade >= DODGES] or measured)[: self.k]

    def choose(self, kept: Sequence[T], chance: float) -> T:
        """By rank: weights k, k−1, …, 1."""
        weights = list(range(len(kept), 0, -1))
        left = chance * sum(weights)
        for one, weight in zip(kept, weights, strict=True):
            left -= weight
            if left < 0:
                return one
        return kept[-1]
