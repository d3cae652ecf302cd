"""Each test of the terminal has its own XDG folders, English, and the times of UTC."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tui import terminal

terminal.prepare()


@pytest.fixture(autouse=True)
def a_person_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    from state.vocabulary import Language
    from tui import language

    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("LC_ALL", "C.UTF-8")
    monkeypatch.setenv("TZ", "UTC")
    monkeypatch.setenv("COLORTERM", "truecolor")
    for name in ("TMUX", "NO_COLOR"):
        monkeypatch.delenv(name, raising=False)
    time.tzset()
    language.use(Language.EN)
    yield
    language.use(Language.EN)
    monkeypatch.undo()
    os.environ.pop("TZ", None)
    time.tzset()


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A project folder whose engine is not started: only the word is left."""
    from tui import launch

    folder = tmp_path / "grokking"
    folder.mkdir()
    (folder / "project.toml").write_text('question = "?"\n')
    monkeypatch.setattr(launch, "start_engine", lambda folder: None)
    yield folder
