"""Text for a model: prompts with named fields, filled with escaped tags.

Everything that changes stands in a tag (`<verdict program="wd_2">better</verdict>`), and what stands in a tag can never
end it, whoever wrote it. A `Shown` is text that is already made of such tags; any other string is escaped, and no more
of it than must be: a program or a table is read, and copied, as it was written. The tags and their meaning are listed
in `prompts/README.md`; the rehearsal reads nothing else. Called by phases and seats.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import cache
from importlib import resources

from state.products.base import Product

FIELD = re.compile(r"\{\{([a-z_]+)\}\}")
NAME = re.compile(r"[a-z][a-z0-9_]*")
_OPENS = re.compile(r"<(?=[A-Za-z/!?])")
_SIGN = re.compile(r"&(?=(?:lt|gt|amp|quot|#10);)")


HOW = "everywhere/how"
"""The prompt that says how every seat answers."""
HOW_BEFORE = "Answer by calling a tool, one in each reply; what it brings stands in the next turn."
"""The same for visits of edition 0, which pinned none."""

STAYS = "<!-- stays -->"
"""In a prompt: what stands above is the same in every conversation of that seat in a visit, so it is cached for all.

It is cut out before a model sees the text; nothing from outside can bring one in, because its `<` would be escaped.
"""


class Shown(str):
    """Text for a model in which everything from outside is escaped. `+` and `join` of Shown are Shown again."""

    __slots__ = ()

    def __add__(self, other: str) -> Shown:
        return Shown(str(self) + as_shown(other))


Value = str | int | float | bool | None | Product | Iterable["Value"]
"""What a field may hold: products show themselves, lists become items, None and empty ones disappear."""


def escape(text: str) -> str:
    """A `<` that could open or end a tag as `&lt;`, and the `&` of what reads like such a sign; all else as it is.

    `h > 0`, `a < b` and `x & y` stand as written: a model that edits a line copies what it sees.
    """
    return _OPENS.sub("&lt;", _SIGN.sub("&amp;", text))


def unescape(text: str) -> str:
    return (
        text.replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&quot;", '"')
        .replace("&#10;", "\n")
        .replace("&amp;", "&")
    )


def as_shown(value: Value) -> Shown:
    """Any value as a model may see it, without a tag of its own."""
    if isinstance(value, Shown):
        return value
    if value is None or value is False:
        return Shown("")
    if value is True:
        return Shown("yes")
    if isinstance(value, Product):
        return Shown(escape(value.shown))
    if isinstance(value, str):
        return Shown(escape(value))
    if isinstance(value, int | float):
        return Shown(f"{value:g}" if isinstance(value, float) else value)
    return lines(*(item if isinstance(item, Shown) else tag("item", item) for item in value))


def tag(name: str, value: Value = None, /, **attributes: str | int | float) -> Shown:
    """`<name key="…">value</name>`; several lines stand on lines of their own; without a value `<name/>`."""
    if not NAME.fullmatch(name):
        raise ValueError(f"not a tag's name: {name!r}")
    told = "".join(f' {key}="{_attribute(str(fact))}"' for key, fact in attributes.items())
    inner = as_shown(value)
    if not inner:
        return Shown(f"<{name}{told}/>")
    if "\n" in inner:
        return Shown(f"<{name}{told}>\n{inner}\n</{name}>")
    return Shown(f"<{name}{told}>{inner}</{name}>")


def _attribute(text: str) -> str:
    for sign, name in (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;"), ('"', "&quot;"), ("\n", "&#10;")):
        text = text.replace(sign, name)
    return text


def lines(*shown: Shown | str) -> Shown:
    """Pieces below each other; empty ones are left out."""
    return Shown("\n".join(str(as_shown(piece)) for piece in shown if piece))


def fields_of(template: str) -> list[str]:
    """The names of a prompt's fields, in order."""
    return list(dict.fromkeys(FIELD.findall(template)))


def fill(template: str, **fields: Value) -> Shown:
    """A prompt with `<name>…</name>` in place of each `{{name}}`.

    None, "" and () leave nothing behind; True leaves `<name/>`; a Shown that is a tag of that name stands as it is. The
    fields given must be the prompt's, all of them.
    """
    wanted = set(fields_of(template))
    if wanted != set(fields):
        raise ValueError(f"fields {sorted(fields)} for a prompt with {sorted(wanted)}")
    empty = {name for name, value in fields.items() if not as_shown(value)}
    kept = FIELD.sub(lambda found: "" if found[1] in empty else found[0], template)
    tidy = re.sub(r"\n{3,}", "\n\n", kept).strip() + "\n"
    return Shown(FIELD.sub(lambda found: _placed(found[1], fields[found[1]]), tidy))


def _placed(name: str, value: Value) -> str:
    if isinstance(value, Shown) and re.match(rf"<{name}[ />]", value):
        return value
    return tag(name) if value is True else tag(name, value)


def opening(
    role_text: str, template: str, *, how: str = HOW_BEFORE, facts: Mapping[str, Value], **fields: Value
) -> Shown:
    """What a seat's conversation begins with: who one is, the facts that hold everywhere, the task with its fields."""
    told = lines(*(tag(name, value) for name, value in facts.items() if as_shown(value)))
    return Shown(f"{role_text.strip()}\n\n{told}\n\n{how.strip()}\n\n{fill(template, **fields)}")


def parted(text: Shown) -> tuple[Shown, int]:
    """An opening without its mark, and how many characters of it other conversations share."""
    above, mark, below = text.partition(STAYS)
    if not mark:
        return text, 0
    kept = above.rstrip("\n")
    return Shown(f"{kept}\n\n{below.lstrip(chr(10))}"), len(kept)


@cache
def shipped() -> dict[str, str]:
    """All prompts of this Nightlab by their path below prompts/, without `.md`: what a frame pins."""
    found: dict[str, str] = {}
    root = resources.files("engine") / "prompts"
    for folder in sorted(root.iterdir(), key=lambda entry: entry.name):
        if folder.is_dir():
            for file in sorted(folder.iterdir(), key=lambda entry: entry.name):
                if file.name.endswith(".md"):
                    found[f"{folder.name}/{file.name[:-3]}"] = file.read_text("utf-8")
    return found
