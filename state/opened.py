"""A project's database opened for reading, also where nothing can be written.

SQLite makes files of its own beside a database to read it. Where it cannot (a read-only disk, a colleague's folder, a
full disk) and no engine has made them, a copy is read: it holds what an engine that died left in the log too. Called by
the readers.
"""

from __future__ import annotations

import shutil
import sqlite3
import tempfile
from pathlib import Path

ROLLBACK = b"\1\1"
"""The bytes 18 and 19 of a database without a log; in memory there can be none."""


def opened(database: Path) -> sqlite3.Connection:
    """A connection that can only read; sqlite3.Error where there is nothing that can be read."""
    try:
        return _looked_at(
            sqlite3.connect(f"{database.resolve().as_uri()}?mode=ro", uri=True, isolation_level=None, timeout=5)
        )
    except sqlite3.OperationalError as error:
        if is_busy(error):
            raise
    try:
        return _copy(database)
    except OSError as error:
        raise sqlite3.OperationalError(f"{error.strerror}: {error.filename}") from error


def is_busy(error: sqlite3.OperationalError) -> bool:
    """Somebody else holds it: it is worth trying again."""
    return getattr(error, "sqlite_errorcode", 0) & 0xFF in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)


def _copy(database: Path) -> sqlite3.Connection:
    """The database with its log folded in, in memory."""
    log = database.with_name(f"{database.name}-wal")
    if not log.exists() or not log.stat().st_size:
        return _in_memory(database.read_bytes())
    with tempfile.TemporaryDirectory(prefix="nightlab-") as folder:
        copy = Path(folder) / database.name
        shutil.copyfile(database, copy)
        shutil.copyfile(log, copy.with_name(f"{copy.name}-wal"))
        whole = sqlite3.connect(copy, isolation_level=None)
        try:
            whole.execute("PRAGMA journal_mode=DELETE")
        finally:
            whole.close()
        return _in_memory(copy.read_bytes())


def _in_memory(data: bytes) -> sqlite3.Connection:
    db = sqlite3.connect(":memory:", isolation_level=None)
    if len(data) > 100:  # what is shorter has not even a header, and no tables
        db.deserialize(data[:18] + ROLLBACK + data[20:])
    return _looked_at(db)


def _looked_at(db: sqlite3.Connection) -> sqlite3.Connection:
    try:
        db.execute("PRAGMA query_only=1")
        db.execute("PRAGMA schema_version").fetchone()  # the first look at the file itself
    except BaseException:
        db.close()
        raise
    return db
