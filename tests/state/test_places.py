"""Where things lie, on a local disk and on a share, on this host and on another."""

from __future__ import annotations

import json
import os
import socket
import sqlite3
import stat
from contextlib import closing
from pathlib import Path

import pytest

from state import places
from state.errors import LabError
from state.events import EngineLeft
from state.store import Store


@pytest.fixture
def project(tmp_path: Path) -> Path:
    folder = tmp_path / "share" / "my question"
    folder.mkdir(parents=True)
    (folder / "project.toml").write_text('question = "x"\n')
    return folder


def shared(project: Path) -> places.Kind:
    """As if the project's parent were an NFS mount and everything else local."""
    share = project.parent
    return lambda path: "nfs" if path == share or share in path.parents else None


def test_the_project_is_found_upward_as_git_does(project: Path, tmp_path: Path) -> None:
    inner = project / "runs" / "1" / "paper"
    inner.mkdir(parents=True)
    assert places.find(inner) == project
    assert places.find(project) == project
    with pytest.raises(LabError, match=r"place\.no_project"):
        places.project_folder(tmp_path)


def test_on_a_local_disk_everything_lies_in_the_project_and_is_private(project: Path) -> None:
    where = places.prepare(project)
    assert where.database == project / ".nightlab" / "lab.db" == places.places(project).database
    assert where.kind is None
    assert stat.S_IMODE(where.lab.stat().st_mode) == 0o700
    assert all(part.is_dir() for part in (where.inbox, where.refused, where.calls, where.jobs, where.blobs))
    assert not where.where.exists()
    places.prepare(project)


def test_looking_makes_nothing(project: Path) -> None:
    places.places(project)
    assert [path.name for path in project.iterdir()] == ["project.toml"]


def test_on_a_share_the_database_lies_where_the_person_named(
    project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NIGHTLAB_LOCAL", str(tmp_path / "fast"))
    where = places.prepare(project, kind=shared(project))
    assert where.kind == "nfs"
    assert where.database.parent.parent == tmp_path / "fast"
    assert where.lock.parent == where.ballast.parent == where.local
    assert stat.S_IMODE(where.local.stat().st_mode) == 0o700
    assert where.blobs == project / ".nightlab" / "blobs"
    assert json.loads(where.where.read_text())["host"] == socket.gethostname()
    monkeypatch.delenv("NIGHTLAB_LOCAL")
    assert places.places(project, kind=shared(project)).database == where.database  # where.json remembers


def test_two_projects_of_one_name_do_not_share_a_local_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NIGHTLAB_LOCAL", str(tmp_path / "fast"))
    one, two = tmp_path / "a" / "grokking", tmp_path / "b" / "grokking"
    kind: places.Kind = lambda path: "nfs" if path in (one, two) else None  # noqa: E731  a two-word stand-in
    assert places.places(one, kind=kind).database != places.places(two, kind=kind).database


def test_a_named_place_that_is_itself_a_share_is_refused(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NIGHTLAB_LOCAL", str(project.parent / "fast"))
    with pytest.raises(LabError, match=r"place\.local_is_network"):
        places.places(project, kind=shared(project))


def test_without_a_local_place_the_person_is_asked_once(
    project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("NIGHTLAB_LOCAL", raising=False)
    monkeypatch.setenv("USER", "nobody-here")
    monkeypatch.setattr(places, "swept_place", lambda folder: tmp_path / "swept" / folder.name)
    with pytest.raises(LabError) as caught:
        places.places(project, kind=shared(project))
    assert caught.value.key == "place.ask_local"
    offer = Path(str(caught.value.facts["offer"]))
    places.settle(project, offer)
    assert places.places(project, kind=shared(project)).local == offer


def test_the_first_local_folder_of_the_persons_own_is_taken_unasked(
    project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shared_scratch, read_only, local = (project.parent / "scratch", tmp_path / "scratch", tmp_path / "local")
    for disk in (shared_scratch, read_only, local):
        (disk / "me").mkdir(parents=True)
    monkeypatch.delenv("NIGHTLAB_LOCAL", raising=False)
    monkeypatch.setenv("USER", "me")
    monkeypatch.setattr(places, "SCRATCH", (tmp_path / "none", shared_scratch, read_only, local))
    may = os.access
    monkeypatch.setattr(os, "access", lambda path, mode: path != read_only / "me" and may(path, mode))
    found = places.prepare(project, kind=shared(project))
    assert found.local.parent == local / "me" / "nightlab"
    monkeypatch.setattr(places, "SCRATCH", (shared_scratch,))
    assert places.prepare(project, kind=shared(project)) == found  # where.json says so from then on
    assert json.loads(found.where.read_text())["folder"] == str(found.local)
    places.settle(project, tmp_path / "another")
    assert places.places(project, kind=shared(project)) == found  # what was settled once stays


def test_a_swept_folder_that_was_taken_before_is_found_when_where_json_got_lost(
    project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("NIGHTLAB_LOCAL", raising=False)
    monkeypatch.setattr(places, "SCRATCH", ())
    monkeypatch.setattr(places, "swept_place", lambda folder: tmp_path / "swept" / folder.name)
    with pytest.raises(LabError, match=r"place\.ask_local"):
        places.places(project, kind=shared(project))
    places.settle(project, tmp_path / "swept" / project.name)
    (project / ".nightlab" / "where.json").unlink()
    assert places.places(project, kind=shared(project)).local == tmp_path / "swept" / project.name


def test_another_host_is_answered_with_the_ssh_line(project: Path, tmp_path: Path) -> None:
    (project / ".nightlab").mkdir()
    (project / ".nightlab" / "where.json").write_text(json.dumps({"host": "gpubox-9", "folder": "/scratch/a"}))
    with pytest.raises(LabError) as caught:
        places.places(project, kind=shared(project))
    assert caught.value.key == "place.other_host"
    assert caught.value.facts["ssh"] == f"ssh -t gpubox-9 nightlab -C '{project}'"


def test_a_database_that_is_gone_is_not_begun_afresh(
    project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NIGHTLAB_LOCAL", str(tmp_path / "fast"))
    where = places.prepare(project, kind=shared(project))
    places.places(project, kind=shared(project))  # nothing has been made yet: not gone
    (where.calls / "01ARZ3NDEKTSV4RRFFQ69G5FAV").mkdir()
    with pytest.raises(LabError) as caught:
        places.prepare(project, kind=shared(project))
    assert caught.value.key == "place.database_gone"
    assert caught.value.facts["restore"] is None
    where.snapshot.write_bytes(b"SQLite format 3")
    with pytest.raises(LabError) as caught:
        places.places(project, kind=shared(project))
    line = str(caught.value.facts["restore"])
    assert os.system(line) == 0
    assert places.places(project, kind=shared(project)).database.exists()


def test_what_is_restored_is_the_snapshot_and_nothing_of_the_log_that_was_left(
    project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """SQLite takes a log beside a database for its own, and would lay newer pages over older ones."""
    monkeypatch.setenv("NIGHTLAB_LOCAL", str(tmp_path / "fast"))
    where = places.prepare(project, kind=shared(project))
    store = Store(where.database, where.blobs)
    store.snapshot(where.snapshot)
    for n in range(40):
        with store.transaction() as tx:
            tx.event(EngineLeft("x" * 400 * n))
    left = {name: Path(f"{where.database}{name}").read_bytes() for name in ("-wal", "-shm")}
    store.close()
    where.database.unlink()
    for name, data in left.items():  # as the engine left them that was killed
        Path(f"{where.database}{name}").write_bytes(data)
    with pytest.raises(LabError) as caught:
        places.places(project, kind=shared(project))
    assert os.system(str(caught.value.facts["restore"])) == 0
    with closing(sqlite3.connect(where.database)) as db:
        assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert db.execute("SELECT count(*) FROM event").fetchone() == (0,)


@pytest.mark.parametrize("left", [None, b""])
def test_a_database_on_a_local_disk_that_is_gone_or_emptied_is_not_begun_afresh_either(
    project: Path, left: bytes | None
) -> None:
    where = places.prepare(project)
    if left is not None:
        where.database.write_bytes(left)
    assert places.places(project) == where  # nothing has been made yet: SQLite makes it this instant
    (where.blobs / "ab").mkdir()
    with pytest.raises(LabError) as caught:
        places.prepare(project)
    assert caught.value.key == "place.database_gone"
    where.database.write_bytes(b"SQLite format 3")
    assert places.places(project) == where


def test_a_where_file_that_cannot_be_read_is_named(project: Path) -> None:
    (project / ".nightlab").mkdir()
    (project / ".nightlab" / "where.json").write_text("{")
    with pytest.raises(LabError, match=r"place\.where_unreadable"):
        places.places(project, kind=shared(project))


def test_a_lab_folder_that_is_a_link_is_refused(project: Path, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (project / ".nightlab").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(LabError, match=r"place\.not_ours"):
        places.prepare(project)


def test_a_lab_folder_is_closed_to_others_and_that_of_another_user_is_refused(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (project / ".nightlab").mkdir()
    (project / ".nightlab").chmod(0o755)
    assert stat.S_IMODE(places.prepare(project).lab.stat().st_mode) == 0o700
    monkeypatch.setattr(os, "geteuid", lambda: 4711)
    with pytest.raises(LabError, match=r"place\.not_ours"):
        places.prepare(project)


def test_the_kind_of_a_real_folder_is_asked_of_the_system(tmp_path: Path) -> None:
    assert places._statfs_type(Path("/proc")) == 0x9FA0
    assert places.network_kind(tmp_path / "not" / "yet") == places.NETWORK.get(places._statfs_type(tmp_path))
    assert places.NETWORK[0x6969] == "nfs" and places.NETWORK[0x0BD00BD0] == "lustre"


def test_xdg_folders_are_absolute_or_the_default(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_CONFIG_HOME", "relative")
    assert places.config_folder() == tmp_path / ".config" / "nightlab"
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "s"))
    assert places.state_folder() == tmp_path / "s" / "nightlab"
