"""How a role answers: a tool's call as a checked `Answer`, and why one does not stand, a `Refusal`.

An `Answer` is a pydantic model whose docstring and field descriptions are what a model reads; `spec` makes its schema.
The answers themselves are in `answers.py`. Used by the seat, and by whoever checks what a role handed in.
"""

from __future__ import annotations

import inspect
from dataclasses import dataclass, field
from typing import Annotated, Any, ClassVar, cast

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

from engine.models.base import ToolSpec
from engine.prompt import Shown, tag
from state.errors import LabError, Plain
from state.front_matter import clean

Text = Annotated[str, AfterValidator(clean)]
Words = Annotated[str, AfterValidator(clean), Field(min_length=1)]


def listed(value: object) -> object:
    """A single string where a list is asked for, as models like to send it."""
    if isinstance(value, str):
        return [value] if value.strip() else []
    return [] if value is None else value


Texts = Annotated[tuple[Text, ...], BeforeValidator(listed)]


class Answer(BaseModel):
    """Base of all answers; `tool` is the name a model calls."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    tool: ClassVar[str]


@dataclass(frozen=True)
class Refusal:
    """Why an answer does not stand, in words for the role; `key` and `facts` tell a person the same."""

    why: str
    key: str = "refusal.rules"
    facts: dict[str, Plain] = field(default_factory=dict)

    @property
    def shown(self) -> Shown:
        return tag("refusal", self.why)

    @classmethod
    def of(cls, error: LabError) -> Refusal:
        told = ", ".join(f"{name}: {value}" for name, value in error.facts.items())
        return cls(
            f"{error.key.split('.')[-1].replace('_', ' ')} ({told})" if told else error.key, error.key, error.facts
        )


def spec(answer: type[Answer]) -> ToolSpec:
    """An answer as a model sees it."""
    return ToolSpec(answer.tool, inspect.cleandoc(answer.__doc__ or ""), schema(answer))


def schema(arguments: type[BaseModel]) -> dict[str, Plain]:
    """The JSON schema of arguments, with everything in place: no references, no titles."""
    whole = arguments.model_json_schema()
    parts = whole.pop("$defs", {})
    whole.pop("description", None)
    return cast(dict[str, Plain], _plain(whole, parts))


def _plain(part: Any, parts: dict[str, Any]) -> Any:
    if isinstance(part, list):
        return [_plain(item, parts) for item in part]
    if not isinstance(part, dict):
        return part
    if "$ref" in part:
        named = parts[part["$ref"].rsplit("/", 1)[1]]
        return _plain({**named, **{key: value for key, value in part.items() if key != "$ref"}}, parts)
    if isinstance(held := part.get("anyOf"), list) and {"type": "null"} in held and len(held) == 2:
        inner = next(one for one in held if one != {"type": "null"})  # what may be left out is shown as what it holds
        return _plain(
            {**inner, **{key: value for key, value in part.items() if key not in ("anyOf", "default")}}, parts
        )
    return {key: _plain(value, parts) for key, value in part.items() if not (key == "title" and isinstance(value, str))}
