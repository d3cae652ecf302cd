"""What a value may be, in the notation of a TOML file, which is the same in every language.

`allowed(model, loc)` tells it of a place in a pydantic model: `1 … 10`, `"holds" | "fails"`, `true | false`, `["…"]`;
`shown` writes a value as it stands in a file. For products and forms that a person edits by hand.
"""

from __future__ import annotations

import difflib
import json
import types
from collections.abc import Sequence
from enum import Enum
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

SHOWN = 80
TABLES = "[{ … }, …]"
"""A list of tables; in a file it has a name of its own: `[[idea]]`."""


def allowed(model: type[BaseModel], loc: Sequence[int | str]) -> str:
    """What may stand at `loc`, a location in a pydantic error; parts of it that name no place are passed over."""
    kind: Any = model
    marks: list[Any] = []
    for part in loc:
        kind, marks = _plain(kind, marks)
        inner = _inner(kind, part)
        if inner is None:
            break
        kind, marks = inner
    return _notation(*_plain(kind, marks))


def nearest(model: type[BaseModel], loc: Sequence[int | str]) -> str:
    """The name that a key unknown at `loc` was likely meant to be; "" if none is like it."""
    kind: Any = model
    for part in loc[:-1]:
        inner = _inner(_plain(kind, [])[0], part)
        kind = inner[0] if inner is not None else kind
    kind = _plain(kind, [])[0]
    known = list(kind.model_fields) if isinstance(kind, type) and issubclass(kind, BaseModel) else []
    return next(iter(difflib.get_close_matches(str(loc[-1]), known, n=1, cutoff=0.6)), "")


def shown(value: object) -> str:
    """A value as TOML would have it, cut where it is long."""
    told = json.dumps(value, ensure_ascii=False, default=str)
    return told if len(told) <= SHOWN else told[: SHOWN - 1] + "…"


def _inner(kind: Any, part: int | str) -> tuple[Any, list[Any]] | None:
    """The annotation of a field, an item or a value, with its marks; None where `part` is none of these."""
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        field = kind.model_fields.get(str(part))
        return (field.annotation, list(field.metadata)) if field is not None else None
    origin, inner = get_origin(kind), get_args(kind)
    if origin in (tuple, list) and isinstance(part, int):
        return inner[0], []
    if origin is dict and isinstance(part, str):
        return inner[1], []
    return None


def _plain(kind: Any, marks: list[Any]) -> tuple[Any, list[Any]]:
    """Without Annotated and without `| None`; what these said is among the marks."""
    while True:
        if get_origin(kind) is Annotated:
            kind, *more = get_args(kind)
            for mark in more:
                marks = [*marks, *(mark.metadata if isinstance(mark, FieldInfo) else [mark])]
        elif get_origin(kind) in (Union, types.UnionType):
            some = [each for each in get_args(kind) if each is not type(None)]
            if len(some) != 1:
                return kind, marks
            kind = some[0]
        else:
            return kind, marks


def _notation(kind: Any, marks: list[Any]) -> str:
    if get_origin(kind) is Literal:
        return " | ".join(shown(each) for each in get_args(kind))
    if isinstance(kind, type) and issubclass(kind, Enum):
        return " | ".join(shown(each.value) for each in kind)
    if kind is bool:
        return "true | false"
    if kind in (int, float):
        bounds = {name: getattr(mark, name) for mark in marks for name in ("ge", "gt", "le") if hasattr(mark, name)}
        if "gt" in bounds:
            return f"> {bounds['gt']:g}"
        return f"{bounds['ge']:g} … {bounds.get('le', '∞')}" if bounds else "7" if kind is int else "0.5"
    if kind is str:
        pattern = next((mark.pattern for mark in marks if getattr(mark, "pattern", None)), None)
        return f'"{pattern.removeprefix("^").removesuffix("$")}"' if isinstance(pattern, str) else '"…"'
    if get_origin(kind) in (tuple, list):
        return f"[{_notation(*_plain(get_args(kind)[0], []))}, …]"
    return "{ … }"
