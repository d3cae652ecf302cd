"""The reviewer's form in numbers, and as a file that a person fills in."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from state.errors import LabError
from state.inbox import ReviewForm
from state.products.refinement import SCORES, Form
from state.review import RANGES, RATINGS, distance, filled_in, markdown, meta, read, toml
from tui.told import refusal


def form(overall: int = 6, decision: str = "accept", **over: object) -> Form:
    scores = dict.fromkeys(SCORES, 3)
    return Form.model_validate({**scores, "overall": overall, "decision": decision, **over})


def person(overall: int = 4, decision: str = "reject", **over: object) -> ReviewForm:
    scores = dict.fromkeys(SCORES, 2)
    return ReviewForm.model_validate({**scores, "overall": overall, "decision": decision, **over})


WORDS = st.text(st.characters(codec="utf-8", exclude_categories=["Cs"]), max_size=40)
PERSONS = st.builds(
    lambda scores, words, points, ratings: ReviewForm.model_validate(
        {**scores, "summary": words, "weaknesses": points, "decision": "accept", "ethical_concerns": True, **ratings}
    ),
    st.fixed_dictionaries({name: st.integers(1, most) for name, most in RANGES.items()}),
    WORDS,
    st.lists(WORDS, max_size=3),
    st.fixed_dictionaries({}, optional={name: st.integers(1, 5) for name in RATINGS}),
)


def test_the_meta_review_s_numbers_are_the_means_and_its_decision_the_majority_s() -> None:
    told = meta([form(6), form(5, "reject"), form(6)])
    assert (told.means["overall"], told.decision, told.reviews, told.calibrated) == (5.67, "accept", 3, False)
    assert meta([form(7, "accept"), form(4, "reject")]).decision == "reject"
    assert meta([form(8, "accept"), form(4, "reject")]).decision == "accept"


def test_a_signed_form_stands_first_and_replaces_the_mean_in_the_decision() -> None:
    told = meta([form(9), form(9)], person(3, "reject"))
    assert (told.means["overall"], told.decision, told.calibrated) == (9.0, "reject", True)


def test_how_far_the_lab_is_from_a_person_is_a_mean_with_its_spread() -> None:
    told = distance([(6.1, 4), (5.0, 4), (7.3, 5)])
    assert told is not None
    assert (round(told.mean, 2), round(told.sd or 0, 2), told.n) == (1.8, 0.7, 3)
    assert distance([(6, 4)]) is not None
    assert distance([(6, 4)]).sd is None  # type: ignore[union-attr]  # one pair is a distance
    assert distance([]) is None


@given(PERSONS)
def test_a_form_that_is_written_is_read_back(one: ReviewForm) -> None:
    assert read(toml(one.model_dump()), "form.toml") == one


def test_an_empty_form_asks_for_everything_and_names_what_is_missing() -> None:
    text = toml({}, {"": "Your review.", "overall": "how good"})
    assert text.startswith("# Your review.\n")
    assert "# overall =   # how good: 1 … 10\n" in text
    with pytest.raises(LabError) as caught:
        read(text, "form.toml")
    at = next(nth for nth, row in enumerate(text.splitlines(), 1) if row.startswith("# originality ="))
    assert refusal(caught.value) == f"form.toml line {at}: originality is missing; it is 1 … 4."
    assert filled_in({"overall": 4, "decision": "accept"}) == (2, 13)


def test_a_wrong_score_is_told_with_its_line() -> None:
    text = toml(person().model_dump(exclude_none=True)).replace("overall = 4", "overall = 11")
    with pytest.raises(LabError) as caught:
        read(text, "form.toml")
    line = next(nth for nth, row in enumerate(text.splitlines(), 1) if row.startswith("overall"))
    assert (caught.value.facts["option"], caught.value.facts["line"]) == ("overall", line)
    assert refusal(caught.value) == f"form.toml line {line}: overall = 11, but it must be 1 … 10."
    with pytest.raises(LabError) as caught:
        read("summary = ''\noverall = ", "form.toml")
    assert refusal(caught.value) == "form.toml line 2: this is no value; a text stands in quotes."


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("overall = 4", 'overall = "4 of 10"', 'overall = "4 of 10", but it must be 1 … 10.'),
        ('decision = "reject"', 'decision = "no"', 'decision = "no", but it must be "accept" | "reject".'),
        ("overall = 4", "overal = 4", "no field overal; meant overall?"),
        ("weaknesses = []", "weaknesses = [\n'few',\n3]", 'weaknesses = 3, but it must be "…".'),
    ],
)
def test_a_slip_in_a_form_is_named_with_its_line_and_what_is_allowed(old: str, new: str, said: str) -> None:
    text = toml(person().model_dump(exclude_none=True))
    assert old in text
    text = text.replace(old, new)
    with pytest.raises(LabError) as caught:
        read(text, "form.toml")
    line = text[: text.index(new) + len(new)].count("\n") + 1
    assert refusal(caught.value) == f"form.toml line {line}: {said}"


def test_a_review_reads_as_words_and_a_table() -> None:
    told = markdown(person(weaknesses=["One modulus\nonly."], usefulness=4), {"overall": "总评"})
    assert "- One modulus only.\n" in told
    assert "| 总评 | 4 | 1–10 |" in told
    assert "| usefulness | 4 | 1–5 |" in told
    assert "experiment_quality" not in told
