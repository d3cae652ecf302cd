"""The choices of a checkpoint: two rows of three, and whole also where the rail takes their room."""

from __future__ import annotations

from dataclasses import replace

import pytest

from state.vocabulary import Choice, Language, Phase
from tests.tui import scenes
from tests.tui.screens import rows_of, shown
from tui import language
from tui.widgets.choices import choices, forecast

ALL = tuple(Choice)


@pytest.mark.parametrize("tongue", list(Language))
@pytest.mark.parametrize("phase", list(Phase))
@pytest.mark.parametrize("cells", [49, 50, 60, 79])
def test_no_choice_is_cut_at_any_width(tongue: Language, phase: Phase, cells: int) -> None:
    language.use(tongue)
    wait = replace(scenes.wait("checkpoint", phase.value, "14:31"), choices=tuple(one.value for one in ALL))
    for brief in (False, True):
        lines = choices(wait, cells, brief=brief)
        assert all(row.width < cells for row in lines)
        keys = [span.text for row in lines for span in row.spans if span.press and span.bold]
        assert keys == (["a", "b", "f"] if brief else ["a", "e", "f", "b", "n", "s"])
        if cells == 79 and not brief:
            assert len(lines) == 3


def test_a_forecast_is_wrapped_where_it_is_too_long() -> None:
    facts = {
        "estimate_experiments": [25, 45],
        "estimate_minutes": [60, 180],
        "estimate_gpu_hours": [1.1, 2.9],
        "estimate_usd": [1.0, 1.6],
        "next": "data_preparation",
        "took_s": [300, 300],
        "usd": [0.2, 0.4],
    }
    wait = scenes.wait("checkpoint", "plan_formulation", "14:31", facts)
    wide, narrow = forecast(wait, 79), forecast(wait, 50)
    assert len(wide) == 2 < len(narrow)
    assert all(row.width < 50 for row in narrow)
    assert " ".join(row.plain for row in wide).split() == " ".join(row.plain for row in narrow).split()
    assert len(forecast(replace(wait, facts={"next": "data_preparation"}), 79)) == 1


async def test_all_choices_stand_beside_an_open_rail() -> None:
    async with shown(scenes.plan_waits(), 3) as (pilot, screen):
        await pilot.press("z")
        await pilot.pause()
        rows = rows_of(screen.lab)
    for said in ("f fork from here", "s stop the run", "n note, decide later", "Nothing goes on"):
        assert any(said in row for row in rows), rows
