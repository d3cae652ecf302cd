"""Text in terminal cells: how wide it is, cut to fit, wrapped as a reader of English or Chinese expects.

A Chinese character takes two cells; none is ever cut in half. No Latin word is broken that fits a line, no line begins
with `，。」` or ends with `「（`, and an operator stays with its number. Control characters a stranger wrote become
visible and harmless. Called by everything that is drawn; knows no colours and no widgets.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

from rich.cells import cell_len

CLOSERS = frozenset("，。、；：？！）」』】》〉”’…％‰℃·,.;:?!)]}%")
OPENERS = frozenset("（「『【《〈“‘([{")
OPERATORS = frozenset({"≥", "≤", "=", "<", ">", "±", "×", "≈", "−", "+", "–", "→"})
LONGEST = 4000
"""Characters of a line of code; what is behind them is not shown."""


def width(text: str) -> int:
    """Cells that `text` takes on screen."""
    return cell_len(text)


def clean(text: str) -> str:
    """The same text without anything that a terminal would obey: tabs become spaces, control characters `�`."""
    if text.isascii() and text.isprintable():
        return text
    shown = []
    for char in text.replace("\r\n", "\n").expandtabs(4):
        kind = unicodedata.category(char)
        if char == "\n":
            shown.append(char)
        elif kind == "Cc" or kind == "Cs" or char in "\u2028\u2029":
            shown.append("�")
        elif kind == "Cf" and char != "\u200d":
            continue
        else:
            shown.append(char)
    return "".join(shown)


@lru_cache(maxsize=4096)
def letters(text: str) -> tuple[str, ...]:
    """What a reader sees as single characters: a base with what combines with it, an emoji with its joiners."""
    found: list[str] = []
    joined = False
    for char in text:
        extends = char == "\u200d" or unicodedata.combining(char) or "\ufe00" <= char <= "\ufe0f"
        extends = extends or "\U0001f3fb" <= char <= "\U0001f3ff"
        if found and (joined or extends or (cell_len(char) == 0)):
            found[-1] += char
        else:
            found.append(char)
        joined = char == "\u200d"
    return tuple(found)


def clip(text: str, cells: int, mark: str = "…") -> str:
    """`text` in at most `cells` cells; `mark` ends it where something was cut."""
    if width(text) <= cells:
        return text
    if cells <= 0:
        return ""
    bare = text.rstrip(" ")
    if width(bare) <= cells:
        return bare + " " * (cells - width(bare))
    room = cells - width(mark)
    if room <= 0:
        mark, room = "", cells
    kept = ""
    for letter in letters(text):
        if width(kept + letter) > room:
            break
        kept += letter
    return kept + mark


def fit(text: str, cells: int, *, right: bool = False) -> str:
    """`text` in exactly `cells` cells, clipped or padded."""
    text = clip(text, cells)
    gap = " " * (cells - width(text))
    return gap + text if right else text + gap


def wrap(text: str, cells: int) -> list[str]:
    """Lines of at most `cells` cells; empty lines and the indent of each paragraph are kept."""
    lines: list[str] = []
    for paragraph in clean(text).split("\n"):
        indent = re.match(r" *", paragraph)
        lead = indent.group() if indent else ""
        if len(lead) > cells // 2:
            lead = ""
        lines += [lead + line for line in _fill(_units(paragraph.strip()), max(cells - len(lead), 2))] or [""]
    return lines


def _wide(char: str) -> bool:
    return width(char) == 2


def _units(paragraph: str) -> list[tuple[str, bool]]:
    """Pieces that stay whole, each with whether a space stood before it."""
    units: list[tuple[list[str], bool]] = []  # by letters: a piece may be as long as the text
    space = False
    for letter in letters(paragraph):
        if letter.isspace() and letter != "\u00a0":
            space = True
            continue
        last = units[-1][0] if units else []
        if not last:
            units.append(([letter], space))
        elif letter in CLOSERS and (not space or _wide(letter)):
            last.append(letter)
        elif space and len(last) == 1 and last[0] in OPERATORS:
            last += [" ", letter]
        elif not space and (last[-1][-1] in OPENERS or not (_wide(letter) or _wide(last[-1]))):
            last.append(letter)
        else:
            units.append(([letter], space))
        space = False
    return [("".join(unit), before) for unit, before in units]


def _fill(units: list[tuple[str, bool]], cells: int) -> list[str]:
    lines: list[str] = []
    line, taken = "", 0
    for unit, space in units:
        wide, gap = width(unit), " " if space and line else ""
        if taken + len(gap) + wide <= cells:
            line, taken = f"{line}{gap}{unit}", taken + len(gap) + wide
            continue
        if line:
            lines.append(line)
        *whole, line = _chop(unit, cells)
        lines, taken = [*lines, *whole], width(line)
    return [*lines, line] if line else lines


def _chop(unit: str, cells: int) -> list[str]:
    """A unit that is wider than a line, in pieces; closing marks take a letter with them."""
    pieces, piece = [], ""
    for letter in letters(unit):
        if piece and width(piece + letter) > cells:
            kept = letters(piece)
            if letter in CLOSERS and len(kept) > 1 and kept[-1] not in CLOSERS:
                pieces.append("".join(kept[:-1]))
                piece = kept[-1]
            else:
                pieces.append(piece)
                piece = ""
        piece += letter
    return [*pieces, piece]


def folded(row: str, cells: int) -> list[str]:
    """A line in as many rows as it takes, broken at blanks where there are any."""
    rest, parts = (row if len(row) <= LONGEST else f"{row[:LONGEST]}…"), list[str]()
    cells = max(cells, 8)
    while width(rest) > cells:
        taken = _fits(rest, cells)
        blank = rest.rfind(" ", cells // 2, taken + 1)
        taken = blank if blank > 0 else taken
        parts.append(rest[:taken])
        rest = rest[taken:].lstrip(" ")
    return [*parts, rest]


def _fits(text: str, cells: int) -> int:
    """How many characters of it fit."""
    if text[:cells].isascii():
        return cells
    taken = room = 0
    for letter in letters(text[: 2 * cells]):
        room += width(letter)
        if room > cells:
            break
        taken += len(letter)
    return max(taken, 1)
