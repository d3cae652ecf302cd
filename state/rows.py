"""The rows that a Reader gives: frozen, made of plain values, each column said where it needs saying.

What the screens and commands see of the database is these classes and nothing else. Made by `state/readers.py` and
`state/talk.py`; tests make their own.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any, TypeVar, cast

from state.vocabulary import Phase, Wait

Facts = dict[str, Any]
R = TypeVar("R")


@dataclass(frozen=True)
class RunRow:
    """A run. `state` is a RunState value as `status --json` has it; money in micros, GPU time in seconds."""

    id: int
    parent: int | None
    state: str
    autonomy: str
    config: str
    begun_at: int
    ended_at: int | None
    inherited_micros: int
    spent_micros: int
    reserved_micros: int
    gpu_s: int
    phases: tuple[str, ...]

    @property
    def reviews_only(self) -> bool:
        """Begun by `nightlab review PAPER`: no research of its own."""
        return self.phases == (Phase.REPORT_REFINEMENT.value,)


@dataclass(frozen=True)
class VisitRow:
    id: int
    place: int
    label: str
    phase: str
    state: str  # open, closed, superseded (for this run)
    opened_at: int
    closed_at: int | None
    spent_micros: int
    gpu_s: int
    asks: int  # turns answered


@dataclass(frozen=True)
class PhaseRow:
    """A phase as the rail shows it. `state`: done, at_work, waits_person, waits_world, not_begun, lost."""

    phase: str
    state: str
    visits: int
    since_at: int | None
    took_s: float | None
    micros: int
    asks: int


@dataclass(frozen=True)
class Turn:
    """Something said in a phase: a role's answer, or a person's note (role "you")."""

    step: int
    role: str
    at: int
    text: str
    tool: str | None
    arguments: Facts
    path: str
    visit: str
    to: str | None = None  # a note's address
    read_at: int | None = None
    writing: bool = False
    attempt: str | None = None  # of the reply under way: its text is in calls/<attempt>/part
    cut: bool = False  # a reply that broke off and is asked for again


@dataclass(frozen=True)
class WaitRow:
    id: int
    run: int
    visit: int | None
    phase: str | None
    why: str
    choices: tuple[str, ...]
    facts: Facts
    product: int | None
    sha256: str | None
    opened_at: int
    closed_at: int | None
    choice: str | None
    until_at: int | None
    word: str | None = None
    """The word that decided; of an open wait: the edits that came with it are being checked."""

    @property
    def needs_word(self) -> bool:
        return Wait(self.why).needs_word

    @property
    def needs_person(self) -> bool:
        return Wait(self.why).needs_person

    @property
    def resumable(self) -> bool:
        return Wait(self.why).resumable


@dataclass(frozen=True)
class ProductRow:
    id: int
    visit: int
    label: str
    phase: str
    name: str
    version: int
    sha256: str
    author: str
    handed_in: bool
    refusal: Facts | None
    summary: Facts


@dataclass(frozen=True)
class ExperimentRow:
    id: int
    run: int
    visit: int
    program: str
    seed: int
    state: str
    attempt: str
    limit_s: int
    tier: str
    error: str | None
    begun_at: int
    ended_at: int | None
    superseded: bool


@dataclass(frozen=True)
class ProgramRow:
    name: str
    parent: str | None
    change: str | None
    grade: float | None
    kept: int | None
    verdict: str | None
    sha256: str
    visit: int
    step: str | None
    role: str | None
    made_at: int | None = None  # when the step that wrote it was answered


@dataclass(frozen=True)
class ResultRow:
    experiment: int
    program: str
    seed: int
    dataset: str
    metric: str
    value: float | None
    stderr: float | None
    censored: float | None
    file: str
    superseded: bool


@dataclass(frozen=True)
class NoteRow:
    word: str
    run: int
    phase: str | None
    role: str | None
    text: str
    left_at: int
    read_at: int | None


@dataclass(frozen=True)
class EventRow:
    seq: int
    at: int
    run: int | None
    visit: int | None
    kind: str
    facts: Facts


@dataclass(frozen=True)
class PaperRow:
    key: str
    source: str
    ident: str
    title: str
    authors: tuple[str, ...]
    year: int | None
    abstract: str
    notes: str
    url: str


@dataclass(frozen=True)
class Totals:
    """Counted for `status --json`; over a run, inherited visits left out. `input` is what was read anew, also what was
    kept for the cache meanwhile."""

    answered: int
    in_doubt: int
    input: int
    cache_read: int
    output: int
    estimated: int


def row_of(kind: type[R], row: sqlite3.Row, **given: object) -> R:
    """A row of `kind` from the columns of its fields' names; `given` are the fields that no column holds as it is."""
    named = {field.name: row[field.name] for field in fields(cast(Any, kind)) if field.name not in given}
    return kind(**named, **given)


def listed(text: str) -> tuple[str, ...]:
    """A column that holds a JSON list of words."""
    return tuple(json.loads(text))


def newest(runs: Sequence[RunRow]) -> RunRow | None:
    """The run that is meant where none is named; one that only reviews a paper is not while there is another."""
    return next((run for run in reversed(runs) if not run.reviews_only), runs[-1] if runs else None)
