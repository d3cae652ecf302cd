"""A project folder's project.toml: read, checked, compared.

`load(folder)` gives a frozen `Project`; a wrong key, type or value is a `LabError` that names file, line and what is
allowed. `diff` says which changes apply at once and which wait for the next run. Called by the engine, which works
from a snapshot, and by the tui, which shows what it says.
"""

from __future__ import annotations

import difflib
import hashlib
import json
import re
import tomllib
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from pydantic import ValidationError

from state import profiles
from state.config import Config as Config
from state.config import Section, allowed, fields, model_names
from state.errors import LabError, Plain
from state.places import FILE as FILE
from state.toml_text import Key, coded, fault_of, line_of, loads

_DATA_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*")


@dataclass(frozen=True)
class Project:
    """A project folder and what its project.toml said when it was read. `sha` is the text's."""

    folder: Path
    config: Config
    text: str
    sha: str

    @property
    def file(self) -> Path:
        return self.folder / FILE

    @property
    def name(self) -> str:
        return self.folder.name


@dataclass(frozen=True)
class Change:
    """One value that differs between two readings of project.toml."""

    key: str
    old: Plain
    new: Plain
    when: Literal["now", "next run"]


CONCURRENCY = frozenset({"experiments.slots", "experiments.threads", "experiments.nice"})

LIVE = CONCURRENCY | {"autonomy", "checkpoints", "limits", "models", "experiments.sandbox"}
"""Keys and tables that apply from the next step; in no fingerprint. All else waits for the next run."""

SHARED = frozenset({"experiments.slots"})
"""Of what is live, what no run has for itself: one engine drives all of them."""

SETTABLE = LIVE | {"languages"}
"""What `set` may change for a run at work; languages reach the next visit, which pins them."""


def load(folder: Path) -> Project:
    """Read and check `folder/project.toml`; LabError `project.*` with file and line where it is wrong."""
    file = folder.absolute() / FILE
    try:
        raw = file.read_bytes()
    except FileNotFoundError:
        raise LabError("project.missing", file=str(file)) from None
    except OSError as error:
        raise LabError("project.unreadable", file=str(file), line=1, reason=error.strerror or str(error)) from None
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise LabError("project.unreadable", file=str(file), line=line, reason="encoding") from None
    config = read(text, file)
    _check_models(config, text, file)
    return Project(folder.absolute(), config, text, hashlib.sha256(raw).hexdigest())


def read(text: str, file: Path = Path(FILE)) -> Config:
    """Check a project.toml's text; `file` only names it in errors."""
    try:
        values = loads(text)
    except tomllib.TOMLDecodeError as error:
        line, reason = fault_of(text, error)
        raise LabError("project.unreadable", file=str(file), line=line, reason=coded(reason)) from None
    _refuse_unknown_names(values, text, file)
    try:
        config = Config.model_validate_json(json.dumps(values, default=str))
    except ValidationError as error:
        raise _explained(error, values, text, file) from None
    _refuse_not_yet(config, text, file)
    if not config.question.strip() and not config.topic.strip():
        line = line_of(text, ("question",) if "question" in values else ("topic",))
        raise LabError("project.no_question", file=str(file), line=line)
    return config


def diff(old: Config, new: Config) -> list[Change]:
    """What changed, by dotted key in the file's order, and when it applies."""
    was, now = old.flat(), new.flat()
    keys = list(dict.fromkeys([*now, *was]))
    return [
        Change(key, was.get(key), now.get(key), "now" if _within(key, LIVE) else "next run")
        for key in keys
        if was.get(key) != now.get(key)
    ]


def live(config: Config) -> dict[str, Plain]:
    """The values that apply from the next step, by dotted key."""
    return {key: value for key, value in config.flat().items() if _within(key, LIVE)}


def with_live(snapshot: Config, newer: Config) -> Config:
    """The run's snapshot with what is live taken from a newer reading."""
    values = snapshot.model_dump(mode="json")
    fresh = newer.model_dump(mode="json")
    for key in LIVE:
        table, _, name = key.partition(".")
        if name:
            values[table][name] = fresh[table][name]
        else:
            values[table] = fresh[table]
    return Config.model_validate_json(json.dumps(values))


def with_set(config: Config, key: str, value: Plain) -> Config:
    """The config after `set KEY VALUE`; LabError `set.*` for a key that cannot be set or a value that cannot be.

    `value` is as typed (`"15"`, `"autopilot"`) or already a value.
    """
    path = tuple(key.split("."))
    values = config.model_dump(mode="json")
    inner: Any = values
    for part in path[:-1]:
        inner = inner.get(part) if isinstance(inner, dict) else None
    if not isinstance(inner, dict) or not _within(key, SETTABLE) or key in SETTABLE & {"limits", "languages", "models"}:
        known = [name for name in (*config.flat(), *(f"models.{n}" for n in model_names())) if _within(name, SETTABLE)]
        if _within(key, frozenset(Config.model_fields)) and key in config.flat():
            raise LabError("set.next_run", option=key)
        raise LabError("set.unknown", option=key, nearest=_nearest(key, known), allowed=", ".join(dict.fromkeys(known)))
    for candidate in _meanings(value):
        inner[path[-1]] = candidate
        try:
            _refuse_unknown_names(values, "", Path(FILE))
            return Config.model_validate_json(json.dumps(values, default=str))  # as in `read`: a date is its text
        except ValidationError:
            continue
        except LabError as error:
            raise LabError(
                "set.unknown", option=key, nearest=error.facts["nearest"], allowed=error.facts["allowed"]
            ) from None
    raise LabError("set.bad_value", option=key, value=_cut(str(value)), allowed=allowed(path))


def for_one_run(key: str) -> None:
    """LabError `set.for_all` for a key that cannot be set for a single run."""
    if key in SHARED:
        raise LabError("set.for_all", option=key)


def _meanings(value: Plain) -> Iterator[Plain]:
    """What a typed word may mean: a TOML value first, then the word itself."""
    if isinstance(value, str):
        with suppress(tomllib.TOMLDecodeError):
            yield loads(f"v = {value}")["v"]
    yield value


def _within(key: str, names: frozenset[str]) -> bool:
    return key in names or key.partition(".")[0] in names


def _nearest(word: str, known: list[str]) -> str:
    close = difflib.get_close_matches(word, known, n=1, cutoff=0.6)
    return close[0] if close else ""


def _refuse_unknown_names(values: dict[str, Any], text: str, file: Path) -> None:
    """Unknown keys are answered with the nearest known one; names in [models] and [data] have rules of their own."""
    top = list(Config.model_fields)
    for name, value in values.items():
        if name not in Config.model_fields:
            raise _unknown((name,), name, top, text, file)
        section = Config.model_fields[name].annotation
        if isinstance(section, type) and issubclass(section, Section) and isinstance(value, dict):
            for inner in value:
                if inner not in section.model_fields:
                    raise _unknown((name, inner), inner, list(section.model_fields), text, file)
    models = values.get("models")
    for inner in models if isinstance(models, dict) else ():
        if inner not in model_names():
            raise _unknown(("models", inner), inner, model_names(), text, file)
    data = values.get("data")
    for inner in data if isinstance(data, dict) else ():
        if not _DATA_NAME.fullmatch(inner):
            line = line_of(text, ("data", inner))
            allowed_names = "A–Z a–z 0–9 _ - ."
            raise LabError(
                "project.bad_value", file=str(file), line=line, option="data", value=inner, allowed=allowed_names
            )


def _unknown(key: Key, word: str, known: list[str], text: str, file: Path) -> LabError:
    return LabError(
        "project.unknown_key",
        file=str(file),
        line=line_of(text, key),
        option=".".join(key),
        nearest=_nearest(word, known) or _elsewhere(word),
        allowed=", ".join(known),
    )


def _elsewhere(word: str) -> str:
    """The dotted key of that name in another table: `solver_steps` at the top is meant as `phases.solver_steps`."""
    return next((key for key in fields() if key.rpartition(".")[2] == word), "")


def _explained(error: ValidationError, values: dict[str, Any], text: str, file: Path) -> LabError:
    first = min(error.errors(), key=lambda one: line_of(text, _path(one["loc"], values)))
    key = _path(first["loc"], values)
    if key == ("experiments", "where") and isinstance(first["input"], str):
        return LabError(
            "project.not_yet", file=str(file), line=line_of(text, key), option=f"where = {_shown(first['input'])}"
        )
    kind = "project.bad_type" if first["type"].endswith(("_type", "_parsing", "_from_float")) else "project.bad_value"
    return LabError(
        kind,
        file=str(file),
        line=line_of(text, key),
        option=".".join(key),
        value=_shown(first["input"]),
        allowed=allowed(key),
    )


def _path(loc: tuple[int | str, ...], values: dict[str, Any]) -> Key:
    """The part of a pydantic location that is a path in the file: union members and list places fall away."""
    path: list[str] = []
    inner: Any = values
    for part in loc:
        if not isinstance(inner, dict) or part not in inner:
            break
        path.append(str(part))
        inner = inner[part]
    return tuple(path)


def _shown(value: object) -> str:
    return _cut(json.dumps(value, ensure_ascii=False, default=str))


def _cut(told: str) -> str:
    return told if len(told) <= 80 else told[:79] + "…"


def _check_models(config: Config, text: str, file: Path) -> None:
    """Each name in [models] is a profile, and a model of it where the profile lists its own."""
    known = profiles.profiles()
    for name, model in config.models.items():
        try:
            profiles.parse(model, known)
        except LabError as error:
            raise LabError(
                "project.bad_value",
                file=str(file),
                line=line_of(text, ("models", name)),
                option=f"models.{name}",
                value=_shown(model),
                allowed=error.facts.get("allowed") or error.facts.get("example"),
            ) from None


def _refuse_not_yet(config: Config, text: str, file: Path) -> None:
    if config.code:
        raise LabError("project.not_yet", file=str(file), line=line_of(text, ("code",)), option="code")
