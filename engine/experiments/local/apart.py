"""A program among processes of its own, where the kernel allows it: a PID namespace and a /proc that shows no other.

Nothing in it can signal its shim, the engine or anything else of this person's, however it clears its environment or
leaves its folder; and when the shim dies, by whatever hand, all of it dies. Two processes stand between: a keeper,
which is the shim's child and ends as the program ended, and the first process of the namespace, whose end is that of
all in it. Standard library only: the shim imports this. Where it is refused the program is the shim's plain child.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import resource
import signal
from collections.abc import Callable

from engine.experiments.local import limits

STANDING_BETWEEN = 2
"""Processes of ours in the tree, its first two: they are nothing that the program holds."""

CLONE_NEWNS, CLONE_NEWUSER, CLONE_NEWPID = 0x00020000, 0x10000000, 0x20000000
MS_NOSUID, MS_NODEV, MS_NOEXEC, MS_REC, MS_SLAVE = 2, 4, 8, 1 << 14, 1 << 19

_libc = ctypes.CDLL(None, use_errno=True)

Become = Callable[[int], None]
"""Turns the child of the process given into the program; does not return."""


def start(become: Become, kept: tuple[int, ...]) -> int | None:
    """The keeper's pid, once the namespace stands; None where it was refused, and then nothing is left of the try.

    `kept` are the descriptors that `become` needs.
    """
    ready, told = os.pipe2(os.O_CLOEXEC)
    parent = os.getpid()
    pid = os.fork()
    if pid == 0:
        with contextlib.suppress(BaseException):  # whatever it was: this child must not go on as a shim
            _keep(parent, become, told, kept)
        os._exit(127)
    os.close(told)
    stands = os.read(ready, 1)
    os.close(ready)
    if stands:
        return pid
    os.waitpid(pid, 0)
    return None


def _keep(parent: int, become: Become, told: int, kept: tuple[int, ...]) -> None:
    """The keeper: outside the namespace, so that nothing in it reaches it. Ends as the program ended."""
    for fd in map(int, os.listdir("/proc/self/fd")):  # noqa: PTH208  names are all that is needed
        if fd > 2 and fd not in (told, *kept):
            with contextlib.suppress(OSError):  # the listing's own; the shim's lock and lease are the shim's alone
                os.close(fd)
    _unshare()
    limits.prctl(limits.PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        return
    word, words = os.pipe2(os.O_CLOEXEC)
    first = os.fork()
    if first == 0:
        os.close(word)
        with contextlib.suppress(BaseException):
            _begin(become, told, words, kept)
        os._exit(127)
    for fd in (told, words, *kept):
        os.close(fd)
    status = os.read(word, 4)
    os.waitpid(first, 0)
    _end_as(int.from_bytes(status, "little") if len(status) == 4 else signal.SIGKILL)


def _unshare() -> None:
    """Root does without a user namespace, in which it could not read what belongs to others."""
    user, group = os.geteuid(), os.getegid()
    flags = CLONE_NEWPID | CLONE_NEWNS
    _must(_libc.unshare(flags if user == 0 else flags | CLONE_NEWUSER), "unshare")
    if user != 0:
        for name, text in (("setgroups", "deny"), ("uid_map", f"{user} {user} 1"), ("gid_map", f"{group} {group} 1")):
            fd = os.open(f"/proc/self/{name}", os.O_WRONLY | os.O_CLOEXEC)
            os.write(fd, text.encode())
            os.close(fd)


def _begin(become: Become, told: int, words: int, kept: tuple[int, ...]) -> None:
    """The first process of the namespace: its end is the end of all in it."""
    limits.prctl(limits.PR_SET_PDEATHSIG, signal.SIGKILL)
    _must(
        _libc.mount(None, b"/", None, MS_REC | MS_SLAVE, None), "mount /"
    )  # ours stay here; later ones of theirs come
    _must(_libc.mount(b"proc", b"/proc", b"proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, None), "mount /proc")
    os.write(told, b"!")
    os.close(told)
    mine = os.getpid()
    program = os.fork()
    if program == 0:
        os.close(words)
        become(mine)
    for fd in kept:
        os.close(fd)
    while True:
        pid, status = os.wait()
        if pid == program:
            os.write(words, status.to_bytes(4, "little"))
            os._exit(0)


def _end_as(status: int) -> None:
    """End this process by the exit code or the signal that the wait status tells."""
    if not os.WIFSIGNALED(status):
        os._exit(os.waitstatus_to_exitcode(status))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    number = os.WTERMSIG(status)
    if number != signal.SIGKILL:
        signal.signal(number, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, [number])
    os.kill(os.getpid(), number)


def _must(result: int, what: str) -> None:
    if result != 0:
        raise OSError(ctypes.get_errno(), what)
