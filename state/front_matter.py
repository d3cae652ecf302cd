"""Markdown with a TOML head between two `+++` lines: how the lab's products are written and read.

`split` takes a text apart and remembers lines, `joined` puts one together, and `Document.read` checks the values
against a pydantic model, so that whoever edits a product by hand is told file, line and name of what is wrong. Used by
products only.
"""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from state import notation
from state.errors import LabError, Plain
from state.toml_text import fault_of, line_at, loads

FENCE = "+++"
M = TypeVar("M", bound=BaseModel)


@dataclass(frozen=True)
class Document:
    """A product's text: the values of its head, its body, and where in `file` the body begins (line 1 is the first)."""

    file: str
    head: str
    values: dict[str, Any]
    body: str
    body_line: int

    def line_of(self, *path: str | int) -> int:
        """The line of what stands at `path` in the head, or of the nearest above it; the first line if none is."""
        return line_at(self.head, path, otherwise=0) + 1

    def rows(self, name: str) -> list[dict[str, Any]]:
        """The `[[name]]` tables; LabError where something else has that name."""
        found = self.values.get(name, [])
        if not isinstance(found, list) or not all(isinstance(row, dict) for row in found):
            where: dict[str, Plain] = {"file": self.file, "line": self.line_of(name), "field": name}
            raise LabError("product.bad_value", **where, allowed=f"[[{name}]]", found=notation.shown(found))
        return found

    def holding(self, values: dict[str, Any]) -> Document:
        """The same text read as these values: what its body says stands among them."""
        return replace(self, values=values)

    def read(self, model: type[M], called: Mapping[str, str] | None = None, below: tuple[str | int, ...] = ()) -> M:
        """The values as `model`; LabError `product.*` with file, line, the field's name there and what is allowed.

        `called` has the names that fields of the model have in the file; `below` is where in the head the values stand.
        """
        try:
            return model.model_validate(self.values)
        except ValidationError as error:
            told = [self._explained(model, each, called or {}, below) for each in error.errors(include_url=False)]
            raise min(told, key=lambda each: int(str(each.facts["line"]))) from None

    def _explained(
        self, model: type[BaseModel], fault: ErrorDetails, called: Mapping[str, str], below: tuple[str | int, ...]
    ) -> LabError:
        first, *rest = fault["loc"] or ("",)
        path = (*below, called.get(str(first), first), *rest)
        field = ".".join(part for part in path if isinstance(part, str))
        where: dict[str, Plain] = {"file": self.file, "line": self.line_of(*path), "field": field}
        if fault["type"] == "missing":
            return LabError("product.missing_field", **where)
        if fault["type"] == "extra_forbidden":
            return LabError("product.unknown_field", **where, nearest=notation.nearest(model, fault["loc"]))
        told = notation.allowed(model, fault["loc"])
        told = f"[[{field}]]" if told == notation.TABLES else told
        return LabError("product.bad_value", **where, allowed=told, found=notation.shown(fault.get("input")))


def decoded(file: str, raw: bytes) -> str:
    """The text of a product's file; LabError where it is not UTF-8."""
    try:
        return raw.decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        raise LabError("product.not_utf8", file=file, line=raw.count(b"\n", 0, error.start) + 1) from None


def split(file: str, text: str) -> Document:
    """Take a text apart; LabError `product.no_head` or `product.bad_toml` where that fails."""
    lines = text.split("\n")
    if lines[0].rstrip() != FENCE:
        raise LabError("product.no_head", file=file, line=1)
    end = next((n for n, line in enumerate(lines[1:], 1) if line.rstrip() == FENCE), None)
    if end is None:
        raise LabError("product.no_head_end", file=file, line=len(lines))
    head = "\n".join(lines[1:end])
    try:
        values = loads(head)
    except tomllib.TOMLDecodeError as error:
        line, reason = fault_of(head, error)
        raise LabError("product.bad_toml", file=file, line=line + 1, reason=reason) from None
    rest = lines[end + 1 :]
    blank = next((n for n, line in enumerate(rest) if line), len(rest))
    return Document(file, head, values, "\n".join(rest).strip("\n"), end + 2 + blank)


def has_head(text: str) -> bool:
    return text.split("\n", 1)[0].rstrip() == FENCE


def joined(values: Mapping[str, Any], body: str) -> str:
    """The opposite of `split`: plain values first, then lists of tables, then the body."""
    told = [f"{key} = {_toml(value)}" for key, value in values.items() if value is not None and not _is_tables(value)]
    for key, value in values.items():
        if _is_tables(value):
            for row in value:
                told += ["", f"[[{key}]]"]
                told += [f"{name} = {_toml(item)}" for name, item in row.items() if item is not None]
    return "\n".join([FENCE, *told, FENCE, "", body.strip("\n"), ""])


def _is_tables(value: object) -> bool:
    return isinstance(value, Sequence) and bool(value) and all(isinstance(row, Mapping) for row in value)


def _toml(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return repr(value)
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    if isinstance(value, Mapping):
        return "{ " + ", ".join(f"{_key(str(k))} = {_toml(v)}" for k, v in value.items()) + " }"
    if isinstance(value, Sequence):
        return "[" + ", ".join(_toml(item) for item in value) + "]"
    raise TypeError(f"no TOML for {type(value).__name__}")


def _key(name: str) -> str:
    return name if re.fullmatch(r"[A-Za-z0-9_-]+", name) else _toml(name)


def clean(text: str) -> str:
    """A model's or a person's prose as it is kept: no stray surrogates, no control characters, no outer blank lines."""
    sound = text.encode("utf-8", "replace").decode("utf-8").replace("\r\n", "\n").replace("\r", "\n")
    return re.sub(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\u0085\u2028\u2029]", "", sound).strip("\n").rstrip()


def parts(body: str, marks: Sequence[str], first_line: int = 1) -> dict[str, tuple[str, int]]:
    """What stands below each line that equals one of `marks`, with that line's number; "" is what stands before."""
    found: dict[str, tuple[list[str], int]] = {"": ([], first_line)}
    here = found[""][0]
    for number, line in enumerate(body.split("\n"), first_line):
        mark = line.rstrip()
        if mark in marks and mark not in found:
            here = []
            found[mark] = (here, number)
        else:
            here.append(line)
    return {mark: ("\n".join(lines).strip("\n").rstrip(), at) for mark, (lines, at) in found.items()}


def under(mark: str, text: str, marks: Sequence[str]) -> str:
    """`text` below `mark`; a line of it that looks like a mark is moved by a blank, so that `parts` reads it back."""
    safe = "\n".join(f" {line}" if line.rstrip() in marks else line for line in text.split("\n"))
    return f"{mark}\n\n{safe}" if mark else safe
