"""Replies that break every rule, over the real wire: no crash, always a next step, or a wait with the reason.

What is generated here comes through the SDK from a double of the Messages API, which also refuses whatever the real
service would: a conversation that a bad reply has spoiled would show as a refused request.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from hypothesis import HealthCheck, Phase, event, example, given, settings
from hypothesis import strategies as st

from engine import seat, setbacks
from engine.answering import Answer
from engine.desk import Desk
from engine.models.anthropic import AnthropicModel, preload
from engine.phases import plan_formulation
from engine.prompt import fields_of
from state import lineage, profiles
from state.products.plan import Plan
from state.vocabulary import Choice, Role
from tests.engine.conftest import Laid
from tests.engine.phases.played import PLAN, REVIEW, inputs_with
from tests.faults.garbling import BIG, CASES, Case, answering, calls, nested, replies
from tests.servers.messages import Json, MessagesServer

Lay = Callable[..., Laid]

quick = settings(
    max_examples=12,
    deadline=None,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],  # a script is told as it was found: shrinking takes minutes
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large],
)


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    preload()
    monkeypatch.setattr(setbacks, "BACKOFF_S", (0.0,))


@contextmanager
def endpoint(laid: Laid, script: list[Json]) -> Iterator[MessagesServer]:
    """A server that says these replies in turn, and the real model in the player's place."""
    with MessagesServer(lambda body: script.pop(0), piece=BIG) as server:
        profile = profiles.parse("anthropic").profile.model_copy(update={"base_url": server.url})
        laid.player = AnthropicModel(profile, "key")  # type: ignore[assignment]  # a real model in the test's place
        yield server


async def with_person(laid: Laid, work: asyncio.Future[Answer | Plan | None]) -> list[dict[str, object]]:
    """Until the work is done; a person says `retry` to whatever waits for one. The facts of those waits."""
    shown = []
    while not work.done():
        row = laid.store.row("SELECT id, facts FROM wait WHERE why != 'backoff' AND closed_seq IS NULL")
        if row is not None:
            shown.append(json.loads(row["facts"]))
            assert len(shown) < 9, f"the run does not get on: {shown[-1]}"
            with laid.store.transaction() as tx:
                lineage.close_wait(tx, row["id"], Choice.RETRY.value)
            laid.bell.ring()
        ring = asyncio.ensure_future(laid.bell.heard(0.5))
        await asyncio.wait({work, ring}, return_when=asyncio.FIRST_COMPLETED)
        ring.cancel()
    await laid.player.close()
    return shown


def attempts(laid: Laid, state: str) -> int:
    return len(laid.store.rows("SELECT 1 FROM attempt WHERE state = ?", (state,)))


def steps(laid: Laid) -> list[tuple[object, ...]]:
    return [tuple(row) for row in laid.store.rows("SELECT path, fingerprint, state, outcome FROM step ORDER BY id")]


async def asked_twice(desk: Desk, case: Case) -> list[Answer]:
    """Two answers of one conversation: what was wrong before the first must not spoil the second."""
    blank = dict.fromkeys(fields_of(desk.frame.prompt("plan_formulation/student")))
    student = desk.seat(Role.PHD_STUDENT, "student", **blank)
    return [await student.ask(news, answers=case[0]) for news in ("first", "second")]


SCRIPTS = st.sampled_from(CASES).flatmap(
    lambda case: st.tuples(st.just(case), st.lists(replies(case), min_size=1, max_size=6))
)


def refusing(text: str = "") -> Json:
    return {"content": [{"type": "text", "text": text}] if text else [], "stop_reason": "end_turn"}


def cut_call(case: Case) -> Json:
    """A tool call whose arguments are no object: to the wire, a reply that did not come whole."""
    use = {"type": "tool_use", "id": "toolu_1", "name": case[0][0].tool, "input": ["no", "object"]}
    return {"content": [use], "stop_reason": "tool_use"}


def odd_call(id: str, name: str, arguments: object) -> Json:
    return {"content": [{"type": "tool_use", "id": id, "name": name, "input": arguments}] * 2}


@quick
@given(SCRIPTS)
@example((CASES[2], [refusing()] * 9))
@example((CASES[2], [odd_call("编号" * 100, "对话 ?" * 60, {"text": "\ud83d\x00", "深": nested(200)})] * 2))
@example((CASES[2], [cut_call(CASES[2])] * 11))
@example((CASES[5], [refusing("x" * BIG), {**answering(CASES[5]), "stop_reason": "max_tokens"}]))
def test_a_bad_reply_goes_back_or_waits_with_its_reason_and_a_good_one_is_taken(
    lay: Lay, told: tuple[Case, list[Json]]
) -> None:
    case, bad = told
    laid = lay()

    async def live() -> tuple[list[Answer], list[dict[str, object]]]:
        work = asyncio.ensure_future(asked_twice(laid.desk(), case))
        shown = await with_person(laid, work)
        return work.result(), shown

    with endpoint(laid, [*bad, answering(case), answering(case), answering(case)]) as server:
        answers, shown = asyncio.run(live())
        assert len(answers) == 2 and all(isinstance(answer, case[0]) for answer in answers)
        assert server.refused == []
        done, doubt = attempts(laid, "done"), attempts(laid, "doubt")
        assert done + doubt == server.count and attempts(laid, "flying") == 0
        sent_back = done - 2
        event(f"sent back {min(sent_back, 5)}, cut {min(doubt, 5)}, waits {len(shown)}")
        by_kind = [facts["what"] for facts in shown]
        assert all(str(facts.get("why")) not in ("", "None") for facts in shown)
        # the fourth bad reply to one question brings the person in, and then every fourth
        assert by_kind.count("reply_refused") <= sent_back // (seat.PATIENCE + 1)
        assert by_kind.count("replies_cut") <= doubt // setbacks.CHARGED_TRIES
        for asked in server.asked[1:]:
            before = server.asked[asked.n - 2]
            last = json.dumps(asked.body["messages"][-1], ensure_ascii=False)
            assert asked.sha == before.sha or "<refusal>" in last or "second" in last
        recorded, count = steps(laid), server.count
        again = asyncio.run(asked_twice(laid.desk(), case))
        assert again == answers and steps(laid) == recorded and server.count == count


@pytest.mark.parametrize("times", (3, 4, 8))
def test_after_three_bad_replies_the_person_is_asked_and_told_why(lay: Lay, times: int) -> None:
    laid = lay()
    case = CASES[2]

    async def live() -> list[dict[str, object]]:
        return await with_person(laid, asyncio.ensure_future(asked_twice(laid.desk(), case)))

    with endpoint(laid, [refusing("no tool")] * times + [answering(case)] * 2):
        shown = asyncio.run(live())
    assert [facts["what"] for facts in shown] == ["reply_refused"] * (times // 4)
    assert all("no tool was called" in str(facts["why"]) for facts in shown)


@pytest.mark.parametrize("times", (4, 5, 10))
def test_replies_that_never_come_whole_are_paid_for_five_times_and_not_for_ever(lay: Lay, times: int) -> None:
    laid = lay()
    case = CASES[2]

    async def live() -> list[dict[str, object]]:
        return await with_person(laid, asyncio.ensure_future(asked_twice(laid.desk(), case)))

    with endpoint(laid, [cut_call(case)] * times + [answering(case)] * 2) as server:
        shown = asyncio.run(live())
        assert server.count == times + 2
    assert [facts["what"] for facts in shown] == ["replies_cut"] * (times // 5)
    assert all("tool_call_cut" in str(facts["why"]) for facts in shown)


DRAFT = {"text": PLAN.body, **PLAN.model_dump(exclude={"body"}, mode="json")}
PLANNING: Case = (CASES[2][0], DRAFT)


@settings(quick, max_examples=8)
@given(st.lists(st.one_of(replies(PLANNING), calls(PLANNING).map(lambda use: {"content": [use]})), max_size=8))
def test_a_whole_phase_lives_through_random_replies(lay: Lay, bad: list[Json]) -> None:
    laid = lay()

    def anything(body: Json) -> Json:
        if bad:
            return bad.pop(0)
        offered = {tool["name"] for tool in body["tools"]}
        if "plan" in offered:
            return answering(PLANNING)
        use = {"type": "tool_use", "id": "t", "name": "dialogue", "input": {"text": "Then plan."}}
        return {"content": [use]}

    def desk() -> Desk:
        laid_out = laid.desk()
        laid_out.inputs = inputs_with(REVIEW)
        return laid_out

    async def live() -> Plan | None:
        work = asyncio.ensure_future(plan_formulation.run(desk()))
        await with_person(laid, work)
        return work.result()

    with endpoint(laid, []) as server:
        server.answer = anything
        plan = asyncio.run(live())
        assert isinstance(plan, Plan) and server.refused == []
        recorded, count = steps(laid), server.count
        assert asyncio.run(plan_formulation.run(desk())) == plan
        assert server.count == count and steps(laid) == recorded
