"""Run a program with a seed, and read what it measured of the plan's metric.

An `Experiment` is a program, a seed and what they run with; `job()` is its folder: `experiment.py` beside
`load_data.py`, started as `python experiment.py --out_dir=run_0` with the seed in the environment variable SEED.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from engine.desk import Desk
from engine.experiments.contract import GB, Ending, Job, Limits
from engine.experiments.final_info import FINAL_INFO
from state.products.experiments import Program
from state.products.plan import Plan

OUT = "run_0"
RESULTS = f"{OUT}/final_info.json"
METRICS = f"{OUT}/metrics.jsonl"
WANTS = (RESULTS, METRICS, f"{OUT}/*.png", "*.png")
MEMORY_B = 8 * GB


@dataclass(frozen=True)
class Experiment:
    """One run of a program with one seed."""

    program: Program
    seed: int
    load_data: str
    python: str
    limit_s: float
    gpu: bool = False
    data: dict[str, str] = field(default_factory=dict)
    identities: dict[str, str] = field(default_factory=dict)

    def job(self) -> Job:
        return Job(
            kind="experiment",
            argv=(self.python, "experiment.py", f"--out_dir={OUT}"),
            limits=Limits(wall_s=self.limit_s, memory_b=MEMORY_B),
            files={"experiment.py": self.program.code.encode(), "load_data.py": self.load_data.encode()},
            data=self.data,
            env={"SEED": str(self.seed)},
            wants=WANTS,
            gpu=self.gpu,
            identities=self.identities,
        )


@dataclass(frozen=True)
class Reading:
    """What one seed gave of the plan's metric: a number, a target missed within `censored`, or neither."""

    seed: int
    value: float | None = None
    censored: float | None = None


async def measure(desk: Desk, program: Program, seed: int) -> Ending:
    """One experiment; a failure is an ending too."""
    inputs = desk.inputs
    experiment = Experiment(
        program,
        seed,
        load_data=inputs.prepared.code,
        python=inputs.python,
        limit_s=desk.frame.run_time_s,
        gpu=inputs.gpu,
        data=dict(inputs.data),
        identities=dict(inputs.identities),
    )
    return await desk.run("run", experiment)


def reading(desk: Desk, plan: Plan, ending: Ending, seed: int) -> Reading:
    """The plan's metric out of the results file, which was checked when it was brought in."""
    if not ending.ok or RESULTS not in ending.files:
        return Reading(seed)
    found = FINAL_INFO.validate_json(desk.file(ending, RESULTS)).get(plan.dataset)
    if found is None or plan.metric not in found.means:
        return Reading(seed)
    value = found.means[plan.metric]
    return Reading(seed, value, found.censored.get(plan.metric) if value is None else None)


def complaint(desk: Desk, plan: Plan, ending: Ending) -> str:
    """What is wrong with a run, for who mends it; "" where its metric can be read."""
    if not ending.ok:
        return ending.error or ending.state.value
    found = reading(desk, plan, ending, 0)
    if found.value is None and found.censored is None:
        return (
            f'{RESULTS} gives no "{plan.metric}" for "{plan.dataset}": write {{"{plan.dataset}": {{"means": '
            f'{{"{plan.metric}": number}}}}}}, or null there and the limit that was not enough in "censored"'
        )
    return ""
