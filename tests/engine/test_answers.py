"""Answers as tools: names are one of a kind, schemas stand alone, and what models like to send is taken."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from pydantic import ValidationError

from engine.answering import Answer, Refusal, spec
from engine.answers import Changes, DecideNovelty, SubmitPlan, SubmitReview
from state.errors import LabError


def every(kind: type[Answer] = Answer) -> Iterator[type[Answer]]:
    for one in kind.__subclasses__():
        yield one
        yield from every(one)


def test_every_tool_has_a_name_of_its_own_and_says_what_it_does() -> None:
    names = [answer.tool for answer in every()]
    assert len(names) == len(set(names)) > 20
    for answer in every():
        told = spec(answer)
        assert told.description.endswith(".") or told.description.endswith("}."), answer
        assert told.schema["type"] == "object"


@pytest.mark.parametrize("answer", list(every()), ids=lambda answer: answer.tool)
def test_a_schema_refers_to_nothing_outside_itself_and_every_field_is_described(answer: type[Answer]) -> None:
    told = spec(answer).schema
    assert "$ref" not in json.dumps(told)
    fields = told["properties"]
    assert isinstance(fields, dict)
    for name, field in fields.items():
        assert isinstance(field, dict) and field.get("description"), name
        assert "title" not in field or isinstance(field["title"], dict)


def test_numbers_sent_as_text_and_a_single_string_for_a_list_are_taken() -> None:
    plan = SubmitPlan.model_validate({"text": "x", "seeds": "5", "requirements": "five seeds"})
    assert (plan.seeds, plan.requirements) == (5, ("five seeds",))
    assert DecideNovelty.model_validate({"verdict": "novel", "why": "x", "papers": "power2022"}).papers == (
        "power2022",
    )


def test_an_unknown_argument_and_a_score_out_of_range_are_refused() -> None:
    with pytest.raises(ValidationError):
        Changes.model_validate({"changes": [{"name": "a", "why": "b", "patch": "c"}]})
    with pytest.raises(ValidationError):
        Changes.model_validate({"changes": []})
    with pytest.raises(ValidationError):
        SubmitReview.model_validate({"summary": "x", "originality": 5})


def test_text_is_kept_without_what_no_file_can_hold() -> None:
    plan = SubmitPlan.model_validate({"text": "\n\nA\x00B\ud800C\r\nD\u2028\n"})
    assert plan.text == "AB?C\nD"


def test_a_refusal_tells_the_role_and_the_person_the_same() -> None:
    refusal = Refusal.of(LabError("product.bad_value", file="plan.md", line=3, field="seeds"))
    assert refusal.shown == "<refusal>bad value (file: plan.md, line: 3, field: seeds)</refusal>"
    assert (refusal.key, refusal.facts["line"]) == ("product.bad_value", 3)
