"""What the screens tell of the engine and of other runs: another version, one that is gone, what waits elsewhere."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from state import lineage, lock, places
from state.config import Config
from state.store import Store
from state.vocabulary import Phase, Wait
from tests.tui import scenes
from tests.tui.screens import rows_of, shown
from tui import drafts, launch
from tui.homes import Beside, Elsewhere
from tui.look import Engine

HOLDS = """
import signal, sys, time
from pathlib import Path
from state import lock
held = lock.take(Path(sys.argv[1]), version="0.0.1")
signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
print("held", flush=True)
time.sleep(60)
"""


def waiting(folder: Path) -> None:
    """A project whose only run waits for the person."""
    folder.mkdir()
    (folder / "project.toml").write_text('question = "Does it?"\n')
    where = places.prepare(folder)
    store = Store(where.database, where.blobs)
    config, frame = store.put(Config(question="Does it?").canonical.encode()), store.put(b"{}")
    with store.transaction() as tx:
        run = lineage.begin_run(tx, config, list(Phase)[2:], "co-pilot")
        visit = lineage.open_visit(tx, run, Phase.PLAN_FORMULATION, {}, frame, None)
        lineage.open_wait(tx, run, Wait.CHECKPOINT, ["approve", "stop"], {"next": None}, visit=visit)
    store.close()
    drafts.know(folder)


def test_what_waits_in_other_projects_is_counted_and_this_run_is_not(tmp_path: Path) -> None:
    waiting(tmp_path / "one")
    waiting(tmp_path / "two")
    assert Elsewhere().beside(tmp_path / "one", 1) == Beside(1, ())
    assert Elsewhere().beside(tmp_path / "three", 1) == Beside(2, ())


async def test_the_top_line_says_that_something_waits_elsewhere() -> None:
    async with shown(replace(scenes.plan_at_work(), elsewhere=1), 3) as (_, screen):
        assert "◆ 1 elsewhere" in rows_of(screen.app)[0]


async def test_an_engine_of_another_version_is_named_and_its_restart_asks_first(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[Path] = []
    monkeypatch.setattr(launch, "restart_engine", lambda folder: asked.append(folder) or True)
    look = scenes.plan_at_work()
    async with shown(replace(look, engine=replace(look.engine, version="0.0.1")), 3) as (pilot, screen):
        rows = rows_of(screen.app)
        assert any("The engine is version 0.0.1" in row for row in rows)
        await pilot.press("u", "enter")
        await screen.app.workers.wait_for_complete()
        assert not asked
        await pilot.press("u", "y")
        await screen.app.workers.wait_for_complete()
    assert asked == [look.folder]


@pytest.fixture
def holder(tmp_path: Path) -> Iterator[tuple[Path, subprocess.Popen[str]]]:
    """A project whose lock a process of another version holds."""
    folder = tmp_path / "mine"
    folder.mkdir()
    (folder / "project.toml").write_text('question = "Does it?"\n')
    where = places.prepare(folder)
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDS, str(where.lock)], stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[2]
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    yield folder, process
    process.kill()
    process.wait()
    process.stdout.close()


def test_a_restart_asks_the_engine_to_leave_and_starts_another(
    holder: tuple[Path, subprocess.Popen[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, process = holder
    started: list[bool] = []

    def start(folder: Path) -> None:
        started.append(lock.look(places.places(folder).lock) is None)

    monkeypatch.setattr(launch, "start_engine", start)
    assert launch.restart_engine(folder)
    assert process.wait(10) == 0
    assert started == [True]


async def test_words_that_nobody_reads_are_told_with_the_key_that_helps() -> None:
    look = replace(scenes.plan_waits(), unread=2, engine=Engine(alive=False, gone_at=scenes.ms("14:30")))
    async with shown(look, 3) as (_, screen):
        rows = rows_of(screen.app)
    assert any("2 of your words lie unread" in row for row in rows)
    assert any("p start the engine" in row for row in rows)


async def test_a_missing_sandbox_stands_in_the_top_line_while_code_can_run_and_always_in_the_rail() -> None:
    look = replace(scenes.experiments_at_work(), tier="basic")
    async with shown(look, 5, (120, 36)) as (_, screen):
        rows = rows_of(screen.app)
    assert "! no sandbox" in rows[0]
    assert any("sandbox    basic, none" in row for row in rows)
    over = replace(look, run=replace(look.run, state="stopped"), experiments=())
    async with shown(over, 5, (120, 36)) as (_, screen):
        rows = rows_of(screen.app)
    assert "no sandbox" not in rows[0]
    assert any("sandbox    basic, none" in row for row in rows)
