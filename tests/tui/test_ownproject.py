"""A project of one's own, begun on home or by `new`: its team speaks as the interface did when it was begun."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from state.project import load
from state.vocabulary import Language
from tui import begin, follow, language, launch
from tui.commands import perform


def begun_on_home(folder: Path) -> None:
    begin.begin_project(folder, "Is it so?")


def made_by_a_command(folder: Path) -> None:
    assert perform(["new", str(folder), "-q", "Is it so?"]) == 0


@pytest.mark.parametrize("tongue", list(Language))
@pytest.mark.parametrize("do", [begun_on_home, made_by_a_command])
def test_the_team_speaks_the_language_of_the_interface_and_the_paper_is_english(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, tongue: Language, do: Callable[[Path], None]
) -> None:
    monkeypatch.setattr(launch, "start_engine", lambda folder: None)
    monkeypatch.setenv("LC_ALL", "zh_CN.UTF-8" if tongue is Language.ZH else "C.UTF-8")
    language.use(tongue)
    do(tmp_path / "mine")
    told = load(tmp_path / "mine").config.languages
    assert (told.team, told.paper) == (tongue, Language.EN)


def test_a_language_that_is_named_is_the_papers_too(tmp_path: Path) -> None:
    for tongue in Language:
        assert perform(["--lang", tongue.value, "new", str(tmp_path / tongue), "-q", "Is it so?"]) == 0
        told = load(tmp_path / tongue).config.languages
        assert (told.team, told.paper) == (tongue, tongue)


@pytest.mark.parametrize("tongue", list(Language))
def test_the_demo_speaks_as_the_interface_does(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, tongue: Language
) -> None:
    monkeypatch.setattr(launch, "start_engine", lambda folder: None)
    monkeypatch.setattr(follow, "follow", lambda *_, **__: 0)
    monkeypatch.setenv("LC_ALL", "zh_CN.UTF-8" if tongue is Language.ZH else "C.UTF-8")
    assert perform(["demo", str(tmp_path / "demo"), "--headless"]) == 0
    told = load(tmp_path / "demo").config.languages
    assert (told.team, told.paper) == (tongue, tongue)
