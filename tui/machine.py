"""What this machine has for experiments: its GPUs as NVML tells of them, its cores and its disk.

Asked by the poller's thread: for a run every ten seconds and only while something runs, for home every half minute.
Without NVIDIA's driver there are no GPUs, and the screens speak of slots and cores instead.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

EVERY_S, HOME_EVERY_S = 10.0, 30.0
LEASES = Path("/var/tmp/nightlab-gpu")
"""Where engines hold a lock for each GPU that they lease."""


@dataclass(frozen=True)
class Gpu:
    """A card: its number, its short name (`H100`), how busy it is, and its memory."""

    index: int
    name: str
    busy_percent: int
    used_gb: int
    memory_gb: int
    uuid: str = ""


@dataclass(frozen=True)
class Machine:
    """`gpus` is empty where there are none, or none that can be asked."""

    cores: int = 0
    gpus: tuple[Gpu, ...] = ()


@dataclass(frozen=True)
class Held:
    """A card and who sits on it: an experiment of this person's (`lr-warmup e14`), empty for another or none."""

    gpu: Gpu
    who: str = ""
    leased: bool = False


@dataclass(frozen=True)
class Host:
    """The machine for all projects: its cards, cores, disk, and how the newest experiment was kept apart."""

    gpus: tuple[Held, ...] = ()
    cores: int = 0
    free_cores: int = 0
    disk_gb: float = 0
    tier: str = ""


class HostWatch:
    """The machine as home asked it last; who sits on which card is always as it is told."""

    def __init__(self, leases: Path = LEASES) -> None:
        self._leases = leases
        self._at: float | None = None
        self._gpus: tuple[Gpu, ...] = ()
        self._told = Host()

    def look(self, on_gpus: Mapping[str, str], tier: str) -> Host:
        """`on_gpus`: experiments by the uuid of their card."""
        if self._at is None or time.monotonic() - self._at >= HOME_EVERY_S:
            first, self._at = self._at is None, time.monotonic()
            if first or self._gpus:
                self._gpus = _gpus()
            cores = os.cpu_count() or 1
            free = max(cores - round(os.getloadavg()[0]), 0)
            disk_gb = float(f"{shutil.disk_usage(Path.home()).free / 1e9:.2g}")  # not another with every file
            self._told = Host((), cores, free, disk_gb)
        leased = _leased(self._leases) if self._gpus else frozenset()
        held = tuple(Held(gpu, on_gpus.get(gpu.uuid, ""), gpu.uuid in leased) for gpu in self._gpus)
        return Host(held, self._told.cores, self._told.free_cores, self._told.disk_gb, tier)


def _leased(folder: Path) -> frozenset[str]:
    """Cards whose lock file somebody holds. It is read from the kernel's list: a look must not hold up who leases."""
    try:
        held = {
            row.split()[5].rpartition(":")[2] for row in Path("/proc/locks").read_text().splitlines() if "->" not in row
        }
        files = [(entry.name, str(entry.inode())) for entry in os.scandir(folder)]
    except (OSError, IndexError):
        return frozenset()
    return frozenset(name.removesuffix(".lock").partition("-")[2] for name, inode in files if inode in held)


class Watch:
    """The machine as it was asked last."""

    def __init__(self) -> None:
        self._at = -EVERY_S
        self._told = Machine(os.cpu_count() or 1)
        self._has_gpus = True

    def look(self, *, busy: bool) -> Machine:
        """Asks again when the answer is old and something runs; the first time always."""
        if self._has_gpus and time.monotonic() - self._at >= EVERY_S and (busy or self._at < 0):
            self._at = time.monotonic()
            gpus = _gpus()
            self._has_gpus = bool(gpus)
            self._told = Machine(self._told.cores, gpus)
        return self._told


def _gpus() -> tuple[Gpu, ...]:
    import pynvml  # late: most machines that show a lab have none

    try:
        pynvml.nvmlInit()
    except pynvml.NVMLError:
        return ()
    found = []
    try:
        for index in range(pynvml.nvmlDeviceGetCount()):
            handle = pynvml.nvmlDeviceGetHandleByIndex(index)
            memory = pynvml.nvmlDeviceGetMemoryInfo(handle)
            busy = 0
            with contextlib.suppress(pynvml.NVMLError):  # a slice of a card does not tell
                busy = int(pynvml.nvmlDeviceGetUtilizationRates(handle).gpu)
            name = pynvml.nvmlDeviceGetName(handle)
            text = name.decode(errors="replace") if isinstance(name, bytes) else str(name)
            used, total = round(int(memory.used) / 2**30), round(int(memory.total) / 2**30)
            uuid = pynvml.nvmlDeviceGetUUID(handle)
            uuid = uuid.decode(errors="replace") if isinstance(uuid, bytes) else str(uuid)
            found.append(Gpu(index, short(text), busy, used, total, uuid))
    except pynvml.NVMLError:  # what was told before it failed still holds
        return tuple(found)
    finally:
        with contextlib.suppress(pynvml.NVMLError):
            pynvml.nvmlShutdown()
    return tuple(found)


def short(name: str) -> str:
    """`NVIDIA H100 80GB HBM3` → `H100`."""
    words = [word for word in name.split() if word not in ("NVIDIA", "GeForce", "Tesla")]
    return words[0].split("-")[0] if words else name
