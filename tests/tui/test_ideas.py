"""The ideas: a table, and below it the one under the cursor, which is read to its end also where the rows are few."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from state.products.ideas import Idea, Ideas
from tests.tui import scenes
from tests.tui.screens import rows_of, shown
from tui.look import Look, Made


def ideas_wait() -> Look:
    def idea(name: str, **more: Any) -> Idea:
        return Idea(
            name=name,
            title=f"What of {name}?",
            hypothesis="It does what is said of it, and somewhat more than that. " * 4,
            experiment="A small network is trained again and again. " * 6,
            why=f"Nobody asked. {'It is new as far as the papers go. ' * 5}The end of {name}.",
            interestingness=7,
            feasibility=8,
            novelty=5,
            verdict="novel",
            papers=("power2022",),
            **more,
        )

    product = Ideas.ranked([idea("decay_clock"), idea("table_share")])
    wait = scenes.wait("checkpoint", "ideation", "14:31")
    made = Made(scenes.product("ideas", 1, 3, {}), product.files(), product)
    return replace(
        scenes.plan_at_work(),
        run=scenes.run("waiting"),
        phases=scenes.phases(scenes.phase(1, "waits_person", "14:31")),
        waits=(replace(wait, choices=(*wait.choices, "pick")),),
        made={"ideation": (made,)},
    )


async def test_an_idea_that_is_longer_than_its_room_says_so_and_is_read_to_its_end() -> None:
    async with shown(ideas_wait(), 1) as (pilot, screen):
        screen.repaint()
        rows = rows_of(screen.lab)
        assert "lines 1–" in rows[2], "how much of it is seen"
        assert "Space text" in rows[-1]
        assert not any("The end of decay_clock." in row for row in rows)
        await pilot.press("space", "space", "space")
        await pilot.pause()
        rows = rows_of(screen.lab)
        assert any("The end of decay_clock." in row for row in rows)
        assert any(row.startswith("▸◆ decay_clock") for row in rows), "the cursor stays where it was"
        await pilot.press("down")
        await pilot.pause()
        rows = rows_of(screen.lab)
        assert any("What of table_share?" in row for row in rows), "another idea is read from its beginning"


async def test_an_idea_that_fits_is_not_said_to_go_on() -> None:
    async with shown(ideas_wait(), 1, (120, 50)) as (_, screen):
        screen.repaint()
        rows = rows_of(screen.lab)
    assert any("The end of decay_clock." in row for row in rows)
    assert not any("lines 1–" in row or "Space text" in row for row in rows)
