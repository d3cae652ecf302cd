"""The store: FULL and WAL, a full disk that rolls back cleanly, a schema that is known, readers that hold nothing."""

from __future__ import annotations

import os
import sqlite3
import stat
from contextlib import closing
from pathlib import Path

import pytest
from sqlmodel import SQLModel

from state import lineage, migrations
from state.errors import LabError
from state.events import EngineLeft
from state.readers import Reader, reading
from state.store import Store
from state.vocabulary import SCHEMA, Phase


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "lab.db", tmp_path / "blobs")


def test_every_commit_is_synced(store: Store) -> None:
    assert store.db.execute("PRAGMA journal_mode").fetchone()[0] == "wal"
    assert store.db.execute("PRAGMA synchronous").fetchone()[0] == 2  # FULL


def test_a_full_disk_rolls_back_is_told_in_words_and_goes_on_when_there_is_room(store: Store) -> None:
    store.db.execute(f"PRAGMA max_page_count = {store.db.execute('PRAGMA page_count').fetchone()[0]}")
    with pytest.raises(LabError) as raised, store.transaction() as tx:
        for _ in range(2000):
            tx.event(EngineLeft("x" * 500))
    assert raised.value.key == "disk.full"
    assert store.rows("SELECT 1 FROM event") == []
    store.db.execute("PRAGMA max_page_count = 1000000")
    with store.transaction() as tx:
        tx.event(EngineLeft("room again"))
    assert store.db.execute("PRAGMA integrity_check").fetchone()[0] == "ok"


def test_the_ballast_is_there_to_be_given_back(store: Store) -> None:
    assert store.ballast.stat().st_size > 1_000_000
    store.drop_ballast()
    assert not store.ballast.exists()
    store.keep_ballast()
    assert store.ballast.exists()


def test_a_database_from_the_future_is_refused_in_words(store: Store) -> None:
    store.db.execute(f"PRAGMA user_version = {SCHEMA + 1}")
    store.close()
    with pytest.raises(LabError) as raised:
        Store(store.path, store.blobs)
    assert raised.value.key == "store.newer"
    with pytest.raises(LabError) as raised:
        Reader(store.path, store.blobs)
    assert raised.value.key == "store.newer"


def test_a_new_database_has_every_index_and_every_migration_behind_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def again(_: sqlite3.Connection) -> None:
        raise AssertionError("its tables are of today")

    monkeypatch.setattr(migrations, "MIGRATIONS", [("m002_mood", again), ("m003_none", again)])
    with closing(Store(tmp_path / "new.db", tmp_path / "blobs")) as store:
        names = {name for (name,) in store.db.execute("SELECT name FROM sqlite_master WHERE type = 'index'")}
        assert {index.name for table in SQLModel.metadata.sorted_tables for index in table.indexes} <= names
        migrations.migrate(store.db, store.path, SCHEMA, SCHEMA, migrations.MIGRATIONS)
        assert [name for (name,) in store.db.execute("SELECT name FROM migration")] == ["m002_mood", "m003_none"]


def test_a_migration_runs_once_after_a_copy_was_made(store: Store) -> None:
    def add(db: sqlite3.Connection) -> None:
        db.execute("ALTER TABLE run ADD COLUMN mood VARCHAR")

    steps = [("m002_mood", add)]
    copy = store.path.with_suffix(f".v{SCHEMA}.db")
    copy.write_bytes(b"what an engine left that was killed while it copied")
    with store.transaction() as tx:
        lineage.begin_run(tx, "config", list(Phase), "autopilot")
    for _ in range(2):
        migrations.migrate(store.db, store.path, SCHEMA, SCHEMA + 1, steps)
    assert "mood" in columns(store.db)
    assert store.db.execute("PRAGMA user_version").fetchone()[0] == SCHEMA + 1
    assert store.db.execute("SELECT value FROM lab WHERE key = 'schema'").fetchone()[0] == str(SCHEMA + 1)
    assert [name for (name,) in store.db.execute("SELECT name FROM migration")] == ["m002_mood"]
    with closing(sqlite3.connect(copy)) as before:
        assert "mood" not in columns(before) and before.execute("PRAGMA user_version").fetchone()[0] == SCHEMA
        assert before.execute("SELECT count(*) FROM run").fetchone()[0] == 1


def columns(db: sqlite3.Connection) -> list[str]:
    return [row[1] for row in db.execute("PRAGMA table_info(run)")]


def test_a_migration_that_breaks_leaves_the_database_as_it_was_and_is_made_again(store: Store) -> None:
    def half(db: sqlite3.Connection) -> None:
        db.execute("ALTER TABLE run ADD COLUMN mood VARCHAR")
        raise OSError

    def whole(db: sqlite3.Connection) -> None:
        db.execute("ALTER TABLE run ADD COLUMN mood VARCHAR")

    with pytest.raises(OSError):
        migrations.migrate(store.db, store.path, SCHEMA, SCHEMA + 1, [("m002_mood", half)])
    store.close()
    with closing(sqlite3.connect(store.path, isolation_level=None)) as db:
        assert "mood" not in columns(db) and db.execute("PRAGMA user_version").fetchone()[0] == SCHEMA
        migrations.migrate(db, store.path, SCHEMA, SCHEMA + 1, [("m002_mood", whole)])
        assert "mood" in columns(db)


def test_an_engine_that_dies_between_two_migrations_leaves_the_schema_and_the_copy_of_before(store: Store) -> None:
    def first(db: sqlite3.Connection) -> None:
        db.execute("ALTER TABLE run ADD COLUMN mood VARCHAR")

    def dies(_: sqlite3.Connection) -> None:
        raise KeyboardInterrupt

    steps = [("m002_mood", first), ("m003_none", dies)]
    for _ in range(2):  # the second engine makes its copy of what the first one left
        with pytest.raises(KeyboardInterrupt), closing(sqlite3.connect(store.path, isolation_level=None)) as db:
            migrations.migrate(db, store.path, SCHEMA, SCHEMA + 2, steps)
    with closing(sqlite3.connect(store.path.with_suffix(f".v{SCHEMA}.db"))) as copy:
        assert "mood" not in columns(copy)
    assert "mood" not in columns(store.db)
    assert store.db.execute("PRAGMA user_version").fetchone()[0] == SCHEMA


def test_a_database_that_has_its_migrations_and_an_old_number_gets_its_own(store: Store) -> None:
    """Else an older Nightlab would take it for one of its own."""
    store.db.execute("INSERT INTO migration VALUES ('m002_mood')")
    migrations.migrate(store.db, store.path, SCHEMA, SCHEMA + 1, [("m002_mood", lambda _: None)])
    assert store.db.execute("PRAGMA user_version").fetchone()[0] == SCHEMA + 1


def test_a_copy_is_synced_before_it_takes_its_place(store: Store, tmp_path: Path, synced: list[str]) -> None:
    target = tmp_path / "snapshot.db"
    store.snapshot(target)
    assert str(target.with_name(".snapshot.db.part")) in synced
    assert synced[-1] == str(tmp_path)


@pytest.fixture
def synced(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What Python has synced, by the name it had then."""
    told: list[str] = []
    real = os.fsync

    def fsync(fd: int) -> None:
        told.append(os.readlink(f"/proc/self/fd/{fd}"))  # noqa: PTH115
        real(fd)

    monkeypatch.setattr(os, "fsync", fsync)
    return told


def test_a_database_of_somebody_else_is_not_written_to(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "lab.db")) as db:
        db.execute("CREATE TABLE theirs (x)")
    with pytest.raises(LabError) as raised:
        Store(tmp_path / "lab.db", tmp_path / "blobs")
    assert raised.value.key == "store.damaged"
    with closing(sqlite3.connect(tmp_path / "lab.db")) as db:
        assert db.execute("SELECT name FROM sqlite_master").fetchall() == [("theirs",)]


def test_the_database_is_the_persons_alone(store: Store) -> None:
    assert stat.S_IMODE(store.path.stat().st_mode) == 0o600


def test_a_snapshot_that_breaks_off_leaves_the_one_before(store: Store, tmp_path: Path) -> None:
    store.snapshot(tmp_path / "snapshot.db")
    before = (tmp_path / "snapshot.db").read_bytes()
    (tmp_path / ".snapshot.db.part").write_bytes(b"what an engine left that was killed while it copied")
    with store.transaction() as tx:
        lineage.begin_run(tx, "config", list(Phase), "autopilot")
        with pytest.raises(sqlite3.OperationalError):
            store.snapshot(tmp_path / "snapshot.db")
    assert (tmp_path / "snapshot.db").read_bytes() == before
    store.snapshot(tmp_path / "snapshot.db")
    with closing(sqlite3.connect(tmp_path / "snapshot.db")) as copy:
        assert copy.execute("SELECT count(*) FROM run").fetchone()[0] == 1
    assert [path.name for path in tmp_path.glob("*snapshot*")] == ["snapshot.db"]


def test_something_that_is_no_database_is_called_damaged(tmp_path: Path) -> None:
    (tmp_path / "lab.db").write_bytes(b"not a database at all" * 1000)
    with pytest.raises(LabError) as raised:
        Store(tmp_path / "lab.db", tmp_path / "blobs")
    assert raised.value.key == "store.damaged"


def test_a_reader_sees_each_commit_and_never_holds_the_log(store: Store) -> None:
    reader = Reader(store.path, store.blobs)
    before = reader.version()
    with store.transaction() as tx:
        lineage.begin_run(tx, "config", list(Phase), "autopilot")
    assert reader.version() != before
    assert [run.id for run in reader.runs()] == [1]
    with store.transaction() as tx:
        for _ in range(100):
            tx.event(EngineLeft("x" * 1000))
    store.tidy()
    assert store.path.with_name("lab.db-wal").stat().st_size == 0
    reader.close()


def test_a_reader_cannot_write(store: Store) -> None:
    reader = Reader(store.path, store.blobs)
    with pytest.raises(sqlite3.OperationalError):
        reader._db.execute("DELETE FROM run")
    reader.close()


def test_a_lab_that_has_not_worked_yet_reads_as_nothing(tmp_path: Path) -> None:
    with reading(tmp_path / "none.db", tmp_path / "blobs") as reader:
        assert reader is None


def test_bytes_are_kept_once_under_their_hash(store: Store) -> None:
    name = store.put(b"figure")
    assert store.put(b"figure") == name and store.get(name) == b"figure"
    assert len(list(store.blobs.iterdir())) == 1
