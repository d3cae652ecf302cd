"""What a program's process tree is and uses, and how to end it: the part of /proc that limits are enforced with.

A tree is all that descends from its watcher, which is a subreaper, so that a process that leaves its session or loses
its parent stays in it. Where the watcher itself died, what it left is known by the mark in its environment or by the
folder it works in. Standard library only: the shim imports this; `look` and `stop` do when a shim is gone.
"""

from __future__ import annotations

import contextlib
import ctypes
import errno
import os
import signal
import stat
import time
from collections.abc import Iterable

PAGE_B = os.sysconf("SC_PAGE_SIZE")
MARK = "LAB_JOB"
SHARED_B = 32 << 20  # below this, shared pages are libraries: not worth a second look
LEAST_B = 4096  # what a name takes at least: empty files fill a disk too
UNCOUNTABLE_B = 1 << 62
PR_SET_PDEATHSIG, PR_SET_CHILD_SUBREAPER = 1, 36
ROUNDS = 200
THREADS = 17  # which of `_fields` says how many

LISTED = os.path.exists(f"/proc/self/task/{os.getpid()}/children")  # noqa: PTH110  pathlib is slow to import

_libc = ctypes.CDLL(None, use_errno=True)


def prctl(option: int, value: int) -> None:
    """One prctl call; OSError where the kernel refuses."""
    if _libc.prctl(option, ctypes.c_ulong(value), 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), f"prctl {option}")


def descendants(root: int, most: int | None = None) -> list[int]:
    """The living processes below `root`, without it, parents first. The dead that nobody waited for are not in it.

    With `most` no more than that many: a bomb grows faster than all of it can be counted.
    """
    found: list[int] = []
    todo = [root]
    known = None if LISTED else _parents()
    while todo and (most is None or len(found) < most):
        pid = todo.pop()
        if pid != root and not _dead(pid):
            found.append(pid)
        todo += _children(pid) if known is None else known.get(pid, [])
    return found


def _parents() -> dict[int, list[int]]:
    """Parent → children, over the whole machine: for kernels that do not list a task's children."""
    known: dict[int, list[int]] = {}
    for name in os.listdir("/proc"):  # noqa: PTH208  names are all that is needed
        if name.isdigit():
            with contextlib.suppress(OSError, IndexError):
                known.setdefault(int(_fields(int(name))[1]), []).append(int(name))
    return known


def _children(pid: int) -> list[int]:
    children: list[int] = []
    with contextlib.suppress(FileNotFoundError, ProcessLookupError, NotADirectoryError):
        for thread in os.listdir(f"/proc/{pid}/task"):  # noqa: PTH208  names are all that is needed, ten times a second
            with contextlib.suppress(FileNotFoundError, ProcessLookupError):
                children += map(int, _read(f"/proc/{pid}/task/{thread}/children").split())
    return children


def _dead(pid: int) -> bool:
    """Ended, or nobody. One whose first thread alone ended has the letter of the dead, and lives."""
    try:
        fields = _fields(pid)
    except (FileNotFoundError, ProcessLookupError):
        return True
    return fields[0] in (b"Z", b"X") and int(fields[THREADS]) <= 1


def _told_at(pid: int) -> str:
    """The folder of /proc that tells of a process: of one whose first thread ended only that of another thread does."""
    with contextlib.suppress(FileNotFoundError, ProcessLookupError):
        if _fields(pid)[0] == b"Z":
            for thread in os.listdir(f"/proc/{pid}/task"):  # noqa: PTH208  names are all that is needed
                if int(thread) != pid:
                    return f"/proc/{pid}/task/{thread}"
    return f"/proc/{pid}"


def _fields(pid: int) -> list[bytes]:
    """The fields of /proc/PID/stat from the third on: state, parent, group, session, terminal …"""
    told = _read(f"/proc/{pid}/stat")
    return told[told.rindex(b")") + 2 :].split()


def memory_b(pids: Iterable[int]) -> tuple[int, dict[int, int]]:
    """What the tree holds: its private pages, and who has how much shared memory mapped."""
    private, shared = 0, {}
    for pid in pids:
        try:
            at = f"/proc/{pid}"
            size, resident, common, *_ = map(int, _read(f"{at}/statm").split())
            if not size and (at := _told_at(pid)) != f"/proc/{pid}":
                size, resident, common, *_ = map(int, _read(f"{at}/statm").split())
            private += (resident - common) * PAGE_B
            if common * PAGE_B > SHARED_B and (mapped_b := _kb(f"{at}/status", b"RssShmem:")):
                shared[pid] = mapped_b
        except (FileNotFoundError, ProcessLookupError, ValueError):
            continue
    return private, shared


def shared_b(holders: dict[int, int]) -> int:
    """The shared memory of all `holders`, each page once: the kernel divides it among those that have it mapped.

    It walks through all that they hold, so it is asked only where the answer matters.
    """
    total = 0
    for pid in holders:
        with contextlib.suppress(OSError, ValueError):
            total += _kb(f"{_told_at(pid)}/smaps_rollup", b"Pss_Shmem:")
    return max(total, max(holders.values(), default=0))


def _kb(path: str, name: bytes) -> int:
    """What a line of a file in /proc says in kB, in bytes; 0 where it has no such line."""
    for line in _read(path).splitlines():
        if line.startswith(name):
            return int(line.split()[1]) * 1024
    return 0


def folder_b(folder: str) -> int:
    """The disk space of the files below `folder`, links not followed. What goes away meanwhile is passed over.

    A folder that was closed is opened again, to be counted. One whose path is too long to be opened has no end.
    """
    total = 0
    todo = [folder]
    closed: set[str] = set()
    while todo:
        at = todo.pop()
        try:
            with os.scandir(at) as entries:
                for entry in entries:
                    with contextlib.suppress(FileNotFoundError):
                        told = entry.stat(follow_symlinks=False)
                        total += max(told.st_blocks * 512, LEAST_B)
                        if stat.S_ISDIR(told.st_mode):
                            todo.append(entry.path)
        except PermissionError:
            if at not in closed and open_up(at):
                closed.add(at)
                todo.append(at)
        except OSError as error:
            if error.errno == errno.ENAMETOOLONG:
                return UNCOUNTABLE_B
    return total


def open_up(folder: str) -> bool:
    """Give this person back the rights to a folder of theirs, which a program took away. False where nobody can."""
    try:
        fd = os.open(folder, os.O_PATH | os.O_NOFOLLOW | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.chmod(f"/proc/self/fd/{fd}", 0o700)  # noqa: PTH101  what was opened, whatever has its name by now
        finally:
            os.close(fd)
    except OSError:
        return False
    return True


def unlinked_b(pids: Iterable[int]) -> int:
    """The disk space of files that the tree holds open though they have no name left."""
    seen: dict[tuple[int, int], int] = {}
    for pid in pids:
        with contextlib.suppress(OSError), os.scandir(f"{_told_at(pid)}/fd") as entries:
            for entry in entries:
                with contextlib.suppress(OSError):
                    told = entry.stat()
                    if stat.S_ISREG(told.st_mode) and told.st_nlink == 0:
                        seen[told.st_dev, told.st_ino] = told.st_blocks * 512
    return sum(seen.values())


def end_tree(root: int, *, patience_s: float = 10.0) -> bool:
    """End all that descends from `root`, which is this process or one that is stopped. False if something lives on.

    Each round first stops whatever is found, until a walk finds nothing new, so that nobody can fork away from the
    kill that follows; what is born between two walks is met in the next round.
    """
    until = time.monotonic() + patience_s
    while time.monotonic() < until:
        stopped: set[int] = set()
        for _ in range(ROUNDS):
            fresh = [pid for pid in descendants(root) if pid not in stopped]
            if not fresh:
                break
            send(fresh, signal.SIGSTOP)
            stopped.update(fresh)
        send(stopped, signal.SIGKILL)
        reap()
        if not descendants(root):
            return True
        time.sleep(0.001)
    return not descendants(root)


def mark_of(folder: str) -> str:
    """What a job's processes carry: it stays when a project is moved, and no copy of the project has the same."""
    told = os.stat(folder)  # noqa: PTH116  pathlib is slow to import
    return f"{os.path.basename(folder)}.{told.st_dev:x}.{told.st_ino:x}"  # noqa: PTH119


def end_marked(mark: str, folder: str, *, patience_s: float = 10.0) -> bool:
    """End every process that carries `mark` or works in `folder`: what a shim left that was killed itself."""
    until = time.monotonic() + patience_s
    while found := marked(mark, folder):
        send(found, signal.SIGSTOP)
        send(found + marked(mark, folder), signal.SIGKILL)
        if time.monotonic() > until:
            return False
        time.sleep(0.002)
    return True


def marked(mark: str, folder: str) -> list[int]:
    """The living processes, but this one, whose environment has the mark, or that work in `folder` without a terminal.

    The terminal tells a program from a person who has a shell open there.
    """
    token = f"{MARK}={mark}".encode()
    found: list[int] = []
    for name in os.listdir("/proc"):  # noqa: PTH208  names are all that is needed
        if not name.isdigit() or int(name) == os.getpid():
            continue
        pid = int(name)
        try:
            told = _told_at(pid)
            carries = token in _read(f"{told}/environ", 1 << 20).split(b"\0")
            if not carries:
                at = os.readlink(f"{told}/cwd").removesuffix(" (deleted)")  # noqa: PTH115  a name, not a Path
                carries = (at == folder or at.startswith(folder + "/")) and _fields(pid)[4] == b"0"
        except OSError:  # another person's, or gone, or in a folder whose path is longer than the kernel names
            continue
        if carries and not _dead(pid):
            found.append(pid)
    return found


def send(pids: Iterable[int], number: signal.Signals) -> None:
    """A signal to each; those that are gone already are passed over."""
    for pid in pids:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.kill(pid, number)


def reap() -> dict[int, int]:
    """Take the ends of all children that ended: pid → wait status."""
    ended: dict[int, int] = {}
    with contextlib.suppress(ChildProcessError):
        while True:
            pid, status = os.waitpid(-1, os.WNOHANG)
            if pid == 0:
                break
            ended[pid] = status
    return ended


def user_tasks() -> int:
    """How many tasks (threads too) this user has now: what RLIMIT_NPROC is counted against."""
    mine, count = os.getuid(), 0
    for name in os.listdir("/proc"):  # noqa: PTH208  names are all that is needed
        if name.isdigit():
            with contextlib.suppress(OSError):
                if os.stat(f"/proc/{name}").st_uid == mine:  # noqa: PTH116  a Path for each would double the time
                    count += os.stat(f"/proc/{name}/task").st_nlink - 2  # noqa: PTH116
    return count


def _read(path: str, limit_b: int = 1 << 16) -> bytes:
    fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        return os.read(fd, limit_b)
    finally:
        os.close(fd)
