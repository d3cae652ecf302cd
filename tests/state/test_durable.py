"""Writing that survives, and reading that is not led astray."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from state import durable
from state.errors import LabError


def key_of(folder: Path, relative: str, limit_b: int = 100) -> str:
    with pytest.raises(LabError) as caught:
        durable.read_beneath(folder, relative, limit_b)
    return caught.value.key


def test_a_write_replaces_the_whole_file_and_leaves_nothing_beside_it(tmp_path: Path) -> None:
    durable.write(tmp_path / "plan.md", b"first, and longer")
    durable.write(tmp_path / "plan.md", b"second")
    assert (tmp_path / "plan.md").read_bytes() == b"second"
    assert [file.name for file in tmp_path.iterdir()] == ["plan.md"]


def test_a_write_that_fails_leaves_the_old_bytes_and_no_temporary_file(tmp_path: Path) -> None:
    target = tmp_path / "name"
    target.mkdir()  # a rename onto a folder is refused by the system
    with pytest.raises(OSError, match="directory"):
        durable.write(target, b"x")
    assert [file.name for file in tmp_path.iterdir()] == ["name"]


def test_a_write_syncs_the_file_before_the_rename_and_the_folder_after_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    order: list[str] = []
    fsync, rename = os.fsync, Path.rename

    def seen_fsync(fd: int) -> None:
        order.append("folder" if Path(f"/proc/self/fd/{fd}").is_dir() else "file")
        fsync(fd)

    def seen_rename(a: Path, b: Path) -> Path:
        order.append("rename")
        return rename(a, b)

    monkeypatch.setattr(os, "fsync", seen_fsync)
    monkeypatch.setattr(Path, "rename", seen_rename)
    durable.write(tmp_path / "note", b"x")
    assert order == ["file", "rename", "folder"]


def test_json_comes_back_as_it_was_written_and_nan_is_refused(tmp_path: Path) -> None:
    value = {"文": [1, 2.5, None, True, "ü"]}
    durable.write_json(tmp_path / "a.json", value)
    assert durable.read_json(tmp_path / "a.json") == value
    with pytest.raises(ValueError, match="JSON"):
        durable.write_json(tmp_path / "a.json", {"x": float("nan")})
    assert durable.read_json(tmp_path / "a.json") == value


@pytest.mark.parametrize("data", [b"", b"{", b"\xff\xfe", b"[" * 100_000])
def test_bytes_that_are_no_json_are_called_so(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "a.json").write_bytes(data)
    with pytest.raises(LabError) as caught:
        durable.read_json(tmp_path / "a.json")
    assert caught.value.key == "file.not_json"


def test_reading_beneath_refuses_every_way_out(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("key")
    work = tmp_path / "work"
    (work / "in").mkdir(parents=True)
    (work / "in" / "ok").write_text("fine")
    (work / "link").symlink_to(secret)
    (work / "loop").symlink_to("loop")
    (work / "away").symlink_to(tmp_path)
    os.mkfifo(work / "pipe")
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(work / "sock"))
        assert durable.read_beneath(work, "in/ok", 4) == b"fine"
        assert key_of(work, "link") == "file.link"
        assert key_of(work, "loop") == "file.link"
        assert key_of(work, "away/secret") == "file.link"
        assert key_of(work, "pipe") == "file.not_regular"
        assert key_of(work, "sock") == "file.not_regular"
        assert key_of(work, "in") == "file.not_regular"
        assert key_of(work, "in/ok/more") == "file.not_regular"
        assert key_of(work, "in/none") == "file.missing"
        assert key_of(work, "x" * 300) == "file.missing"
        assert key_of(work, "in/ok", 3) == "file.too_big"
        for outside in ("../secret", str(secret), "in/../../secret", "", ".", "in//ok", "in/\0"):
            assert key_of(work, outside) == "file.outside", outside


@given(st.text(max_size=30))
def test_no_name_a_program_can_think_of_leads_outside(tmp_path_factory: pytest.TempPathFactory, name: str) -> None:
    folder = tmp_path_factory.getbasetemp() / "beneath" / "work"
    folder.mkdir(parents=True, exist_ok=True)
    (folder.parent / "secret").write_text("key")
    try:
        durable.read_beneath(folder, name, 100)
    except (LabError, UnicodeEncodeError) as error:
        assert isinstance(error, UnicodeEncodeError) or error.key.startswith("file.")
    else:
        pytest.fail(f"{name!r} was read from an empty folder")


def test_a_listing_holds_regular_files_only_and_is_capped(tmp_path: Path) -> None:
    (tmp_path / "b" / "c").mkdir(parents=True)
    (tmp_path / "b" / "c" / "deep.png").write_bytes(b"12345")
    (tmp_path / "a.txt").write_bytes(b"1")
    (tmp_path / "bad\nname").write_bytes(b"1")
    (tmp_path / "up").symlink_to(tmp_path.parent)
    os.mkfifo(tmp_path / "pipe")
    assert [(file.path, file.size_b) for file in durable.list_beneath(tmp_path)] == [("a.txt", 1), ("b/c/deep.png", 5)]
    assert [file.path for file in durable.list_beneath(tmp_path, limit_b=4)] == ["a.txt"]
    assert [file.path for file in durable.list_beneath(tmp_path, depth=1)] == ["a.txt"]
    with pytest.raises(LabError) as caught:
        durable.list_beneath(tmp_path, entries=3)
    assert caught.value.key == "file.too_many"
