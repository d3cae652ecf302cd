"""Where a key stands in a TOML text, and how to put a value there.

`tomllib` gives values without lines; a person who mistyped a key wants the line. `lines` finds every key's line by a
small scan that knows strings, comments and brackets, `line_at` that of a place in a list too; `with_value` changes one
value and leaves every other character as the person wrote it. Called wherever a person's TOML is read.
"""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

Key = tuple[str, ...]
Path = tuple[str | int, ...]
"""A key whose numbers are places in lists: of `[[idea]]` tables or of values."""

REASONS = {
    "twice": r"Cannot (overwrite|declare|mutate)",
    "bracket": r"Unclosed|Expected '\]",
    "quote": r"Unterminated|Expected \"'\"|Illegal character '\\n'|Expected '\"",
    "backslash": r"Unescaped '\\'",
    "value": r"Invalid value",
    "line": r"Expected ('='|newline)|Invalid (statement|initial)",
    "number": r"Number too long",
    "depth": r"Nested too deeply",
}
"""What tomllib finds wrong with a text, by the message key's last part (`toml.twice`)."""

_BARE = re.compile(r"[A-Za-z0-9_-]+")
_SPACE = " \t"


@dataclass(frozen=True)
class Place:
    """Where a key's statement stands: its line (from 1) and the span of its value in the text."""

    line: int
    start: int
    end: int


class TooMuch(tomllib.TOMLDecodeError):
    """TOML that Python cannot hold: a number of thousands of digits, brackets in hundreds of brackets."""

    def __init__(self, what: str, line: int) -> None:
        ValueError.__init__(self, f"{what} (at line {line})")


def loads(text: str) -> dict[str, Any]:
    """`tomllib.loads`, whose every refusal is a TOMLDecodeError: its own gives up on what Python cannot hold with other
    errors, which whoever reads a stranger's text does not expect."""
    try:
        values = tomllib.loads(text)
        _refuse_unwritable(values)
        return values
    except tomllib.TOMLDecodeError:
        raise
    except ValueError:
        digits = re.search(r"[0-9A-Fa-f_]{1000,}", text)
        raise TooMuch("Number too long", _line_to(text, digits.start() if digits else 0)) from None
    except RecursionError:
        deepest = max(_statements(text), key=lambda each: _brackets(text, each[2]), default=None)
        raise TooMuch("Nested too deeply", deepest[2].line if deepest else 1) from None


def _refuse_unwritable(value: object) -> None:
    """ValueError for a number in hexadecimal that cannot be said in decimal."""
    if isinstance(value, int):
        str(value)
    elif isinstance(value, dict | list):
        for each in value.values() if isinstance(value, dict) else value:
            _refuse_unwritable(each)


def _line_to(text: str, at: int) -> int:
    return text.count("\n", 0, at) + 1


def _brackets(text: str, place: Place) -> int:
    return sum(text.count(bracket, place.start, place.end) for bracket in "[{")


def fault_of(text: str, error: tomllib.TOMLDecodeError) -> tuple[int, str]:
    """The line and the reason of what tomllib finds wrong; of an end that came too soon, the last line with words."""
    at = re.search(r"line (\d+)", str(error))
    line = int(at[1]) if at else text.rstrip().count("\n") + 1
    return line, re.sub(r"\s*\(at .*\)$", "", str(error))


def coded(reason: str) -> str:
    """tomllib's reason as the last part of a message key, its own words where it is a rare one."""
    return next((key for key, pattern in REASONS.items() if re.match(pattern, reason)), reason)


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


def line_at(text: str, path: Path, otherwise: int = 1) -> int:
    """The line of what stands at `path`, or of the nearest above it that the text names; `otherwise` if none."""
    known = _lines_within(text)
    while path and path not in known:
        path = path[:-1]
    return known.get(path, otherwise)


def places(text: str) -> dict[Key, Place]:
    """Every key and table header with its place; a header's place is the header itself."""
    found: dict[Key, Place] = {}
    table: Key = ()
    for kind, key, place in _statements(text):
        if kind != "=":
            table = key
            found.setdefault(table, place)
            continue
        found.setdefault(table + key, place)
        for shorter in range(1, len(key)):
            found.setdefault(table + key[:shorter], place)
    return found


def _statements(text: str) -> Iterator[tuple[Literal["[", "[[", "="], Key, Place]]:
    """Headers and `key = value` in the order of the text, a key without its table's name."""
    at = 0
    while (at := _skip_blank(text, at)) < len(text):
        line = _line_to(text, at)
        if text[at] == "[":
            start = at
            double = text.startswith("[[", at)
            table, at = _dotted(text, at + (2 if double else 1))
            at = _line_end(text, at)
            yield "[[" if double else "[", table, Place(line, start, at)
            continue
        key, at = _dotted(text, at)
        at = _skip_space(text, at)
        if not key or not text.startswith("=", at):
            at = _line_end(text, at)  # not TOML: tomllib says so better
            continue
        start = _skip_space(text, at + 1)
        at = _value_end(text, start)
        yield "=", key, Place(line, start, at)
        at = _line_end(text, at)


def _lines_within(text: str) -> dict[Path, int]:
    """The line of everything that has a path, down to the single value of a list."""
    found: dict[Path, int] = {}
    count: dict[Path, int] = {}
    table: Path = ()
    for kind, key, place in _statements(text):
        if kind == "=":
            here = table
            for part in key:
                here = (*here, part)
                found.setdefault(here, place.line)
            _look_into(text, place.start, here, found)
            continue
        table = ()
        for part in key if kind == "[" else key[:-1]:  # below a list of tables its last one is meant
            table = (*table, part)
            table = (*table, count[table]) if table in count else table
        if kind == "[[":
            table = (*table, key[-1]) if key else table
            found.setdefault(table, place.line)
            count[table] = count.get(table, -1) + 1
            table = (*table, count[table])
        found.setdefault(table, place.line)
    return found


def _look_into(text: str, at: int, path: Path, found: dict[Path, int]) -> int:
    """Note the lines of what a list or an inline table holds; just past the value that begins at `at`."""
    if at >= len(text) or text[at] not in "[{":
        end = re.compile(r"[,\]}\n#]").search(text, at)
        return _string_end(text, at) if text[at : at + 1] in ("'", '"') else end.start() if end else len(text)
    is_list, nth, at = text[at] == "[", 0, at + 1
    key: Path
    while (at := _skip_blank(text, at)) < len(text) and text[at] not in "]}":
        if text[at] == ",":
            at += 1
            continue
        line = _line_to(text, at)
        if is_list:
            key, nth = (nth,), nth + 1
        else:
            key, at = _dotted(text, at)
            at = _skip_space(text, at)
            if not key or not text.startswith("=", at):
                return len(text)  # not TOML
            at = _skip_space(text, at + 1)
        found.setdefault((*path, *key), line)
        at = _look_into(text, at, (*path, *key), found)
    return at + 1


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
