"""A person's review: its words in an editor and back, its draft, its signature, and how far the lab is from them."""

from __future__ import annotations

import contextlib
import json
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from state import inbox
from state.vocabulary import Language
from tests.tui import scenes
from tests.tui.screens import rows_of, shown
from tui import drafts, language, reviewform
from tui.screens.run import RunScreen

WORDS = st.text(st.characters(codec="utf-8", categories=["L", "N"]), min_size=1, max_size=12)


@pytest.fixture
def writes_weaknesses(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """An editor that puts two weaknesses under their heading; the app has no terminal to give away here."""
    editor = tmp_path / "editor"
    told = r"s/^## Weaknesses$/## Weaknesses\n\n- one modulus\n  and one width\n- no p = 97/"
    editor.write_text(f"#!/bin/sh\nsed -i '{told}' \"$1\"\n")
    editor.chmod(0o755)
    monkeypatch.setenv("EDITOR", str(editor))
    monkeypatch.delenv("VISUAL", raising=False)
    monkeypatch.setattr("textual.app.App.suspend", lambda app: contextlib.nullcontext())


@given(st.dictionaries(st.sampled_from(reviewform.LISTS), st.lists(WORDS, min_size=1, max_size=4)), WORDS)
def test_what_is_written_in_one_language_is_read_in_the_other(lists: dict[str, list[str]], summary: str) -> None:
    form = {**lists, "summary": summary, "ethical_concerns": True}
    before = language.current()
    try:
        language.use(Language.ZH)
        text = reviewform.written(form)
        language.use(Language.EN)
        assert reviewform.read(text) == form
    finally:
        language.use(before)


def test_an_untouched_form_says_nothing() -> None:
    assert reviewform.read(reviewform.written({})) == {}


async def edited(screen: RunScreen) -> None:
    await screen.app.workers.wait_for_complete()


async def test_the_words_of_the_form_are_written_in_the_editor_and_signed_with_the_scores(
    project: Path, writes_weaknesses: None
) -> None:
    async with shown(replace(scenes.refinement_waits(False), folder=project), 8) as (pilot, screen):
        await pilot.press("r", *"2222222641", "e")
        await edited(screen)
        await pilot.press("enter", "y")
        await edited(screen)
    (path,) = inbox.pending(project)
    body = inbox.read(path).body
    assert isinstance(body, inbox.ReviewBody)
    assert body.form is not None
    assert body.form.weaknesses == ["one modulus and one width", "no p = 97"]
    assert body.form.overall == 6


async def test_escape_keeps_the_draft_of_scores_and_words(project: Path, writes_weaknesses: None) -> None:
    async with shown(replace(scenes.refinement_waits(False), folder=project), 8) as (pilot, screen):
        await pilot.press("r", "2", "e")
        await edited(screen)
        await pilot.press("escape")
        assert not inbox.pending(project)
    kept = json.loads(drafts.draft(project, f"form-{screen.run_number}") or b"")
    assert kept == {"originality": 2, "weaknesses": ["one modulus and one width", "no p = 97"]}


async def test_the_distance_from_the_person_is_told_here_and_over_earlier_papers(project: Path) -> None:
    look = replace(scenes.refinement_waits(False), folder=project, judged=((6.0, 4.0), (5.5, 4.0)))
    drafts.save_draft(project, f"form-{look.run.id}", b'{"overall": 4}')
    async with shown(look, 8) as (_, screen):
        told = next(row for row in rows_of(screen.app) if "less yours" in row)
    assert "+1.7 here, +1.8 ± 0.4 over 2 earlier papers" in told
