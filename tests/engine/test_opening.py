"""What a visit starts from: why the work came back reaches every phase that is done anew for it, and only once."""

from __future__ import annotations

from collections.abc import Callable

from engine import opening
from engine.frame import Frame
from state.config import Config
from state.products.interpretation import Interpretation
from state.products.refinement import Refinement
from state.vocabulary import Phase
from tests.engine.conftest import Laid
from tests.engine.phases.played import visited_again

READING = Interpretation(hypothesis="fails", body="It does not hold.")


async def test_a_later_phase_too_learns_why_the_work_came_back(lay: Callable[..., Laid]) -> None:
    laid = lay(Phase.RESULTS_INTERPRETATION)
    assert await laid.desk().submit(READING) is None
    visited_again(laid, Phase.REPORT_REFINEMENT)
    back = Refinement(
        decision="back",
        phase=Phase.RUNNING_EXPERIMENTS,
        round=1,
        means={},
        reviews=(),
        meta="Too few seeds.",
        reasons="Measure with clean labels too.",
    )
    assert await laid.desk().submit(back) is None
    visited_again(laid, Phase.RESULTS_INTERPRETATION)
    assert laid.desk().inputs.reasons == "Measure with clean labels too."
    assert await laid.desk().submit(READING) is None
    visited_again(laid, Phase.RESULTS_INTERPRETATION)
    assert laid.desk().inputs.reasons == "", "it was done anew since"


async def test_a_visit_that_plans_or_writes_programs_pins_what_they_can_import(lay: Callable[..., Laid]) -> None:
    laid = lay(Phase.PLAN_FORMULATION)
    config = Config(question="Does it?")
    found = opening.packages_for(Phase.PLAN_FORMULATION, config)
    assert any(name.startswith("numpy ") for name in found)
    assert opening.packages_for(Phase.REPORT_WRITING, config) == ()
    told = {"rehearsal": False, "gpu": False, "importable": found}
    pinned = opening.pin(laid.store, laid.places.folder, Phase.PLAN_FORMULATION, config, **told)  # type: ignore[arg-type]
    assert Frame.of(laid.store.get(pinned).decode()).packages == found
