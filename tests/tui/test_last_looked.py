"""Since you last looked: when it opens, when the mark moves, and that nothing from before the mark is told again."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from state.rows import NoteRow
from tests.tui import scenes
from tests.tui.screens import rows_of
from tui import drafts
from tui.app import Lab
from tui.look import Look
from tui.panes.since import LAST, happened, since_rows
from tui.screens.run import RunScreen

BEFORE, AFTER = scenes.ms("16:20"), scenes.ms("20:05")


def told(look: Look, rows: int = 0) -> str:
    return "\n".join(row.line.plain for row in since_rows(look, 80, rows=rows))


async def opened(look: Look, *keys: str, lab: Lab | None = None) -> tuple[int | None, list[str]]:
    """Which pane the run opens on, and what stands there after some keys."""
    lab = lab or Lab(polls=False)
    async with lab.run_test(size=(80, 24)) as pilot:
        screen = RunScreen(look.folder, look.run.id, look)
        await lab.push_screen(screen)
        await pilot.pause()
        number, rows = screen.number, rows_of(lab)
        await pilot.press(*keys)
        await pilot.pause()
    return number, rows


async def test_a_run_opens_on_it_where_something_happened_and_else_on_the_phase(tmp_path: Path) -> None:
    look = replace(scenes.refinement_waits(), folder=tmp_path)
    number, rows = await opened(look)
    assert number == 0
    assert "since you last looked" in rows[1]
    assert (await opened(replace(look, looked_at=AFTER)))[0] == 8
    assert (await opened(replace(look, looked_at=0)))[0] == 8  # the first time there is nothing to look back on


@pytest.mark.parametrize("keys", [("3",), ("w",), ("q", "q"), ("escape",)])
async def test_leaving_it_moves_the_mark(tmp_path: Path, keys: tuple[str, ...]) -> None:
    look = replace(scenes.refinement_waits(), folder=tmp_path)
    drafts.look_now(tmp_path, 1, BEFORE)
    assert (await opened(look))[0] == 0
    assert drafts.looked_at(tmp_path, 1) == BEFORE  # it stands there still
    await opened(look, *keys)
    assert drafts.looked_at(tmp_path, 1) == look.now


async def test_another_pane_moves_no_mark(tmp_path: Path) -> None:
    look = replace(scenes.refinement_waits(), folder=tmp_path, looked_at=AFTER)
    drafts.look_now(tmp_path, 1, AFTER)
    await opened(look, "3", "4", "q", "q")
    assert drafts.looked_at(tmp_path, 1) == AFTER


PARTS: dict[str, tuple[str, Callable[[Look], Look]]] = {
    "an engine's death": ("engine gone", lambda look: replace(look, ended_waits=(), notes=())),
    "a pause": ("network", lambda look: replace(look, events=(), deaths=(), notes=())),
    "a note": ("train accuracy", lambda look: replace(look, events=(), ended_waits=())),
    "what was found": ("wd_2", lambda look: look),
    "a phase": ("results", lambda look: look),
}


@pytest.mark.parametrize("part", PARTS)
def test_what_came_before_the_mark_is_not_told_again(part: str) -> None:
    word, only = PARTS[part]
    look = only(scenes.refinement_waits())
    assert word in told(look)
    assert word not in told(replace(look, looked_at=AFTER))


def test_a_note_that_was_read_since_is_told_though_it_was_left_before() -> None:
    look = replace(scenes.refinement_waits(), looked_at=scenes.ms("16:20"))
    assert look.notes[0].left_at < look.looked_at
    assert "train accuracy" in told(look)


def test_of_a_section_the_last_four_stand_and_how_many_more_there_are() -> None:
    look = scenes.refinement_waits()
    notes = tuple(NoteRow(f"w{n}", 1, None, None, f"note {n}", scenes.ms("18:00"), None) for n in range(LAST + 3))
    few = told(replace(look, notes=notes))
    assert "note 2" not in few and "note 3" in few and "3 more" in few
    assert "note 0" in told(replace(look, notes=notes), rows=60)


def test_a_first_look_or_a_run_where_nothing_ended_has_nothing_that_happened() -> None:
    look = scenes.refinement_waits()
    assert happened(look)
    assert not happened(replace(look, looked_at=0))
    assert not happened(replace(look, events=tuple(replace(row, kind="call_begun") for row in look.events)))
