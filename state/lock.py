"""One engine a project: the engine takes the lock, everyone else looks at it.

The lock is a flock, so the kernel frees it when its holder dies, however it dies; what stands in the file (who holds
it, since when) is only for people and is checked against the process it names. Looking takes a shared lock for an
instant, which a taker outwaits. An identity (pid, start, boot) tells a process from a later one with its number.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import socket
import time
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType

TAKE_S = 0.3  # a look holds the lock for microseconds; a taker outwaits a crowd of them
PAUSE_S = 0.005
LIMIT_B = 4096


@dataclass(frozen=True, slots=True)
class Identity:
    """A process, told apart from every other: `start` in clock ticks since boot, `boot` the kernel's boot id."""

    pid: int
    start: int
    boot: str

    @property
    def lives(self) -> bool:
        """Whether this very process still runs. One that ended and was not yet waited for does not."""
        return identity(self.pid) == self and state_of(self.pid) not in ("Z", "X", "")


def identity(pid: int) -> Identity | None:
    """Who `pid` is now, or None if nobody."""
    fields = _stat(pid)
    return Identity(pid, int(fields[19]), boot()) if fields else None


def state_of(pid: int) -> str:
    """The letter of /proc/PID/stat (R, S, T, Z …), empty if there is no such process."""
    fields = _stat(pid)
    return fields[0] if fields else ""


def boot() -> str:
    """The kernel's id of this boot."""
    return Path("/proc/sys/kernel/random/boot_id").read_text().strip()


def _stat(pid: int) -> list[str]:
    """The fields of /proc/PID/stat from the third on; the second, a name, may hold anything."""
    try:
        told = Path(f"/proc/{pid}/stat").read_bytes()
    except (FileNotFoundError, ProcessLookupError, PermissionError):
        return []
    return told[told.rindex(b")") + 2 :].decode().split()


@dataclass(frozen=True, slots=True)
class Holder:
    """Who holds a lock. Where the file does not say so (yet), `pid` is None; the lock is held all the same."""

    pid: int | None = None
    start: int | None = None
    boot: str = ""
    host: str = ""
    version: str = ""
    since: datetime | None = None


class Lock:
    """A lock that is held until `release`, or until this process ends."""

    def __init__(self, path: Path, fd: int, holder: Holder) -> None:
        self.path, self.fd, self.holder = path, fd, holder

    def release(self) -> None:
        """Let go; what the file said about the holder is wiped first. A second call does nothing."""
        if self.fd < 0:
            return
        with contextlib.suppress(OSError):
            os.ftruncate(self.fd, 0)
        os.close(self.fd)
        self.fd = -1

    def __enter__(self) -> Lock:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.release()


def take(path: Path, *, version: str = "") -> Lock | None:
    """The lock at `path`, or None if another process holds it. Blocks for at most 0.3 s."""
    fd = _flocked(path, fcntl.LOCK_EX, TAKE_S)
    if fd is None:
        return None
    me = identity(os.getpid())
    holder = Holder(
        pid=os.getpid(),
        start=me.start if me else None,
        boot=boot(),
        host=socket.gethostname(),
        version=version,
        since=datetime.now(UTC),
    )
    told = asdict(holder) | {"since": holder.since.isoformat() if holder.since else None}
    try:
        os.ftruncate(fd, 0)
        os.pwrite(fd, json.dumps(told).encode(), 0)
    except OSError:  # a full disk: the lock is what counts, the words about it can be missing
        os.ftruncate(fd, 0)
    return Lock(path, fd, holder)


def look(path: Path) -> Holder | None:
    """Who holds the lock at `path`; None if nobody does. Creates nothing, disturbs nobody."""
    until = time.monotonic() + 0.1
    while True:
        try:
            fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        except FileNotFoundError:
            return None
        try:
            try:
                fcntl.flock(fd, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError:
                holder = _told(os.pread(fd, LIMIT_B, 0))
            else:
                return None
        finally:
            os.close(fd)
        if holder is not None or time.monotonic() > until:
            return holder or Holder()
        time.sleep(PAUSE_S)  # taken this instant, not yet signed


def _flocked(path: Path, kind: int, patience_s: float) -> int | None:
    until = time.monotonic() + patience_s
    while True:
        fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        try:
            fcntl.flock(fd, kind | fcntl.LOCK_NB)
            if os.path.samestat(os.fstat(fd), path.stat()):
                return fd
        except (BlockingIOError, FileNotFoundError):  # held, or removed between opening and locking
            pass
        except BaseException:
            os.close(fd)
            raise
        os.close(fd)
        if time.monotonic() > until:
            return None
        time.sleep(PAUSE_S)


def _told(data: bytes) -> Holder | None:
    """The holder that the file names, if that process lives here; None for words left by one that died."""
    try:
        told = json.loads(data)
        since = datetime.fromisoformat(told["since"])
        holder = Holder(told["pid"], told["start"], told["boot"], told["host"], told["version"], since)
    except (ValueError, KeyError, TypeError):
        return None
    if holder.pid is None or holder.start is None:
        return None
    return holder if Identity(holder.pid, holder.start, holder.boot).lives else None
