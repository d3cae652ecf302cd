"""A decision that was left and not taken up yet: its keys are gone, and the page says that it waits."""

from __future__ import annotations

import base64
import os
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from state import inbox, lineage, lock, places
from state.decided import Inbox, Left, answered
from state.rows import EventRow
from state.vocabulary import Choice, Language, Phase, Wait, WordKind
from tests.tui import scenes
from tests.tui.screens import rows_of, shown
from tests.tui.test_poller import Project, posted, project
from tui import language, launch
from tui.homerows import Found, project_rows
from tui.look import Engine, Look
from tui.poller import Looked, Wanted
from tui.screens.run import RunScreen

__all__ = ["posted", "project"]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A project folder whose engine is not started: only the word is left."""
    made = tmp_path / "grokking"
    made.mkdir()
    (made / "project.toml").write_text('question = "?"\n')
    monkeypatch.setattr(launch, "start_engine", lambda folder: None)
    yield made


async def settle(screen: RunScreen, pilot: Any) -> None:
    await screen.app.workers.wait_for_complete()
    await pilot.pause()


def text(screen: RunScreen) -> str:
    return "\n".join(rows_of(screen.app))


def left(look: Look, choice: Choice = Choice.APPROVE) -> Look:
    return replace(look, decided={wait.id: choice.value for wait in look.waits})


def gone(look: Look) -> Look:
    engine = Engine(False, None, None, scenes.ms("14:32"), "signal", 9)
    return replace(left(look), engine=engine, unread=1)


OFFERED = ("a approve", "b send back", "e edit", "f fork", "s stop the run")


async def test_the_keys_of_a_checkpoint_go_at_once_and_the_page_says_what_was_left(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before the word is even written: a second press can be no second decision."""
    look = replace(scenes.plan_waits(), folder=folder)
    async with shown(look, 3) as (pilot, screen):
        assert all(key in text(screen) for key in OFFERED)
        kept: list[Callable[[], object]] = []
        monkeypatch.setattr(screen.lab, "leave_word", lambda *given: kept.append(lambda: given))
        await pilot.press("a", "y")
        await pilot.pause()
        assert len(kept) == 1
        assert not any(key in text(screen) for key in OFFERED)
        assert "◇ Decided: approve. It waits to be taken up." in text(screen)
        assert "waits for you" not in text(screen)
        for key in "aebf":
            await pilot.press(key)
            await pilot.pause()
            assert screen.question is None and not screen.notebox.display
            assert "decided already" in rows_of(screen.app)[-1]
        assert len(kept) == 1


async def test_a_decision_stays_left_over_the_looks_that_come_before_it_is_taken_up(folder: Path) -> None:
    look = replace(scenes.plan_waits(), folder=folder)
    async with shown(look, 3) as (pilot, screen):
        await pilot.press("a", "y")
        await settle(screen, pilot)
        screen.looked(replace(look, now=look.now + 250))
        await pilot.pause()
        assert "Decided: approve" in text(screen)


async def test_a_decision_that_was_refused_gives_the_keys_back(folder: Path) -> None:
    look = replace(scenes.plan_waits(), folder=folder)
    async with shown(look, 3) as (pilot, screen):
        await pilot.press("a", "y")
        await settle(screen, pilot)
        (word,) = screen.lab.left
        facts = {"word": word, "what": "decision", "why": "word.product_changed"}
        screen.looked(replace(look, events=(EventRow(900, 0, look.run.id, None, "word_refused", facts),)))
        await pilot.pause()
        assert all(key in text(screen) for key in OFFERED)


async def test_a_decision_that_could_not_be_left_gives_the_keys_back(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*given: object) -> str:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(launch, "give", full)
    async with shown(replace(scenes.plan_waits(), folder=folder), 3) as (pilot, screen):
        await pilot.press("a", "y")
        await settle(screen, pilot)
        assert "No space left" in rows_of(screen.app)[-1]
        await pilot.press("f7")
        await pilot.pause()
        assert all(key in text(screen) for key in OFFERED)


async def test_a_fork_leaves_the_checkpoint_open(folder: Path) -> None:
    async with shown(replace(scenes.plan_waits(), folder=folder), 3) as (pilot, screen):
        await pilot.press("f", "y")
        await settle(screen, pilot)
        assert all(key in text(screen) for key in OFFERED)


@pytest.mark.parametrize("tongue", list(Language))
@pytest.mark.parametrize("size", [(80, 24), (200, 50)])
async def test_a_page_says_that_the_engine_is_gone_which_should_take_the_decision_up(
    tongue: Language, size: tuple[int, int]
) -> None:
    async with shown(gone(scenes.plan_waits(tongue is Language.ZH)), 3, size) as (pilot, screen):
        language.use(tongue)
        await pilot.pause()
        said = {
            Language.EN: "✗ Decided: approve. No engine is there to take it up; p starts one.",
            Language.ZH: "✗ 决定已留下：通过。引擎未运行，无法读取；按 p 启动。",
        }
        assert said[tongue] in text(screen)
        assert rows_of(screen.app)[-1].startswith({Language.EN: " p start", Language.ZH: " p 启动"}[tongue])


@pytest.mark.parametrize("size", [(80, 24), (200, 50)])
@pytest.mark.parametrize(
    ("make", "number"),
    [(scenes.plan_waits, 3), (scenes.refinement_waits, 8), (scenes.plan_waits, 0)],
)
async def test_every_page_says_it_in_one_line_of_both_languages(
    make: Callable[[bool], Look], number: int, size: tuple[int, int]
) -> None:
    async with shown(left(make(False)), number, size) as (pilot, screen):
        assert "Decided: approve. It waits to be taken up." in text(screen)
        language.use(Language.ZH)
        await pilot.pause()
        assert "决定已留下：通过，等待引擎读取。" in text(screen)


async def test_the_limit_that_was_raised_offers_no_second_raise(folder: Path) -> None:
    async with shown(replace(scenes.paused_for_money(), folder=folder), 5) as (pilot, screen):
        await pilot.press("m", "y")
        await settle(screen, pilot)
        assert "m raise" not in text(screen) and " m limit" not in text(screen)
        assert "Decided: raise. It waits to be taken up." in text(screen)
        await pilot.press("m")
        await pilot.pause()
        assert screen.question is None


async def test_trying_now_is_offered_once(folder: Path) -> None:
    look = scenes.network_lost()
    look = replace(look, folder=folder, waits=tuple(replace(wait, choices=("retry", "stop")) for wait in look.waits))
    async with shown(look, 2) as (pilot, screen):
        assert "p try now" in rows_of(screen.app)[-1]
        await pilot.press("p", "f7")
        await settle(screen, pilot)
        assert "p try now" not in text(screen)
        assert "Decided: go on. It waits to be taken up." in text(screen)
        await pilot.press("p")
        await settle(screen, pilot)
    assert len(inbox.pending(folder)) == 1


def test_a_word_answers_the_waits_that_it_ends() -> None:
    asked = scenes.plan_waits().waits[0]
    paused = replace(asked, id=8, why=Wait.PERSON.value, phase=None)
    both = (asked, paused)
    assert answered(Left(WordKind.DECISION, 1, 7, "approve"), 1, both) == {7: "approve"}
    assert answered(Left(WordKind.DECISION, 2, 7, "approve"), 1, both) == {}
    assert answered(Left(WordKind.DECISION, 1, 99, "approve"), 1, both) == {}
    assert answered(Left(WordKind.DECISION, 1, 7, "fork"), 1, both) == {}
    assert answered(Left(WordKind.STOP, 1), 1, both) == {7: "stop", 8: "stop"}
    assert answered(Left(WordKind.RESUME, None), 1, both) == {8: "retry"}
    assert answered(Left(WordKind.NOTE, 1), 1, both) == {}


def test_what_lies_in_the_inbox_is_read_once_and_what_is_no_word_is_passed_over(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    where = places.prepare(folder)
    edited = {"plan.md": base64.b64encode(b"x").decode()}
    inbox.leave(folder, WordKind.DECISION, {"run": 1, "wait": 7, "choice": "approve", "edited": edited})
    (where.inbox / "noise.json").write_text("{")
    read, real = [], inbox.read

    def counted(path: Path) -> inbox.Word:
        read.append(path.name)
        return real(path)

    monkeypatch.setattr(inbox, "read", counted)
    box = Inbox(where)
    assert box.words() == (Left(WordKind.DECISION, 1, 7, "approve"),)
    assert box.words() == (Left(WordKind.DECISION, 1, 7, "approve"),)
    assert len(read) == 2
    for path in where.words():
        path.unlink()
    assert box.words() == ()


def test_a_decision_of_another_terminal_arrives_without_a_commit(project: Project, posted: Any) -> None:
    poller, messages = posted
    project.wait()
    poller.follow(Wanted(project.folder, None, Phase.PLAN_FORMULATION))
    poller.start()
    first = messages.get(timeout=10)
    assert isinstance(first, Looked) and first.look.decided == {}
    (asked,) = first.look.waits
    inbox.leave(project.folder, WordKind.DECISION, {"run": project.run, "wait": asked.id, "choice": "approve"})
    then = messages.get(timeout=10)
    assert isinstance(then, Looked)
    assert then.look.decided == {asked.id: "approve"}


def test_an_edit_that_is_being_checked_is_a_decision_that_was_taken_up(project: Project, posted: Any) -> None:
    """The word is gone from the inbox, the checkpoint is still open: a second decision would come too late."""
    poller, messages = posted
    project.wait()
    with project.store.transaction() as tx:
        tx.execute("UPDATE wait SET word = 'W1'")
    poller.follow(Wanted(project.folder, None, Phase.PLAN_FORMULATION))
    poller.start()
    first = messages.get(timeout=10)
    assert isinstance(first, Looked)
    assert list(first.look.decided.values()) == ["approve"]


@pytest.mark.parametrize("number", [0, 3])
async def test_no_symbol_says_any_longer_that_the_person_is_waited_for(number: int) -> None:
    async with shown(left(scenes.plan_waits()), number, (200, 50)) as (_, screen):
        assert "◆" not in text(screen).replace("◆ you to plan", "")


def test_home_no_longer_asks_for_what_was_decided(project: Project) -> None:
    """A project whose word lies there is at work; one whose word nobody takes up waits for an engine."""
    project.wait()
    (asked,) = project_rows(project.folder, Found())
    assert (asked.group, asked.key) == ("waits", "home.waits.plan_formulation")
    body = {"run": project.run, "wait": 1, "choice": "approve"}
    word = inbox.leave(project.folder, WordKind.DECISION, body)
    (row,) = project_rows(project.folder, Found())
    assert (row.group, row.symbol, row.key, row.since_at) == ("at_work", "waits_world", "home.decided", asked.since_at)
    long_ago = time.time() - 60
    os.utime(project.where.inbox / f"{word}.json", (long_ago, long_ago))
    (row,) = project_rows(project.folder, Found())
    assert (row.group, row.symbol, row.key) == ("waits", "lost", "home.decided_gone")
    with lock.take(project.where.lock) or pytest.fail("the lock is taken"):
        (row,) = project_rows(project.folder, Found())
        assert (row.group, row.key) == ("at_work", "home.decided")


def test_home_tells_a_project_that_was_asked_for_its_first_run_from_one_at_rest(folder: Path) -> None:
    (row,) = project_rows(folder, Found())
    assert (row.group, row.symbol, row.key) == ("at_rest", "not_begun", "home.not_begun")
    inbox.leave(folder, WordKind.RUN, {})
    (row,) = project_rows(folder, Found())
    assert (row.group, row.symbol, row.key) == ("at_work", "waits_world", "home.new")


def test_home_still_asks_for_what_waits_beside_what_was_decided(project: Project) -> None:
    project.wait()
    with project.store.transaction() as tx:
        lineage.open_wait(tx, project.run, Wait.BUDGET, ["raise"], {}, visit=project.visit)
    inbox.leave(project.folder, WordKind.DECISION, {"run": project.run, "wait": 1, "choice": "approve"})
    (row,) = project_rows(project.folder, Found())
    assert (row.group, row.symbol, row.key) == ("waits", "waits_person", "home.person.credit")
