"""A person's own editor: what fails in it is said, and the app comes back from where it stood aside."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.tui import scenes
from tests.tui.screens import rows_of, shown


@pytest.fixture
def stood(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What the app did with its terminal. As Textual's own, this comes back only if nothing escapes from inside."""
    done: list[str] = []

    @contextlib.contextmanager
    def suspend(app: object) -> Iterator[None]:
        done.append("aside")
        yield
        done.append("back")

    monkeypatch.setattr("textual.app.App.suspend", suspend)
    monkeypatch.delenv("VISUAL", raising=False)
    return done


@pytest.mark.parametrize(
    ("editor", "said"),
    [
        ("/nope/editor", "/nope/editor"),
        ("vi 'unbalanced", "vi 'unbalanced"),
        ("false", "ended with 1"),
        ("sh -c 'rm \"$0\"'", "the draft is as it was"),
    ],
)
async def test_an_editor_that_fails_is_said_and_the_app_is_back(
    editor: str, said: str, stood: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EDITOR", editor)
    async with shown(replace(scenes.plan_waits(), folder=tmp_path), 3) as (pilot, screen):
        await pilot.press("e")
        await screen.app.workers.wait_for_complete()
        await pilot.pause()
        assert said in rows_of(screen.app)[-1]
    assert stood == ["aside", "back"]
