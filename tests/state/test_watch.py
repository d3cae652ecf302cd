"""Watching hurries: a word in the inbox, a file in notes/ is told of at once; where no events come nothing is."""

from __future__ import annotations

import threading
from dataclasses import replace
from pathlib import Path

import pytest

from state import inbox, places
from state.vocabulary import WordKind
from state.watch import Watch

DEADLINE_S = 20.0


@pytest.fixture
def where(tmp_path: Path) -> places.Places:
    (tmp_path / "project.toml").write_text('question = "Does it?"\n')
    made = places.prepare(tmp_path)
    made.notes.mkdir(exist_ok=True)
    return made


def test_a_word_and_a_saved_note_are_told_of(where: places.Places) -> None:
    told = threading.Event()
    with Watch(where, told.set):
        inbox.leave(where.folder, WordKind.NOTE, {"text": "five seeds"})
        assert told.wait(DEADLINE_S)
    told = threading.Event()
    with Watch(where, told.set):
        (where.notes / "mine.md").write_text("five seeds")
        assert told.wait(DEADLINE_S)


def test_on_a_share_and_without_watches_left_whoever_uses_it_only_looks_by_itself(
    where: places.Places, monkeypatch: pytest.MonkeyPatch
) -> None:
    threads = threading.active_count()
    with Watch(replace(where, kind="nfs"), lambda: None):
        assert threading.active_count() == threads

    def none_left(*_: object, **__: object) -> None:
        raise OSError(28, "inotify watch limit reached")

    monkeypatch.setattr("watchdog.observers.api.BaseObserver.start", none_left)
    with Watch(where, lambda: None):
        pass
