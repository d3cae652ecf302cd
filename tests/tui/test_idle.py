"""A screen where nothing changes writes nothing; asked of the real app in a real terminal."""

from __future__ import annotations

import fcntl
import os
import pty
import select
import signal
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.tui.test_poller import Project

ROOT = Path(__file__).parents[2]


class Terminal:
    """The app in a pty of 80×24."""

    def __init__(self, folder: Path) -> None:
        self.master, child = pty.openpty()
        fcntl.ioctl(child, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
        code = "; ".join([
            "import fcntl, sys, termios; fcntl.ioctl(0, termios.TIOCSCTTY, 0)",
            f"sys.path.insert(0, {str(ROOT)!r}); from pathlib import Path; from tui.terminal import open_lab",
            f"open_lab(Path({str(folder)!r}))",
        ])  # fmt: skip
        self.process = subprocess.Popen(
            [sys.executable, "-P", "-c", code], stdin=child, stdout=child, stderr=child, start_new_session=True,
            env={**os.environ, "TERM": "xterm-256color"},
        )  # fmt: skip
        os.close(child)
        self.seen = b""

    def read(self, for_s: float, until: bytes | None = None) -> bytes:
        """What is written within a time, or until something stands in it."""
        told, end = b"", time.monotonic() + for_s
        while (left := end - time.monotonic()) > 0 and (until is None or until not in told):
            ready, _, _ = select.select([self.master], [], [], left)
            if ready:
                try:
                    told += os.read(self.master, 65536)
                except OSError:
                    break
        return told

    def press(self, keys: bytes) -> None:
        os.write(self.master, keys)

    def close(self) -> None:
        if self.master >= 0:
            os.close(self.master)
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


@pytest.fixture
def terminal(tmp_path: Path) -> Iterator[tuple[Terminal, Project]]:
    project = Project(tmp_path / "mine")
    project.say("postdoc", "Five seeds then.", 1)
    project.wait()
    opened = Terminal(project.folder)
    yield opened, project
    opened.close()
    project.store.close()


def test_an_idle_screen_writes_no_bytes(terminal: tuple[Terminal, Project]) -> None:
    opened, _ = terminal
    assert b"waits for you" in opened.read(30, b"waits for you")
    opened.read(3)
    assert opened.read(5) == b""


def test_a_hang_up_ends_it_and_keeps_the_draft(terminal: tuple[Terminal, Project], tmp_path: Path) -> None:
    opened, _ = terminal
    opened.read(30, b"waits for you")
    opened.read(1)
    opened.press(b"n")
    opened.read(10, b"draft")
    opened.press("请用五个随机种子".encode())
    assert "随机种子".encode() in opened.read(10, "随机种子".encode())
    os.close(opened.master)
    opened.master = -1
    opened.process.wait(5)
    (kept,) = (tmp_path / "state" / "nightlab" / "projects").glob("*/drafts/note-1")
    assert kept.read_text() == "请用五个随机种子"


@pytest.fixture
def deaf() -> Iterator[None]:
    """Whoever starts the lab ignores hang-ups, as nohup does; a child inherits that."""
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    yield
    signal.signal(signal.SIGHUP, before)


def test_a_hang_up_ends_it_also_where_its_parent_ignored_them(deaf: None, terminal: tuple[Terminal, Project]) -> None:
    opened, _ = terminal
    opened.read(30, b"waits for you")
    os.close(opened.master)
    opened.master = -1
    opened.process.wait(5)


def test_the_kitty_keyboard_is_never_asked_for(terminal: tuple[Terminal, Project]) -> None:
    opened, _ = terminal
    assert b"\x1b[>" not in opened.read(30, b"waits for you").replace(b"\x1b[>4", b"").replace(b"\x1b[>0q", b"")
