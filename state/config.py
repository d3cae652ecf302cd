"""What project.toml says, as frozen models: every key with its type, bounds and default.

`Config` is the whole; its canonical JSON and sha are a run's snapshot. `allowed` tells what a key may be in the
notation of the file itself. Read from a file by `state/project.py`.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from functools import cache
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, PlainSerializer
from pydantic.fields import FieldInfo

from state.errors import Plain
from state.toml_text import Key
from state.vocabulary import Autonomy, Language, Phase, Role

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_DURATION = re.compile(r"(?:\d+(?:\.\d+)?[smhd])+")
_TARGET = re.compile(r"(\S+)\s*(>=|<=|>|<)\s*([-+]?\d+(?:\.\d*)?(?:[eE][-+]?\d+)?)")
_METRIC = re.compile(r"([^,\s]+)\s*,\s*(lower|higher)")


LONGEST_S = 10 * 365 * 86_400
"""Ten years: far longer, and the clocks of the system cannot count it."""


def duration(text: str) -> timedelta:
    """`90s`, `45m`, `2h`, `1h30m`, `3d` as a timedelta; ValueError for anything else, for nothing and for more than ten
    years."""
    squeezed = text.replace(" ", "")
    if not _DURATION.fullmatch(squeezed):
        raise ValueError(text)
    seconds = sum(float(n) * _UNITS[unit] for n, unit in re.findall(r"(\d+(?:\.\d+)?)([smhd])", squeezed))
    if not 0 < seconds <= LONGEST_S:
        raise ValueError(text)
    return timedelta(seconds=seconds)


def written(length: timedelta) -> str:
    """A timedelta as it is written in project.toml: `1h30m`."""
    seconds = round(length.total_seconds())
    told = ""
    for unit in ("d", "h", "m", "s"):
        count, seconds = divmod(seconds, _UNITS[unit])
        told += f"{count}{unit}" if count else ""
    return told or "0s"


def _as_duration(value: object) -> object:
    return duration(value) if isinstance(value, str) else value


def _with_full_names(value: object) -> object:
    """`plan` is the phase's name on every screen, so it may stand for `plan_formulation`."""
    if not isinstance(value, list | tuple):
        return value
    return tuple((Phase.named(each) or each) if isinstance(each, str) else each for each in value)


PHASE_NAMES = ", ".join(f'"{phase.value}"' for phase in Phase)
Duration = Annotated[timedelta, BeforeValidator(_as_duration), PlainSerializer(written, return_type=str)]
Phases = tuple[Phase, ...]


class Section(BaseModel):
    """A table of project.toml: nothing unknown, no type bent, nothing changed after reading. Validate as JSON: there
    `strict` still takes the words of enums and a whole number where a float is asked for."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class Languages(Section):
    team: Language = Language.EN
    paper: Language = Language.EN


class Limits(Section):
    """What may be spent; reaching a limit pauses and asks."""

    money_usd: Annotated[float, Field(ge=0, le=1_000_000, allow_inf_nan=False)] = 10.00
    gpu_hours: Annotated[float, Field(ge=0, le=1_000_000, allow_inf_nan=False)] = 24.0
    run_time: Annotated[Duration, Field(examples=['"90s" | "45m" | "2h" | "3d"'])] = timedelta(hours=2)
    disk_gb: Annotated[float, Field(gt=0, le=1_000_000, allow_inf_nan=False)] = 20
    memory_gb: Annotated[float, Field(ge=0, le=100_000, allow_inf_nan=False)] = 0

    @property
    def money_micros(self) -> int:
        return round(self.money_usd * 1_000_000)

    @property
    def gpu_s(self) -> float:
        return self.gpu_hours * 3600


class PhaseNumbers(Section):
    """`[phases]`: how much of everything."""

    papers: Annotated[int, Field(ge=0, le=100)] = 5
    turns: Annotated[int, Field(ge=1, le=1000)] = 100
    solver_steps: Annotated[int, Field(ge=1, le=1000)] = 6
    report_steps: Annotated[int, Field(ge=0, le=1000)] = 4
    ideas: Annotated[int, Field(ge=1, le=100)] = 3
    reflections: Annotated[int, Field(ge=0, le=100)] = 3
    novelty_rounds: Annotated[int, Field(ge=0, le=100)] = 10
    reviews: Annotated[int, Field(ge=1, le=25)] = 3


class Papers(Section):
    folder: str = "papers"
    online: bool = True


class Where(StrEnum):
    LOCAL = "local"


class SandboxChoice(StrEnum):
    AUTO = "auto"
    BASIC = "basic"


@dataclass(frozen=True)
class Metric:
    """`val_loss, lower`: the primary metric and whether more of it is better."""

    name: str
    higher: bool


def _is_metric(value: object) -> object:
    if isinstance(value, str) and value and not _METRIC.fullmatch(value.strip()):
        raise ValueError(value)
    return value


def _is_target(value: object) -> object:
    if isinstance(value, str) and value and not _TARGET.fullmatch(value.strip()):
        raise ValueError(value)
    return value


class Experiments(Section):
    where: Where = Where.LOCAL
    python: str = ""
    metric: Annotated[str, BeforeValidator(_is_metric), Field(examples=['"" | "val_loss, lower"'])] = ""
    target: Annotated[str, BeforeValidator(_is_target), Field(examples=['"" | "val_acc >= 0.95"'])] = ""
    seeds: Annotated[int, Field(ge=1, le=1000)] = 3
    slots: Annotated[int, Field(ge=0, le=1024)] = 0
    threads: Annotated[int, Field(ge=0, le=1024)] = 1
    nice: Annotated[int, Field(ge=0, le=19)] = 10
    sandbox: SandboxChoice = SandboxChoice.AUTO


def _with_default(value: object) -> object:
    return {"default": "anthropic", **value} if isinstance(value, dict) else value


def model_names() -> list[str]:
    return ["default", *(role.value for role in Role), *(phase.value for phase in Phase)]


class Config(Section):
    """The whole of project.toml with its defaults. Immutable; its canonical JSON and sha are the run's snapshot."""

    question: str = ""
    topic: str = ""
    autonomy: Autonomy = Autonomy.CO_PILOT
    checkpoints: Annotated[
        Literal["all"] | Phases, BeforeValidator(_with_full_names), Field(examples=[f'"all" | [{PHASE_NAMES}]'])
    ] = "all"
    rounds: Annotated[int, Field(ge=0, le=100)] = 2
    models: Annotated[dict[str, Annotated[str, Field(min_length=1)]], BeforeValidator(_with_default)] = Field(
        default_factory=lambda: {"default": "anthropic"}, examples=['"PROFILE" | "PROFILE/MODEL"']
    )
    languages: Languages = Languages()
    limits: Limits = Limits()
    phases: PhaseNumbers = PhaseNumbers()
    code: dict[str, Any] = Field(default_factory=dict)
    data: dict[str, str] = Field(default_factory=dict)
    papers: Papers = Papers()
    experiments: Experiments = Experiments()

    @property
    def canonical(self) -> str:
        """Canonical JSON: sorted, without spaces; `Config.model_validate_json` reads it back to an equal Config."""
        return json.dumps(self.model_dump(mode="json"), sort_keys=True, separators=(",", ":"), ensure_ascii=False)

    @property
    def sha(self) -> str:
        return hashlib.sha256(self.canonical.encode()).hexdigest()

    def model_for(self, phase: Phase | None, role: Role | None) -> str:
        """`profile` or `profile/model`: a role beats a phase beats the default."""
        for name in (role, phase):
            if name is not None and name.value in self.models:
                return self.models[name.value]
        return self.models.get("default", "anthropic")

    def stops_at(self, phase: Phase) -> bool:
        """Whether the run waits for a person at this phase's checkpoint."""
        if self.autonomy is Autonomy.AUTOPILOT:
            return False
        return self.checkpoints == "all" or phase in self.checkpoints

    def flat(self) -> dict[str, Plain]:
        """Every value by its dotted key, as JSON: `limits.money_usd`."""
        return dict(_flatten(self.model_dump(mode="json")))


def allowed(key: Key) -> str:
    """What a key may be, in the notation of project.toml: `0 … 100`, `"co-pilot" | "autopilot"`, `true | false`."""
    if not key or key in (("models",), ("data",)):  # a table with names of its own
        return "".join(f"[{name}]" for name in key)
    return fields().get(".".join(key)) or fields().get(key[0], "")


def _flatten(values: dict[str, Any], prefix: str = "") -> Iterator[tuple[str, Plain]]:
    for name, value in values.items():
        if isinstance(value, dict):
            yield from _flatten(value, f"{prefix}{name}.")
        else:
            yield prefix + name, value


@cache
def fields() -> dict[str, str]:
    return dict(_allowed_in(Config, ""))


def _allowed_in(section: type[BaseModel], prefix: str) -> Iterator[tuple[str, str]]:
    for name, field in section.model_fields.items():
        inner = field.annotation
        if isinstance(inner, type) and issubclass(inner, Section):
            yield prefix + name, f"[{name}]"
            yield from _allowed_in(inner, f"{prefix}{name}.")
        else:
            yield prefix + name, _notation(name, field)


def _notation(name: str, field: FieldInfo) -> str:
    if field.examples:
        return str(field.examples[0])
    kind = field.annotation
    if isinstance(kind, type) and issubclass(kind, StrEnum):
        return " | ".join(f'"{member.value}"' for member in kind)
    if kind is bool:
        return "true | false"
    if kind in (int, float):
        least = next(
            (m.ge if hasattr(m, "ge") else m.gt for m in field.metadata if hasattr(m, "ge") or hasattr(m, "gt")), 0
        )
        most = next((m.le for m in field.metadata if hasattr(m, "le")), 0)
        above = any(hasattr(m, "gt") for m in field.metadata)
        return f"> {least:g}, ≤ {most:.0f}" if above else f"{least:g} … {most:.0f}"
    return '"…"'
