"""Bring in what a job left: how it ended, what it said last, and its files.

All of it was written by a program that nobody trusts: opened beneath its folder without following links, capped in
size. What stands in the files is read by `final_info.py`, `png.py` and `state/curve.py`.
"""

from __future__ import annotations

import fnmatch
import hashlib
import os
import re
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from engine.experiments import final_info, png
from engine.experiments.contract import Ending, File
from engine.experiments.final_info import SHUT
from state import curve, durable
from state.errors import LabError
from state.vocabulary import ExperimentState

MOST_B = {".json": final_info.LARGEST_B, ".jsonl": curve.LARGEST_B, ".png": png.LARGEST_B}
"""A file of these kinds that is larger is not brought in: whoever reads it holds all of it."""

ALL_B = 1 << 30
"""What is brought in of one job in all. A file with holes is as large as it says and takes no disk."""

SHORT_B = 8 << 20  # with less room than this the disk is full
FILES = 1000
TAIL_B = 16 << 10
TAIL_LINES = 60
ERROR_LINES = 40
LINE = 500  # characters
DISK_FULL = "disk.full"
"""Why a program is run again that failed on a full disk: that says nothing about it."""

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
    limits: dict[str, Annotated[float, Field(allow_inf_nan=False)]]


def gather(folder: Path) -> Ending:
    """The ending of the job in `folder`; without an `exit.json` it is `lost`, without a whole `spec.json` failed.

    Reads and hashes: call it in a thread.
    """
    try:
        spec = Spec.model_validate_json(durable.read_beneath(folder, "spec.json", final_info.LARGEST_B))
    except (LabError, ValidationError, *SHUT):
        return Ending(ExperimentState.FAILED, error="spec.json was overwritten by the program", tail=tail(folder))
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
        files = wanted(folder / "work", spec.wants, int(spec.limits.get("file_b", final_info.LARGEST_B)))
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
            return bool(final_info.results(folder / "work", out_dir(spec.argv)))
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
    except (LabError, *SHUT):
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
