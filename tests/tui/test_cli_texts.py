"""Every error that a person may meet, and every event that makes a line, has its words in both languages."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from state import events
from state.vocabulary import Language, Wait
from tui import language
from tui.language import has
from tui.told import _kind

ROOT = Path(__file__).resolve().parents[2]
RAISED = ("LabError", "Refused")


@pytest.fixture(params=list(Language))
def spoken(request: pytest.FixtureRequest) -> Iterator[Language]:
    before = language.current()
    language.use(request.param)
    yield request.param
    language.use(before)


def error_keys() -> set[str]:
    """The first argument of every LabError in the source; a key made while running must be listed by a test there."""
    keys = set()
    for room in ("state", "engine", "tui"):
        for path in (ROOT / room).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text("utf-8"))):
                if isinstance(node, ast.Call) and getattr(node.func, "id", "") in RAISED and node.args:
                    first = node.args[0]
                    if isinstance(first, ast.Constant) and isinstance(first.value, str):
                        keys.add(first.value)
    return keys


def test_every_error_has_its_words(spoken: Language) -> None:
    assert len(error_keys()) > 60
    assert [key for key in sorted(error_keys()) if not has(f"error.{key}")] == []


def test_every_event_that_makes_a_line_has_its_words(spoken: Language) -> None:
    kinds = {_kind(event.__name__) for event in events.Event.__subclasses__() if event.shown}
    assert [kind for kind in sorted(kinds) if not has(f"event.{kind}")] == []


def test_every_reason_to_wait_has_its_words(spoken: Language) -> None:
    assert [wait for wait in Wait if not has(f"wait.what.{wait}") or not has(f"why.{wait}")] == []
