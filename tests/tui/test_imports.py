"""What the terminal imports before its first frame, and what it never does. Asked of real, fresh interpreters."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
NEVER = {"sqlmodel", "sqlalchemy", "anthropic", "matplotlib", "engine", "arxiv", "semanticscholar", "huggingface_hub"}


def test_a_run_opened_at_once_waits_for_no_import_of_other_screens_and_panes() -> None:
    later = [*("tui.screens.home", "tui.panes.refinement", "tui.panes.report"), *("tui.gather", "tui.look")]
    code = f"import tui.app, tui.screens.run, sys; assert not set({later}) & set(sys.modules)"
    assert "textual" in modules_after(code)


def modules_after(code: str) -> set[str]:
    start, end = f"import sys, json; sys.path.insert(0, {str(ROOT)!r})", "print(json.dumps(sorted(sys.modules)))"
    argv = [sys.executable, "-P", "-c", f"{start}; {code}; {end}"]
    told = subprocess.run(argv, capture_output=True, text=True, timeout=60, check=True)
    return {name.split(".")[0] for name in json.loads(told.stdout)}


def test_the_app_imports_nothing_of_the_engine_and_nothing_heavy() -> None:
    found = modules_after("import tui.app, tui.screens.run, tui.screens.home, tui.screens.lists, tui.screens.thing")
    assert "textual" in found
    assert not found & NEVER


def test_the_words_need_no_terminal() -> None:
    assert "textual" not in modules_after("import tui.words, tui.language, tui.terminal, tui.text, tui.drafts")


@pytest.mark.parametrize("name", ["TEXTUAL_DISABLE_KITTY_KEY", "ESCDELAY", "TEXTUAL_ANIMATIONS"])
def test_what_textual_reads_at_import_is_set_before(name: str) -> None:
    code = (
        f"import tui.terminal; tui.terminal.prepare(); import os; assert os.environ[{name!r}]; import textual.constants"
    )
    assert "textual" in modules_after(code)
