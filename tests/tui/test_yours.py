"""A person's own file under runs/ stands in the box of the checkpoint that it belongs to, with the command for it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from state.vocabulary import Language
from tests.tui import scenes
from tests.tui.screens import rows_of, shown, widths
from tui import language, told


@pytest.mark.parametrize("spoken", list(Language))
@pytest.mark.parametrize("refinement", [False, True])
async def test_the_checkpoints_box_names_the_file_and_the_command_that_takes_it(
    spoken: Language, refinement: bool
) -> None:
    language.use(spoken)
    look = scenes.refinement_waits() if refinement else scenes.plan_waits()
    file = "runs/1/reviews/decision.md" if refinement else "runs/1/plan.md"
    waits = tuple(replace(wait, facts={**wait.facts, "yours": [file]}) for wait in look.waits)
    async with shown(replace(look, waits=waits), 8 if refinement else 3) as (pilot, _):
        rows = rows_of(pilot.app)  # type: ignore[arg-type]  # the pilot's app is the Lab
    assert len([row for row in rows if f"nightlab approve --with {file}" in row]) == 1
    assert widths(rows) == {80}
    async with shown(look, 8 if refinement else 3) as (pilot, _):
        assert not [row for row in rows_of(pilot.app) if "--with" in row]  # type: ignore[arg-type]
    assert any(f"--with {file}" in line for line in told.wait_lines(waits[0]))
