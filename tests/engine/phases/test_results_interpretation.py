"""Results interpretation on a real desk: verdicts and references come from what was measured."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from engine.answering import Refusal
from engine.phases import results_interpretation, standing
from state.products.interpretation import Interpretation
from state.vocabulary import Phase, Verdict
from tests.engine.conftest import Laid
from tests.engine.phases.played import DATA, PLAN, REVIEW, Cast, experiments, inputs_with, last, play, tagged, values

INPUTS = inputs_with(REVIEW, PLAN, DATA, experiments(), measured=values())
GOOD: dict[str, object] = {
    "text": r"At the target of 100 it took \result{wd_2/toy/steps/mean} steps, better.",
    "hypothesis": "holds",
}


async def test_a_reading_is_talked_over_and_tied_to_measured_values(lay: Callable[..., Laid]) -> None:
    laid = lay(Phase.RESULTS_INTERPRETATION)
    cast = Cast(
        dialogue=[{"text": "Is it the decay?"}, {"text": "Yes."}, lambda text: None],
        interpretation=[
            lambda text: {**GOOD, "text": r"It took \result{wd_9/toy/steps/mean}."} if "Yes." in text else None,
            {**GOOD, "text": "It took fewer steps."},
            {**GOOD, "text": r"It took 152 steps, \result{wd_2/toy/steps/mean}."},
            GOOD,
        ],
    )
    inputs = inputs_with(REVIEW, PLAN, DATA, experiments(), measured=values())
    found = await results_interpretation.run(play(laid, cast, inputs))
    assert found is not None and found.references == ["wd_2/toy/steps/mean"]
    refusals = [tagged(last(request), "refusal")[0] for request in cast.asked if tagged(last(request), "refusal")]
    assert "wd_9" in refusals[0] and r"\result{wd_2/toy/steps/mean}" in refusals[0]
    assert "no measured value is named" in refusals[1]
    assert r"line 1: 152 is typed" in refusals[2] and r"it is \result{wd_2/toy/steps/mean}" in refusals[2]


@pytest.mark.parametrize("verdict", [Verdict.BETTER, Verdict.WORSE])
async def test_the_reading_follows_the_verdict_that_was_measured(lay: Callable[..., Laid], verdict: Verdict) -> None:
    laid = lay(Phase.RESULTS_INTERPRETATION)

    def reads(text: str) -> dict[str, object]:
        holds = '<verdict program="wd_2">better</verdict>' in text and '<best verdict="better">wd_2</best>' in text
        return {**GOOD, "hypothesis": "holds" if holds else "fails"}

    inputs = inputs_with(REVIEW, PLAN, DATA, experiments(verdict), measured=values())
    found = await results_interpretation.run(play(laid, Cast(interpretation=[reads]), inputs))
    assert found is not None and found.hypothesis == ("holds" if verdict is Verdict.BETTER else "fails")


async def test_with_one_seed_it_is_said_that_the_noise_is_not_known(lay: Callable[..., Laid]) -> None:
    for verdict, said in ((Verdict.TOO_FEW_SEEDS, True), (Verdict.INSIDE_NOISE, False)):
        cast = Cast(interpretation=[{**GOOD, "hypothesis": "undecided"}])
        inputs = inputs_with(REVIEW, PLAN, DATA, experiments(verdict), measured=values())
        await results_interpretation.run(play(lay(Phase.RESULTS_INTERPRETATION), cast, inputs))
        assert ("the noise is not known" in tagged(cast.shown[0], "scores")[0]) is said


async def test_a_persons_edit_may_not_point_to_nothing(lay: Callable[..., Laid]) -> None:
    laid = lay(Phase.RESULTS_INTERPRETATION)
    desk = play(laid, Cast(), inputs_with(PLAN, experiments(), measured=values()))
    edited = Interpretation(hypothesis="holds", body="first\n\\result{wd_2/toy/loss/mean}")
    refusal = await results_interpretation.check(desk, edited)
    assert isinstance(refusal, Refusal) and refusal.facts["line"] == 2
    typed = edited.model_copy(update={"body": "Of \\result{wd_2/toy/steps/mean}\nit took 152."})
    refusal = await results_interpretation.check(play(laid, Cast(), INPUTS), typed)
    assert isinstance(refusal, Refusal) and (refusal.key, refusal.facts["line"]) == ("reference.typed", 2)


def test_a_program_that_is_not_among_the_accepted_experiments_measured_nothing_here() -> None:
    dropped = replace(values()[0], program="dropped")
    inputs = inputs_with(REVIEW, PLAN, DATA, experiments(), measured=(*values(), dropped))
    assert {one.program for one in standing.measured(inputs)} == {"wd_2", "base"}
    refusal = standing.unknown_reference(inputs, r"\result{dropped/toy/steps/mean}")
    assert refusal is not None and refusal.key == "reference.unknown"
