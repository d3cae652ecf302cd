"""A project's database opened for reading, also where nobody may write.

SQLite makes files of its own beside a database to read it. Where it cannot (a read-only disk, a colleague's folder)
and no engine has made them, a copy is read: it holds what an engine that died left in the log too. Called by the
readers.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
import tempfile
from pathlib import Path


def opened(database: Path) -> sqlite3.Connection:
    """A connection that can only read; sqlite3.Error where there is nothing that can be read."""
    try:
        return _connected(f"{database.resolve().as_uri()}?mode=ro")
    except sqlite3.OperationalError:
        if os.access(database, os.W_OK) and os.access(database.parent, os.W_OK | os.X_OK):
            raise
    return _copy(database)


def _copy(database: Path) -> sqlite3.Connection:
    """The database with its log folded in, in a file that is gone with the connection."""
    with tempfile.TemporaryDirectory(prefix="nightlab-") as folder:
        copy = Path(folder) / database.name
        try:
            shutil.copyfile(database, copy)
            if (log := database.with_name(f"{database.name}-wal")).exists():
                shutil.copyfile(log, copy.with_name(f"{copy.name}-wal"))
        except OSError as error:
            raise sqlite3.OperationalError(f"{error.strerror}: {error.filename}") from error
        whole = sqlite3.connect(copy, isolation_level=None)
        try:
            whole.execute("PRAGMA journal_mode=DELETE")
        finally:
            whole.close()
        return _connected(f"{copy.as_uri()}?immutable=1")


def _connected(uri: str) -> sqlite3.Connection:
    db = sqlite3.connect(uri, uri=True, isolation_level=None, timeout=5)
    try:
        db.execute("PRAGMA query_only=1")
        db.execute("PRAGMA schema_version").fetchone()  # the first look at the file itself
    except BaseException:
        db.close()
        raise
    return db
