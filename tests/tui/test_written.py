"""What a program's code says of itself: lines changed against its parent, and a length only where it is named."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from state import places
from state.store import Store
from tests.tui import scenes
from tests.tui.screens import rows_of, shown
from tui.things import gather_thing
from tui.widgets.rows import Place
from tui.written import Written, code_of, written

BASE = "LR = 0.1\nMAX_STEPS = 4_000\nDECAY = 1.0\n"


def test_changed_lines_are_counted_against_the_parent() -> None:
    assert written(BASE.replace("1.0", "4.0"), BASE) == Written(1, 1, 4000)
    assert written(BASE + "SEED = 1\n", BASE) == Written(1, 0, 4000)
    assert written(BASE, None) == Written(None, None, 4000)


@pytest.mark.parametrize(
    ("code", "steps"),
    [
        ("max_iters = 600000 # as in the paper\n", 600_000),
        ("num_train_steps: int = 300\n", 300),
        ("STEPS = N * 2\n", None),
        ("if True:\n    steps = 5\n", None),
        ("warmup_steps = 100\n", None),
        ("print('steps = 5')\n", None),
    ],
)
def test_a_length_is_told_only_where_a_constant_at_the_top_names_it(code: str, steps: int | None) -> None:
    assert written(code, None).steps == steps


async def test_the_curve_says_how_far_the_experiment_is_and_what_its_program_changed() -> None:
    async with shown(scenes.experiments_at_work(), 5) as (_, screen):
        rows = "\n".join(rows_of(screen.lab))
    assert "1,850 of 4,000" in rows
    assert "2 h, until 17:04" in rows
    assert "wd_4, +1 −1" in rows


def test_a_program_at_work_is_read_where_it_runs_for_its_code_is_stored_only_at_the_end(tmp_path: Path) -> None:
    where = places.prepare(tmp_path)
    Store(where.database, where.blobs).close()
    (where.blobs / ("0" * 64)).write_text(BASE)  # the parent's
    look = replace(scenes.experiments_at_work(), folder=tmp_path)
    program = next(row for row in look.programs if row.name == "wd_4")
    work = where.jobs / "a24" / "work"
    work.mkdir(parents=True)
    (work / "experiment.py").write_text(BASE)
    assert code_of(where.jobs, program, look.experiments, None) == BASE
    thing = gather_thing(tmp_path, look, Place("program", "wd_4"))
    assert any("MAX_STEPS = 4_000" in row.plain for row in thing.lines(80))


def test_a_repaired_program_is_the_one_that_ran_not_the_one_that_failed(tmp_path: Path) -> None:
    look = scenes.experiments_at_work()
    program = next(row for row in look.programs if row.name == "wd_4")
    rows = tuple(replace(row, state="failed") if row.id == 24 else row for row in look.experiments)
    for attempt, code in (("a23", "GOOD = 1\n"), ("a24", "BROKEN\n")):
        work = tmp_path / attempt / "work"
        work.mkdir(parents=True)
        (work / "experiment.py").write_text(code)
    assert code_of(tmp_path, program, rows, None) == "GOOD = 1\n"
