"""What this machine has for experiments: its cores, and its GPUs as NVML tells of them.

Asked by the poller's thread, every ten seconds and only while something runs; without NVIDIA's driver there are no
GPUs, and the screens speak of slots and cores instead.
"""

from __future__ import annotations

import contextlib
import os
import time
from dataclasses import dataclass

EVERY_S = 10.0


@dataclass(frozen=True)
class Gpu:
    """A card: its number, its short name (`H100`), how busy it is, and its memory."""

    index: int
    name: str
    busy_percent: int
    used_gb: int
    memory_gb: int


@dataclass(frozen=True)
class Machine:
    """`gpus` is empty where there are none, or none that can be asked."""

    cores: int = 0
    gpus: tuple[Gpu, ...] = ()


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
            found.append(Gpu(index, short(text), busy, used, total))
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
