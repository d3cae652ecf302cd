"""How programs stand: ranked by what was measured, called better only where the gain is larger than the noise.

The harness computes all of it; no model's word counts but the grade, which breaks ties. The noise band is the standard
deviation over the seeds, the larger of the baseline's and the program's. Pure functions of what was measured: the
same numbers in any order give the same standings.
"""

from __future__ import annotations

import math
import operator
import re
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from state.vocabulary import Verdict

TARGET = re.compile(r"^(?P<metric>\S+?)\s*(?P<sign>>=|<=|>|<)\s*(?P<number>[-+]?\d+(\.\d*)?([eE][-+]?\d+)?)$")
SIGNS = {">=": operator.ge, "<=": operator.le, ">": operator.gt, "<": operator.lt}
DIGITS = 12  # numbers that agree so far are equal: the rest is the order of summation


@dataclass(frozen=True, slots=True)
class Goal:
    """The primary metric, and which way is better."""

    metric: str
    direction: Literal["lower", "higher"]

    @property
    def sign(self) -> int:
        """What makes of the metric a cost: lower is better."""
        return 1 if self.direction == "lower" else -1


@dataclass(frozen=True, slots=True)
class Shot:
    """One seed of a program: a value, or the limit within which the target was missed."""

    seed: int
    value: float | None
    censored: float | None = None


@dataclass(frozen=True, slots=True)
class Tried:
    """A program with what its seeds gave; a seed that measured nothing has no shot. `seeds` is how many were run."""

    program: str
    shots: tuple[Shot, ...]
    seeds: int
    grade: float | None = None
    failed: bool = False

    @property
    def reached(self) -> list[float]:
        return sorted(shot.value for shot in self.shots if shot.value is not None)

    @property
    def missed(self) -> list[float]:
        return sorted(shot.censored for shot in self.shots if shot.value is None and shot.censored is not None)

    @property
    def short(self) -> int:
        """How many seeds gave no number: they missed the target, failed, or measured something else."""
        return max(self.seeds, len(self.shots)) - len(self.reached)

    @property
    def granted(self) -> list[float]:
        """Every missed target taken at its limit, which is the best it could have been."""
        return sorted(self.reached + self.missed)


@dataclass(frozen=True, slots=True)
class Standing:
    """A row of the table. `mean` and `sd` cover the `n` of `seeds` that gave a number; `delta` is mean − baseline's."""

    program: str
    mean: float | None
    sd: float | None
    n: int
    seeds: int
    censored_at: float | None
    delta: float | None
    verdict: Verdict
    grade: float | None


def verdict(program: Tried, baseline: Tried, goal: Goal) -> Verdict:
    """How `program` stands against `baseline`; without a noise band (one seed each) no gain can be claimed.

    Nor can it by one that gives a number for fewer of its seeds: those that failed may be the bad ones.
    """
    if program.failed and not program.shots:
        return Verdict.FAILED
    if not program.granted:
        return Verdict.UNMEASURED
    if program.program == baseline.program:
        return Verdict.BASELINE
    if not program.reached:
        return Verdict.CENSORED
    if not baseline.granted:
        return Verdict.UNMEASURED
    if not baseline.reached:
        return Verdict.INSIDE_NOISE if program.short else Verdict.BETTER
    band = noise(program, baseline)
    if band is None:
        return Verdict.TOO_FEW_SEEDS
    before, after = _mean(baseline.granted), _mean(program.granted)
    gain = goal.sign * (before - after) if _rounded(before) != _rounded(after) else 0.0
    if gain > band:
        return Verdict.INSIDE_NOISE if _share(program) > _share(baseline) else Verdict.BETTER
    return Verdict.WORSE if -gain > band else Verdict.INSIDE_NOISE


def noise(program: Tried, baseline: Tried) -> float | None:
    """The noise band: the larger of both standard deviations over seeds; None where neither has two seeds."""
    bands = [band for band in (_sd(program.granted), _sd(baseline.granted)) if band is not None]
    return max(bands, default=None)


def table(programs: Sequence[Tried], baseline: Tried, goal: Goal) -> list[Standing]:
    """The standings, best first: every seed a number before any without, then the mean, the grade, the name."""
    ranked = sorted(programs, key=lambda one: (_place(one, goal), -(one.grade or 0.0), one.program))
    return [standing(one, baseline, goal) for one in ranked]


def standing(one: Tried, baseline: Tried, goal: Goal) -> Standing:
    """One program's row."""
    mean = _mean(one.reached) if one.reached else None
    base = _mean(baseline.reached) if baseline.reached else None
    return Standing(
        program=one.program,
        mean=mean,
        sd=_sd(one.reached),
        n=len(one.reached),
        seeds=one.seeds,
        censored_at=max(one.missed, default=None),
        delta=None if mean is None or base is None else mean - base,
        verdict=verdict(one, baseline, goal),
        grade=one.grade,
    )


def reached(one: Standing, target: str) -> bool:
    """Whether every seed that was run is a number and their mean meets the target (`val_acc >= 0.95`; "" never)."""
    found = TARGET.match(target.strip())
    if found is None or one.mean is None or one.n < one.seeds:
        return False
    return bool(SIGNS[found["sign"]](one.mean, float(found["number"])))


def _place(one: Tried, goal: Goal) -> tuple[int, float, float]:
    """Lower is better: measured, missed everywhere, nothing measured, failed; the seeds without; the cost."""
    if not one.granted:
        return (3 if one.failed else 2, 0.0, 0.0)
    numbers = one.reached or one.missed
    return (0 if one.reached else 1, _share(one), goal.sign * _rounded(_mean(numbers)))


def _share(one: Tried) -> float:
    """Of its seeds, those that gave no number."""
    return one.short / max(one.seeds, len(one.shots), 1)


def _rounded(value: float) -> float:
    return float(f"{value:.{DIGITS}g}")


def _mean(values: Sequence[float]) -> float:
    return math.fsum(values) / len(values)


def _sd(values: Sequence[float]) -> float | None:
    return statistics.stdev(values) if len(values) > 1 else None
