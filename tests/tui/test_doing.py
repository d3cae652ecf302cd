"""What keys do: questions, notes, drafts, views, search. Words arrive in a real inbox."""

from __future__ import annotations

import gc
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from state import inbox
from state.vocabulary import WordKind
from tests.tui import scenes
from tests.tui.screens import rows_of, shown
from tui import drafts
from tui.lines import line
from tui.look import Look
from tui.panes.pane import Pane
from tui.panes.refinement import RefinementPane
from tui.screens.lists import HelpScreen
from tui.screens.run import RunScreen
from tui.screens.thing import ThingScreen
from tui.widgets.page import Page


def at(look: Look, folder: Path) -> Look:
    return replace(look, folder=folder)


def words(folder: Path) -> list[tuple[WordKind, dict[str, Any]]]:
    found = [inbox.read(path) for path in inbox.pending(folder)]
    return [(word.kind, word.body.model_dump(mode="json", exclude_none=True)) for word in found]


async def settle(screen: RunScreen, pilot: Any) -> None:
    await screen.app.workers.wait_for_complete()
    await pilot.pause()


async def test_approving_asks_first_and_carries_what_was_on_screen(project: Path) -> None:
    async with shown(at(scenes.plan_waits(), project), 3) as (pilot, screen):
        await pilot.press("a")
        await pilot.pause()
        assert screen.question is not None
        assert not words(project)
        await pilot.press("y")
        await settle(screen, pilot)
    ((kind, body),) = words(project)
    assert kind is WordKind.DECISION
    assert body["choice"] == "approve"
    assert body["wait"] == 7
    assert body["sha256"] == "3fa1c9" + "0" * 58


@pytest.mark.parametrize("key", ["enter", "escape", "a"])
async def test_a_held_key_and_enter_approve_nothing(project: Path, key: str) -> None:
    async with shown(at(scenes.plan_waits(), project), 3) as (pilot, screen):
        await pilot.press("a", *[key] * 5)
        await settle(screen, pilot)
    assert not words(project)


async def test_an_edit_travels_with_the_approval(project: Path) -> None:
    look = at(scenes.plan_waits(), project)
    drafts.save_draft(project, "edit-7", scenes.edited_plan())
    async with shown(look, 3) as (pilot, screen):
        assert any("with your edits, +2 −1" in row for row in rows_of(screen.app))
        await pilot.press("a", "y")
        await settle(screen, pilot)
    ((_, body),) = words(project)
    assert inbox.DecisionBody.model_validate(body).edited_bytes == {"plan.md": scenes.edited_plan()}


async def test_sending_back_goes_to_the_phase_that_tab_chose(project: Path) -> None:
    async with shown(at(scenes.plan_waits(), project), 3) as (pilot, screen):
        await pilot.press("b", *"Take p = 97 as well", "tab", "enter")
        await settle(screen, pilot)
    ((kind, body),) = words(project)
    assert kind is WordKind.DECISION
    assert (body["choice"], body["phase"], body["note"]) == ("go_back", "literature_review", "Take p = 97 as well")


@pytest.mark.parametrize(
    ("keys", "name"), [(("n", *"five seeds"), "note-1"), (("b", *"p = 97 as well"), "send_back-1")]
)
async def test_words_that_could_not_be_left_stay_a_draft(
    project: Path, monkeypatch: pytest.MonkeyPatch, keys: tuple[str, ...], name: str
) -> None:
    def full(*_: object) -> str:
        raise OSError(28, "No space left on device")

    async with shown(at(scenes.plan_waits(), project), 3) as (pilot, screen):
        with monkeypatch.context() as broken:
            broken.setattr("tui.launch.give", full)
            await pilot.press(*keys, "enter")
            await settle(screen, pilot)
        assert "No space left" in rows_of(screen.lab)[-1]
        assert drafts.draft(project, name) == "".join(keys[1:]).encode()
        await pilot.press(keys[0], "enter")
        await settle(screen, pilot)
    assert len(words(project)) == 1
    assert drafts.draft(project, name) is None


@pytest.mark.filterwarnings("error")
async def test_the_editor_asked_for_twice_at_once_is_opened_once(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[str] = []

    async def editor(screen: object, text: str, suffix: str) -> str:
        opened.append(suffix)
        return text

    monkeypatch.setattr("tui.screens.answering.edited_elsewhere", editor)
    async with shown(at(scenes.plan_waits(), project), 3) as (pilot, screen):
        screen.action_act("edit")
        screen.action_act("edit")
        await settle(screen, pilot)
        gc.collect()
    assert opened == [".md"]


async def test_a_checkpoint_whose_text_is_not_here_yet_is_not_denied(project: Path) -> None:
    async with shown(replace(at(scenes.plan_waits(), project), made={}), 3) as (pilot, screen):
        await pilot.press("e")
        await settle(screen, pilot)
        assert rows_of(screen.lab)[-1].strip() == "its text is still being read; press e again"


async def test_what_is_asked_about_the_paper_is_what_was_offered(project: Path) -> None:
    async with shown(at(scenes.refinement_waits(), project), 8) as (pilot, screen):
        assert any("a accept the paper as it is" in row for row in rows_of(screen.lab))
        await pilot.press("a")
        assert rows_of(screen.lab)[-1].startswith(" ◆ accept the paper as it is (")


async def test_a_note_is_a_draft_from_its_first_letter_on(project: Path) -> None:
    look = at(scenes.plan_at_work(), project)
    async with shown(look, 3) as (pilot, screen):
        await pilot.press("n", *"five seeds")
        await pilot.pause()
        assert drafts.draft(project, "note-1") == b"five seeds"
        await pilot.press("escape")
        await settle(screen, pilot)
        assert not screen.notebox.display
    assert not words(project)
    async with shown(look, 3) as (pilot, screen):
        await pilot.press("n")
        await pilot.pause()
        assert screen.notebox.area.text == "five seeds"
        await pilot.press("enter")
        await settle(screen, pilot)
    assert words(project) == [(WordKind.NOTE, {"run": 1, "text": "five seeds", "to": "plan_formulation"})]
    assert drafts.draft(project, "note-1") is None


async def test_chinese_typed_into_a_note_arrives_whole(project: Path) -> None:
    async with shown(at(scenes.plan_at_work(), project), 3) as (pilot, screen):
        await pilot.press("n")
        screen.notebox.area.insert("请用五个随机种子，有很大差别。")
        await pilot.press("enter")
        await settle(screen, pilot)
    assert words(project)[0][1]["text"] == "请用五个随机种子，有很大差别。"


@pytest.mark.parametrize(
    ("keys", "kind", "body"),
    [
        (("c", "y"), WordKind.CHECKPOINT, {"run": 1, "experiments": True}),
        (("c", "x"), WordKind.CHECKPOINT, {"run": 1, "experiments": False}),
        (("s", "y"), WordKind.STOP, {"run": 1}),
        (("p",), WordKind.PAUSE, {"run": 1}),
        (("m", "up", "y"), WordKind.SET, {"run": 1, "key": "limits.money_usd", "value": 20.0}),
        (("ｃ", "y"), WordKind.CHECKPOINT, {"run": 1, "experiments": True}),
    ],
)
async def test_a_key_leaves_its_word(
    project: Path, keys: tuple[str, ...], kind: WordKind, body: dict[str, Any]
) -> None:
    async with shown(at(scenes.plan_at_work(), project), 3) as (pilot, screen):
        await pilot.press(*keys)
        await settle(screen, pilot)
    assert words(project) == [(kind, body)]


async def test_raising_the_limit_answers_the_wait(project: Path) -> None:
    async with shown(at(scenes.paused_for_money(), project), 5) as (pilot, screen):
        await pilot.press("m", "y")
        await settle(screen, pilot)
    ((kind, body),) = words(project)
    assert kind is WordKind.DECISION
    assert (body["choice"], body["money_usd"]) == ("raise", 5.0)


async def test_the_persons_form_is_scored_with_digits_and_signed(project: Path) -> None:
    async with shown(at(scenes.refinement_waits(), project), 8) as (pilot, screen):
        await pilot.press("r", *"2323333")
        await pilot.press("0", "9", "4", "1")
        await pilot.pause()
        assert isinstance(screen.pane, RefinementPane)
        kept = drafts.draft(project, "form-1")
        assert kept is not None
        assert json.loads(kept)["overall"] == 10
        await pilot.press("enter", "y")
        await settle(screen, pilot)
    ((kind, body),) = words(project)
    assert kind is WordKind.REVIEW
    assert body["form"]["originality"] == 2
    assert body["form"]["overall"] == 10
    assert body["form"]["confidence"] == 4
    assert body["form"]["decision"] == "accept"


async def test_an_unfinished_form_is_not_signed(project: Path) -> None:
    async with shown(at(scenes.refinement_waits(), project), 8) as (pilot, screen):
        await pilot.press("r", "2", "enter", "y")
        await settle(screen, pilot)
        assert screen.question is None
    assert not words(project)


async def test_leaving_names_the_next_stop_and_the_run_goes_on(project: Path) -> None:
    async with shown(at(scenes.plan_at_work(), project), 3) as (pilot, screen):
        await pilot.press("q")
        await pilot.pause()
        assert "next stop plan ready" in rows_of(screen.app)[-1]
        lab = screen.lab
        await pilot.press("q")
    assert lab.return_code == 0
    assert not words(project)


async def test_leaving_can_leave_the_run_to_itself(project: Path) -> None:
    async with shown(at(scenes.plan_waits(), project), 3) as (pilot, screen):
        lab = screen.lab
        await pilot.press("q", "t")
        await settle(screen, pilot)
    assert lab.return_code == 0
    assert words(project) == [(WordKind.SET, {"run": 1, "key": "autonomy", "value": "autopilot"})]


async def test_a_note_and_what_is_sent_back_are_drafts_of_their_own_and_empty_words_are_none(project: Path) -> None:
    async with shown(at(scenes.plan_waits(), project), 3) as (pilot, screen):
        await pilot.press("n", *"a note", "escape", "b", *"again", "escape", "n")
        await pilot.pause()
        assert screen.notebox.area.text == "a note"
        await pilot.press("escape", "b")
        await pilot.pause()
        assert screen.notebox.area.text == "again"
        await pilot.press(*["backspace"] * 5, "space", "enter")
        await settle(screen, pilot)
        assert screen.notebox.display
    assert not words(project)


async def test_a_cursor_that_moves_repaints_two_rows() -> None:
    async with shown(scenes.experiments_at_work(), 5) as (pilot, screen):
        painted: list[int] = []
        refresh = screen.pane_canvas.refresh

        def counted(*regions: Any, **more: Any) -> Any:
            painted.append(len(regions))
            return refresh(*regions, **more)

        screen.pane_canvas.refresh = counted  # type: ignore[method-assign]  # counted instead
        await pilot.press("down")
        await pilot.pause()
        assert painted == [2]
        await pilot.press("f7")
        await pilot.pause()
        assert painted == [2]


async def test_news_that_say_nothing_new_repaint_nothing() -> None:
    look = scenes.experiments_at_work()
    async with shown(look, 5) as (pilot, screen):
        painted: list[str] = []
        for canvas in (screen.top, screen.rail_canvas, screen.pane_canvas, screen.key_canvas):
            canvas.refresh = lambda *regions, **more: painted.append("")  # type: ignore[method-assign]  # counted instead
        screen.looked(replace(look, now=look.now + 1000))
        await pilot.pause()
        assert painted == []


async def test_the_cursor_stays_on_its_program_when_the_ranking_changes() -> None:
    look = scenes.experiments_at_work()
    async with shown(look, 5) as (pilot, screen):
        await pilot.press("down")
        assert isinstance(screen.pane, Pane)
        assert screen.pane.chosen(look) is not None
        before = screen.pane.chosen(look)
        screen.looked(replace(look, programs=(look.programs[1], look.programs[0], *look.programs[2:])))
        await pilot.pause()
        assert screen.pane.chosen(look) == before


async def test_what_waits_is_one_key_away() -> None:
    async with shown(scenes.plan_waits(), 1) as (pilot, screen):
        await pilot.press("w")
        assert screen.number == 3


async def test_the_rail_folds_and_stays_as_it_was_left() -> None:
    look = scenes.plan_at_work()
    async with shown(look, 3) as (pilot, screen):
        assert not screen.folded
        await pilot.press("z")
        await pilot.pause()
        assert screen.folded
        assert "3●" in rows_of(screen.app)[1]
    async with shown(look, 3) as (_, screen):
        assert screen.folded


async def test_help_does_what_its_row_says() -> None:
    async with shown(scenes.plan_at_work(), 3) as (pilot, screen):
        await pilot.press("question_mark")
        await pilot.pause()
        assert isinstance(screen.app.screen, HelpScreen)
        await pilot.press("down", "enter")
        await pilot.pause()
        assert screen.app.screen is screen
        assert screen.number == 1


async def test_the_palette_finds_by_either_language() -> None:
    async with shown(scenes.plan_at_work(), 3) as (pilot, screen):
        await pilot.press("ctrl+p", *"审稿")
        await pilot.pause()
        assert any("report refinement" in row for row in rows_of(screen.app))


async def test_searching_a_page_goes_to_the_line_and_round() -> None:
    async with shown(scenes.plan_waits(), 3) as (pilot, screen):
        await pilot.press("slash", *"line 12")
        await pilot.pause()
        assert any("Line 12 of the rest" in row for row in rows_of(screen.app))
        await pilot.press("escape")
        assert screen.prompt is None


async def test_a_talk_is_searched_by_enter_and_backwards_by_up_also_in_its_last_screenful() -> None:
    look = scenes.plan_at_work()
    turns = tuple(scenes.said("postdoc", "14:02", f"Sentence {n}, seed {n % 10}.", step=n) for n in range(60))
    async with shown(replace(look, turns={"plan_formulation": turns}), 3) as (pilot, screen):

        async def found(*keys: str) -> str:
            """The row that is found: the others on screen have other seeds."""
            await pilot.press(*keys)
            await pilot.pause()
            return next(row for row in rows_of(screen.app) if "seed 7." in row)

        assert "Sentence 57," in await found("slash", *"SEED 7.")  # from the end, where one reads
        assert "Sentence 7," in await found("enter")
        assert "Sentence 17," in await found("enter")
        assert "Sentence 7," in await found("up")
        assert "Sentence 57," in await found("up")
        await pilot.press(*"xyz", "enter")
        await pilot.pause()
        assert "xyz" in rows_of(screen.app)[-1]
        assert rows_of(screen.app)[-1].endswith("not found ")


def test_in_the_last_screenful_every_place_is_found_and_then_the_first_again() -> None:
    page = Page()
    page.show("a", 20, lambda cells: [line(f"row {n}" + " here" * (n in (5, 92, 97))) for n in range(100)])
    page.draw(20, 20)
    page.sought_from(0, "here")
    seen = []
    for step in (1, 1, 1, -1, -1):
        page.draw(20, 20)
        seen.append(page._found)
        assert page.seek("here", step)
    assert seen == [5, 92, 97, 5, 97]
    page.move(-60)
    page.draw(20, 20)
    assert page.seek("here") and page._found == 92  # one that was moved is searched from where it is


async def test_a_program_opens_and_escape_comes_back() -> None:
    look = scenes.paper_at_work()
    async with shown(look, 7) as (pilot, screen):
        await pilot.press("enter")
        await pilot.pause()
        thing = screen.app.screen
        assert isinstance(thing, ThingScreen)
        await pilot.pause()
        assert any("begin{abstract}" in row for row in rows_of(screen.app))
        await pilot.press("escape")
        await pilot.pause()
        assert screen.app.screen is screen


async def test_resizing_keeps_where_one_reads() -> None:
    async with shown(scenes.plan_waits(), 3) as (pilot, screen):
        await pilot.press("pagedown")
        assert isinstance(screen.pane, Pane)
        top = screen.pane.page("plan").top
        assert top > 0
        for size in [(120, 24), (60, 15), (80, 24)] * 5:
            await pilot.resize_terminal(*size)
        await pilot.pause()
        assert screen.pane.page("plan").top == top


async def test_where_nothing_can_be_read_no_key_but_the_one_that_leaves_does_anything(project: Path) -> None:
    async with shown(at(scenes.plan_waits(), project), 3, (60, 15)) as (pilot, screen):
        lab = screen.lab
        await pilot.press("a", "y", "p", "n", "s", "y")
        await settle(screen, pilot)
        assert lab.screen is screen and screen.question is None and not screen.notebox.display
        await pilot.press("q", "q")
    assert lab.return_code == 0
    assert not words(project)


async def test_what_waits_rings_once() -> None:
    look = scenes.plan_at_work()
    async with shown(look, 3) as (pilot, screen):
        rung: list[int] = []
        screen.lab.bell = lambda: rung.append(1)
        waits = scenes.plan_waits()
        screen.looked(waits)
        screen.looked(replace(waits, now=waits.now + 5))
        await pilot.pause()
        assert rung == [1]
