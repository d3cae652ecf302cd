"""What runs without a sandbox: the shipped cast, also after an upgrade; nothing changed, and nothing a model wrote."""

from __future__ import annotations

import importlib.resources
import shutil
from pathlib import Path

import pytest

from engine.experiments.contract import Job, Limits
from engine.gathering import gather
from engine.live import Live
from engine.permission import permission
from state import lineage, places, profiles, project
from state import status as told
from state.store import Store
from tests.engine.conftest import says
from tests.engine.test_calls import Lay, talk

SAMPLE = Path(__file__).parents[2] / "sample_projects" / "grokking"
JOB = Job("experiment", ("python",), Limits(1, 0))
Patch = pytest.MonkeyPatch


class Demo:
    """A copy of the sample, begun, whose engines come and go."""

    def __init__(self, folder: Path) -> None:
        shutil.copytree(SAMPLE, folder)
        self.cast = folder / "rehearsal"
        where = places.prepare(folder)
        self.store, self.folder = Store(where.database, where.blobs), folder
        config = self.store.put(project.load(folder).config.canonical.encode())
        with self.store.transaction() as tx:
            self.run = lineage.begin_run(tx, config, [], "co-pilot")

    def may(self) -> bool:
        """What an engine that starts now says."""
        return permission(self.store, Live(self.store, self.folder), self.cast)(JOB, self.run)

    def set(self, key: str, value: str) -> None:
        with self.store.transaction() as tx:
            from state.events import SettingChanged

            seq = tx.event(SettingChanged(key, value), self.run)
            tx.execute("INSERT INTO setting (seq, run, key, value) VALUES (?,NULL,?,?)", (seq, key, f'"{value}"'))


@pytest.fixture
def demo(tmp_path: Path) -> Demo:
    return Demo(tmp_path / "demo")


def changed(cast: Path) -> None:
    program = cast / "files" / "experiment.py"
    program.write_text(program.read_text() + "\n# mine\n")


@pytest.fixture
def upgrade(tmp_path: Path, monkeypatch: Patch) -> Path:
    """The samples of a later Nightlab, whose cast speaks otherwise; it is installed by `monkeypatch`."""
    later = tmp_path / "later"
    shutil.copytree(SAMPLE.parent, later, ignore=shutil.ignore_patterns("runs", ".nightlab"))
    changed(later / "grokking" / "rehearsal")
    return later


def install(samples: Path, monkeypatch: Patch) -> None:
    monkeypatch.setattr(importlib.resources, "files", lambda name: samples)


def test_what_the_shipped_cast_wrote_runs_and_what_a_changed_one_wrote_does_not(demo: Demo) -> None:
    assert demo.may()
    changed(demo.cast)
    assert not demo.may()


def test_a_cast_that_is_changed_while_an_engine_works_loses_its_permission(demo: Demo) -> None:
    permitted = permission(demo.store, Live(demo.store, demo.folder), demo.cast)
    assert permitted(JOB, demo.run)
    changed(demo.cast)
    assert not permitted(JOB, demo.run)


def test_a_demo_that_was_begun_is_asked_nothing_after_an_upgrade(demo: Demo, upgrade: Path, monkeypatch: Patch) -> None:
    assert demo.may()
    install(upgrade, monkeypatch)
    assert demo.may()
    (demo.cast / "more.toml").write_text("# mine\n")
    assert not demo.may(), "what was remembered is a cast, byte for byte, and no leave for another"


def test_a_cast_that_no_engine_ever_saw_as_a_shipped_one_is_not_remembered(
    demo: Demo, upgrade: Path, monkeypatch: Patch
) -> None:
    install(upgrade, monkeypatch)
    assert not demo.may()


def test_a_model_that_is_set_for_a_role_needs_the_signature(demo: Demo) -> None:
    demo.set("models.ml_engineer", "anthropic")
    assert not demo.may()


async def test_what_a_model_wrote_stays_its_work_when_the_cast_plays_again(lay: Lay, monkeypatch: Patch) -> None:
    laid = lay()
    (laid.places.folder / project.FILE).write_text('question = "Does it?"\n[models]\ndefault = "rehearsal"\n')
    cast = laid.places.folder / "rehearsal"
    shutil.copytree(SAMPLE / "rehearsal", cast)
    permitted = permission(laid.store, Live(laid.store, laid.places.folder), cast)
    laid.player.replies = [says("dialogue", text="rehearsed")]
    await talk(laid)
    assert permitted(JOB, laid.run)
    with laid.store.transaction() as tx:
        tx.execute("UPDATE attempt SET model = ?", (str(profiles.parse("anthropic")),))
        child = lineage.fork(tx, laid.run, laid.visit.id)
    assert not permitted(JOB, laid.run)
    assert not permitted(JOB, child), "a fork sees what its parent's model wrote"


def test_a_signature_is_given_in_project_toml_or_by_a_word_and_can_be_taken_back(demo: Demo) -> None:
    changed(demo.cast)
    demo.set("experiments.sandbox", "basic")
    assert demo.may()
    demo.set("experiments.sandbox", "auto")
    assert not demo.may()
    file = demo.folder / project.FILE
    file.write_text(file.read_text().replace("[experiments]\n", '[experiments]\nsandbox = "basic"\n'))
    assert demo.may(), "the later one counts"


async def test_the_tier_is_recorded_when_an_engine_begins_for_status_and_screens(demo: Demo) -> None:
    from state.readers import Reader

    where = places.places(demo.folder)
    around = await gather(demo.store, where, 1)
    reader = Reader(where.database, where.blobs)
    assert reader.tier() == around.workshop.place.tier == told.report(demo.folder)["tier"]
    with demo.store.transaction() as tx:
        tx.execute("UPDATE lab SET value = 'bubblewrap' WHERE key = 'tier'")
    assert reader.tier() == told.report(demo.folder)["tier"] == "bubblewrap"
    await gather(demo.store, where, 2)
    assert reader.tier() == "basic", "the last engine's word"
    reader.close()
