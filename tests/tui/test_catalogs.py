"""The catalogs: complete in both languages, the same facts in both, nothing unused, missing, or beside them."""

from __future__ import annotations

import ast
import re
from functools import cache

import pytest

from state import events
from state.vocabulary import Choice, ExperimentState, Language, Phase, Role, RunState, Verdict, Wait
from tui.actions import REGISTRY
from tui.language import LOCALE, compiled, read_po, told

TUI = LOCALE.parent
AS_FACTS = ("verdict", "state", "autonomy", "choice", "why", "what", "argparse")
"""Heads that `words.shown` puts before a fact's value, and argparse's own words."""
KEY = re.compile(r"[a-z_]+(\.[a-zA-Z0-9_{}-]+)+")
GIVEN = {
    "event": [
        re.sub(r"(?<!^)(?=[A-Z])", "_", cls.__name__).lower() for cls in events.Event.__subclasses__() if cls.shown
    ],
    "verdict": list(Verdict),
    "autonomy": ["co-pilot", "autopilot"],
}  # fmt: skip


@cache
def catalog(language: Language) -> dict[str, list[str]]:
    found = read_po((LOCALE / language.value / "LC_MESSAGES" / "nightlab.po").read_text("utf-8"))
    return {key.split("\0")[0]: forms for key, forms in found.items() if key}


@cache
def named() -> tuple[frozenset[str], tuple[re.Pattern[str], ...]]:
    """Keys that the code names whole, and patterns of those it puts together."""
    whole, patterns = set(), []
    for file in TUI.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                whole.add(node.value)
            elif isinstance(node, ast.JoinedStr):
                parts = [
                    re.escape(part.value) if isinstance(part, ast.Constant) else r"[A-Za-z0-9_.-]+"
                    for part in node.values
                ]
                if isinstance(node.values[0], ast.Constant) and re.match(r"[a-z_]+\.", str(node.values[0].value)):
                    patterns.append(re.compile("".join(parts)))
    return frozenset(whole), tuple(patterns)


def test_both_languages_have_the_same_messages() -> None:
    assert set(catalog(Language.EN)) == set(catalog(Language.ZH))


def test_no_message_is_empty() -> None:
    for language in Language:
        assert not [key for key, forms in catalog(language).items() if not all(form.strip() for form in forms)]


def test_both_languages_use_the_same_facts() -> None:
    def facts(forms: list[str]) -> set[str]:
        return {name for form in forms for name in re.findall(r"{(\w+)[^}]*}", form)}

    optional = {"n", "to", "phase", "verdict"}
    unlike = {
        key: (facts(forms), facts(catalog(Language.ZH)[key]))
        for key, forms in catalog(Language.EN).items()
        if facts(forms) - optional != facts(catalog(Language.ZH)[key]) - optional
    }
    assert not unlike


def test_no_message_is_unused() -> None:
    whole, patterns = named()
    unused = [key for key in catalog(Language.EN) if key not in whole and not any(p.fullmatch(key) for p in patterns)]
    assert not [key for key in unused if key.split(".")[0] not in AS_FACTS]


def test_no_message_is_missing() -> None:
    known = set(catalog(Language.EN))
    heads = {key.split(".")[0] for key in known}
    asked = set()
    for file in TUI.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "id", getattr(node.func, "attr", "")) in ("tr", "say", "Key", "Answer"):  # fmt: skip  # noqa: E501
                for argument in node.args[:2]:
                    if isinstance(argument, ast.Constant) and KEY.fullmatch(str(argument.value)):
                        asked.add(str(argument.value))
    assert not {key for key in asked if key.split(".")[0] in heads} - known
    assert asked & known


@pytest.mark.parametrize("action", REGISTRY, ids=lambda action: action.id)
def test_every_action_has_a_name(action: object) -> None:
    assert action.label in catalog(Language.EN)  # type: ignore[attr-defined]


def test_every_word_of_the_vocabulary_can_be_said() -> None:
    known = set(catalog(Language.EN))
    wanted = {f"phase.{phase}.{form}" for phase in Phase for form in ("full", "short")}
    wanted |= {f"{head}.{phase}" for phase in Phase for head in ("product", "top.wait", "since.wait", "home.waits")}
    wanted |= {f"rail.next.{phase}" for phase in Phase} | {f"choice.approve.{phase}" for phase in Phase}
    wanted |= {f"role.{role}" for role in Role}
    wanted |= {f"top.wait.{wait}" for wait in Wait} | {f"home.person.{wait}" for wait in Wait if wait.needs_word}
    wanted |= {f"answer.{choice}" for choice in Choice}
    wanted |= {f"experiment.{state}" for state in ExperimentState}
    wanted |= {f"home.{state}" for state in (RunState.DONE, RunState.STOPPED, RunState.FAILED)}
    wanted |= {f"{head}.{word}" for head, words in GIVEN.items() for word in words}
    assert not wanted - known


def test_no_text_stands_outside_the_catalogs() -> None:
    """What is drawn by a literal is a symbol, a name of a thing, or a key's print."""
    drawing = {"line", "Span", "dim", "you", "live", "good", "lost", "bold", "ends", "fit", "heading", "say"}
    names = {"Nightlab", "experiment.py", "engine.log", "paper.tex", "Esc", "latex"}
    found = []
    for folder in ("panes", "screens", "widgets"):
        for file in (TUI / folder).glob("*.py"):
            for node in ast.walk(ast.parse(file.read_text("utf-8"))):
                if isinstance(node, ast.Call) and getattr(node.func, "id", "") in drawing:
                    first = node.args[0] if node.args else None
                    told = [a for a in node.args if isinstance(a, ast.Constant) and isinstance(a.value, str)]
                    if getattr(node.func, "id", "") in ("Span", "bold", "fit", "say"):
                        told = [a for a in told if a is first]
                    found += [(file.name, str(a.value)) for a in told if re.search(r"[A-Za-z]{2,}|[\u4e00-\u9fff]", str(a.value))]  # fmt: skip  # noqa: E501
    assert not [(file, text) for file, text in found if text not in names and not KEY.fullmatch(text)]


def test_no_chinese_stands_in_the_code() -> None:
    for file in TUI.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                assert len(node.value) == 1 or not re.search(r"[\u4e00-\u9fff]", node.value), (file, node.value)


def test_a_message_with_a_missing_fact_is_shown_all_the_same() -> None:
    assert told(Language.EN, "rail.since") == "since —"


def test_plurals_follow_the_number() -> None:
    assert told(Language.EN, "top.experiments_beside", n=1) == "1 experiment"
    assert told(Language.EN, "top.experiments_beside", n=2) == "2 experiments"
    assert told(Language.ZH, "top.experiments_beside", n=1) == "1 次实验"


@pytest.mark.parametrize("tongue", list(Language))
def test_what_is_compiled_in_memory_is_what_the_build_compiles(tongue: Language) -> None:
    import gettext
    import io

    from babel.messages.mofile import write_mo
    from babel.messages.pofile import read_po as babel_read

    source = LOCALE / tongue.value / "LC_MESSAGES" / "nightlab.po"
    built = io.BytesIO()
    with source.open("rb") as file:
        write_mo(built, babel_read(file))
    built.seek(0)
    theirs = gettext.GNUTranslations(built)
    ours = gettext.GNUTranslations(io.BytesIO(compiled(read_po(source.read_text("utf-8")))))
    for key in catalog(tongue):
        assert ours.gettext(key) == theirs.gettext(key)
        assert ours.ngettext(key, key, 2) == theirs.ngettext(key, key, 2)
