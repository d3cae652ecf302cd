"""A person's folder may hold an `engine.py` or a `state.py`, and PYTHONPATH may name it: ours run all the same."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tui import launch

NIGHTLAB = Path(sys.executable).with_name("nightlab")


@pytest.fixture
def persons(tmp_path: Path) -> Path:
    folder = tmp_path / "persons"
    folder.mkdir()
    (folder / "project.toml").write_text('question = "x"\n')
    for name in ("engine", "state", "logging", "argparse"):
        (folder / f"{name}.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'a').write({name + ' '!r})\n")
    for name in ("state", "engine"):
        package = tmp_path / "packages" / name
        package.mkdir(parents=True)
        (package / "__init__.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'a').write({name + ' '!r})\n")
    return folder


def ran(persons: Path) -> str:
    marker = persons.parent / "ran"
    return marker.read_text() if marker.exists() else ""


def test_the_command_finds_the_state_that_lies_beside_it(persons: Path) -> None:
    for path in (str(persons.parent / "packages"), f"{persons.parent / 'packages'}{os.pathsep}{persons}"):
        environment = os.environ | {"PYTHONPATH": path}
        ended = subprocess.run(
            [NIGHTLAB, "status", "--json"], cwd=persons, env=environment, capture_output=True, text=True, check=False
        )
        assert ended.returncode == 0, ended.stderr
        assert '"version": 1' in ended.stdout
    assert "state" not in ran(persons) and "engine" not in ran(persons)


def test_the_engine_that_starts_is_ours(persons: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", f"{persons.parent / 'packages'}{os.pathsep}{persons}")
    monkeypatch.chdir(persons)
    code = "import engine, state; print(engine.__file__, state.__file__)"
    argv = launch.engine_argv(persons)
    assert argv[1:5] == ["-P", "-E", "-m", "engine"]
    ended = subprocess.run(
        [*argv[:3], "-c", code], env=launch.engine_environment(), capture_output=True, text=True, check=True
    )
    ours = Path(launch.__file__).resolve().parent.parent
    assert ended.stdout.split() == [str(ours / "engine" / "__init__.py"), str(ours / "state" / "__init__.py")]
    assert "PYTHONPATH" not in launch.engine_environment()
    assert ran(persons) == ""
