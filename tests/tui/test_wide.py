"""Where two views stand side by side: both are named, Tab gives the arrows to the other, `]` goes on after both."""

from __future__ import annotations

from dataclasses import replace

from tests.tui import scenes
from tests.tui.screens import rows_of, shown
from tui.look import Look
from tui.panes.pane import Pane

WIDE = (200, 50)


def long_talk(look: Look) -> Look:
    turns = [scenes.said("postdoc", "14:02", f"Sentence {number}.", step=number) for number in range(100)]
    return replace(look, turns={"plan_formulation": tuple(turns)})


async def test_tab_gives_the_arrows_to_the_talk_beside_a_plan_that_waits() -> None:
    async with shown(long_talk(scenes.plan_waits()), 3, WIDE) as (pilot, screen):
        assert "[plan]  changes  [talk]" in rows_of(screen.lab)[1]
        assert any("Sentence 99." in row for row in rows_of(screen.lab))
        await pilot.press("tab", "g")
        await pilot.pause()
        rows = rows_of(screen.lab)
        assert any("Sentence 0." in row for row in rows)
        assert any("steps to val_acc" in row for row in rows)
        await pilot.press("tab", "down")
        await pilot.pause()
        assert any("Sentence 0." in row for row in rows_of(screen.lab))  # the arrows are the plan's again


async def test_the_next_view_is_the_one_after_both_that_stand_there() -> None:
    async with shown(scenes.plan_at_work(), 3, WIDE) as (pilot, screen):
        assert "[talk]  [draft]  shelf" in rows_of(screen.lab)[1]
        assert "] shelf" in rows_of(screen.lab)[-1]
        await pilot.press("right_square_bracket")
        await pilot.pause()
        pane = screen.pane
        assert isinstance(pane, Pane)
        assert pane.open_view(screen.look or scenes.plan_at_work()) == "shelf"


async def test_a_wide_screen_of_experiments_has_up_to_four_curves_each_with_its_name() -> None:
    async with shown(scenes.experiments_at_work(), 5, WIDE) as (_, screen):
        rows = "\n".join(rows_of(screen.lab))
    for legend in ("⠤⠤ e23", "⠄⠄ wd_2 at its median", "⠤⠄ base at its median", "wd_15 at its median"):
        assert legend in rows
    assert "change" in rows
    assert "base with weight_decay = 2.0" in rows
    assert "1850  train 0.874" in rows
