"""The database of a project, as its one writer opens it.

WAL with synchronous=FULL (NORMAL lost acknowledged commits in 12 of 12 power cuts), BEGIN IMMEDIATE, checkpoints by the
writer alone. Whatever must be true together is written in one `transaction()`. A full disk rolls back cleanly and
becomes LabError `disk.full`; the ballast file is then given back, so that the pause itself can be recorded.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from state import durable, migrations
from state.errors import LabError, Plain
from state.events import Event
from state.vocabulary import SCHEMA

BALLAST_B = 4 * 1024 * 1024
WAL_LIMIT_B = 64 * 1024 * 1024
CHECKPOINT_PAGES = 200
"""The log is folded in this often: an engine that starts again reads all of it first, 2 MB in 1.7 ms."""


def now() -> int:
    """UTC in milliseconds: for people to read, never to order by."""
    return time.time_ns() // 1_000_000


def canonical(value: Plain) -> str:
    """The one JSON text of a value: what fingerprints are taken of."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


@dataclass
class Transaction:
    """Where a commit is being gathered. `seq` is that of the last event written in it."""

    db: sqlite3.Connection
    at: int = field(default_factory=now)
    seq: int = 0

    def execute(self, sql: str, values: tuple[object, ...] = ()) -> sqlite3.Cursor:
        return self.db.execute(sql, values)

    def insert(self, sql: str, values: tuple[object, ...] = ()) -> int:
        """Execute an INSERT; the id of the new row."""
        row = self.db.execute(sql, values).lastrowid
        assert row is not None
        return row

    def event(self, event: Event, run: int | None = None, visit: int | None = None, step: int | None = None) -> int:
        """Write an event; its position in the sequence."""
        self.seq = self.insert(
            "INSERT INTO event (at, run, visit, step, kind, facts) VALUES (?,?,?,?,?,?)",
            (self.at, run, visit, step, event.kind, canonical(event.facts())),
        )
        return self.seq


class Store:
    """The open database and the blobs beside it. Used from one thread."""

    def __init__(self, path: Path, blobs: Path) -> None:
        self.path = path
        self.blobs = blobs
        self.ballast = path.with_name("ballast")
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        blobs.mkdir(parents=True, exist_ok=True, mode=0o700)
        fresh = not path.exists() or path.stat().st_size == 0
        self.db = sqlite3.connect(path, isolation_level=None, timeout=5.0, check_same_thread=False)
        try:
            self._prepare(fresh)
        except sqlite3.DatabaseError as error:
            self.db.close()
            if isinstance(error, sqlite3.OperationalError):
                raise _told(error) from error
            raise LabError("store.damaged", path=str(path), why=str(error)) from error
        path.chmod(0o600)
        self.keep_ballast()

    def _prepare(self, fresh: bool) -> None:
        self.db.execute("PRAGMA journal_mode=WAL")
        self.db.execute("PRAGMA synchronous=FULL")
        self.db.execute("PRAGMA foreign_keys=ON")
        self.db.execute(f"PRAGMA wal_autocheckpoint={CHECKPOINT_PAGES}")
        self.db.execute(f"PRAGMA journal_size_limit={WAL_LIMIT_B}")
        version = int(self.db.execute("PRAGMA user_version").fetchone()[0])
        if version == 0:
            if not fresh and self.db.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]:
                raise LabError("store.damaged", path=str(self.path), why="no schema version")
            migrations.create(self.db)
        else:
            migrations.migrate(self.db, self.path, version, SCHEMA, migrations.MIGRATIONS)

    @contextmanager
    def transaction(self) -> Iterator[Transaction]:
        """One commit. Rolls back on any error; raises LabError disk.full where the disk is."""
        try:
            self.db.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError as error:
            raise _told(error) from error
        try:
            yield Transaction(self.db)
            self.db.execute("COMMIT")
        except BaseException as error:
            if self.db.in_transaction:
                self.db.execute("ROLLBACK")
            if isinstance(error, sqlite3.OperationalError):
                raise _told(error) from error
            raise

    def rows(self, sql: str, values: tuple[object, ...] = ()) -> list[sqlite3.Row]:
        cursor = self.db.execute(sql, values)
        cursor.row_factory = sqlite3.Row
        return cursor.fetchall()

    def row(self, sql: str, values: tuple[object, ...] = ()) -> sqlite3.Row | None:
        found = self.rows(sql, values)
        return found[0] if found else None

    # blobs

    def put(self, data: bytes) -> str:
        """Keep bytes under their hash, durable before this returns."""
        name = sha256(data)
        path = self.blobs / name
        if not path.exists():
            durable.write(path, data)
        return name

    def get(self, name: str) -> bytes:
        return (self.blobs / name).read_bytes()

    # upkeep

    def keep_ballast(self) -> None:
        """A few megabytes to give back when the disk is full."""
        if self.ballast.exists():
            return
        try:
            self.ballast.write_bytes(b"\0" * BALLAST_B)
        except OSError:
            self.ballast.unlink(missing_ok=True)

    def drop_ballast(self) -> None:
        self.ballast.unlink(missing_ok=True)

    def tidy(self) -> None:
        """Fold the log into the database; called when idle or when the log has grown."""
        with suppress(sqlite3.OperationalError):  # a full disk, or a reader in the way: the log is folded another time
            self.db.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def tidy_if_large(self) -> None:
        wal = self.path.with_name(self.path.name + "-wal")
        if wal.exists() and wal.stat().st_size > WAL_LIMIT_B:
            self.tidy()

    def snapshot(self, target: Path) -> None:
        """A whole copy at `target`, for a share."""
        migrations.copy(self.db, target)

    def close(self) -> None:
        self.db.close()


def _told(error: sqlite3.OperationalError) -> LabError:
    words = str(error)
    if "full" in words or "disk I/O" in words:
        return LabError("disk.full", why=words)
    if "locked" in words or "busy" in words:
        return LabError("store.busy", why=words)
    return LabError("store.damaged", path="", why=words)
