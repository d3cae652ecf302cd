"""Results interpretation: the postdoc leads, the PhD student objects; it ends when the postdoc hands in a reading.

The reading goes by the harness's verdicts, and each number in it is a reference to a measured value.
"""

from __future__ import annotations

from engine.answering import Answer, Refusal
from engine.answers import Dialogue, SubmitInterpretation
from engine.desk import Desk
from engine.inputs import Inputs
from engine.phases import standing, typed
from engine.phases.news import said, with_last
from engine.prompt import Shown, Value
from state.products.base import Product
from state.products.interpretation import Interpretation, references_in
from state.vocabulary import Role


async def run(desk: Desk) -> Interpretation | None:
    """Postdoc and PhD student talk about the verdicts until the postdoc hands in."""
    inputs = desk.inputs
    shared: dict[str, Value] = {
        "question": inputs.question,
        "plan": inputs.plan,
        "scores": standing.table(inputs.experiments.scores),
        "best": standing.best(inputs.experiments),
        "references": standing.citable(inputs),
    }
    lead = desk.seat(
        Role.POSTDOC,
        "lead",
        lessons=inputs.experiments.lessons,
        earlier_version=inputs.earlier,
        sent_back_because=inputs.reasons,
        **shared,
    ).with_tools(Dialogue, SubmitInterpretation)
    student = desk.seat(Role.PHD_STUDENT, "student", review=inputs.products.get("review"), **shared)
    heard = Shown("")
    async for turn in desk.rounds(desk.frame.turns):
        answers: tuple[type[Answer], ...] = (SubmitInterpretation,) if turn.last else (Dialogue, SubmitInterpretation)
        match await lead.ask(with_last(turn, heard), answers=answers, check=lambda answer: untied(desk, answer)):
            case Dialogue(text=text):
                heard = said(Role.PHD_STUDENT, (await student.ask(said(Role.POSTDOC, text), answers=(Dialogue,))).text)
            case SubmitInterpretation() as draft:
                interpretation = Interpretation(hypothesis=draft.hypothesis, body=draft.text)
                if (refusal := await desk.submit(interpretation)) is None:
                    return interpretation
                heard = refusal.shown
    return None


def untied(desk: Desk, answer: Answer) -> Refusal | None:
    """Why a reading is not tied to what was measured."""
    if not isinstance(answer, SubmitInterpretation):
        return None
    refusal = untied_text(desk.inputs, answer.text)
    if refusal is None and desk.frame.edition:
        return typed.refused(desk.inputs, answer.text, Interpretation.main)
    return refusal


def untied_text(inputs: Inputs, text: str) -> Refusal | None:
    """The first reference to nothing; or that there is none although something was measured."""
    if (refusal := standing.unknown_reference(inputs, text, Interpretation.main)) is not None:
        return refusal
    if not references_in(text) and standing.citable(inputs):
        why = r"no measured value is named: write each number as \result{program/dataset/metric/mean}"
        return Refusal(why, "reference.none", {"file": Interpretation.main, "line": 1})
    return None


async def check(desk: Desk, product: Product) -> Refusal | None:
    """Every number of an interpretation that a person edited still points to a measured value."""
    assert isinstance(product, Interpretation)
    refusal = untied_text(desk.inputs, product.body)
    return refusal or typed.refused(desk.inputs, product.body, Interpretation.main)
