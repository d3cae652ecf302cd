"""How many experiments run at a time, as the rail tells it: what is in force now, and no number that nobody gave."""

from __future__ import annotations

from dataclasses import replace

import pytest

from state.config import Config
from state.events import ProjectChanged, SettingChanged
from state.readers import Reader
from state.rows import ExperimentRow
from tests.tui import scenes
from tests.tui.screens import rows_of, shown
from tests.tui.test_poller import Project, project
from tui.gather import Gatherer
from tui.homes import Beside
from tui.widgets.rail import slots_told

__all__ = ["project"]


def slots(project: Project) -> int:
    reader = Reader(project.where.database, project.where.blobs)
    try:
        look = Gatherer(project.folder, project.where, reader).look(project.run, None, 0, Beside())
        assert look is not None
        return look.slots
    finally:
        reader.close()


def edited(project: Project, count: int) -> None:
    """project.toml as an engine reads it while the run is at work."""
    config = Config.model_validate({"question": "Does it?", "experiments": {"slots": count}})
    blob = project.store.put(config.canonical.encode())
    with project.store.transaction() as tx:
        tx.event(ProjectChanged([{"key": "experiments.slots", "old": 0, "new": count, "when": "now"}]))
        tx.execute("INSERT OR REPLACE INTO lab VALUES ('project', ?)", (blob,))


def said(project: Project, count: int, run: int | None = None) -> None:
    with project.store.transaction() as tx:
        seq = tx.event(SettingChanged("experiments.slots", count))
        tx.execute("INSERT INTO setting VALUES (?,?,'experiments.slots',?,NULL)", (seq, run, str(count)))


def test_the_slots_are_those_in_force_and_not_those_that_the_run_began_with(project: Project) -> None:
    assert slots(project) == 0  # nothing runs, and the project leaves it to the machine
    edited(project, 3)
    assert slots(project) == 3
    said(project, 5)
    assert slots(project) == 5
    edited(project, 2)
    assert slots(project) == 2


def test_slots_are_the_projects_whatever_one_run_was_told(project: Project) -> None:
    edited(project, 3)
    said(project, 1, project.run)
    assert slots(project) == 3


def running(count: int) -> tuple[ExperimentRow, ...]:
    return tuple(scenes.experiment(number, "base", number, "running") for number in range(1, count + 1))


@pytest.mark.parametrize(("at_work", "slots", "told"), [(2, 3, "2 of 3"), (3, 3, "3 of 3"), (3, 2, "3 at work")])
async def test_more_at_work_than_there_are_slots_is_no_full_house(at_work: int, slots: int, told: str) -> None:
    """The number was lowered, or nobody here can count the machine's cards: those that run finish."""
    look = replace(scenes.experiments_at_work(), experiments=running(at_work), slots=slots)
    assert slots_told(look) == told
    async with shown(look, 5, (200, 50)) as (_, screen):
        rail = [row[:44] for row in rows_of(screen.app)]
        assert any(row.split()[:1] == ["slots"] and told in row for row in rail)
