"""The reviews on screen: words entry by entry or in full, the person's form with its keys, five reviewers at once."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest

from tests.tui import scenes
from tests.tui.screens import rows_of, shown, widths
from tui import drafts
from tui.look import Look, Made
from tui.panes.refinement import RefinementPane

SIGNED = {"overall": 4, "quality": 3, "decision": "reject", "weaknesses": ["Too small."], "report_quality": 2}


async def test_space_goes_on_through_a_review_and_the_heading_says_where_one_is() -> None:
    async with shown(scenes.refinement_waits(), 8) as (pilot, screen):
        await pilot.press("right")
        await pilot.pause()
        assert any("weaknesses, 1 of 3" in row for row in rows_of(screen.lab))
        await pilot.press("tab")
        await pilot.pause()
        assert any("weaknesses, 2 of 3" in row for row in rows_of(screen.lab))
        for _ in range(5):
            await pilot.press("space")
        await pilot.pause()
        assert any("Weight decay is varied on one task." in row for row in rows_of(screen.lab))
        await pilot.press("/", *"learning rate")
        await pilot.pause()
        assert any("decay of the learning rate" in row for row in rows_of(screen.lab))


async def test_a_wide_screen_has_the_chosen_review_in_full_beside_the_table() -> None:
    async with shown(scenes.refinement_waits(), 8, (200, 50)) as (pilot, screen):
        await pilot.press("right", "right")
        await pilot.pause()
        rows = rows_of(screen.lab)
    originality = next(row for row in rows if "originality" in row)
    assert "Summary" in originality
    for words in ("Five seeds for every setting", "cannot tell 1/λ", "no column for the training", "hold at p = 97?"):
        assert any(words in row for row in rows), words


async def test_the_row_of_the_decision_says_its_keys_and_backspace_takes_back(project: Path) -> None:
    async with shown(replace(scenes.refinement_waits(), folder=project), 8) as (pilot, screen):
        await pilot.press("r", *"333333345")
        await pilot.pause()
        assert "1 accept" in rows_of(screen.lab)[-1]
        assert "2 reject" in rows_of(screen.lab)[-1]
        await pilot.press("2", "up", "backspace")
        await pilot.pause()
        pane = screen.pane
        assert isinstance(pane, RefinementPane)
        assert "decision" not in pane.form
        kept = drafts.draft(project, "form-1")
        assert kept is not None
        assert b"decision" not in kept
        await pilot.press("1")
        assert pane.form["decision"] == "accept"
        assert pane.form["overall"] == 4


async def test_a_form_that_was_signed_stands_in_the_person_s_column_and_can_be_changed(project: Path) -> None:
    look = replace(scenes.refinement_waits(), folder=project, forms=(SIGNED,))
    async with shown(look, 8) as (pilot, screen):
        rows = rows_of(screen.lab)
        assert next(row for row in rows if " overall" in row and "1–10" in row).split()[2] == "4"
        assert any("+1.7 here, +1.9 ± 0.6 over 4 earlier papers" in row for row in rows)
        assert any("yours — 2 —" in row for row in rows)
        await pilot.press("left", "left")
        await pilot.pause()
        assert any("Too small." in row for row in rows_of(screen.lab))
        await pilot.press("r", "2", "escape")
        await pilot.pause()
        pane = screen.pane
        assert isinstance(pane, RefinementPane)
        assert pane.form == {**SIGNED, "originality": 2}


def of_five(look: Look) -> Look:
    (made,) = look.made["report_refinement"]
    three = made.product.reviews
    parsed = SimpleNamespace(**{**vars(made.product), "reviews": (*three, *three[:2])})
    return replace(look, made={**look.made, "report_refinement": (Made(made.row, made.files, parsed),)})


@pytest.mark.parametrize("size", [(80, 24), (200, 50)])
async def test_five_reviewers_have_room(size: tuple[int, int]) -> None:
    async with shown(of_five(scenes.refinement_waits()), 8, size) as (pilot, screen):
        await pilot.press("right", "right", "right", "right", "right")
        await pilot.pause()
        rows = rows_of(screen.lab)
    assert widths(rows) == {size[0]}
    overall = next(row for row in rows if " overall" in row and "1–10" in row)
    assert overall[overall.index("1–10") :].split()[1:8] == ["—", "5.6", "6", "5", "6", "6", "5"]
    assert any("impact, overall 5" in row for row in rows)


async def test_enter_names_what_is_missing_before_one_can_sign_and_goes_there(project: Path) -> None:
    async with shown(replace(scenes.refinement_waits(), folder=project), 8) as (pilot, screen):
        await pilot.press("r", *"3333333", "down", "4", "enter")
        await pilot.pause()
        assert "first: overall, decision" in rows_of(screen.lab)[-1]
        assert any("▸" in row and " overall" in row for row in rows_of(screen.lab))


async def test_below_the_word_meta_review_stands_the_area_chairs_and_not_what_was_decided() -> None:
    async with shown(scenes.refinement_waits(), 8) as (pilot, _):
        rows = rows_of(pilot.app)  # type: ignore[arg-type]  # the pilot's app is the Lab
    at = next(nth for nth, row in enumerate(rows) if row.strip() == "meta-review")
    assert rows[at + 1].strip() == "Sound, small."


@pytest.mark.parametrize("kept", [b"{", b"\xff", b"[1]", b"[" * 100_000], ids=["cut", "bytes", "a list", "deep"])
async def test_a_draft_that_cannot_be_read_is_an_empty_form(project: Path, kept: bytes) -> None:
    drafts.save_draft(project, "form-1", kept)
    async with shown(replace(scenes.refinement_waits(), folder=project), 8) as (pilot, screen):
        await pilot.press("r", "3")
        await pilot.pause()
        assert isinstance(screen.pane, RefinementPane) and screen.pane.form == {"originality": 3}


async def test_while_the_form_is_filled_in_no_other_choice_is_on_offer(project: Path) -> None:
    async with shown(replace(scenes.refinement_waits(), folder=project), 8) as (pilot, screen):
        assert any("a accept the paper" in row for row in rows_of(screen.lab))
        await pilot.press("r")
        await pilot.pause()
        assert not any("a accept the paper" in row for row in rows_of(screen.lab))
        await pilot.press("escape")
        await pilot.pause()
        assert any("a accept the paper" in row for row in rows_of(screen.lab))
