"""Which GPUs this machine has, who else uses them, and leases of them: one a job, over all projects of a person.

A lease is a flock on a file of the person's own in a folder that all users share; its descriptor is handed to the
shim, so the lease lasts as long as the experiment, whatever becomes of the engine. Without NVIDIA's driver there are
no cards, and that is no error.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import fcntl
import os
import stat
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from engine.threads import in_thread
from state.errors import LabError

LEASES = Path("/var/tmp/nightlab-gpu")
ASK_S = 20.0
ROOM_B = 2 << 30


@dataclass(frozen=True, slots=True)
class Card:
    """A GPU as NVML told of it just now."""

    index: int
    uuid: str
    name: str
    memory_b: int
    free_b: int
    busy_percent: int
    others: tuple[int, ...]  # pids of other people's processes on it


@dataclass(frozen=True, slots=True)
class Inventory:
    """The cards; where there are none, `why` is what NVML said."""

    cards: tuple[Card, ...]
    why: str = ""


async def inventory() -> Inventory:
    """Ask NVML, in a thread: a driver in trouble can hang, and then there are no cards and `why` says so."""
    try:
        return await asyncio.wait_for(in_thread(_ask), ASK_S)
    except TimeoutError:
        return Inventory((), f"no answer from NVML in {ASK_S:.0f} s")


def _ask() -> Inventory:
    import pynvml

    try:
        pynvml.nvmlInit()
    except pynvml.NVMLError as error:
        return Inventory((), str(error))
    try:
        count = pynvml.nvmlDeviceGetCount()
        return Inventory(tuple(_card(pynvml, index) for index in range(count)))
    except pynvml.NVMLError as error:
        return Inventory((), str(error))
    finally:
        with contextlib.suppress(pynvml.NVMLError):
            pynvml.nvmlShutdown()


def _card(nvml: Any, index: int) -> Card:
    handle = nvml.nvmlDeviceGetHandleByIndex(index)
    memory = nvml.nvmlDeviceGetMemoryInfo(handle)
    busy, others = 0, []
    with contextlib.suppress(nvml.NVMLError):  # not every card, nor a slice of one, tells these
        busy = int(nvml.nvmlDeviceGetUtilizationRates(handle).gpu)
    with contextlib.suppress(nvml.NVMLError):
        others = [process.pid for process in nvml.nvmlDeviceGetComputeRunningProcesses(handle) if _foreign(process.pid)]
    return Card(
        index=index,
        uuid=_text(nvml.nvmlDeviceGetUUID(handle)),
        name=_text(nvml.nvmlDeviceGetName(handle)),
        memory_b=int(memory.total),
        free_b=int(memory.free),
        busy_percent=busy,
        others=tuple(sorted(others)),
    )


def _text(told: str | bytes) -> str:
    return told.decode(errors="replace") if isinstance(told, bytes) else told


def _foreign(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}").stat().st_uid != os.getuid()
    except OSError:  # in another pid namespace: not ours
        return True


@dataclass(slots=True)
class Lease:
    """A GPU that is this person's job's until every copy of `fd` is closed."""

    uuid: str
    fd: int

    def close(self) -> None:
        """Close this copy of the descriptor; twice is once."""
        if self.fd >= 0:
            os.close(self.fd)
            self.fd = -1


class Gpus:
    """Leases over `cards`; the lock files lie in `folder`. `ask` tells how the cards are now."""

    def __init__(
        self, cards: tuple[Card, ...], folder: Path = LEASES, ask: Callable[[], Awaitable[Inventory]] | None = None
    ) -> None:
        self.cards, self.folder, self.ask = cards, folder, ask

    @classmethod
    async def here(cls) -> Gpus:
        """The cards of this machine; `cards` is empty where there are none."""
        return cls((await inventory()).cards, ask=inventory)

    async def fresh(self) -> None:
        """Look again who uses which card and how much is free; what was known stays where nobody answers."""
        if self.ask is not None and self.cards:
            self.cards = (await self.ask()).cards or self.cards

    def lease(self, room_b: int = ROOM_B) -> Lease | None:
        """The emptiest card that no job of this person holds and that has `room_b` free; None if there is none."""
        for card in sorted(self.cards, key=lambda one: (len(one.others), -one.free_b, one.index)):
            if card.free_b >= room_b and (fd := self._locked(card.uuid)) is not None:
                return Lease(card.uuid, fd)
        return None

    def _locked(self, uuid: str) -> int | None:
        at = shared_folder(self.folder)
        name = f"{os.getuid()}-{uuid}.lock"
        try:
            flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK
            fd = os.open(name, flags, 0o600, dir_fd=at)
        except OSError as error:
            if error.errno in (errno.ELOOP, errno.EACCES, errno.EISDIR, errno.ENXIO):  # somebody laid something there
                raise LabError("gpu.unsafe_lease", path=str(self.folder / name)) from None
            raise
        finally:
            os.close(at)
        told = os.fstat(fd)
        if not stat.S_ISREG(told.st_mode) or told.st_uid != os.getuid():
            os.close(fd)
            raise LabError("gpu.unsafe_lease", path=str(self.folder / name))
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(fd)
            return None
        return fd


def shared_folder(folder: Path) -> int:
    """A descriptor of `folder`, made if need be: everyone may lay files there, nobody may touch another's."""
    with contextlib.suppress(FileExistsError):
        folder.mkdir(mode=0o700)
    try:
        fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError as error:
        if error.errno in (errno.ELOOP, errno.ENOTDIR):
            raise LabError("gpu.unsafe_lease", path=str(folder)) from None
        raise
    told = os.fstat(fd)
    if told.st_uid == os.getuid() and stat.S_IMODE(told.st_mode) != 0o1777:
        os.fchmod(fd, 0o1777)
    elif told.st_uid != os.getuid() and told.st_mode & 0o022 and not told.st_mode & stat.S_ISVTX:
        os.close(fd)
        raise LabError("gpu.unsafe_lease", path=str(folder))
    return fd
