"""The walls between the rooms: who imports whom, what the wheel holds, what the exported requirements say."""

from __future__ import annotations

import ast
import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
HEAVY = {"textual", "anthropic", "sqlmodel", "sqlalchemy", "matplotlib", "arxiv", "semanticscholar", "huggingface_hub"}


def modules_after(code: str) -> set[str]:
    """The top-level modules, and ours in full, that a fresh interpreter holds after `code`."""
    tell = "import sys; print(*sys.modules, sep='\\n')"
    ended = subprocess.run(
        [sys.executable, "-P", "-c", f"{code}\n{tell}"], capture_output=True, text=True, check=True, cwd="/"
    )
    names = ended.stdout.split("\n")
    return {name.partition(".")[0] for name in names} | {name for name in names if name.startswith("state.")}


def test_the_import_contracts_of_pyproject_hold() -> None:
    linter = Path(sys.executable).with_name("lint-imports")
    ended = subprocess.run([linter, "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stdout
    assert re.search(r"(\d+) kept, 0 broken", ended.stdout)


def test_help_imports_nothing_heavy() -> None:
    held = modules_after(
        "from tui.cli import main\n"
        "import contextlib, io\n"
        "with contextlib.redirect_stdout(io.StringIO()), contextlib.suppress(SystemExit): main(['--help'])"
    )
    assert not held & (HEAVY | {"pydantic", "sqlite3"})
    assert "tui" in held


@pytest.mark.parametrize(
    "module",
    [*sorted(f"tui.commands.{path.stem}" for path in (ROOT / "tui" / "commands").glob("[a-z]*.py")), "tui.follow"],
)
def test_no_command_imports_what_is_the_engines_or_the_screens(module: str) -> None:
    held = modules_after(f"import {module}")
    assert not held & (HEAVY | {"engine"})
    assert not held & {f"state.{name}" for name in ("tables", "store", "journal", "ledger", "lineage", "taking")}


def test_the_app_imports_nothing_of_the_engine_and_no_sqlmodel() -> None:
    held = modules_after("import tui.app")
    assert "textual" in held
    assert not held & (HEAVY - {"textual"} | {"engine", "state.tables"})


def test_the_engine_imports_nothing_of_the_terminal() -> None:
    held = modules_after("import engine.lab")
    assert not held & {"textual", "tui", "matplotlib"}


def test_state_stands_alone() -> None:
    names = sorted(path.stem for path in (ROOT / "state").glob("[a-z]*.py"))
    held = modules_after("\n".join(f"import state.{name}" for name in names))
    assert not held & {"engine", "tui", "textual", "anthropic", "matplotlib"}


def test_state_knows_no_event_loop_and_no_network() -> None:
    for path in (ROOT / "state").glob("*.py"):
        imported = set()
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Import):
                imported |= {alias.name for alias in node.names}
            elif isinstance(node, ast.ImportFrom):
                imported.add(node.module or "")
        assert not {name.partition(".")[0] for name in imported} & {"asyncio", "http", "ssl", "httpx", "requests"}, path


def test_neither_screens_nor_phases_speak_to_the_database_themselves() -> None:
    sql = re.compile(r"\b(?:SELECT|INSERT INTO|DELETE FROM|UPDATE \w+ SET) \S")
    files = [*(ROOT / "tui").rglob("*.py"), *(ROOT / "engine" / "phases").glob("*.py")]
    assert len(files) > 50
    assert [str(file.relative_to(ROOT)) for file in files if sql.search(file.read_text("utf-8"))] == []


def test_the_packages_themselves_are_empty() -> None:
    for package in ("state", "engine", "tui"):
        assert (ROOT / package / "__init__.py").read_bytes() == b""


def test_requirements_are_those_of_the_lock_without_hashes_or_addresses() -> None:
    lock = tomllib.loads((ROOT / "uv.lock").read_text())
    locked = {(package["name"], package["version"]) for package in lock["package"] if package["name"] != "nightlab"}
    for name in ("requirements.txt", "requirements-dev.txt"):
        text = (ROOT / name).read_text()
        assert "://" not in text and "--hash" not in text and "--index" not in text
        pinned = {(row[1], row[2]) for row in re.finditer(r"^([\w.-]+)==([^\s;]+)", text, re.MULTILINE)}
        assert len(pinned) == len([line for line in text.splitlines() if line and not line.startswith("#")])
        assert pinned <= locked, name
    ours = next(package for package in lock["package"] if package["name"] == "nightlab")
    run = (ROOT / "requirements.txt").read_text()
    for dependency in ours["dependencies"]:
        assert re.search(rf"^{re.escape(dependency['name'])}==", run, re.MULTILINE), dependency["name"]


@pytest.mark.slow
def test_the_wheel_holds_the_four_folders_their_texts_and_the_catalogs(tmp_path: Path) -> None:
    copy = tmp_path / "tree"
    tracked = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    for name in tracked.split("\0"):
        if name and (ROOT / name).is_file():
            (copy / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, copy / name)
    subprocess.run(
        [
            sys.executable,
            "-c",
            "import sys; from hatchling.build import build_wheel; build_wheel(sys.argv[1])",
            tmp_path,
        ],
        cwd=copy,
        check=True,
        capture_output=True,
    )
    (wheel,) = tmp_path.glob("*.whl")
    held = set(zipfile.ZipFile(wheel).namelist())
    for name in tracked.split("\0"):
        if name.startswith(("state/", "engine/", "tui/", "sample_projects/")):
            assert {"tui/start.py": "nightlab_start.py"}.get(name, name) in held, name
    assert {f"tui/locale/{lang}/LC_MESSAGES/nightlab.mo" for lang in ("en", "zh")} <= held
    assert "nightlab_start.py" in held
    assert not {name for name in held if name.startswith("tests/")}
