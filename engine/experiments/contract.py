"""Where experiments run, as a small contract: a job is a folder; a place takes it, looks, stops it, brings it in.

`local` is the first place; a Slurm or Ray cluster comes as a sibling folder with the same file names. Nothing above
this contract may assume this machine: what is known about a job is what its folder says (`spec.json`, `lock`,
`started.json`, `exit.json`, `stop`, `out.log`, `work/`), so a new engine takes a job up by looking at its folder.
"""

from __future__ import annotations

import hashlib
import os
import sys
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Literal, Protocol, cast

from state.errors import LabError, Plain
from state.vocabulary import ExperimentState

Kind = Literal["experiment", "python", "latex", "figures"]
Author = Literal["model", "lab"]
GB = 1 << 30
MB = 1 << 20


class Look(StrEnum):
    """How far a job's folder says it is."""

    PLANNED = "planned"  # nothing runs and nothing ran: submit (again)
    RUNNING = "running"
    ENDED = "ended"
    LOST = "lost"  # it started, nobody watches it any more, and no end was written


@dataclass(frozen=True, slots=True)
class Limits:
    """What is enforced from outside the program. All of them are hard but `output_b`, which only cuts the log, and
    `threads`, which the libraries read from the environment."""

    wall_s: float
    memory_b: int  # the whole process tree; 0: none
    disk_b: int = 2 * GB  # what lies in the work folder
    output_b: int = 4 * MB  # what is kept of stdout and stderr: the first and the last part
    file_b: int = GB  # a single file
    processes: int = 128
    threads: int = 1  # that BLAS and its kin may take; 0: the program decides
    nice: int = 10

    def plain(self) -> dict[str, Plain]:
        return {name: cast(Plain, getattr(self, name)) for name in self.__slots__}


@dataclass(frozen=True, slots=True)
class Job:
    """A program to run. `argv` starts in the work folder; there lie `files`, and `data/NAME` links to each `data` path.

    `identities` says what lay at the data paths (see `identify`) when the caller asked: it enters the meaning, so
    changed data is another experiment. `wants` are globs of files that are brought in at the end.
    """

    kind: Kind
    argv: tuple[str, ...]
    limits: Limits
    files: dict[str, bytes] = field(default_factory=dict)
    data: dict[str, str] = field(default_factory=dict)
    env: dict[str, str] = field(default_factory=dict)
    wants: tuple[str, ...] = ()
    gpu: bool = False
    author: Author = "model"
    identities: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name in self.files:
            parts = name.split("/")
            if not name.isprintable() or any(part in ("", ".", "..") for part in parts) or name == "data":
                raise LabError("job.bad_file", file=name)
            if parts[0] == "data" and len(parts) > 1 and parts[1] in self.data:
                raise LabError("job.bad_file", file=name)
        for name in self.data:
            if not name.isprintable() or "/" in name or name in ("", ".", ".."):
                raise LabError("job.bad_data", data=name)
        if not self.argv:
            raise LabError("job.bad_file", file="")

    def meaning(self) -> dict[str, Plain]:
        """What makes it this job and no other; limits, place and author are not part of it.

        The lab's own interpreter stands as `python`, so that a lab that was moved recalls what it ran.
        """
        argv = ("python" if self.argv[0] == sys.executable else self.argv[0], *self.argv[1:])
        return {
            "kind": self.kind,
            "argv": list(argv),
            "files": {name: hashlib.sha256(data).hexdigest() for name, data in sorted(self.files.items())},
            "data": {name: self.identities.get(name, "") for name in sorted(self.data)},
            "env": {name: self.env[name] for name in sorted(self.env)},
            "wants": cast(Plain, sorted(self.wants)),
            "gpu": self.gpu,
        }


def identify(path: Path, *, entries: int = 100_000) -> str:
    """A hash of names, sizes and times of what lies at `path`, a file or a folder; not of the bytes, which may be many.

    It reads the world: ask for it in a step. `data.missing` where nothing lies; `data.too_many` past `entries` files.
    """
    if not path.exists():
        raise LabError("data.missing", path=str(path))
    told = hashlib.sha256()

    def add(name: str, one: os.stat_result) -> None:
        told.update(f"{name}\0{one.st_size}\0{one.st_mtime_ns}\n".encode("utf-8", "surrogateescape"))

    if not path.is_dir():
        add(path.name, path.stat())
        return told.hexdigest()
    count = 0
    for folder, below, names in os.walk(path):
        below.sort()
        for name in sorted(names):
            count += 1
            if count > entries:
                raise LabError("data.too_many", path=str(path), limit=entries)
            file = Path(folder) / name
            add(os.path.relpath(file, path), file.lstat())
    return told.hexdigest()


@dataclass(frozen=True, slots=True)
class File:
    """A file that was brought in; its bytes lie in the job's `work/` folder."""

    sha256: str
    size_b: int


@dataclass(frozen=True, slots=True)
class Ending:
    """How a job ended. A failure is an ending too; only `lost` says nothing about the program."""

    state: ExperimentState
    exit_code: int | None = None
    signal: int | None = None
    error: str = ""  # what a model needs for a repair: the reason and the last lines; empty where it is ok
    tail: str = ""  # the last lines of the output
    took_s: float = 0.0
    limit: str | None = None  # wall memory disk processes file
    files: dict[str, File] = field(default_factory=dict)
    memory_b: int = 0  # the highest that was seen, over the whole tree
    cpu_s: float = 0.0

    @property
    def ok(self) -> bool:
        return self.state is ExperimentState.FINISHED

    def plain(self) -> dict[str, Plain]:
        files: dict[str, Plain] = {
            name: {"sha256": one.sha256, "size_b": one.size_b} for name, one in sorted(self.files.items())
        }
        return {
            "state": self.state.value,
            "exit_code": self.exit_code,
            "signal": self.signal,
            "error": self.error,
            "tail": self.tail,
            "took_s": self.took_s,
            "limit": self.limit,
            "files": files,
            "memory_b": self.memory_b,
            "cpu_s": self.cpu_s,
        }

    @classmethod
    def of(cls, plain: Plain) -> Ending:
        """The ending that `plain` was made from."""
        told = cast(dict[str, object], dict(cast(dict[str, object], plain)))
        files = cast(dict[str, dict[str, object]], told.pop("files"))
        state = ExperimentState(cast(str, told.pop("state")))
        return cls(state=state, files={name: File(**one) for name, one in files.items()}, **told)  # type: ignore[arg-type]  # plain() wrote these fields


class Place(Protocol):
    """Somewhere jobs run. Every method may be called by an engine that did not submit the job."""

    @property
    def tier(self) -> str:
        """What keeps a program in: `basic` is no sandbox."""
        ...

    async def submit(self, folder: Path, job: Job) -> None:
        """Start `job` in `folder`, at most once however often this is called. Returns when it has started.

        Raises `job.not_started` where it could not be started at all, `gpu.busy` where no GPU is free.
        """
        ...

    async def look(self, folder: Path) -> Look:
        """How far the job is, from its folder. What a lost job left running is ended first."""
        ...

    async def wait(self, folder: Path) -> Ending:
        """Until the job has ended or is lost; `job.not_started` where it was never submitted."""
        ...

    async def stop(self, folder: Path) -> None:
        """End the job with everything it started; `wait` tells when it is over. One that has ended stays as it is."""
        ...

    async def harvest(self, folder: Path) -> Ending:
        """What an ended or lost job left: how it ended and the files it was wanted for."""
        ...
