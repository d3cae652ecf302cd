"""The real SDK against a double of the Messages API on loopback: whole replies come through, and every fault has the
fate that the run needs."""

from __future__ import annotations

import base64
import json
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.models import fate
from engine.models.anthropic import AnthropicModel
from engine.models.base import (
    PICTURE_TOKENS,
    Fate,
    Message,
    ModelError,
    Picture,
    Reply,
    Request,
    ToolResult,
    ToolSpec,
    ToolUse,
)
from engine.models.wire import Broken, Whole, size
from state.profiles import ModelInfo, Profile, profiles
from tests.engine.experiments.test_png import png as picture
from tests.servers import messages_faults as faults
from tests.servers.messages import Json, MessagesServer, request_of, wire_of

PLAN = ToolSpec("plan", "Hand in the plan.", {"properties": {"text": {"type": "string"}}})
HELLO = Request("claude-sonnet-5-5", "You are a postdoc.", (Message("user", ("Hello",)),), (PLAN,), 1000)


def says(*blocks: Any, **more: Any) -> Callable[[Json], Json]:
    content = [{"type": "text", "text": block} if isinstance(block, str) else block for block in blocks]
    return lambda body: {"content": content, **more}


def call(name: str = "plan", id: str = "toolu_1", **arguments: Any) -> Json:
    return {"type": "tool_use", "id": id, "name": name, "input": arguments}


def profile(url: str, **more: Any) -> Profile:
    table = {"name": "anthropic", "base_url": url, "keys": ("K",), "version": "2026-10-21", **more}
    return Profile(**table, models={HELLO.model: ModelInfo(name=HELLO.model)})


@dataclass
class Lab:
    """A model, the server it asks, and what a person would have watched."""

    server: MessagesServer
    model: AnthropicModel
    watched: list[str] = field(default_factory=list)

    async def ask(self, request: Request = HELLO) -> Reply:
        return await self.model.stream(request, self.watched.append)

    async def fails(self) -> ModelError:
        with pytest.raises(ModelError) as caught:
            await self.ask()
        return caught.value


@asynccontextmanager
async def lab(
    answer: Callable[[Json], Json], fault: faults.Fault | None = None, key: str = "sk-1", **more: Any
) -> AsyncIterator[Lab]:
    table = {1: fault, 0: fault} if fault is not None else {}
    with MessagesServer(answer, table, key="sk-1") as server:
        model = AnthropicModel(profile(server.url, **more), key)
        try:
            yield Lab(server, model)
        finally:
            await model.close()


ANSWER = says("Weight decay sets the clock. " * 20, call(text="seeds = 3 " * 40))


async def test_a_whole_reply_comes_with_its_text_its_tool_call_its_usage_and_the_model_that_answered() -> None:
    async with lab(ANSWER) as it:
        reply = await it.ask()
    assert reply.text == "Weight decay sets the clock. " * 20
    assert reply.tool_uses == (ToolUse("toolu_1", "plan", {"text": "seeds = 3 " * 40}),)
    assert (reply.stop, reply.model) == ("tool_use", HELLO.model)
    assert reply.usage.output > 100 and reply.usage.cache_write > 0 and not reply.usage.estimated
    assert "".join(it.watched) == reply.text and len(it.watched) > 3


async def test_what_stays_the_same_is_read_from_the_cache_in_the_next_turn() -> None:
    async with lab(says("Go on.")) as it:
        first = await it.ask()
        turn = (Message("assistant", ("Go on.",)), Message("user", ("And then?",)))
        second = await it.ask(Request(HELLO.model, HELLO.system, HELLO.messages + turn, HELLO.tools, 1000))
    assert second.usage.cache_read == first.usage.cache_read + first.usage.cache_write > 0
    marked = json.dumps(it.server.asked[1].body).count("cache_control")
    assert 1 <= marked <= 4


async def test_what_conversations_share_is_read_from_the_cache_by_the_next_one() -> None:
    shared = "You grade. " * 500
    grades = [replace(HELLO, system=f"{shared}program {n}", shared=len(shared)) for n in (1, 2)]
    async with lab(says("Good.")) as it:
        first, second = [await it.ask(one) for one in grades]
        alone = await it.ask(replace(grades[1], system=f"{shared}program 3", shared=0))
    assert first.usage.cache_read == alone.usage.cache_read == 0 < len(shared) // 8 < second.usage.cache_read
    assert "".join(block["text"] for block in it.server.asked[0].body["system"]) == grades[0].system


async def test_a_picture_goes_to_a_model_that_sees_and_is_named_to_one_that_does_not() -> None:
    png = picture(640, 480)
    turn = Message("user", ("Look.", Picture("steps.png", png)))
    request = Request(HELLO.model, HELLO.system, (turn,), HELLO.tools, 1000)
    async with lab(says("Two lines.")) as it:
        await it.ask(request)
        await it.ask(request.without_pictures())
    seen, told = (asked.body["messages"][0]["content"] for asked in it.server.asked)
    source = seen[1]["source"]
    assert (seen[1]["type"], source["type"], source["media_type"]) == ("image", "base64", "image/png")
    assert base64.b64decode(source["data"]) == png
    assert told[1]["text"] == "(steps.png cannot be shown to you)"
    assert size(request) - size(request.without_pictures()) == PICTURE_TOKENS


async def test_an_endpoint_that_would_want_its_thoughts_back_is_asked_not_to_think() -> None:
    async with lab(ANSWER) as it, lab(ANSWER, no_thinking=True) as told:
        await it.ask()
        await told.ask()
    assert "thinking" not in it.server.asked[0].body
    assert told.server.asked[0].body["thinking"] == {"type": "disabled"}
    known = profiles({})
    assert [name for name in known if known[name].no_thinking] == ["deepseek", "kimi"]


def test_a_count_of_nothing_at_the_end_takes_back_no_count() -> None:
    whole = Whole(HELLO, lambda text: None)
    whole.take({"type": "message_start", "message": {"usage": {"input_tokens": 900, "cache_read_input_tokens": 40}}})
    whole.take(
        {
            "type": "message_delta",
            "delta": {"stop_reason": "end_turn"},
            "usage": {"input_tokens": 0, "output_tokens": 7},
        }
    )
    used = whole.reply().usage
    assert (used.input, used.cache_read, used.output, used.estimated) == (900, 40, 7, False)


async def test_an_endpoint_that_reads_no_marks_gets_none() -> None:
    async with lab(ANSWER, cache_marks=False) as it:
        await it.ask()
    assert "cache_control" not in json.dumps(it.server.asked[0].body)


async def test_the_version_and_the_key_are_sent_as_the_profile_says(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANTHROPIC_CUSTOM_HEADERS", "X-Secret: for-anthropic-only")
    monkeypatch.setenv("ANTHROPIC_AUTH_TOKEN", "another")
    async with lab(ANSWER, name="deepseek", version="2023-06-01") as it:
        await it.ask()
    sent = it.server.asked[0].headers
    assert sent["anthropic-version"] == "2023-06-01"
    assert sent["authorization"] == "Bearer sk-1" and sent["x-api-key"] == "sk-1"
    assert "x-secret" not in sent
    async with lab(ANSWER, both_headers=False) as it:
        await it.ask()
    assert "x-api-key" not in it.server.asked[0].headers


SENT, NOT_SENT = True, False


@pytest.mark.parametrize(
    ("fault", "fate", "code", "sent"),
    [
        (faults.reset(0), Fate.RETRY, "cut", SENT),
        (faults.reset(1), Fate.RETRY, "cut", SENT),
        (faults.reset(5), Fate.RETRY, "cut", SENT),
        (faults.hang_up(4), Fate.RETRY, "cut", SENT),
        (faults.ends_early(0), Fate.RETRY, "nothing", SENT),
        (faults.ends_early(5), Fate.RETRY, "cut", SENT),
        (faults.tool_cut(), Fate.RETRY, "tool_call_cut", SENT),
        (faults.garbled(), Fate.RETRY, "garbled", SENT),
        (faults.silent(0), Fate.RETRY, "silent", SENT),
        (faults.silent(4), Fate.RETRY, "silent", SENT),
        (faults.error_event(), Fate.RETRY, "overloaded", SENT),
        (faults.error_event("authentication_error", "no"), Fate.AUTH, "bad_key", SENT),
        (faults.error_event("invalid_request_error", "spend limit reached"), Fate.BUDGET, "no_credit", SENT),
        (faults.status(429, "rate_limit_error"), Fate.RETRY, "rate_limited", SENT),
        (faults.status(529, "overloaded_error"), Fate.RETRY, "overloaded", SENT),
        (faults.status(500), Fate.RETRY, "server_error", SENT),
        (faults.status(502), Fate.RETRY, "server_error", SENT),
        (faults.page(503), Fate.RETRY, "server_error", SENT),
        (faults.status(409, "conflict_error"), Fate.RETRY, "server_error", SENT),
        (faults.page(200), Fate.NETWORK, "page_instead", NOT_SENT),
        (faults.page(403), Fate.NETWORK, "page_instead", NOT_SENT),
        (faults.status(302, location="https://portal.example/"), Fate.NETWORK, "page_instead", NOT_SENT),
        (faults.page(404), Fate.REFUSED, "not_found", SENT),
        (faults.status(401, "authentication_error"), Fate.AUTH, "bad_key", SENT),
        (faults.status(403, "permission_error"), Fate.AUTH, "not_permitted", SENT),
        (faults.status(402, "billing_error"), Fate.BUDGET, "no_credit", SENT),
        (
            faults.status(400, "invalid_request_error", "no", "contract_spend_limit_reached"),
            Fate.BUDGET,
            "no_credit",
            SENT,
        ),
        (faults.status(400, words="Your credit balance is too low"), Fate.BUDGET, "no_credit", SENT),
        (faults.status(429, "exceeded_current_quota_error"), Fate.BUDGET, "no_credit", SENT),
        (faults.status(400, "invalid_request_error"), Fate.REFUSED, "refused", SENT),
        (faults.status(404, "not_found_error"), Fate.REFUSED, "not_found", SENT),
        (faults.status(413, "request_too_large"), Fate.REFUSED, "too_large", SENT),
        (faults.plain("whole at once"), Fate.REFUSED, "not_a_stream", SENT),
    ],
    ids=lambda value: (
        f"{value.kind}-{value.status or value.type or value.after}" if isinstance(value, faults.Fault) else ""
    ),
)
async def test_every_fault_has_its_fate_and_is_asked_once(
    fault: faults.Fault, fate: Fate, code: str, sent: bool
) -> None:
    async with lab(ANSWER, fault, read_s=0.3) as it:
        error = await it.fails()
        assert (error.fate, error.facts["code"], error.sent) == (fate, code, sent)
        assert it.server.count == 1  # never re-sent by itself
        try:
            told = await it.ask()
        except ModelError as late:  # the connection that the server closed was taken for open: asked once more
            assert (late.fate, late.facts["code"]) == (Fate.RETRY, "cut")
            told = await it.ask()
        assert told.text  # and the same model goes on


@pytest.mark.parametrize(
    "text",
    [
        "[1]",
        '"x"',
        "null",
        "{}",
        "7",
        '{"type": 3}',
        '{"type": "message_start"}',
        '{"type": "message_start", "message": 1}',
        '{"type": "content_block_delta", "index": 99, "delta": {"type": "text_delta", "text": "x"}}',
        '{"type": "content_block_delta", "index": "a", "delta": []}',
        '{"type": "content_block_start", "content_block": {}}',
        '{"type": "message_delta", "delta": {"stop_reason": 1}, "usage": {"output_tokens": -1}}',
        "\udcff\udcfe",
        "[" * 5000,
    ],
)
async def test_an_event_that_is_none_is_a_broken_stream_and_no_crash(text: str) -> None:
    for after in (0, 3):
        async with lab(ANSWER, faults.garbled(after, text)) as it:
            assert (await it.fails()).fate is Fate.RETRY


def test_a_date_to_wait_for_is_by_the_endpoint_s_clock() -> None:
    dates = {"date": "Wed, 25 Nov 2020 18:00:00 GMT", "retry-after": "Wed, 25 Nov 2020 18:00:30 GMT"}
    assert fate.retry_after(dates) == (30.0, 30.0)
    assert fate.retry_after({"retry-after": dates["retry-after"]}) == (0.0, 0.0)
    assert fate.retry_after({"retry-after": dates["retry-after"], "date": "today"}) == (None, None)


def test_a_proxy_s_page_is_a_network_that_is_away_but_its_rate_limit_is_the_endpoint_s() -> None:
    page = {"kind": "text/html", "body": "<html>billing spend limit</html>", "headers": {"retry-after": "5"}}
    busy = fate.fate_of(fate.Answer(429, **page))  # type: ignore[arg-type]  # the fields of an answer
    assert (busy.fate, busy.why, busy.after_s) == (Fate.RETRY, "rate_limited", 5.0)
    assert fate.fate_of(fate.Answer(403, **page)).fate is Fate.NETWORK  # type: ignore[arg-type]  # as above
    assert "html" not in fate.fate_of(fate.Answer(502, **page)).why  # type: ignore[arg-type]  # as above


@pytest.mark.parametrize("fault", [faults.status(429, retry_after="7"), faults.status(529, retry_after_ms="7000")])
async def test_the_time_that_the_endpoint_asks_for_is_told(fault: faults.Fault) -> None:
    async with lab(ANSWER, fault) as it:
        error = await it.fails()
    assert (error.after_s, error.status) == (7.0, fault.status)


@pytest.mark.parametrize(("asked", "waits_s"), [("999999", 3600.0), ("-3", 0.0), ("soon", None), ("inf", None)])
async def test_a_retry_after_that_nobody_would_wait_for_is_capped_and_told(asked: str, waits_s: float | None) -> None:
    async with lab(ANSWER, faults.status(429, retry_after=asked)) as it:
        error = await it.fails()
    assert error.after_s == waits_s
    assert waits_s != 3600.0 or error.facts["retry_after_s"] == 999999.0


async def test_the_endpoints_own_words_reach_the_person_without_control_characters() -> None:
    async with lab(ANSWER, faults.status(400, words="max_tokens: \x1b[2J too many\nfor this model")) as it:
        error = await it.fails()
    assert error.why == "refused: max_tokens:  [2J too many for this model"


async def test_nothing_was_sent_where_nobody_listens() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        model = AnthropicModel(profile(f"http://127.0.0.1:{taken.getsockname()[1]}"), "sk-1")
        with pytest.raises(ModelError) as caught:
            await model.stream(HELLO, lambda _: None)
        assert (caught.value.fate, caught.value.facts["code"], caught.value.sent) == (
            Fate.NETWORK,
            "no_connection",
            False,
        )
        assert not await model.reachable()


async def test_nothing_was_sent_where_the_name_leads_nowhere() -> None:
    model = AnthropicModel(profile("http://no-such-host.invalid"), "sk-1")
    with pytest.raises(ModelError) as caught:
        await model.stream(HELLO, lambda _: None)
    assert (caught.value.fate, caught.value.sent) == (Fate.NETWORK, False)


async def test_a_wrong_key_is_the_persons_to_mend_and_is_not_shown() -> None:
    async with lab(ANSWER, key="sk-wrong-secret") as it:
        error = await it.fails()
    assert error.fate is Fate.AUTH and "secret" not in f"{error!r} {error.facts}"


async def test_an_endpoint_on_this_machine_is_asked_past_the_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")  # nobody is there
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)
    async with lab(ANSWER) as it:
        assert (await it.ask()).message.blocks and await it.model.reachable()


async def test_a_redirection_is_not_followed_so_nobody_else_is_given_the_key_or_the_question() -> None:
    async with lab(ANSWER) as elsewhere:
        away = faults.status(307, location=f"{elsewhere.server.url}/v1/messages")
        async with lab(ANSWER, away) as it:
            await it.fails()
        assert (it.server.count, elsewhere.server.count) == (1, 0)


async def test_the_probe_costs_nothing_sends_no_key_and_is_not_fooled_by_a_portal() -> None:
    async with lab(ANSWER) as it:
        assert await it.model.reachable()
        assert (it.server.count, it.server.probes) == (0, 1)
    async with lab(ANSWER, faults.page(200)) as it:
        assert not await it.model.reachable()


async def test_usage_that_is_missing_is_estimated_and_marked() -> None:
    async with lab(says("a" * 4000), faults.no_usage()) as it:
        usage = (await it.ask()).usage
    assert usage.estimated and usage.output == 1000 and usage.input > 20


@pytest.mark.parametrize("stop", ["max_tokens", "refusal", "model_context_window_exceeded"])
async def test_a_reply_that_stops_for_another_reason_is_whole_and_its_cut_call_left_out(stop: str) -> None:
    async with lab(says("So far", call(text="x" * 90), stop_reason=stop), faults.tool_cut()) as it:
        reply = await it.ask()
    assert (reply.stop, reply.text, reply.tool_uses) == (stop, "So far", ())


async def test_the_model_that_really_answered_is_told() -> None:
    async with lab(says("The answer", model="claude-sonnet-5-5-20260929")) as it:
        assert (await it.ask()).model == "claude-sonnet-5-5-20260929"


def test_thoughts_are_counted_and_not_taken_for_an_answer() -> None:
    whole = Whole(HELLO, lambda _: pytest.fail("a thought was shown as an answer"))
    whole.take({"type": "content_block_start", "index": 0, "content_block": {"type": "thinking", "thinking": ""}})
    whole.take({"type": "content_block_delta", "index": 0, "delta": {"type": "thinking_delta", "thinking": "hm" * 400}})
    whole.take({"type": "message_delta", "delta": {"stop_reason": "end_turn"}})
    reply = whole.reply()
    assert reply.message.blocks == () and (reply.usage.output, reply.usage.estimated) == (200, True)


@pytest.mark.parametrize("number", [float("nan"), float("inf")])
async def test_arguments_that_json_cannot_hold_are_not_taken(number: float) -> None:
    async with lab(says(call(lr=number))) as it:
        error = await it.fails()
    assert (error.fate, error.facts["code"]) == (Fate.RETRY, "tool_call_cut")


@pytest.mark.parametrize("text", ['{"lr": 1e999}', "[1]", '"plan"', '{"a": ' * 20_000, "{} {}"])
def test_arguments_that_are_no_object_are_not_taken(text: str) -> None:
    whole = Whole(HELLO, lambda _: None)
    whole.take({"type": "content_block_start", "index": 0, "content_block": call()})
    whole.take({"type": "content_block_delta", "index": 0, "delta": {"type": "input_json_delta", "partial_json": text}})
    whole.take({"type": "message_delta", "delta": {"stop_reason": "tool_use"}, "usage": {"output_tokens": 9}})
    with pytest.raises(Broken, match="tool_call_cut"):
        whole.reply()


async def test_a_reply_of_a_million_characters_comes_whole() -> None:
    text = "数据 0123456789 " * 80_000
    async with lab(says(text, call(text=text))) as it:
        it.server.piece = 20_000
        reply = await it.ask()
    assert reply.text == text and reply.tool_uses[0].arguments == {"text": text}


async def test_halves_of_a_character_in_two_pieces_are_joined_and_lone_ones_replaced() -> None:
    async with lab(says("\ud83d\ude00 \ud800!")) as it:
        it.server.piece = 1
        reply = await it.ask()
    assert reply.text == "😀 \ufffd!"
    assert reply.text.encode()


# requests that the service would take, whatever a conversation holds

USE = ToolUse("toolu_1", "plan", {"text": "x"})


@pytest.mark.parametrize(
    "messages",
    [
        (Message("user", ("  ", "Hello", "")),),
        (Message("user", ("Hello",)), Message("assistant", ()), Message("user", ("That was empty.",))),
        (Message("user", ("Hello",)), Message("assistant", (USE,)), Message("user", ("That was no plan.",))),
        (
            Message("user", ("Hello",)),
            Message("assistant", (USE,)),
            Message("user", ("A note", ToolResult("toolu_1", ""))),
        ),
        (
            Message("user", ("Hello",)),
            Message("user", ("again",)),
            Message("assistant", ("Yes",)),
            Message("user", ("So?",)),
        ),
        (Message("user", ("Hello", ToolResult("toolu_9", "an answer to nothing"))),),
        (
            Message("user", ("Hello",)),
            Message("assistant", (USE, ToolUse("a.b c", "no such tool!", {"\ud800": ["\udfff"]}))),
            Message("user", (ToolResult("toolu_1", "one"),)),
            Message("user", (ToolResult("a.b c", "two\x00"), "and a note \udc00")),
            Message("assistant", (USE,)),
            Message("user", (ToolResult("toolu_1", "once more"),)),
        ),
    ],
)
async def test_a_conversation_with_gaps_is_sent_so_that_it_is_taken(messages: tuple[Message, ...]) -> None:
    async with lab(ANSWER) as it:
        await it.ask(Request(HELLO.model, " ", messages, HELLO.tools))
    assert it.server.refused == []
    texts = json.dumps(it.server.asked[0].body, ensure_ascii=False)
    assert all(
        block in texts for message in messages for block in message.blocks if block in ("Hello", "A note", "So?")
    )


async def test_a_result_stays_with_its_call_when_an_id_comes_twice() -> None:
    turns = [(Message("assistant", (USE,)), Message("user", (ToolResult("toolu_1", f"answer {n}"),))) for n in (1, 2)]
    async with lab(ANSWER) as it:
        await it.ask(Request(HELLO.model, "", (*HELLO.messages, *turns[0], *turns[1]), HELLO.tools))
    sent = request_of(it.server.asked[0].body).messages
    pairs = [(sent[i].blocks[0], sent[i + 1].blocks[0]) for i in (1, 3)]
    ids = [(use.id, result.id, result.text) for use, result in pairs]  # type: ignore[union-attr]  # as just built
    assert ids == [("toolu_1", "toolu_1", "answer 1"), ("toolu_1_2", "toolu_1_2", "answer 2")]


async def test_a_question_without_a_question_is_not_sent() -> None:
    async with lab(ANSWER) as it:
        with pytest.raises(ModelError) as caught:
            await it.ask(Request(HELLO.model, "", (Message("user", (" ",)),), ()))
    assert (caught.value.fate, caught.value.sent, it.server.count) == (Fate.REFUSED, False, 0)


# whatever a model says

WORDS = st.text(st.characters(exclude_categories=["Cs"]), max_size=300) | st.sampled_from(
    ["", "实验结果：验证损失下降", "\x00\x07\x1b[2J\r\n\r\n", "data: x\n\nevent: error\n\n", "\u2028\x85", "水" * 900]
)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | WORDS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS, inner, max_size=3),
    max_leaves=6,
)


@pytest.fixture(scope="module")
def echo() -> Any:
    """A server that says what the test has put into `said`."""
    said: list[Json] = []
    with MessagesServer(lambda body: said[-1]) as server:
        yield said, server


@given(text=WORDS, arguments=st.dictionaries(WORDS, VALUES, max_size=3), piece=st.integers(1, 4000))
@settings(max_examples=40, deadline=None, database=None)
async def test_any_text_and_any_arguments_survive_the_wire(
    echo: tuple[list[Json], MessagesServer], text: str, arguments: dict[str, Any], piece: int
) -> None:
    said, server = echo
    said[:] = [{"content": [{"type": "text", "text": text}, call(a=arguments)]}]
    server.piece = max(piece, len(json.dumps(said)) // 50)
    model = AnthropicModel(profile(server.url), None)
    try:
        reply = await model.stream(HELLO, lambda _: None)
        await model.stream(
            Request(HELLO.model, "", (*HELLO.messages, reply.message, Message("user", (text, "Go on."))), (PLAN,)),
            lambda _: None,
        )
    finally:
        await model.close()
    assert reply.text == text
    assert reply.tool_uses[0].arguments == {"a": arguments}
    assert server.refused == []  # what was said is taken back as a part of the conversation
    assert wire_of(reply)["content"][-1]["input"] == {"a": arguments}
