"""A person's own editor: what fails in it is said, and the app comes back from where it stood aside."""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from textual.pilot import Pilot

from tests.tui import scenes
from tests.tui.screens import rows_of, shown
from tui import drafts
from tui.screens.run import RunScreen


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


@pytest.fixture
def writes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, stood: list[str]) -> Path:
    """An editor that adds a line to the file and keeps what it was given, with the file's name, in `seen`."""
    seen = tmp_path / "seen"
    editor = tmp_path / "an editor"
    editor.write_text(f'#!/bin/sh\nbasename "$1" >> {seen}\ncat "$1" >> {seen}\necho mine >> "$1"\n')
    editor.chmod(0o755)
    monkeypatch.setenv("VISUAL", f"'{editor}'")
    monkeypatch.setenv("EDITOR", "false")  # $VISUAL comes first
    return seen


async def edit(screen: RunScreen, pilot: Pilot[None], key: str = "e") -> None:
    await pilot.press(key)
    await screen.app.workers.wait_for_complete()
    await pilot.pause()


async def test_an_edit_is_kept_shown_and_gone_on_with(writes: Path, tmp_path: Path) -> None:
    look = replace(scenes.plan_waits(), folder=tmp_path)
    plan = look.made["plan_formulation"][-1].text
    async with shown(look, 3) as (pilot, screen):
        await edit(screen, pilot)
        assert drafts.draft(tmp_path, "edit-7") == f"{plan}mine\n".encode()
        assert any("with your edits, +1 −0" in row for row in rows_of(screen.app))
        assert writes.read_text() == f"draft.md\n{plan}"
        await edit(screen, pilot)
        assert drafts.draft(tmp_path, "edit-7") == f"{plan}mine\nmine\n".encode()


async def test_an_editor_that_was_left_without_a_change_makes_no_edit(
    writes: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VISUAL", "true")
    async with shown(replace(scenes.plan_waits(), folder=tmp_path), 3) as (pilot, screen):
        await edit(screen, pilot)
        assert drafts.draft(tmp_path, "edit-7") is None
        await pilot.press("a")
        await pilot.pause()
        assert "your edits" not in rows_of(screen.app)[-1]


async def test_an_edit_of_what_was_decided_meanwhile_is_kept_and_the_file_named(
    stood: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    look, go = replace(scenes.plan_waits(), folder=tmp_path), tmp_path / "go"
    os.mkfifo(go)
    monkeypatch.setenv("EDITOR", f"sh -c 'read word < {go}; echo mine >> \"$0\"'")
    async with shown(look, 3) as (pilot, screen):
        await pilot.press("e")
        screen.looked(replace(look, waits=()))  # another terminal decided
        await asyncio.to_thread(go.write_text, "go\n")
        await screen.app.workers.wait_for_complete()
        await pilot.pause()
        file = drafts.place_of(tmp_path, "edit-7")
        assert file.read_text().endswith("mine\n")
        assert screen.message == f"too late, see {file}"


async def test_a_note_goes_on_in_the_editor_and_comes_back_into_its_box(writes: Path, tmp_path: Path) -> None:
    async with shown(replace(scenes.plan_at_work(), folder=tmp_path), 3) as (pilot, screen):
        await pilot.press("n", *"one", "ctrl+j", *"two")
        await edit(screen, pilot, "f4")
        assert writes.read_text() == "draft.md\none\ntwo"
        assert screen.notebox.area.text == "one\ntwomine\n"
        assert screen.notebox.display
