r"""What was chosen or read, as plan, data, programs and papers have it: the numbers of settings, and names with digits.

A `\given` must be one of these numbers, and a name such as GPT-3.5 one of these names. Used for papers and for the
lab's Markdown texts.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Iterable

DIGITS = re.compile(r"\d(?:[\d.,_]*\d)?(?:[eE][+-]?\d+)?")
_NAME = r"[A-Za-z][A-Za-z0-9_./+-]*"
_NAMED = re.compile(r"(?:[A-Za-z_]|[A-Za-z]-)\Z")
_BEFORE = re.compile(rf"{_NAME}\Z")
_AFTER = re.compile(r"[A-Za-z0-9_./+-]*")
_NO_PLAIN = re.compile(r"\.|,\d{3}|[eE][+-]")
LONGEST = 60
"""A name is looked for so far to either side of its digits."""


def numbers_in(text: str) -> set[float]:
    """Every number that a text names, `1e-3` and `4_000` too."""
    told = set()
    for found in re.finditer(r"(?<![\d.])(?:\d[\d_,]*(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?", text):
        told.add(value(found[0].rstrip(",.")))
        told |= {value(part) for part in re.split("[,_]", found[0]) if part}
    return told


def names_in(text: str) -> set[str]:
    """Every name with digits in it that a text has: GPT-3.5, ViT-B/16."""
    return {_bare(found) for found in re.findall(_NAME, text) if re.search(r"\d", found)}


def in_name(text: str, found: re.Match[str], names: Collection[str]) -> bool:
    """Whether digits are part of a name: whole ones behind its letters (wd_2, GPT-4), others of one of `names`."""
    start, end = found.span()
    if _NAMED.search(text, max(0, start - 2), start) and not _NO_PLAIN.search(found[0]):
        return True
    before = _BEFORE.search(text, max(0, start - LONGEST), start) if names else None
    after = _AFTER.match(text, end, end + LONGEST)
    whole = _bare((before[0] if before else "") + found[0] + (after[0] if after else ""))
    return before is not None and whole.replace("__", "_") in names


def _bare(name: str) -> str:
    """A name without the marks that end it in a sentence."""
    return name.rstrip("./+-_")


def not_chosen(given: str, chosen: Iterable[float]) -> list[str]:
    """The numbers of a `\\given` that are no setting. `95\\%` is one where 0.95 stands."""
    known = set(chosen)
    missing = []
    text = ascii_digits(given)
    for found in DIGITS.finditer(text):
        number = value(found[0])
        percent = re.match(r"\s*\\?%", text[found.end() :])
        if number not in known and not (percent and round(number / 100, 12) in known):
            missing.append(found[0])
    return missing


def value(text: str) -> float:
    """The number that digits name; NaN for what is none."""
    squeezed = text.replace("_", "").replace(",", "")
    return float(squeezed) if re.fullmatch(r"(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?", squeezed) else float("nan")


def ascii_digits(text: str) -> str:
    """Digits of every script, raised and lowered ones too, as 0–9, full-width stops and percent signs as ours; one
    character for one."""
    return "".join(
        str(unicodedata.digit(sign))
        if sign.isdigit() and not sign.isascii()
        else {"．": ".", "，": ",", "％": "%", "⁻": "-", "₋": "-"}.get(sign, sign)
        for sign in text
    )
