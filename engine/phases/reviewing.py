"""A review on the conference's form: how it is shown, its means, and the one number that papers are compared by."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import fmean

from engine.prompt import Shown, lines, tag
from state.products.refinement import SCORES, Form, Signed

WEIGHTS = {
    "overall": 1.0 / 10,
    "contribution": 0.4 / 4,
    "presentation": 0.2 / 4,
    "soundness": 0.1 / 4,
    "originality": 0.1 / 4,
    "significance": 0.1 / 4,
    "clarity": 0.1 / 4,
    "quality": 0.1 / 4,
    "confidence": 0.1 / 5,
}


def points(form: Form) -> float:
    """0–10: overall counts most, then contribution and presentation."""
    whole = float(sum(weight * getattr(form, name) for name, weight in WEIGHTS.items()))
    return round(10 * whole / 2.2, 4)


def means(forms: Sequence[Form]) -> dict[str, float]:
    """The mean of every score of the form."""
    return {name: round(fmean(getattr(form, name) for form in forms), 2) for name in SCORES}


def shown_form(form: Form) -> Shown:
    """The words of a review, each kind in its tag, then its scores in a line."""
    told = [tag("summary", form.summary)]
    for name in ("strengths", "weaknesses", "questions", "limitations"):
        if points_of := getattr(form, name):
            told.append(tag(name, points_of))
    scores = ", ".join(f"{name} {getattr(form, name)}" for name in SCORES)
    return lines(*told, tag("form", f"{scores}, {form.decision}"))


def shown_review(one: Signed) -> Shown:
    """A review under its reviewer's name."""
    return tag("review", shown_form(one.form), by=one.reviewer.value)
