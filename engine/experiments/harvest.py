"""Bring in what a job left: how it ended, its files, and the numbers that a program measured.

All of it was written by a program that nobody trusts: opened beneath its folder without following links, capped in
size, JSON and PNG only, every number checked. What is wrong with a results file is said so that a model can mend it.
"""

from __future__ import annotations

import fnmatch
import hashlib
import json
import os
import re
import struct
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, TypeAdapter, ValidationError

from engine.experiments.contract import Ending, File
from state import durable
from state.errors import LabError
from state.vocabulary import ExperimentState

RESULTS_B = 8 << 20
METRICS_B = 64 << 20
PICTURE_B = 16 << 20
PICTURE_PX = 12_000
PICTURE_AREA_PX = 40_000_000
MOST_B = {".json": RESULTS_B, ".jsonl": METRICS_B, ".png": PICTURE_B}
"""A file of these kinds that is larger is not brought in: whoever reads it holds all of it."""

ALL_B = 1 << 30
"""What is brought in of one job in all. A file with holes is as large as it says and takes no disk."""

LARGEST = 1e100
"""No measured number is larger: what is would overflow in a mean or a spread."""

SHORT_B = 8 << 20  # with less room than this the disk is full
FILES = 1000
TAIL_B = 16 << 10
TAIL_LINES = 60
ERROR_LINES = 40
LINE = 500  # characters
NAME = 80
PNG = b"\x89PNG\r\n\x1a\n"
DISK_FULL = "disk.full"
"""Why a program is run again that failed on a full disk: that says nothing about it."""

SHUT = (PermissionError, FileNotFoundError, NotADirectoryError)
"""A program may take its folder away, or the rights to read it: that is its failure, not the lab's."""

ANSI = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[@-Z\\-_])")


class Exit(BaseModel):
    """`exit.json`, the shim's word."""

    model_config = ConfigDict(extra="ignore")

    state: Literal["finished", "failed", "limit", "stopped"]
    exit_code: int | None = None
    signal: int | None = None
    limit: Literal["wall", "memory", "disk", "processes", "file"] | None = None
    took_s: Annotated[float, Field(ge=0, allow_inf_nan=False)] = 0.0
    memory_b: Annotated[int, Field(ge=0)] = 0
    cpu_s: Annotated[float, Field(ge=0, allow_inf_nan=False)] = 0.0
    room_b: Annotated[int, Field(ge=0)] | None = None


class Spec(BaseModel):
    """What is asked of `spec.json` here."""

    model_config = ConfigDict(extra="ignore")

    kind: str = ""
    argv: tuple[str, ...] = ()
    wants: tuple[str, ...] = ()
    limits: dict[str, float]


def gather(folder: Path) -> Ending:
    """The ending of the job in `folder`; without an `exit.json` it is `lost`. Reads and hashes: call it in a thread."""
    spec = Spec.model_validate_json(durable.read_beneath(folder, "spec.json", RESULTS_B))
    try:
        end = Exit.model_validate_json(durable.read_beneath(folder, "exit.json", 1 << 16))
    except LabError:
        return Ending(ExperimentState.LOST, error="the program was lost with its watcher", tail=tail(folder))
    except ValidationError:
        return Ending(ExperimentState.FAILED, error="exit.json was overwritten by the program", tail=tail(folder))
    state, files = ExperimentState(end.state), {}
    last = tail(folder).replace(f"{folder / 'work'}/", "")  # where a person keeps things is not a model's business
    if end.room_b is not None and end.room_b < SHORT_B and not _withstood(folder, spec, state):
        return Ending(ExperimentState.STOPPED, error=DISK_FULL, tail=last, took_s=end.took_s)
    why = reason(end, spec.limits)
    try:
        files = wanted(folder / "work", spec.wants, int(spec.limits.get("file_b", RESULTS_B)))
    except (LabError, *SHUT) as error:
        state = ExperimentState.FAILED
        why = f"its work folder could not be read: {error}"
    error_text = "" if state is ExperimentState.FINISHED else "\n".join([why, *last.splitlines()[-ERROR_LINES:]])
    return Ending(
        state=state,
        exit_code=end.exit_code,
        signal=end.signal,
        error=error_text.strip(),
        tail=last,
        took_s=end.took_s,
        limit=end.limit,
        files=files,
        memory_b=end.memory_b,
        cpu_s=end.cpu_s,
    )


def _withstood(folder: Path, spec: Spec, state: ExperimentState) -> bool:
    """Whether what ended on a full disk counts all the same: it was ended by the lab, or its results are whole.

    Exit 0 is no proof: a program may not look whether what it wrote found a place.
    """
    if state is ExperimentState.FINISHED and spec.kind == "experiment":
        try:
            return bool(results(folder / "work", out_dir(spec.argv)))
        except LabError:
            return False
    return state not in (ExperimentState.FINISHED, ExperimentState.FAILED)


def out_dir(argv: tuple[str, ...]) -> str:
    """The folder that a program was told to write its results to: `--out_dir=run_1`."""
    return next((word.removeprefix("--out_dir=") for word in argv if word.startswith("--out_dir=")), "run_1")


def reason(end: Exit, caps: dict[str, float]) -> str:
    """Why it ended as it did, for the model that is to mend it."""
    said = {
        "wall": f"ended by the lab: it ran longer than its limit of {caps.get('wall_s', 0):g} s",
        "memory": f"ended by the lab: it used more memory than its limit of {caps.get('memory_b', 0) / 1e6:.0f} MB",
        "disk": f"ended by the lab: it wrote more than its limit of {caps.get('disk_b', 0) / 1e6:.0f} MB",
        "processes": f"ended by the lab: it had more processes than its limit of {caps.get('processes', 0):.0f}",
        "file": f"ended: it wrote a file larger than its limit of {caps.get('file_b', 0) / 1e6:.0f} MB",
    }
    if end.limit:
        return said[end.limit]
    if end.state == "stopped":
        return "ended by the lab: it was told to stop"
    return f"ended by signal {end.signal}" if end.signal else f"exit code {end.exit_code}"


def tail(folder: Path) -> str:
    """The last lines of `out.log`, printable: no escape sequences, of a line redrawn with \\r only its last state."""
    try:
        with durable.open_beneath(folder, "out.log") as fd:
            size_b = os.fstat(fd).st_size
            data = os.pread(fd, TAIL_B, max(size_b - TAIL_B, 0))
    except LabError:
        return ""
    text = ANSI.sub("", data.decode("utf-8", "replace"))
    if size_b > TAIL_B:
        text = text.partition("\n")[2] or text
    lines = [line.rstrip("\r").rpartition("\r")[2] for line in text.rstrip().split("\n")]
    shown = ["".join(c if c.isprintable() or c == "\t" else "�" for c in line[:LINE]) for line in lines]
    return "\n".join(shown[-TAIL_LINES:]).strip("\n")


def wanted(work: Path, globs: tuple[str, ...], limit_b: int) -> dict[str, File]:
    """The files in `work` that any of `globs` means: path → hash and size. At most 1,000, the first by name.

    What is larger than its kind may be (`MOST_B`) is passed over, and what would be more than 1 GB in all.
    """
    found: dict[str, File] = {}
    if not globs:
        return found
    if work.is_symlink():
        raise LabError("file.link", file=work.name)
    left_b = ALL_B
    for file in durable.list_beneath(work, limit_b=limit_b):
        most_b = min(left_b, MOST_B.get(Path(file.path).suffix.lower(), ALL_B))
        if len(found) < FILES and file.size_b <= most_b and any(means(glob, file.path) for glob in globs):
            try:
                found[file.path] = hashed(work, file.path)
            except (LabError, *SHUT):  # it is no plain file any more, or not for us
                continue
            left_b -= found[file.path].size_b
    return found


def means(glob: str, path: str) -> bool:
    """Whether `glob` means `path`: `*` within a name, `**` over folders."""
    wants, has = glob.split("/"), path.split("/")
    if wants[0] == "**":
        rest = "/".join(wants[1:]) or "*"
        return any(means(rest, "/".join(has[at:])) for at in range(len(has)))
    if not fnmatch.fnmatchcase(has[0], wants[0]):
        return False
    if len(wants) == 1 or len(has) == 1:
        return len(wants) == len(has)
    return means("/".join(wants[1:]), "/".join(has[1:]))


def hashed(work: Path, path: str) -> File:
    told, size_b = hashlib.sha256(), 0
    with durable.open_beneath(work, path) as fd:
        while part := os.read(fd, 1 << 20):
            told.update(part)
            size_b += len(part)
    return File(told.hexdigest(), size_b)


# What was measured


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
        data = durable.read_beneath(work, file, RESULTS_B)
    except LabError as error:
        raise LabError("results.bad", file=file, why=_unread(file, error)) from error
    except SHUT as error:
        raise LabError("results.bad", file=file, why=f"{file} cannot be read: {error.strerror}") from error
    sha256 = hashlib.sha256(data).hexdigest()
    try:
        told = FINAL_INFO.validate_python(json.loads(data.decode("utf-8"), object_pairs_hook=_each_once))
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


def _each_once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    """Of two numbers under one name nobody could say which was measured."""
    told = dict(pairs)
    if len(told) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"{twice[:80]!r} stands in it twice")
    return told


def _unread(file: str, error: LabError) -> str:
    said = {
        "file.missing": f"the program ended without writing {file}",
        "file.too_big": f"{file} is larger than {RESULTS_B >> 20} MB: put curves into metrics.jsonl",
    }
    return said.get(error.key, f"{file} is not a plain file")


def _wrong(file: str, error: ValidationError) -> str:
    lines = [f"{file} must be {{dataset: {{'means': {{metric: number}}, 'stderrs': {{metric: number}}}}}}"]
    for one in error.errors()[:8]:
        place = " → ".join(str(part) for part in one["loc"]) or "the whole"
        lines.append(f"{place[:200]}: {one['msg']}, found {str(one['input'])[:80]!r}")
    lines.append("a target that was not reached is null in 'means', with its limit in 'censored': {metric: limit}")
    return "\n".join(lines)


@dataclass(frozen=True, slots=True)
class Point:
    """A line of `metrics.jsonl`."""

    step: float
    values: dict[str, float]


@dataclass(frozen=True, slots=True)
class Curve:
    points: tuple[Point, ...]
    refused: int  # lines that were no JSON object with a numeric `step`


def curve_of(data: bytes) -> Curve:
    """The bytes of a `metrics.jsonl` as a curve; an unfinished last line is not there yet, values that are no number
    are left out (a loss that became NaN), and so are names that cannot be printed."""
    points, refused = [], 0
    for line in data[: data.rfind(b"\n") + 1].split(b"\n")[:-1]:
        if (point := _point(line)) is not None:
            points.append(point)
        elif line.strip():
            refused += 1
    return Curve(tuple(points), refused)


def _point(line: bytes) -> Point | None:
    try:
        told = json.loads(line)
    except (ValueError, RecursionError):
        return None
    if not isinstance(told, dict) or not _finite(told.get("step")):
        return None
    values = {
        name: float(value)
        for name, value in told.items()
        if name != "step" and len(name) <= NAME and name.isprintable() and _finite(value)
    }
    return Point(float(told["step"]), values)


def _finite(value: object) -> bool:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    try:
        return abs(float(value)) <= LARGEST  # never of NaN
    except OverflowError:
        return False


def picture(data: bytes) -> tuple[int, int] | None:
    """Width and height of a PNG that is whole and of a sane size, whatever its name said; None for anything else.

    A paper is typeset with it: one that unpacks to more than it says, or ends early, would cost the whole paper.
    """
    if not data.startswith(PNG) or len(data) > PICTURE_B:
        return None
    at, packed, size, whole = len(PNG), bytearray(), None, False
    while at + 12 <= len(data) and not whole:
        (length,) = struct.unpack_from(">I", data, at)
        kind, end = data[at + 4 : at + 8], at + 12 + length
        if end > len(data) or zlib.crc32(data[at + 4 : end - 4]) != struct.unpack_from(">I", data, end - 4)[0]:
            return None
        if kind == b"IHDR" and length == 13 and size is None:
            size = struct.unpack_from(">IIBBBBB", data, at + 8)
        elif kind == b"IDAT":
            packed += data[at + 8 : end - 4]
        whole, at = kind == b"IEND", end
    if not whole or size is None:
        return None
    width, height, depth, colour, _, _, interlaced = size
    channels = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}.get(colour, 0)
    if not (0 < width <= PICTURE_PX and 0 < height <= PICTURE_PX and width * height <= PICTURE_AREA_PX and channels):
        return None
    needs_b = ((width * channels * depth + 7) // 8 + 1) * height
    most_b = 2 * needs_b + 64 * height if interlaced else needs_b
    return (width, height) if needs_b <= _unpacked_b(bytes(packed), most_b) <= most_b else None


def _unpacked_b(packed: bytes, most_b: int) -> int:
    """How much `packed` unpacks to, told as more than `most_b` where it does not end there; -1 where it is broken."""
    unpack, total_b = zlib.decompressobj(), 0
    try:
        while not unpack.eof and total_b <= most_b:
            part = unpack.decompress(packed, 1 << 20)
            packed, total_b = unpack.unconsumed_tail, total_b + len(part)
            if not part and not packed:
                return -1
    except zlib.error:
        return -1
    return total_b
