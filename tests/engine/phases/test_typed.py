"""Numbers typed into a Markdown text: chosen ones stand, measured ones are references."""

from __future__ import annotations

from dataclasses import replace

import pytest

from engine.phases import typed
from tests.engine.phases.played import DATA, PLAN, REVIEW, experiments, inputs_with, values

EXPERIMENTS = experiments()
INPUTS = replace(
    inputs_with(
        REVIEW,
        PLAN.model_copy(update={"body": f"{PLAN.body} Accuracy 0.95, DeepNet-2.5."}),
        DATA.model_copy(update={"card": "97 pairs.", "code": "ROWS = 4_000\n"}),
        EXPERIMENTS.model_copy(
            update={"programs": (EXPERIMENTS.programs[0].model_copy(update={"code": "RATE = 0.125"}),)}
        ),
        measured=values(),
    ),
    asked="Do 17 layers help?",
)


@pytest.mark.parametrize(
    "text",
    [
        r"It took \result{wd_2/toy/steps/mean} steps with decay 2 of 3 seeds, target 100.",
        "1. First.\n2. Second, as in [@power2022] (2022).\n\n## 3 What follows\nwd_2 on mod47, `x = 0.731`.",
        "比较了 2 种衰减，目标为 100 步。",
        "It compares 7 of 12 conditions.",
        "It compares GPT-4, the plan's DeepNet-2.5 and four times the decay.",
        "The question names 17, the plan 0.95 and so 95 %, the card 97 pairs, the data's code 4,000, a program 0.125.",
    ],
)
def test_what_was_chosen_counted_or_named_is_typed(text: str) -> None:
    assert typed.refused(INPUTS, text, "interpretation.md") is None


@pytest.mark.parametrize(
    ("text", "reference"),
    [
        ("first\nwd_2 took 152 steps", r"line 2: 152 is typed [first wd_2 took 152 steps]; it is \result{wd_2/"),
        ("比基线快 -150 步", r"it is \result{wd_2/toy/steps/delta}"),
        ("accuracy 0.731", "no measured value prints so"),
        ("faster by 44 %", "no measured value prints so"),
        ("提高约 5 个百分点", "no measured value prints so"),
        ("faster by 7 %", "7 is typed"),
        ("it took\none hundred and fifty-two steps", "line 2: one hundred is typed in words [it took one hundred and"),
        ("快了百分之四十四", "百分之四十四 is typed in words"),
        ("an acc-0.731", "0.731 is typed"),
        ("GPT-4.7 and mod-44 % of it", "line 1: 44 is typed"),
        ("快了三倍，九成如此", "快了三倍 is typed in words"),
    ],
)
def test_a_measured_number_that_is_typed_goes_back_with_its_line_and_its_reference(text: str, reference: str) -> None:
    refusal = typed.refused(INPUTS, text, "interpretation.md")
    assert refusal is not None and reference in refusal.why


def test_the_numbers_that_are_wrong_are_named_together_a_few_at_a_time() -> None:
    refusal = typed.refused(INPUTS, "\n".join(f"0.{n}" for n in range(31, 40)), "interpretation.md")
    assert refusal is not None and refusal.facts == {"file": "interpretation.md", "line": 1, "found": "0.31"}
    assert refusal.why.count(" is typed") == typed.TOLD and refusal.why.endswith("and 4 more")
