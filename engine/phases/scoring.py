"""What was tried in the search, and how it stands: the bridge between a phase's programs and the harness's scores."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from engine.experiments import score
from engine.experiments.contract import Ending
from engine.phases.measure import Reading
from state.products.experiments import Program, Scored
from state.products.plan import Plan
from state.vocabulary import Verdict

UNGRADED = 0.5


@dataclass(frozen=True)
class Tried:
    """A program that was run: how each seed ended, what it read of the plan's metric, and a professor's grade.

    `asked` is the code as it was before any repair.
    """

    program: Program
    asked: str = ""
    endings: tuple[Ending, ...] = ()
    readings: tuple[Reading, ...] = ()
    grade: float | None = None
    why: str = ""
    error: str = ""

    @property
    def measured(self) -> bool:
        return any(one.value is not None or one.censored is not None for one in self.readings)


@dataclass(frozen=True)
class Ranked:
    """A program in the table, with what was tried and how it stands."""

    tried: Tried
    score: Scored

    @property
    def name(self) -> str:
        return self.tried.program.name

    @property
    def program(self) -> Program:
        return self.tried.program

    @property
    def measured(self) -> bool:
        return self.tried.measured

    @property
    def grade(self) -> float:
        """One that nobody could grade is not said to dodge the plan; between equals those with a grade come first."""
        return self.score.grade if self.score.grade is not None else UNGRADED


def ranked(plan: Plan, tried: Sequence[Tried]) -> list[Ranked]:
    """Everything tried, best first; the first one tried is the baseline."""
    goal = score.Goal(plan.metric, plan.direction)
    shots = [_shots(plan, one) for one in tried]
    by_name = {one.program.name: one for one in tried}
    return [
        Ranked(by_name[standing.program], _scored(standing, by_name[standing.program]))
        for standing in score.table(shots, shots[0], goal)
    ]


def reached(plan: Plan, kept: Sequence[Ranked]) -> bool:
    """Whether the best one meets the plan's target with every seed."""
    best = kept[0].score
    return bool(plan.target) and score.reached(_standing(best), plan.target)


def _shots(plan: Plan, one: Tried) -> score.Tried:
    shots = tuple(
        score.Shot(reading.seed, reading.value, reading.censored)
        for reading in one.readings
        if reading.value is not None or reading.censored is not None
    )
    return score.Tried(one.program.name, shots, plan.seeds, one.grade, failed=bool(one.error))


def _scored(standing: score.Standing, one: Tried) -> Scored:
    return Scored(
        program=standing.program,
        verdict=standing.verdict,
        n=standing.n,
        seeds=standing.seeds,
        mean=standing.mean,
        sd=standing.sd,
        censored=standing.censored_at,
        difference=None if standing.verdict is Verdict.BASELINE else standing.delta,
        grade=standing.grade,
        why=one.why,
        error=one.error[-2000:],
    )


def _standing(one: Scored) -> score.Standing:
    return score.Standing(
        one.program, one.mean, one.sd, one.n, one.seeds, one.censored, one.difference, one.verdict, one.grade
    )
