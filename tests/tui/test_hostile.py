"""Whatever a program, a model or a folder holds: nothing of it commands the terminal, and every row keeps its room."""

from __future__ import annotations

import unicodedata
from dataclasses import replace
from pathlib import Path

from rich.cells import cell_len

from tests.tui import scenes
from tests.tui.screens import rows_of, shown
from tui.logfile import LogFile
from tui.look import Running
from tui.panes.experiments import ExperimentsPane

EVIL = "a\x1b]0;owned\x07\x1b[2J\x9b31m\u202egnp.\u2066\0\r\n\tb"


def tame(rows: list[str], cells: int = 80) -> None:
    for row in rows:
        assert not any(unicodedata.category(char) in ("Cc", "Cf", "Cs", "Zl", "Zp") for char in row), repr(row)
        assert cell_len(row) == cells


async def test_what_a_program_prints_is_shown_and_not_obeyed(tmp_path: Path) -> None:
    path = tmp_path / "out.log"
    path.write_bytes(
        b"first\n" + b"x" * (1 << 20) + b"\n" + EVIL.encode() + b"\xff\xfe\n" + b"\xe4\xb8" * 3000 + b"\nlast"
    )
    log = LogFile(path)
    log.update()
    look = scenes.experiments_at_work()
    assert look.running is not None
    running = Running(look.running.experiment, look.running.curve, {}, log)
    async with shown(replace(look, running=running, engine_log=log), 5) as (pilot, screen):
        await pilot.press("right_square_bracket")
        await pilot.pause()
        rows = rows_of(screen.lab)
        assert any(row.startswith(" last") for row in rows)
        assert any("owned" in row for row in rows)
        tame(rows)
        await pilot.press("left_square_bracket", "tab", "g")
        await pilot.pause()
        assert isinstance(screen.pane, ExperimentsPane)
        assert screen.pane.in_log
        rows = rows_of(screen.lab)
        assert any("first" in row for row in rows)
        tame(rows)


async def test_what_a_model_or_a_folder_is_called_is_shown_and_not_obeyed() -> None:
    look = scenes.experiments_at_work()
    programs = tuple(replace(row, change=EVIL) for row in look.programs)
    look = replace(look, programs=programs, project=EVIL[:12], model=EVIL)
    async with shown(look, 5, (200, 50)) as (pilot, screen):
        tame(rows_of(screen.lab), 200)
        await pilot.press("left_square_bracket", "left_square_bracket")
        await pilot.pause()
        assert any("owned" in row for row in rows_of(screen.lab))
        tame(rows_of(screen.lab), 200)
