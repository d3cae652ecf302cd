"""The eleven colour roles, in the dark, the light and the terminal's own theme, and what poor terminals get of them.

No other colour exists. A role is turned into a style here and nowhere else; whoever draws names the role only.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, fields, replace

from rich.style import Style
from textual.theme import BUILTIN_THEMES, Theme


@dataclass(frozen=True)
class Colours:
    ground: str
    side: str
    pick: str
    line: str
    text: str
    dim: str
    you: str
    live: str
    good: str
    lost: str
    on_you: str


DARK = Colours(
    ground="#14171A",
    side="#1B1F24",
    pick="#2B323B",
    line="#434C57",
    text="#DADEE3",
    dim="#9BA4AF",
    you="#F2B84B",
    live="#6CC5D9",
    good="#8CC98A",
    lost="#FF8078",
    on_you="#14171A",
)
LIGHT = Colours(
    ground="#FBFAF7",
    side="#F1EFEA",
    pick="#E2DFD6",
    line="#BDB8AD",
    text="#23272B",
    dim="#565D65",
    you="#8A4F00",
    live="#0A6375",
    good="#2B652B",
    lost="#AD1F18",
    on_you="#FFFFFF",
)
ANSI = Colours(
    ground="default",
    side="default",
    pick="default",
    line="default",
    text="default",
    dim="default",
    you="yellow",
    live="cyan",
    good="green",
    lost="red",
    on_you="default",
)
THEMES = {"dark": DARK, "light": LIGHT, "ansi": ANSI}
DARK_256 = replace(DARK, ground="#121212", side="#1C1C1C", pick="#303030")
LIGHT_256 = replace(LIGHT, ground="#FFFFFF", side="#F5F5F5", pick="#EAEAEA", you="#875F00")
COLOURS = THEMES | {"dark-256": DARK_256, "light-256": LIGHT_256}
"""Of 256 colours the nearest to a grey with a tinge may be a hue: the cursor's row was teal, the side cream."""

ASCII = str.maketrans(
    {
        "✓": "v", "●": "*", "◆": "?", "◇": "w", "·": ".", "✗": "x", "■": "#", "~": "~", "▸": ">", "±": "+",
        "—": "-", "–": "-", "│": "|", "▌": "|", "−": "-", "…": "~", "‹": "<", "›": ">", "≥": ">", "≤": "<",
        "“": '"', "”": '"', "×": "x", "→": ">", "←": "<", "↑": "^", "↓": "v",
    }
    | {chr(code): "." for code in range(0x2801, 0x2900)}
    | {"\u2800": " "}
)  # fmt: skip


def worn(name: str, system: str | None) -> str:
    """Which colours a theme has on a terminal of a colour system; sixteen colours are the terminal's own."""
    if system in ("standard", "windows"):
        return "ansi"
    return f"{name}-256" if system == "256" and f"{name}-256" in COLOURS else name


def textual_theme(name: str) -> Theme:
    """The theme as Textual wants it; `$ground` … `$on-you` are its variables in nightlab.tcss."""
    colours = COLOURS[name]
    ansi = name == "ansi"

    def css(colour: str) -> str:
        return f"ansi_{colour}" if ansi else colour

    variables = {field.name.replace("_", "-"): css(getattr(colours, field.name)) for field in fields(colours)}
    if ansi:
        variables |= BUILTIN_THEMES["ansi-dark"].variables
    return Theme(
        name=f"nightlab-{name}",
        primary=css(colours.you),
        foreground=css(colours.text),
        background=css(colours.ground),
        surface=css(colours.ground),
        panel=css(colours.side),
        accent=css(colours.you),
        error=css(colours.lost),
        success=css(colours.good),
        dark=not name.startswith("light"),
        ansi=ansi,
        variables=variables,
    )


class Palette:
    """Styles of one theme, made once each. `name` is the theme that was chosen, `worn` what the terminal has of it."""

    def __init__(self, name: str, system: str | None = "truecolor") -> None:
        self.name, self.worn = name, worn(name, system)
        self.colours = COLOURS[self.worn]
        self._styles: dict[tuple[str, str, bool, bool, bool], Style] = {}

    def style(self, role: str, ground: str, bold: bool = False, under: bool = False, italic: bool = False) -> Style:
        """The style of `role` on `ground` (ground, side or pick)."""
        key = (role, ground, bold, under, italic)
        if key not in self._styles:
            reverse = self.worn == "ansi" and ground == "pick"
            self._styles[key] = Style(
                color="default" if reverse else getattr(self.colours, role),  # reversed, a word would be a block
                bgcolor=getattr(self.colours, ground),
                bold=bold or None,
                underline=under or None,
                italic=italic or None,
                reverse=reverse or None,
            )
        return self._styles[key]


def poor_terminal() -> bool:
    """A terminal that is known to lack our symbols."""
    return os.environ.get("TERM") in {"linux", "vt100", "vt220"}
