"""One engine a project, whoever looks and however the holder dies."""

from __future__ import annotations

import fcntl
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from state import lock

HOLD = """
import sys
from pathlib import Path
from state import lock
held = lock.take(Path(sys.argv[1]), version="9.9")
print("held" if held else "refused", flush=True)
sys.stdin.read()
"""


def another(path: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", HOLD, str(path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=Path(lock.__file__).parents[1],
    )


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    with another(tmp_path / "lock") as started:
        assert started.stdout is not None
        assert started.stdout.readline() == "held\n"
        yield started
        started.kill()


def test_a_second_engine_is_refused_and_told_who_holds_it(tmp_path: Path, engine: subprocess.Popen[str]) -> None:
    assert lock.take(tmp_path / "lock") is None
    holder = lock.look(tmp_path / "lock")
    assert holder is not None
    assert (holder.pid, holder.version) == (engine.pid, "9.9")
    assert holder.since is not None
    assert holder.since.tzinfo is not None


def test_a_killed_engine_frees_the_lock_though_its_words_still_stand(
    tmp_path: Path, engine: subprocess.Popen[str]
) -> None:
    os.kill(engine.pid, signal.SIGKILL)
    engine.wait()
    assert (tmp_path / "lock").read_text() != ""
    assert lock.look(tmp_path / "lock") is None
    with lock.take(tmp_path / "lock") or pytest.fail("still held"):
        holder = lock.look(tmp_path / "lock")
        assert holder is not None
        assert holder.pid == os.getpid()
    assert lock.look(tmp_path / "lock") is None


def test_looking_creates_nothing(tmp_path: Path) -> None:
    assert lock.look(tmp_path / "lock") is None
    assert list(tmp_path.iterdir()) == []


def test_a_crowd_that_looks_never_makes_a_taker_fail(tmp_path: Path) -> None:
    path, over = tmp_path / "lock", threading.Event()

    def look_on() -> None:
        while not over.is_set():
            lock.look(path)

    crowd = [threading.Thread(target=look_on) for _ in range(4)]
    for one in crowd:
        one.start()
    try:
        for _ in range(40):
            held = lock.take(path)
            assert held is not None
            held.release()
    finally:
        over.set()
        for one in crowd:
            one.join()


def test_a_program_started_by_the_holder_does_not_keep_the_lock(tmp_path: Path) -> None:
    held = lock.take(tmp_path / "lock")
    assert held is not None
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE, close_fds=False):
        held.release()
        assert lock.look(tmp_path / "lock") is None


def test_a_lock_file_that_was_removed_and_made_again_is_not_held_twice(tmp_path: Path) -> None:
    first = lock.take(tmp_path / "lock")
    assert first is not None
    (tmp_path / "lock").unlink()
    second = lock.take(tmp_path / "lock")
    assert second is not None  # a removed name cannot be defended; whoever takes it now holds the one that is seen
    assert lock.take(tmp_path / "lock") is None
    first.release()
    assert lock.take(tmp_path / "lock") is None


def test_a_lock_file_that_is_replaced_while_it_is_taken_is_left_to_who_holds_the_new_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, flock, others = tmp_path / "lock", fcntl.flock, list[int]()

    def replaced_first(fd: int, kind: int) -> None:
        if not others:
            path.unlink()
            others.append(os.open(path, os.O_RDWR | os.O_CREAT))
            flock(others[0], fcntl.LOCK_EX)
        flock(fd, kind)

    monkeypatch.setattr(fcntl, "flock", replaced_first)
    assert lock.take(path) is None
    os.close(others[0])
    assert lock.take(path) is not None


def test_identity_tells_a_process_from_a_dead_one_and_from_its_namesake() -> None:
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as child:
        known = lock.identity(child.pid)
        assert known is not None
        lives = [known.lives]
        assert not lock.Identity(known.pid, known.start + 1, known.boot).lives
        assert not lock.Identity(known.pid, known.start, "another boot").lives
        child.kill()
        os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
        lives.append(known.lives)  # a zombie
    lives.append(known.lives)
    assert lives == [True, False, False]
    assert lock.identity(child.pid) is None


def test_a_name_with_brackets_does_not_confuse_the_identity(tmp_path: Path) -> None:
    odd = tmp_path / "a) R 1 (b"
    odd.symlink_to("/bin/sleep")
    with subprocess.Popen([odd, "100"]) as child:
        known = lock.identity(child.pid)
        assert known is not None
        assert known.start > 1000
        child.kill()
