"""What a person chose stays chosen: language, theme and symbols, on the screen at once and in the next lab."""

from __future__ import annotations

from pathlib import Path

import pytest

from state.places import config_folder, state_folder
from state.vocabulary import Language
from tests.tui import scenes
from tests.tui.screens import rows_of, shown
from tui import drafts, language
from tui.app import Lab
from tui.screens.lists import OptionsScreen

OPTIONS = {"language": ("en", "zh"), "theme": ("dark", "light", "ansi"), "symbols": ("full", "ascii")}


@pytest.fixture(autouse=True)
def every_colour(monkeypatch: pytest.MonkeyPatch) -> None:
    """A terminal that has them all: on others a theme wears what they have (`test_theme.py`)."""
    monkeypatch.setenv("COLORTERM", "truecolor")


def moved(name: str, value: str) -> list[str]:
    """The keys from the first row of the options to this one."""
    return ["down"] * [(kind, one) for kind, values in OPTIONS.items() for one in values].index((name, value))


@pytest.mark.parametrize(("name", "value"), [(name, value) for name, values in OPTIONS.items() for value in values[1:]])
async def test_an_option_acts_at_once_and_in_the_next_lab(name: str, value: str) -> None:
    async with shown(scenes.plan_at_work(), 3) as (pilot, screen):
        await pilot.press("o", "g", *moved(name, value), "enter")
        await pilot.pause()
        assert isinstance(screen.lab.screen, OptionsScreen)
        acts(name, value, screen.lab)
        await pilot.press("escape")
        await pilot.pause()
        if value == "zh":
            assert any("制定计划" in row for row in rows_of(screen.lab))
        if value == "ascii":
            assert all(char.isascii() for row in rows_of(screen.lab) for char in row)
    assert drafts.interface() == {name: value}
    language.use(Language.EN)
    acts(name, value, Lab(polls=False))


def acts(name: str, value: str, lab: Lab) -> None:
    if name == "language":
        assert language.current() == value
    elif name == "theme":
        assert (lab.palette.name, lab.theme) == (value, f"nightlab-{value}")
    else:
        assert lab.plain_symbols


@pytest.mark.parametrize("text", ["[" * 100_000, '{"projects": 7}', '{"projects": {"a": 1}}', "\0", "[1]"])
def test_what_cannot_be_read_of_what_was_kept_counts_as_empty(tmp_path: Path, text: str) -> None:
    for path in (state_folder() / "projects.json", config_folder() / drafts.INTERFACE):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text if path.suffix == ".json" else f"language = {text}")
    assert (drafts.known_projects(), drafts.interface()) == ([], {})
    (tmp_path / "project.toml").touch()
    drafts.know(tmp_path)
    assert drafts.known_projects() == [tmp_path]


async def test_another_theme_draws_what_is_on_screen_in_its_own_colours() -> None:
    async with shown(scenes.plan_at_work(), 3) as (pilot, screen):
        await pilot.press("o", "g", *moved("theme", "light"), "enter", "escape")
        await pilot.pause()
        strips = screen._compositor.render_strips()
        grounds = {segment.style.bgcolor.name for strip in strips for segment in strip if segment.style.bgcolor}
    assert grounds <= {"#fbfaf7", "#f1efea", "#e2dfd6"}


def test_a_console_without_our_symbols_gets_plain_ones_unless_the_person_chose(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "linux")
    assert Lab(polls=False).plain_symbols
    drafts.choose("symbols", "full")
    assert not Lab(polls=False).plain_symbols


def test_without_a_choice_the_language_is_the_environments(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LC_ALL", "zh_CN.UTF-8")
    Lab(polls=False)
    assert language.current() is Language.ZH
    drafts.choose("language", "en")
    Lab(polls=False)
    assert language.current() is Language.EN
