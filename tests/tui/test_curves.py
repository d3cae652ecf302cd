"""The curve on screen, whatever a program writes: read on where it grew, drawn where it can be, and never an end."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from rich.cells import cell_len

from state.curve import LARGEST
from tests.tui import scenes
from tests.tui.screens import rows_of, shown
from tui import curves
from tui.curves import Metrics
from tui.widgets.plot import Curve, plot


@pytest.fixture
def job(tmp_path: Path) -> Path:
    (tmp_path / "work" / "run_0").mkdir(parents=True)
    return tmp_path


def write(job: Path, text: str) -> Metrics:
    with (job / "work" / "run_0" / "metrics.jsonl").open("a") as file:
        file.write(text)
    metrics = Metrics(job, "val_acc")
    metrics.look()
    return metrics


def line(step: float, value: float) -> str:
    return json.dumps({"step": step, "val_acc": value}) + "\n"


def test_only_what_was_appended_is_read_at_the_next_look(job: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    metrics = write(job, line(1, 0.1) + line(2, 0.2))
    read: list[int] = []
    pread = os.pread
    monkeypatch.setattr(curves.os, "pread", lambda *args: (read.append(args[1]), pread(*args))[1])
    write(job, more := line(3, 0.3))
    read.clear()
    metrics.look()
    assert read == [len(more)]
    assert metrics.curve() == Curve("val_acc", ((1, 0.1), (2, 0.2), (3, 0.3)))
    metrics.look()
    assert read[1:] == [0]


def test_a_line_that_is_being_written_is_read_upon_its_whole(job: Path) -> None:
    metrics = write(job, line(1, 0.1) + '{"step": 2, "val')
    assert metrics.curve().points == ((1, 0.1),)
    write(job, '_acc": 0.2}\n')
    metrics.look()
    assert metrics.curve().points == ((1, 0.1), (2, 0.2))


def test_a_file_that_began_anew_is_a_curve_of_its_own(job: Path) -> None:
    metrics = write(job, line(1, 0.1) + line(2, 0.2))
    file = job / "work" / "run_0" / "metrics.jsonl"
    file.write_text(line(7, 0.7))
    metrics.look()
    assert metrics.curve().points == ((7, 0.7),)
    file.unlink()
    metrics.look()
    assert metrics.curve().points == ()


@pytest.mark.parametrize(
    "row",
    ['{"step": 2, "val_acc": NaN}', '{"step": 2, "val_acc": -Infinity}', '{"step": Infinity, "val_acc": 1}',
     f'{{"step": 2, "val_acc": {"9" * 400}}}', '{"step": 2, "val_acc": true}', '{"step": "2", "val_acc": 1}',
     '{"step": 2, "\\u001b[2J": 1}', '{"step": 2, "\\u202ex": 1}', "[" * 100_000, "null", "\0\x1b[2J", '"step"'],
)  # fmt: skip
def test_what_is_no_number_and_no_name_is_passed_over_and_the_rest_is_drawn(job: Path, row: str) -> None:
    metrics = write(job, line(1, 0.1) + row + "\n" + line(3, 0.3))
    assert metrics.curve() == Curve("val_acc", ((1, 0.1), (3, 0.3)))
    assert metrics.values == {"step": 3, "val_acc": 0.3}


def test_of_a_file_that_grew_too_much_at_once_the_end_is_read(job: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(curves, "AT_ONCE_B", 200)
    metrics = write(job, "".join(line(step, 0.5) for step in range(1000)) + line(1000, 0.9))
    assert metrics.curve().points[-1] == (1000, 0.9)
    assert len(metrics.curve().points) < 10


def test_a_curve_of_many_points_is_thinned_and_keeps_its_end(job: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(curves, "KEPT", 3000)
    points = write(job, "".join(line(step, 0.5) for step in range(10_001))).curve().points
    assert points[0] == (0, 0.5)
    assert points[-1] == (10_000, 0.5)
    assert len(points) <= 2 * curves.POINTS


def test_no_curve_is_read_through_a_link(job: Path, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.write_text(line(1, 0.1))
    (job / "work" / "run_0" / "metrics.jsonl").symlink_to(elsewhere)
    metrics = Metrics(job, "val_acc")
    metrics.look()
    assert metrics.curve().points == ()


NUMBERS = st.floats(-LARGEST, LARGEST)


@example([(4e-287, 0.0), (-2.5e20, 0.0)], 20, 3)
@given(st.lists(st.tuples(NUMBERS, NUMBERS), max_size=8), st.integers(20, 90), st.integers(0, 12))
def test_whatever_numbers_they_are_the_curve_fits_its_room(
    points: list[tuple[float, float]], cells: int, rows: int
) -> None:
    drawn = plot([Curve("loss", tuple(points))], cells, rows)
    assert all(cell_len(row.plain) <= cells for row in drawn)


async def test_a_loss_that_became_nan_leaves_the_lab_on_screen(job: Path) -> None:
    metrics = write(job, line(1, 0.1) + line(2, float("nan")) + line(3, 1e99))
    look = scenes.experiments_at_work()
    assert look.running is not None
    running = replace(look.running, curve=metrics.curve(), values=metrics.values)
    async with shown(replace(look, running=running), 5) as (_, screen):
        assert any("val_acc" in row for row in rows_of(screen.lab))
