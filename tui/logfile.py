"""A log is a file: an index of where its lines begin, and any window of them read when it is looked at.

100,000 lines cost a scan and eight bytes each, not a widget each. A file that shrank or was replaced is indexed anew.
Used by the poller's thread and by the log pane; the only reader of files beside `poller.py` and `drafts.py`.
"""

from __future__ import annotations

import os
from array import array
from pathlib import Path

CHUNK = 1 << 20
LONGEST = 4096


class LogFile:
    """The lines of `path` as they are now. `update` looks again and says whether anything is new."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._starts = array("Q", [0])
        self._size = 0
        self._inode = 0

    def __len__(self) -> int:
        whole = len(self._starts) - 1
        return whole + (1 if self._size > self._starts[-1] else 0)

    def update(self) -> bool:
        """Index what was appended. A missing file is an empty one."""
        try:
            descriptor = os.open(self.path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
        except OSError:
            changed = self._size > 0
            self._starts, self._size, self._inode = array("Q", [0]), 0, 0
            return changed
        try:
            told = os.fstat(descriptor)
            if told.st_ino != self._inode or told.st_size < self._size:
                self._starts, self._size, self._inode = array("Q", [0]), 0, told.st_ino
            if told.st_size == self._size:
                return False
            while self._size < told.st_size:
                data = os.pread(descriptor, min(CHUNK, told.st_size - self._size), self._size)
                if not data:
                    break
                at = data.find(b"\n")
                while at >= 0:
                    self._starts.append(self._size + at + 1)
                    at = data.find(b"\n", at + 1)
                self._size += len(data)
            return True
        finally:
            os.close(descriptor)

    def lines(self, first: int, count: int) -> list[str]:
        """Lines `first` … of at most `count`; bytes that are no UTF-8 are shown as `�`, long lines cut."""
        first, last = max(first, 0), min(first + count, len(self))
        if first >= last:
            return []
        try:
            descriptor = os.open(self.path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
        except OSError:
            return []
        try:
            return [self._line(descriptor, index) for index in range(first, last)]
        finally:
            os.close(descriptor)

    def _line(self, descriptor: int, index: int) -> str:
        start = self._starts[index]
        stop = self._starts[index + 1] - 1 if index + 1 < len(self._starts) else self._size
        return os.pread(descriptor, min(stop - start, LONGEST), start).decode("utf-8", "replace")
