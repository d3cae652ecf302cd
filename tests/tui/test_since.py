"""Pane 0, since you last looked: it opens whatever waits, and whatever is known of what comes after."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from tests.tui import scenes
from tests.tui.screens import rows_of, shown
from tui.look import Look


@pytest.mark.parametrize(
    ("scene", "waits"),
    [
        (scenes.plan_waits, "◆ 14:31  the plan is ready: approve or send back"),
        (scenes.paused_for_money, "◆ 11:20"),
        (scenes.network_lost, "◇ 13:58"),
    ],
)
async def test_it_says_what_waits_also_where_the_wait_carries_a_forecast(scene: Callable[[], Look], waits: str) -> None:
    async with shown(scene(), 0) as (_, screen):
        rows = rows_of(screen.lab)
    assert [row for row in rows if waits in row], rows


async def test_a_programs_name_is_whole_beside_what_was_measured() -> None:
    look = scenes.refinement_waits()
    names = {"wd_15": "decay_late", "wd_2": "weight_decay_2"}
    look = replace(
        look,
        programs=tuple(replace(row, name=names.get(row.name, row.name)) for row in look.programs),
        experiments=tuple(replace(row, program=names.get(row.program, row.program)) for row in look.experiments),
        results=tuple(replace(row, program=names.get(row.program, row.program)) for row in look.results),
    )
    async with shown(look, 0) as (_, screen):
        rows = "\n".join(rows_of(screen.lab))
    assert "   weight_decay_2  2,310 ±  95 steps, base 2,990 ± 180  better, −680, 5 seeds" in rows
    assert "   decay_late      2,905 ± 210 " in rows


async def test_a_checkpoint_that_the_person_called_is_not_told_as_an_end() -> None:
    look = scenes.experiments_at_work()
    called = scenes.wait("checkpoint", "running_experiments", "15:50", {"called": True})
    async with shown(replace(look, waits=(called,)), 0) as (_, screen):
        rows = "\n".join(rows_of(screen.lab))
    assert "you called a checkpoint: approve, and it hands in what it has" in rows
    assert "the experiments are over" not in rows
