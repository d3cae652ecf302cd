"""The words of the interface in the person's language, switched while it runs.

Message ids say what a text is for (`checkpoint.nothing_goes_on`), never what it says. `tr` fills in named facts; a
fact called `n` chooses the plural. Catalogs are `.po` files: the wheel brings them compiled, a checkout compiles
them in memory. Whoever shows text asks `tr` when it draws, and hears of a switch through `on_switch`.
"""

from __future__ import annotations

import ast
import gettext
import io
import os
import re
import struct
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

from state.vocabulary import Language

LOCALE = Path(__file__).parent / "locale"
DOMAIN = "nightlab"

_current = Language.EN
on_switch: list[Callable[[], None]] = []


def current() -> Language:
    return _current


def use(language: Language) -> None:
    """Speak `language` from now on; everyone in `on_switch` is told if it is another one."""
    global _current
    if language == _current:
        return
    _current = language
    for told in list(on_switch):
        told()


def of_environment(environ: dict[str, str] | None = None) -> Language:
    """The language that LC_ALL, LC_MESSAGES or LANG asks for."""
    known = os.environ if environ is None else environ
    for name in ("LC_ALL", "LC_MESSAGES", "LANG"):
        if known.get(name):
            return Language.ZH if known[name].lower().startswith("zh") else Language.EN
    return Language.EN


class _Facts(dict[str, Any]):
    def __missing__(self, name: str) -> str:
        return "—"


def tr(key: str, /, **facts: Any) -> str:
    """The text of `key` in the current language with `facts` filled in; a fact that is missing shows as `—`."""
    return told(_current, key, **facts)


def told(language: Language, key: str, /, **facts: Any) -> str:
    """As `tr`, in a named language."""
    catalog = _catalog(language)
    n = facts.get("n")
    text = catalog.ngettext(key, key, n) if isinstance(n, int) else catalog.gettext(key)
    return text.format_map(_Facts(facts)) if "{" in text else text


def has(key: str) -> bool:
    """Whether the catalogs know `key`."""
    return tr_raw(key) != key


def tr_raw(key: str) -> str:
    catalog = _catalog(_current)
    text = catalog.gettext(key)
    return catalog.ngettext(key, key, 1) if text == key else text


@cache
def _catalog(language: Language) -> gettext.GNUTranslations:
    folder = LOCALE / language.value / "LC_MESSAGES"
    source, built = folder / f"{DOMAIN}.po", folder / f"{DOMAIN}.mo"
    if built.exists() and (not source.exists() or built.stat().st_mtime >= source.stat().st_mtime):
        with built.open("rb") as file:
            return gettext.GNUTranslations(file)
    return gettext.GNUTranslations(io.BytesIO(compiled(read_po(source.read_text("utf-8")))))


PO_LINE = re.compile(r'^[ \t]*(msg\S+[ \t]+)?"(.*)"[ \t]*$', re.MULTILINE)
"""A line with a text: of a name (`msgid`, `msgid_plural`, `msgstr[0]`), or going on with the one before."""


def read_po(text: str) -> dict[str, list[str]]:
    """Message id → its forms (one, or one a plural). Ids of plural messages hold both, as .mo files want them."""
    messages: dict[str, list[str]] = {}
    ident, of_ident = "", False
    for name, quoted in PO_LINE.findall(text):
        if "\\" in quoted:  # few have escapes, and a checkout reads all before its first frame
            quoted = str(ast.literal_eval(f'"{quoted}"'))
        if name.startswith("msgstr"):
            messages.setdefault(ident, []).append(quoted)
            of_ident = False
        elif name:
            ident = f"{ident}\0{quoted}" if name.startswith("msgid_plural") else quoted
            of_ident = True
        elif of_ident:
            ident += quoted
        else:
            messages[ident][-1] += quoted
    return messages


def compiled(messages: dict[str, list[str]]) -> bytes:
    """The bytes of a .mo file."""
    pairs = sorted((key.encode(), "\0".join(forms).encode()) for key, forms in messages.items() if any(forms))
    head, table = 28, 8 * len(pairs)
    at = head + 2 * table
    numbers, texts = [], []
    for column in (0, 1):
        for pair in pairs:
            text = pair[column]
            numbers += [len(text), at]
            texts.append(text)
            at += len(text) + 1
    offsets = struct.pack(f"<{len(numbers)}I", *numbers)
    return struct.pack("<7I", 0x950412DE, 0, len(pairs), head, head + table, 0, 0) + offsets + b"\0".join([*texts, b""])
