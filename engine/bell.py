"""A bell that whoever waits can hear: something was committed.

One an engine. What waits for the person, for another run or for the disk hears it and looks again.
"""

from __future__ import annotations

import asyncio


class Bell:
    """Rung whenever something was committed that a waiter may be waiting for."""

    def __init__(self) -> None:
        self._waiters: set[asyncio.Future[None]] = set()

    def ring(self) -> None:
        for waiter in self._waiters:
            if not waiter.done():
                waiter.set_result(None)
        self._waiters.clear()

    async def heard(self, timeout_s: float | None = None) -> bool:
        """Until the next ring; False if `timeout_s` passed first."""
        waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiters.add(waiter)
        try:
            await asyncio.wait_for(waiter, timeout_s)
        except TimeoutError:
            return False
        finally:
            self._waiters.discard(waiter)
        return True
