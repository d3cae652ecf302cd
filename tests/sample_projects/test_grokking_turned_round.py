"""With the sample's effect turned round in experiment.py, what the cast says turns round too, because it was measured.

The decay that acts is made the smaller the larger the knob is. Nothing else is changed: no cue, no phrase, no prompt.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.models.rehearsal import RehearsalModel
from state.products.experiments import Experiments
from state.products.interpretation import Interpretation
from state.products.plan import Plan
from state.products.refinement import Refinement
from state.products.report import Report
from state.vocabulary import Language, Phase, Verdict
from tests.engine.phases.conftest import typst
from tests.engine.phases.test_rehearsed import Rehearsal

__all__ = ["typst"]

ACTS = "decay = WEIGHT_DECAY if step > DECAY_FROM else 0.0"


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.usefixtures("typst")
async def test_interpretation_numbers_and_decision_turn_with_the_effect(tmp_path: Path) -> None:
    lab = Rehearsal(tmp_path / "turned", Language.EN)
    program = lab.folder / "rehearsal/files/experiment.py"
    assert ACTS in program.read_text()
    program.write_text(program.read_text().replace(ACTS, ACTS.replace("WEIGHT_DECAY", "WEIGHT_DECAY**-0.6")))
    lab.model = RehearsalModel(lab.folder)
    try:
        made = {phase: await lab.play(phase) for phase in Phase}
    finally:
        lab.store.close()
    plan, experiments = made[Phase.PLAN_FORMULATION], made[Phase.RUNNING_EXPERIMENTS]
    interpretation, report = made[Phase.RESULTS_INTERPRETATION], made[Phase.REPORT_WRITING]
    refinement = made[Phase.REPORT_REFINEMENT]
    assert isinstance(plan, Plan) and isinstance(experiments, Experiments)
    assert isinstance(interpretation, Interpretation) and isinstance(report, Report)
    assert isinstance(refinement, Refinement)

    verdicts = {one.program: one.verdict for one in experiments.scores}
    assert verdicts["wd_2"] in (Verdict.WORSE, Verdict.CENSORED) and verdicts["wd_03"] is Verdict.BETTER
    assert experiments.kept[0] == "wd_03"
    assert interpretation.hypothesis == "fails"
    assert "wd_03/mod47/steps/mean" in interpretation.references
    assert "The hypothesis fails" in report.source and "Negative Result" in report.title
    assert "sets the clock" not in report.source
    assert (refinement.decision, refinement.phase) == ("back", Phase.PLAN_FORMULATION)
    assert refinement.means["overall"] < 5
