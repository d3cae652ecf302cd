"""Figures are looked at by a model that sees: what nobody can read stays out, what was seen is told to the writer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from engine.desk import Desk
from engine.models.base import Picture
from engine.phases.looking import looked_at, shown
from state import profiles
from state.products.experiments import Experiments
from state.products.report import Report
from state.vocabulary import Phase
from tests.engine.conftest import Laid
from tests.engine.experiments.test_png import png
from tests.engine.phases.played import DATA, INTERPRETATION, PLAN, REVIEW, Cast, experiments, inputs_with, play, tagged

BARS, LINES, BLANK = png(64, 48), png(32, 24), png(8, 6)
DRAWN = experiments().model_copy(
    update={
        "figures": {"steps.png": BARS, "wd_2-loss.png": LINES, "wd_2-blank.png": BLANK},
        "captions": {"steps.png": "steps by program", "wd_2-loss.png": "saved by wd_2"},
    }
)
INPUTS = inputs_with(REVIEW, PLAN, DATA, DRAWN, INTERPRETATION)


def sees(text: str) -> dict[str, Any]:
    (name,) = tagged(text, "figure")
    if name == "wd_2-loss.png":
        return {"shows": "Two lines fall", "legible": True}
    return {"shows": "Almost nothing.", "legible": False, "faults": "The labels overlap"}


async def looked(desk: Desk) -> Experiments:
    return await looked_at(desk, DRAWN)


async def test_each_figure_is_shown_once_and_what_was_seen_stands_in_its_words(lay: Callable[..., Laid]) -> None:
    cast = Cast(describe_figure=[sees])
    seen = await looked(play(lay(Phase.REPORT_WRITING), cast, INPUTS, sees=True))
    assert sorted((request.pictures for request in cast.asked), key=lambda shown: shown[0].name) == [
        (Picture("steps.png", BARS),),
        (Picture("wd_2-blank.png", BLANK),),
        (Picture("wd_2-loss.png", LINES),),
    ]
    assert "saved by wd_2" in next(text for text in cast.shown if "<figure>wd_2-loss.png" in text)
    assert seen.captions["wd_2-loss.png"] == "saved by wd_2. Seen: Two lines fall."


async def test_a_programs_picture_that_nobody_can_read_stays_out_and_one_of_the_labs_own_is_told_of(
    lay: Callable[..., Laid],
) -> None:
    seen = await looked(play(lay(Phase.REPORT_WRITING), Cast(describe_figure=[sees]), INPUTS, sees=True))
    assert seen.figures == {"steps.png": BARS, "wd_2-loss.png": LINES}
    assert seen.captions["steps.png"].endswith("Hard to read: The labels overlap.")
    assert set(seen.captions) == set(seen.figures)


async def test_a_figure_of_which_nothing_usable_is_said_stays_as_it_was_drawn(lay: Callable[..., Laid]) -> None:
    laid = lay(Phase.REPORT_WRITING)

    def blind(text: str) -> dict[str, Any]:
        return sees(text) if "<figure>wd_2-loss.png" in text else {"shows": ""}

    seen = await looked(play(laid, Cast(describe_figure=[blind]), INPUTS, sees=True))
    assert seen.figures == DRAWN.figures
    assert seen.captions == DRAWN.captions | {"wd_2-loss.png": "saved by wd_2. Seen: Two lines fall."}
    assert laid.store.row("SELECT 1 FROM wait") is None


async def test_where_no_model_sees_nobody_is_asked(lay: Callable[..., Laid]) -> None:
    cast = Cast()
    assert await looked(play(lay(Phase.REPORT_WRITING), cast, INPUTS)) is DRAWN
    assert cast.asked == []


def test_no_turn_shows_more_than_a_request_may_hold(lay: Callable[..., Laid], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("engine.phases.looking.SHOWN_B", 2 * len(BARS) - 1)
    source = "figures/a.png figures/b.png figures/c.png"
    report = Report(source=source, figures={"a.png": BARS, "b.png": BARS, "c.png": BLANK})
    inputs = inputs_with(REVIEW, PLAN, DATA, DRAWN, INTERPRETATION, report)
    desk = play(lay(Phase.REPORT_REFINEMENT), Cast(), inputs, sees=True)
    assert [one.name for one in shown(desk, source)] == ["a.png", "c.png"]


async def test_a_picture_that_no_endpoint_takes_is_not_shown_and_stays(lay: Callable[..., Laid]) -> None:
    wide = DRAWN.model_copy(update={"figures": {"wd_2-wide.png": png(8001, 1)}, "captions": {}})
    cast = Cast()
    assert (await looked_at(play(lay(Phase.REPORT_WRITING), cast, INPUTS, sees=True), wide)).figures == wide.figures
    assert cast.asked == []


async def test_a_model_that_was_changed_for_one_that_does_not_see_is_told_the_name(lay: Callable[..., Laid]) -> None:
    cast = Cast(describe_figure=[sees])
    desk = play(lay(Phase.REPORT_WRITING), cast, INPUTS, sees=True)
    desk.line.choose = lambda role: profiles.parse("deepseek")
    await looked(desk)
    assert len(cast.asked) == 3 and not any(request.pictures for request in cast.asked)
    assert any("(steps.png cannot be shown to you)" in text for text in cast.shown)


async def test_what_misleads_in_a_figure_that_can_be_read_is_told_to_whoever_writes(lay: Callable[..., Laid]) -> None:
    misled = {"shows": "Two lines fall.", "legible": True, "faults": "The axis does not begin at zero."}
    seen = await looked(play(lay(Phase.REPORT_WRITING), Cast(describe_figure=[misled]), INPUTS, sees=True))
    assert seen.captions["steps.png"].endswith("Misleading: The axis does not begin at zero.")
