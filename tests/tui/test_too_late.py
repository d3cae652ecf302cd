"""What the screen says of a word that it left and that was not carried out."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

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
