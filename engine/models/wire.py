"""A request as the Messages API takes it, and a reply put together from its stream.

`body` never sends what the API refuses: no empty text, no unpaired tool call, no lone surrogate, tool results first,
roles in turn. `Whole` takes the stream's events one by one and gives a `Reply` only when nothing of it is missing.
Pure functions of their arguments: no network, no clock. Used by `anthropic.py` alone.
"""

from __future__ import annotations

import base64
import json
import math
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from engine.models.base import PICTURE_TOKENS, Block, Message, Picture, Reply, Request, ToolResult, ToolUse, Usage
from state.errors import Plain

NO_TEXT = "(empty)"
NOT_RUN = "(not run)"
CUT_STOPS = frozenset({"max_tokens", "model_context_window_exceeded", "refusal"})
"""Stops after which a tool call may end in the middle: the reply is whole, that call is left out."""

LIMIT_CHARACTERS = 16_000_000

Json = dict[str, Any]


class Broken(Exception):
    """A stream that is no reply; its text is the code of what was wrong."""


def clean(text: str) -> str:
    """Text that UTF-8 can hold: pairs of surrogates joined, lone ones replaced."""
    if text.isascii():
        return text
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def cleaned(value: Plain) -> Plain:
    match value:
        case str():
            return clean(value)
        case list():
            return [cleaned(each) for each in value]
        case dict():
            return {clean(name): cleaned(each) for name, each in value.items()}
    return value


# a request


def body(request: Request, *, marks: bool = True) -> Json:
    """The JSON of a request. `marks` puts cache marks on what stays: tools and system, and the conversation so far."""
    sent: Json = {"model": request.model, "max_tokens": request.max_tokens, "messages": _messages(request.messages)}
    if request.system.strip():
        parts = (request.system[: request.shared], request.system[request.shared :])
        sent["system"] = [{"type": "text", "text": clean(part)} for part in parts if part.strip()]
    if request.tools:
        sent["tools"] = [
            {"name": tool.name, "description": clean(tool.description), "input_schema": _schema(tool.schema)}
            for tool in request.tools
        ]
    if marks:
        _mark(sent)
    return sent


def _schema(schema: dict[str, Plain]) -> Plain:
    return cleaned({"type": "object", **schema})


def _mark(sent: Json) -> None:
    """At most the four that are allowed: where what other conversations share ends, where the opening ends, and the
    last two turns; the one on the turn before is where the last call wrote to."""
    stable = sent.get("system") or sent.get("tools") or []
    turns = [message["content"] for message in sent["messages"] if message["role"] == "user"]
    for block in (*stable[-2:], *(blocks[-1] for blocks in turns[-2:] if blocks)):
        block["cache_control"] = {"type": "ephemeral"}


def _messages(messages: tuple[Message, ...]) -> list[Json]:
    """Turns that take turns: what has nothing to say falls away, neighbours of one role become one."""
    ids, turns = _Ids(), list[Json]()
    for message in messages:
        blocks = [each for block in message.blocks if (each := ids.block(block, message.role)) is not None]
        if turns and turns[-1]["role"] == message.role:
            turns[-1]["content"] += blocks
        elif blocks:
            turns.append({"role": message.role, "content": blocks})
    for before, turn in zip([None, *turns], turns, strict=False):
        if turn["role"] == "user":
            turn["content"] = _paired(turn["content"], before)
    return turns


class _Ids:
    """Ids of tool calls as they are sent: of allowed characters, and each once in a conversation."""

    def __init__(self) -> None:
        self._seen: set[str] = set()
        self._sent: dict[str, str] = {}  # the latest call of that id

    def block(self, block: Block, role: str) -> Json | None:
        match block:
            case ToolUse(id, name, arguments) if role == "assistant":
                base = re.sub(r"[^A-Za-z0-9_-]", "_", id)[:64] or "call"
                sent, n = base, 1
                while sent in self._seen:
                    n += 1
                    sent = f"{base}_{n}"
                self._seen.add(sent)
                self._sent[id] = sent
                tool = re.sub(r"[^A-Za-z0-9_-]", "_", name)[:128] or "unnamed"
                return {"type": "tool_use", "id": sent, "name": tool, "input": cleaned(arguments)}
            case ToolResult(id, text, error) if role == "user" and id in self._sent:
                result: Json = {"type": "tool_result", "tool_use_id": self._sent[id]}
                result["content"] = [{"type": "text", "text": _some(text)}]
                return result | ({"is_error": True} if error else {})
            case Picture(png=png) if role == "user":
                data = base64.b64encode(png).decode()
                return {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": data}}
            case Picture(name=name):
                return {"type": "text", "text": clean(name)}
            case ToolUse(arguments=arguments):
                return {"type": "text", "text": clean(json.dumps(arguments, ensure_ascii=False))}
            case ToolResult(text=text) | (str() as text):
                return {"type": "text", "text": clean(text)} if text.strip() else None


def _paired(blocks: list[Json], before: Json | None) -> list[Json]:
    """Results first, one for each call of the turn before; what answers no open call becomes text."""
    calls = [each["id"] for each in before["content"] if each["type"] == "tool_use"] if before else []
    results: dict[str, Json] = {}
    rest: list[Json] = []
    for block in blocks:
        if block["type"] != "tool_result":
            rest.append(block)
        elif block["tool_use_id"] in calls and block["tool_use_id"] not in results:
            results[block["tool_use_id"]] = block
        else:
            rest += block["content"]
    return [results.get(call) or _not_run(call) for call in calls] + rest


def _not_run(call: str) -> Json:
    text = {"type": "text", "text": NOT_RUN}
    return {"type": "tool_result", "tool_use_id": call, "content": [text], "is_error": True}


def _some(text: str) -> str:
    return clean(text) if text.strip() else NO_TEXT


def size(request: Request) -> int:
    """Tokens of a request, estimated as characters / 4, and the most that pictures may count."""
    words = len(json.dumps(body(request.without_pictures(), marks=False), ensure_ascii=False)) // 4
    return words + PICTURE_TOKENS * len(request.pictures)


# a reply


@dataclass
class _Growing:
    kind: str
    parts: list[str] = field(default_factory=list)
    id: str = ""
    name: str = ""
    given: Any = None  # arguments that came at once, without deltas


class Whole:
    """A reply as it comes. `take` each event, then `reply`: Broken unless everything is there."""

    def __init__(self, request: Request, part: Callable[[str], None]) -> None:
        self._request, self._part = request, part
        self._blocks: dict[int, _Growing] = {}
        self._usage: dict[str, int] = {}
        self._final_output = False
        self._stop: str | None = None
        self._model = ""
        self._characters = 0
        self.events = 0

    def take(self, event: Json) -> None:
        self.events += 1
        match event.get("type"):
            case "message_start":
                message = _table(event.get("message"))
                self._model = message["model"] if isinstance(message.get("model"), str) else ""
                self._count(message.get("usage"))
            case "content_block_start":
                block = _table(event.get("content_block"))
                growing = _Growing(str(block.get("type")), id=_word(block, "id"), name=_word(block, "name"))
                growing.given = block.get("input")
                self._blocks[_index(event)] = growing
                if text := _word(block, "text"):
                    self._add(growing, text)
            case "content_block_delta":
                self._delta(event)
            case "message_delta":
                stop = _table(event.get("delta")).get("stop_reason")
                self._stop = stop if isinstance(stop, str) and stop else self._stop
                self._final_output |= self._count(event.get("usage"))

    def _delta(self, event: Json) -> None:
        delta = _table(event.get("delta"))
        growing = self._blocks.get(_index(event))
        if growing is None:
            raise Broken("garbled")
        match delta.get("type"):
            case "text_delta":
                self._add(growing, _word(delta, "text"))
            case "input_json_delta":
                self._grow(growing, _word(delta, "partial_json"))
            case "thinking_delta":
                self._characters += len(_word(delta, "thinking"))

    def _add(self, growing: _Growing, text: str) -> None:
        self._grow(growing, text)
        self._part(clean(text))

    def _grow(self, growing: _Growing, text: str) -> None:
        growing.parts.append(text)
        self._characters += len(text)
        if self._characters > LIMIT_CHARACTERS:
            raise Broken("endless")

    def _count(self, usage: object) -> bool:
        """Keep what the endpoint counted; True where it counted the output."""
        told = {name: n for name, n in _table(usage).items() if type(n) is int and n >= 0}
        self._usage |= {name: n for name, n in told.items() if n or name not in self._usage}  # 0 at the end: not said
        return "output_tokens" in told

    def reply(self) -> Reply:
        if self._stop is None:
            raise Broken("cut" if self.events else "nothing")
        blocks: list[Block] = []
        for index in sorted(self._blocks):
            growing = self._blocks[index]
            if growing.kind == "text":
                if text := clean("".join(growing.parts)):
                    blocks.append(text)
            elif growing.kind == "tool_use":
                try:
                    arguments = _arguments(growing)
                except Broken:
                    if self._stop not in CUT_STOPS:
                        raise
                    continue
                name = clean(growing.name)
                blocks.append(ToolUse(clean(growing.id) or f"call_{index}", name, arguments))
        model = clean(self._model) or self._request.model
        return Reply(Message("assistant", tuple(blocks)), clean(self._stop), self._used(), model)

    def _used(self) -> Usage:
        """As counted, or characters / 4 for what was not: a request and a reply with something in it are never 0."""
        read = self._usage.get("cache_read_input_tokens", 0)
        write = self._usage.get("cache_creation_input_tokens", 0)
        asked = self._usage.get("input_tokens", 0)
        answered = self._usage.get("output_tokens", 0) if self._final_output else 0
        estimated = False
        if asked + read + write == 0:
            asked, estimated = size(self._request), True
        if not self._final_output or (answered == 0 and self._characters):
            answered, estimated = max(1, self._characters // 4), True
        return Usage(asked, read, write, answered, estimated)


def _arguments(growing: _Growing) -> dict[str, Plain]:
    text = "".join(growing.parts)
    value: Any = growing.given
    if text.strip():
        try:
            value = json.loads(text, parse_constant=_refuse, parse_float=_finite)
        except (ValueError, RecursionError):
            raise Broken("tool_call_cut") from None
    if not isinstance(value, dict):
        raise Broken("tool_call_cut")
    try:
        arguments = cleaned(value)
    except RecursionError:
        raise Broken("tool_call_cut") from None
    assert isinstance(arguments, dict)
    return arguments


def _finite(text: str) -> float:
    if not math.isfinite(value := float(text)):
        raise ValueError(text)
    return value


def _refuse(text: str) -> float:
    raise ValueError(text)  # NaN and Infinity are not JSON, and cannot be kept


def _table(value: object) -> Json:
    return value if isinstance(value, dict) else {}


def _word(table: Json, name: str) -> str:
    value = table.get(name)
    return value if isinstance(value, str) else ""


def _index(event: Json) -> int:
    index = event.get("index")
    return index if isinstance(index, int) else 0
