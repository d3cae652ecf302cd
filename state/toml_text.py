"""Where a key stands in a TOML text, and how to put a value there.

`tomllib` gives values without lines; a person who mistyped a key wants the line. `lines` finds every key's line by a
small scan that knows strings, comments and brackets; `with_value` changes one value and leaves every other character
as the person wrote it. Called by `state/project.py` and by the demo.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass

Key = tuple[str, ...]

_BARE = re.compile(r"[A-Za-z0-9_-]+")
_SPACE = " \t"


@dataclass(frozen=True)
class Place:
    """Where a key's statement stands: its line (from 1) and the span of its value in the text."""

    line: int
    start: int
    end: int


def lines(text: str) -> dict[Key, int]:
    """The line of every key and table of a TOML text. Keys of inline tables stand at their table's line."""
    return {key: place.line for key, place in places(text).items()}


def line_of(text: str, key: Key) -> int:
    """The line of `key`, or of the nearest table above it that the text names; 1 if none."""
    known = lines(text)
    while key and key not in known:
        key = key[:-1]
    return known.get(key, 1)


def with_value(text: str, key: Key, value: bool | int | float | str) -> str:
    """The text with `key` set to `value`: in its place if it has one, else at the head of its table."""
    written = json.dumps(value, ensure_ascii=False)
    known = places(text)
    if key in known:
        return text[: known[key].start] + written + text[known[key].end :]
    statement = f"{key[-1]} = {written}\n"
    table = key[:-1]
    if not table:
        first = min((place.start for at, place in known.items() if _is_header(text, place)), default=len(text))
        before = text[:first]
        return before + ("" if not before or before.endswith("\n") else "\n") + statement + text[first:]
    if table in known and _is_header(text, known[table]):
        after = text.find("\n", known[table].end)
        head = text if after < 0 else text[: after + 1]
        return head + ("" if head.endswith("\n") else "\n") + statement + text[len(head) :]
    gap = "" if not text else "\n" if text.endswith("\n") else "\n\n"
    return f"{text}{gap}[{'.'.join(table)}]\n{statement}"


def places(text: str) -> dict[Key, Place]:
    """Every key and table header with its place; a header's place is the header itself."""
    found: dict[Key, Place] = {}
    table: Key = ()
    at = 0
    while at < len(text):
        at = _skip_blank(text, at)
        if at >= len(text):
            break
        line = text.count("\n", 0, at) + 1
        if text[at] == "[":
            start = at
            double = text.startswith("[[", at)
            table, at = _dotted(text, at + (2 if double else 1))
            at = _line_end(text, at)
            found.setdefault(table, Place(line, start, at))
            continue
        key, at = _dotted(text, at)
        at = _skip_space(text, at)
        if not key or not text.startswith("=", at):
            at = _line_end(text, at)  # not TOML: tomllib says so better
            continue
        start = _skip_space(text, at + 1)
        at = _value_end(text, start)
        found.setdefault(table + key, Place(line, start, at))
        for shorter in range(1, len(key)):
            found.setdefault(table + key[:shorter], Place(line, start, at))
        at = _line_end(text, at)
    return found


def _is_header(text: str, place: Place) -> bool:
    return text.startswith("[", place.start) and text[: place.start].rpartition("\n")[2].strip() == ""


def _skip_space(text: str, at: int) -> int:
    while at < len(text) and text[at] in _SPACE:
        at += 1
    return at


def _skip_blank(text: str, at: int) -> int:
    while at < len(text):
        if text[at] in " \t\r\n\ufeff":
            at += 1
        elif text[at] == "#":
            at = _line_end(text, at)
        else:
            break
    return at


def _line_end(text: str, at: int) -> int:
    end = text.find("\n", at)
    return len(text) if end < 0 else end


def _dotted(text: str, at: int) -> tuple[Key, int]:
    parts: list[str] = []
    while True:
        at = _skip_space(text, at)
        if at < len(text) and text[at] in "\"'":
            end = text.find(text[at], at + 1)
            if end < 0 or end > _line_end(text, at):
                return (), at
            parts.append(text[at + 1 : end])
            at = end + 1
        elif bare := _BARE.match(text, at):
            parts.append(bare.group())
            at = bare.end()
        else:
            return tuple(parts), at
        at = _skip_space(text, at)
        if not text.startswith(".", at):
            return tuple(parts), at
        at += 1


def _value_end(text: str, at: int) -> int:
    """Just past the value that begins at `at`: over strings, nested brackets and the comments between them."""
    depth = 0
    end = at
    while at < len(text):
        char = text[at]
        if char in "\"'":
            at = end = _string_end(text, at)
            continue
        if char == "#":
            if depth == 0:
                break
            at = _line_end(text, at)
            continue
        if char == "\n" and depth == 0:
            break
        depth += (char in "[{") - (char in "]}")
        at += 1
        if not char.isspace():
            end = at
    return end


def _string_end(text: str, at: int) -> int:
    quote = text[at]
    mark = quote * 3 if text.startswith(quote * 3, at) else quote
    at += len(mark)
    while at < len(text):
        if quote == '"' and text[at] == "\\":
            at += 2
        elif text.startswith(mark, at):
            at += len(mark)
            while len(mark) == 3 and text.startswith(quote, at):  # """ may end in up to five quotes
                at += 1
            return at
        elif len(mark) == 1 and text[at] == "\n":
            return at
        else:
            at += 1
    return len(text)
