"""Following without a screen: it sees that someone works, says where the trouble is, and lets go when interrupted."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from state import inbox, lineage, lock, places
from state.errors import LabError
from state.events import WordTaken
from state.readers import Reader, reading
from state.store import Store
from state.vocabulary import Phase, WordKind
from tui import follow, launch

NIGHTLAB = Path(sys.executable).with_name("nightlab")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A project without a key; any engine that a test started is gone afterwards."""
    monkeypatch.setenv("NIGHTLAB_IDLE_S", "1")
    folder = tmp_path / "q"
    folder.mkdir()
    (folder / "project.toml").write_text('question = "Does it?"\n[papers]\nonline = false\n')
    yield folder
    until = time.monotonic() + 20
    while (holder := lock.look(places.places(folder).lock)) is not None and time.monotonic() < until:
        if holder.pid is not None:
            os.kill(holder.pid, signal.SIGKILL)
        time.sleep(0.05)


def test_each_of_two_that_ask_for_a_run_at_the_same_moment_follows_its_own(folder: Path) -> None:
    both = [
        subprocess.Popen(
            [NIGHTLAB, "-C", folder, "run", "--headless"],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            env=os.environ | {"ANTHROPIC_API_KEY": ""},
        )
        for _ in range(2)
    ]
    told = [process.communicate(timeout=90)[1] for process in both]
    assert [process.returncode for process in both] == [4, 4]
    assert sorted(number for number in "12" for text in told if f"run {number} is paused" in text) == ["1", "2"]


def test_without_a_key_the_run_pauses_and_the_command_that_helps_is_named(folder: Path) -> None:
    ended = subprocess.run(
        [NIGHTLAB, "-C", folder, "run"],
        capture_output=True,
        text=True,
        timeout=90,
        check=False,
        stdin=subprocess.DEVNULL,
    )
    assert ended.returncode == 4, ended.stderr
    assert "nightlab key" in ended.stderr
    assert ended.stdout == ""
    assert inbox.pending(folder) == []


def test_an_engine_that_was_killed_is_started_again_by_the_follower(folder: Path) -> None:
    process = subprocess.Popen(
        [NIGHTLAB, "-C", folder, "run", "--headless"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    where = places.places(folder)
    until = time.monotonic() + 60
    killed = None
    while killed is None and time.monotonic() < until and process.poll() is None:
        holder = lock.look(where.lock)
        if holder is not None and holder.pid is not None:
            os.kill(holder.pid, signal.SIGKILL)
            killed = holder.pid
        time.sleep(0.005)
    assert process.stderr is not None
    said = process.communicate(timeout=90)[1]
    assert killed is not None
    assert process.returncode == 4, said
    assert inbox.pending(folder) == []


def test_an_engine_that_never_stays_is_an_error_that_names_its_log(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    inbox.leave(folder, WordKind.RUN, {})
    monkeypatch.setattr(
        launch, "engine_argv", lambda folder: [sys.executable, "-c", "print('broken'); raise SystemExit(3)"]
    )
    with pytest.raises(LabError) as caught:
        follow.follow(folder)
    assert caught.value.key == "engine.will_not_start"
    log = Path(str(caught.value.facts["log"]))
    assert log.read_text().count("broken") >= follow.STARTS
    assert len(inbox.pending(folder)) == 1


def test_an_interrupt_ends_the_follower_only(folder: Path) -> None:
    where = places.prepare(folder)
    store = Store(where.database, where.blobs)
    with store.transaction() as tx:
        run = lineage.begin_run(tx, store.put(b"{}"), list(Phase), "autopilot")
        lineage.open_visit(tx, run, Phase.PLAN_FORMULATION, {}, "", None)
    store.close()
    with lock.take(where.lock) or pytest.fail("the lock is taken"):  # as if an engine were at work
        signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background job has it ignored
        process = subprocess.Popen(
            [NIGHTLAB, "-C", folder, "resume", "--headless"], stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        until = time.monotonic() + 30
        while not inbox.pending(folder) and time.monotonic() < until:
            time.sleep(0.02)
        assert process.poll() is None  # it follows
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=20) == 130
        assert lock.look(where.lock) is not None


def test_a_damaged_database_is_exit_code_five(folder: Path) -> None:
    where = places.prepare(folder)
    where.database.write_bytes(b"no database, but long enough to have a header " * 40)
    ended = subprocess.run([NIGHTLAB, "-C", folder, "status"], capture_output=True, text=True, check=False)
    assert ended.returncode == 5
    assert str(where.database) in ended.stderr


def test_two_starts_at_once_leave_one_engine(folder: Path) -> None:
    inbox.leave(folder, WordKind.RUN, {})
    code = "import sys; from pathlib import Path; from tui import launch; launch.start_engine(Path(sys.argv[1]))"
    starters = [subprocess.Popen([sys.executable, "-c", code, str(folder)]) for _ in range(3)]
    for starter in starters:
        assert starter.wait(timeout=30) == 0
    assert follow.follow(folder) == 4
    where = places.places(folder)
    from state.readers import reading

    with reading(where.database, where.blobs) as reader:
        assert reader is not None
        assert len(reader.runs()) == 1


def test_a_database_that_somebody_holds_for_a_while_ends_no_following(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    where = places.prepare(folder)
    store = Store(where.database, where.blobs)
    word = inbox.leave(folder, WordKind.RUN, {})
    with store.transaction() as tx:
        tx.event(WordTaken(word, "run"))
        run = lineage.begin_run(tx, store.put(b"{}"), list(Phase), "co-pilot")
        tx.execute("UPDATE run SET state = 'done'")
        tx.execute("INSERT INTO word VALUES (?, 'run', '{}', ?, 'taken', NULL)", (word, tx.seq))
    inbox.pending(folder)[0].unlink()
    looks = []

    @contextmanager
    def held(database: Path, blobs: Path) -> Iterator[Reader | None]:
        looks.append(database)
        if len(looks) % 2:
            raise LabError("store.busy", path=str(database), why="database is locked")
        with reading(database, blobs) as reader:
            yield reader

    monkeypatch.setattr(follow, "reading", held)
    monkeypatch.setattr(follow, "LOOK_S", 0)
    assert follow.begun_by(folder, word) == run
    assert follow.follow(folder, run) == 0
    assert len(looks) == 4
    store.close()
