"""How many experiments run at a time, and who is next: the lowest order first, then who came first.

One a GPU where there are GPUs, else one a core, unless the project says how many. The number may change while some
run; a lower one lets those that run finish.
"""

from __future__ import annotations

import asyncio
import contextlib
import heapq
import itertools
import os
from collections.abc import AsyncIterator
from pathlib import Path


def how_many(asked: int, gpus: int) -> int:
    """The number of slots: `asked`, or for 0 one a GPU, else one a core that this process may use."""
    return asked or gpus or max(len(os.sched_getaffinity(0)), 1)


def memory_each_b(slots: int, asked_gb: float = 0) -> int:
    """What one experiment may hold: `asked_gb`, or for 0 what is free now, divided by the slots."""
    if asked_gb:
        return int(asked_gb * (1 << 30))
    for line in Path("/proc/meminfo").read_text().splitlines():
        if line.startswith("MemAvailable:"):
            return int(line.split()[1]) * 1024 // max(slots, 1)
    return 0


class Slots:
    """`async with slots.one(order):` waits for a slot and gives it back."""

    def __init__(self, count: int) -> None:
        self.count = count
        self.taken = 0
        self._came = itertools.count()
        self._waiting: list[tuple[int, int, asyncio.Future[None]]] = []

    @property
    def waiting(self) -> int:
        return sum(not future.done() for _, _, future in self._waiting)

    @contextlib.asynccontextmanager
    async def one(self, order: int = 0) -> AsyncIterator[None]:
        """A slot. Who is cancelled while waiting leaves the line; the slot goes to the next."""
        await self._take(order)
        try:
            yield
        finally:
            self._give()

    def resize(self, count: int) -> None:
        self.count = count
        self._wake()

    async def _take(self, order: int) -> None:
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        heapq.heappush(self._waiting, (order, next(self._came), future))
        self._wake()
        try:
            await future
        except asyncio.CancelledError:
            if not future.cancelled():  # it had the slot already when the cancel came
                self._give()
            raise

    def _give(self) -> None:
        self.taken -= 1
        self._wake()

    def _wake(self) -> None:
        while self._waiting and self.taken < self.count:
            _, _, future = heapq.heappop(self._waiting)
            if not future.done():
                self.taken += 1
                future.set_result(None)
