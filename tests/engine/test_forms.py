"""The conference's form, as a model hands it in, as the lab keeps it and as a person fills it in: the same bounds."""

from __future__ import annotations

import pytest
from pydantic import BaseModel, ValidationError

from engine.answers import SubmitReview
from state.inbox import ReviewForm
from state.products.refinement import SCORES, Form
from state.review import RANGES, RATINGS

WHOLE: dict[str, object] = {**dict.fromkeys(SCORES, 2), "summary": "It counts.", "decision": "reject"}
KINDS = (SubmitReview, Form, ReviewForm)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", SCORES)
def test_a_score_lies_within_its_bounds(kind: type[BaseModel], name: str) -> None:
    for score in (1, RANGES[name]):
        assert getattr(kind.model_validate({**WHOLE, name: score}), name) == score
    for wrong in (0, RANGES[name] + 1, 1.5, None, "good"):
        with pytest.raises(ValidationError):
            kind.model_validate({**WHOLE, name: wrong})


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", [*SCORES, "decision"])
def test_a_form_that_lacks_a_score_or_the_decision_is_none(kind: type[BaseModel], name: str) -> None:
    with pytest.raises(ValidationError):
        kind.model_validate({key: value for key, value in WHOLE.items() if key != name})


@pytest.mark.parametrize("kind", KINDS)
def test_there_is_nothing_between_accept_and_reject(kind: type[BaseModel]) -> None:
    with pytest.raises(ValidationError):
        kind.model_validate({**WHOLE, "decision": "borderline"})


@pytest.mark.parametrize("name", RATINGS)
def test_a_persons_ratings_go_from_one_to_five_and_may_be_left_out(name: str) -> None:
    assert getattr(ReviewForm.model_validate({**WHOLE, name: 5}), name) == 5
    assert getattr(ReviewForm.model_validate(WHOLE), name) is None
    for rating in (0, 6):
        with pytest.raises(ValidationError):
            ReviewForm.model_validate({**WHOLE, name: rating})
