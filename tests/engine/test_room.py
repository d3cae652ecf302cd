"""Room on the disk: no call without it, one pause for all that wait; a reply under way is written sparingly."""

from __future__ import annotations

import asyncio
from pathlib import Path
from types import SimpleNamespace

import pytest

from engine import calls, room
from state import taking
from state.errors import LabError
from state.store import Store
from tests.engine.conftest import says
from tests.engine.lab import Slow
from tests.engine.test_calls import Lay, resume, rows, talk, until

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


@pytest.mark.parametrize("job", [False, True], ids=["call", "job"])
async def test_what_a_full_disk_held_back_does_not_begin_in_a_run_that_was_stopped_meanwhile(
    lay: Lay, free: list[int], monkeypatch: Patch, tmp_path: Path, job: bool
) -> None:
    laid = lay()
    laid.player.replies = [says("dialogue", text="ok")]
    commit, refused = Store.transaction, [True]

    def transaction(store: Store) -> object:
        if refused and laid.store.row("SELECT 1 FROM wait") is None:
            refused.pop()
            raise LabError("disk.full", why="full")
        return commit(store)

    monkeypatch.setattr(Store, "transaction", transaction)
    go = Slow(str(tmp_path / "go"))
    asking = asyncio.ensure_future(laid.desk().run("one", go) if job else talk(laid))
    await until(laid, OPEN)
    with laid.store.transaction() as tx:
        taking.stop(tx, laid.run)
    await until(laid, "SELECT 1 FROM wait WHERE why = 'disk' AND closed_seq IS NOT NULL")
    for _ in range(20):
        await asyncio.sleep(0)
    assert rows(laid, "SELECT count(*) FROM attempt") == [(0,)]
    Path(go.go).touch()
    resume(laid)
    async with asyncio.timeout(60):
        await asking
    assert rows(laid, "SELECT count(*) FROM attempt") == [(1,)]


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
