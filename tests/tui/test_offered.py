"""What is offered acts: keys of the key line, actions of help and palette; by key, by click, in full width."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from textual import events

from state.vocabulary import WordKind
from tests.tui import scenes
from tests.tui.screens import rows_of, shown
from tests.tui.test_doing import at, settle, words
from tui.actions import REGISTRY, action
from tui.app import Lab
from tui.language import tr
from tui.look import Look
from tui.panes.pane import Pane
from tui.panes.refinement import RefinementPane
from tui.screens.frame import LabScreen
from tui.screens.home import HomeScreen
from tui.screens.lists import ActionsScreen, HelpScreen, OptionsScreen, PaletteScreen
from tui.screens.run import RunScreen
from tui.screens.thing import ThingScreen

SCREENS: dict[str, tuple[type[LabScreen], ...]] = {
    "home": (HomeScreen,),
    "run": (RunScreen,),
    "thing": (ThingScreen,),
    "list": (ActionsScreen, HelpScreen, OptionsScreen, PaletteScreen),
}
LED_ON = {"waits", *(f"pane_{number}" for number in range(9))}
"""Actions that a thing, opened above its run, hands to it."""
SCENES: dict[str, tuple[Callable[[], Look], int]] = {
    "plan-at-work": (scenes.plan_at_work, 3),
    "plan-waits": (scenes.plan_waits, 3),
    "experiments": (scenes.experiments_at_work, 5),
    "since": (scenes.refinement_waits, 0),
    "paper": (scenes.paper_at_work, 7),
    "reviews": (scenes.refinement_waits, 8),
    "money": (scenes.paused_for_money, 5),
    "network": (scenes.network_lost, 2),
    "engine-gone": (scenes.engine_gone, 5),
}


@pytest.mark.parametrize("where", SCREENS)
def test_every_action_acts_on_the_screens_that_it_is_for(where: str) -> None:
    for kind in SCREENS[where]:
        assert kind.where == where
        for one in REGISTRY:
            if where not in one.where or one.id.startswith("pane_") or (where == "thing" and one.id in LED_ON):
                continue
            if one.id == "search" and kind is OptionsScreen:  # a list that is whole on every screen
                continue
            assert hasattr(kind, f"do_{one.id}"), f"{one.id} is offered on {kind.__name__} and does nothing"


@pytest.mark.parametrize("name", SCENES)
async def test_every_key_on_offer_does_something(
    name: str,
    project: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    make, number = SCENES[name]
    look = at(make(), project)
    done: list[str] = []
    monkeypatch.setattr(Lab, "copy", lambda lab, text: done.append("copied"))
    monkeypatch.setattr(Lab, "leave_word", lambda lab, folder, kind, *rest: done.append(kind))
    monkeypatch.setattr(Lab, "start_engine", lambda lab, folder: done.append("engine"))
    async with shown(look, number) as (pilot, screen):
        screen.lab.exit = lambda *_: done.append("left")
        for key in list(screen.keys()):
            if not key.action.startswith("act("):
                continue
            one = action(key.action[5:-2])
            assert key.key in {*one.keys, "Enter", "Esc", "Tab"}
            before = rows_of(screen.lab)
            done.clear()
            await pilot.press({"Enter": "enter", "Tab": "tab"}.get(key.key, key.key))
            await pilot.pause()
            assert done or screen.lab.screen is not screen or rows_of(screen.lab) != before, key
            while screen.lab.screen is not screen:
                screen.lab.pop_screen()
                await pilot.pause()
            screen.question = screen.prompt = None
            screen.message = ""
            screen.close_note()
            if isinstance(screen.pane, Pane):
                screen.pane.view, screen.pane.in_second = 0, False
            screen.show(number)
            screen.looked(look)
            await pilot.pause()


async def test_a_click_on_a_key_or_on_an_answer_is_that_key(project: Path) -> None:
    async with shown(at(scenes.plan_at_work(), project), 3) as (pilot, screen):
        for pressed in ("c checkpoint", f"y {tr('question.checkpoint_go_on')}"):
            row = rows_of(screen.lab)[-1]
            await pilot.click(offset=(row.index(pressed), 23))
            await pilot.pause()
        await settle(screen, pilot)
    assert words(project) == [(WordKind.CHECKPOINT, {"run": 1, "experiments": True})]


async def test_the_palette_does_what_was_found_and_escape_only_closes_it() -> None:
    async with shown(scenes.plan_at_work(), 3) as (pilot, screen):
        await pilot.press("ctrl+p", *"audit", "escape")
        await pilot.pause()
        assert screen.lab.screen is screen
        await pilot.press("ctrl+p", *"new project")  # which begins at home
        await pilot.pause()
        assert not any("new project" in row for row in rows_of(screen.lab)[:-1])
        await pilot.press("escape")
        await pilot.press("ctrl+p", *"review report", "backspace", *[*["backspace"] * 12], *"running", "enter")
        await pilot.pause()
        assert screen.lab.screen is screen
        assert screen.number == 5


async def test_a_prompt_says_what_its_keys_do_and_esc_gives_a_narrowed_list_back() -> None:
    async with shown(scenes.plan_at_work(), 3) as (pilot, screen):
        await pilot.press("/")
        await pilot.pause()
        assert rows_of(screen.lab)[-1].rstrip().endswith("Enter next   ↑ before   Esc end")
        await pilot.press("escape", "ctrl+p")
        await pilot.pause()
        assert rows_of(screen.lab)[-1].rstrip().endswith("↑↓ choose   Enter do   Esc close")
        await pilot.press("escape", "?")
        await pilot.pause()
        whole = rows_of(screen.lab)
        await pilot.press("/", *"fold")
        await pilot.pause()
        assert not any("since you last looked" in row for row in rows_of(screen.lab))
        assert rows_of(screen.lab)[-1].rstrip().endswith("Enter done   Esc cancel")
        await pilot.press("escape", "g")
        await pilot.pause()
        assert rows_of(screen.lab) == whole


async def test_the_palette_has_what_has_no_key(project: Path) -> None:
    async with shown(at(scenes.plan_at_work(), project), 3) as (pilot, screen):
        await pilot.press("ctrl+p", *"autopilot", "enter")
        await settle(screen, pilot)
    assert words(project) == [(WordKind.SET, {"run": 1, "key": "autonomy", "value": "autopilot"})]


@pytest.mark.parametrize("key", ["５", "5"])
async def test_a_full_width_digit_is_the_phase_that_it_stands_on(key: str) -> None:
    async with shown(scenes.plan_at_work(), 3) as (pilot, screen):
        await pilot.press(key)
        assert screen.number == 5


@pytest.mark.parametrize(("key", "view"), [("】", 1), ("【", 2), ("]", 1)])
async def test_the_brackets_of_an_input_method_turn_the_view(key: str, view: int) -> None:
    async with shown(scenes.plan_at_work(), 3) as (pilot, screen):
        await pilot.press(key)
        assert isinstance(screen.pane, Pane)
        assert screen.pane.view == view


@pytest.mark.parametrize("key", ["、", "／", "/"])
async def test_the_searching_key_of_an_input_method_searches(key: str) -> None:
    async with shown(scenes.plan_waits(), 3) as (pilot, screen):
        await pilot.press(key)
        assert screen.prompt is not None


async def test_question_mark_plus_and_letters_count_in_full_width_too(project: Path) -> None:
    async with shown(at(scenes.plan_waits(), project), 3) as (pilot, screen):
        await pilot.press("？")
        await pilot.pause()
        assert isinstance(screen.lab.screen, HelpScreen)
        await pilot.press("Ｇ", "ｊ", "escape")
        await pilot.pause()
        assert screen.lab.screen is screen
        await pilot.press("ａ", "ｎ", "ｙ")  # asks; no answer; yes
        await settle(screen, pilot)
        assert [body["choice"] for _, body in words(project)] == ["approve"]
    lab = Lab(polls=False)
    async with lab.run_test(size=(80, 24)) as pilot:
        lab.home.looked(scenes.home())
        await pilot.press("＋")
        assert lab.home.prompt is not None


async def test_full_width_digits_are_scores_and_no_key_of_a_keyboard_ends_the_form(project: Path) -> None:
    async with shown(at(scenes.refinement_waits(), project), 8) as (pilot, screen):
        await pilot.press("r", "２", "²", "½", "٣")
        assert isinstance(screen.pane, RefinementPane)
        assert list(screen.pane.form.values()) == [2, 3]


async def test_what_is_pasted_is_no_key_and_is_text_where_one_types(project: Path) -> None:
    async with shown(at(scenes.plan_waits(), project), 3) as (pilot, screen):

        async def paste(text: str) -> None:
            screen.lab.post_message(events.Paste(text))
            await pilot.pause()

        await paste("ay")
        await paste("q")
        assert screen.question is None
        await pilot.press("slash")
        await paste("line\n12")
        assert screen.prompt is not None
        assert screen.prompt.text == "line 12"
        assert any("Line 12 of the rest" in row for row in rows_of(screen.lab))
        await pilot.press("escape", "n")
        await pilot.pause()
        await paste("five seeds,\nplease\n")
        assert screen.notebox.display
        assert screen.notebox.area.text == "five seeds,\nplease\n"
        assert not words(project)


async def test_the_wheel_reads_on(project: Path) -> None:
    async with shown(at(scenes.plan_waits(), project), 3) as (pilot, screen):
        assert isinstance(screen.pane, Pane)
        page = screen.pane.page("plan")

        async def turn(kind: Any) -> None:
            await pilot._post_mouse_events([kind], offset=(40, 10), button=0)
            await pilot.pause()

        await turn(events.MouseScrollDown)
        assert page.top == 3
        await turn(events.MouseScrollUp)
        assert page.top == 0


async def test_what_is_copied_goes_through_tmux_where_it_is_in_between_and_else_to_the_terminal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tmux = tmp_path / "tmux"
    tmux.write_text(f'#!/bin/sh\necho "$@" > {tmp_path}/asked\ncat > {tmp_path}/copied\n')
    tmux.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    copied: list[str] = []
    monkeypatch.setattr(Lab, "copy_to_clipboard", lambda lab, text: copied.append(text))
    async with shown(scenes.experiments_at_work(), 5) as (pilot, screen):
        await pilot.press("y")
        assert len(copied) == 1 and "wd_4" in copied[0]
        monkeypatch.setenv("TMUX", "/tmp/tmux-0/default,1,0")
        await pilot.press("y")
        await settle(screen, pilot)
    assert len(copied) == 1
    assert (tmp_path / "asked").read_text() == "load-buffer -w -\n"
    assert (tmp_path / "copied").read_text() == copied[0]


async def test_u_starts_an_engine_where_none_works_and_asks_nothing(
    project: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    started: list[Path] = []
    monkeypatch.setattr(Lab, "start_engine", lambda lab, folder: started.append(folder))
    async with shown(at(scenes.engine_gone(), project), 5) as (pilot, screen):
        await pilot.press("u")
        assert screen.question is None
    assert started == [project]


@pytest.mark.parametrize(
    ("key", "number", "said"),
    [
        ("r", 3, "a form is filled in at refinement, once there are reviews"),
        ("/", 0, "no text to search here"),
        ("f", 0, "nothing waits here"),
        ("p", 3, "the run is not at work"),
        ("s", 3, "the run is not at work"),
    ],
)
async def test_a_key_that_can_do_nothing_here_says_so(key: str, number: int, said: str) -> None:
    look = scenes.plan_at_work()
    if key in "ps":
        look = replace(look, run=scenes.run("done"))
    async with shown(look, number) as (pilot, screen):
        await pilot.press(key)
        await pilot.pause()
        assert rows_of(screen.lab)[-1].strip() == said
