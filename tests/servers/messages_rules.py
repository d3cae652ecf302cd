"""What the Messages API refuses, and what its cache would remember: the rules of the double in `messages.py`."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import struct
from typing import Any

Json = dict[str, Any]

KINDS = {"text", "image", "document", "tool_use", "tool_result", "thinking", "redacted_thinking"}
NAME = re.compile(r"[A-Za-z0-9_-]{1,128}")
GONE = ("temperature", "top_p", "top_k")
MARKS = 4


def blocks(content: Any) -> list[Json]:
    return [{"type": "text", "text": content}] if isinstance(content, str) else content


def refusal(body: Any) -> str | None:
    """Why the service would answer 400; None if it would take the request."""
    if not isinstance(body, dict) or not isinstance(body.get("model"), str) or not body["model"]:
        return "model: field required"
    if type(body.get("max_tokens")) is not int or body["max_tokens"] < 1:
        return "max_tokens: must be a positive integer"
    if gone := next((name for name in GONE if name in body), None):
        return f"{gone}: not supported"
    if _surrogate(body):
        return "the body holds a lone surrogate"
    if (why := _tools(body.get("tools", [])) or _system(body.get("system", []))) is not None:
        return why
    messages = body.get("messages")
    if not isinstance(messages, list) or not messages:
        return "messages: at least one message is required"
    if (why := _messages(messages)) is not None:
        return why
    marks = [block for block in _marked(body) if "cache_control" in block]
    if len(marks) > MARKS:
        return f"cache_control: at most {MARKS} blocks, found {len(marks)}"
    return None


def _tools(tools: list[Json]) -> str | None:
    names = [tool.get("name", "") for tool in tools]
    if len(set(names)) < len(names):
        return "tools: names must be unique"
    for tool in tools:
        if not NAME.fullmatch(tool.get("name", "")):
            return f"tools: bad name {tool.get('name')!r}"
        if tool.get("input_schema", {}).get("type") != "object":
            return f"tools.{tool['name']}.input_schema: type must be object"
    return None


def _system(system: Any) -> str | None:
    if any(block.get("type") != "text" or not block.get("text", "").strip() for block in blocks(system)):
        return "system: text blocks must be non-empty"
    return None


def _messages(messages: list[Json]) -> str | None:
    calls: set[str] = set()
    ever: set[str] = set()
    role_before = ""
    for i, message in enumerate(messages):
        role, content = message.get("role"), message.get("content")
        if role not in ("user", "assistant"):
            return f"messages.{i}: role must be user or assistant"
        if i == 0 and role != "user":
            return "messages: the first message must be the user's"
        if role == role_before:
            return f"messages.{i}: roles must alternate"
        if not content:
            return f"messages.{i}: content must not be empty"
        results = [block.get("tool_use_id") for block in blocks(content) if block.get("type") == "tool_result"]
        if len(set(results)) < len(results):
            return f"messages.{i}: one tool_result a tool_use"
        if calls - set(results):
            return f"messages.{i}: tool_use without tool_result: {sorted(calls - set(results))}"
        if set(results) - calls:
            return f"messages.{i}: tool_result without tool_use: {sorted(set(results) - calls)}"
        if (why := _blocks(blocks(content), role)) is not None:
            return f"messages.{i}: {why}"
        made = [block["id"] for block in blocks(content) if block["type"] == "tool_use"]
        if len(set(made)) < len(made) or ever & set(made):
            return f"messages.{i}: tool_use ids must be unique"
        calls, role_before = set(made), role
        ever |= calls
    if calls:
        return "messages: the last message leaves tool_use without tool_result"
    return None


def _blocks(content: list[Json], role: str) -> str | None:
    text_seen = False
    for block in content:
        kind = block.get("type")
        if kind not in KINDS:
            return f"unknown block {kind!r}"
        if kind == "text" and not str(block.get("text", "")).strip():
            return "text blocks must hold more than white space"
        if kind == "image" and (why := _picture(block, role)) is not None:
            return why
        if kind == "tool_use":
            if role != "assistant" or not isinstance(block.get("input"), dict):
                return "tool_use: an assistant's, with an object as input"
            if not NAME.fullmatch(block.get("name", "")) or not NAME.fullmatch(block.get("id", "")):
                return "tool_use: bad name or id"
        if kind == "tool_result":
            if role != "user" or text_seen:
                return "tool_result: a user's, before any text"
            if any(part.get("type") == "text" and not part.get("text") for part in blocks(block.get("content") or [])):
                return "tool_result: text must not be empty"
        text_seen |= kind == "text"
    return None


def _picture(block: Json, role: str) -> str | None:
    """A user's, whole, of at most 5 MB and 8,000 pixels a side."""
    source = block.get("source", {})
    if role != "user" or source.get("type") != "base64" or source.get("media_type") != "image/png":
        return "image: a user's, base64, of a type that is known"
    png = base64.b64decode(source["data"], validate=True)
    if not png.startswith(b"\x89PNG\r\n\x1a\n") or len(source["data"]) > 5_000_000:
        return "image: could not be processed"
    if max(struct.unpack_from(">II", png, 16)) > 8000:
        return "image: dimensions exceed 8000 pixels"
    return None


def _surrogate(value: Any) -> bool:
    try:
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return True
    return False


def _marked(body: Json) -> list[Json]:
    """All blocks that may carry a mark, in the order of the prompt: tools, system, turns."""
    turns = [block for message in body["messages"] for block in blocks(message["content"])]
    return [*body.get("tools", []), *blocks(body.get("system") or []), *turns]


def prefixes(body: Json) -> tuple[list[tuple[str, int]], int]:
    """([(hash, tokens) of each prefix that ends at a mark], tokens of the whole); a token is four characters."""
    sha, characters, cuts = hashlib.sha256(body["model"].encode()), 0, []
    for block in _marked(body):
        bare = json.dumps({name: value for name, value in block.items() if name != "cache_control"}, sort_keys=True)
        sha.update(bare.encode())
        characters += len(bare)
        if "cache_control" in block:
            cuts.append((sha.hexdigest(), characters // 4))
    return cuts, characters // 4
