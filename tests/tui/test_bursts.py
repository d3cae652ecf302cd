"""Keys that come together, as a slow line or a busy machine hands them over: each is for what the one before opened."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from textual import events

from state.vocabulary import WordKind
from tests.tui import scenes
from tests.tui.screens import rows_of, shown
from tui.app import Lab
from tui.screens.lists import PaletteScreen

NAMES = {" ": "space", "?": "question_mark"}


def burst(lab: Lab, *keys: str) -> None:
    """All of them before the screen has seen the first."""
    for key in keys:
        lab.post_message(events.Key(NAMES.get(key, key), key if len(key) == 1 else None))


async def test_what_is_typed_right_after_n_is_the_note() -> None:
    async with shown(scenes.plan_waits(), 3) as (pilot, screen):
        assert screen.notebox.area is not None  # made ready half a second after the first frame
        await pilot.pause()
        burst(screen.lab, "n", *"say again", "ctrl+j", *"please")
        await pilot.pause()
        await pilot.pause()
        assert screen.notebox.area.text == "say again\nplease"
        assert screen.question is None
        await pilot.press("x")
        assert screen.notebox.area.text == "say again\npleasex"


async def test_a_note_is_begun_and_sent_in_one_go(monkeypatch: pytest.MonkeyPatch) -> None:
    left: list[tuple[WordKind, Mapping[str, Any]]] = []
    async with shown(scenes.plan_at_work(), 3) as (pilot, screen):
        monkeypatch.setattr(screen.lab, "leave_word", lambda folder, kind, body, done=None: left.append((kind, body)))
        assert screen.notebox.area is not None
        await pilot.pause()
        burst(screen.lab, "n", *"five seeds", "enter")
        await pilot.pause()
        await pilot.pause()
    assert [(kind, body["text"]) for kind, body in left] == [(WordKind.NOTE, "five seeds")]


async def test_a_question_is_answered_by_the_key_right_behind_it(monkeypatch: pytest.MonkeyPatch) -> None:
    left: list[WordKind] = []
    async with shown(scenes.plan_waits(), 3) as (pilot, screen):
        monkeypatch.setattr(screen.lab, "leave_word", lambda folder, kind, body, done=None: left.append(kind))
        burst(screen.lab, "a", "a", "a")
        await pilot.pause()
        assert not left, "a key that is held down says yes to nothing"
        burst(screen.lab, "escape", "a", "y")
        await pilot.pause()
    assert left == [WordKind.DECISION]


async def test_what_is_typed_right_after_the_palette_was_asked_for_looks_in_it() -> None:
    async with shown(scenes.plan_waits(), 3) as (pilot, screen):
        burst(screen.lab, "ctrl+p", *"fork")
        await pilot.pause()
        await pilot.pause()
        assert isinstance(screen.lab.screen, PaletteScreen)
        assert "fork" in rows_of(screen.lab)[-1]
        assert screen.question is None
