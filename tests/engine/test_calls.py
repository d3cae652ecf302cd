"""A call is reserved, sent, received whole and settled; whatever goes wrong in between never fails the run."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace

import pytest

from engine import calls, recover, setbacks
from engine.answers import Dialogue
from engine.bench import Bench
from engine.models.base import Fate, Message, ModelError, Reply, Request, Usage
from engine.prompt import fields_of
from engine.replies import as_plain
from state import durable, profiles
from state.readers import reading
from state.vocabulary import Choice, Role, Wait
from tests.engine.conftest import Killed, Laid, dies, says

Lay = Callable[..., Laid]


async def talk(laid: Laid) -> str:
    desk = laid.desk()
    blank = dict.fromkeys(fields_of(desk.frame.prompt("plan_formulation/student")))
    seat = desk.seat(Role.PHD_STUDENT, "student", **blank)
    return (await seat.ask("hello", answers=(Dialogue,))).text


def rows(laid: Laid, sql: str) -> list[tuple[object, ...]]:
    return [tuple(row) for row in laid.store.rows(sql)]


async def until(laid: Laid, sql: str) -> None:
    """Until a row is there; woken by commits, not by time."""
    while not laid.store.rows(sql):
        await laid.bell.heard(0.05)


async def test_a_rate_limit_is_waited_out_and_asked_again(lay: Lay) -> None:
    laid = lay()
    laid.player.replies = [
        ModelError(Fate.RETRY, "429", after_s=0.01, sent=False, status=429),
        says("dialogue", text="ok"),
    ]
    assert await talk(laid) == "ok"
    assert rows(laid, "SELECT n, state FROM attempt ORDER BY n") == [(1, "failed"), (2, "done")]
    assert rows(laid, "SELECT why, closed_seq IS NOT NULL FROM wait") == [("backoff", 1)]


async def test_a_reply_that_was_cut_is_in_doubt_and_made_again(lay: Lay, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(setbacks, "BACKOFF_S", (0.01,))
    laid = lay()
    laid.player.replies = [ModelError(Fate.RETRY, "cut in mid-reply", sent=True), says("dialogue", text="ok")]
    assert await talk(laid) == "ok"
    assert rows(laid, "SELECT n, state, estimated FROM attempt ORDER BY n") == [(1, "doubt", 1), (2, "done", 0)]


async def test_what_came_of_a_cut_reply_can_be_read_until_the_call_is_answered(
    lay: Lay, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(setbacks, "BACKOFF_S", (60.0,))
    laid = lay()
    laid.player.replies = [ModelError(Fate.RETRY, "cut in mid-reply", sent=True), says("dialogue", text="ok")]
    talking = asyncio.ensure_future(talk(laid))
    await until(laid, "SELECT 1 FROM wait WHERE why = 'backoff' AND closed_seq IS NULL")
    (cut,) = [path.parent.name for path in laid.places.calls.glob("*/part")]
    assert rows(laid, "SELECT id FROM attempt WHERE state = 'doubt'") == [(cut,)]
    resume(laid)
    assert await talking == "ok"
    assert not [*laid.places.calls.glob("*/part")]


async def test_a_lost_network_pauses_and_goes_on_by_itself(lay: Lay, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(setbacks, "PROBE_S", (0.01,))
    laid = lay()
    laid.player.up = False
    laid.player.replies = [ModelError(Fate.NETWORK, "no route", sent=False), says("dialogue", text="back")]
    talking = asyncio.ensure_future(talk(laid))
    await until(laid, "SELECT 1 FROM wait WHERE why = 'network' AND closed_seq IS NULL")
    assert rows(laid, "SELECT state FROM run") == [("paused",)]
    times = "json_extract(facts, '$.tried_at') >= opened_at AND json_extract(facts, '$.next_at') > opened_at"
    await until(laid, f"SELECT 1 FROM wait WHERE why = 'network' AND {times}")
    laid.player.up = True
    assert await talking == "back"
    assert rows(laid, "SELECT state FROM run") == [("running",)]


async def test_where_probes_come_through_and_calls_do_not_each_loss_is_probed_more_slowly(
    lay: Lay, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(setbacks, "PROBE_S", (0.01, 60.0))
    laid = lay()
    lost = ModelError(Fate.NETWORK, "a portal", sent=False)
    laid.player.replies = [lost, lost, says("dialogue", text="back")]
    talking = asyncio.ensure_future(talk(laid))
    slow = "json_extract(facts, '$.next_at') - json_extract(facts, '$.tried_at') = 60000"
    await until(laid, f"SELECT 1 FROM wait WHERE why = 'network' AND closed_seq IS NULL AND {slow}")
    assert len(laid.player.asked) == 2
    resume(laid)
    assert await talking == "back"


async def test_who_says_try_now_in_vain_learns_since_when_the_network_is_lost(
    lay: Lay, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same loss goes on: one wait, open since the first failure. Another loss, later, is a wait of its own."""
    monkeypatch.setattr(setbacks, "PROBE_S", (60.0,))
    laid = lay()
    laid.player.up = False
    lost = ModelError(Fate.NETWORK, "no route", sent=False)
    laid.player.replies = [lost, lost, lost, says("dialogue", text="back"), lost, says("dialogue", text="again")]
    still_open = "SELECT 1 FROM wait WHERE why = 'network' AND closed_seq IS NULL"
    asked = "(SELECT count(*) FROM attempt WHERE state != 'flying')"

    async def talk_twice() -> list[str]:
        desk = laid.desk()
        blank = dict.fromkeys(fields_of(desk.frame.prompt("plan_formulation/student")))
        seat = desk.seat(Role.PHD_STUDENT, "student", **blank)
        return [(await seat.ask(text, answers=(Dialogue,))).text for text in ("hello", "and now?")]

    talking = asyncio.ensure_future(talk_twice())
    for tries in (1, 2, 3):
        await until(laid, f"{still_open} AND {asked} = {tries}")
        assert rows(laid, "SELECT count(*), sum(choice IS NOT NULL) FROM wait WHERE why = 'network'") == [(1, 0)]
        assert rows(laid, "SELECT state FROM run") == [("paused",)]
        with laid.store.transaction() as tx:
            tx.execute("UPDATE wait SET opened_at = 1")
        resume(laid)
    await until(laid, f"{still_open} AND opened_at > 1")
    assert rows(laid, "SELECT opened_at, choice FROM wait WHERE closed_seq IS NOT NULL") == [(1, "retry")]
    resume(laid)
    assert await talking == ["back", "again"]


async def test_a_new_engine_that_finds_no_network_either_says_since_when_it_is_lost(
    lay: Lay, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(setbacks, "PROBE_S", (60.0,))
    laid = lay()
    laid.player.up = False
    lost = ModelError(Fate.NETWORK, "no route", sent=False)
    laid.player.replies = [lost, lost, says("dialogue", text="back"), lost]
    still_open = "SELECT 1 FROM wait WHERE why = 'network' AND closed_seq IS NULL"
    for tries in (1, 2):
        talking = asyncio.ensure_future(talk(laid))
        await until(laid, f"{still_open} AND (SELECT count(*) FROM attempt WHERE state = 'failed') = {tries}")
        with laid.store.transaction() as tx:
            tx.execute("UPDATE wait SET opened_at = 1 WHERE ? = 1", (tries,))
        assert rows(laid, "SELECT opened_at, json_extract(facts, '$.next_at') > 1 FROM wait") == [(1, 1)]
        talking.cancel()
        await asyncio.gather(talking, return_exceptions=True)
        recover.recover(laid.store, laid.places)
        assert rows(laid, still_open) == []
    assert await talk(laid) == "back"
    assert rows(laid, still_open) == [], "and once it is back, the loss is over"


async def test_a_bad_key_pauses_until_the_person_says_go_on(lay: Lay) -> None:
    laid = lay()
    laid.player.replies = [ModelError(Fate.AUTH, "401", sent=False, status=401), says("dialogue", text="ok")]
    talking = asyncio.ensure_future(talk(laid))
    await until(laid, "SELECT 1 FROM wait WHERE why = 'auth' AND closed_seq IS NULL")
    resume(laid)
    assert await talking == "ok"


def resume(laid: Laid) -> None:
    from state import taking

    with laid.store.transaction() as tx:
        taking.resume(tx, laid.run, "w")
    laid.bell.ring()


async def test_nothing_is_sent_beyond_the_limit_until_it_is_raised(lay: Lay, monkeypatch: pytest.MonkeyPatch) -> None:
    laid = lay()
    paid = profiles.parse("anthropic")
    laid.config = laid.config.model_copy(update={"limits": laid.config.limits.model_copy(update={"money_usd": 0.0001})})
    monkeypatch.setattr("tests.engine.conftest.profiles.parse", lambda name: paid)
    laid.player.replies = [says("dialogue", text="ok")]
    talking = asyncio.ensure_future(talk(laid))
    await until(laid, "SELECT 1 FROM wait WHERE why = 'budget' AND closed_seq IS NULL")
    assert laid.player.asked == [] and rows(laid, "SELECT count(*) FROM attempt") == [(0,)]
    from state import lineage

    laid.config = laid.config.model_copy(update={"limits": laid.config.limits.model_copy(update={"money_usd": 5.0})})
    with laid.store.transaction() as tx:
        lineage.close_wait(tx, 1, Choice.RAISE.value)
    laid.bell.ring()
    assert await talking == "ok"
    spent = rows(laid, "SELECT spent_micros, reserved_micros FROM run")[0]
    assert spent[0] > 0 and spent[1] == 0
    assert rows(laid, "SELECT spent_micros FROM visit") == [(spent[0],)]


async def test_a_whole_reply_that_a_dead_engine_left_is_taken_in_and_not_paid_again(lay: Lay) -> None:
    laid = lay()

    laid.player.replies = [dies]
    with pytest.raises(Killed):
        await talk(laid)
    (attempt,) = [row[0] for row in rows(laid, "SELECT id FROM attempt WHERE state = 'flying'")]
    durable.write_json(laid.places.calls / str(attempt) / "done.json", as_plain(says("dialogue", text="kept")))
    recover.recover(laid.store, laid.places)
    laid.player.replies = []
    assert await talk(laid) == "kept"
    assert rows(laid, "SELECT state FROM attempt") == [("done",)]


async def test_a_call_without_a_whole_reply_is_listed_as_in_doubt_and_made_again(lay: Lay) -> None:
    laid = lay()

    laid.player.replies = [dies]
    with pytest.raises(Killed):
        await talk(laid)
    with laid.store.transaction() as tx:  # as where a reply costs something
        tx.execute("UPDATE attempt SET reserved_micros = 700")
        tx.execute("UPDATE run SET reserved_micros = 700")
    recover.recover(laid.store, laid.places)
    assert rows(laid, "SELECT state FROM attempt") == [("doubt",)]
    assert rows(laid, "SELECT spent_micros, reserved_micros FROM run") == [(700, 0)], "counted at its reservation"
    laid.player.replies = [says("dialogue", text="again")]
    assert await talk(laid) == "again"


async def test_after_three_deaths_on_a_step_the_run_pauses_and_a_resume_starts_the_count_again(
    lay: Lay, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("NIGHTLAB_DEATH_LIMIT", raising=False)
    laid = lay()

    for death in range(1, 4):
        laid.player.replies = [dies]
        with pytest.raises(Killed):
            await talk(laid)
        recover.recover(laid.store, laid.places)
        waits = rows(laid, "SELECT why FROM wait WHERE closed_seq IS NULL")
        assert waits == ([("trouble",)] if death == 3 else [])
    resume(laid)
    assert rows(laid, "SELECT deaths FROM step") == [(0,)]
    laid.player.replies = [says("dialogue", text="alive")]
    assert await talk(laid) == "alive"


async def test_a_paused_run_sends_nothing_new(lay: Lay) -> None:
    laid = lay()
    from state import taking

    with laid.store.transaction() as tx:
        taking.pause(tx, laid.run)
    bench: Bench = laid.desk().bench
    assert bench.held()
    laid.player.replies = [says("dialogue", text="later")]
    talking = asyncio.ensure_future(talk(laid))
    for _ in range(20):
        await asyncio.sleep(0)
    assert laid.player.asked == []
    resume(laid)
    assert await talking == "later"


def test_why_a_run_stands_still_says_who_can_help() -> None:
    assert Wait.CHECKPOINT.needs_word and not Wait.NETWORK.needs_word


async def test_what_is_written_to_the_cache_was_read_and_is_counted(lay: Lay) -> None:
    laid = lay()
    laid.player.replies = [replace(says("dialogue", text="ok"), usage=Usage(3, 1000, 200, 20))]
    await talk(laid)
    with reading(laid.places.database, laid.places.blobs) as reader:
        assert reader is not None
        totals = reader.totals(laid.run)
    assert (totals.input, totals.cache_read, totals.output) == (203, 1000, 20)


async def test_a_folder_of_calls_that_was_cleared_away_is_made_again(lay: Lay) -> None:
    laid = lay()
    laid.places.calls.rmdir()
    laid.player.replies = [says("dialogue", text="ok")]
    assert await talk(laid) == "ok"
    assert rows(laid, "SELECT state, error FROM attempt") == [("done", None)]


async def test_a_call_whose_folder_cannot_be_made_costs_nothing_and_is_not_tried_without_end(lay: Lay) -> None:
    laid = lay()
    laid.places.calls.rmdir()
    laid.places.calls.write_text("a person's")
    with pytest.raises(OSError):
        await talk(laid)
    assert laid.player.asked == []
    assert rows(laid, "SELECT state, cost_micros FROM attempt") == [("failed", 0)]


async def test_a_reply_that_cannot_be_kept_is_counted_once_and_not_asked_for_without_end(
    lay: Lay, monkeypatch: pytest.MonkeyPatch
) -> None:
    laid = lay()

    def broken(*_: object, **__: object) -> None:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(durable, "write_json", broken)
    laid.player.replies = [says("dialogue", text="lost"), says("dialogue", text="lost")]
    with pytest.raises(OSError):
        await talk(laid)
    assert rows(laid, "SELECT state, error FROM attempt") == [("doubt", "[Errno 5] Input/output error")]


def test_what_is_set_aside_for_a_chinese_request_covers_a_token_for_each_character() -> None:
    request = Request("m", "你" * 3000, (Message("user", ("好" * 3000,)),), ())
    assert calls._size(request) >= 6000


async def test_a_fault_of_the_labs_own_in_a_call_leaves_nothing_set_aside(lay: Lay) -> None:
    laid = lay()

    def breaks(request: Request) -> Reply:
        raise ZeroDivisionError("a fault")

    laid.player.replies = [breaks]
    with pytest.raises(ZeroDivisionError):
        await talk(laid)
    assert rows(laid, "SELECT state, error FROM attempt") == [("doubt", "a fault")]
    assert rows(laid, "SELECT reserved_micros FROM run") == [(0,)]


async def test_a_reply_that_came_when_its_project_had_been_moved_is_counted(lay: Lay) -> None:
    laid = lay()
    there = laid.places.folder.with_name("there")

    def moved(request: Request) -> Reply:
        laid.places.folder.rename(there)
        return says("dialogue", text="late")

    laid.player.replies = [moved]
    with pytest.raises(FileNotFoundError):
        await talk(laid)
    there.rename(laid.places.folder)
    assert rows(laid, "SELECT state, estimated FROM attempt") == [("doubt", 1)]
