"""The poller against a real database: what an engine commits arrives on the screen, and nothing else is posted."""

from __future__ import annotations

import json
import queue
from collections.abc import Iterator
from pathlib import Path

import pytest
from textual.message import Message

from state import inbox, lineage, lock, places
from state.config import Config
from state.events import PaperFound
from state.store import Store
from state.vocabulary import Phase, Wait, WordKind
from tests.tui.screens import rows_of
from tui import drafts
from tui.app import Lab
from tui.gather import Gatherer
from tui.poller import CannotLook, HomeLooked, Looked, NothingYet, Poller, Wanted
from tui.screens.run import RunScreen


class Project:
    """A project with one run in plan formulation, as an engine leaves it."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir()
        (folder / "project.toml").write_text('question = "Does it?"\n')
        self.folder, self.where = folder, places.prepare(folder)
        self.store = Store(self.where.database, self.where.blobs)
        config = self.store.put(Config(question="Does it?").canonical.encode())
        frame = self.store.put(b"{}")
        with self.store.transaction() as tx:
            self.run = lineage.begin_run(tx, config, list(Phase)[2:], "co-pilot")
            self.visit = lineage.open_visit(tx, self.run, Phase.PLAN_FORMULATION, {}, frame, None)

    def say(self, role: str, text: str, number: int) -> None:
        """A role's answer, as the journal keeps it."""
        with self.store.transaction() as tx:
            body = json.dumps([text])
            message = tx.insert(
                "INSERT INTO message (chain, role, body) VALUES (?,?,?)", (f"c{number}", "assistant", body)
            )
            tx.execute(
                "INSERT INTO step (visit, path, kind, role, fingerprint, state, reply, deaths, begun_seq, begun_at,"
                " ended_at) VALUES (?,?,'ask',?,?,'done',?,0,0,?,?)",
                (self.visit, f"plan@1/turn-{number}", role, f"f{number}", message, tx.at, tx.at),
            )
            tx.event(PaperFound("k", "t"), self.run)

    def wait(self) -> None:
        with self.store.transaction() as tx:
            lineage.open_wait(tx, self.run, Wait.CHECKPOINT, ["approve", "stop"], {"next": None}, visit=self.visit)


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Project]:
    made = Project(tmp_path / "mine")
    yield made
    made.store.close()


@pytest.fixture
def posted() -> Iterator[tuple[Poller, queue.Queue[Message]]]:
    messages: queue.Queue[Message] = queue.Queue()
    poller = Poller(messages.put, Lab.now)
    yield poller, messages
    poller.stop()
    if poller.is_alive():
        poller.join(5)


def test_what_the_engine_commits_is_posted_and_nothing_while_nothing_changes(
    project: Project, posted: tuple[Poller, queue.Queue[Message]]
) -> None:
    poller, messages = posted
    poller.follow(Wanted(project.folder, None, Phase.PLAN_FORMULATION))
    poller.start()
    first = messages.get(timeout=10)
    assert isinstance(first, Looked)
    assert first.look.run.id == project.run
    assert first.look.at_work is not None
    with pytest.raises(queue.Empty):
        messages.get(timeout=1)
    project.say("postdoc", "What shows it?", 1)
    news = messages.get(timeout=10)
    assert isinstance(news, Looked)
    (turn,) = news.look.turns[Phase.PLAN_FORMULATION]
    assert (turn.role, turn.text) == ("postdoc", "What shows it?")


def test_the_sandbox_on_screen_is_the_one_that_the_engine_found(
    project: Project, posted: tuple[Poller, queue.Queue[Message]]
) -> None:
    poller, messages = posted
    with project.store.transaction() as tx:
        tx.execute("INSERT INTO lab VALUES ('tier', 'bubblewrap')")
    poller.follow(Wanted(project.folder))
    poller.start()
    first = messages.get(timeout=10)
    assert isinstance(first, Looked)
    assert first.look.experiments == () and first.look.tier == "bubblewrap"


def test_an_engine_that_is_gone_is_seen_by_its_lock(
    project: Project, posted: tuple[Poller, queue.Queue[Message]]
) -> None:
    poller, messages = posted
    held = lock.take(project.where.lock)
    assert held is not None
    poller.follow(Wanted(project.folder))
    poller.start()
    first = messages.get(timeout=10)
    assert isinstance(first, Looked)
    assert first.look.engine.alive
    held.release()
    then = messages.get(timeout=10)
    assert isinstance(then, Looked)
    assert then.look.engine_missing


def test_a_project_without_a_database_tells_what_its_engine_said(
    tmp_path: Path, posted: tuple[Poller, queue.Queue[Message]]
) -> None:
    poller, messages = posted
    (tmp_path / "project.toml").write_text('question = "?"\n')
    places.prepare(tmp_path).log.write_text("ImportError: no module\n")
    poller.follow(Wanted(tmp_path))
    poller.start()
    told = messages.get(timeout=10)
    assert isinstance(told, NothingYet)
    assert (told.alive, told.log) == (False, ("ImportError: no module",))


def test_a_damaged_database_is_said_not_crashed_on(tmp_path: Path, posted: tuple[Poller, queue.Queue[Message]]) -> None:
    poller, messages = posted
    (tmp_path / "project.toml").write_text('question = "?"\n')
    places.prepare(tmp_path).database.write_bytes(b"no database at all, but long enough to be looked at" * 40)
    poller.follow(Wanted(tmp_path))
    poller.start()
    told = messages.get(timeout=10)
    assert isinstance(told, CannotLook)
    assert told.error.key == "store.damaged"


def test_a_project_that_was_moved_away_is_gone_and_comes_back_with_its_folder(
    project: Project, posted: tuple[Poller, queue.Queue[Message]]
) -> None:
    poller, messages = posted
    poller.follow(Wanted(project.folder))
    poller.start()
    assert isinstance(messages.get(timeout=10), Looked)
    away = project.folder.rename(project.folder.with_name("away"))
    told = messages.get(timeout=10)
    while not isinstance(told, CannotLook):
        told = messages.get(timeout=10)
    assert (told.error.key, told.error.facts) == ("project.gone", {"path": str(project.folder)})
    away.rename(project.folder)
    while not isinstance(messages.get(timeout=10), Looked):
        pass


def test_a_fault_in_looking_is_said_with_its_trace_on_disk_and_the_next_look_is_made(
    project: Project, posted: tuple[Poller, queue.Queue[Message]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A thread that died of it would leave a screen that looks alive."""
    poller, messages = posted
    with monkeypatch.context() as broken:
        broken.setattr(Gatherer, "look", lambda *_: 1 / 0)
        poller.follow(Wanted(project.folder))
        poller.start()
        told = messages.get(timeout=10)
        assert isinstance(told, CannotLook) and told.error.key == "screen.fault"
        assert "ZeroDivisionError" in Path(str(told.error.facts["log"])).read_text()
    while not isinstance(messages.get(timeout=10), Looked):
        pass


def test_home_lists_what_waits_before_what_works(
    project: Project, tmp_path: Path, posted: tuple[Poller, queue.Queue[Message]]
) -> None:
    poller, messages = posted
    other = Project(tmp_path / "other")
    other.wait()
    other.store.close()
    drafts.know(other.folder)
    drafts.know(project.folder)
    held = lock.take(project.where.lock)
    assert held is not None
    poller.follow(Wanted())
    poller.start()
    told = messages.get(timeout=10)
    assert isinstance(told, HomeLooked)
    assert [(row.project, row.group) for row in told.home.rows] == [("other", "waits"), ("mine", "at_work")]
    held.release()  # an engine that is gone waits for a person, who can start it again
    told = messages.get(timeout=10)
    assert isinstance(told, HomeLooked)
    assert {(row.project, row.group, row.key) for row in told.home.rows} == {
        ("other", "waits", "home.waits.plan_formulation"),
        ("mine", "waits", "home.engine_gone"),
    }


async def test_the_lab_opens_on_the_run_and_takes_a_word(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    from tui import launch

    monkeypatch.setattr(launch, "start_engine", lambda folder: None)
    project.say("postdoc", "Five seeds then.", 1)
    project.wait()
    lab = Lab(project.folder)
    async with lab.run_test(size=(80, 24)) as pilot:
        screen = lab.screen
        assert isinstance(screen, RunScreen)
        for _ in range(200):
            if screen.look is not None:
                break
            await pilot.pause(0.05)
        await pilot.pause()
        rows = rows_of(lab)
        assert "plan waits for you" in rows[0]
        await pilot.press("a", "y")
        await lab.workers.wait_for_complete()
    (path,) = inbox.pending(project.folder)
    word = inbox.read(path)
    assert word.kind is WordKind.DECISION
    assert isinstance(word.body, inbox.DecisionBody)
    assert word.body.choice == "approve"


async def test_from_a_run_that_was_opened_at_once_one_comes_home_and_in_again(project: Project) -> None:
    lab = Lab(project.folder, polls=False)
    async with lab.run_test(size=(80, 24)) as pilot:
        assert isinstance(lab.screen, RunScreen)
        await pilot.press("question_mark")
        await pilot.press("escape")  # the keys only
        assert isinstance(lab.screen, RunScreen)
        await pilot.press("escape")
        assert lab.screen is lab.home
        await pilot.press("escape")  # nothing is below
        assert lab.screen is lab.home
        lab.open_run(project.folder)
        await pilot.pause()
        assert isinstance(lab.screen, RunScreen)
        await pilot.press("escape")
        assert lab.screen is lab.home
