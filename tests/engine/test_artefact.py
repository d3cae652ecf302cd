"""Numbered lines and edits of them: both solvers stand on these."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine import artefact
from engine.answers import LineEdit

LINES = st.lists(st.text(st.characters(exclude_characters="\n\r", exclude_categories=["Cs"]), max_size=12), min_size=1)


def edit(first: int, last: int, text: str) -> LineEdit:
    return LineEdit(first=first, last=last, text=text)


def test_numbers_are_the_lines_that_an_edit_replaces() -> None:
    text = "a\nb\nc\n"
    assert artefact.numbered(text) == "1| a\n2| b\n3| c"
    assert artefact.edited(text, [edit(2, 2, "B1\nB2\n")]) == "a\nB1\nB2\nc\n"


def test_several_edits_count_by_the_numbers_that_were_shown() -> None:
    text = "1\n2\n3\n4\n"
    assert artefact.edited(text, [edit(1, 1, "one\nmore"), edit(3, 4, "end")]) == "one\nmore\n2\nend\n"
    assert artefact.edited(text, [edit(3, 4, "end"), edit(1, 1, "one\nmore")]) == "one\nmore\n2\nend\n"


def test_an_edit_can_insert_and_delete() -> None:
    assert artefact.edited("a\nb\n", [edit(2, 1, "between")]) == "a\nbetween\nb\n"
    assert artefact.edited("a\nb\n", [edit(3, 2, "after")]) == "a\nb\nafter\n"
    assert artefact.edited("a\nb\n", [edit(1, 1, "")]) == "b\n"


@pytest.mark.parametrize(
    "edits",
    [
        [],
        [(4, 4)],
        [(2, 4)],
        [(3, 1)],
        [(1, 2), (2, 3)],
        [(2, 1), (2, 1)],
    ],
)
def test_an_edit_that_does_not_fit_is_named_and_changes_nothing(edits: list[tuple[int, int]]) -> None:
    asked = [edit(first, last, "x") for first, last in edits]
    assert artefact.misfit("a\nb\nc\n", asked)
    with pytest.raises(ValueError):
        artefact.edited("a\nb\nc\n", asked)


@given(LINES, st.data())
def test_lines_outside_an_edit_stay_as_they_were(lines: list[str], data: st.DataObject) -> None:
    text = "\n".join(lines) + "\n"
    first = data.draw(st.integers(1, len(lines) + 1))
    last = data.draw(st.integers(first - 1, len(lines)))
    new = data.draw(LINES)
    after = artefact.rows(artefact.edited(text, [edit(first, last, "\n".join(new) + "\n")]))
    assert after == lines[: first - 1] + new + lines[last:]


@given(LINES)
def test_an_edit_by_what_is_found_replaces_exactly_it(lines: list[str]) -> None:
    text = "\n".join([*lines, "weight_decay = 1.0"]) + "\n"
    found = artefact.find(text, "weight_decay = 1.0")
    assert found is not None
    after = artefact.edited(text, [edit(*found, "weight_decay = 2.0")])
    assert artefact.rows(after)[found[0] - 1] == "weight_decay = 2.0"


def test_a_program_in_a_code_fence_is_taken_out_of_it() -> None:
    assert artefact.tidy("```python\r\nprint(1)\r\n```\n") == "print(1)\n"
    assert artefact.tidy("\n\nprint('```')\n\n") == "print('```')\n"
