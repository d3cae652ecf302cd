"""Pane 0, since you last looked: it opens whatever waits, and whatever is known of what comes after."""

from __future__ import annotations

from collections.abc import Callable

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
