"""The engine as a process: one a project, outliving terminals, leaving in order, coming back for what lies there."""

from __future__ import annotations

import contextlib
import logging
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from engine import __main__ as engine
from state import inbox, lock, places, project
from state.errors import LabError
from state.places import Places
from state.readers import reading
from state.store import Store, Transaction
from state.vocabulary import WordKind


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / project.FILE).write_text('question = "Does it?"\n')
    places.prepare(tmp_path)
    return tmp_path


def start(folder: Path, idle_s: float) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-P", "-E", "-m", "engine", str(folder)],
        stderr=subprocess.PIPE,
        env={**os.environ, "NIGHTLAB_IDLE_S": str(idle_s)},
    )


def at_work(folder: Path, process: subprocess.Popen[bytes], word: str = "") -> None:
    """Until the engine's own row stands in the database, and it has begun to take words up where one was left."""
    where = places.places(folder)
    for _ in range(600):
        assert process.poll() is None
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(0.05)
        with reading(where.database, where.blobs) as reader:
            if reader is not None and reader.engines() and (not word or reader.word(word) is not None):
                return
    raise TimeoutError


def ended_why(folder: Path) -> list[str | None]:
    where = places.places(folder)
    with reading(where.database, where.blobs) as reader:
        assert reader is not None
        return [row["why"] for row in reader.engines()]


def test_an_engine_whose_project_was_moved_leaves_so_that_one_can_begin_where_it_lies(folder: Path) -> None:
    project_folder = folder / "here"
    project_folder.mkdir()
    (project_folder / project.FILE).write_text('question = "Does it?"\n')
    places.prepare(project_folder)
    word = inbox.leave(project_folder, WordKind.NOTE, {"text": "it begins with this"})
    process = start(project_folder, 600)
    at_work(project_folder, process, word)
    there = project_folder.rename(folder / "there")
    assert process.wait(30) == 0
    assert lock.look(places.places(there).lock) is None
    assert ended_why(there) == ["moved"]
    assert not project_folder.exists()


def test_an_idle_engine_frees_the_lock(folder: Path) -> None:
    assert start(folder, 0.2).wait(30) == 0
    assert lock.look(places.places(folder).lock) is None
    assert ended_why(folder) == ["idle"]


def test_a_closed_terminal_ends_nothing_a_second_engine_leaves_at_once_and_a_term_is_heard(folder: Path) -> None:
    first = start(folder, 600)
    try:
        at_work(folder, first)
        assert start(folder, 600).wait(30) == engine.EXIT_BUSY
        first.send_signal(signal.SIGHUP)
        with pytest.raises(subprocess.TimeoutExpired):
            first.wait(0.5)
        first.terminate()
        assert first.wait(30) == 0
        assert ended_why(folder) == ["asked"]
    finally:
        first.kill()


def test_an_engine_that_died_is_told_of_by_the_next_one(folder: Path) -> None:
    first = start(folder, 600)
    at_work(folder, first)
    first.kill()
    first.wait(30)
    assert start(folder, 0.2).wait(30) == 0
    assert ended_why(folder) == ["died", "idle"]


def test_what_was_left_while_an_idle_engine_let_go_is_taken_up_by_it(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    drives = 0

    async def drive(where: Places) -> str:
        nonlocal drives
        drives += 1
        if drives == 1:
            inbox.leave(folder, WordKind.NOTE, {"text": "just in time"})
            return "idle"
        for path in inbox.pending(folder):
            path.unlink()
        return "idle"

    before = signal.getsignal(signal.SIGHUP)
    monkeypatch.setattr(engine, "_drive", drive)
    monkeypatch.setattr(sys, "argv", ["engine", str(folder)])
    assert engine.main() == 0
    assert drives == 2
    signal.signal(signal.SIGHUP, before)


@pytest.mark.parametrize(
    ("error", "code", "said"),
    [
        (LabError("disk.full", why="full"), 4, "disk.full"),
        (LabError("store.busy", why="locked"), 4, "store.busy"),
        (LabError("store.newer", path="lab.db"), 5, "store.newer"),
        (ZeroDivisionError("a fault"), 5, "ZeroDivisionError: a fault"),
        (None, 0, "the project was moved or removed"),
    ],
    ids=lambda given: getattr(given, "key", None),
)
def test_an_engine_that_cannot_begin_says_why(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: Exception | None, code: int, said: str
) -> None:
    here, there = tmp_path / "here", tmp_path / "there"
    here.mkdir()
    (here / project.FILE).write_text('question = "Does it?"\n')
    places.prepare(here)

    async def drive(where: Places) -> str:
        if error is not None:
            raise error
        here.rename(there)
        raise FileNotFoundError(where.blobs)

    handlers, before = logging.root.handlers[:], signal.getsignal(signal.SIGHUP)
    logging.root.handlers.clear()
    monkeypatch.setattr(engine, "_drive", drive)
    monkeypatch.setattr(sys, "argv", ["engine", str(here)])
    try:
        assert engine.main() == code
    finally:
        for mine in logging.root.handlers:
            mine.close()
        logging.root.handlers[:] = handlers
        signal.signal(signal.SIGHUP, before)
    assert said in places.places(here if error else there).log.read_text()
    assert error or not here.exists()


def test_an_engine_begins_on_a_full_disk_in_the_room_of_the_ballast(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    where = places.places(folder)
    store = Store(where.database, where.blobs)
    really = Store.transaction

    def transaction(store: Store) -> contextlib.AbstractContextManager[Transaction]:
        if store.ballast.exists():
            raise LabError("disk.full", why="full")
        return really(store)

    monkeypatch.setattr(Store, "transaction", transaction)
    assert engine.enter(store) == 1
    assert [row["kind"] for row in store.rows("SELECT kind FROM event")] == ["engine_began"]
    store.close()


def test_a_database_that_is_gone_is_not_begun_afresh(folder: Path) -> None:
    assert start(folder, 0.2).wait(30) == 0
    database = places.places(folder).database
    database.unlink()
    process = start(folder, 0.2)
    assert process.wait(30) == 2
    assert not database.exists()


def test_a_damaged_database_is_exit_code_five_and_stands_in_the_log(folder: Path) -> None:
    where = places.prepare(folder)
    where.database.write_bytes(b"no database" * 1000)
    assert start(folder, 0.2).wait(60) == 5
    assert "store.damaged" in where.log.read_text()
    assert lock.look(where.lock) is None
