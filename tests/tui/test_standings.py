"""What the table of programs says of one: begun, at work, or measured."""

from __future__ import annotations

from dataclasses import replace

from state.rows import ProgramRow
from tests.tui import scenes
from tests.tui.screens import rows_of, shown
from tui.standings import standings


async def test_a_program_whose_turn_is_yet_to_come_is_neither_done_nor_unmeasured() -> None:
    look = scenes.experiments_at_work()
    late = ProgramRow("decay_late", "base", "", None, None, None, "0" * 64, 5, "experiments@1/step-4/decay_late", None)
    look = replace(look, programs=(*look.programs, late))
    standing = next(row for row in standings(look) if row.name == "decay_late")
    assert (standing.state, standing.verdict) == ("not_begun", "to_come")
    async with shown(look, 5) as (_, screen):
        row = next(row for row in rows_of(screen.lab) if "decay_late" in row)
    assert row.split()[:2] == ["·", "decay_late"]
    assert "unmeasured" not in row
