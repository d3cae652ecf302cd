"""Report refinement: three reviewers read the paper, the area chair sums up, and a decision is taken: done, or back.

Each reviewer looks at the own review once more before it counts. One that no review can be had of is told of beside
the others'; without any the phase hands nothing in. The numbers of the meta-review are the means; where a person waits,
the decision is theirs, and the PhD student's is the proposal that they see. Of a paper from elsewhere the reviews and
the meta-review are all: nothing can follow from them here.
"""

from __future__ import annotations

from engine.answering import Answer, Refusal
from engine.answers import Decide, MetaReview, SubmitReview
from engine.desk import Desk
from engine.phases import looking, reading, standing
from engine.phases.building import readable
from engine.phases.news import with_last
from engine.phases.reviewing import means, shown_review
from engine.prompt import Shown, Value, lines, tag
from engine.roles import REVIEWERS
from engine.seat import Seat
from state.products.base import Product
from state.products.refinement import Form, Refinement, Signed
from state.vocabulary import Phase, Role

BACK_TO = (
    Phase.LITERATURE_REVIEW,
    Phase.PLAN_FORMULATION,
    Phase.DATA_PREPARATION,
    Phase.RUNNING_EXPERIMENTS,
    Phase.RESULTS_INTERPRETATION,
    Phase.REPORT_WRITING,
)


LOOK_AGAIN = (
    "Is each score what your words say, and is each weakness really in the paper? Then hand the whole form in once"
    " more, mended or as it was."
)


async def run(desk: Desk) -> Refinement | None:
    """Reviews side by side, one meta-review; then, of the lab's own paper, one decision."""
    inputs, frame = desk.inputs, desk.frame
    elsewhere = inputs.manuscript
    paper = elsewhere.shown if elsewhere else readable(desk, inputs.report.source)
    seats = [(nth, REVIEWERS[nth % len(REVIEWERS)]) for nth in range(frame.reviews)]
    shown = read_as(desk, paper)
    came = await desk.all(*(desk.start(f"{role.value}-{nth + 1}", reviewed, role, paper, shown) for nth, role in seats))
    handed = [(role, form) for (_, role), form in zip(seats, came, strict=True)]
    reviews = tuple(
        Signed(reviewer=role, round=inputs.round, form=form) for role, form in handed if isinstance(form, Form)
    )
    if not reviews:
        return None
    averages = means([one.form for one in reviews])
    shown_means = lines(*(tag(name, value) for name, value in averages.items()))
    missing = (tag("review", f"none: {none.why}", by=role.value) for role, none in handed if isinstance(none, Refusal))
    shown_reviews = lines(*(shown_review(one) for one in reviews), *missing)
    chair = desk.seat(Role.AREA_CHAIR, "chair", **shown, means=shown_means, reviews=shown_reviews)
    if elsewhere:
        return await summed_up(desk, chair, averages, reviews)
    meta = await chair.ask(answers=(MetaReview,), pictures=looking.shown(desk, paper))
    rounds_left = max(frame.rounds - inputs.round + 1, 0)
    author = desk.seat(
        Role.PHD_STUDENT,
        "decide",
        question=inputs.question,
        round=inputs.round,
        rounds_left=str(rounds_left),
        means=shown_means,
        meta_review=tag("meta_review", meta.text, recommends=meta.decision) if frame.edition else meta.text,
        reviews=shown_reviews,
        scores=standing.table(inputs.experiments.scores),
        best=standing.best(inputs.experiments),
        phases=[phase.value for phase in BACK_TO],
    )
    heard = Shown("")
    async for turn in desk.rounds(frame.turns):
        decided = await author.ask(
            with_last(turn, heard), answers=(Decide,), check=lambda answer: out_of_reach(answer, rounds_left)
        )
        product = Refinement(
            decision=decided.decision,
            phase=decided.phase if decided.decision == "back" else None,
            round=inputs.round,
            means=averages,
            reviews=reviews,
            meta=meta.text,
            recommends=meta.decision if frame.edition else None,
            reasons=decided.reasons,
        )
        if (refusal := await desk.submit(product)) is None:
            return product
        heard = refusal.shown
    return None


def read_as(desk: Desk, paper: str) -> dict[str, Value]:
    """The paper as reviewers and area chair see it; the lab's own with its references and its figures in words."""
    inputs = desk.inputs
    if inputs.manuscript:
        return {"paper_language": "", "paper": paper, "cited": "", "figures": ""}
    source = inputs.report.source
    return {
        "paper_language": desk.frame.paper_language,
        "paper": paper,
        "cited": reading.references(source, (*inputs.review.papers, *inputs.report.papers)),
        "figures": reading.figures(source, inputs.experiments),
    }


async def reviewed(desk: Desk, role: Role, paper: str, shown: dict[str, Value]) -> Form | Refusal:
    """One review, looked at once more by who wrote it; or why none came that can be used."""
    reviewer = desk.seat(role, "reviewer", **shown)
    first = await reviewer.attempt(answers=(SubmitReview,), pictures=looking.shown(desk, paper))
    if isinstance(first, Refusal):
        return first
    again = await reviewer.attempt(tag("look_again", LOOK_AGAIN), answers=(SubmitReview,))
    return again.form if isinstance(again, SubmitReview) else first.form


async def summed_up(
    desk: Desk, chair: Seat, averages: dict[str, float], reviews: tuple[Signed, ...]
) -> Refinement | None:
    """The meta-review of a paper from elsewhere, handed in; a note that is unread goes to the area chair first."""
    heard = Shown("")
    async for turn in desk.rounds(desk.frame.turns):
        meta = await chair.ask(with_last(turn, heard), answers=(MetaReview,))
        product = Refinement(
            decision="done",
            round=desk.inputs.round,
            means=averages,
            reviews=reviews,
            meta=meta.text,
            recommends=meta.decision if desk.frame.edition else None,
        )
        if (refusal := await desk.submit(product)) is None:
            return product
        heard = refusal.shown
    return None


def out_of_reach(answer: Answer, rounds_left: int) -> Refusal | None:
    """Why a decision cannot be carried out."""
    if not isinstance(answer, Decide) or answer.decision == "done":
        return None
    if answer.phase not in BACK_TO:
        return Refusal(f"back needs a phase: one of {', '.join(BACK_TO)}", "decide.no_phase")
    if rounds_left == 0:
        return Refusal("the rounds are used up: decide done, and say what stays open", "decide.no_rounds_left")
    return None


async def check(desk: Desk, product: Product) -> Refusal | None:
    """A decision that parsed can be carried out."""
    return None
