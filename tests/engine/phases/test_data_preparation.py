"""Data preparation on a real desk: code counts once it has run."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from engine.answering import Refusal
from engine.phases import data_preparation
from state.vocabulary import Phase
from tests.engine.conftest import Laid
from tests.engine.phases.played import DATA, PLAN, Cast, inputs_with, last, play, tagged

GOOD = {"code": DATA.code, "card": DATA.card, "datasets": ["toy"]}


async def test_code_that_fails_goes_back_with_its_error_and_counts_once_it_ran(lay: Callable[..., Laid]) -> None:
    laid = lay(Phase.DATA_PREPARATION)
    cast = Cast(
        dialogue=[{"text": "which shapes?"}, {"text": "pairs"}, lambda text: None],
        submit_code=[
            {**GOOD, "code": "raise SystemExit('no data')"},
            lambda text: GOOD if "no data" in tagged(text, "error")[-1] else None,
        ],
    )
    data = await data_preparation.run(play(laid, cast, inputs_with(PLAN)))
    assert data is not None and data.code == DATA.code and data.says == "ready"
    assert laid.store.row("SELECT 1 FROM visit WHERE state = 'closed'") is not None


async def test_code_that_is_no_python_is_not_run(lay: Callable[..., Laid]) -> None:
    laid = lay(Phase.DATA_PREPARATION)
    cast = Cast(submit_code=[{**GOOD, "code": "def :"}, GOOD])
    assert await data_preparation.run(play(laid, cast, inputs_with(PLAN))) is not None
    assert "load_data.py" in tagged(last(cast.asked[1]), "refusal")[0]
    assert len(list(laid.places.jobs.iterdir())) == 1


async def test_a_look_at_the_data_comes_back_as_output(lay: Callable[..., Laid]) -> None:
    laid = lay(Phase.DATA_PREPARATION)
    cast = Cast(
        python=[{"code": "print(6 * 7)"}, lambda text: None],
        submit_code=[lambda text: GOOD if "<output>42</output>" in text else None],
    )
    assert await data_preparation.run(play(laid, cast, inputs_with(PLAN))) is not None


async def test_a_hub_that_cannot_be_asked_is_not_an_empty_hub(lay: Callable[..., Laid]) -> None:
    laid = lay(Phase.DATA_PREPARATION)
    cast = Cast(
        search_hf=[{"query": "modular arithmetic"}, lambda text: None],
        submit_code=[lambda text: GOOD if "<source_unreachable" in text else None],
    )
    desk = play(laid, cast, inputs_with(PLAN), online=False, edition=0)  # as visits of 0.1.0 go on
    assert await data_preparation.run(desk) is not None


@pytest.mark.parametrize("online", [True, False])
async def test_the_hub_is_offered_where_the_project_asks_it(lay: Callable[..., Laid], online: bool) -> None:
    laid = lay(Phase.DATA_PREPARATION)
    cast = Cast(submit_code=[GOOD])
    assert await data_preparation.run(play(laid, cast, inputs_with(PLAN), online=online)) is not None
    assert ("search_hf" in {tool.name for tool in cast.asked[0].tools}) is online


async def test_a_persons_edit_that_does_not_run_is_refused(lay: Callable[..., Laid]) -> None:
    laid = lay(Phase.DATA_PREPARATION)
    desk = play(laid, Cast(), inputs_with(PLAN))
    refusal = await data_preparation.check(desk.within("bad"), DATA.model_copy(update={"code": "import nothing_here"}))
    assert isinstance(refusal, Refusal) and "nothing_here" in str(refusal.facts["reason"])
    assert await data_preparation.check(desk.within("good"), DATA) is None
