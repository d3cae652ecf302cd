"""What every language model is to the lab: a request goes in, a whole reply comes out, or a `ModelError` says why not.

`Model.stream` calls `part` with each piece of text as it comes, so that a person can watch. It never retries: retries,
pauses and money belong to `engine/calls.py`, which asks `ModelError.fate` what to do next.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Literal, Protocol

from state.errors import Plain


@dataclass(frozen=True)
class ToolSpec:
    """A tool as a model sees it; `schema` is the JSON schema of its arguments."""

    name: str
    description: str
    schema: dict[str, Plain]


@dataclass(frozen=True)
class ToolUse:
    id: str
    name: str
    arguments: dict[str, Plain]


@dataclass(frozen=True)
class ToolResult:
    id: str
    text: str
    error: bool = False


PICTURE_TOKENS = 5_000
"""What one picture costs at the most: the largest that models with fine eyes count (width × height / 750, capped)."""


@dataclass(frozen=True)
class Picture:
    """A PNG to look at, in a user's turn; `name` is what the text calls it."""

    name: str
    png: bytes = field(repr=False)


Block = str | ToolUse | ToolResult | Picture
"""A piece of a message: plain text, a tool call (assistant), its result or a picture (user)."""


@dataclass(frozen=True)
class Message:
    role: Literal["user", "assistant"]
    blocks: tuple[Block, ...]

    @property
    def text(self) -> str:
        return "\n".join(block for block in self.blocks if isinstance(block, str))


@dataclass(frozen=True)
class Request:
    """One question. `system` is the part that stays the same through a conversation; it and the tools come first. Its
    first `shared` characters are those of other conversations too.

    `model` is the name at the endpoint.
    """

    model: str
    system: str
    messages: tuple[Message, ...]
    tools: tuple[ToolSpec, ...]
    max_tokens: int = 8192
    shared: int = 0

    @property
    def pictures(self) -> tuple[Picture, ...]:
        return tuple(each for message in self.messages for each in message.blocks if isinstance(each, Picture))

    def without_pictures(self) -> Request:
        """The same question for a model that sees none: where one was shown stands that it is not."""
        return replace(self, messages=tuple(_unseen(message) for message in self.messages))


def _unseen(message: Message) -> Message:
    blocks = (f"({each.name} cannot be shown to you)" if isinstance(each, Picture) else each for each in message.blocks)
    return Message(message.role, tuple(blocks))


@dataclass(frozen=True)
class Usage:
    """Tokens as the endpoint counted them; `estimated` when it did not say and they were counted as characters / 4."""

    input: int = 0
    cache_read: int = 0
    cache_write: int = 0
    output: int = 0
    estimated: bool = False


@dataclass(frozen=True)
class Reply:
    """A whole reply. `stop` is the endpoint's stop_reason; never None. Tool arguments are complete JSON objects."""

    message: Message
    stop: str
    usage: Usage
    model: str  # the id that the endpoint says answered

    @property
    def text(self) -> str:
        return self.message.text

    @property
    def tool_uses(self) -> tuple[ToolUse, ...]:
        return tuple(block for block in self.message.blocks if isinstance(block, ToolUse))


class Fate(StrEnum):
    """What a failed call means for the run. None of them fails it."""

    RETRY = "retry"  # overload, rate limit, cut stream: wait and ask again
    NETWORK = "network"  # no way to the endpoint: pause and probe
    BUDGET = "budget"  # the endpoint's own spending limit: pause and ask
    AUTH = "auth"  # no key, or a bad one: pause and ask
    REFUSED = "refused"  # the endpoint says the request itself is wrong: trouble, with its words


@dataclass
class ModelError(Exception):
    """A call that brought no whole reply. `after_s` is the endpoint's retry-after, if it named one.

    `sent` tells whether the request may have been received (and charged).
    """

    fate: Fate
    why: str
    after_s: float | None = None
    sent: bool = True
    status: int | None = None
    facts: dict[str, Plain] = field(default_factory=dict)

    def __str__(self) -> str:
        return f"{self.fate}: {self.why}"


Part = Callable[[str], None]


class Model(Protocol):
    """One endpoint, or the rehearsal."""

    async def stream(self, request: Request, part: Part) -> Reply:
        """Ask once. Raises ModelError."""
        ...

    async def reachable(self) -> bool:
        """A cheap probe for a paused run: can the endpoint be reached now?"""
        ...

    async def close(self) -> None: ...
