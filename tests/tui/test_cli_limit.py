"""A limit that is reached is told on the command line with its numbers, in the unit that project.toml has."""

from __future__ import annotations

import pytest

from state.rows import WaitRow
from state.vocabulary import Language
from tui import language, told


def wait(**facts: object) -> WaitRow:
    choices = ("raise", "enough", "stop")
    return WaitRow(1, 1, 1, "report_writing", "budget", choices, facts, None, None, 1, None, None, None)


@pytest.mark.parametrize("spoken", list(Language))
def test_a_money_limit_names_what_is_spent_what_may_be_and_what_the_next_step_may_cost(spoken: Language) -> None:
    language.use(spoken)
    facts = {"key": "budget.money", "needs_usd": 0.333118, "spent_usd": 0.779935, "limit_usd": 1.0, "enough_usd": 2.67}
    line = list(told.wait_lines(wait(**facts)))[-1]
    assert all(number in line for number in ("0.78", "1.00", "0.33")) and "—" not in line


@pytest.mark.parametrize("spoken", list(Language))
def test_a_limit_of_gpu_hours_is_told_in_hours(spoken: Language) -> None:
    language.use(spoken)
    facts = {"key": "budget.gpu", "needs_gpu_hours": 2.0, "spent_gpu_hours": 23.25, "limit_gpu_hours": 24.0}
    line = list(told.wait_lines(wait(**facts)))[-1]
    assert all(number in line for number in ("2.0", "23.2", "24.0")) and "—" not in line
