"""The numbers that a program measured: its `final_info.json`, every one of them checked.

A program wrote it: it is opened beneath the job's folder without following links and capped in size. What is wrong with
it is said so that a model can mend it.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, TypeAdapter, ValidationError

from state import durable
from state.curve import LARGEST
from state.errors import LabError

LARGEST_B = 8 << 20
NAMES = 10_000
"""More names than these in one file are a curve, and each of them would be a row."""

SHUT = (PermissionError, FileNotFoundError, NotADirectoryError)
"""A program may take its folder away, or the rights to read it: that is its failure, not the lab's."""


@dataclass(frozen=True, slots=True)
class Measured:
    """One number of a results file. `value` None with `censored`: the target was not reached within that limit."""

    dataset: str
    metric: str
    value: float | None
    stderr: float | None
    censored: float | None
    file: str
    sha256: str


def _no_bool(value: object) -> object:
    if isinstance(value, bool):
        raise ValueError("true and false are no numbers")
    return value


def _printable(name: str) -> str:
    if not name.isprintable() or name != name.strip():
        raise ValueError("a name is printed: no control characters, no space around it")
    return name


Number = Annotated[float, BeforeValidator(_no_bool), Field(allow_inf_nan=False, strict=True, ge=-LARGEST, le=LARGEST)]
Name = Annotated[str, Field(pattern=r"^[^/{}\\\x00-\x1f]{1,80}$"), AfterValidator(_printable)]


class Dataset(BaseModel):
    """One dataset of `final_info.json`; what a template writes beside these is left alone."""

    model_config = ConfigDict(extra="ignore")

    means: Annotated[dict[Name, Number | None], Field(min_length=1)]
    stderrs: dict[Name, Number | None] = Field(default_factory=dict)
    censored: dict[Name, Number] = Field(default_factory=dict)


FINAL_INFO: TypeAdapter[dict[str, Dataset]] = TypeAdapter(
    Annotated[dict[Name, Dataset], Field(min_length=1, max_length=1000)]
)


def results(work: Path, run: str = "run_1") -> list[Measured]:
    """What `run` measured, by dataset and metric. `results.bad` says in `why` what is wrong, for a model to mend."""
    file = f"{run}/final_info.json"
    try:
        data = durable.read_beneath(work, file, LARGEST_B)
    except LabError as error:
        raise LabError("results.bad", file=file, why=_unread(file, error)) from error
    except SHUT as error:
        raise LabError("results.bad", file=file, why=f"{file} cannot be read: {error.strerror}") from error
    sha256 = hashlib.sha256(data).hexdigest()
    try:
        told = FINAL_INFO.validate_python(json.loads(data.decode("utf-8"), object_pairs_hook=_EachOnce()))
    except ValidationError as error:
        raise LabError("results.bad", file=file, why=_wrong(file, error)) from error
    except (ValueError, RecursionError) as error:
        raise LabError("results.bad", file=file, why=f"{file} is not JSON: {str(error)[:300]}") from error
    found: list[Measured] = []
    for dataset, one in sorted(told.items()):
        for metric, value in sorted(one.means.items()):
            censored = one.censored.get(metric) if value is None else None
            found.append(Measured(dataset, metric, value, one.stderrs.get(metric), censored, file, sha256))
    return found


class _EachOnce:
    """An object of a file: of two numbers under one name nobody could say which was measured."""

    def __init__(self) -> None:
        self.names = 0  # in the whole file

    def __call__(self, pairs: list[tuple[str, object]]) -> dict[str, object]:
        self.names += len(pairs)
        if self.names > NAMES:
            raise ValueError(f"it holds more than {NAMES} names: put curves into metrics.jsonl")
        told: dict[str, object] = {}
        for name, value in pairs:
            if name in told:
                raise ValueError(f"{name[:80]!r} stands in it twice")
            told[name] = value
        return told


def _unread(file: str, error: LabError) -> str:
    said = {
        "file.missing": f"the program ended without writing {file}",
        "file.too_big": f"{file} is larger than {LARGEST_B >> 20} MB: put curves into metrics.jsonl",
    }
    return said.get(error.key, f"{file} is not a plain file")


def _wrong(file: str, error: ValidationError) -> str:
    lines = [f"{file} must be {{dataset: {{'means': {{metric: number}}, 'stderrs': {{metric: number}}}}}}"]
    for one in error.errors()[:8]:
        place = " → ".join(str(part) for part in one["loc"]) or "the whole"
        lines.append(f"{place[:200]}: {one['msg']}, found {str(one['input'])[:80]!r}")
    lines.append("a target that was not reached is null in 'means', with its limit in 'censored': {metric: limit}")
    return "\n".join(lines)
