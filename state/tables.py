"""The schema, described once.

The engine creates the tables from here, migrations are tested against it, tests and exports read with it. The commit
path does not go through the ORM (a session costs 2 ms a step): journal, ledger and the others write prepared SQL.
Columns: `_seq` is a position in the event sequence, `_at` a UTC time in milliseconds, `_micros` a millionth of a US
dollar, `_s` seconds, `_b` bytes; plain JSON stands in `str` columns that say so.
"""

from __future__ import annotations

from sqlalchemy import Column, Index, Integer, UniqueConstraint, text
from sqlmodel import Field, SQLModel


class Lab(SQLModel, table=True):
    """What the lab knows of itself: project id, host, schema version."""

    key: str = Field(primary_key=True)
    value: str


class Engine(SQLModel, table=True):
    """One row for each time an engine took the lock."""

    id: int | None = Field(default=None, primary_key=True)
    pid: int
    pid_start: int
    boot: str
    host: str
    version: str
    started_at: int
    ended_at: int | None = None
    why: str | None = None  # idle, stopped, died


class Run(SQLModel, table=True):
    """A run; a fork has a parent and shares its visits up to `cut`. Totals are kept here, never summed."""

    id: int | None = Field(default=None, primary_key=True)
    parent: int | None = None
    cut: int | None = None  # the last visit shared with the parent
    state: str
    phases: str  # JSON list, in order
    config: str  # sha256 of the snapshot of project.toml, as JSON, in blobs
    autonomy: str
    begun_at: int
    ended_at: int | None = None
    inherited_micros: int = 0
    spent_micros: int = 0
    reserved_micros: int = 0
    gpu_s: int = 0
    gpu_reserved_s: int = 0


class Setting(SQLModel, table=True):
    """Grants and live overrides; the last one of a key wins."""

    seq: int = Field(primary_key=True)
    run: int | None = None
    key: str
    value: str  # JSON
    word: str | None = None


class Visit(SQLModel, table=True):
    """One entry into a phase. `label` is `plan@2` in the run that opened it."""

    id: int | None = Field(default=None, primary_key=True)
    run: int  # that opened it; forks share it through lineage
    label: str
    phase: str
    opened_by: int | None = None  # the wait whose decision led here
    inputs: str  # JSON {product name: product id}
    frame: str  # sha256 in blobs
    state: str
    opened_seq: int
    opened_at: int
    closed_seq: int | None = None
    closed_at: int | None = None
    spent_micros: int = 0
    gpu_s: int = 0


class Lineage(SQLModel, table=True):
    """Which visits a run sees, in order. A fork shares by reference; superseding is the run's."""

    run: int = Field(primary_key=True)
    place: int = Field(primary_key=True)
    visit: int
    superseded_seq: int | None = None


class Step(SQLModel, table=True):
    """Something asked of the world at a path of a visit; done once."""

    __table_args__ = (
        Index("step_path", "visit", "path", unique=True, sqlite_where=text("superseded_seq IS NULL")),
        Index("step_open", "state", sqlite_where=text("state = 'intent'")),
    )
    id: int | None = Field(default=None, primary_key=True)
    visit: int
    path: str
    kind: str  # ask, step, run, first, hold, round, name
    role: str | None = None
    fingerprint: str
    state: str
    request: int | None = None  # the message that the request ends with
    reply: int | None = None
    notes: str | None = None  # JSON {"new": [word, …], "earlier": [word, …]}, also when both are empty
    outcome: str | None = None  # JSON value, or {"error": key, "facts": {…}} where state is failed
    deaths: int = 0
    begun_seq: int
    begun_at: int
    ended_seq: int | None = None
    ended_at: int | None = None
    superseded_seq: int | None = None


class Attempt(SQLModel, table=True):
    """One try at a step with an effect outside; its id names a folder in calls/ or jobs/."""

    __table_args__ = (
        UniqueConstraint("step", "n"),
        Index("attempt_flying", "state", sqlite_where=text("state = 'flying'")),
    )
    id: str = Field(primary_key=True)  # ULID
    step: int
    n: int
    kind: str  # call, job
    run: int | None = None  # that pays; a fork checks edits in a visit that it shares
    engine: int
    model: str | None = None
    state: str
    reserved_micros: int = 0
    cost_micros: int = 0
    input: int = 0
    cache_read: int = 0
    cache_write: int = 0
    output: int = 0
    estimated: bool = False
    gpu_reserved_s: int = 0
    gpu_s: int = 0
    error: str | None = None
    begun_at: int
    ended_at: int | None = None


class Message(SQLModel, table=True):
    """A turn of a conversation, stored once. `chain` is the hash of its parent's chain and its own body."""

    id: int | None = Field(default=None, primary_key=True)
    chain: str = Field(unique=True)
    parent: int | None = None
    role: str  # system, user, assistant
    body: str  # JSON


class Event(SQLModel, table=True):
    """What happened, in order; the tui's tail."""

    seq: int | None = Field(sa_column=Column(Integer, primary_key=True, autoincrement=True), default=None)
    at: int
    run: int | None = None
    visit: int | None = None
    step: int | None = None
    kind: str
    facts: str  # JSON

    __table_args__ = (Index("event_run", "run", "kind"), {"sqlite_autoincrement": True})


class Word(SQLModel, table=True):
    """A person's word, taken up exactly once: its id is the inbox file's name."""

    id: str = Field(primary_key=True)
    kind: str
    body: str  # JSON
    taken_seq: int
    outcome: str  # taken, late, refused
    why: str | None = None


class Note(SQLModel, table=True):
    """A note as one run sees it; read by being listed in the intent of an ask."""

    __table_args__ = (Index("note_unread", "run", "phase", sqlite_where=text("read_seq IS NULL")),)
    word: str = Field(primary_key=True)
    run: int = Field(primary_key=True)
    phase: str | None = None  # None: whichever phase is at work
    role: str | None = None
    text: str
    left_at: int
    read_by: int | None = None
    read_seq: int | None = None
    read_at: int | None = None
    replaced_seq: int | None = None


class Wait(SQLModel, table=True):
    """Why a run stands still, what it offers, and what was chosen."""

    __table_args__ = (Index("wait_open", "run", sqlite_where=text("closed_seq IS NULL")),)
    id: int | None = Field(default=None, primary_key=True)
    run: int
    visit: int | None = None
    step: int | None = None
    why: str
    product: int | None = None
    choices: str  # JSON list
    facts: str  # JSON
    until_at: int | None = None
    length_s: float | None = None
    opened_seq: int
    opened_at: int
    closed_seq: int | None = None
    closed_at: int | None = None
    word: str | None = None
    choice: str | None = None
    answer: str | None = None  # JSON: target phase, picked idea, amount


class Product(SQLModel, table=True):
    """A version of what a phase makes. `sha256` is that of its manifest, JSON {file name: sha256}, in blobs."""

    __table_args__ = (UniqueConstraint("visit", "name", "version"),)
    id: int | None = Field(default=None, primary_key=True)
    visit: int
    run: int | None = None  # whose person made it; None: every run that sees the visit has it
    name: str
    version: int
    sha256: str
    author: str  # lab, person
    handed_in: bool = False
    refusal: str | None = None  # JSON {"key": …, "facts": …}
    summary: str = "{}"  # JSON: the facts a screen shows first
    seq: int


class Rendered(SQLModel, table=True):
    """What the lab itself wrote under runs/; a file with other bytes is a person's."""

    path: str = Field(primary_key=True)
    sha256: str
    product: int


class Program(SQLModel, table=True):
    """A program that experiments run; names are unique in a project."""

    id: int | None = Field(default=None, primary_key=True)
    name: str = Field(unique=True)
    visit: int
    sha256: str  # of its manifest
    parent: str | None = None
    change: str | None = None  # one line, in its author's words
    step: int | None = None
    grade: float | None = None
    kept: int | None = None  # its rank among the best, if kept
    verdict: str | None = None


class Experiment(SQLModel, table=True):
    """One run of a program with one seed: e17."""

    __table_args__ = (
        Index(
            "experiment_meaning",
            "code",
            "setting",
            "data",
            "seed",
            unique=True,
            sqlite_where=text("state IN ('finished', 'failed')"),
        ),
    )
    id: int | None = Field(default=None, primary_key=True)
    run: int
    visit: int
    program: str
    code: str
    setting: str
    data: str
    seed: int
    attempt: str
    state: str
    limit_s: int
    tier: str
    machine: str
    error: str | None = None
    begun_at: int
    ended_at: int | None = None


class Used(SQLModel, table=True):
    """Which visits rest on which experiments: a visit that asks for a known one uses it again."""

    visit: int = Field(primary_key=True)
    experiment: int = Field(primary_key=True)


class Result(SQLModel, table=True):
    """A value that an experiment measured, and the file it stands in."""

    experiment: int = Field(primary_key=True)
    dataset: str = Field(primary_key=True)
    metric: str = Field(primary_key=True)
    value: float | None = None
    stderr: float | None = None
    censored: float | None = None  # the limit that was not reached, where value is None
    file: str
    sha256: str


class Paper(SQLModel, table=True):
    """A paper that was really found; citations resolve here."""

    key: str = Field(primary_key=True)
    source: str
    ident: str
    title: str
    authors: str  # JSON list
    year: int | None = None
    abstract: str = ""
    bibtex: str
    url: str = ""
    notes: str = ""  # a reader's notes, page-anchored
    visit: int | None = None
