"""Report refinement on a real desk."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from engine.models.base import Picture
from engine.phases import report_refinement
from state.notes import note
from state.products.manuscript import Manuscript
from state.products.refinement import Refinement
from state.products.report import Report
from state.vocabulary import Phase, Role
from tests.engine.conftest import Laid
from tests.engine.experiments.test_png import png
from tests.engine.phases.played import Cast, experiments, inputs_with, interpreted, last, play, tagged

SOURCE = "\\begin{document}\nIt took \\result{wd_2/toy/steps/mean} steps, \\verdict{wd_2}.\n\\end{document}\n"
FORM = {
    "summary": "Few steps.",
    "strengths": "honest",
    "weaknesses": ["one data set"],
    "originality": 2,
    "quality": 3,
    "clarity": 3,
    "significance": 2,
    "soundness": 3,
    "presentation": 3,
    "contribution": 2,
    "overall": 5,
    "confidence": 4,
    "decision": "reject",
}
INPUTS = interpreted(Report(source=SOURCE))
META = {"text": "They agree.", "decision": "reject"}


async def test_three_reviewers_read_the_numbers_as_printed_and_the_means_are_the_meta_reviews(
    lay: Callable[..., Laid],
) -> None:
    laid = lay(Phase.REPORT_REFINEMENT)

    def form(text: str) -> dict[str, object]:
        assert "It took 152.0 ± 1.0 steps, better." in text
        sound = tagged(text, "role") == ["reviewer_experiments"]
        return {**FORM, "overall": 8 if sound else 5} if "<look_again>" in text else {**FORM, "overall": 1}

    cast = Cast(
        review=[form] * 9, meta_review=[META], decide=[{"decision": "done", "reasons": "It says what was found."}]
    )
    found = await report_refinement.run(play(laid, cast, INPUTS))
    assert found is not None and found.decision == "done"
    assert [one.reviewer for one in found.reviews] == [
        Role.REVIEWER_EXPERIMENTS,
        Role.REVIEWER_IMPACT,
        Role.REVIEWER_NOVELTY,
    ]
    assert found.means["overall"] == 6.0 and found.means["soundness"] == 3.0
    assert found.recommends == "reject"
    assert '<meta_review recommends="reject">They agree.</meta_review>' in cast.shown[-1]
    assert found.reviews[0].form.strengths == ("honest",)
    assert Refinement.of(found.files()) == found


async def test_a_reviewer_of_whom_no_review_can_be_had_is_told_of_beside_the_others(lay: Callable[..., Laid]) -> None:
    """And one who cannot mend the own review is taken by the first. Nobody is asked in the night."""
    laid = lay(Phase.REPORT_REFINEMENT)

    def form(text: str) -> dict[str, object]:
        impact = tagged(text, "role") == ["reviewer_impact"]
        novelty = tagged(text, "role") == ["reviewer_novelty"] and "<look_again>" in text
        return {**FORM, "overall": 99} if impact or novelty else FORM

    cast = Cast(review=[form], meta_review=[META], decide=[{"decision": "done", "reasons": "x"}])
    found = await report_refinement.run(play(laid, cast, INPUTS))
    assert found is not None
    assert [one.reviewer for one in found.reviews] == [Role.REVIEWER_EXPERIMENTS, Role.REVIEWER_NOVELTY]
    assert found.means["overall"] == 5.0
    (chair,) = (text for text in cast.shown if "<role>area_chair</role>" in text)
    assert '<review by="reviewer_impact">none: wrong arguments for review: overall:' in chair
    assert laid.store.row("SELECT 1 FROM wait") is None


async def test_without_any_review_nothing_is_handed_in(lay: Callable[..., Laid]) -> None:
    laid = lay(Phase.REPORT_REFINEMENT)
    cast = Cast(review=[{**FORM, "overall": 99}])
    assert await report_refinement.run(play(laid, cast, INPUTS)) is None
    assert laid.store.row("SELECT 1 FROM visit WHERE state = 'open'") is not None


async def test_a_reviewer_sees_what_is_cited_and_what_each_figure_shows(lay: Callable[..., Laid]) -> None:
    laid = lay(Phase.REPORT_REFINEMENT)
    source = SOURCE.replace("It took", r"See \cite{power2022}, \includegraphics{figures/steps.png}. It took")
    drawn = experiments().model_copy(
        update={"figures": {"steps.png": b"", "other.png": b""}, "captions": {"steps.png": "steps by program"}}
    )
    cast = Cast(review=[FORM], meta_review=[META], decide=[{"decision": "done", "reasons": "x"}])
    inputs = interpreted(drawn, Report(source=source))
    await report_refinement.run(play(laid, cast, inputs))
    assert tagged(cast.shown[0], "cited") == ['<item key="power2022">unknown authors. Grokking</item>']
    (figures,) = tagged(cast.shown[0], "figures")
    assert "steps by program: wd_2 152.0 ± 1.0 (n 3); base 302.0 ± 1.0 (n 3)" in figures and "other" not in figures


async def test_the_area_chair_weighs_the_reviews_with_the_paper_at_hand(lay: Callable[..., Laid]) -> None:
    laid = lay(Phase.REPORT_REFINEMENT)
    source = SOURCE.replace("It took", r"See \cite{power2022}. It took")
    cast = Cast(review=[FORM], meta_review=[META], decide=[{"decision": "done", "reasons": "x"}])
    inputs = interpreted(Report(source=source))
    await report_refinement.run(play(laid, cast, inputs))
    (chair,) = [text for text in cast.shown if tagged(text, "role") == ["area_chair"]]
    assert "It took 152.0 ± 1.0 steps, better." in tagged(chair, "paper")[0]
    assert "Grokking" in tagged(chair, "cited")[0] and "one data set" in tagged(chair, "reviews")[0]


async def test_the_area_chair_of_a_visit_that_began_without_the_paper_goes_on_without(lay: Callable[..., Laid]) -> None:
    laid = lay(Phase.REPORT_REFINEMENT)
    cast = Cast(review=[FORM], meta_review=[META], decide=[{"decision": "done", "reasons": "x"}])
    desk = play(laid, cast, INPUTS)
    before = {**desk.frame.prompts, "report_refinement/chair": "Weigh.\n\n{{means}}\n\n{{reviews}}"}
    desk.bench.frame = replace(desk.frame, prompts=before)
    await report_refinement.run(desk)
    (chair,) = [text for text in cast.shown if tagged(text, "role") == ["area_chair"]]
    assert tagged(chair, "paper") == [] and tagged(chair, "reviews")


async def test_a_reviewer_whose_model_sees_is_shown_the_figures_that_the_paper_shows(lay: Callable[..., Laid]) -> None:
    source = SOURCE.replace("It took", r"\includegraphics{figures/steps.png} It took")
    report = Report(source=source, figures={"steps.png": png(64, 48), "left-out.png": png(8, 6)})
    inputs = interpreted(report)
    cast = Cast(review=[FORM], meta_review=[META], decide=[{"decision": "done", "reasons": "x"}])
    await report_refinement.run(play(lay(Phase.REPORT_REFINEMENT), cast, inputs, sees=True, reviews=3))
    shown = [request.pictures for request in cast.asked]
    assert shown.count((Picture("steps.png", png(64, 48)),)) == 7  # three reviewers, twice each, and the area chair
    assert shown.count(()) == len(shown) - 7


async def test_five_reviews_make_the_ensemble(lay: Callable[..., Laid]) -> None:
    laid = lay(Phase.REPORT_REFINEMENT)
    cast = Cast(review=[FORM], meta_review=[META], decide=[{"decision": "done", "reasons": "x"}])
    found = await report_refinement.run(play(laid, cast, INPUTS, reviews=5))
    assert found is not None and len(found.reviews) == 5


async def test_a_decision_to_go_back_needs_a_phase_and_a_round_that_is_left(lay: Callable[..., Laid]) -> None:
    laid = lay(Phase.REPORT_REFINEMENT)
    back = {"decision": "back", "reasons": "Too few seeds."}
    cast = Cast(
        review=[FORM],
        meta_review=[META],
        decide=[back, {**back, "phase": "report_refinement"}, {**back, "phase": "plan_formulation"}],
    )
    found = await report_refinement.run(play(laid, cast, INPUTS))
    assert found is not None and (found.decision, found.phase) == ("back", Phase.PLAN_FORMULATION)
    refusals = [tagged(last(request), "refusal")[0] for request in cast.asked if tagged(last(request), "refusal")]
    assert len(refusals) == 2


async def test_when_the_rounds_are_used_up_it_can_only_be_done(lay: Callable[..., Laid]) -> None:
    laid = lay(Phase.REPORT_REFINEMENT)
    cast = Cast(
        review=[FORM],
        meta_review=[META],
        decide=[
            {"decision": "back", "phase": "plan_formulation", "reasons": "More."},
            lambda text: {"decision": "done", "reasons": "x"} if "rounds are used up" in text else None,
        ],
    )
    found = await report_refinement.run(play(laid, cast, INPUTS, rounds=0))
    assert found is not None and found.decision == "done"
    assert tagged(cast.shown[-1], "rounds_left") == ["0"]


async def test_of_a_paper_from_elsewhere_the_meta_review_is_all_and_a_note_is_read_before_it_counts(
    lay: Callable[..., Laid],
) -> None:
    laid = lay(Phase.REPORT_REFINEMENT)
    theirs = Manuscript(file="theirs.pdf", sha256="a" * 64, text="We counted sheep at the zinc gate.")

    def meta(text: str) -> dict[str, object]:
        if "Mind the gate" not in text:
            with laid.store.transaction() as tx:
                note(tx, "w1", laid.run, None, None, "Mind the gate.", 0)
        return {**META, "text": "With the gate." if "Mind the gate" in text else "Without."}

    cast = Cast(review=[FORM], meta_review=[meta, meta])
    found = await report_refinement.run(play(laid, cast, inputs_with(theirs)))
    assert found is not None and (found.decision, found.meta, len(found.reviews)) == ("done", "With the gate.", 3)
    assert "zinc gate" in cast.shown[0] and not tagged(cast.shown[0], "paper_language")
    assert len(cast.asked) == 8
