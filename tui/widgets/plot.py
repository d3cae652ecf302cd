"""A curve in braille: two dots a cell across, four down. Drawn into lines, like everything else.

The first curve is the one that grows and is drawn dense; each of the others has a dot pattern of its own.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tui.lines import Line, Span, dim, line
from tui.text import fit, width

MANY = 1e7
"""From here on a label has an exponent: its digits would take the place of the curve."""

DOTS = ((0x01, 0x08), (0x02, 0x10), (0x04, 0x20), (0x40, 0x80))


@dataclass(frozen=True)
class Pattern:
    """Which dots along a curve are drawn, of `every` so many `on`; `print` stands for it in a legend."""

    print: str
    every: int
    on: int


PATTERNS = (Pattern("⠤⠤", 1, 1), Pattern("⠄⠄", 4, 2), Pattern("⠤⠄", 8, 6), Pattern("⠄ ", 8, 2))


@dataclass(frozen=True)
class Curve:
    """Points of one experiment. `name` is what it is called beside the plot."""

    name: str
    points: tuple[tuple[float, float], ...]


def plot(curves: Sequence[Curve], cells: int, rows: int, whole: float | None = None) -> list[Line]:
    """`rows` lines of `cells` cells: y labels, the curves, and in the last row the x labels.

    `whole` is how far the first one goes where that is known, so that a curve grows and its scale stands.
    """
    points = [point for curve in curves for point in curve.points]
    if not points or rows < 3:
        return []
    high_x = max(*(x for x, _ in points), whole or 0.0) or 1.0
    low_y, high_y = _bounds([y for _, y in points])
    labels = {0: _label(high_y), (rows - 2) // 2: _label((low_y + high_y) / 2), rows - 2: _label(low_y)}
    edge = max(width(text) for text in labels.values()) + 2
    across, down = cells - edge, rows - 1
    masks = [[0] * across for _ in range(down)]
    owner = [[0] * across for _ in range(down)]
    for index, curve in reversed(list(enumerate(curves))):
        pattern = PATTERNS[index % len(PATTERNS)]
        for nth, (column, row) in enumerate(_dots(curve.points, across * 2, down * 4, high_x, low_y, high_y)):
            if nth % pattern.every >= pattern.on:  # along the curve, so that a steep one has its pattern too
                continue
            cell = row // 4, column // 2
            masks[cell[0]][cell[1]] |= DOTS[row % 4][column % 2]
            owner[cell[0]][cell[1]] = index
    drawn = []
    for row in range(down):
        spans = [dim(fit(labels.get(row, ""), edge - 1, right=True) + " ")]
        for column in range(across):
            mask = masks[row][column]
            role = "live" if owner[row][column] == 0 else "dim"
            spans.append(Span(chr(0x2800 + mask), role) if mask else Span(" ", role))
        drawn.append(_joined(spans))
    return [*drawn, line(dim(" " * edge + _x_labels(high_x, across)))]


def _bounds(values: list[float]) -> tuple[float, float]:
    low, high = min(values), max(values)
    if low >= 0 and high <= 1:
        return 0.0, 1.0
    around = max(0.5, abs(low) / 100)  # half is nothing beside a large number
    return (low, high) if high > low else (low - around, high + around)


def _dots(
    points: Sequence[tuple[float, float]], across: int, down: int, high_x: float, low_y: float, high_y: float
) -> list[tuple[int, int]]:
    found: list[tuple[int, int]] = []
    for x, y in points:
        column = round(min(max(x, 0.0), high_x) / high_x * (across - 1))  # a step below 0 stands at its edge
        row = round((high_y - y) / (high_y - low_y) * (down - 1))
        spot = min(max(column, 0), across - 1), min(max(row, 0), down - 1)
        if found and found[-1] == spot:
            continue
        if found:
            found += _between(found[-1], spot)
        found.append(spot)
    return found


def _between(one: tuple[int, int], two: tuple[int, int]) -> list[tuple[int, int]]:
    steps = max(abs(two[0] - one[0]), abs(two[1] - one[1]))
    return [
        (round(one[0] + (two[0] - one[0]) * at / steps), round(one[1] + (two[1] - one[1]) * at / steps))
        for at in range(1, steps)
    ]


def _label(value: float) -> str:
    if abs(value) >= MANY:
        return f"{value:.2g}"
    return f"{value:,.1f}" if abs(value) < 1000 else f"{value:,.0f}"


def _x_labels(high: float, across: int) -> str:
    last = f"{high:,.0f}" if 10 <= high < MANY else f"{high:.2g}"
    middle = f"{high / 2:,.0f}" if 10 <= high < MANY else f"{high / 2:.2g}"
    text = fit("0", across // 2 - width(middle) // 2) + middle
    return text + fit(last, across - width(text), right=True)


def _joined(spans: list[Span]) -> Line:
    joined: list[Span] = []
    for span in spans:
        if joined and joined[-1].role == span.role:
            joined[-1] = Span(joined[-1].text + span.text, span.role)
        else:
            joined.append(span)
    return Line(tuple(joined))
