"""How the programs of a run stand: the table of *running experiments*, from measured results only.

Mean and sd over seeds, what was censored, and the difference to the baseline are counted here for the eye; the
verdict beside them is the harness's, as it was recorded.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from statistics import fmean, stdev
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from state.rows import ExperimentRow, ResultRow
    from tui.look import Look


@dataclass(frozen=True)
class Standing:
    """A program's row. `mean` None: no seed reached a number. `censored`: the limit that some did not reach."""

    name: str
    rank: int | None
    mean: float | None
    sd: float | None
    n: int
    seeds: int
    censored: float | None
    difference: float | None
    verdict: str
    grade: float | None
    experiments: tuple[int, ...]
    running: int
    state: str
    parent: str | None
    change: str | None

    @property
    def span(self) -> str:
        """`e6–e10`, `e3, e7`, or nothing."""
        if not self.experiments:
            return "—"
        first, last = self.experiments[0], self.experiments[-1]
        if first == last:
            return f"e{first}"
        if last - first + 1 == len(self.experiments):
            return f"e{first}–e{last}"
        return f"e{first}, e{last}" if len(self.experiments) == 2 else f"e{first} … e{last}"


def at_median(mine: Sequence[ExperimentRow], results: Iterable[ResultRow], metric: str) -> ExperimentRow | None:
    """The experiment whose seed lies in the middle; what was censored or not measured stands last."""
    values = {row.experiment: row.value for row in results if row.metric == metric}
    ranked = sorted(mine, key=lambda row: (values.get(row.id) is None, values.get(row.id) or 0.0, row.id))
    return ranked[len(ranked) // 2] if ranked else None


def standings(look: Look) -> list[Standing]:
    """Every program of the run: the kept ones by rank, then as they were made."""
    rows = [_standing(look, index) for index in range(len(look.programs))]
    base = next((row for row in rows if row.name == look.measure.baseline or row.verdict == "baseline"), None)
    if base is None or base.mean is None:
        return rows
    return [
        replace(row, difference=row.mean - base.mean) if row.mean is not None and row is not base else row
        for row in rows
    ]


def _standing(look: Look, index: int) -> Standing:
    program = look.programs[index]
    experiments = [row for row in look.experiments if row.program == program.name and not row.superseded]
    results = [
        row
        for row in look.results
        if row.program == program.name
        and not row.superseded
        and row.metric == look.measure.metric
        and (not look.measure.dataset or row.dataset == look.measure.dataset)
    ]
    values = [row.value for row in results if row.value is not None]
    censored = next((row.censored for row in results if row.value is None and row.censored is not None), None)
    running = sum(row.state in ("running", "planned") for row in experiments)
    failed = bool(experiments) and all(row.state in ("failed", "limit", "lost") for row in experiments)
    begun = bool(experiments or program.verdict)
    unjudged = "unmeasured" if experiments and not results else "to_come"  # the harness judges when the step is over
    verdict = program.verdict or ("at_work" if running else "failed" if failed else unjudged)
    state = "at_work" if running else "failed" if failed or verdict == "failed" else "done" if begun else "not_begun"
    return Standing(
        name=program.name,
        rank=program.kept,
        mean=fmean(values) if values else None,
        sd=stdev(values) if len(values) > 1 else None,
        n=len(results),
        seeds=look.measure.seeds or len(experiments),
        censored=censored,
        difference=None,
        verdict=verdict,
        grade=program.grade,
        experiments=tuple(sorted(row.id for row in experiments)),
        running=running,
        state=state,
        parent=program.parent,
        change=program.change,
    )
