"""The top line at 80 columns: what waits for the person has the room first; money and hours give way, then words do."""

# ruff: noqa: E501 (lines of the screen stand whole)

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from state.rows import WaitRow
from state.vocabulary import Language
from tests.tui import scenes
from tui import language
from tui.look import Look
from tui.widgets.topline import top_line


@pytest.fixture(autouse=True)
def english() -> Iterator[None]:
    yield
    language.use(Language.EN)


def rehearsed(project: str, wait: WaitRow | None = None, elsewhere: int = 0) -> Look:
    look = replace(scenes.plan_waits(), project=project, rehearsal=True, spent_micros=0, elsewhere=elsewhere)
    return replace(look, waits=(wait,) if wait is not None else look.waits)


def shown(look: Look, cells: int = 80) -> str:
    told = top_line(look, cells).plain
    assert len(told) == cells or language.current() is Language.ZH
    return told.rstrip()


WHOLE, SPENT, BARE = "$0.00/10.00   0.0/24 GPU h", "$0.00   0.0 GPU h", "$0.00"


@pytest.mark.parametrize(
    ("project", "phase", "elsewhere", "said", "cost"),
    [
        ("x", "plan_formulation", 0, "x/1  rehearsal  ◆ plan waits for you since 14:31", WHOLE),
        ("demo", "ideation", 0, "demo/1  rehearsal  ◆ ideas wait for you since 14:31", SPENT),
        ("demo", "literature_review", 0, "demo/1  rehearsal  ◆ review waits for you since 14:31", SPENT),
        ("nightlab-demo", "literature_review", 0, "nightlab-demo/1  rehearsal  ◆ review waits for you since 14:31", BARE),
        ("nightlab-demo", "literature_review", 1, "nightlab-demo/1  rehearsal  ◆ waits: literature, 14:31  ◆ 1 elsewhere", BARE),
        ("of-thirty-letters-and-a-few-more", "literature_review", 0, "of-thirty-letters-and-a-few-more/1  rehearsal  ◆ waits: literature", BARE),
        ("of-thirty-letters-and-a-few-more-still", "literature_review", 0, "of-thirty-letters-and-a-few-more-still/1  rehearsal  ◆ literature", BARE),
    ],
)  # fmt: skip
def test_a_rehearsal_says_what_waits_for_the_person_as_long_as_there_is_room(
    project: str, phase: str, elsewhere: int, said: str, cost: str
) -> None:
    line = shown(rehearsed(project, scenes.wait("checkpoint", phase, "14:31"), elsewhere))
    assert line.endswith(f"  {cost}")
    assert line.removesuffix(cost).strip() == said


def test_where_nobody_is_waited_for_money_and_hours_stay_whole() -> None:
    look = replace(scenes.network_lost(), project="a-longer-project-name", rehearsal=True)
    assert shown(look).endswith("$0.77/10.00   1.9/24 GPU h")
    work = replace(scenes.plan_at_work(), project="nightlab-demo", rehearsal=True)
    assert shown(work).endswith("$0.84/10.00   0.0/24 GPU h")
    wide = rehearsed("nightlab-demo")
    assert "◆ plan waits for you since 14:31" in shown(wide, 120) and shown(wide, 120).endswith(f"  {WHOLE}")


def test_a_decision_that_waits_to_be_taken_up_leaves_room_for_what_waits_elsewhere() -> None:
    look = rehearsed("demo")
    look = replace(look, decided={wait.id: "approve" for wait in look.waits})
    assert shown(look).startswith(" demo/1  rehearsal  ◇ decided, to be taken up  ")
    look = replace(look, project="nightlab-demo", elsewhere=1)
    assert shown(look).startswith(" nightlab-demo/1  rehearsal  ◇ decided  ◆ 1 elsewhere ")


def test_chinese_has_the_room_too() -> None:
    language.use(Language.ZH)
    wait = scenes.wait("checkpoint", "literature_review", "14:31")
    assert "  预演  ◆ 综述待您审阅，14:31 起" in shown(rehearsed("nightlab-demo", wait))
    assert "◆ 综述待您审阅，14:31 起" in shown(rehearsed("a-longer-project-name", wait))
