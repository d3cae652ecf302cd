"""What opens from a row, read from a real store: a program's code and change, a results file, a figure's path."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from state import places
from state.errors import LabError
from state.store import Store
from state.vocabulary import Language
from tests.tui import scenes
from tests.tui.screens import rows_of, shown
from tui import drafts, language
from tui.app import Lab
from tui.look import Look
from tui.panes.code import code_changes
from tui.panes.shelf import shelf_body
from tui.screens.run import RunScreen
from tui.screens.thing import ThingScreen
from tui.things import _opened_at, gather_thing, said
from tui.widgets.page import Page
from tui.widgets.rows import Place, Rows
from tui.words import place_name

BASE = b"DECAY = 1.0\nSEED = 1\n"
TWICE = b"DECAY = 2.0\nSEED = 1\n"


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[tuple[Path, Look]]:
    """A project whose store holds the code of two programs, and a look at it."""
    folder = tmp_path / "mine"
    folder.mkdir()
    (folder / "project.toml").write_text('question = "Does it?"\n')
    where = places.prepare(folder)
    store = Store(where.database, where.blobs)
    base, twice = store.put(BASE), store.put(TWICE)
    look = replace(scenes.experiments_at_work(), folder=folder)
    code = {"base": (base, None), "wd_2": (twice, "base")}
    programs = tuple(
        replace(row, sha256=code[row.name][0], parent=code[row.name][1]) if row.name in code else row
        for row in look.programs
    )
    yield folder, replace(look, programs=programs)
    store.close()


def text_of(folder: Path, look: Look, place: Place) -> str:
    return "\n".join(row.plain.rstrip() for row in gather_thing(folder, look, place).lines(80))


def test_a_program_shows_its_code_and_what_it_changed(lab: tuple[Path, Look]) -> None:
    told = text_of(*lab, Place("program", "wd_2"))
    assert " - DECAY = 1.0" in told
    assert " + DECAY = 2.0" in told
    assert "1  DECAY = 2.0" in told


def test_a_results_file_is_the_one_that_the_experiment_wrote(lab: tuple[Path, Look]) -> None:
    folder, look = lab
    row = next(one for one in look.results if one.value is not None)
    experiment = next(one for one in look.experiments if one.id == row.experiment)
    place = Place("results", row.file, row.experiment)
    assert "the file is gone" in text_of(folder, look, place).lower()
    assert f"{row.value:,g}" in text_of(folder, look, place)
    file = places.places(folder).jobs / experiment.attempt / "work" / row.file
    file.parent.mkdir(parents=True)
    file.write_text('{"mod47": {"means": {"steps": 2430, "other": 1}}}\n')
    assert '"other": 1' in text_of(folder, look, place)


def test_y_copies_the_path_of_a_figure(lab: tuple[Path, Look]) -> None:
    folder, look = lab
    thing = gather_thing(folder, look, Place("figure", "steps.png"))
    assert thing.copies == str(folder / "runs" / "1" / "figures" / "steps.png")


async def test_a_thing_that_cannot_be_read_is_told_and_ends_nothing(lab: tuple[Path, Look]) -> None:
    folder, look = lab
    damaged = replace(look, programs=tuple(replace(row, sha256="0" * 64) for row in look.programs))
    with pytest.raises((LabError, OSError)):
        gather_thing(folder, damaged, Place("program", "wd_2"))
    async with shown(damaged, 5) as (pilot, screen):
        await pilot.press("enter")
        await screen.app.workers.wait_for_complete()
        await pilot.pause()
        assert isinstance(screen.app.screen, ThingScreen)
        assert screen.app.screen.message
        await pilot.press("escape")
        await pilot.pause()
        assert screen.app.screen is screen


async def test_the_curve_belongs_to_the_experiment_under_the_cursor() -> None:
    async with shown(scenes.experiments_at_work(), 5) as (pilot, screen):
        at_work = screen.experiment
        assert at_work == 24  # the newest of those at work
        await pilot.press("g")
        await pilot.pause()
        chosen = screen.experiment
        assert chosen == 10  # of the best program: 2,310 lies in the middle of 2,190 to 2,430
        await pilot.press("left")
        await pilot.pause()
        assert screen.experiment == chosen - 1
        assert screen.lab.poller._wanted.experiment == chosen - 1
        await pilot.press("G", "up")
        await pilot.pause()
        assert screen.experiment == at_work
        assert any("▸" in row and "wd_4" in row for row in rows_of(screen.app))


async def test_a_run_that_was_opened_before_its_first_phase_goes_along_when_it_begins() -> None:
    look = scenes.plan_at_work()
    begun = replace(look, phases=tuple(replace(row, state="not_begun") for row in look.phases), events=())
    lab = Lab(polls=False)
    async with lab.run_test(size=(80, 24)) as pilot:
        screen = RunScreen(look.folder, look.run.id, begun)
        await lab.push_screen(screen)
        await pilot.pause()
        assert screen.number == 0
        screen.looked(look)
        assert screen.number == 3


async def test_a_note_that_was_begun_at_home_is_kept_on_escape(lab: tuple[Path, Look]) -> None:
    folder, _ = lab
    home = scenes.home()
    app = Lab(polls=False)
    async with app.run_test(size=(80, 24)) as pilot:
        app.home.looked(replace(home, rows=(replace(home.rows[0], folder=folder), *home.rows[1:])))
        await pilot.press("n", *"five", "escape")
        assert drafts.draft(folder, f"note-{home.rows[0].run}") == b"five"
        await pilot.press("n")
        assert app.home.prompt is not None
        assert app.home.prompt.text == "five"


def test_a_comment_in_code_is_no_heading_in_what_changed(lab: tuple[Path, Look]) -> None:
    old, new = "# one\nA = 1  # kept\nB = 2\n", "# one\nA = 1  # kept\nB = 3\n"
    rows = [row.plain.rstrip() for row in code_changes(old, new, 80)]
    assert rows == ["   # one", "   A = 1  # kept", " - B = 2", " + B = 3"]


async def test_a_results_file_opens_at_its_metric(lab: tuple[Path, Look]) -> None:
    folder, look = lab
    row = next(one for one in look.results if one.value is not None)
    experiment = next(one for one in look.experiments if one.id == row.experiment)
    file = places.places(folder).jobs / experiment.attempt / "work" / row.file
    file.parent.mkdir(parents=True)
    means = "".join(f'  "m{number}": 0,\n' for number in range(60))
    file.write_text('{"other": {"means": {"steps": 1}},\n "mod47": {"means": {\n' + means + '  "steps": 2430\n}}}\n')
    thing = gather_thing(folder, look, Place("results", f"{row.file} mod47/steps", row.experiment))
    assert thing.row is not None
    assert '"steps": 2430' in thing.lines(80)[thing.row(80)].plain


async def test_a_file_that_is_read_before_the_screen_is_laid_out_still_opens_at_its_line(
    lab: tuple[Path, Look], monkeypatch: pytest.MonkeyPatch
) -> None:
    async def at_once(do: Callable[..., Any], *given: Any) -> Any:
        return do(*given)

    text = "\n".join(f"line {number}: " + "words and more words " * 9 for number in range(1, 200))
    monkeypatch.setattr("tui.screens.thing.asyncio.to_thread", at_once)
    monkeypatch.setattr("tui.screens.thing.gather_thing", lambda *given: _opened_at("paper.tex", "", text, 40))
    async with shown(lab[1], 5) as (pilot, screen):
        await screen.app.push_screen(ThingScreen(lab[0], lab[1], Place("source", "", 40)))
        await pilot.pause()
        rows = rows_of(screen.lab)
    assert any("line 40:" in row for row in rows[:8]), rows


async def test_a_digit_leads_from_a_thing_to_a_phase(lab: tuple[Path, Look]) -> None:
    async with shown(lab[1], 5) as (pilot, screen):
        await pilot.press("g", "enter")
        await screen.app.workers.wait_for_complete()
        assert isinstance(screen.app.screen, ThingScreen)
        await pilot.press("3")
        await pilot.pause()
        assert screen.app.screen is screen
        assert screen.number == 3


async def test_a_click_takes_the_cursor_to_a_row_and_a_second_one_opens_it(lab: tuple[Path, Look]) -> None:
    async with shown(lab[1], 5) as (pilot, screen):
        row = next(nth for nth, text in enumerate(rows_of(screen.lab)) if "wd_15" in text and "2,905" in text)
        await pilot.click(offset=(10, row))
        await pilot.pause()
        assert "▸" in rows_of(screen.lab)[row]
        await pilot.click(offset=(10, row))
        await pilot.pause()
        assert isinstance(screen.app.screen, ThingScreen)


def test_what_a_tool_was_asked_is_read_as_it_was_written() -> None:
    """A program handed over is lines of code, never one line of JSON with its escapes."""
    asked = {"id": "t1", "name": "program", "arguments": {"why": "twice the decay", "code": "import numpy\nLR = 0.1\n"}}
    told = [row.plain.rstrip() for row in said(asked, 80)]
    assert told[0].strip() == "program"
    assert "   why: twice the decay" in told
    assert [row for row in told if "import numpy" in row or "LR = 0.1" in row] == [" 1  import numpy", " 2  LR = 0.1"]
    answered = [row.plain.strip() for row in said({"id": "t1", "error": False, "text": "line 3: no such name"}, 80)]
    assert answered == ["line 3: no such name"]


@pytest.mark.parametrize(("tongue", "said"), [(Language.EN, "your papers p2022"), (Language.ZH, "您自备的论文 p2022")])
def test_where_a_paper_was_found_is_told_in_words(tmp_path: Path, tongue: Language, said: str) -> None:
    language.use(tongue)
    paper = replace(scenes.paper_at_work().papers[0], source="folder", ident="p2022")
    look = replace(scenes.paper_at_work(), papers=(paper,))
    thing = gather_thing(tmp_path, look, Place("paper", paper.key))
    assert any(said in row.plain for row in thing.lines(79))
    assert any(said in row.plain for row in shelf_body([paper], Rows(), Page(), 79, 20))


def test_only_what_lies_in_a_home_is_told_from_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path / "ann"))
    assert place_name(tmp_path / "ann" / "lab") == "~/lab"
    for path in (tmp_path / "anna" / "lab", tmp_path / "ann"):
        assert place_name(path) == str(path)
