"""The question that leaving asks is read whole at 80 columns, in both languages."""

from __future__ import annotations

import pytest

from state.vocabulary import Language
from tests.tui import scenes
from tests.tui.screens import rows_of, shown
from tui import language
from tui.language import tr


@pytest.mark.parametrize("tongue", list(Language))
async def test_leaving_a_run_that_waits_says_whole_that_nothing_goes_on(tongue: Language) -> None:
    async with shown(scenes.plan_waits(), 3) as (pilot, screen):
        language.use(tongue)
        await pilot.press("q")
        await pilot.pause()
        assert tr("question.leave_waits") in rows_of(screen.lab)[-1]
        assert "…" not in rows_of(screen.lab)[-1]
