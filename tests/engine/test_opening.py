"""What a visit starts from: why the work came back reaches every phase that is done anew for it, and only once."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from engine import opening
from engine.frame import Frame
from state.config import Config
from state.errors import LabError
from state.products.ideas import Idea, Ideas
from state.products.interpretation import Interpretation
from state.products.refinement import Refinement
from state.vocabulary import Phase
from tests.engine.conftest import Laid
from tests.engine.phases.played import experiments, visited_again
from tui.told import refusal

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
    found = opening.packages_for(laid.places.folder, Phase.PLAN_FORMULATION, config)
    assert any(name.startswith("numpy ") for name in found)
    assert opening.packages_for(laid.places.folder, Phase.REPORT_WRITING, config) == ()
    told = {"rehearsal": False, "gpu": False, "importable": found}
    pinned = opening.pin(laid.store, laid.places.folder, Phase.PLAN_FORMULATION, config, **told)  # type: ignore[arg-type]
    assert Frame.of(laid.store.get(pinned).decode()).packages == found


def test_what_project_toml_names_is_pinned_as_a_path_that_programs_can_use(lay: Callable[..., Laid]) -> None:
    laid = lay(Phase.PLAN_FORMULATION)
    folder = laid.places.folder
    (folder / "mine").mkdir()
    (folder / "mine" / "python").symlink_to(sys.executable)
    named = {"data": {"mine": "mine"}, "experiments": {"python": "mine/python"}, "papers": {"folder": "~/p"}}
    config = Config.model_validate({"question": "?", **named})
    pinned = opening.pin(laid.store, folder, Phase.RUNNING_EXPERIMENTS, config, rehearsal=False, gpu=False)
    frame = Frame.of(laid.store.get(pinned).decode())
    assert laid_with(laid, pinned).desk().inputs.data == {"mine": str(folder / "mine")}
    assert frame.data == {"mine": "mine"}, "a project that was moved finds it again"
    assert frame.python == str(folder / "mine" / "python")
    assert frame.papers_folder == str(Path.home() / "p")


def laid_with(laid: Laid, pinned: str) -> Laid:
    return replace(laid, visit=replace(laid.visit, frame=pinned))


@pytest.mark.parametrize(
    ("named", "key"), [({"data": {"x": "/nowhere"}}, "data"), ({"experiments": {"python": "/nowhere/p"}}, "python")]
)
def test_a_phase_that_runs_programs_does_not_open_without_what_they_need(
    lay: Callable[..., Laid], named: dict[str, object], key: str
) -> None:
    laid = lay(Phase.PLAN_FORMULATION)
    config = Config.model_validate({"question": "?", **named})

    def pin(phase: Phase) -> str:
        return opening.pin(laid.store, laid.places.folder, phase, config, rehearsal=False, gpu=False)

    for phase in (Phase.DATA_PREPARATION, Phase.RUNNING_EXPERIMENTS):
        with pytest.raises(LabError, match=rf"{key}\.missing") as caught:
            pin(phase)
        assert "Put it back there" in refusal(caught.value)
    assert pin(Phase.REPORT_WRITING), "a paper can be written without"


async def test_the_archive_tells_an_earlier_idea_with_what_was_measured_and_how_it_was_reviewed(
    lay: Callable[..., Laid],
) -> None:
    laid = lay(Phase.IDEATION)
    points = {"interestingness": 5, "feasibility": 8, "novelty": 4}
    idea = Idea(name="clock", title="A clock", hypothesis="Decay sets it.", experiment="Two decays.", **points)
    assert await laid.desk().submit(Ideas.ranked([idea])) is None
    assert opening.archive(laid.store, laid.run + 1) == ("clock: A clock. Decay sets it. Not measured yet (running).",)
    visited_again(laid, Phase.RUNNING_EXPERIMENTS)
    assert await laid.desk().submit(experiments()) is None
    visited_again(laid, Phase.REPORT_REFINEMENT)
    reviewed = {"means": {"overall": 4.67}, "meta": "One task.", "reasons": "It says so.", "recommends": "reject"}
    assert await laid.desk().submit(Refinement(decision="done", round=1, reviews=(), **reviewed)) is None
    (told,) = opening.archive(laid.store, laid.run + 1)
    assert told == (
        "clock: A clock. Decay sets it. Measured: wd_2 is better, steps 152 against 302 of base."
        " Reviewed: 4.67 of 10, reject. One task."
    )
