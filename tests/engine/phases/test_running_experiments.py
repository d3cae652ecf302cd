"""mle-solver on a real desk: programs run as jobs, verdicts come from what they wrote."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from engine.phases import running_experiments, standing
from state.products.experiments import Experiments
from state.results import measured
from state.vocabulary import Phase, Verdict
from tests.engine.conftest import Laid
from tests.engine.phases.played import DATA, PLAN, REVIEW, Cast, inputs_with, last, play, tagged, visited_again

PROGRAM = """\
import json, os, sys
from pathlib import Path
import load_data
DECAY = 1
seed = int(os.environ["SEED"])
out = Path(sys.argv[1].split("=")[1])
out.mkdir(parents=True, exist_ok=True)
steps = 300 // DECAY + seed + load_data.OFFSET
with (out / "metrics.jsonl").open("w") as file:
    for step in range(0, steps, 50):
        file.write(json.dumps({"step": step, "val_acc": step / steps}) + "\\n")
(out / "final_info.json").write_text(json.dumps({"toy": {"means": {"steps": steps}}}))
print("decay", DECAY, "seed", seed)
"""
GRADE = {"grade": 0.8, "why": "does what the plan asks"}
LESSON = {"text": "more decay, fewer steps"}
WD_2 = {"name": "wd_2", "why": "twice the decay", "edits": [{"first": 4, "last": 4, "text": "DECAY = 2"}]}
BASE = {"text": PROGRAM, "name": "base"}


async def test_the_better_program_is_kept_first_and_its_verdict_is_measured(lay: Callable[..., Laid]) -> None:
    laid = lay(Phase.RUNNING_EXPERIMENTS)
    cast = Cast(replace=[BASE], changes=[{"changes": [WD_2]}], grade=[GRADE], lesson=[LESSON])
    inputs = inputs_with(REVIEW, PLAN, DATA)
    found = await running_experiments.run(play(laid, cast, inputs, solver_steps=1))
    assert found is not None
    assert found.kept == ("wd_2", "base") and found.baseline == "base"
    assert [score.verdict for score in found.scores] == [Verdict.BETTER, Verdict.BASELINE]
    assert found.scores[0].mean == 152.0 and found.scores[0].difference == -150.0 and found.scores[0].n == 3
    assert set(found.figures) == {"steps.png", "val_acc_by_step.png"}
    assert Experiments.of(found.files()) == found
    values = measured(laid.store, laid.run)
    assert {(one.program, one.seed) for one in values} == {(p, s) for p in ("base", "wd_2") for s in (1, 2, 3)}
    reflecting = next(text for text in cast.shown if "<tried>" in text)
    assert '<verdict program="wd_2">better</verdict>' in reflecting


async def test_an_engine_that_starts_again_asks_nothing_and_runs_nothing_twice(lay: Callable[..., Laid]) -> None:
    laid = lay(Phase.RUNNING_EXPERIMENTS)
    cast = Cast(replace=[BASE], changes=[{"changes": [WD_2]}], grade=[GRADE], lesson=[LESSON])
    inputs = inputs_with(REVIEW, PLAN, DATA)
    first = await running_experiments.run(play(laid, cast, inputs, solver_steps=1))
    asked, jobs = len(cast.asked), len(list(laid.places.jobs.iterdir()))
    assert await running_experiments.run(play(laid, cast, inputs, solver_steps=1)) == first
    assert (len(cast.asked), len(list(laid.places.jobs.iterdir()))) == (asked, jobs)


async def test_a_failing_program_is_repaired_by_its_author(lay: Callable[..., Laid]) -> None:
    laid = lay(Phase.RUNNING_EXPERIMENTS)
    broken = PROGRAM.replace("steps = 300 // DECAY", "steps = 300 // DECAYS")

    def mend(text: str) -> dict[str, object]:
        assert "NameError" in tagged(text, "error")[0]
        assert '<program name="base">' in text and " 8| steps = 300 // DECAYS" in text
        return {"first": 8, "last": 8, "text": "steps = 300 // DECAY + seed + load_data.OFFSET"}

    cast = Cast(replace=[{"text": broken, "name": "base"}], edit=[mend], grade=[GRADE], changes=[{"changes": [WD_2]}])
    cast.answers["lesson"] = [LESSON]
    # the repair is asked for edit or replace; only the baseline may be replaced here
    cast.answers["replace"] = [lambda text: None if "<error>" in text else {"text": broken, "name": "base"}]
    found = await running_experiments.run(play(laid, cast, inputs_with(REVIEW, PLAN, DATA), solver_steps=1))
    assert found is not None and found.program("base").code == PROGRAM
    assert found.kept[0] == "wd_2"


async def test_a_change_that_never_runs_is_kept_on_record_with_its_error(lay: Callable[..., Laid]) -> None:
    laid = lay(Phase.RUNNING_EXPERIMENTS)
    bad = {"name": "bad", "why": "x", "edits": [{"first": 4, "last": 4, "text": "DECAY = 0"}]}
    count = iter(range(10))
    cast = Cast(
        replace=[lambda text: None if "<error>" in text else BASE],
        edit=[lambda text: {"first": 4, "last": 4, "text": f"DECAY = 0  # {next(count)}"}],
        changes=[{"changes": [bad]}],
        grade=[GRADE],
        lesson=[LESSON],
    )
    cast.answers["edit"] *= 3
    found = await running_experiments.run(play(laid, cast, inputs_with(REVIEW, PLAN, DATA), solver_steps=1))
    assert found is not None and found.kept == ("base",)
    score = found.scores[-1]
    assert (score.program, score.verdict) == ("bad", Verdict.FAILED) and "ZeroDivisionError" in score.error
    assert len([text for text in cast.shown if "<error>" in text]) == 3


async def test_a_change_whose_author_mends_nothing_is_dropped_and_the_run_goes_on(lay: Callable[..., Laid]) -> None:
    laid = lay(Phase.RUNNING_EXPERIMENTS)
    bad = {"name": "bad", "why": "x", "edits": [{"first": 4, "last": 4, "text": "DECAY = 0"}]}
    cast = Cast(
        replace=[lambda text: None if "<error>" in text else BASE],
        edit=[{"first": 4, "last": 4, "text": "DECAY = 0"}],
        changes=[{"changes": [bad, WD_2]}],
        grade=[GRADE],
        lesson=[LESSON],
    )
    found = await running_experiments.run(play(laid, cast, inputs_with(REVIEW, PLAN, DATA), solver_steps=1))
    assert found is not None and found.kept == ("wd_2", "base")
    assert (found.scores[-1].program, found.scores[-1].verdict) == ("bad", Verdict.FAILED)
    assert "ZeroDivisionError" in found.scores[-1].error
    assert laid.store.row("SELECT 1 FROM wait") is None


async def test_a_results_file_without_the_plans_metric_goes_back(lay: Callable[..., Laid]) -> None:
    laid = lay(Phase.RUNNING_EXPERIMENTS)
    wrong = PROGRAM.replace('{"steps": steps}', '{"step_count": steps}')

    def mend(text: str) -> dict[str, object] | None:
        errors = tagged(text, "error")
        if not errors:
            return {"text": wrong, "name": "base"}
        assert 'no "steps" for "toy"' in errors[0]
        return {"text": PROGRAM}

    cast = Cast(replace=[mend], changes=[{"changes": [WD_2]}], grade=[GRADE], lesson=[LESSON])
    cast.answers["replace"] *= 2
    found = await running_experiments.run(play(laid, cast, inputs_with(REVIEW, PLAN, DATA), solver_steps=1))
    assert found is not None and found.scores[0].verdict is Verdict.BETTER


async def test_an_edit_that_does_not_fit_goes_back_before_anything_runs(lay: Callable[..., Laid]) -> None:
    laid = lay(Phase.RUNNING_EXPERIMENTS)
    misfit = {**WD_2, "edits": [{"first": 40, "last": 40, "text": "x"}]}
    cast = Cast(replace=[BASE], changes=[{"changes": [misfit]}, {"changes": [WD_2]}], grade=[GRADE], lesson=[LESSON])
    found = await running_experiments.run(play(laid, cast, inputs_with(REVIEW, PLAN, DATA), solver_steps=1))
    assert found is not None and found.kept[0] == "wd_2"
    refused = [tagged(last(request), "refusal") for request in cast.asked]
    assert any("not in the text" in words[0] for words in refused if words)


async def test_a_target_that_is_met_ends_the_search(lay: Callable[..., Laid]) -> None:
    laid = lay(Phase.RUNNING_EXPERIMENTS)
    plan = PLAN.model_copy(update={"target": "steps <= 200"})
    cast = Cast(replace=[BASE], changes=[{"changes": [WD_2]}], grade=[GRADE], lesson=[LESSON])
    found = await running_experiments.run(play(laid, cast, inputs_with(REVIEW, plan, DATA), solver_steps=6))
    assert found is not None
    assert len([request for request in cast.asked if request.tools[0].name == "changes"]) == 1


async def test_work_sent_back_with_more_seeds_runs_only_the_new_ones(lay: Callable[..., Laid]) -> None:
    laid = lay(Phase.RUNNING_EXPERIMENTS)
    cast = Cast(replace=[BASE], changes=[{"changes": [WD_2]}], grade=[GRADE], lesson=[LESSON])
    first = await running_experiments.run(play(laid, cast, inputs_with(REVIEW, PLAN, DATA), solver_steps=1))
    assert first is not None
    before = len(laid.store.rows("SELECT 1 FROM experiment"))
    visited_again(laid, Phase.RUNNING_EXPERIMENTS)
    five = PLAN.model_copy(update={"seeds": 5})
    cast = Cast(keep=[{"why": "the plan only asks for more seeds"}], grade=[GRADE], lesson=[LESSON])
    cast.answers["changes"] = [{"changes": [WD_2]}]
    inputs = inputs_with(REVIEW, five, DATA, earlier=first)
    again = await running_experiments.run(play(laid, cast, inputs, solver_steps=1))
    assert again is not None and [score.n for score in again.scores] == [5, 5]
    assert again.kept == ("wd_2", "base")
    assert len(laid.store.rows("SELECT 1 FROM experiment")) - before == 4
    assert "nothing new" in next(text for text in cast.shown if "<tried>" in text)
    assert LESSON["text"] in "".join(tagged(next(text for text in cast.shown if "<step>" in text), "lessons"))
    assert again.lessons == (LESSON["text"],) * 2


async def test_a_broken_program_that_is_proposed_again_is_not_run_again(lay: Callable[..., Laid]) -> None:
    laid = lay(Phase.RUNNING_EXPERIMENTS)
    broken = {"name": "wd_2", "why": "twice", "edits": [{"first": 4, "last": 4, "text": "DECAY = TWO"}]}
    mended = {"first": 4, "last": 4, "text": "DECAY = 2"}
    other = {"name": "wd_2", "why": "half", "edits": [{"first": 4, "last": 4, "text": "DECAY = 3"}]}
    cast = Cast(
        replace=[lambda text: None if "<error>" in text else BASE],
        edit=[mended],
        changes=[{"changes": [broken]}, {"changes": [broken, other]}],
        grade=[GRADE],
        lesson=[LESSON],
    )
    inputs = inputs_with(REVIEW, PLAN, DATA)
    found = await running_experiments.run(play(laid, cast, inputs, solver_steps=2))
    assert found is not None
    names = [score.program for score in found.scores]
    assert len(names) == len(set(names)) == 3 and {"base", "wd_2"} < set(names)


@pytest.mark.parametrize("repaired", [False, True])
async def test_a_program_that_another_run_tried_under_its_own_name_keeps_that_name_and_its_numbers(
    lay: Callable[..., Laid], repaired: bool
) -> None:
    laid = lay(Phase.RUNNING_EXPERIMENTS)
    first = {**BASE, "text": PROGRAM.replace("import load_data\n", "")} if repaired else BASE
    cast = Cast(replace=[first, BASE][: 1 + repaired], changes=[{"changes": [WD_2]}], grade=[GRADE], lesson=[LESSON])
    inputs = inputs_with(REVIEW, PLAN, DATA)
    await running_experiments.run(play(laid, cast, inputs, solver_steps=1))
    visited_again(laid, Phase.RUNNING_EXPERIMENTS)
    cast = Cast(
        replace=[{**BASE, "name": "plain"}],
        changes=[{"changes": [{**WD_2, "name": "twice"}]}],
        grade=[GRADE],
        lesson=[LESSON],
    )
    found = await running_experiments.run(play(laid, cast, inputs, solver_steps=1))
    assert found is not None and found.kept == ("wd_2", "base") and found.baseline == "base"
    known = inputs_with(REVIEW, PLAN, DATA, found, measured=tuple(measured(laid.store, laid.run)))
    assert [line.split(" ")[0] for line in standing.citable(known)] == [
        r"\result{base/toy/steps/mean}",
        r"\result{wd_2/toy/steps/mean}",
    ]


async def test_what_a_program_measured_before_its_repair_is_not_its_own(lay: Callable[..., Laid]) -> None:
    laid = lay(Phase.RUNNING_EXPERIMENTS)
    wrong = PROGRAM.replace('{"steps": steps}', '{"step_count": steps}')
    cast = Cast(
        replace=[lambda text: {"text": PROGRAM} if "<error>" in text else {"text": wrong, "name": "base"}] * 2,
        changes=[{"changes": [WD_2]}],
        grade=[GRADE],
        lesson=[LESSON],
    )
    inputs = inputs_with(REVIEW, PLAN, DATA)
    found = await running_experiments.run(play(laid, cast, inputs, solver_steps=1))
    assert found is not None
    rows = tuple(measured(laid.store, laid.run))
    assert "step_count" in {one.metric for one in rows}, "it lies there, with the file and the code that wrote it"
    known = inputs_with(REVIEW, PLAN, DATA, found, measured=rows)
    assert {one.metric for one in standing.measured(known)} == {"steps"}


async def test_what_a_role_cannot_give_is_done_without_and_said(lay: Callable[..., Laid]) -> None:
    """A grade, a step's changes, a reflection: nobody is asked for any of them in the night."""
    laid = lay(Phase.RUNNING_EXPERIMENTS)
    nowhere = {"changes": [{"name": "x", "why": "x", "edits": [{"first": 99, "last": 99, "text": ""}]}]}
    cast = Cast(
        replace=[BASE],
        changes=[lambda text: nowhere if "\n2\n" in text or "<step>2</step>" in text else {"changes": [WD_2]}],
        grade=[lambda text: GRADE if '<program name="base">' in text else {"grade": 7, "why": "great"}],
        lesson=[lambda text: {"text": ""} if "<step>1</step>" in text else LESSON],
    )
    found = await running_experiments.run(play(laid, cast, inputs_with(REVIEW, PLAN, DATA), solver_steps=2))
    assert found is not None and found.kept == ("wd_2", "base"), "the metric ranks all the same"
    assert found.lessons == (LESSON["text"],)
    assert found.scores[0].grade is None and found.scores[0].why.startswith("not graded: ")
    assert any("no change came that can be made (x: lines 99 to 99 are not in the text" in text for text in cast.shown)
    assert laid.store.row("SELECT 1 FROM wait") is None
