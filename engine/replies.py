"""A reply as plain JSON and back: how it lies in done.json, in a step's outcome and in the messages."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from engine.models.base import Block, Message, Picture, Reply, ToolResult, ToolUse, Usage
from state.errors import Plain


def as_plain(reply: Reply) -> dict[str, Plain]:
    return {
        "blocks": blocks_plain(reply.message.blocks),
        "stop": reply.stop,
        "model": reply.model,
        "usage": {
            "input": reply.usage.input,
            "cache_read": reply.usage.cache_read,
            "cache_write": reply.usage.cache_write,
            "output": reply.usage.output,
            "estimated": reply.usage.estimated,
        },
    }


def from_plain(plain: Plain) -> Reply:
    told = json.loads(json.dumps(plain))
    return Reply(Message("assistant", blocks_of(told["blocks"])), told["stop"], Usage(**told["usage"]), told["model"])


def blocks_plain(blocks: tuple[Block, ...]) -> list[Plain]:
    """Blocks as messages are stored: text as a string, the others as objects."""
    found: list[Plain] = []
    for block in blocks:
        match block:
            case str():
                found.append(block)
            case ToolUse(id, name, arguments):
                found.append({"id": id, "name": name, "arguments": arguments})
            case ToolResult(id, text, error):
                found.append({"id": id, "text": text, "error": error})
            case Picture(name, png):
                found.append({"picture": name, "sha256": hashlib.sha256(png).hexdigest()})
    return found


def blocks_of(plain: Plain) -> tuple[Block, ...]:
    found: list[Block] = []
    if not isinstance(plain, list):
        raise TypeError("blocks")
    for each in plain:
        if isinstance(each, str):
            found.append(each)
        elif isinstance(each, dict) and "name" in each:
            arguments: Any = each["arguments"]  # what is no object here is refused by dict()
            found.append(ToolUse(str(each["id"]), str(each["name"]), dict(arguments)))
        elif isinstance(each, dict):
            found.append(ToolResult(str(each["id"]), str(each["text"]), bool(each["error"])))
    return tuple(found)
