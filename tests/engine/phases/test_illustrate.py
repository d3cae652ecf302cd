"""The figures of a paper come from programs: from the lab's own, or saved by the best one that was tried."""

from __future__ import annotations

from collections.abc import Callable

from engine.experiments.contract import Ending, File
from engine.phases import illustrate
from engine.phases.scoring import Tried
from state.products.experiments import Program
from state.vocabulary import ExperimentState, Phase
from tests.engine.conftest import Laid
from tests.engine.writing.papers import figure


def test_the_whole_pictures_of_the_best_program_are_taken_under_its_name(lay: Callable[..., Laid]) -> None:
    laid = lay(Phase.RUNNING_EXPERIMENTS)
    picture = figure()
    kept = {
        "run_0/loss by step.png": picture,
        "own.PNG": picture,
        "run_0/torn.png": picture[:-20],
        "run_0/words.png": b"no picture at all",
        "run_0/final_info.json": b"{}",
    }
    files = {name: File(laid.store.put(told), len(told)) for name, told in kept.items()}
    files["run_0/huge.png"] = File(laid.store.put(picture), illustrate.PICTURE_B + 1)
    best = Tried(Program(name="wd_2", code="x"), endings=(Ending(ExperimentState.FINISHED, files=files),))
    assert illustrate.saved(laid.desk(), best) == {"wd_2-loss_by_step.png": picture, "wd_2-own.png": picture}
    many = {f"{nth:02}.png": File(laid.store.put(picture), len(picture)) for nth in range(40)}
    best = Tried(Program(name="wd_2", code="x"), endings=(Ending(ExperimentState.FINISHED, files=many),))
    assert list(illustrate.saved(laid.desk(), best)) == [f"wd_2-{nth:02}.png" for nth in range(illustrate.OWN)]
