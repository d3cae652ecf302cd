"""The note box: three rows that grow with what is written, up to a third of the screen."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.tui import scenes
from tests.tui.screens import rows_of, shown
from tests.tui.test_doing import at
from tui import drafts

LINES = [f"line {number}" for number in range(1, 31)]


def written(screen: Any) -> list[str]:
    return [row.strip(" ▌\u2590") for row in rows_of(screen.lab) if "line " in row and "▌" in row]


@pytest.mark.parametrize(("size", "most"), [((80, 24), 8), ((200, 50), 17)])
async def test_the_box_grows_with_a_note_up_to_a_third_of_the_screen(
    project: Path,
    size: tuple[int, int],
    most: int,
) -> None:
    async with shown(at(scenes.plan_at_work(), project), 3, size) as (pilot, screen):
        await pilot.press("n")
        await pilot.pause()
        area = screen.notebox.area
        assert area.size.height == 3
        for count in (3, 4, 6, most):
            area.load_text("\n".join(LINES[:count]))
            area.move_cursor(area.document.end)
            await pilot.pause()
            assert written(screen) == LINES[:count]
        area.load_text("\n".join(LINES))
        area.move_cursor(area.document.end)
        await pilot.pause()
        assert written(screen) == LINES[-most:], "what is being written stays in sight"
        area.load_text("")
        await pilot.pause()
        assert area.size.height == 3


async def test_a_long_line_counts_by_its_rows(project: Path) -> None:
    async with shown(at(scenes.plan_at_work(), project), 3) as (pilot, screen):
        await pilot.press("n")
        screen.notebox.area.insert("权重衰减越强，网络泛化所需的步数越少。" * 10)
        await pilot.pause()
        assert screen.notebox.area.size.height == 6


async def test_a_draft_that_is_long_is_opened_in_a_box_of_its_size(project: Path) -> None:
    drafts.save_draft(project, "note-1", "\n".join(LINES[:7]).encode())
    async with shown(at(scenes.plan_at_work(), project), 3) as (pilot, screen):
        await pilot.press("n")
        await pilot.pause()
        assert written(screen) == LINES[:7]
        await pilot.resize_terminal(100, 20)
        await pilot.resize_terminal(80, 24)
        await pilot.pause()
        assert written(screen) == LINES[:7]
