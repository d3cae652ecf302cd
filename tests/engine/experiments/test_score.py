"""Ranking and verdicts: the rules, and what must hold whatever was measured."""

from __future__ import annotations

import itertools
import statistics
from typing import Literal

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from engine.experiments import score
from engine.experiments.score import Goal, Shot, Tried
from state.vocabulary import Verdict as V

LOSS, ACC = Goal("loss", "lower"), Goal("acc", "higher")
STEPS = Goal("steps", "lower")
TARGET = "steps <= 2000"
MISSED = None
numbers = st.floats(-1e6, 1e6).map(lambda x: round(x, 6))
seeds = st.lists(numbers, min_size=2, max_size=6)
either = st.sampled_from(["lower", "higher"])


def program(name: str, *values: float | None, at: float = 4000, grade: float | None = None) -> Tried:
    shots = tuple(Shot(n, value, None if value is not None else at) for n, value in enumerate(values))
    return Tried(name, shots, len(values), grade)


@pytest.mark.parametrize(
    ("values", "baseline", "goal", "word"),
    [
        ((1.0, 1.1, 0.9), (2.0, 2.1, 1.9), LOSS, V.BETTER),
        ((1.0, 1.1, 0.9), (2.0, 2.1, 1.9), ACC, V.WORSE),
        ((1.95, 2.05, 2.0), (2.0, 2.1, 1.9), LOSS, V.INSIDE_NOISE),
        ((1.0, 3.0, 0.5), (2.0, 2.1, 1.9), LOSS, V.INSIDE_NOISE),  # its own noise is the larger
        ((1.0,), (2.0, 2.1, 1.9), LOSS, V.BETTER),
        ((1.0,), (2.0,), LOSS, V.TOO_FEW_SEEDS),  # nobody knows the noise
        ((), (2.0, 2.1), LOSS, V.UNMEASURED),
        ((1.0, 1.0), (), LOSS, V.UNMEASURED),
        ((300, 320, 310), (MISSED, MISSED, MISSED), STEPS, V.BETTER),
        ((300, 320, MISSED), (MISSED, MISSED, MISSED), STEPS, V.INSIDE_NOISE),
        ((MISSED, MISSED), (MISSED, MISSED), STEPS, V.CENSORED),
        ((MISSED, MISSED), (300, 310), STEPS, V.CENSORED),
        ((300, 320, 310), (MISSED, 3900, MISSED), STEPS, V.BETTER),
        (
            (10, 10, 10, MISSED),
            (3900, 3910, 3920, 3930),
            STEPS,
            V.INSIDE_NOISE,
        ),  # it misses where the baseline never does
        ((10, MISSED, MISSED), (300, 310, 320), STEPS, V.WORSE),
    ],
)
def test_the_verdict_follows_the_rules(
    values: tuple[float | None, ...], baseline: tuple[float | None, ...], goal: Goal, word: V
) -> None:
    assert score.verdict(program("wd_2", *values), program("base", *baseline), goal) is word


def test_the_baseline_is_called_so_and_a_program_that_never_ran_failed() -> None:
    base = program("base", 1.0, 2.0)
    assert score.verdict(base, base, LOSS) is V.BASELINE
    assert score.verdict(Tried("bad", (), 1, failed=True), base, LOSS) is V.FAILED


def test_no_gain_is_claimed_by_dropping_the_seeds_that_failed() -> None:
    base = program("base", 1.0, 1.1, 0.9, 1.0, 1.0)
    lucky = Tried("lucky", (Shot(0, 0.2), Shot(3, 0.21)), 5)  # three seeds diverged and measured nothing
    whole = program("whole", 0.95, 1.0, 0.9, 0.95, 1.0)
    assert score.verdict(lucky, base, LOSS) is V.INSIDE_NOISE
    assert score.verdict(lucky, Tried("base", lucky.shots[:1], 5), LOSS) is V.INSIDE_NOISE
    assert score.verdict(Tried("lucky", (Shot(0, 5.0), Shot(3, 5.1)), 5), base, LOSS) is V.WORSE
    assert [row.program for row in score.table([lucky, base, whole], base, LOSS)] == ["whole", "base", "lucky"]


def test_a_difference_in_the_last_digits_of_a_float_is_none() -> None:
    exact, summed = program("p", 0.3, 0.3), program("base", 0.1 + 0.2, 0.1 + 0.2)
    assert score.verdict(exact, summed, LOSS) is V.INSIDE_NOISE
    assert score.verdict(exact, summed, ACC) is V.INSIDE_NOISE
    assert score.verdict(program("p", 0.299999, 0.299999), summed, LOSS) is V.BETTER  # nothing varies but this


def test_the_mean_covers_the_seeds_that_reached_the_target_and_n_says_how_many() -> None:
    base = program("base", 3000, 3100)
    row = score.standing(program("wd_2", 200, MISSED, 400), base, STEPS)
    assert (row.mean, row.n, row.seeds, row.censored_at) == (300, 2, 3, 4000)
    assert row.delta == -2750
    assert row.sd == pytest.approx(statistics.stdev([200, 400]))


def test_a_missed_target_ranks_behind_every_number() -> None:
    base = program("base", 3900, 3950)
    never, some, slow = program("never", MISSED, MISSED), program("some", 10, MISSED), program("slow", 3999, 3999)
    rows = score.table([never, Tried("bad", (), 2, failed=True), some, base, slow, program("mute")], base, STEPS)
    assert [row.program for row in rows] == ["base", "slow", "some", "never", "mute", "bad"]


def test_the_grade_breaks_ties_and_nothing_else() -> None:
    base = program("base", 5.0, 5.0)
    rows = score.table(
        [program("a", 1.0, 1.0, grade=0.1), program("b", 2.0, 2.0, grade=1.0), program("c", 1.0, 1.0, grade=0.9)],
        base,
        LOSS,
    )
    assert [row.program for row in rows] == ["c", "a", "b"]


def test_a_target_is_reached_by_the_mean_of_all_seeds() -> None:
    base = program("base", 3000, 3000)
    assert score.reached(score.standing(program("a", 1900, 2100), base, STEPS), TARGET)
    assert not score.reached(score.standing(program("a", 1900, 2101), base, STEPS), TARGET)
    assert not score.reached(score.standing(program("a", 100, MISSED), base, STEPS), TARGET)
    assert not score.reached(score.standing(program("a", 100, 100), base, STEPS), "")


@given(seeds, seeds, either)
def test_better_is_never_said_inside_the_noise(
    mine: list[float], base: list[float], direction: Literal["lower", "higher"]
) -> None:
    word = score.verdict(program("p", *mine), program("base", *base), Goal("m", direction))
    gain = statistics.fmean(base) - statistics.fmean(mine)
    gain = gain if direction == "lower" else -gain
    if word is V.BETTER:
        assert gain >= max(statistics.stdev(mine), statistics.stdev(base)) * (1 - 1e-9)
    if word is V.WORSE:
        assert -gain >= max(statistics.stdev(mine), statistics.stdev(base)) * (1 - 1e-9)


@given(st.lists(st.tuples(st.lists(st.none() | numbers, max_size=4), st.floats(0, 1)), max_size=6), st.randoms())
def test_the_order_in_which_things_are_told_changes_nothing(
    told: list[tuple[list[float | None], float]], chance: object
) -> None:
    base = program("base", 1.0, 2.0, 3.0)
    programs = [program(f"p{n}", *values, grade=grade) for n, (values, grade) in enumerate(told)]
    shuffled = []
    for one in programs:
        shots = list(one.shots)
        chance.shuffle(shots)  # type: ignore[attr-defined]  # a random.Random of hypothesis
        shuffled.append(Tried(one.program, tuple(shots), one.seeds, one.grade))
    chance.shuffle(shuffled)  # type: ignore[attr-defined]  # see above
    assert score.table(shuffled, base, STEPS) == score.table(programs, base, STEPS)


ORDER = [V.WORSE, V.INSIDE_NOISE, V.BETTER]


@given(seeds, seeds, st.floats(0, 1e6), either)
def test_a_program_that_is_better_on_every_seed_by_as_much_never_gets_a_lower_word(
    mine: list[float], base: list[float], by: float, direction: Literal["lower", "higher"]
) -> None:
    goal = Goal("m", direction)
    spread = max(statistics.stdev(mine), statistics.stdev(base))
    gain = abs(statistics.fmean(mine) - statistics.fmean(base))
    assume(abs(gain - spread) > 1e-3)  # not on the edge, where the last digit decides
    before = score.verdict(program("p", *mine), program("base", *base), goal)
    moved = [value - goal.sign * by for value in mine]
    after = score.verdict(program("p", *moved), program("base", *base), goal)
    assert ORDER.index(after) >= ORDER.index(before)


@given(st.lists(st.lists(numbers, min_size=1, max_size=4), min_size=2, max_size=6), either)
def test_the_order_follows_the_means(told: list[list[float]], direction: Literal["lower", "higher"]) -> None:
    goal = Goal("m", direction)
    rows = score.table([program(f"p{n}", *values) for n, values in enumerate(told)], program("base", 0.0, 1.0), goal)
    costs = [goal.sign * row.mean for row in rows if row.mean is not None]
    assert all(a <= b + 1e-6 for a, b in itertools.pairwise(costs))
