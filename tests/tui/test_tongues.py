"""Chinese as Chinese is written: its own colon and its own comma between names; and what F2 changes at once."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import pytest

from state.vocabulary import Language
from tests.tui import scenes
from tests.tui.screens import rows_of, shown
from tests.tui.test_ideas import ideas_wait
from tui import language, things
from tui.panes import experiment
from tui.panes.ideation import IdeationPane
from tui.panes.refinement import RefinementPane
from tui.screens.thing import ThingScreen
from tui.widgets.notice import on_without
from tui.widgets.rows import Place
from tui.words import shown as worded


def slots(tongue: Language) -> str:
    language.use(tongue)
    look = scenes.experiments_at_work()
    running = [row for row in look.experiments if row.state == "running"]
    assert len(running) == 2
    told = [experiment.slots_line(look, rows, 79).plain.strip() for rows in (running, running[:1])]
    return "\n".join(told)


def test_experiments_at_work_are_named_with_the_marks_of_the_language() -> None:
    assert "e23, e24: wd_4 seeds 3, 4" in slots(Language.EN) and "e23: wd_4, seed 3" in slots(Language.EN)
    assert "e23、e24：wd_4，种子 3、4" in slots(Language.ZH) and "e23：wd_4，种子 3" in slots(Language.ZH)


@pytest.mark.parametrize(("tongue", "said"), [(Language.EN, "a, b"), (Language.ZH, "a、b")])
def test_names_in_a_row_stand_apart_as_the_language_has_them(tongue: Language, said: str) -> None:
    language.use(tongue)
    assert worded("names", ["a", "b"]) == said


@pytest.mark.parametrize(("count", "said"), [(1, "e23 goes on to its end."), (2, "e23, e24 go on to their end.")])
def test_one_experiment_goes_on_and_two_go_on(count: int, said: str) -> None:
    look = scenes.experiments_at_work()
    running = [row for row in look.experiments if row.state == "running"][:count]
    assert on_without(replace(look, experiments=tuple(running)), "budget").endswith(said)


def test_a_verdict_stands_behind_the_colon_of_the_language() -> None:
    language.use(Language.ZH)
    look = scenes.refinement_waits(chinese=True)
    made = look.newest("report_refinement")
    assert made is not None
    product = SimpleNamespace(**{**vars(made.product), "recommends": "accept"})
    look = replace(look, made={**look.made, "report_refinement": (replace(made, product=product),)})
    rows = [row.plain for row in RefinementPane().body_meta(look, 79, 20)]
    assert any(row.strip() == "综合意见：接收" for row in rows), rows


async def test_a_thing_speaks_the_other_language_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(things, "_code", lambda *_: "LINE = 1")
    look = scenes.experiments_at_work()
    async with shown(look, 5) as (pilot, screen):
        await screen.lab.push_screen(ThingScreen(look.folder, look, Place("program", look.programs[0].name)))
        await pilot.pause()
        await screen.lab.workers.wait_for_complete()
        await pilot.pause()
        assert any("seed 1" in row for row in rows_of(screen.lab))
        await pilot.press("f2")
        await pilot.pause()
        assert any("种子 1" in row for row in rows_of(screen.lab))


def test_where_the_table_is_narrow_the_novelty_check_stands_behind_the_colon_of_the_language() -> None:
    language.use(Language.ZH)
    look = ideas_wait()
    rows = [row.plain.strip() for row in IdeationPane().body_ideas(look, 50, 20)]
    assert any(row.startswith("查新：") for row in rows), rows
