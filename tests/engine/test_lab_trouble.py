"""The lab when something is wrong: changed code, errors of phases and of the lab, a full disk, questions in between."""

from __future__ import annotations

import asyncio
import json
import sqlite3
from pathlib import Path

import pytest

from engine import checkpoints, render, room, visiting
from engine.desk import Desk
from state import lineage
from state.errors import LabError
from state.products.literature import Review
from state.store import Transaction
from state.vocabulary import Choice, Wait, WordKind
from tests.engine.lab import READ, Slow, laboratory, reads, review, started

Patch = pytest.MonkeyPatch


# when the code changed


class Changed:
    """A phase whose second step means something else after an upgrade."""

    def __init__(self) -> None:
        self.asks = ["old"]
        self.done: list[str] = []

    async def __call__(self, desk: Desk) -> Review | None:
        async def does(what: str) -> str:
            self.done.append(what)
            return what

        await desk.step("first", does, "first")
        got = await desk.step("second", does, self.asks[-1])
        await desk.hold("breath", Wait.PERMISSION, Choice.RETRY)
        await desk.submit(review(got))
        return None


async def changed(tmp_path: Path, monkeypatch: Patch, choice: str, *, while_down: bool) -> tuple[list[str], str]:
    """What was done and handed in after `choice` at a divergence; optionally decided while no engine works."""
    plays = Changed()
    async with laboratory(tmp_path, monkeypatch, {READ: plays}, text='question = "?"\nautonomy = "autopilot"\n') as lab:
        await lab.until("SELECT 1 FROM wait WHERE why = 'permission' AND closed_seq IS NULL")
        await lab.die()
        plays.asks.append("new")
        lab.start()
        lab.store.db.execute("UPDATE wait SET closed_seq = 1, choice = 'retry'")
        lab.store.db.execute("UPDATE run SET state = 'running'")
        lab.work()
        row = await lab.until("SELECT * FROM wait WHERE why = 'divergence' AND closed_seq IS NULL")  # autopilot too
        facts = json.loads(row["facts"])
        assert facts["path"] == "literature@1/second" and facts["steps"] == 2
        if while_down:
            await lab.die()
        lab.leave(WordKind.DECISION, wait=row["id"], choice=choice)
        if while_down:
            lab.start()
            lab.work()
        if choice != "keep":
            wait = await lab.until("SELECT id FROM wait WHERE why = 'permission' AND closed_seq IS NULL")
            lab.leave(WordKind.DECISION, wait=wait["id"], choice="retry")
        await lab.until("SELECT 1 FROM visit WHERE state = 'closed'")
        assert len(lab.store.rows("SELECT 1 FROM wait WHERE why = 'divergence'")) == 1
        product = lab.store.row("SELECT sha256 FROM product")
        assert product is not None
        blob = json.loads(lab.store.get(product["sha256"]))["review.md"]
        return plays.done, lab.store.get(blob).decode()


@pytest.mark.parametrize("while_down", [False, True])
@pytest.mark.parametrize(
    ("choice", "done", "handed"),
    [
        ("keep", ["first", "old"], "old"),
        ("anew", ["first", "old", "new"], "new"),
        ("new_visit", ["first", "old", "first", "new"], "new"),
    ],
)
async def test_at_a_divergence_the_person_says_what_is_trusted(
    tmp_path: Path, monkeypatch: Patch, choice: str, done: list[str], handed: str, while_down: bool
) -> None:
    did, text = await changed(tmp_path, monkeypatch, choice, while_down=while_down)
    assert did == done and handed in text


async def test_going_on_anew_after_a_divergence_ends_what_the_rest_of_the_visit_had_running(
    tmp_path: Path, monkeypatch: Patch
) -> None:
    meaning = ["old"]

    async def plays(desk: Desk) -> Review | None:
        async def says(what: str) -> str:
            return what

        await desk.step("first", says, meaning[-1])
        await desk.run(f"long-{meaning[-1]}", Slow(str(tmp_path / "go")))
        await desk.submit(review())
        return None

    async with laboratory(tmp_path, monkeypatch, {READ: plays}) as lab:
        first = await started(lab)
        meaning.append("new")
        await lab.again()
        row = await lab.until("SELECT id FROM wait WHERE why = 'divergence' AND closed_seq IS NULL")
        assert not (lab.places.jobs / first / "exit.json").exists(), "nothing is ended before the person decides"
        lab.leave(WordKind.DECISION, wait=row["id"], choice="anew")
        await lab.until("SELECT 1 FROM attempt WHERE id = ? AND state = 'failed'", first)
        assert (lab.places.jobs / first / "exit.json").exists()
        (tmp_path / "go").touch()
        await lab.until("SELECT 1 FROM visit WHERE state = 'closed'")


# trouble


async def test_an_error_in_a_phase_pauses_its_run_and_retry_plays_it_again(tmp_path: Path, monkeypatch: Patch) -> None:
    times = 0

    async def breaks(desk: Desk) -> Review | None:
        nonlocal times
        times += 1
        if times == 1:
            raise ZeroDivisionError("a fault in the phase")
        return await reads(desk)

    async with laboratory(tmp_path, monkeypatch, {READ: breaks}) as lab:
        row = await lab.until("SELECT facts FROM wait WHERE why = 'trouble' AND closed_seq IS NULL")
        assert json.loads(row["facts"])["error"] == "ZeroDivisionError"
        await lab.decide("retry")
        await lab.until("SELECT 1 FROM visit WHERE state = 'closed'")


async def test_a_phase_that_breaks_because_its_project_was_moved_is_in_no_trouble(
    tmp_path: Path, monkeypatch: Patch
) -> None:
    """The engine leaves, and the one that begins where the project lies now finds a run that goes on."""

    async def breaks(desk: Desk) -> None:
        (tmp_path / "here").rename(tmp_path / "there")
        raise FileNotFoundError("here")

    async with laboratory(tmp_path / "here", monkeypatch, {READ: breaks}, begin=False) as lab:
        lab.lab.lies = lab.places.lab.stat()
        lab.leave(WordKind.RUN)
        assert await lab.working == "moved"
        assert lab.store.row("SELECT 1 FROM wait") is None
        (tmp_path / "there").rename(tmp_path / "here")


async def test_a_checkpoint_can_be_called_and_the_phase_sent_back_while_it_is_in_trouble(
    tmp_path: Path, monkeypatch: Patch
) -> None:
    async def breaks(desk: Desk) -> Review | None:
        if desk.inputs.round == 1:
            raise ZeroDivisionError("a fault in the phase")
        return await reads(desk)

    async with laboratory(tmp_path, monkeypatch, {READ: breaks}) as lab:
        await lab.until("SELECT 1 FROM wait WHERE why = 'trouble' AND closed_seq IS NULL")
        lab.leave(WordKind.CHECKPOINT)
        called = await lab.until("SELECT id FROM wait WHERE why = 'checkpoint' AND closed_seq IS NULL")
        lab.leave(WordKind.DECISION, wait=called["id"], choice="send_back")
        await lab.until("SELECT 1 FROM visit WHERE label = 'literature@2' AND state = 'closed'")


async def test_an_error_of_the_lab_itself_pauses_one_run_and_the_other_goes_on(
    tmp_path: Path, monkeypatch: Patch
) -> None:
    really, broken = checkpoints.after, True

    async def after(around: object, run: int, visit: object) -> object:
        if run == 1 and broken:
            raise LabError("product.unreadable")
        return await really(around, run, visit)  # type: ignore[arg-type]

    monkeypatch.setattr(checkpoints, "after", after)
    async with laboratory(tmp_path, monkeypatch, {READ: reads}) as lab:
        await lab.until("SELECT 1 FROM wait WHERE run = 1 AND why = 'trouble' AND closed_seq IS NULL")
        lab.leave(WordKind.RUN)
        await lab.until("SELECT 1 FROM wait WHERE run = 2 AND why = 'checkpoint' AND closed_seq IS NULL")
        broken = False
        lab.leave(WordKind.RESUME, run=1)
        await lab.until("SELECT 1 FROM wait WHERE run = 1 AND why = 'checkpoint' AND closed_seq IS NULL")


async def test_an_error_of_the_lab_that_a_full_disk_keeps_from_being_asked_about_is_asked_about_afterwards(
    tmp_path: Path, monkeypatch: Patch
) -> None:
    really, full = lineage.open_wait, [True]

    def open_wait(tx: Transaction, run: int, why: Wait, *given: object, **more: object) -> int:
        if why is Wait.TROUBLE and full and full.pop():
            raise LabError("disk.full", why="full")
        return really(tx, run, why, *given, **more)  # type: ignore[arg-type]

    async def after(*_: object) -> None:
        raise ZeroDivisionError("a fault in the lab")

    monkeypatch.setattr(lineage, "open_wait", open_wait)
    monkeypatch.setattr(checkpoints, "after", after)
    async with laboratory(tmp_path, monkeypatch, {READ: reads}) as lab:
        await lab.until("SELECT 1 FROM wait WHERE why = 'trouble' AND closed_seq IS NULL")
        assert [row["why"] for row in lab.store.rows("SELECT why FROM wait ORDER BY id")] == ["disk", "trouble"]


async def test_a_full_disk_while_the_lab_opens_a_visit_pauses_and_goes_on(tmp_path: Path, monkeypatch: Patch) -> None:
    from engine import opening

    really, full = opening.begin, [True]

    def begin(*given: object) -> int:
        if full and full.pop():
            raise LabError("disk.full", why="full")
        return really(*given)  # type: ignore[arg-type]

    monkeypatch.setattr(opening, "begin", begin)
    async with laboratory(tmp_path, monkeypatch, {READ: reads}) as lab:
        await lab.until("SELECT 1 FROM wait WHERE why = 'disk'")
        await lab.until("SELECT 1 FROM visit WHERE state = 'closed'")
        assert lab.store.row("SELECT 1 FROM wait WHERE why = 'disk' AND closed_seq IS NULL") is None


# questions


async def test_a_question_that_was_answered_while_no_engine_worked_is_not_asked_again(
    tmp_path: Path, monkeypatch: Patch
) -> None:
    """Nor is it answered by autopilot, which was switched on while it was open."""
    got: list[Choice] = []

    async def asks(desk: Desk) -> Review | None:
        got.append(await desk.hold("which", Wait.NOTE, Choice.RETRY, Choice.ENOUGH))
        return await reads(desk)

    async with laboratory(tmp_path, monkeypatch, {READ: asks}) as lab:
        wait = await lab.until("SELECT id FROM wait WHERE why = 'note'")
        lab.leave(WordKind.SET, key="autonomy", value="autopilot")
        await lab.until("SELECT 1 FROM run WHERE autonomy = 'autopilot'")
        await lab.die()
        lab.leave(WordKind.DECISION, wait=wait["id"], choice="enough")
        lab.start()
        lab.work()
        await lab.until("SELECT 1 FROM visit WHERE state = 'closed'")
        assert got == [Choice.ENOUGH]
        assert len(lab.store.rows("SELECT 1 FROM wait WHERE why = 'note'")) == 1


async def test_trouble_of_the_labs_own_is_asked_once_although_engines_come_and_go(
    tmp_path: Path, monkeypatch: Patch
) -> None:
    really, broken = checkpoints.after, [True]

    async def after(around: object, run: int, visit: object) -> object:
        if broken[0]:
            raise LabError("product.unreadable")
        return await really(around, run, visit)  # type: ignore[arg-type]

    monkeypatch.setattr(checkpoints, "after", after)
    async with laboratory(tmp_path, monkeypatch, {READ: reads}) as lab:
        wait = await lab.until("SELECT id FROM wait WHERE why = 'trouble' AND closed_seq IS NULL")
        for told in (1, 2):
            await lab.again()
            lab.leave(WordKind.NOTE, text="are you there?")
            await lab.until("SELECT 1 FROM (SELECT count(*) AS n FROM note) WHERE n = ?", told)
        broken[0] = False
        lab.leave(WordKind.DECISION, wait=wait["id"], choice="retry")
        await lab.until("SELECT 1 FROM wait WHERE why = 'checkpoint' AND closed_seq IS NULL")
        assert len(lab.store.rows("SELECT 1 FROM wait WHERE why = 'trouble'")) == 1


async def test_a_run_that_is_paused_before_its_first_visit_opens_none(tmp_path: Path, monkeypatch: Patch) -> None:
    async with laboratory(tmp_path, monkeypatch, {READ: reads}, begin=False) as lab:
        await lab.die()
        lab.leave(WordKind.RUN)
        lab.leave(WordKind.PAUSE)
        lab.start()
        lab.work()
        await lab.until("SELECT 1 FROM event WHERE kind = 'run_paused'")
        lab.leave(WordKind.NOTE, text="while it is paused")
        await lab.until("SELECT 1 FROM note")
        assert lab.store.row("SELECT 1 FROM visit") is None
        lab.leave(WordKind.RESUME)
        await lab.until("SELECT 1 FROM wait WHERE why = 'checkpoint' AND closed_seq IS NULL")


async def test_a_run_that_is_done_waits_for_nothing(tmp_path: Path, monkeypatch: Patch) -> None:
    """Paused at its last checkpoint, and approved there."""

    async def after(around: object, run: int, visit: object) -> checkpoints.Next | None:
        return checkpoints.Next(None) if lab.store.rows("SELECT 1 FROM wait WHERE why = 'person'") else None

    monkeypatch.setattr(checkpoints, "after", after)
    async with laboratory(tmp_path, monkeypatch, {READ: reads}) as lab:
        await lab.until("SELECT 1 FROM visit WHERE state = 'closed'")
        lab.leave(WordKind.PAUSE)
        await lab.until("SELECT 1 FROM run WHERE state = 'done'")
        assert lab.store.row("SELECT 1 FROM wait WHERE closed_seq IS NULL") is None


async def test_a_database_that_somebody_else_holds_for_a_while_is_waited_for(
    tmp_path: Path, monkeypatch: Patch
) -> None:
    """A person who looks into lab.db with a tool that keeps it locked: while a step is written, and at a checkpoint."""
    monkeypatch.setattr(room, "LOOK_S", 0.05)
    monkeypatch.setattr("engine.lab.LOOK_EVERY_S", 0.05)
    refused: list[str] = []

    def busy(error: BaseException) -> bool:
        found = really(error)
        if found:
            refused.append("busy")
            if len(refused) % 3 == 0:
                other.rollback()
        return found

    really = room.is_busy
    monkeypatch.setattr(room, "is_busy", busy)

    async def held(desk: Desk) -> Review | None:
        other.execute("BEGIN IMMEDIATE")
        await desk.keep(review("First."))
        handed = await reads(desk)
        other.execute("BEGIN IMMEDIATE")  # as the checkpoint opens
        return handed

    async with laboratory(tmp_path, monkeypatch, {READ: held}, begin=False) as lab:
        lab.store.db.execute("PRAGMA busy_timeout = 1")
        other = sqlite3.connect(lab.places.database, isolation_level=None)
        lab.leave(WordKind.RUN)
        await lab.until("SELECT 1 FROM wait WHERE why = 'checkpoint' AND closed_seq IS NULL")
        assert len(refused) >= 6
        assert lab.store.row("SELECT 1 FROM wait WHERE why = 'trouble'") is None
        other.close()


async def test_a_stop_ends_experiments_although_the_disk_is_full_when_it_is_taken_up(
    tmp_path: Path, monkeypatch: Patch
) -> None:
    """The word counts from its commit on; what is rendered after it must not keep it from being acted on."""
    ended: list[int] = []

    async def stop_jobs(around: object, run: int, visit: object) -> None:
        ended.append(run)

    def full(*_: object) -> None:
        raise LabError("disk.full")

    async with laboratory(tmp_path, monkeypatch, {READ: reads}) as lab:
        wait = await lab.until("SELECT id FROM wait WHERE why = 'checkpoint' AND closed_seq IS NULL")
        monkeypatch.setattr(visiting, "stop_jobs", stop_jobs)
        monkeypatch.setattr(render, "repair", full)
        lab.leave(WordKind.DECISION, wait=wait["id"], choice="stop")
        await lab.until("SELECT 1 FROM run WHERE state = 'stopped'")
        async with asyncio.timeout(60):
            while not ended:
                await asyncio.sleep(0.01)
        assert ended == [1]


def test_a_fault_with_a_name_is_left_by_it_and_any_other_by_its_words() -> None:
    named = visiting.broke(LabError("profiles.unreadable", file="profiles.toml", line=3, reason="not UTF-8"))
    assert named["key"] == "profiles.unreadable"
    assert named["facts"] == {"file": "profiles.toml", "line": 3, "reason": "not UTF-8"}
    assert visiting.broke(KeyError("seed")) == {"what": "phase_broke", "error": "KeyError", "why": "'seed'"}
