"""The course of a metric: the lines that a program appended to its `metrics.jsonl` while it ran.

A program wrote it, so nothing in it is believed: what is no JSON object with a step is counted and passed over.
"""

from __future__ import annotations

import json
from dataclasses import dataclass

from engine.experiments.final_info import LARGEST

LARGEST_B = 64 << 20
NAME = 80


@dataclass(frozen=True, slots=True)
class Point:
    """A line of `metrics.jsonl`."""

    step: float
    values: dict[str, float]


@dataclass(frozen=True, slots=True)
class Curve:
    points: tuple[Point, ...]
    refused: int  # lines that were no JSON object with a numeric `step`


def curve_of(data: bytes) -> Curve:
    """The bytes of a `metrics.jsonl` as a curve; an unfinished last line is not there yet, values that are no number
    are left out (a loss that became NaN), and so are names that cannot be printed."""
    points, refused = [], 0
    for line in data[: data.rfind(b"\n") + 1].split(b"\n")[:-1]:
        if (point := _point(line)) is not None:
            points.append(point)
        elif line.strip():
            refused += 1
    return Curve(tuple(points), refused)


def _point(line: bytes) -> Point | None:
    try:
        told = json.loads(line)
    except (ValueError, RecursionError):
        return None
    if not isinstance(told, dict) or not _finite(told.get("step")):
        return None
    values = {
        name: float(value)
        for name, value in told.items()
        if name != "step" and len(name) <= NAME and name.isprintable() and _finite(value)
    }
    return Point(float(told["step"]), values)


def _finite(value: object) -> bool:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    try:
        return abs(float(value)) <= LARGEST  # never of NaN
    except OverflowError:
        return False
