"""Endpoints and prices: which models there are, where they answer, and what a call costs.

`profiles.toml` beside this file, with a person's own `profiles.toml` in the config folder laid over it. `parse` turns
a name of project.toml's `[models]` into a `Choice`, which prices calls: money is in USD micros, prices are for a
million tokens. Called by the engine before each call and by the tui, which prices a demo. No network.
"""

from __future__ import annotations

import difflib
import os
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Protocol
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from state import notation
from state.errors import LabError, Plain
from state.places import config_folder
from state.toml_text import fault_of, line_of, loads

BUILT_IN = Path(__file__).with_suffix(".toml")
REHEARSAL = "rehearsal"
MILLION = 1_000_000

Micros = Annotated[int, Field(ge=0)]
Tokens = Annotated[int, Field(ge=1)]


class Counted(Protocol):
    """Tokens of one call, as `engine.models.base.Usage` counts them."""

    @property
    def input(self) -> int: ...
    @property
    def cache_read(self) -> int: ...
    @property
    def cache_write(self) -> int: ...
    @property
    def output(self) -> int: ...


class _Table(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class Price(_Table):
    """USD micros for a million tokens."""

    input: Micros
    cache_read: Micros
    cache_write: Micros
    output: Micros

    def of(self, usage: Counted) -> int:
        """What `usage` costs, rounded up."""
        cost = usage.input * self.input + usage.cache_read * self.cache_read
        cost += usage.cache_write * self.cache_write + usage.output * self.output
        return -(-cost // MILLION)


class LongPrice(Price):
    """The price of every token of a request whose prompt is longer than `above` tokens."""

    above: Tokens


class ModelInfo(_Table):
    """A model at an endpoint. `max_tokens` is the most that one reply may have; `sees` is its profile's where None."""

    name: str = ""
    input: Micros | None = None
    cache_read: Micros | None = None
    cache_write: Micros | None = None
    output: Micros | None = None
    max_tokens: Tokens = 8192
    sees: bool | None = None
    long: LongPrice | None = None

    @property
    def price(self) -> Price | None:
        """None where it is not known in full: input and output must be; cached input costs as input unless told."""
        if self.input is None or self.output is None:
            return None
        read = self.input if self.cache_read is None else self.cache_read
        write = self.input if self.cache_write is None else self.cache_write
        return Price(input=self.input, cache_read=read, cache_write=write, output=self.output)

    @property
    def priced(self) -> bool:
        """False: its calls are counted as 0, and a person should know."""
        return self.price is not None

    def price_at(self, prompt_tokens: int) -> Price | None:
        return self.long if self.long is not None and prompt_tokens > self.long.above else self.price


class Profile(_Table):
    """One endpoint. `origin` says who set its address: `built_in`, `file` (a person's own) or `environment`."""

    name: str = ""
    base_url: str
    keys: tuple[str, ...] = Field(default=(), strict=False)
    version: str = "2023-06-01"
    both_headers: bool = True
    default: str = ""
    any_model: bool = False
    free: bool = False
    cache_marks: bool = True
    no_thinking: bool = False
    sees: bool = False
    read_s: Annotated[float, Field(gt=0, le=3600)] = 120
    models: dict[str, ModelInfo] = Field(default_factory=dict)
    origin: str = "built_in"

    @property
    def needs_key(self) -> bool:
        return bool(self.keys)

    @property
    def local(self) -> bool:
        """It answers on this machine, so nothing goes through a proxy."""
        return urlsplit(self.base_url).hostname in ("localhost", "127.0.0.1", "::1")

    @property
    def rehearsal(self) -> bool:
        return self.name == REHEARSAL


class Choice(_Table):
    """Who plays: a profile and one of its models."""

    profile: Profile
    model: ModelInfo

    def __str__(self) -> str:
        return f"{self.profile.name}/{self.model.name}"

    @property
    def priced(self) -> bool:
        return self.model.priced

    @property
    def sees(self) -> bool:
        """Whether it may be shown pictures."""
        return self.profile.sees if self.model.sees is None else self.model.sees

    def cost(self, usage: Counted) -> int:
        return cost(self.model, usage)

    def worst_case(self, input_tokens: int, max_tokens: int) -> int:
        return worst_case(self.model, input_tokens, max_tokens)


def cost(model: ModelInfo, usage: Counted) -> int:
    """What a call cost, in micros; 0 where the price is not known (`priced` is False)."""
    price = model.price_at(usage.input + usage.cache_read + usage.cache_write)
    return price.of(usage) if price is not None else 0


def worst_case(model: ModelInfo, input_tokens: int, max_tokens: int) -> int:
    """The most that a call may cost: all of its input written to the cache, a reply of full length."""
    price = model.price_at(input_tokens)
    if price is None:
        return 0
    dearest = max(price.input, price.cache_write, price.cache_read)
    return -(-(input_tokens * dearest + max_tokens * price.output) // MILLION)


def own_file() -> Path:
    """Where a person adds endpoints and prices, or changes ours."""
    return config_folder() / "profiles.toml"


def profiles(environment: Mapping[str, str] | None = None) -> dict[str, Profile]:
    """Every profile by name. LabError `profiles.unreadable`, `profiles.unknown_key` or `profiles.bad_value`, with
    the file that the fault stands in, a person's or ours, and its line.

    `ANTHROPIC_BASE_URL`, where it is set, moves the profile `anthropic`; its `origin` says so. One that is no address
    is a `profiles.bad_value` too.
    """
    environment = os.environ if environment is None else environment
    files = [_File.of(BUILT_IN)]
    tables = dict(files[0].tables)
    if (own := own_file()).is_file():
        files.append(_File.of(own))
        for name, table in files[1].tables.items():
            tables[name] = _laid_over(tables.get(name, {"any_model": True}), table)
    found = {name: _profile(name, table, files) for name, table in tables.items()}
    if moved := environment.get("ANTHROPIC_BASE_URL", "").strip():
        if not _address(moved):
            raise LabError(
                "profiles.bad_value",
                file="ANTHROPIC_BASE_URL",
                line=1,
                option="anthropic.base_url",
                allowed="https://…",
            )
        found["anthropic"] = found["anthropic"].model_copy(
            # whoever answers there may want the older header
            update={"base_url": _base(moved), "origin": "environment", "both_headers": True}
        )
    return found


def parse(name: str, known: Mapping[str, Profile] | None = None) -> Choice:
    """`anthropic` or `deepseek/deepseek-chat` as a Choice.

    LabError `model.unknown_profile`, `model.unknown` (both with what is allowed) or `model.name_needed`.
    """
    known = profiles() if known is None else known
    word, _, model = name.strip().partition("/")
    profile = known.get(word)
    if profile is None:
        nearest = _nearest(word, list(known))
        raise LabError("model.unknown_profile", name=name, profile=word, nearest=nearest, allowed=", ".join(known))
    model = model.strip() or profile.default
    if not model:
        raise LabError("model.name_needed", name=name, profile=word, example=f"{word}/MODEL")
    if (info := profile.models.get(model)) is not None:
        return Choice(profile=profile, model=info)
    if not profile.any_model:
        nearest = _nearest(model, list(profile.models))
        allowed = ", ".join(f"{word}/{each}" for each in profile.models)
        raise LabError("model.unknown", name=name, profile=word, nearest=nearest, allowed=allowed, file=str(own_file()))
    zero = 0 if profile.free else None
    return Choice(profile=profile, model=ModelInfo(name=model, input=zero, output=zero))


@dataclass(frozen=True)
class _File:
    """A file of profiles: ours, or a person's."""

    path: Path
    text: str
    tables: Mapping[str, dict[str, Any]]

    @classmethod
    def of(cls, path: Path) -> _File:
        text = _text(path)
        try:
            tables = loads(text)
        except tomllib.TOMLDecodeError as error:
            line, reason = fault_of(text, error)
            raise LabError("profiles.unreadable", file=str(path), line=line, reason=reason) from None
        found = cls(path, text, tables)
        for name, table in tables.items():
            if not isinstance(table, dict):
                raise _bad(found, (name,), f"[{name}]")
        return found

    def holds(self, path: Sequence[str]) -> bool:
        """Whether a value stands in it."""
        here: Any = self.tables
        for part in path:
            if not isinstance(here, dict) or part not in here:
                return False
            here = here[part]
        return True

    def line_of(self, path: Sequence[str]) -> int:
        return line_of(self.text, tuple(path))


def _at_fault(files: Sequence[_File], path: Sequence[str]) -> _File:
    """The file that a value stands in, of two a person's; for one that is missing, the one with as much of its path."""
    parts = (path[:length] for length in range(len(path), 0, -1))
    return next((file for part in parts for file in reversed(files) if file.holds(part)), files[-1])


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise LabError("profiles.unreadable", file=str(file), line=1, reason=error.strerror or str(error)) from None
    except UnicodeDecodeError:
        raise LabError("profiles.unreadable", file=str(file), line=1, reason="encoding") from None


def _laid_over(below: dict[str, Any], above: dict[str, Any]) -> dict[str, Any]:
    """A person's table over ours: a value replaces ours, a model's prices are replaced one by one."""
    models = dict(below.get("models", {}))
    own = above.get("models", {})
    if isinstance(own, dict):
        for name, table in own.items():
            models[name] = {**models.get(name, {}), **table} if isinstance(table, dict) else table
    else:
        models = own
    origin = "file" if "base_url" in above else below.get("origin", "built_in")
    return {**below, **above, "models": models, "origin": origin}


def _profile(name: str, table: dict[str, Any], files: Sequence[_File]) -> Profile:
    try:
        profile = Profile.model_validate({**table, "name": name})
    except ValidationError as error:
        faults = []
        for each in error.errors(include_url=False):
            path = (name, *(str(part) for part in each["loc"]))
            file = _at_fault(files, path)
            faults.append((-files.index(file), file.line_of(path), file, path, each))
        _, line, file, path, first = min(faults, key=lambda fault: fault[:2])
        if first["type"] == "extra_forbidden":
            where: dict[str, Plain] = {"file": str(file.path), "line": line, "option": ".".join(path)}
            near = notation.nearest(Profile, first["loc"])
            raise LabError("profiles.unknown_key", **where, nearest=near) from None
        raise _bad(file, path, notation.allowed(Profile, first["loc"])) from None
    if name != REHEARSAL and not _address(profile.base_url):
        path = (name, "base_url")
        raise _bad(_at_fault(files, path), path, "https://…")
    models = {each: model.model_copy(update={"name": each}) for each, model in profile.models.items()}
    return profile.model_copy(update={"models": models, "base_url": _base(profile.base_url)})


def _base(url: str) -> str:
    """What stands before `/v1/messages`: people give the whole of it too, as other protocols want it."""
    return url.strip().rstrip("/").removesuffix("/messages").removesuffix("/v1").rstrip("/")


def _address(url: str) -> bool:
    try:
        parts = urlsplit(url.strip())
        return parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError:
        return False


def _bad(file: _File, path: tuple[str, ...], allowed: str) -> LabError:
    return LabError(
        "profiles.bad_value", file=str(file.path), line=file.line_of(path), option=".".join(path), allowed=allowed
    )


def _nearest(word: str, known: list[str]) -> str:
    return next(iter(difflib.get_close_matches(word, known, 1)), "")
