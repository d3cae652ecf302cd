"""A person at a terminal: `nightlab` in a real pty, what stands on its screen, and the keys that its foot offers.

The foot is the key line, and above it the rows of choices where a checkpoint waits. Tests press what is offered there
and nothing else: `press` refuses any other key.
"""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import signal
import struct
import termios
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import pyte

NAMED = {"Enter": "\r", "Esc": "\x1b", "Tab": "\t"}
OFFER = re.compile(r"^(\S+) +\S")


class Terminal:
    """A program in a pty of `columns` × `rows`, which thinks that it is at an xterm."""

    def __init__(
        self, command: Sequence[str | Path], env: Mapping[str, str], columns: int = 80, rows: int = 24
    ) -> None:
        self.screen = pyte.Screen(columns, rows)
        self.stream = pyte.ByteStream(self.screen)
        self.begun = time.monotonic()
        self.pid, self.master = pty.fork()
        if self.pid == 0:
            fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
            os.execve(command[0], [str(word) for word in command], {**env, "TERM": "xterm-256color"})

    def read(self, for_s: float) -> bool:
        """Take in what is written within a time; False when nothing came."""
        ready, _, _ = select.select([self.master], [], [], for_s)
        if not ready:
            return False
        try:
            told = os.read(self.master, 65536)
        except OSError:  # the program has left
            return False
        self.stream.feed(told)
        return bool(told)

    def until(self, holds: Callable[[], bool], within_s: float, wanted: str = "") -> None:
        """Read until something stands on the screen; AssertionError with the screen where it does not come."""
        end = time.monotonic() + within_s
        while not holds():
            assert time.monotonic() < end, f"never came: {wanted}\n{self.text}"
            self.read(0.1)

    def settle(self) -> None:
        """Wait for something new, half a second at most, then until the screen holds still."""
        if self.read(0.5):
            while self.read(0.1):
                pass

    def until_gone(self, within_s: float) -> None:
        """Wait until the program has left."""
        end = time.monotonic() + within_s
        while not self.gone():
            assert time.monotonic() < end, f"is still there\n{self.text}"
            self.read(0.1)

    def gone(self) -> bool:
        if self.pid and os.waitpid(self.pid, os.WNOHANG) != (0, 0):
            self.pid = 0
        return not self.pid

    @property
    def rows(self) -> list[str]:
        return [row.rstrip() for row in self.screen.display]

    @property
    def text(self) -> str:
        return "\n".join(self.rows)

    @property
    def key_line(self) -> str:
        return self.rows[-1].strip()

    @property
    def foot(self) -> list[str]:
        """The key line, and the rows of choices above it where there are any."""
        shown = self.rows
        first = next((n for n in range(len(shown) - 6, len(shown) - 1) if shown[n].startswith(" ◆ ")), len(shown) - 1)
        return shown[first:]

    @property
    def offered(self) -> dict[str, str]:
        """The keys that the foot offers, each with its words."""
        found = {}
        for row in self.foot:
            for part in re.split(r" {2,}", row.strip().removeprefix("◆").strip()):
                if match := OFFER.match(part):
                    found[match[1]] = part[match.end(1) :].strip()
        return found

    def press(self, key: str) -> None:
        """Press a key that the foot offers."""
        assert key in self.offered, f"{key} is not offered\n{self.text}"
        self.send(NAMED.get(key, key))

    def send(self, text: str) -> None:
        os.write(self.master, text.encode())

    def close(self) -> None:
        """The terminal goes away; whatever runs in it is told by a hang-up."""
        os.close(self.master)
        end = time.monotonic() + 10
        while not self.gone():
            if time.monotonic() > end:
                os.kill(self.pid, signal.SIGKILL)
            time.sleep(0.05)
