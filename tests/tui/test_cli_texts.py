"""Every error that a person may meet, and every event that makes a line, has its words in both languages."""

from __future__ import annotations

import argparse
import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from state import events
from state.products.table import MADE_BY
from state.status import report as reported
from state.vocabulary import Language, Wait
from tui import commands, language, words
from tui.language import has, tr
from tui.text import width
from tui.told import _kind, status_lines

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


def test_help_has_the_languages_own_colons_and_lines_as_long_as_they_look(
    spoken: Language, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    for called in ((), ("answer",), ("review",), ("note",)):
        told = _help(*called)
        headings = [line for line in told.splitlines() if line and not line.startswith(" ") and line[-1] in ":："]
        assert headings and all(line.endswith("：" if spoken is Language.ZH else ":") for line in headings)
        assert max(width(line) for line in told.splitlines()) <= 80
        assert not [line for line in told.splitlines() if line.endswith("-")], "a name is not broken"


def _help(*called: str) -> str:
    commands._speak_argparse()
    whole = commands.parser()
    if not called:
        return whole.format_help()
    (below,) = (each for each in whole._actions if isinstance(each, argparse._SubParsersAction))
    return str(below.choices[called[0]].format_help())


def test_a_product_is_called_as_the_screens_call_it(spoken: Language, tmp_path: Path) -> None:
    assert set(words.PRODUCTS) - {"paper", "reviews"} == {kind.name for kind in MADE_BY.values()}
    for phase, kind in MADE_BY.items():
        assert words.PRODUCTS[kind.name] is phase
        name = tr(f"product.{phase}")
        assert words.event("product_kept", {"name": kind.name, "version": 2}).startswith(name)
        report = reported(tmp_path) | {"run": 1, "products": {kind.name: "runs/1/it"}}
        assert list(status_lines(report))[-1] == f"{name}  runs/1/it"
