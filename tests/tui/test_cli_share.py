"""On a network file system without a local place the person is asked once, and told that it may be swept."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from state import inbox, places
from tui import here, launch
from tui.commands import perform


@pytest.fixture
def shared(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project on what statfs calls NFS; /var/tmp is a folder of this test."""
    folder = tmp_path / "share" / "q"
    folder.mkdir(parents=True)
    (folder / "project.toml").write_text('question = "x"\n')
    real = places._statfs_type
    monkeypatch.setattr(places, "_statfs_type", lambda path: 0x6969 if folder in (path, *path.parents) else real(path))
    monkeypatch.setattr(places, "swept_place", lambda folder: tmp_path / "swept" / folder.name)
    monkeypatch.setattr(launch, "start_engine", lambda folder: None)
    monkeypatch.setenv("USER", "nobody-here")
    return folder


def test_a_yes_is_remembered(shared: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    questions: list[str] = []
    monkeypatch.setattr("builtins.input", lambda question: questions.append(question) or "y")
    monkeypatch.setattr(here, "no_terminal", lambda: False)
    assert perform(["-C", str(shared), "note", "one"]) == 0
    assert perform(["-C", str(shared), "note", "two"]) == 0
    assert len(questions) == 1 and "30 days" in questions[0]
    assert json.loads((shared / ".nightlab" / "where.json").read_text())["folder"] == str(tmp_path / "swept" / "q")
    assert len(inbox.pending(shared)) == 2


@pytest.mark.parametrize("answer", ["", "n", "yep"])
def test_anything_else_is_a_no_and_nothing_is_made(shared: Path, monkeypatch: pytest.MonkeyPatch, answer: str) -> None:
    monkeypatch.setattr("builtins.input", lambda question: answer)
    monkeypatch.setattr(here, "no_terminal", lambda: False)
    assert perform(["-C", str(shared), "note", "one"]) == 2
    assert [path.name for path in shared.iterdir()] == ["project.toml"]


def test_without_a_terminal_the_way_out_is_named(shared: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert perform(["-C", str(shared), "note", "one"]) == 2
    assert "NIGHTLAB_LOCAL" in capsys.readouterr().err


def test_another_host_is_named_with_the_way_there(shared: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (shared / ".nightlab").mkdir()
    (shared / ".nightlab" / "where.json").write_text('{"host": "gpubox-9", "folder": "/scratch/a"}')
    assert perform(["-C", str(shared), "status"]) == 2
    assert f"ssh -t gpubox-9 nightlab -C {shared}" in capsys.readouterr().err
