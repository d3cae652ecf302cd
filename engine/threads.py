"""Work that may hang, in a thread that nobody has to wait for.

The default executor waits for its threads when the engine leaves, for as long as they take: a name look-up takes half a
minute, a driver in trouble for ever. Used by `tools/asking.py` and by `experiments/gpus.py`.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


async def in_thread(work: Callable[[], T]) -> T:
    """What `work` returns or raises. A cancelled wait leaves it behind."""
    loop = asyncio.get_running_loop()
    done: asyncio.Future[T] = loop.create_future()

    def hand_over(value: T | None, error: BaseException | None) -> None:
        if done.done():  # the deadline was first
            return
        if error is not None:
            done.set_exception(error)
        else:
            done.set_result(value)  # type: ignore[arg-type]  # without an error it is work's value

    def run() -> None:
        value, failure = None, None
        try:
            value = work()
        except BaseException as error:  # noqa: BLE001  # handed over whole, and raised where it is awaited
            failure = error
        with contextlib.suppress(RuntimeError):  # the loop has closed meanwhile: nobody waits for it
            loop.call_soon_threadsafe(hand_over, value, failure)

    threading.Thread(target=run, daemon=True, name="aside").start()
    return await done
