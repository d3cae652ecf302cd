"""Room on the disk: no call without it, one pause for all that wait; a reply under way is written sparingly."""

from __future__ import annotations

import asyncio
from pathlib import Path
from types import SimpleNamespace

import pytest

from engine import calls, room
from tests.engine.conftest import says
from tests.engine.test_calls import Lay, rows, talk, until

OPEN = "SELECT 1 FROM wait WHERE why = 'disk' AND closed_seq IS NULL"
Patch = pytest.MonkeyPatch


@pytest.fixture
def free(monkeypatch: Patch) -> list[int]:
    """What is free, as the test sets it."""
    told = [1 << 40]
    monkeypatch.setattr(room, "free_b", lambda places: told[0])
    monkeypatch.setattr(room, "LOOK_S", 0.02)
    return told


async def test_no_call_is_made_with_less_than_64_mb_and_it_goes_on_by_itself(lay: Lay, free: list[int]) -> None:
    laid = lay()
    free[0] = 64 * 1024 * 1024 - 1
    laid.player.replies = [says("dialogue", text="ok")]
    talking = asyncio.ensure_future(talk(laid))
    await until(laid, OPEN)
    assert laid.player.asked == [] and rows(laid, "SELECT state FROM run") == [("paused",)]
    assert rows(laid, "SELECT count(*) FROM attempt") == [(0,)], "nothing is reserved for a call that is not made"
    free[0] = 64 * 1024 * 1024 + 1
    async with asyncio.timeout(60):
        assert await talking == "ok"
    assert rows(laid, "SELECT state FROM run") == [("running",)]


async def test_all_that_wait_for_room_in_one_run_wait_in_one_pause(lay: Lay, free: list[int]) -> None:
    laid = lay()
    free[0] = 0
    bench = laid.desk().bench
    waiting = [asyncio.ensure_future(bench.wait_for_disk(0)) for _ in range(5)]
    await until(laid, OPEN)
    free[0] = 1 << 30
    async with asyncio.timeout(60):
        await asyncio.gather(*waiting)
    assert rows(laid, "SELECT why, closed_seq IS NOT NULL FROM wait") == [("disk", 1)]


def test_a_reply_under_way_is_appended_at_most_ten_times_a_second(tmp_path: Path, monkeypatch: Patch) -> None:
    at = [100.0]
    monkeypatch.setattr(calls, "time", SimpleNamespace(monotonic=lambda: at[0]))
    file, sizes = tmp_path / "part", set()
    with calls._Part(file) as part:
        for _ in range(100):  # a second of a reply
            at[0] += 0.01
            part.add("x")
            sizes.add(file.stat().st_size)
    assert len(sizes - {0}) <= 10 and file.read_text() == "x" * 100
