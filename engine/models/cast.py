"""A rehearsal's cast as it lies in a project: `rehearsal/PHASE.toml`, its texts and programs in `rehearsal/files/`.

`load` reads and checks all of it: cues in order, phrases (sentences that depend on the prompt), every text in both
languages, every file that is named. What is wrong is a `LabError` with file and cue. Called by the rehearsal model.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from state import notation
from state.errors import LabError, Plain
from state.toml_text import fault_of, loads
from state.vocabulary import Phase

FOLDER = "rehearsal"
SHARED = "phrases"
"""`rehearsal/phrases.toml` holds phrases that every phase may use."""

LANGUAGES = ("en", "zh")
REACTIONS = frozenset({"note", "error", "refusal"})
"""What a cue reacts to however often it happens; all other cues play once a conversation."""

MATCHED = REACTIONS | {"notes"}
"""Keys of `when` that are regular expressions, as are those that end in `~`; all others are equality."""

PLACE = re.compile(r"@\{([A-Za-z0-9_.-]+)(\*?)\}")
FILE = re.compile(r"@([A-Za-z0-9_][A-Za-z0-9_.-]*)")
NAME = r"^[a-z0-9][a-z0-9_-]*$"


def _texts(value: object) -> object:
    return (value,) if isinstance(value, str) else value


OneOf = Annotated[tuple[str, ...], BeforeValidator(_texts)]


class Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Text(Part):
    """A text in both languages, for what people read."""

    en: str
    zh: str

    def of(self, language: str) -> str:
        return self.zh if language == "zh" else self.en


class Phrase(Part):
    """A sentence that depends on the prompt: of those with one name, the first whose `when` holds stands for it."""

    name: str = Field(pattern=NAME)
    when: dict[str, OneOf] = {}
    en: str
    zh: str

    @property
    def text(self) -> Text:
        return Text(en=self.en, zh=self.zh)


class Cue(Part):
    """What is said and which tool is called, for whom, and when. `writes` says whose language the arguments are in."""

    name: str = Field(pattern=NAME)
    role: OneOf = ()
    seat: OneOf = ()
    when: dict[str, OneOf] = {}
    say: Text | None = None
    writes: Literal["team", "paper"] = "team"
    call: dict[str, dict[str, Any]] = Field(min_length=1, max_length=1)

    @property
    def tool(self) -> str:
        return next(iter(self.call))

    @property
    def arguments(self) -> dict[str, Any]:
        return self.call[self.tool]

    @property
    def reacts(self) -> bool:
        return any(key in REACTIONS for key in self.when)


class Sheet(Part):
    """One file: cues and phrases in the order they are tried."""

    cue: tuple[Cue, ...] = ()
    phrase: tuple[Phrase, ...] = ()


@dataclass(frozen=True)
class Cast:
    """Everything a project's cast can say. `files` are keyed by name and language."""

    cues: Mapping[str, tuple[Cue, ...]] = field(default_factory=dict)
    phrases: Mapping[str, tuple[Phrase, ...]] = field(default_factory=dict)
    files: Mapping[tuple[str, str], str] = field(default_factory=dict)

    def phrases_of(self, phase: str, name: str) -> tuple[Phrase, ...]:
        """A phase's phrases of that name, then those that all phases share."""
        both = (*self.phrases.get(phase, ()), *self.phrases.get(SHARED, ()))
        return tuple(phrase for phrase in both if phrase.name == name)


def load(project: Path) -> Cast:
    """The cast in `project/rehearsal`; LabError `rehearsal.missing`, or another `rehearsal.…` with file and cue."""
    folder = project / FOLDER
    if not folder.is_dir():
        raise LabError("rehearsal.missing", folder=str(folder))
    sheets = {name: _sheet(folder / f"{name}.toml") for name in (*(phase.value for phase in Phase), SHARED)}
    cast = Cast(
        cues={name: sheet.cue for name, sheet in sheets.items()},
        phrases={name: sheet.phrase for name, sheet in sheets.items()},
        files=_files(folder / "files"),
    )
    for name, sheet in sheets.items():
        _check(folder / f"{name}.toml", name, sheet, cast)
    return cast


def _sheet(file: Path) -> Sheet:
    if not file.exists():
        return Sheet()
    text = _text(file)
    try:
        values = loads(text)
    except tomllib.TOMLDecodeError as error:
        line, reason = fault_of(text, error)
        raise LabError("rehearsal.unreadable", file=str(file), line=line, reason=reason) from None
    try:
        return Sheet.model_validate(values)
    except ValidationError as error:
        fault = error.errors(include_url=False)[0]
        kind, place, *_ = (*fault["loc"], 0, 0)
        rows = values.get(kind) if isinstance(kind, str) else None
        row = rows[place] if isinstance(rows, list) and isinstance(place, int) and place < len(rows) else {}
        name = str(row.get("name", place)) if isinstance(row, dict) else str(place)
        option = ".".join(str(part) for part in fault["loc"][2:]) or str(kind)
        where: dict[str, Plain] = {"file": str(file), "cue": name, "option": option}
        if fault["type"] == "extra_forbidden":
            near = notation.nearest(Sheet, fault["loc"])
            raise LabError("rehearsal.unknown_key", **where, nearest=near) from None
        raise LabError("rehearsal.bad_value", **where, allowed=notation.allowed(Sheet, fault["loc"])) from None


def _text(file: Path) -> str:
    try:
        return file.read_text("utf-8")
    except OSError as error:
        raise LabError("rehearsal.unreadable", file=str(file), line=1, reason=error.strerror or str(error)) from None
    except UnicodeDecodeError:
        raise LabError("rehearsal.unreadable", file=str(file), line=1, reason="encoding") from None


def _files(folder: Path) -> dict[tuple[str, str], str]:
    """`plan.en.md` is `plan` in English; `wd_2.py` is `wd_2` in every language. A full name stands for itself."""
    found: dict[tuple[str, str], str] = {}
    for path in sorted(folder.iterdir()) if folder.is_dir() else ():
        parts = path.name.split(".")
        if not path.is_file() or not parts[0]:
            continue
        text = _text(path)
        languages = (parts[1],) if len(parts) > 2 and parts[1] in LANGUAGES else LANGUAGES
        for language in languages:
            found[parts[0], language] = found[path.name, language] = text
    return found


def _check(file: Path, phase: str, sheet: Sheet, cast: Cast) -> None:
    """Patterns compile, names are their own, named files stand in both languages, no phrase leads to itself."""
    seen: set[str] = set()
    for cue in sheet.cue:
        if cue.name in seen:
            raise LabError("rehearsal.cue_twice", file=str(file), cue=cue.name)
        seen.add(cue.name)
        _patterns(file, cue.name, cue.when)
        for text in _strings(cue.arguments):
            named = FILE.fullmatch(text)
            missing = [language for language in LANGUAGES if named and (named[1], language) not in cast.files]
            if missing:
                where: dict[str, Plain] = {"file": str(file), "cue": cue.name}
                raise LabError("rehearsal.file_missing", **where, named=text[1:], languages=", ".join(missing))
    for phrase in sheet.phrase:
        _patterns(file, phrase.name, phrase.when)
        _no_circle(file, phase, phrase.name, cast, ())


def _patterns(file: Path, name: str, when: Mapping[str, tuple[str, ...]]) -> None:
    for key, patterns in when.items():
        for pattern in patterns if key in MATCHED or key.endswith("~") else ():
            try:
                re.compile(pattern)
            except re.error as error:
                where: dict[str, Plain] = {"file": str(file), "cue": name, "option": f"when.{key}"}
                raise LabError("rehearsal.bad_pattern", **where, pattern=pattern, at=(error.pos or 0) + 1) from None


def _no_circle(file: Path, phase: str, name: str, cast: Cast, above: tuple[str, ...]) -> None:
    if name in above:
        raise LabError("rehearsal.circle", file=str(file), cue=name, path=" → ".join((*above, name)))
    for phrase in cast.phrases_of(phase, name):
        for text in (phrase.en, phrase.zh):
            for place in PLACE.finditer(text):
                _no_circle(file, phase, place[1], cast, (*above, name))


def _strings(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for inner in value.values():
            yield from _strings(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _strings(inner)
