"""The course of a metric: the lines that a program appended to its `metrics.jsonl` while it ran.

A program wrote it, so nothing in it is believed: what is no JSON object with a finite step is passed over, and so are
values that are no finite number (a loss that became NaN) and names that cannot be printed. Read by the engine when an
experiment has ended, by the screens while it runs.
"""

from __future__ import annotations

import json
from dataclasses import dataclass

LARGEST_B = 64 << 20
NAME = 80

LARGEST = 1e100
"""No measured number is larger: what is would overflow in a mean or a spread."""


@dataclass(frozen=True, slots=True)
class Point:
    """A line of `metrics.jsonl`."""

    step: float
    values: dict[str, float]  # the others


@dataclass(frozen=True, slots=True)
class Curve:
    points: tuple[Point, ...]
    refused: int  # lines that were no JSON object with a numeric `step`


def curve_of(data: bytes) -> Curve:
    """The bytes of a `metrics.jsonl` as a curve; an unfinished last line is not there yet."""
    points, refused = [], 0
    for line in data[: data.rfind(b"\n") + 1].split(b"\n")[:-1]:
        if (found := point(line)) is not None:
            points.append(found)
        elif line.strip():
            refused += 1
    return Curve(tuple(points), refused)


def point(line: bytes) -> Point | None:
    """A line as a point; None where it is none."""
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
