"""From one schema to the next: ordered functions and a table of their names.

A new database is made from `tables.py` at once and marked with every migration; an older one gets those it lacks and
its new number in one transaction, after a copy by VACUUM INTO beside it: whenever an engine dies, the database is of
one schema and says which, and the copy is of the one before. A newer one is refused in words.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path

from state import durable
from state.errors import LabError
from state.vocabulary import SCHEMA

Migration = Callable[[sqlite3.Connection], None]

MIGRATIONS: list[tuple[str, Migration]] = []


def create(db: sqlite3.Connection) -> None:
    """All tables of today, and the marks of every migration, in one transaction."""
    from sqlalchemy.dialects import sqlite
    from sqlalchemy.schema import CreateIndex, CreateTable
    from sqlmodel import SQLModel

    import state.tables  # noqa: F401  the tables register themselves

    dialect = sqlite.dialect()
    db.execute("BEGIN IMMEDIATE")
    for table in SQLModel.metadata.sorted_tables:
        db.execute(str(CreateTable(table).compile(dialect=dialect)))
        for index in sorted(table.indexes, key=lambda each: str(each.name)):
            db.execute(str(CreateIndex(index).compile(dialect=dialect)))
    db.execute("CREATE TABLE migration (name VARCHAR NOT NULL PRIMARY KEY)")
    db.executemany("INSERT INTO migration VALUES (?)", [(name,) for name, _ in MIGRATIONS])
    db.execute("INSERT INTO lab VALUES ('schema', ?)", (str(SCHEMA),))
    db.execute(f"PRAGMA user_version = {SCHEMA}")
    db.execute("COMMIT")


def migrate(db: sqlite3.Connection, path: Path, version: int, known: int, steps: list[tuple[str, Migration]]) -> None:
    """Bring `db` from schema `version` to `known`. Raises LabError store.newer for a database from the future."""
    if version > known:
        raise LabError("store.newer", path=str(path), found=version, known=known)
    done = {name for (name,) in db.execute("SELECT name FROM migration")}
    missing = [(name, step) for name, step in steps if name not in done]
    if not missing and version == known:
        return
    if missing:
        copy(db, path.with_suffix(f".v{version}.db"))
    db.execute("BEGIN IMMEDIATE")
    for name, step in missing:
        step(db)
        db.execute("INSERT INTO migration VALUES (?)", (name,))
    db.execute(f"PRAGMA user_version = {known}")
    db.execute("UPDATE lab SET value = ? WHERE key = 'schema'", (str(known),))
    db.execute("COMMIT")


def copy(db: sqlite3.Connection, target: Path) -> None:
    """The whole database at `target`, durable when this returns; what broke off leaves the copy before it."""
    part = target.with_name(f".{target.name}.part")
    part.unlink(missing_ok=True)
    db.execute("VACUUM INTO ?", (str(part),))
    durable.put_in_place(part, target)
