"""What the screen says of a word that it left and that was not carried out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from state.rows import EventRow
from state.vocabulary import Language
from tests.tui import scenes
from tests.tui.screens import rows_of, shown
from tui import language


async def test_a_word_that_was_not_carried_out_says_so_where_it_was_left(tmp_path: Path) -> None:
    """Another terminal decided first: what this one said when it left its word holds no longer."""
    before = replace(scenes.plan_waits(), folder=tmp_path)
    late = EventRow(
        900, 0, before.run.id, None, "word_refused", {"word": "W1", "what": "decision", "why": "word.too_late"}
    )
    async with shown(before, 3) as (_, screen):
        screen.lab.left |= {"W1", "W2"}
        screen.say("said.approved")
        screen.looked(replace(before, events=(*before.events, late)))
        assert (
            rows_of(screen.lab)[-1].strip() == "not carried out: decision: It was decided already; the note was kept."
        )
        assert screen.lab.left == {"W2"}
        language.use(Language.ZH)
        screen.lab.left.add("W1")
        screen.looked(replace(before, events=(*before.events, late)))
        assert "decision" not in rows_of(screen.lab)[-1]


async def test_sending_back_is_meant_for_the_checkpoint_that_the_box_was_opened_on(tmp_path: Path) -> None:
    """Another terminal approves while a person writes: their words go to what they saw, never to what waits now."""
    before = replace(scenes.plan_waits(), folder=tmp_path)
    next_one = replace(scenes.refinement_waits(), folder=tmp_path)
    left: list[Mapping[str, Any]] = []
    async with shown(before, 3) as (pilot, screen):
        screen.lab.leave_word = lambda folder, kind, body, done=None: left.append(body)  # type: ignore[method-assign]
        await pilot.press("b", *"again")
        screen.looked(next_one)
        await pilot.press("enter")
    assert [(body["wait"], body["choice"], body["note"]) for body in left] == [
        (before.waits[0].id, "send_back", "again")
    ]
