"""A person's folder may hold a `tui.py` or `engine.py`, and PYTHONPATH may name it: ours run all the same."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tui import launch

NIGHTLAB = Path(sys.executable).with_name("nightlab")
OURS = Path(launch.__file__).resolve().parent.parent


@pytest.fixture
def persons(tmp_path: Path) -> Path:
    folder = tmp_path / "persons"
    folder.mkdir()
    (folder / "project.toml").write_text('question = "x"\n')
    for name in ("tui", "engine", "state", "logging", "argparse", "pathlib", "pydantic"):
        (folder / f"{name}.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'a').write({name + ' '!r})\n")
    for name in ("tui", "state", "engine"):
        package = tmp_path / "packages" / name
        package.mkdir(parents=True)
        (package / "__init__.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'a').write({name + ' '!r})\n")
    return folder


def ran(persons: Path) -> str:
    marker = persons.parent / "ran"
    return marker.read_text() if marker.exists() else ""


@pytest.mark.parametrize("path", ["PACKAGES", "PACKAGES:FOLDER", ".", "", ":/nowhere", "FOLDER:OURS", "OURS:FOLDER"])
def test_the_command_finds_what_lies_beside_it(persons: Path, path: str) -> None:
    named = {"PACKAGES": persons.parent / "packages", "FOLDER": persons, "OURS": OURS}
    environment = os.environ | {"PYTHONPATH": ":".join(str(named.get(each, each)) for each in path.split(":"))}
    ended = subprocess.run(
        [NIGHTLAB, "status", "--json"], cwd=persons, env=environment, capture_output=True, text=True, check=False
    )
    assert ended.returncode == 0, ended.stderr
    assert '"version": 1' in ended.stdout
    assert ran(persons) == ""


def test_what_only_the_person_has_is_still_found(tmp_path: Path) -> None:
    (tmp_path / "theirs.py").write_text("told = 'theirs'\n")
    code = "import sys; sys.argv[1:] = ['--version']; import nightlab_start; nightlab_start.main(); import theirs"
    environment = os.environ | {"PYTHONPATH": str(tmp_path)}
    subprocess.run([sys.executable, "-c", code], cwd="/", env=environment, check=True)


def test_python_m_too_finds_ours_past_a_state_in_the_current_folder(persons: Path) -> None:
    for name in ("tui", "logging", "argparse", "pathlib", "pydantic"):  # these Python itself looks for there first
        (persons / f"{name}.py").unlink()
    argv = [sys.executable, "-m", "tui.cli", "status", "--json"]
    ended = subprocess.run(argv, cwd=persons, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr
    assert ran(persons) == ""


def test_the_engine_that_starts_is_ours(persons: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", f"{persons.parent / 'packages'}{os.pathsep}{persons}")
    monkeypatch.chdir(persons)
    code = "import engine, state; print(engine.__file__, state.__file__)"
    argv = launch.engine_argv(persons)
    assert argv[1:5] == ["-P", "-E", "-m", "engine"]
    ended = subprocess.run(
        [*argv[:3], "-c", code], env=launch.engine_environment(), capture_output=True, text=True, check=True
    )
    assert ended.stdout.split() == [str(OURS / "engine" / "__init__.py"), str(OURS / "state" / "__init__.py")]
    assert "PYTHONPATH" not in launch.engine_environment()
    assert ran(persons) == ""
