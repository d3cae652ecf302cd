"""What project.toml names on this machine and is not there is answered where a run would begin, with its line."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from state import brought, project
from state.errors import LabError
from tui.told import refusal


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "my question"
    (made / "shelf").mkdir(parents=True)
    (made / "notes.bib").write_text("")
    (tmp_path / "data" / "cifar10").mkdir(parents=True)
    (tmp_path / "data" / "labels.csv").write_text("a\n")
    (tmp_path / "venv" / "bin").mkdir(parents=True)
    (tmp_path / "venv" / "bin" / "python").symlink_to(sys.executable)
    return made


def loaded(folder: Path, lines: str) -> project.Project:
    (folder / project.FILE).write_text(f'question = "q"\n{lines}\n', "utf-8")
    return project.load(folder)


def told(folder: Path, lines: str) -> str:
    with pytest.raises(LabError) as raised:
        brought.refuse_missing(loaded(folder, lines))
    return refusal(raised.value).replace(str(folder.parent), "")


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        (
            '[data]\nlabels = "../data/labels.csv"\ncifar = "../data/cifar1O"',
            'line 4: data.cifar = "../data/cifar1O", but nothing lies at /data/cifar1O; meant /data/cifar10?',
        ),
        (
            '[data]\nmnist = "/nowhere/mnist"',
            'line 3: data.mnist = "/nowhere/mnist", but nothing lies at /nowhere/mnist.'
            " Mend the path, or take the line out.",
        ),
        (
            '[data]\nmnist = "../data/labels.csv/mnist"',
            'line 3: data.mnist = "../data/labels.csv/mnist", but nothing lies at /data/labels.csv/mnist.'
            " Mend the path, or take the line out.",
        ),
        (
            '[experiments]\n\npython = "../venv/bin/pyhton"',
            'line 4: experiments.python = "../venv/bin/pyhton", but nothing lies at /venv/bin/pyhton;'
            " meant /venv/bin/python?",
        ),
        (
            'experiments.python = "../venv"',
            'line 2: experiments.python = "../venv", but that is no program; meant /venv/bin/python?',
        ),
        (
            'experiments.python = "../data/labels.csv"',
            'line 2: experiments.python = "../data/labels.csv", but that is no program;'
            ' name a Python interpreter with its path, or "" for Nightlab\'s own.',
        ),
        (
            'experiments.python = "pythn3"',
            'line 2: experiments.python = "pythn3", but that is no program;'
            ' name a Python interpreter with its path, or "" for Nightlab\'s own.',
        ),
        (
            '[papers]\nfolder = "shelv"',
            'line 3: papers.folder = "shelv", but nothing lies at /my question/shelv; meant /my question/shelf?',
        ),
        (
            '[papers]\nfolder = "notes.bib"',
            'line 3: papers.folder = "notes.bib", but /my question/notes.bib is a file; name a folder.',
        ),
        ('data.d = "a\\u0000b"', 'line 2: data.d = "a\\u0000b", but /my question/a\0b cannot be read: '),
    ],
)
def test_what_is_not_there_is_answered_with_its_line_and_what_lies_near(folder: Path, lines: str, said: str) -> None:
    assert told(folder, lines).startswith(f"/my question/project.toml {said}")


def test_data_that_may_not_be_read_are_answered_with_the_systems_reason(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def denied(path: Path) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "iterdir", denied)
    assert told(folder, 'data.c = "../data/cifar10"').endswith("but /data/cifar10 cannot be read: Permission denied.")


@pytest.mark.parametrize(
    "lines",
    [
        "",
        '[papers]\nfolder = "papers"',  # which git does not keep where it is empty
        'papers.folder = "shelf"',
        'data.c = "../data/cifar10"',
        'data.c = "../data/labels.csv"',
        'experiments.python = "../venv/bin/python"',
        'experiments.python = "env"',  # by its bare name, where experiments look
    ],
)
def test_what_is_there_is_not_asked_about(folder: Path, lines: str) -> None:
    brought.refuse_missing(loaded(folder, lines))


def test_a_path_begins_at_the_project_or_at_home(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(folder.parent))
    lines = 'data.c = "~/data/cifar10"\nexperiments.python = "~/venv/bin/python"\npapers.folder = "shelf"'
    config = loaded(folder, lines).config
    assert brought.data(folder, config) == {"c": folder.parent / "data" / "cifar10"}
    assert brought.papers(folder, config) == folder / "shelf"
    interpreter = brought.python(folder, config)
    assert interpreter == str(folder.parent / "venv" / "bin" / "python") and os.path.islink(interpreter)  # noqa: PTH114
