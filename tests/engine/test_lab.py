"""The lab's walk: what a person decides, in mid-phase and at a checkpoint, with engines that come and go."""

from __future__ import annotations

import asyncio
import base64
import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from engine import checkpoints, ghosts, opening
from engine.answering import Refusal
from engine.desk import Desk
from engine.experiments.contract import Ending
from state import lineage
from state.products.base import Product
from state.products.literature import Review
from state.store import Store
from state.vocabulary import Choice, ExperimentState, Phase, Wait, WordKind
from tests.engine.lab import DEADLINE_S, READ, Slow, laboratory, reads, review, started

Patch = pytest.MonkeyPatch


def states(store: Store, table: str) -> list[str]:
    return [str(row["state"]) for row in store.rows(f"SELECT state FROM {table} ORDER BY rowid")]


class Runs:
    """A phase with one experiment that lasts; hands in at the last round."""

    def __init__(self, folder: Path) -> None:
        self.go = folder / "go"
        self.endings: list[ExperimentState] = []
        self.rounds: list[bool] = []

    async def __call__(self, desk: Desk) -> Review | None:
        ending = await desk.run("long", Slow(str(self.go)))
        self.endings.append(ending.state)
        async for turn in desk.rounds(100):
            self.rounds.append(turn.last)
            if turn.last and await desk.submit(review(ending.state.value)) is None:
                return review()
            await desk.hold(f"breath-{turn.n}", Wait.NOTE, Choice.RETRY)
        return None


async def test_words_are_taken_up_while_what_a_phase_needs_is_still_imported(
    tmp_path: Path, monkeypatch: Patch
) -> None:
    async def plays(desk: Desk) -> None:
        await desk.hold("played", Wait.NOTE, Choice.RETRY)

    async with laboratory(tmp_path, monkeypatch, {READ: plays}, begin=False) as lab:
        ready: asyncio.Future[None] = asyncio.Future()
        lab.around.ready = ready
        lab.leave(WordKind.RUN)
        await lab.until("SELECT 1 FROM visit")
        lab.leave(WordKind.NOTE, text="for whoever reads first")
        await lab.until("SELECT 1 FROM note")
        assert lab.store.row("SELECT 1 FROM wait") is None
        ready.set_result(None)
        await lab.until("SELECT 1 FROM wait")


# in mid-phase


async def test_sending_back_in_mid_phase_ends_its_jobs_and_nobody_adopts_them(
    tmp_path: Path, monkeypatch: Patch
) -> None:
    async with laboratory(tmp_path, monkeypatch, {READ: Runs(tmp_path)}) as lab:
        first = await started(lab)
        lab.leave(WordKind.CHECKPOINT)
        await lab.decide("send_back", note="again")
        await lab.until("SELECT 1 FROM visit WHERE label = 'literature@2'")
        await lab.until("SELECT 1 FROM attempt WHERE id = ? AND state = 'failed'", first)
        second = await started(lab)  # the same experiment: its number goes on with a new attempt
        assert (lab.places.jobs / first / "exit.json").exists() and second != first
        assert states(lab.store, "experiment") == ["running"]
        assert lab.store.row("SELECT 1 FROM wait WHERE closed_seq IS NULL") is None


async def test_what_an_engine_left_running_in_a_superseded_visit_is_ended_at_the_next_start(
    tmp_path: Path, monkeypatch: Patch
) -> None:
    async with laboratory(tmp_path, monkeypatch, {READ: Runs(tmp_path)}) as lab:
        attempt = await started(lab)
        await lab.die()
        store = Store(lab.places.database, lab.places.blobs)
        store.db.execute("UPDATE lineage SET superseded_seq = 1")  # the commit was made; then the power went
        store.db.execute("UPDATE run SET state = 'done'")
        store.close()
        lab.start()
        lab.work()
        await lab.until("SELECT 1 FROM attempt WHERE id = ? AND state = 'failed'", attempt)
        assert states(lab.store, "experiment") == ["stopped"]
        assert not await ghosts.any_alive(lab.store, lab.places, lab.workshop.place)
        assert await lab.lab._idle()


async def test_approving_a_called_checkpoint_means_enough(tmp_path: Path, monkeypatch: Patch) -> None:
    plays = Runs(tmp_path)
    plays.go.touch()
    async with laboratory(tmp_path, monkeypatch, {READ: plays}) as lab:
        await lab.until("SELECT 1 FROM wait WHERE why = 'note' AND closed_seq IS NULL")
        lab.leave(WordKind.CHECKPOINT)
        called = await lab.until("SELECT id FROM wait WHERE why = 'checkpoint' AND closed_seq IS NULL")
        lab.leave(WordKind.DECISION, wait=called["id"], choice="approve")
        await lab.decide("retry")  # the breath ends
        await lab.until("SELECT 1 FROM visit WHERE state = 'closed'")
        assert plays.rounds == [False, True]


async def test_going_on_after_a_called_checkpoint_hands_nothing_in(tmp_path: Path, monkeypatch: Patch) -> None:
    plays = Runs(tmp_path)
    plays.go.touch()
    async with laboratory(tmp_path, monkeypatch, {READ: plays}) as lab:
        await lab.until("SELECT 1 FROM wait WHERE why = 'note' AND closed_seq IS NULL")
        lab.leave(WordKind.CHECKPOINT)
        called = await lab.until("SELECT id FROM wait WHERE why = 'checkpoint' AND closed_seq IS NULL")
        lab.leave(WordKind.DECISION, wait=called["id"], choice="retry")
        await lab.until("SELECT 1 FROM wait WHERE id = ? AND closed_seq IS NOT NULL", called["id"])
        await lab.decide("retry")
        await lab.until("SELECT 1 FROM step WHERE path LIKE '%breath-2'")
        assert plays.rounds == [False, False]


async def test_experiments_that_a_called_checkpoint_ended_are_not_run_again_when_there_is_enough(
    tmp_path: Path, monkeypatch: Patch
) -> None:
    plays = Runs(tmp_path)
    async with laboratory(tmp_path, monkeypatch, {READ: plays}) as lab:
        await started(lab)
        lab.leave(WordKind.CHECKPOINT, experiments=False)
        await lab.until("SELECT 1 FROM experiment WHERE state = 'stopped'")
        await lab.decide("approve")
        await lab.until("SELECT 1 FROM visit WHERE state = 'closed'")
        assert plays.endings == [ExperimentState.STOPPED] and plays.rounds == [True]
        assert len(list(lab.places.jobs.iterdir())) == 1


async def test_stop_ends_experiments_and_resume_runs_them_again(tmp_path: Path, monkeypatch: Patch) -> None:
    plays = Runs(tmp_path)
    async with laboratory(tmp_path, monkeypatch, {READ: plays}) as lab:
        first = await started(lab)
        lab.leave(WordKind.STOP)
        await lab.until("SELECT 1 FROM experiment WHERE state = 'stopped'")
        assert (lab.places.jobs / first / "exit.json").exists()
        await lab.again()  # a stopped run stays so
        assert states(lab.store, "run") == ["stopped"]
        lab.leave(WordKind.RESUME)
        assert await started(lab) != first
        plays.go.touch()
        await lab.until("SELECT 1 FROM experiment WHERE state = 'finished'")
        assert [row["id"] for row in lab.store.rows("SELECT id FROM experiment")] == [1]


async def test_a_run_that_is_stopped_while_no_engine_works_has_nothing_running_or_set_aside(
    tmp_path: Path, monkeypatch: Patch
) -> None:
    plays = Runs(tmp_path)
    async with laboratory(tmp_path, monkeypatch, {READ: plays}) as lab:
        first = await started(lab)
        await lab.die()
        lab.leave(WordKind.STOP)
        lab.start()
        lab.work()
        await lab.until("SELECT 1 FROM experiment WHERE state = 'stopped'")
        assert states(lab.store, "run") == ["stopped"]
        assert lab.store.row("SELECT 1 FROM attempt WHERE state = 'flying'") is None
        lab.leave(WordKind.RESUME)
        assert await started(lab) != first
        plays.go.touch()
        await lab.until("SELECT 1 FROM experiment WHERE state = 'finished'")


async def test_an_experiment_that_ended_by_itself_before_its_run_was_stopped_is_not_run_again(
    tmp_path: Path, monkeypatch: Patch
) -> None:
    plays = Runs(tmp_path)
    async with laboratory(tmp_path, monkeypatch, {READ: plays}) as lab:
        first = await started(lab)
        await lab.die()
        plays.go.touch()
        async with asyncio.timeout(60):
            while not (lab.places.jobs / first / "exit.json").exists():
                await asyncio.sleep(0.02)
        lab.leave(WordKind.STOP)
        lab.start()
        lab.work()
        await lab.until("SELECT 1 FROM run WHERE state = 'stopped'")
        lab.leave(WordKind.RESUME)
        await lab.until("SELECT 1 FROM experiment WHERE state = 'finished'")
        assert len(list(lab.places.jobs.iterdir())) == 1


async def test_an_experiment_goes_on_while_engines_come_and_go(tmp_path: Path, monkeypatch: Patch) -> None:
    plays = Runs(tmp_path)
    async with laboratory(tmp_path, monkeypatch, {READ: plays}) as lab:
        await started(lab)
        await lab.again()
        await lab.again()
        plays.go.touch()
        await lab.until("SELECT 1 FROM experiment WHERE state = 'finished'")
        assert len(list(lab.places.jobs.iterdir())) == 1


# at a checkpoint


async def test_an_edit_is_checked_past_its_own_checkpoint_and_later_words_are_too_late(
    tmp_path: Path, monkeypatch: Patch
) -> None:
    """The check runs a job, as the paper's does, while the checkpoint is open; the engine dies in the midst of it."""
    go = tmp_path / "go"

    async def check(desk: Desk, product: Product) -> Refusal | None:
        ending: Ending = await desk.run("build", Slow(str(go)).job())
        return None if ending.ok else Refusal("does not build")

    from engine.phases import literature_review

    monkeypatch.setattr(literature_review, "check", check)
    async with laboratory(tmp_path, monkeypatch, {READ: reads}) as lab:
        edited = {"review.md": base64.b64encode(b"+++\n+++\n\nA person's own words.\n").decode()}
        await lab.decide("approve", edited=edited)
        await lab.until("SELECT 1 FROM attempt WHERE kind = 'job' AND state = 'flying'")
        await lab.again()
        await lab.decide("send_back", note="no, again")
        await lab.until("SELECT 1 FROM word WHERE outcome = 'late'")
        go.touch()
        await lab.until("SELECT 1 FROM visit WHERE label = 'plan@1'")
        row = lab.store.row("SELECT author, run FROM product ORDER BY id DESC LIMIT 1")
        assert row is not None and tuple(row) == ("person", 1)
        assert b"own words" in (lab.places.runs / "1" / "review.md").read_bytes()


async def test_an_edit_that_does_not_hold_leaves_the_checkpoint_open_with_the_reason(
    tmp_path: Path, monkeypatch: Patch
) -> None:
    async with laboratory(tmp_path, monkeypatch, {READ: reads}) as lab:
        await lab.decide("approve", edited={"review.md": base64.b64encode(b"").decode()})
        row = await lab.until("SELECT * FROM wait WHERE json_extract(facts, '$.refusal') IS NOT NULL")
        assert row["closed_seq"] is None and row["answer"] is None
        assert lab.store.row("SELECT 1 FROM word WHERE outcome = 'refused'") is not None
        await lab.decide("approve")
        await lab.until("SELECT 1 FROM visit WHERE label = 'plan@1'")


async def test_a_file_that_a_person_saved_under_runs_is_offered_at_the_checkpoint_and_approve_takes_it(
    tmp_path: Path, monkeypatch: Patch
) -> None:
    from tui import commands, launch

    monkeypatch.setattr(launch, "start_engine", lambda folder: None)  # the lab of this test is at work
    mine = tmp_path / "runs" / "1" / "review.md"
    mine.parent.mkdir(parents=True)
    mine.write_text("+++\n+++\n\nMine from the start.\n")
    listed = "SELECT * FROM wait WHERE why = 'checkpoint' AND json_extract(facts, '$.yours[0]') = 'runs/1/review.md'"
    kept = "SELECT 1 FROM event WHERE kind = 'file_kept'"
    async with laboratory(tmp_path, monkeypatch, {READ: reads}) as lab:
        await lab.until(listed)
        mine.unlink()
        await lab.until("SELECT 1 FROM wait WHERE why = 'checkpoint' AND json_extract(facts, '$.yours[0]') IS NULL")
        before = len(lab.store.rows(kept))
        mine.write_text("+++\n+++\n\nMine while it waits.\n")
        await lab.until(listed)
        assert len(lab.store.rows(kept)) == before + 1
        assert await asyncio.to_thread(commands.perform, ["-C", str(tmp_path), "approve", "--with", str(mine)]) == 0
        await lab.until("SELECT 1 FROM visit WHERE label = 'plan@1'")
        row = lab.store.row("SELECT sha256, author FROM product ORDER BY id DESC LIMIT 1")
        assert row is not None and row["author"] == "person"
        assert b"Mine while it waits." in mine.read_bytes()  # and from here on it is the lab's to write
        assert opening.files_of(lab.store, row["sha256"])["review.md"] == mine.read_bytes()


async def test_a_folder_of_runs_that_is_deleted_while_the_lab_waits_comes_back(
    tmp_path: Path, monkeypatch: Patch
) -> None:
    monkeypatch.setattr("engine.lab.LOOK_EVERY_S", 0.05)
    async with laboratory(tmp_path, monkeypatch, {READ: reads}) as lab:
        await lab.until("SELECT 1 FROM wait WHERE why = 'checkpoint'")
        review = lab.places.runs / "1" / "review.md"
        written = review.read_bytes()
        shutil.rmtree(lab.places.runs)
        async with asyncio.timeout(DEADLINE_S):
            while not review.exists():
                await lab.around.bell.heard(0.05)
        assert review.read_bytes() == written


async def test_an_edit_in_a_fork_is_not_seen_by_the_run_that_it_came_from(tmp_path: Path, monkeypatch: Patch) -> None:
    async with laboratory(tmp_path, monkeypatch, {READ: reads}) as lab:
        parent = await lab.until("SELECT id, visit FROM wait WHERE why = 'checkpoint' AND run = 1")
        lab.leave(WordKind.DECISION, wait=parent["id"], choice="fork", note="try it otherwise")
        child = await lab.until("SELECT id FROM wait WHERE why = 'checkpoint' AND run = 2")
        assert (lab.places.runs / "2" / "review.md").exists()  # a fork's folder begins with what it inherits
        edited = {"review.md": base64.b64encode(b"+++\n+++\n\nThe fork's words.\n").decode()}
        lab.leave(WordKind.DECISION, wait=child["id"], choice="approve", edited=edited)
        await lab.until("SELECT 1 FROM visit WHERE run = 2 AND label = 'plan@1'")
        lab.leave(WordKind.DECISION, wait=parent["id"], choice="approve")
        await lab.until("SELECT 1 FROM visit WHERE run = 1 AND label = 'plan@1'")
        inputs = {row["run"]: json.loads(row["inputs"]) for row in lab.store.rows("SELECT * FROM visit WHERE id > 1")}
        assert inputs[1]["review"] != inputs[2]["review"]
        (shared,) = [visit for visit in lineage.visits(lab.store, 1) if visit.phase is READ]
        assert [checkpoints.newest(lab.around, run, shared) for run in (1, 2)] == [
            inputs[1]["review"],
            inputs[2]["review"],
        ]
        row = lab.store.row("SELECT run FROM note WHERE text = 'try it otherwise'")
        assert row is not None and row["run"] == 2


async def test_a_fork_stops_no_job_of_its_parent(tmp_path: Path, monkeypatch: Patch) -> None:
    plays = Runs(tmp_path)
    phases = {READ: reads, Phase.PLAN_FORMULATION: plays}
    async with laboratory(tmp_path, monkeypatch, phases) as lab:  # type: ignore[arg-type]
        await lab.decide("approve")
        attempt = await started(lab)
        lab.leave(WordKind.FORK, phase="literature_review")
        await lab.until("SELECT 1 FROM wait WHERE run = 2")
        lab.leave(WordKind.STOP, run=2)
        await lab.until("SELECT 1 FROM run WHERE id = 2 AND state = 'stopped'")
        await lab.again()
        plays.go.touch()
        await lab.until("SELECT 1 FROM attempt WHERE id = ? AND state = 'done'", attempt)


# on a share


@pytest.mark.parametrize("autonomy", ["co-pilot", "autopilot"])
async def test_on_a_share_a_whole_copy_is_made_at_every_checkpoint_and_one_that_fails_ends_nothing(
    tmp_path: Path, monkeypatch: Patch, autonomy: str
) -> None:
    text = f'question = "?"\nautonomy = "{autonomy}"\n'
    async with laboratory(tmp_path, monkeypatch, {READ: reads}, text=text, begin=False) as lab:
        lab.around.places = replace(lab.places, kind="nfs")
        lab.leave(WordKind.RUN)
        await lab.until("SELECT 1 FROM wait WHERE why = 'checkpoint'")  # the review's, or the empty plan's
        copy = Store(lab.places.snapshot, tmp_path / "elsewhere")
        assert copy.row("SELECT 1 FROM visit WHERE state = 'closed'") is not None
        copy.close()
        lab.places.snapshot.unlink()
        lab.places.snapshot.mkdir()  # nothing can be put there now
        lab.leave(WordKind.RUN)
        await lab.until("SELECT 1 FROM wait WHERE run = 2 AND why = 'checkpoint' AND closed_seq IS NULL")
        lab.places.snapshot.rmdir()


# where people are asked


@pytest.mark.parametrize(
    ("named", "asked"), [('"all"', READ), ('["plan"]', Phase.PLAN_FORMULATION)], ids=["all", "plan"]
)
async def test_the_run_stops_at_the_checkpoints_that_the_project_names_and_at_no_other(
    tmp_path: Path, monkeypatch: Patch, named: str, asked: Phase
) -> None:
    text = f'question = "?"\ncheckpoints = {named}\n'
    async with laboratory(tmp_path, monkeypatch, {READ: reads}, text=text) as lab:
        await lab.until("SELECT 1 FROM wait WHERE why = 'checkpoint'")  # the review's, or the empty plan's
        row = lab.store.row("SELECT phase FROM wait JOIN visit ON visit.id = wait.visit ORDER BY wait.id LIMIT 1")
        assert row is not None and row["phase"] == asked
