"""A list of aligned rows: what stays in sight while the cursor goes through it."""

from __future__ import annotations

from dataclasses import replace

from tests.tui import scenes
from tests.tui.screens import rows_of, shown


async def test_the_heads_of_a_table_stay_in_sight_however_far_down_the_cursor_goes() -> None:
    look = scenes.experiments_at_work()
    more = tuple(replace(look.programs[3], name=f"wd_{number}") for number in range(10, 40))
    async with shown(replace(look, programs=(*look.programs, *more)), 5) as (pilot, screen):
        for keys, under in ((("G",), "wd_39"), (("up",) * 20, "wd_19"), (("g",), "wd_2"), (("down",), "wd_15")):
            await pilot.press(*keys)
            await pilot.pause()
            rows = rows_of(screen.lab)
            assert "program" in rows[3], keys
            assert "verdict" in rows[3], keys
            assert under in next(row for row in rows if row.startswith("▸")).split(), keys
