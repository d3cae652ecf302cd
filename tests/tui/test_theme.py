"""The colours on a terminal that has few of them: none turns into another hue, and every word can still be read."""

from __future__ import annotations

from dataclasses import fields

import pytest
from rich.color import Color, ColorSystem

from tests.tui import scenes
from tests.tui.screens import rows_of, shown
from tui.theme import COLOURS, THEMES, Palette, textual_theme

GREYS = ("ground", "side", "pick", "line", "text", "dim")
WORDS = ("text", "dim", "you", "live", "good", "lost")


def bright(colour: Color) -> float:
    parts = (part / 255 for part in colour.get_truecolor())
    red, green, blue = (p / 12.92 if p <= 0.03928 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: Color, two: Color) -> float:
    low, high = sorted((bright(one), bright(two)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("name", ["dark", "light"])
def test_256_colours_keep_the_greys_grey_and_the_words_readable(name: str) -> None:
    colours = Palette(name, "256").colours
    given = {
        field.name: Color.parse(getattr(colours, field.name)).downgrade(ColorSystem.EIGHT_BIT)
        for field in fields(colours)
    }
    for role in GREYS:
        red, green, blue = given[role].get_truecolor()
        assert red == green == blue, f"{role} is a hue"
    for role in WORDS:
        for ground in ("ground", "side", "pick"):
            assert contrast(given[role], given[ground]) >= 4.5, f"{role} on {ground}"
    assert contrast(given["pick"], given["ground"]) >= 1.15, "the row under the cursor is seen"


@pytest.mark.parametrize("name", list(THEMES))
def test_16_colours_are_the_terminals_own(name: str) -> None:
    """Of the themes' colours several fall on the same of the sixteen, and red words on the ground of the cursor."""
    palette = Palette(name, "standard")
    assert palette.colours == THEMES["ansi"]
    assert palette.name == name, "what was chosen is kept for a better terminal"
    for role in ("lost", "you", "text"):
        style = palette.style(role, "pick")
        assert style.reverse
        assert style.color is not None
        assert style.color.is_default, "a reversed colour is a block in the middle of the row"


async def test_the_screen_wears_what_the_terminal_can_show(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "screen-256color")
    for variable in ("COLORTERM", "NO_COLOR"):
        monkeypatch.delenv(variable, raising=False)
    async with shown(scenes.plan_at_work(), 3) as (_, screen):
        screen.lab.console._color_system = ColorSystem.EIGHT_BIT
        screen.lab.wear("light")
        assert screen.lab.theme == "nightlab-light-256"
        screen.lab.console._color_system = ColorSystem.STANDARD
        screen.lab.wear("light")
        assert screen.lab.theme == "nightlab-ansi"
        assert "grokking/1" in rows_of(screen.lab)[0]


def test_every_theme_is_one_that_textual_takes() -> None:
    assert {textual_theme(name).name for name in COLOURS} == {f"nightlab-{name}" for name in COLOURS}
