"""The one registry of actions: id, keys, where it works, and whether it asks first.

Bindings, key line, help and palette are made from it, so none can drift from the others. Labels are message ids
(`action.<id>`). With an input method on, full-width characters count as the keys that they stand on.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from functools import cache

from textual.binding import Binding, BindingType


@dataclass(frozen=True)
class Action:
    """`where`: home, run, thing or list; `group` orders the help; `asks`: a question comes first."""

    id: str
    keys: tuple[str, ...]
    where: frozenset[str]
    group: str
    asks: bool = False

    @property
    def label(self) -> str:
        return f"action.{self.id}"


HOME, RUN, THING, LIST = (frozenset({name}) for name in ("home", "run", "thing", "list"))
ALL = HOME | RUN | THING

REGISTRY: tuple[Action, ...] = (
    Action("pane_0", ("0",), RUN | THING, "places"),
    *(Action(f"pane_{number}", (str(number),), RUN | THING, "places") for number in range(1, 9)),
    Action("waits", ("w",), RUN | THING, "places"),
    Action("open", ("enter",), HOME | RUN | LIST, "places"),
    Action("back_out", ("escape",), ALL | LIST, "places"),
    Action("view_before", ("[",), RUN, "places"),
    Action("view_next", ("]",), RUN, "places"),
    Action("part", ("tab",), RUN, "places"),
    Action("part_before", ("shift+tab",), RUN, "places"),
    Action("note", ("n",), HOME | RUN, "words"),
    Action("approve", ("a",), RUN, "words", asks=True),
    Action("edit", ("e",), RUN, "words"),
    Action("back", ("b",), RUN, "words"),
    Action("fork", ("f",), RUN, "words", asks=True),
    Action("checkpoint", ("c",), RUN, "words", asks=True),
    Action("pause", ("p",), RUN, "words"),
    Action("restart", ("u",), RUN, "words", asks=True),
    Action("limit", ("m",), RUN, "words", asks=True),
    Action("stop", ("s",), RUN, "words", asks=True),
    Action("form", ("r",), RUN, "words"),
    Action("new", ("+",), HOME, "words"),
    Action("demo", ("d",), HOME, "words"),
    Action("autopilot", (), RUN, "words"),
    Action("up", ("up", "k"), ALL | LIST, "moving"),
    Action("down", ("down", "j"), ALL | LIST, "moving"),
    Action("page_up", ("pageup",), ALL | LIST, "moving"),
    Action("page_down", ("pagedown", "space"), ALL | LIST, "moving"),
    Action("top", ("g", "home"), ALL | LIST, "moving"),
    Action("end", ("G", "end"), ALL | LIST, "moving"),
    Action("left", ("left", "h"), RUN, "moving"),
    Action("right", ("right", "l"), RUN, "moving"),
    Action("search", ("/",), ALL | LIST, "moving"),
    Action("copy", ("y",), RUN | THING, "moving"),
    Action("fold", ("z",), RUN, "lab"),
    Action("options", ("o",), ALL, "lab"),
    Action("language", ("f2",), ALL | LIST, "lab"),
    Action("help", ("?", "f1"), ALL, "lab"),
    Action("palette", ("ctrl+p",), ALL, "lab"),
    Action("leave", ("q",), ALL | LIST, "lab", asks=True),
    Action("how_to_leave", ("ctrl+c",), ALL | LIST, "lab"),
)
GROUPS = ("places", "words", "moving", "lab")

NAMES = {
    "[": "left_square_bracket", "]": "right_square_bracket", "/": "slash", "?": "question_mark", "+": "plus",
}  # fmt: skip
SHOWN = {
    "enter": "Enter", "escape": "Esc", "tab": "Tab", "shift+tab": "Shift+Tab", "up": "↑", "down": "↓",
    "left": "←", "right": "→",
    "pageup": "PgUp", "pagedown": "PgDn", "home": "Home", "end": "End", "space": "Space", "ctrl+p": "Ctrl+P",
    "ctrl+c": "Ctrl+C", "f1": "F1", "f2": "F2",
}  # fmt: skip
FULL_WIDTH = {"[": "【", "]": "】", "/": "、", "?": "？", "+": "＋"}


def action(ident: str) -> Action:
    return next(found for found in REGISTRY if found.id == ident)


def shown_keys(found: Action) -> str:
    """Its keys as they are printed: `↑ k`."""
    return " ".join(SHOWN.get(key, key) for key in found.keys)


def key_names(key: str) -> list[str]:
    """What Textual calls a key, and the full-width characters that count as it."""
    if len(key) > 1:
        return [key]
    names = [NAMES.get(key, key)]
    wide = [FULL_WIDTH[key]] if key in FULL_WIDTH else [chr(ord(key) + 0xFEE0)]
    if key == "/":
        wide.append("／")
    for char in wide:
        names.append(char if char.isalnum() else _name(char))
    return names


def bindings(where: str) -> list[BindingType]:
    """The bindings of one of the screens."""
    return [
        Binding(name, f"act('{found.id}')", found.label, show=False, id=f"{found.id}.{name}")
        for found in REGISTRY
        if where in found.where
        for key in found.keys
        for name in key_names(key)
    ]


@cache
def of_keys(where: str) -> dict[str, str]:
    """The action's id of every key of one of the screens, by Textual's name of the key."""
    there = [found for found in REGISTRY if where in found.where]
    return {name: found.id for found in there for key in found.keys for name in key_names(key)}


def _name(char: str) -> str:
    return unicodedata.name(char).lower().replace("-", "_").replace(" ", "_")
