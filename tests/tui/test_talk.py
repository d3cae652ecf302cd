"""The talk of a phase: which turn it is, how wide a text may grow, and how what was handed to a tool is told."""

from __future__ import annotations

from dataclasses import replace

import pytest

from state.rows import Turn
from state.vocabulary import Phase
from tests.tui import scenes
from tests.tui.screens import rows_of, shown
from tui.look import Look
from tui.text import width
from tui.widgets.talk import asked, turn_lines


def talked(phase: Phase, *paths: str) -> Look:
    """A phase at work in which these steps have been asked."""
    turns = tuple(Turn(n, "postdoc", 0, "words", None, {}, path, path.split("/")[0]) for n, path in enumerate(paths))
    row = replace(scenes.phase(phase.number, "at_work", "14:02", asks=len(paths)), visits=2)
    return replace(scenes.plan_at_work(), phases=scenes.phases(row), turns={phase.value: turns})


@pytest.mark.parametrize(
    ("phase", "paths", "told"),
    [
        (Phase.PLAN_FORMULATION, ("plan@1/lead/1", "plan@1/student/1", "plan@1/lead/2"), "turn 2 of 100"),
        # another visit begins anew, and what a reader was asked within a turn is none of its own
        (
            Phase.LITERATURE_REVIEW,
            (*(f"literature@1/student/{n}" for n in (8, 9)), "literature@2/student/1", "literature@2/turn-1/reader/9"),
            "turn 1 of 100",
        ),
    ],
)  # fmt: skip
async def test_the_turn_is_the_one_that_the_limit_counts(phase: Phase, paths: tuple[str, ...], told: str) -> None:
    async with shown(talked(phase, *paths), phase.number) as (_, screen):
        assert any(told in row for row in rows_of(screen.lab)), rows_of(screen.lab)


async def test_a_phase_that_counts_no_turns_names_no_limit_of_them() -> None:
    look = talked(Phase.IDEATION, *(f"ideation@1/idea-1/novelty/{n}" for n in range(1, 30)))
    async with shown(look, 1) as (_, screen):
        rows = rows_of(screen.lab)
    assert any("PhD student leads" in row for row in rows)
    assert not any("turn" in row for row in rows)


async def test_a_text_is_never_wider_than_80_cells() -> None:
    look = scenes.plan_at_work()
    long = replace(look.turns["plan_formulation"][0], text="a few words of this and that " * 40, step=99)
    async with shown(replace(look, turns={"plan_formulation": (long,)}), 3, (300, 80)) as (_, screen):
        said = [row for row in rows_of(screen.lab) if "a few words" in row]
    assert said
    for row in said:
        text = row[row.index("│") + 1 :]
        assert max(width(part.strip()) for part in text.split("   ") if "words" in part) <= 80


def test_sentences_in_a_list_stand_apart_and_words_are_joined() -> None:
    told = asked("review", {"weaknesses": ["One modulus only.", "The spread is not said."], "summary": "Steps."})
    assert "weaknesses: One modulus only. · The spread is not said." in told
    assert "papers: a2020, b2021" in asked("decide", {"papers": ["a2020", "b2021"], "why": "because"})


@pytest.mark.parametrize(
    "words", [" ".join(f"word-{n}" for n in range(700)), "".join(f"第{n}字" for n in range(1400)) + " end"]
)
def test_what_was_said_is_shown_whole_and_of_what_is_being_written_the_end(words: str) -> None:
    turn = Turn(1, "postdoc", 0, words, None, {}, "plan@1/lead/1", "plan@1")
    said = "".join(row.plain.strip() for row in turn_lines(turn, 60, 0)[1:])
    assert said.replace(" ", "") == words.replace(" ", "")
    written = "".join(row.plain.strip() for row in turn_lines(replace(turn, writing=True), 60, 0)[1:])
    assert written.startswith("… ") and words[-20:].replace(" ", "") in written.replace(" ", "")
    assert 1600 <= len(written) <= 2002


def test_a_turn_without_end_ends_with_a_mark() -> None:
    turn = Turn(1, "postdoc", 0, "word " * 5000, None, {}, "plan@1/lead/1", "plan@1")
    assert turn_lines(turn, 60, 0)[-1].plain.endswith("…")
