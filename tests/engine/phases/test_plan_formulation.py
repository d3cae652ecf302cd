"""Plan formulation on a real desk."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from engine.phases import plan_formulation
from state.notes import note
from state.products.plan import Plan
from tests.engine.conftest import Laid
from tests.engine.phases.played import PLAN, REVIEW, Cast, inputs_with, last, play, tagged

DRAFT = {"text": PLAN.body, **PLAN.model_dump(exclude={"body"}, mode="json")}


async def test_two_talk_until_the_postdoc_submits_a_plan(lay: Callable[..., Laid]) -> None:
    laid = lay()
    cast = Cast(
        plan=[lambda text: DRAFT if "agreed" in text else None],
        dialogue=[{"text": "Three seeds?"}, {"text": "agreed <done>"}],
    )
    plan = await plan_formulation.run(play(laid, cast, inputs_with(REVIEW)))
    assert plan == PLAN
    assert laid.store.row("SELECT 1 FROM visit WHERE state = 'closed'") is not None
    assert tagged(last(cast.asked[1]), "said") == ["Three seeds?"]
    assert '<said by="phd_student">agreed &lt;done></said>' in last(cast.asked[2])


async def test_a_plan_that_does_not_parse_goes_back_with_the_reason(lay: Callable[..., Laid]) -> None:
    laid = lay()
    cast = Cast(plan=[{"text": "Decay.", "metric": "steps"}, DRAFT])
    assert await plan_formulation.run(play(laid, cast, inputs_with(REVIEW))) == PLAN
    refusal = tagged(last(cast.asked[1]), "refusal")
    assert refusal and "direction" in refusal[0]


async def test_the_projects_own_metric_stands(lay: Callable[..., Laid]) -> None:
    laid = lay()
    other = {**DRAFT, "metric": "val_acc", "direction": "higher"}
    cast = Cast(plan=[other, {**DRAFT, "metric": None, "direction": None}])
    plan = await plan_formulation.run(play(laid, cast, inputs_with(REVIEW), metric="steps, lower"))
    assert plan is not None and (plan.metric, plan.direction) == ("steps", "lower")
    assert "the project fixes the metric" in last(cast.asked[1])


async def test_a_note_that_comes_late_is_read_before_the_plan_is_handed_in(lay: Callable[..., Laid]) -> None:
    laid = lay()

    def first(text: str) -> dict[str, object]:
        with laid.store.transaction() as tx:
            note(tx, "w1", laid.run, None, None, "five seeds, please", 0)
        return DRAFT

    cast = Cast(plan=[first, lambda text: {**DRAFT, "seeds": "5"} if tagged(text, "note") else None])
    plan = await plan_formulation.run(play(laid, cast, inputs_with(REVIEW)))
    assert plan is not None and plan.seeds == 5
    rows = laid.store.rows("SELECT handed_in FROM product ORDER BY version")
    assert [bool(row["handed_in"]) for row in rows] == [False, True]


async def test_in_its_last_turn_the_postdoc_can_only_submit(lay: Callable[..., Laid]) -> None:
    laid = lay()
    cast = Cast(dialogue=[{"text": "and another thing"}], plan=[lambda text: DRAFT if "<last/>" in text else None])
    assert isinstance(await plan_formulation.run(play(laid, cast, inputs_with(REVIEW), turns=3)), Plan)
    assert tagged(last(cast.asked[-1]), "open_now") == ["plan"]


async def test_the_list_of_tools_stays_the_same_through_a_conversation_so_that_it_stays_cached(
    lay: Callable[..., Laid],
) -> None:
    laid = lay()
    cast = Cast(dialogue=[{"text": "and another thing"}], plan=[lambda text: DRAFT if "<last/>" in text else None])
    await plan_formulation.run(play(laid, cast, inputs_with(REVIEW), turns=3))
    leads = [request for request in cast.asked if tagged(request.system, "seat") == ["lead"]]
    assert len(leads) == 3 and all(request.tools == leads[0].tools for request in leads)
    assert [tool.name for tool in leads[0].tools] == ["dialogue", "plan"]
    assert last(leads[0]) == "<begin/>" and [request.system for request in leads] == [leads[0].system] * 3


async def test_a_plan_that_names_no_seeds_has_the_projects(lay: Callable[..., Laid]) -> None:
    cast = Cast(plan=[{**DRAFT, "seeds": None}])
    plan = await plan_formulation.run(play(lay(), cast, inputs_with(REVIEW), seeds=1))
    assert plan is not None and plan.seeds == 1


async def test_seeds_in_the_head_of_the_text_stand_before_the_projects(lay: Callable[..., Laid]) -> None:
    cast = Cast(plan=[{"text": PLAN.shown.replace("seeds = 3", "seeds = 5")}])
    plan = await plan_formulation.run(play(lay(), cast, inputs_with(REVIEW), seeds=2))
    assert plan is not None and plan.seeds == 5


@pytest.mark.parametrize("target", ["val_acc >= 0.95", "steps >= 100"])
async def test_a_target_that_the_metric_cannot_meet_goes_back(lay: Callable[..., Laid], target: str) -> None:
    cast = Cast(plan=[{**DRAFT, "target": target}, {**DRAFT, "target": "steps <= 100"}])
    plan = await plan_formulation.run(play(lay(), cast, inputs_with(REVIEW)))
    assert plan is not None and plan.target == "steps <= 100"
    assert "target" in tagged(last(cast.asked[1]), "refusal")[0]


async def test_a_plan_that_a_person_edited_has_a_target_that_its_metric_can_meet(lay: Callable[..., Laid]) -> None:
    desk = play(lay(), Cast(), inputs_with(REVIEW))
    assert await plan_formulation.check(desk, PLAN) is None
    other = PLAN.model_copy(update={"target": "val_acc >= 0.95"})
    refusal = await plan_formulation.check(desk, other)
    assert refusal is not None and refusal.key == "plan.other_target"


async def test_who_plans_knows_the_data_that_the_person_brought_and_what_can_be_imported(
    lay: Callable[..., Laid],
) -> None:
    laid = lay()
    cast = Cast(dialogue=[{"text": "Which?"}, {"text": "Those. <done>"}, lambda text: None], plan=[DRAFT])
    cast.answers["plan"] = [lambda text: DRAFT if "Those." in text else None]
    inputs = inputs_with(REVIEW, data={"bikes": "/far/away/hours.csv", "plain": "/x/plain"}, packages=("torch 2.8",))
    assert await plan_formulation.run(play(laid, cast, inputs)) == PLAN
    for request in cast.asked[:2]:
        assert "<item>data/bikes (hours.csv)</item>\n<item>data/plain</item>" in request.system
        assert tagged(request.system, "packages") == ["<item>torch 2.8</item>"] and "/far/away" not in request.system
