"""What can happen, one frozen dataclass each: the class is the message key, its fields are the parameters.

`key(event)` is `event.` and the class name in snake case; the tui's catalogs have a sentence for each. Whatever commits
a step commits the events that belong to it, in the same transaction.
"""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass
from typing import ClassVar

from state.errors import Plain


@dataclass(frozen=True)
class Event:
    """Base of all events. `shown` is False for those that only move a screen and make no line in the log."""

    shown: ClassVar[bool] = True

    @property
    def kind(self) -> str:
        return re.sub(r"(?<!^)(?=[A-Z])", "_", type(self).__name__).lower()

    def facts(self) -> dict[str, Plain]:
        return asdict(self)


@dataclass(frozen=True)
class EngineBegan(Event):
    pid: int
    version: str


@dataclass(frozen=True)
class EngineLeft(Event):
    why: str


@dataclass(frozen=True)
class EngineDied(Event):
    """Found by the next engine: the one before ended without leaving."""

    pid: int
    doubtful: int  # calls that are made again
    micros: int  # what they may have cost


@dataclass(frozen=True)
class RunBegan(Event):
    run: int
    parent: int | None = None


@dataclass(frozen=True)
class RunDone(Event):
    run: int


@dataclass(frozen=True)
class RunPaused(Event):
    run: int


@dataclass(frozen=True)
class RunStopped(Event):
    run: int


@dataclass(frozen=True)
class RunResumed(Event):
    run: int


@dataclass(frozen=True)
class AutonomyChanged(Event):
    run: int
    autonomy: str


@dataclass(frozen=True)
class SettingChanged(Event):
    name: str
    value: Plain


@dataclass(frozen=True)
class ProjectChanged(Event):
    """project.toml was edited: what changed, now or with the next run."""

    changes: list[Plain]


@dataclass(frozen=True)
class ProjectBroken(Event):
    """project.toml cannot be read; the last valid one stays in force."""

    key: str
    facts_of: dict[str, Plain]


@dataclass(frozen=True)
class VisitOpened(Event):
    phase: str
    label: str


@dataclass(frozen=True)
class VisitClosed(Event):
    phase: str
    label: str
    version: int
    sha256: str


@dataclass(frozen=True)
class VisitSuperseded(Event):
    phase: str
    label: str


@dataclass(frozen=True)
class CallBegan(Event):
    shown: ClassVar[bool] = False
    role: str
    path: str
    attempt: str


@dataclass(frozen=True)
class CallAnswered(Event):
    role: str
    path: str
    tool: str | None
    output: int
    micros: int


@dataclass(frozen=True)
class CallRetried(Event):
    """The endpoint could not answer; asked again after `after_s`."""

    role: str
    path: str
    why: str
    after_s: float


@dataclass(frozen=True)
class ReplyRefused(Event):
    """A reply broke the rules, or its answer was checked and sent back."""

    role: str
    path: str
    why: str


@dataclass(frozen=True)
class WaitOpened(Event):
    wait: int
    why: str
    phase: str | None


@dataclass(frozen=True)
class WaitClosed(Event):
    wait: int
    why: str
    choice: str | None


@dataclass(frozen=True)
class NoteTaken(Event):
    word: str
    to: str | None


@dataclass(frozen=True)
class NoteRead(Event):
    word: str
    role: str


@dataclass(frozen=True)
class WordRefused(Event):
    """A word that could not be carried out; its text is kept."""

    word: str
    what: str
    why: str


@dataclass(frozen=True)
class WordTaken(Event):
    shown: ClassVar[bool] = False
    word: str
    what: str


@dataclass(frozen=True)
class ExperimentBegan(Event):
    experiment: int
    program: str
    seed: int


@dataclass(frozen=True)
class ExperimentEnded(Event):
    experiment: int
    program: str
    seed: int
    state: str


@dataclass(frozen=True)
class ExperimentReused(Event):
    experiment: int
    program: str
    seed: int


@dataclass(frozen=True)
class JobBegan(Event):
    shown: ClassVar[bool] = False
    path: str
    job: str
    attempt: str


@dataclass(frozen=True)
class JobEnded(Event):
    shown: ClassVar[bool] = False
    path: str
    job: str
    state: str


@dataclass(frozen=True)
class ProgramScored(Event):
    program: str
    verdict: str
    seeds: int


@dataclass(frozen=True)
class PaperFound(Event):
    key: str
    title: str


@dataclass(frozen=True)
class SourceUnreachable(Event):
    """A literature or data source could not be asked, which is not the same as nothing found."""

    source: str
    why: str


@dataclass(frozen=True)
class SectionKept(Event):
    section: str


@dataclass(frozen=True)
class ProductKept(Event):
    name: str
    version: int


@dataclass(frozen=True)
class ProductRefused(Event):
    name: str
    key: str


@dataclass(frozen=True)
class FileKept(Event):
    """A file under runs/ that the lab did not write: a person's, never overwritten."""

    path: str


def key(kind: str) -> str:
    """The message key of an event kind."""
    return f"event.{kind}"
