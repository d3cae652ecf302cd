"""Who gives work starts an engine: opening a lab whose run is at work, or where words lie; `status` does not."""

from __future__ import annotations

import errno
from pathlib import Path

import pytest

from state import inbox
from state.vocabulary import Choice, RunState, Wait, WordKind
from tests.tui import scenes
from tests.tui.screens import rows_of, shown
from tests.tui.test_cli import Lab, lab
from tui import commands, launch

__all__ = ["lab"]


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    found: list[Path] = []
    monkeypatch.setattr(launch, "start_engine", found.append)
    return found


def test_a_run_at_work_is_taken_up(lab: Lab, started: list[Path]) -> None:
    lab.run()
    launch.take_up(lab.folder)
    assert started == [lab.folder]


@pytest.mark.parametrize("why", [Wait.NETWORK, Wait.DISK, Wait.AUTH])
def test_a_run_that_waits_for_the_world_is_taken_up(lab: Lab, started: list[Path], why: Wait) -> None:
    lab.wait(lab.run(), why, Choice.RETRY)
    launch.take_up(lab.folder)
    assert started == [lab.folder]


@pytest.mark.parametrize("why", [Wait.PERSON, Wait.CHECKPOINT, Wait.TROUBLE])
def test_a_run_that_waits_for_the_person_needs_no_engine(lab: Lab, started: list[Path], why: Wait) -> None:
    lab.wait(lab.run(), why, Choice.RETRY)
    launch.take_up(lab.folder)
    assert started == []


def test_words_that_lie_unread_are_taken_up_whatever_the_runs_do(lab: Lab, started: list[Path]) -> None:
    run = lab.run()
    with lab.store.transaction() as tx:
        tx.execute("UPDATE run SET state = ? WHERE id = ?", (RunState.DONE.value, run))
    launch.take_up(lab.folder)
    assert started == []
    inbox.leave(lab.folder, WordKind.NOTE, {"text": "five seeds"})
    launch.take_up(lab.folder)
    assert started == [lab.folder]


def denied(folder: Path) -> None:
    raise OSError(errno.EROFS, "Read-only file system", str(folder / ".nightlab"))


def test_where_no_engine_can_be_started_the_lab_opens_all_the_same(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    lab.run()
    monkeypatch.setattr(launch, "start_engine", denied)
    launch.take_up(lab.folder)


@pytest.mark.parametrize("do", ["start_engine", "restart_engine"])
async def test_on_the_screen_an_engine_that_cannot_be_started_is_told_in_the_key_line(
    do: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(launch, do, denied)
    async with shown(scenes.plan_waits(), 3) as (pilot, screen):
        getattr(screen.app, do)(tmp_path)
        await screen.app.workers.wait_for_complete()
        await pilot.pause()
        assert rows_of(screen.app)[-1].strip() == "The engine was not started: Read-only file system"


def test_status_starts_nothing(lab: Lab, started: list[Path], capsys: pytest.CaptureFixture[str]) -> None:
    lab.run()
    inbox.leave(lab.folder, WordKind.NOTE, {"text": "five seeds"})
    assert commands.perform(["-C", str(lab.folder), "status", "--json"]) == 0
    assert started == [] and '"state": "running"' in capsys.readouterr().out
