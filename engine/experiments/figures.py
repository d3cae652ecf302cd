"""The figures of the experiments: what is drawn, and the job that draws it.

Metrics by step and bars of the primary metric, from numbers that were measured, with words that the caller gives in
the paper's language. Drawing is a job like any other (`draw.py`), so that the lab itself never loads matplotlib.
"""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from engine.experiments.contract import GB, Job, Limits
from engine.experiments.score import Standing
from state.curve import Curve

POINTS = 600  # a seed; more cannot be told apart on paper


@dataclass(frozen=True, slots=True)
class Series:
    """A program's curve: its name, and for each seed the (step, value) points."""

    label: str
    seeds: tuple[tuple[tuple[float, float], ...], ...]

    @classmethod
    def of(cls, label: str, metric: str, curves: Sequence[Curve]) -> Series:
        """What `metrics.jsonl` of each seed told about `metric`."""
        told = (
            tuple((point.step, point.values[metric]) for point in one.points if metric in point.values)
            for one in curves
        )
        return cls(label, tuple(thinned(seed) for seed in told))


@dataclass(frozen=True, slots=True)
class Curves:
    """A figure of metrics by step."""

    file: str
    title: str
    x: str
    y: str
    series: tuple[Series, ...]


@dataclass(frozen=True, slots=True)
class Bar:
    label: str
    mean: float | None
    sd: float | None
    censored_at: float | None = None
    note: str = ""  # above the bar: n, or that the target was missed

    @classmethod
    def of(cls, one: Standing, note: str = "") -> Bar:
        return cls(one.program, one.mean, one.sd, one.censored_at, note or f"n={one.n}")


@dataclass(frozen=True, slots=True)
class Bars:
    """A figure of the primary metric by program."""

    file: str
    title: str
    y: str
    bars: tuple[Bar, ...]


def job(figures: Sequence[Curves | Bars], *, fonts: Sequence[Path] | None = None, wall_s: float = 120) -> Job:
    """The job that draws `figures`; its ending holds their files. What has no point to draw is left out.

    `fonts` are tried in turn for what DejaVu Sans has no glyph for; None takes the lab's own Chinese one.
    """
    drawn = [figure for figure in figures if _drawable(figure)]
    data = {f"font-{n}{path.suffix}": str(path) for n, path in enumerate(_fonts(fonts, drawn))}
    told = {"fonts": [f"data/{name}" for name in data], "figures": [_plain(figure) for figure in drawn]}
    return Job(
        kind="figures",
        argv=(sys.executable, "-P", "-E", "-s", "draw.py"),
        files={
            "draw.py": Path(__file__).with_name("draw.py").read_bytes(),
            "figures.json": json.dumps(told, ensure_ascii=False, allow_nan=False).encode(),
        },
        limits=Limits(wall_s=wall_s, memory_b=2 * GB),
        data=data,  # by name: where a font lies on this machine is no part of the meaning
        wants=tuple(figure.file for figure in drawn),
        author="lab",
    )


def thinned(points: Sequence[tuple[float, float]]) -> tuple[tuple[float, float], ...]:
    """At most 600 of the points, evenly taken, the last always among them."""
    if len(points) <= POINTS:
        return tuple(points)
    step = math.ceil(len(points) / (POINTS - 1))
    return (*points[:-1:step], points[-1])


def _drawable(figure: Curves | Bars) -> bool:
    if isinstance(figure, Bars):
        return any(bar.mean is not None or bar.censored_at is not None for bar in figure.bars)
    return any(any(one.seeds) for one in figure.series)


def _plain(figure: Curves | Bars) -> Mapping[str, Any]:
    told = asdict(figure)
    if isinstance(figure, Curves):
        told["series"] = [asdict(one) for one in figure.series if any(one.seeds)]
        return told | {"kind": "curves"}
    return told | {"kind": "bars"}


def _fonts(fonts: Sequence[Path] | None, figures: Sequence[Curves | Bars]) -> Sequence[Path]:
    """Only where a word needs it: loading a Chinese font costs time."""
    if fonts is not None:
        return fonts
    if not any(ord(letter) > 0x2E7F for letter in str(figures)):
        return ()
    from pylopdf_fonts_zh_cn import sans_path

    return (sans_path(),)
