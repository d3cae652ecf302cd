"""The figures of the experiments' product: the metric by program, progress by step, and what the best program drew.

Drawing runs as a job of the lab's own. Where it fails a person is asked, because a paper without its figures would pass
unnoticed on autopilot.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import count
from statistics import fmean

from engine.desk import Desk
from engine.experiments import figures, png
from engine.experiments.contract import Ending
from engine.phases.measure import METRICS, OUT
from engine.phases.scoring import Ranked, Tried
from state.curve import Curve, curve_of
from state.products.experiments import Experiments, Scored
from state.products.plan import Plan
from state.vocabulary import Choice, Wait

PICTURE_B = 2 << 20
OWN = 12
"""So many of the program's own pictures are taken, the first by name: each is shown to the writer."""


async def illustrated(
    desk: Desk, plan: Plan, product: Experiments, kept: Sequence[Ranked], baseline: Tried
) -> Experiments:
    """The product with its figures."""
    told, captions = wanted(desk, plan, product, kept, baseline)
    drawn: dict[str, bytes] = {}
    for nth in count(1) if told else ():
        ending = await desk.run(f"draw-{nth}", figures.job(told))
        if ending.ok:
            drawn = {name: desk.file(ending, name) for name in ending.files}
            break
        await desk.hold(
            f"not-drawn-{nth}", Wait.TROUBLE, Choice.RETRY, Choice.STOP, what="figures_failed", why=ending.error
        )
    own = saved(desk, kept[0].tried)
    captions |= dict.fromkeys(own, f"saved by {kept[0].name}")
    whole = {**drawn, **own}
    return product.model_copy(
        update={"figures": whole, "captions": {name: words for name, words in captions.items() if name in whole}}
    )


def wanted(
    desk: Desk, plan: Plan, product: Experiments, kept: Sequence[Ranked], baseline: Tried
) -> tuple[list[figures.Curves | figures.Bars], dict[str, str]]:
    """What is drawn, and what each figure shows, in words for the writer."""
    label = plan.label or plan.metric
    bars = tuple(bar(one) for one in product.scores if one.mean is not None or one.censored is not None)
    file = f"{file_name(plan.metric)}.png"
    told: list[figures.Curves | figures.Bars] = [figures.Bars(file, "", label, bars)]
    captions = {file: f"{label} by program: mean and sd over the seeds"}
    shown = {one.name: one.tried for one in kept} | {baseline.program.name: baseline}
    curves = {name: [curve(desk, ending) for ending in one.endings] for name, one in shown.items()}
    if watched := progress_metric(plan, [one for each in curves.values() for one in each]):
        curves = {
            name: each
            for name, each in curves.items()
            if any(watched in point.values for one in each for point in one.points)
        }  # a program that wrote nothing of it is not in the figure, so the caption does not name it
        series = tuple(figures.Series.of(name, watched, each) for name, each in curves.items())
        file = f"{file_name(watched)}_by_step.png"
        told.append(figures.Curves(file, "", "step", watched, series))
        names = [course(name, watched, each) if desk.frame.edition else name for name, each in curves.items()]
        captions[file] = f"{watched} by step, one line a seed: {', '.join(names)}"
    return told, captions


def course(name: str, watched: str, curves: Sequence[Curve]) -> str:
    """How a program's lines run, for who does not see them: the mean over seeds of the first and the last value."""
    lines = [[point.values[watched] for point in one.points if watched in point.values] for one in curves]
    ends = [(values[0], values[-1]) for values in lines if values]
    first, last = (fmean(each) for each in zip(*ends, strict=True))
    return f"{name} from {first:.4g} to {last:.4g}"


def file_name(metric: str) -> str:
    """A metric's name as LaTeX takes it in a file's name."""
    return re.sub(r"[^A-Za-z0-9]+", "_", metric).strip("_") or "metric"


def bar(one: Scored) -> figures.Bar:
    return figures.Bar(one.program, one.mean, one.sd, one.censored, f"n={one.n}")


def curve(desk: Desk, ending: Ending) -> Curve:
    """What a run appended to its metrics.jsonl."""
    return curve_of(desk.file(ending, METRICS)) if METRICS in ending.files else Curve((), 0)


def progress_metric(plan: Plan, curves: Sequence[Curve]) -> str:
    """The metric whose course is drawn: the plan's own, else one of validation or test, else the first."""
    names = sorted({name for one in curves for point in one.points for name in point.values})
    held_out = [name for name in names if name.startswith(("val", "test"))]
    return next((name for name in (plan.metric, *reversed(held_out), *names) if name in names), "")


def saved(desk: Desk, best: Tried) -> dict[str, bytes]:
    """The whole PNGs that the best program saved with its first seed, under its name; a dozen of them."""
    ending = best.endings[0]
    found: dict[str, bytes] = {}
    for path, file in sorted(ending.files.items()):
        if len(found) < OWN and path.lower().endswith(".png") and file.size_b <= PICTURE_B:
            raw = desk.file(ending, path)
            if png.size_of(raw) is not None:
                stem = file_name(path.removeprefix(f"{OUT}/").rsplit(".", 1)[0])
                found[f"{best.program.name}-{stem}.png"] = raw
    return found
