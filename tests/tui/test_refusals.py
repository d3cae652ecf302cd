"""Every refusal that engine or state can raise has words for a person, in both languages; shown where it happens."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest

from engine.tools.asking import Why
from state.errors import LabError
from state.vocabulary import Language
from tests.tui import scenes
from tests.tui.screens import rows_of, shown
from tests.tui.test_catalogs import catalog
from tui import drafts, language, words
from tui.told import refusal

ROOT = Path(__file__).parents[2]
KEY = re.compile(r"[a-z_]+(\.[a-z_0-9]+)+")
MAKERS = {"LabError", "Refusal", "Fault", "could_not_ask"}


def strings(node: ast.AST) -> Iterator[str]:
    for part in ast.walk(node):
        if isinstance(part, ast.Constant) and isinstance(part.value, str):
            yield part.value


def told_by(tree: ast.AST, *, faults: bool) -> Iterator[str]:
    """Keys given to an error, a refusal or a fault; those that stand as a default of `key`; the faults' own list."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and getattr(node.func, "id", getattr(node.func, "attr", "")) in MAKERS:
            for argument in [*node.args, *(word.value for word in node.keywords if word.arg == "key")]:
                yield from strings(argument)
        elif isinstance(node, ast.AnnAssign) and getattr(node.target, "id", "") == "key" and node.value is not None:
            yield from strings(node.value)
        elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) and node.args.defaults:
            names = [*node.args.posonlyargs, *node.args.args]
            for name, default in zip(reversed(names), reversed(node.args.defaults), strict=False):
                if name.arg == "key":
                    yield from strings(default)
        elif faults and isinstance(node, ast.Subscript) and getattr(node.value, "id", "") == "Literal":
            yield from strings(node.slice)


@cache
def refusals() -> dict[str, str]:
    """Key → a file that raises it."""
    found = {}
    for part in ("engine", "state", "tui"):
        for file in sorted((ROOT / part).rglob("*.py")):
            tree = ast.parse(file.read_text("utf-8"))
            for text in told_by(tree, faults=file.name == "faults.py"):
                if KEY.fullmatch(text):
                    found[text] = str(file.relative_to(ROOT))
    return found


def test_every_refusal_has_words_in_both_languages() -> None:
    assert len(refusals()) > 100
    assert {"paper.typed_number", "refusal.rules", "literature.could_not_ask"} <= set(refusals())
    for tongue in Language:
        missing = {key: file for key, file in refusals().items() if f"error.{key}" not in catalog(tongue)}
        assert not missing


def test_where_only_the_key_is_known_a_refusal_is_told_in_general() -> None:
    engine = {key for key, file in refusals().items() if file.startswith("engine/phases/")}
    assert engine
    for tongue in Language:
        language.use(tongue)
        assert not {key for key in engine if words.refused(key) == key}
    language.use(Language.EN)


@pytest.mark.parametrize("why", list(Why))
def test_a_source_that_was_silent_says_why_in_words(why: Why) -> None:
    for tongue in Language:
        assert f"why.{why}" in catalog(tongue)
    event = words.event("source_unreachable", {"source": "arxiv", "why": why.value})
    error = refusal(LabError("data.could_not_ask", source="arxiv", why=why.value, status=None))
    assert event == f"arxiv could not be asked: {catalog(Language.EN)[f'why.{why}'][0]}"
    assert error == f"{event}."


def test_a_fault_of_the_paper_names_its_line() -> None:
    error = LabError("paper.typed_number", file="paper/paper.tex", line=12, found="0.93")
    assert refusal(error).startswith("paper/paper.tex line 12: The number 0.93 is typed.")


@pytest.mark.parametrize("tongue", list(Language))
async def test_an_edit_that_was_refused_is_explained_at_its_checkpoint(tongue: Language) -> None:
    drafts.choose("language", tongue.value)
    look = scenes.plan_waits()
    facts = {"key": "product.missing_field", "facts": {"file": "plan.md", "line": 3, "field": "metric"}, "why": "model"}
    wait = replace(look.waits[0], facts={**look.waits[0].facts, "refusal": facts})
    async with shown(replace(look, waits=(wait,)), 3) as (_, screen):
        text = "\n".join(rows_of(screen.app))
    assert "product.missing_field" not in text
    assert {Language.EN: "plan.md line 3: metric is missing.", Language.ZH: "plan.md 第 3 行"}[tongue] in text
