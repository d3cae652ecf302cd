"""Where programs are run, and what makes an experiment the one it is.

A `Workshop` is the engine's: the place, its slots, what may run there. A `Meaning` is code, setting, data and seed; two
experiments of one meaning are one. Used by `jobs.py`; the gathering makes the workshop.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Protocol

from engine.experiments.contract import Job, Place
from engine.experiments.slots import Slots
from engine.permission import Permitted
from state.errors import Plain
from state.store import canonical, sha256


class Named(Protocol):
    @property
    def name(self) -> str: ...


class Experiment(Protocol):
    """A program and a seed; `job()` is what runs."""

    @property
    def program(self) -> Named: ...

    @property
    def seed(self) -> int: ...

    def job(self) -> Job: ...


@dataclass
class Workshop:
    """Where jobs run now, how many at a time, and what may run without a sandbox. Live."""

    place: Place
    slots: Slots
    engine: int
    machine: str
    permitted: Permitted
    """Whether a job of a run may run in the place's tier; where not, the person is asked."""
    under_way: dict[tuple[str, str, str, int], asyncio.Event] = field(default_factory=dict)

    @contextmanager
    def at(self, what: Meaning | None) -> Iterator[None]:
        """While an experiment is attended to: whoever asks for the same one waits for it."""
        if what is None:
            yield
            return
        over = self.under_way.setdefault(what.key, asyncio.Event())
        try:
            yield
        finally:
            self.under_way.pop(what.key, None)
            over.set()


@dataclass(frozen=True)
class Meaning:
    """What makes an experiment this one and no other: code, setting, data, seed."""

    program: str
    code: str
    setting: str
    data: str
    seed: int

    @property
    def key(self) -> tuple[str, str, str, int]:
        return (self.code, self.setting, self.data, self.seed)

    @classmethod
    def of(cls, experiment: Experiment, job: Job) -> Meaning:
        told = job.meaning()
        files, env = told["files"], told["env"]
        assert isinstance(files, dict) and isinstance(env, dict)
        code: Plain = {name: sha for name, sha in files.items() if name != "load_data.py"}
        setting: Plain = {"argv": told["argv"], "env": {key: env[key] for key in env if key != "SEED"}}
        data: Plain = {"load_data.py": files.get("load_data.py"), "data": told["data"]}
        return cls(experiment.program.name, _hash(code), _hash(setting), _hash(data), experiment.seed)


def mark_of(program_sha: str) -> str:
    """The `Meaning.code` of a program that is one file."""
    return _hash({"experiment.py": program_sha})


def _hash(value: Plain) -> str:
    return sha256(canonical(value).encode())
