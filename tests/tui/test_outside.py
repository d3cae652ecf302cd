"""What lies outside of projects: where, with and without XDG folders, and what happens when nothing can be written."""

from __future__ import annotations

import importlib.resources
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from state import places
from tests.tui import scenes
from tests.tui.screens import rows_of, shown
from tui import drafts, launch
from tui.language import read_po

NIGHTLAB = Path(sys.executable).with_name("nightlab")
Say = Callable[..., subprocess.CompletedProcess[str]]

ENGINE_NOTICES = [f"notice.engine{which}.keys" for which in ("", "_running", "_unread")]


@pytest.fixture
def home(tmp_path: Path) -> Path:
    (tmp_path / "home").mkdir()
    return tmp_path / "home"


@pytest.fixture
def say(home: Path, tmp_path: Path) -> Say:
    """A command, with only what is given here in its environment besides PATH and HOME."""

    def run(*words: str, stdin: str = "", **environment: str) -> subprocess.CompletedProcess[str]:
        env = {"PATH": os.environ["PATH"], "HOME": str(home), "LANG": "C.UTF-8", **environment}
        return subprocess.run(
            [NIGHTLAB, *words],
            input=stdin,
            capture_output=True,
            text=True,
            timeout=60,
            env=env,
            cwd=tmp_path,
            check=False,
        )

    return run


def used(say: Say, folder: Path, **environment: str) -> None:
    """A project is made and a key is given."""
    assert say("new", str(folder), "-q", "Does it?", **environment).returncode == 0
    assert say("key", "anthropic", stdin="sk-1\n", **environment).returncode == 0


def files(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def test_with_nothing_set_all_lies_in_two_folders_of_the_home(say: Say, home: Path, tmp_path: Path) -> None:
    used(say, tmp_path / "q")
    assert files(home) == [".config/nightlab/keys.toml", ".local/state/nightlab/projects.json"]
    assert (home / ".config/nightlab/keys.toml").stat().st_mode & 0o777 == 0o600
    assert "sk-1" not in "".join(path.read_text() for path in (tmp_path / "q").rglob("*") if path.is_file())


def test_xdg_folders_that_are_set_are_used_and_nothing_lies_in_the_home(say: Say, home: Path, tmp_path: Path) -> None:
    used(say, tmp_path / "q", XDG_CONFIG_HOME=str(tmp_path / "c"), XDG_STATE_HOME=str(tmp_path / "s"))
    assert files(home) == []
    assert files(tmp_path / "c") == ["nightlab/keys.toml"] and files(tmp_path / "s") == ["nightlab/projects.json"]


async def test_what_a_screen_remembers_lies_there_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = a_project(tmp_path)
    async with shown(scenes.replace(scenes.plan_waits(), folder=folder), 3) as (pilot, screen):
        screen.mark_looked()
        await pilot.press("f2")
        drafts.save_draft(folder, "note-1", b"five seeds")
    (place,) = (tmp_path / "state" / "nightlab" / "projects").iterdir()
    assert files(tmp_path / "state" / "nightlab") == [
        f"projects/{place.name}/drafts/note-1", f"projects/{place.name}/looked.json"
    ]  # fmt: skip
    assert files(tmp_path / "config") == ["nightlab/interface.toml"]
    assert files(folder) == ["project.toml"]


def a_project(tmp_path: Path) -> Path:
    folder = tmp_path / "q"
    folder.mkdir()
    (folder / "project.toml").write_text('question = "Does it?"\n')
    return folder


@pytest.fixture
def nowhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """XDG folders in which nothing can be made, whoever asks: they would lie below a file."""
    (tmp_path / "full").write_text("")
    told = {"XDG_CONFIG_HOME": str(tmp_path / "full" / "c"), "XDG_STATE_HOME": str(tmp_path / "full" / "s")}
    for name, value in told.items():
        monkeypatch.setenv(name, value)
    return told


def test_commands_work_where_nothing_can_be_remembered(say: Say, tmp_path: Path, nowhere: dict[str, str]) -> None:
    assert say("new", "q", "-q", "Does it?", **nowhere).returncode == 0
    assert say("-C", "q", "status", **nowhere).returncode == 0


def test_a_key_that_cannot_be_kept_is_refused_with_the_place(say: Say, nowhere: dict[str, str]) -> None:
    said = say("key", "anthropic", stdin="sk-1\n", **nowhere)
    assert said.returncode == 2 and nowhere["XDG_CONFIG_HOME"] in said.stderr
    assert "sk-1" not in said.stderr and "Traceback" not in said.stderr


async def test_the_lab_opens_and_its_keys_work_where_nothing_can_be_remembered(
    tmp_path: Path, nowhere: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(launch, "start_engine", lambda folder: None)
    folder = a_project(tmp_path)
    async with shown(scenes.replace(scenes.plan_waits(), folder=folder), 3) as (pilot, screen):
        drafts.know(folder)
        screen.mark_looked()
        await pilot.press("n", *"five")
        await pilot.pause()
        assert "five" in "".join(rows_of(screen.lab)) and "saved" not in "".join(rows_of(screen.lab))
        await pilot.press("escape", "z", "f2")
        await pilot.pause()
        assert screen.lab.is_running
    assert not drafts.save_draft(folder, "note-1", b"five")
    assert drafts.known_projects() == [] and drafts.interface() == {}


# the engine's log is named in every failure


def test_a_damaged_store_is_told_with_the_log(say: Say, tmp_path: Path) -> None:
    folder = a_project(tmp_path)
    where = places.prepare(folder)
    where.database.write_bytes(b"no database" * 1000)
    where.log.touch()
    said = say("-C", str(folder), "status")
    assert said.returncode == 5 and str(where.log) in said.stderr


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize(
    "key",
    ["error.engine.will_not_start", "progress.failed", "notice.trouble.safe", *ENGINE_NOTICES],
)
def test_every_notice_of_a_failure_names_the_log(language: str, key: str) -> None:
    catalog = Path(str(importlib.resources.files("tui"))) / "locale" / language / "LC_MESSAGES" / "nightlab.po"
    (text,) = read_po(catalog.read_text("utf-8"))[key]
    assert "engine.log" in text or "{log}" in text
