"""Every screen in both languages at 80×24, row for row, and what holds at every size.

The pictures are text files in `golden/`. `NIGHTLAB_DRAW=1` draws them anew; look at the difference before keeping it.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from rich.cells import cell_len

from state.vocabulary import Language
from tests.tui import scenes
from tests.tui.screens import rows_of, shown
from tui import drafts, language
from tui.app import Lab
from tui.look import Look
from tui.machine import Host
from tui.poller import Looked

GOLDEN = Path(__file__).parent / "golden"
SCENES: dict[str, tuple[Callable[[bool], Look], int, tuple[str, ...]]] = {
    "plan-at-work": (scenes.plan_at_work, 3, ()),
    "plan-draft-empty": (scenes.plan_at_work, 3, ("right_square_bracket",)),
    "plan-shelf-empty": (scenes.plan_at_work, 3, ("left_square_bracket",)),
    "plan-waits": (scenes.plan_waits, 3, ()),
    "plan-changes": (scenes.plan_waits, 3, ("right_square_bracket",)),
    "plan-approve": (scenes.plan_waits, 3, ("a",)),
    "plan-send-back": (scenes.plan_waits, 3, ("b",)),
    "plan-stop": (scenes.plan_waits, 3, ("s",)),
    "plan-fork": (scenes.plan_waits, 3, ("f",)),
    "plan-leave": (scenes.plan_at_work, 3, ("q",)),
    "plan-checkpoint": (scenes.plan_at_work, 3, ("c",)),
    "ideation-empty": (scenes.plan_at_work, 1, ("right_square_bracket",)),
    "data-empty": (scenes.plan_at_work, 4, ("right_square_bracket",)),
    "experiments": (lambda zh: scenes.experiments_at_work(), 5, ()),
    "experiments-tree": (lambda zh: scenes.experiments_at_work(), 5, ("left_square_bracket", "left_square_bracket")),
    "experiments-none": (scenes.plan_at_work, 5, ()),
    "since": (scenes.refinement_waits, 0, ()),
    "paper": (lambda zh: scenes.paper_at_work(), 7, ()),
    "paper-number": (lambda zh: scenes.paper_at_work(), 7, ("tab", "tab", "down")),
    "paper-source": (lambda zh: scenes.paper_at_work(), 7, ("right_square_bracket",)),
    "paper-citations": (lambda zh: scenes.paper_at_work(), 7, ("right_square_bracket",) * 2),
    "reviews": (scenes.refinement_waits, 8, ("right", "right")),
    "reviews-form": (scenes.refinement_waits, 8, ("r", "2", "3")),
    "reviews-meta": (scenes.refinement_waits, 8, ("right_square_bracket",)),
    "money": (lambda zh: scenes.paused_for_money(), 5, ()),
    "money-raise": (lambda zh: scenes.paused_for_money(), 5, ("m", "up")),
    "network": (lambda zh: scenes.network_lost(), 2, ()),
    "engine-gone": (lambda zh: scenes.engine_gone(), 5, ()),
    "keys": (scenes.plan_at_work, 3, ("question_mark",)),
    "keys-end": (scenes.plan_at_work, 3, ("question_mark", "G")),
    "options": (scenes.plan_at_work, 3, ("o",)),
    "palette": (scenes.plan_at_work, 3, ("ctrl+p", "p", "h", "a")),
}

WIDE = [
    ("plan-at-work", (200, 50)),
    ("plan-waits", (200, 50)),
    ("experiments", (120, 36)),
    ("experiments", (200, 50)),
    ("paper", (200, 50)),
    ("reviews", (200, 50)),
    ("reviews-form", (200, 50)),
]
"""Screens that hold more where there is room for it."""


def drawn_as(name: str, rows: list[str]) -> None:
    """The rows are those of the picture."""
    file = GOLDEN / f"{name}.txt"
    text = "".join(f"{row}|\n" for row in rows)
    if os.environ.get("NIGHTLAB_DRAW") == "1":
        GOLDEN.mkdir(exist_ok=True)
        file.write_text(text, "utf-8")
    assert text == file.read_text("utf-8")


def well_formed(rows: list[str], size: tuple[int, int]) -> None:
    """As many rows as there are, each as wide as the screen, and the last column empty."""
    assert len(rows) == size[1]
    assert {cell_len(row) for row in rows} == {size[0]}
    assert all(row[-1] == " " for row in rows)


@pytest.mark.parametrize("tongue", list(Language))
@pytest.mark.parametrize("name", sorted(SCENES))
async def test_a_screen_is_as_its_picture(name: str, tongue: Language) -> None:
    make, number, keys = SCENES[name]
    drafts.choose("language", tongue.value)
    look = make(tongue is Language.ZH)
    if name.startswith("plan-") and look.waits:
        drafts.save_draft(look.folder, "edit-7", scenes.edited_plan(tongue is Language.ZH))
    async with shown(look, number) as (pilot, screen):
        for key in keys:
            await pilot.press(key)
            await pilot.pause()
        rows = rows_of(screen.app)
    well_formed(rows, (80, 24))
    drawn_as(f"{name}-{tongue}", rows)


@pytest.mark.parametrize("tongue", list(Language))
@pytest.mark.parametrize(("name", "size"), WIDE)
async def test_a_wide_screen_is_as_its_picture(name: str, size: tuple[int, int], tongue: Language) -> None:
    make, number, keys = SCENES[name]
    drafts.choose("language", tongue.value)
    async with shown(make(tongue is Language.ZH), number, size) as (pilot, screen):
        for key in keys:
            await pilot.press(key)
            await pilot.pause()
        await screen.app.workers.wait_for_complete()
        await pilot.pause()
        rows = rows_of(screen.app)
    well_formed(rows, size)
    drawn_as(f"{name}-{size[0]}x{size[1]}-{tongue}", rows)


@pytest.mark.parametrize("tongue", list(Language))
async def test_home_is_as_its_picture(tongue: Language) -> None:
    drafts.choose("language", tongue.value)
    lab = Lab(polls=False)
    async with lab.run_test(size=(80, 24)) as pilot:
        lab.home.looked(scenes.home())
        await pilot.pause()
        rows = rows_of(lab)
    well_formed(rows, (80, 24))
    drawn_as(f"home-{tongue}", rows)


@pytest.mark.parametrize("tongue", list(Language))
async def test_home_says_what_is_wrong_with_a_project_that_cannot_be_read(tongue: Language) -> None:
    drafts.choose("language", tongue.value)
    lab = Lab(polls=False)
    async with lab.run_test(size=(80, 24)) as pilot:
        told = scenes.home()
        lab.home.looked(replace(told, machine=Host((), 16, 6, 210)))  # and a machine without a GPU
        await pilot.press("G")
        await pilot.pause()
        rows = rows_of(lab)
    well_formed(rows, (80, 24))
    drawn_as(f"home-broken-{tongue}", rows)


@pytest.mark.parametrize("tongue", list(Language))
async def test_home_without_a_project_offers_the_demo(tongue: Language) -> None:
    from tui.look import Home

    drafts.choose("language", tongue.value)
    lab = Lab(polls=False)
    async with lab.run_test(size=(80, 24)) as pilot:
        lab.home.looked(Home(scenes.ms("14:00"), "gpubox-3", "UTC+8"))
        await pilot.pause()
        rows = rows_of(lab)
    well_formed(rows, (80, 24))
    drawn_as(f"home-first-{tongue}", rows)


@pytest.mark.parametrize("tongue", list(Language))
@pytest.mark.parametrize("size", [(120, 36), (200, 50)])
@pytest.mark.parametrize("name", ["since", "network"])
async def test_a_larger_screen_is_as_its_picture(name: str, size: tuple[int, int], tongue: Language) -> None:
    make, number, _ = SCENES[name]
    drafts.choose("language", tongue.value)
    async with shown(make(tongue is Language.ZH), number, size) as (_, screen):
        rows = rows_of(screen.app)
    well_formed(rows, size)
    drawn_as(f"{name}-{size[0]}x{size[1]}-{tongue}", rows)


@pytest.mark.parametrize("tongue", list(Language))
@pytest.mark.parametrize("size", [(120, 36), (200, 50)])
async def test_a_larger_home_is_as_its_picture(size: tuple[int, int], tongue: Language) -> None:
    drafts.choose("language", tongue.value)
    lab = Lab(polls=False)
    async with lab.run_test(size=size) as pilot:
        lab.home.looked(scenes.home())
        await pilot.pause()
        lab.on_looked(Looked(scenes.refinement_waits(tongue is Language.ZH)))  # what the poller brings of a chosen run
        await pilot.pause()
        rows = rows_of(lab)
    well_formed(rows, size)
    drawn_as(f"home-{size[0]}x{size[1]}-{tongue}", rows)


async def test_home_asks_for_the_chosen_run_where_there_is_room_beside_its_list() -> None:
    lab = Lab(polls=False)
    async with lab.run_test(size=(200, 50)) as pilot:
        lab.home.looked(scenes.home())
        await pilot.pause()
        assert lab.poller.wanted.beside == (Path("/lab/grokking"), 1)
        await pilot.press("down")
        assert lab.poller.wanted.beside == (Path("/lab/vit-noise"), 4)
        assert lab.home.look is None  # another run's stands there no longer
        await pilot.resize_terminal(120, 36)
        await pilot.pause()
        assert lab.poller.wanted.beside is None


@pytest.mark.parametrize("size", [(80, 24), (100, 30), (120, 36), (200, 50)])
@pytest.mark.parametrize(
    "name",
    ["plan-at-work", "plan-waits", "experiments", "since", "paper", "reviews", "money", "network", "engine-gone"],
)
async def test_a_screen_fills_every_size(name: str, size: tuple[int, int]) -> None:
    make, number, keys = SCENES[name]
    async with shown(make(False), number, size) as (pilot, screen):
        await pilot.press(*keys)
        await pilot.pause()
        well_formed(rows_of(screen.app), size)


async def test_a_small_terminal_is_told_what_is_needed() -> None:
    async with shown(scenes.plan_at_work(), 3, (60, 15)) as (_, screen):
        rows = rows_of(screen.app)
    assert rows[0].strip() == "80×24 needed, 60×15 here; the run goes on"
    assert not any(row.strip() for row in rows[1:])


async def test_poor_terminals_get_plain_symbols() -> None:
    drafts.choose("symbols", "ascii")
    async with shown(scenes.plan_waits(), 3) as (_, screen):
        rows = rows_of(screen.app)
    assert all(char.isascii() for row in rows for char in row)


@pytest.mark.parametrize("theme", ["dark", "light", "ansi"])
async def test_every_theme_shows_the_same_rows(theme: str) -> None:
    async with shown(scenes.plan_waits(), 3) as (pilot, screen):
        before = rows_of(screen.app)
        screen.lab.wear(theme)
        await pilot.pause()
        assert rows_of(screen.app) == before
        assert screen.lab.theme == f"nightlab-{theme}"


async def test_the_language_changes_on_a_live_screen_and_is_kept() -> None:
    async with shown(scenes.plan_at_work(), 3) as (pilot, screen):
        assert any("plan formulation" in row for row in rows_of(screen.app))
        await pilot.press("f2")
        await pilot.pause()
        rows = rows_of(screen.app)
    assert any("制定计划" in row for row in rows)
    assert not any("plan formulation" in row for row in rows)
    assert drafts.interface()["language"] == "zh"
    assert language.current() is Language.ZH
