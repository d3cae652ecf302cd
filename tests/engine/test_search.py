"""The search of mle-solver: the three best are kept and the better ones are taken up oftener."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import pytest

from engine.search.base import chance
from engine.search.choose import policy
from state.errors import LabError


@dataclass(frozen=True)
class One:
    name: str
    measured: bool = True
    grade: float = 0.7


TABLE = [One("a"), One("b"), One("c"), One("d"), One("e", measured=False)]


def test_the_three_best_are_kept() -> None:
    assert [one.name for one in policy("mle").keep(TABLE)] == ["a", "b", "c"]


def test_what_measured_nothing_never_enters() -> None:
    assert [one.name for one in policy("mle").keep([One("a"), One("e", measured=False)])] == ["a"]


def test_a_program_that_dodges_the_plan_is_not_kept_whatever_its_number() -> None:
    table = [One("cheat", grade=0.0), *TABLE]
    assert [one.name for one in policy("mle").keep(table)] == ["a", "b", "c"]
    assert [one.name for one in policy("mle").keep([One("only", grade=0.0)])] == ["only"]


def test_better_programs_are_changed_oftener_and_every_one_sometimes() -> None:
    kept = policy("mle").keep(TABLE)
    counts = Counter(policy("mle").choose(kept, n / 600).name for n in range(600))
    assert counts == {"a": 300, "b": 200, "c": 100}


def test_chance_depends_on_the_place_alone() -> None:
    assert chance("q", 1) == chance("q", 1) != chance("q", 2)
    assert all(0 <= chance("q", n) < 1 for n in range(100))


def test_a_policy_that_is_not_there_is_named() -> None:
    with pytest.raises(LabError):
        policy("tree")
