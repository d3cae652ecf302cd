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


def read_po(text: str) -> dict[str, list[str]]:
    """Message id → its forms (one, or one a plural). Ids of plural messages hold both, as .mo files want them."""
    messages: dict[str, list[str]] = {}
    found: dict[str, str] = {}
    part = ""

    def keep() -> None:
        if "msgid" in found:
            ident = found["msgid"] + (f"\0{found['msgid_plural']}" if "msgid_plural" in found else "")
            messages[ident] = [value for name, value in sorted(found.items()) if name.startswith("msgstr")]
        found.clear()

    for row in text.splitlines():
        row = row.strip()
        if row.startswith("msgid "):
            keep()
        if row.startswith("msg"):
            part, _, quoted = row.partition(" ")
            found[part] = _unquoted(quoted)
        elif row.startswith('"'):
            found[part] += _unquoted(row)
    keep()
    return messages


def _unquoted(text: str) -> str:
    """A quoted string's text. Few have escapes, and a checkout reads all of them before its first frame."""
    return text[1:-1] if text[-1:] == '"' and "\\" not in text else str(ast.literal_eval(text))


def compiled(messages: dict[str, list[str]]) -> bytes:
    """The bytes of a .mo file."""
    pairs = [(key.encode(), "\0".join(forms).encode()) for key, forms in sorted(messages.items()) if any(forms)]
    pairs.sort()
    head, table = 28, 8 * len(pairs)
    keys, texts, blob = b"", b"", b""
    start = head + 2 * table
    for offsets, column in ((0, 0), (1, 1)):
        packed = b""
        for pair in pairs:
            packed += struct.pack("<II", len(pair[column]), start + len(blob))
            blob += pair[column] + b"\0"
        if offsets == 0:
            keys = packed
        else:
            texts = packed
    return struct.pack("<7I", 0x950412DE, 0, len(pairs), head, head + table, 0, 0) + keys + texts + blob
