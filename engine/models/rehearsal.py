"""The offline model: plays the scripted cast of a project's `rehearsal/` folder, by tool calls like any other model.

A pure function of cast and request: no counter, clock or results file. It reads the tags of the request's text, plays
the first cue whose role fits and whose `when` holds in every part, and computes nothing: verdicts are the harness's.
What has played in a conversation is read from the ids of its tool calls. Made by `engine/models/choose.py`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from engine.artefact import find
from engine.models.base import Message, Part, Reply, Request, ToolResult, ToolSpec, ToolUse, Usage
from engine.models.cast import FILE, MATCHED, PLACE, Cast, Cue, load
from engine.prompt import unescape
from state.errors import Plain

MODEL = "rehearsal"
LOST = {
    "en": "No cue of this rehearsal fits here ({place}). A rehearsed cast knows its own play; a model would answer.",
    "zh": "预演剧本里没有适合此处的台词（{place}）。预演角色只会自己的戏，真实模型会作答。",
}
_TAG = re.compile(r"<(?P<end>/?)(?P<name>[a-z][a-z0-9_]*)(?P<attributes>(?: [a-z_]+=\"[^\"<>]*\")*) ?(?P<empty>/?)>")
_ATTRIBUTE = re.compile(r"([a-z_]+)=\"([^\"<>]*)\"")
_NUMBERED = re.compile(r"^ *\d+\| ?", re.MULTILINE)
_PLAYED = re.compile(r"toolu_(.+)_\d+")


class Unfilled(Exception):
    """A cue speaks of something that this prompt does not show: it does not fit."""


class RehearsalModel:
    """Plays the cast of a project folder. `language` is what it speaks where a request names no language."""

    def __init__(self, folder: Path, language: str | None = None) -> None:
        """LabError `rehearsal.…`, as `load` has them."""
        self._cast = load(folder)
        self._language = language or "en"

    async def stream(self, request: Request, part: Part) -> Reply:
        message = answer(self._cast, request, self._language)
        for block in message.blocks:
            if isinstance(block, str):
                part(block)
        stop = "tool_use" if any(isinstance(block, ToolUse) for block in message.blocks) else "end_turn"
        return Reply(message, stop, _usage(request, message), MODEL)

    async def reachable(self) -> bool:
        return True

    async def close(self) -> None:
        return None


def answer(cast: Cast, request: Request, language: str = "en") -> Message:
    """What the cast answers: the first cue that fits, or plain words where none does."""
    prompt = Prompt.of(request, language)
    open_now = [name for name in prompt.fields.get("open_now", "").split(", ") if name]
    tools = {tool.name: tool for tool in request.tools if not open_now or tool.name in open_now}
    for cue in cast.cues.get(prompt.phase, ()):
        if cue.tool not in tools or (not cue.reacts and cue.name in prompt.played):
            continue
        groups = prompt.fits(cue.when) if prompt.is_for(cue) else None
        if groups is None:
            continue
        try:
            return _played(cast, prompt, cue, groups, tools[cue.tool])
        except Unfilled:
            continue
    place = " · ".join(filter(None, (prompt.phase, prompt.fields.get("seat", ""), prompt.fields.get("role", ""))))
    return Message("assistant", (LOST[prompt.language].format(place=place or "?"),))


def _played(cast: Cast, prompt: Prompt, cue: Cue, groups: Mapping[str, str], tool: ToolSpec) -> Message:
    writes = prompt.paper_language if cue.writes == "paper" else prompt.language
    filled = _Filling(cast, prompt, groups, writes).value(cue.arguments)
    arguments = _typed(_object(filled), tool.schema)
    said = _Filling(cast, prompt, groups, prompt.language).text(cue.say.of(prompt.language)).strip() if cue.say else ""
    use = ToolUse(f"toolu_{cue.name}_{prompt.turn}", cue.tool, arguments)
    return Message("assistant", (said, use) if said else (use,))


@dataclass(frozen=True)
class Prompt:
    """What a request shows: its tags, the notes in it, the artefact with numbered lines, what has played.

    Tags of the system text hold throughout; those of earlier turns are over, only the last turn's news count.
    """

    fields: Mapping[str, str]
    notes: tuple[str, ...]
    heard: tuple[str, ...]
    artefact: str
    played: frozenset[str]
    turn: int
    language: str

    @classmethod
    def of(cls, request: Request, language: str) -> Prompt:
        turns = [_text(message) for message in request.messages if message.role == "user"]
        uses = [block for message in request.messages for block in message.blocks if isinstance(block, ToolUse)]
        told = [*tags(request.system), *tags(turns[-1] if turns else "")]
        fields: dict[str, str] = {}
        for one in told:
            fields[one.name] = one.text
            for value in one.values:
                fields[f"{one.name}.{value}"] = one.text
        every = [one for text in (request.system, *turns) for one in tags(text)]
        new = tuple(one.text for one in told if one.name == "note")
        heard = dict.fromkeys(one.text for one in every if one.name in ("note", "earlier_note"))
        shown = [one.text for one in told if one.text and all(map(_NUMBERED.match, one.text.split("\n")))]
        return cls(
            fields=fields,
            notes=new,
            heard=tuple(heard),
            artefact=_NUMBERED.sub("", shown[-1]) if shown else "",
            played=frozenset(found[1] for use in uses if (found := _PLAYED.fullmatch(use.id))),
            turn=sum(message.role == "assistant" for message in request.messages) + 1,
            language=_known(fields.get("language", language)),
        )

    @property
    def phase(self) -> str:
        return self.fields.get("phase", "")

    @property
    def paper_language(self) -> str:
        return _known(self.fields.get("paper_language", self.language))

    def is_for(self, cue: Cue) -> bool:
        role, seat = self.fields.get("role", ""), self.fields.get("seat", "")
        return (not cue.role or role in cue.role) and (not cue.seat or seat in cue.seat)

    def fits(self, when: Mapping[str, tuple[str, ...]]) -> dict[str, str] | None:
        """The groups that the patterns of `when` found, if it holds in every part. A tag that is not there is ""."""
        groups: dict[str, str] = {}
        for key, wanted in when.items():
            if key in MATCHED or key.endswith("~"):
                found = self._search(key, wanted)
                if found is None:
                    return None
                groups |= {name: value for name, value in found.groupdict().items() if value is not None}
                if key == "note":
                    groups["note"] = found.string
            elif self.fields.get(key, "") not in wanted:
                return None
        return groups

    def _search(self, key: str, patterns: tuple[str, ...]) -> re.Match[str] | None:
        """The newest note first; other tags are one text."""
        match key:
            case "note":
                texts: tuple[str, ...] = self.notes[::-1]
            case "notes":
                texts = self.heard[::-1]
            case _:
                name = key.removesuffix("~")
                texts = (self.fields[name],) if name in self.fields else ()
        for text in texts:
            for pattern in patterns:
                if found := re.search(pattern, text, re.IGNORECASE):
                    return found
        return None


class _Filling:
    """Puts files, phrases and fields in their places. Raises Unfilled for what the prompt does not show."""

    def __init__(self, cast: Cast, prompt: Prompt, groups: Mapping[str, str], language: str) -> None:
        self._cast, self._prompt, self._groups, self._language = cast, prompt, groups, language

    def value(self, value: object) -> Plain:
        match value:
            case str():
                named = FILE.fullmatch(value)
                return self.text(self._cast.files[named[1], self._language] if named else value)
            case dict() if value.keys() == {"en", "zh"}:
                return self.value(value[self._language])
            case dict():
                return self._with_lines({str(key): self.value(inner) for key, inner in value.items()})
            case list():
                return [filled for inner in value for filled in self._items(inner)]
            case _:
                return cast(Plain, value)

    def text(self, text: str) -> str:
        return PLACE.sub(lambda place: self._field(place[1]), text)

    def _field(self, name: str) -> str:
        if name in self._groups:
            return self._groups[name]
        phrases = self._cast.phrases_of(self._prompt.phase, name)
        for phrase in phrases:
            groups = self._prompt.fits(phrase.when)
            if groups is not None:
                inner = _Filling(self._cast, self._prompt, {**self._groups, **groups}, self._language)
                return inner.text(phrase.text.of(self._language))
        if phrases:
            return ""
        if name not in self._prompt.fields:
            raise Unfilled(name)
        return self._prompt.fields[name]

    def _items(self, inner: object) -> list[Plain]:
        """`@{note*}` becomes an item for every note of the conversation, earlier ones too."""
        if inner == "@{note*}":
            return [*self._prompt.heard]
        return [self.value(inner)]

    def _with_lines(self, filled: dict[str, Plain]) -> dict[str, Plain]:
        """`find` becomes the numbers of the lines where it stands in the artefact shown."""
        if "find" not in filled:
            return filled
        wanted = str(filled["find"])
        lines = find(self._prompt.artefact, wanted)
        if lines is None:
            raise Unfilled(wanted)
        rest = {key: value for key, value in filled.items() if key != "find"}
        return {"first": lines[0], "last": lines[1], **rest}


@dataclass(frozen=True)
class Tag:
    """A tag of a prompt with what stands in it; an empty one holds "yes". `values` are its attributes', in order."""

    name: str
    values: tuple[str, ...]
    text: str


def tags(text: str) -> list[Tag]:
    """All tags in the order in which they end; what stands in a tag includes the text of those within it."""
    found: list[Tag] = []
    opened: list[tuple[str, tuple[str, ...], int]] = []
    for mark in _TAG.finditer(text):
        values = tuple(unescape(value) for _, value in _ATTRIBUTE.findall(mark["attributes"]))
        if mark["empty"]:
            found.append(Tag(mark["name"], values, "yes"))
        elif not mark["end"]:
            opened.append((mark["name"], values, mark.end()))
        elif any(name == mark["name"] for name, _, _ in opened):
            while opened[-1][0] != mark["name"]:
                opened.pop()
            name, values, start = opened.pop()
            found.append(Tag(name, values, unescape(_TAG.sub("", text[start : mark.start()])).strip("\n")))
    return found


def _text(message: Message) -> str:
    """What stands in a turn: plain text and the results of tools."""
    told = (block.text if isinstance(block, ToolResult) else block for block in message.blocks)
    return "\n".join(text for text in told if isinstance(text, str))


def _known(language: str) -> str:
    return "zh" if language == "zh" else "en"


def _object(filled: Plain) -> dict[str, Plain]:
    return filled if isinstance(filled, dict) else {}


def _typed(arguments: dict[str, Plain], schema: Mapping[str, Any]) -> dict[str, Plain]:
    """Whole numbers as numbers where the tool asks for them: fields are text."""
    properties = schema.get("properties", {})
    return {
        name: int(value)
        if isinstance(value, str) and value.isdecimal() and _is_integer(properties.get(name))
        else value
        for name, value in arguments.items()
    }


def _is_integer(schema: Any) -> bool:
    if not isinstance(schema, dict):
        return False
    return schema.get("type") == "integer" or any(_is_integer(one) for one in schema.get("anyOf", ()))


def _usage(request: Request, message: Message) -> Usage:
    asked = len(request.system) + sum(len(json.dumps(tool.schema)) for tool in request.tools)
    asked += sum(_length(each) for each in request.messages)
    return Usage(input=asked // 4, output=_length(message) // 4, estimated=True)


def _length(message: Message) -> int:
    told = 0
    for block in message.blocks:
        match block:
            case ToolResult(text=text):
                told += len(text)
            case ToolUse(arguments=arguments):
                told += len(json.dumps(arguments, ensure_ascii=False))
            case str():
                told += len(block)
    return told
