"""Money and GPU time that is set aside for what is in flight counts as spent, and is waited for before anybody is
asked."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable

import pytest

from engine import setbacks
from engine.calls import Line
from engine.live import Live
from engine.models.base import Fate, ModelError, Part, Reply, Request
from state import ledger, profiles
from state.errors import LabError
from state.vocabulary import WordKind
from tests.engine.conftest import Laid, says
from tests.engine.test_calls import until
from tests.engine.test_money import given, with_limits
from tests.engine.test_recover import say

Lay = Callable[..., Laid]


def test_what_is_set_aside_counts_as_spent_and_is_told_from_what_is_gone(lay: Lay) -> None:
    laid = lay()
    limits = ledger.Limits(1000, 3600, laid.run)
    with laid.store.transaction() as tx:
        tx.execute("UPDATE run SET spent_micros = 300, gpu_s = 600")
        ledger.reserve(tx, laid.run, 500, 2400)

    def refused(micros: int, gpu_s: int) -> object:
        try:
            ledger.check(laid.store, limits, micros, gpu_s)
        except LabError as error:
            return error.key, error.facts["passing"]
        return None

    assert refused(200, 600) is None
    assert refused(201, 0) == ("budget.money", True), "it fits once the call in flight is settled"
    assert refused(701, 0) == ("budget.money", False)
    assert refused(0, 601) == ("budget.gpu", True)
    assert refused(0, 3001) == ("budget.gpu", False)


def test_a_run_may_have_fewer_gpu_hours_than_the_project(lay: Lay) -> None:
    laid = lay()
    given(laid, WordKind.SET, key="limits.gpu_hours", value=1.0, run=laid.run)
    limits = ledger.limits(laid.store, laid.run, laid.config.limits)
    ledger.check(laid.store, limits, 0, 3600)
    with pytest.raises(LabError) as caught:
        ledger.check(laid.store, limits, 0, 3601)
    assert (caught.value.key, caught.value.facts["own"]) == ("budget.gpu", True)


@pytest.fixture
def paid(monkeypatch: pytest.MonkeyPatch) -> profiles.Choice:
    """Calls cost what they cost at Anthropic's."""
    choice = profiles.parse("anthropic")
    monkeypatch.setattr(
        Line, "choose", property(lambda line: lambda role: choice, lambda line, given: None), raising=False
    )
    return choice


async def test_a_cut_or_cancelled_call_is_counted_at_the_most_that_it_may_have_cost(
    lay: Lay, paid: profiles.Choice, monkeypatch: pytest.MonkeyPatch
) -> None:
    laid = lay()
    monkeypatch.setattr(setbacks, "BACKOFF_S", (0.0,))
    laid.player.replies = [ModelError(Fate.RETRY, "cut"), says("dialogue", text="ok")]
    await say(laid.desk())
    cut, whole = laid.store.rows("SELECT * FROM attempt ORDER BY n")
    assert (cut["state"], cut["cost_micros"]) == ("doubt", cut["reserved_micros"])
    (request, _) = laid.player.asked
    least = sum(len(message.text) for message in request.messages) // 3
    assert cut["reserved_micros"] >= paid.worst_case(least, paid.model.max_tokens) > whole["cost_micros"] > 0

    calling = asyncio.ensure_future(say(laid.desk(), "two"))
    monkeypatch.setattr(laid.player, "stream", lambda request, part: asyncio.Event().wait())
    await until(laid, "SELECT 1 FROM attempt WHERE state = 'flying'")
    for _ in range(3):
        await asyncio.sleep(0)
    calling.cancel()
    await asyncio.gather(calling, return_exceptions=True)
    gone = laid.store.rows("SELECT * FROM attempt")[-1]
    assert (gone["state"], gone["cost_micros"]) == ("doubt", gone["reserved_micros"]) and gone["cost_micros"] > 0
    spent = sum(row["cost_micros"] for row in laid.store.rows("SELECT cost_micros FROM attempt"))
    row = laid.store.row("SELECT spent_micros, reserved_micros FROM run")
    assert row is not None and tuple(row) == (spent, 0)


async def test_enough_at_the_limit_grants_what_handing_in_may_take_and_the_person_was_shown_it(
    lay: Lay, paid: profiles.Choice
) -> None:
    laid = lay()
    live = Live(laid.store, laid.places.folder)
    with_limits(laid, money_usd=0.0001)
    laid.player.replies = [says("dialogue", text="ok")]
    talking = asyncio.ensure_future(say(laid.desk()))
    await until(laid, "SELECT 1 FROM wait WHERE why = 'budget' AND closed_seq IS NULL")
    (row,) = laid.store.rows("SELECT id, facts FROM wait")
    facts = json.loads(row["facts"])
    assert (facts["limit_usd"], facts["spent_usd"]) == (0.0001, 0)
    assert facts["enough_usd"] == pytest.approx(0.0001 + 5 * facts["needs_usd"]) and facts["needs_usd"] > 0
    assert given(laid, WordKind.DECISION, wait=row["id"], choice="enough").outcome == "taken"
    laid.config = live.of(laid.run)
    assert laid.config.limits.money_usd == facts["enough_usd"]
    laid.bell.ring()
    assert await talking == "ok"


async def test_a_call_that_fits_once_another_is_settled_waits_for_it_and_asks_nobody(
    lay: Lay, paid: profiles.Choice, monkeypatch: pytest.MonkeyPatch
) -> None:
    laid = lay()
    answered = asyncio.Event()
    stream = laid.player.stream

    async def slowly(request: Request, part: Part) -> Reply:
        await answered.wait()
        return await stream(request, part)

    monkeypatch.setattr(laid.player, "stream", slowly)
    laid.player.replies = [says("dialogue", text="one"), says("dialogue", text="two")]
    desk = laid.desk()
    first = asyncio.ensure_future(say(desk, "one"))
    await until(laid, "SELECT 1 FROM attempt")
    row = laid.store.row("SELECT reserved_micros FROM run")
    assert row is not None
    with_limits(laid, money_usd=1.5 * row["reserved_micros"] / 1e6)
    second = asyncio.ensure_future(say(desk, "two"))
    for _ in range(20):
        await asyncio.sleep(0)
    assert len(laid.store.rows("SELECT 1 FROM attempt")) == 1
    answered.set()
    assert [await first, await second] == ["one", "two"]
    assert laid.store.rows("SELECT 1 FROM wait") == []
