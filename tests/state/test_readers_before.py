"""A database whose tables are not yet made reads as none at all: an engine is just beginning there."""

from __future__ import annotations

import errno
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from state import lineage, opened
from state.errors import LabError
from state.readers import reading
from state.store import Store
from state.vocabulary import Phase


def test_a_file_without_tables_is_no_lab_yet(tmp_path: Path) -> None:
    path = tmp_path / "lab.db"
    with reading(path, tmp_path) as reader:
        assert reader is None
    path.write_bytes(b"")
    with reading(path, tmp_path) as reader:
        assert reader is None
    begun = sqlite3.connect(path)
    begun.execute("PRAGMA journal_mode=WAL")
    with reading(path, tmp_path) as reader:
        assert reader is None
    begun.close()
    Store(path, tmp_path / "blobs").close()
    with reading(path, tmp_path / "blobs") as reader:
        assert reader is not None and reader.runs() == []


def test_what_is_no_database_is_named_as_damaged(tmp_path: Path) -> None:
    (tmp_path / "lab.db").write_bytes(b"no database, but long enough to have a header " * 40)
    with pytest.raises(LabError, match=r"store\.damaged"), reading(tmp_path / "lab.db", tmp_path):
        pass


def test_a_database_beside_which_nothing_can_be_written_is_read_from_a_copy(tmp_path: Path) -> None:
    path = tmp_path / "lab.db"
    store = Store(path, tmp_path / "blobs")
    with store.transaction() as tx:
        lineage.begin_run(tx, store.put(b"{}"), list(Phase), "co-pilot")
    with closing(opened._copy(path)) as read:  # with what stands in the log only
        assert read.execute("SELECT count(*) FROM run").fetchone() == (1,)
        with pytest.raises(sqlite3.OperationalError):
            read.execute("DELETE FROM run")
    store.close()
    assert not path.with_name("lab.db-wal").exists()
    with closing(opened._copy(path)) as read:
        assert read.execute("SELECT count(*) FROM run").fetchone() == (1,)


def test_what_somebody_holds_and_what_cannot_be_read_are_told_apart(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "lab.db"
    Store(path, tmp_path / "blobs").close()

    def full(folder: object = None, **more: object) -> bytes:
        raise OSError(errno.ENOSPC, "No space left on device", str(path))

    def refuses(*words: object, **more: object) -> sqlite3.Connection:
        raise sqlite3.OperationalError("disk I/O error")

    monkeypatch.setattr(opened.sqlite3, "connect", refuses)
    monkeypatch.setattr(Path, "read_bytes", full)
    with pytest.raises(LabError, match=r"store\.unreadable.*No space left"), reading(path, tmp_path):
        pass
