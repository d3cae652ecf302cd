"""A clock that jumps: no wait gets longer by it, none is missed, and nothing stands in the order that it tells."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from ulid import ULID

from engine import setbacks
from engine.models.base import Fate, ModelError
from state import inbox, places, taking
from state import project as projects
from state.vocabulary import WordKind
from tests.engine.conftest import Laid, says
from tests.engine.test_calls import talk, until
from tests.engine.test_money import given

Lay = Callable[..., Laid]
Patch = pytest.MonkeyPatch
HOURS_MS = 5 * 3600 * 1000
OPEN = "SELECT 1 FROM wait WHERE why = 'backoff' AND closed_seq IS NULL"


class Clock:
    """The time of day, which the test sets."""

    def __init__(self, monkeypatch: Patch) -> None:
        self.ahead_ms, self._real = 0, setbacks.now
        monkeypatch.setattr(setbacks, "now", lambda: self._real() + self.ahead_ms)


def refused_for(length_s: float) -> ModelError:
    return ModelError(Fate.RETRY, "overloaded", after_s=length_s, sent=False, status=529)


def test_a_wait_looks_at_the_clock_every_half_minute() -> None:
    assert setbacks.LOOK_S == 30


async def test_a_wait_is_over_at_its_hour_when_the_clock_jumps_forwards(lay: Lay, monkeypatch: Patch) -> None:
    monkeypatch.setattr(setbacks, "LOOK_S", 0.02)
    laid, clock = lay(), Clock(monkeypatch)
    laid.player.replies = [refused_for(3000), says("dialogue", text="ok")]
    talking = asyncio.ensure_future(talk(laid))
    await until(laid, OPEN)
    clock.ahead_ms = HOURS_MS  # or the machine slept
    async with asyncio.timeout(60):
        assert await talking == "ok"


async def test_a_wait_lasts_no_longer_than_its_length_when_the_clock_is_set_back(lay: Lay, monkeypatch: Patch) -> None:
    laid, clock = lay(), Clock(monkeypatch)
    laid.player.replies = [refused_for(0.3), says("dialogue", text="ok")]
    begun = time.monotonic()
    talking = asyncio.ensure_future(talk(laid))
    await until(laid, OPEN)
    clock.ahead_ms = -HOURS_MS
    async with asyncio.timeout(60):
        assert await talking == "ok"
    assert time.monotonic() - begun >= 0.3


def test_what_a_wait_stores_is_its_hour_and_its_length(lay: Lay) -> None:
    laid = lay()
    laid.player.replies = [refused_for(0.05), says("dialogue", text="ok")]
    asyncio.run(talk(laid))
    (row,) = laid.store.rows("SELECT until_at - opened_at AS rest, length_s FROM wait")
    assert row["length_s"] == 0.05 and abs(row["rest"] - 50) < 1000


def test_words_keep_their_order_when_the_clock_is_set_back_between_two_commands(tmp_path: Path) -> None:
    (tmp_path / projects.FILE).write_text('question = "Does it?"\n')
    places.prepare(tmp_path)
    ahead = ULID.from_timestamp(time.time() + HOURS_MS / 1000)
    inbox.leave(tmp_path, WordKind.PAUSE, {})
    (early,) = inbox.pending(tmp_path)
    early.rename(early.with_name(f"{ahead}.json"))  # left by another process while the clock was ahead
    inbox.leave(tmp_path, WordKind.RESUME, {})
    inbox.leave(tmp_path, WordKind.STOP, {})
    kinds = [inbox.read(path).kind for path in inbox.pending(tmp_path)]
    assert kinds == [WordKind.PAUSE, WordKind.RESUME, WordKind.STOP]


def test_notes_are_read_in_the_order_in_which_they_were_taken_up(lay: Lay, monkeypatch: Patch) -> None:
    laid = lay()
    first = given(laid, WordKind.NOTE, text="first").id
    monkeypatch.setattr(taking, "_ms", lambda at: int(at.timestamp() * 1000) - HOURS_MS)
    second = given(laid, WordKind.NOTE, text="second").id
    assert laid.desk().bench.unread_notes(set()) == [first, second]
    with laid.store.transaction() as tx:
        from state import lineage

        child = lineage.fork(tx, laid.run, laid.visit.id)
    told = laid.store.rows("SELECT text FROM note WHERE run = ? ORDER BY rowid", (child,))
    assert [row["text"] for row in told] == ["first", "second"]
