"""A database whose tables are not yet made reads as none at all: an engine is just beginning there."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from state.errors import LabError
from state.readers import reading
from state.store import Store


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
