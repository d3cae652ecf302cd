"""Show a screen in a test: the real app at a size, without a poller, and its rows as text."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from rich.cells import cell_len
from textual.pilot import Pilot

from tui.app import Lab
from tui.look import Look
from tui.screens.run import RunScreen


def rows_of(lab: Lab) -> list[str]:
    """What stands on screen, a row each."""
    strips = lab.screen._compositor.render_strips()
    return ["".join(segment.text for segment in strip) for strip in strips]


@asynccontextmanager
async def shown(
    look: Look, number: int, size: tuple[int, int] = (80, 24)
) -> AsyncIterator[tuple[Pilot[None], RunScreen]]:
    """The run screen with a pane open."""
    lab = Lab(polls=False)
    async with lab.run_test(size=size) as pilot:
        screen = RunScreen(look.folder, look.run.id, look)
        await lab.push_screen(screen)
        screen.stays = True
        screen.show(number)
        await pilot.pause()
        yield pilot, screen


def widths(rows: list[str]) -> set[int]:
    return {cell_len(row) for row in rows}
