"""A fork pays for nothing before it; going back answers the note and runs no experiment again that is the same."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from state import inbox, places
from state.readers import reading
from state.vocabulary import WordKind
from tests.faults import driving
from tests.faults.quick_sample import quick_sample


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    made = quick_sample(tmp_path / "lab")
    inbox.leave(made, WordKind.RUN, {"autonomy": "co-pilot"})
    running = driving.engine(made)
    yield made
    driving.kill(running)


def at(phase: str, run: int | None = None) -> Any:
    """The run waits at the checkpoint of a phase."""

    def seen(told: dict[str, Any]) -> bool:
        return any(wait["what"] == "checkpoint" and wait["phase"] == phase for wait in told["waiting_for"])

    return seen


def walk(folder: Path, *phases: str, run: int | None = None) -> dict[str, Any]:
    """Approve each checkpoint up to that of the last phase, where the run then waits."""
    for phase in phases[:-1]:
        driving.until(folder, at(phase), run)
        driving.decide(folder, "approve", run=run)
    return driving.until(folder, at(phases[-1]), run)


def test_a_fork_from_the_plan_shares_all_visits_before_it_and_calls_no_model_for_them(folder: Path) -> None:
    before = walk(folder, "ideation", "literature_review", "plan_formulation", run=1)
    driving.decide(folder, "fork", run=1)
    child = driving.until(folder, lambda told: told["run"] == 2 and at("plan_formulation")(told), 2)
    assert child["calls"]["answered"] == 0 and child["cost_usd"] == "0.00"
    assert driving.report(folder, 1)["calls"] == before["calls"]
    where = places.places(folder)
    with reading(where.database, where.blobs) as reader:
        assert reader is not None
        assert [visit.id for visit in reader.visits(1)] == [visit.id for visit in reader.visits(2)]
    # the two go their own ways from here
    driving.decide(folder, "approve", run=2)
    driving.until(folder, at("data_preparation"), 2)
    assert driving.report(folder, 1)["phase"] == "plan_formulation"


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_going_back_to_the_plan_answers_the_note_and_reuses_every_experiment_that_is_the_same(folder: Path) -> None:
    phases = ("ideation", "literature_review", "plan_formulation", "data_preparation", "running_experiments")
    first = walk(folder, *phases, run=1)["experiments"]
    started = len(list(places.places(folder).jobs.glob("*/started.json")))
    driving.decide(folder, "go_back", run=1, phase="plan_formulation", note="Show the training accuracy too.")
    told = driving.until(folder, lambda told: at("plan_formulation")(told) and told["notes"]["read"] == 1, 1)
    assert told["notes"] == {"left": 1, "read": 1}
    assert "training accuracy" in (folder / "runs/1/plan.md").read_text()
    again = walk(folder, "plan_formulation", "data_preparation", "running_experiments", run=1)["experiments"]
    assert again["finished"] == first["finished"]  # the failed one was mended then, and is not asked for again
    where = places.places(folder)
    with reading(where.database, where.blobs) as reader:
        assert reader is not None
        assert [visit.label for visit in reader.visits(1) if visit.phase == "plan_formulation"] == ["plan@1", "plan@2"]
        assert len({experiment.attempt for experiment in reader.experiments(1)}) == len(reader.experiments(1))
    # data preparation and figures run again, experiments do not
    fresh = len(list(where.jobs.glob("*/started.json"))) - started
    assert fresh < 6, fresh
