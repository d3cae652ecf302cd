"""So many at a time and no more, the first in order first."""

from __future__ import annotations

import asyncio

import pytest

from engine.experiments.slots import Slots, how_many, memory_each_b


async def settle() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


class Bench:
    """Experiments that run until they are told to end."""

    def __init__(self, slots: Slots) -> None:
        self.slots = slots
        self.began: list[str] = []
        self.ends: dict[str, asyncio.Event] = {}

    def start(self, name: str, order: int = 0) -> asyncio.Task[None]:
        self.ends[name] = asyncio.Event()

        async def work() -> None:
            async with self.slots.one(order):
                self.began.append(name)
                await self.ends[name].wait()

        return asyncio.create_task(work())


async def test_the_next_is_the_lowest_order_then_who_came_first() -> None:
    bench = Bench(Slots(1))
    tasks = [bench.start("a"), bench.start("c", 2), bench.start("b", 1), bench.start("b2", 1)]
    for name in ("a", "b", "b2", "c"):
        await settle()
        assert bench.began[-1] == name
        assert bench.slots.taken == 1
        bench.ends[name].set()
    await asyncio.gather(*tasks)
    assert bench.slots.taken == 0


async def test_one_that_is_cancelled_takes_no_slot_with_it() -> None:
    bench = Bench(Slots(1))
    first, second, third = bench.start("a"), bench.start("b"), bench.start("c")
    await settle()
    second.cancel()
    first.cancel()
    await settle()
    assert bench.began == ["a", "c"]
    bench.ends["c"].set()
    await third
    assert (bench.slots.taken, bench.slots.waiting) == (0, 0)


async def test_a_cancel_in_the_moment_of_getting_a_slot_gives_it_back() -> None:
    slots = Slots(1)
    bench = Bench(slots)
    first = bench.start("a")
    await settle()
    late = bench.start("b")
    await settle()
    bench.ends["a"].set()
    while not first.done():
        await asyncio.sleep(0)
    late.cancel()
    await settle()
    assert slots.taken == 0


async def test_more_slots_let_more_begin_and_fewer_end_nothing() -> None:
    bench = Bench(Slots(1))
    tasks = [bench.start(name) for name in "abc"]
    await settle()
    bench.slots.resize(3)
    await settle()
    assert bench.began == ["a", "b", "c"]
    bench.slots.resize(1)
    assert bench.slots.taken == 3
    for end in bench.ends.values():
        end.set()
    await asyncio.gather(*tasks)


def test_the_number_is_what_was_asked_else_one_a_gpu_else_one_a_core(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.sched_getaffinity", lambda pid: {0, 1, 2})
    assert [how_many(5, 2), how_many(0, 2), how_many(0, 0)] == [5, 2, 3]


def test_memory_is_what_was_asked_else_what_is_free_divided() -> None:
    assert memory_each_b(4, 1.5) == 3 << 29
    assert 0 < memory_each_b(1000) < memory_each_b(1)
