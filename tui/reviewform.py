"""The words of a person's review as a text to write in an editor, and back.

A heading a part, in the person's language; an entry begins with `- `. Nothing that is written can be wrong: headings
of either language are known, and what stands before the first one is the summary. Used by the run screen.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from state.vocabulary import Language
from tui.language import told, tr

LISTS = ("strengths", "weaknesses", "questions", "limitations")
PARTS = ("summary", *LISTS, "ethical_concerns")


def written(form: Mapping[str, Any], *, whole: bool = True) -> str:
    """The words of a form, with a heading for every part; not `whole`: only those that say something."""
    rows: list[str] = []
    for part in PARTS:
        if not (whole or form.get(part)):
            continue
        rows += [f"## {tr(f'reviews.{part}')}", *([""] if whole else [])]
        value = form.get(part)
        if part in LISTS:
            rows += [f"- {' '.join(str(entry).split())}" for entry in value or ()]
        elif part == "summary":
            rows += [str(value)] if value else []
        else:
            rows += [tr("word.yes") if value else tr("word.no")]
        rows.append("")
    return "\n".join(rows)


def read(text: str) -> dict[str, Any]:
    """The parts that were written; those that are empty are left out."""
    names = {told(language, f"reviews.{part}").casefold(): part for language in Language for part in PARTS}
    yes = {told(language, "word.yes").casefold() for language in Language} | {"y"}
    found: dict[str, list[str]] = {part: [] for part in PARTS}
    part = "summary"
    for row in text.splitlines():
        head = row.lstrip("#").strip().casefold()
        if row.startswith("#") and head in names:
            part = names[head]
        else:
            found[part].append(row.strip())
    form: dict[str, Any] = {name: entries for name in LISTS if (entries := _entries(found[name]))}
    if summary := "\n".join(found["summary"]).strip():
        form["summary"] = summary
    if any(row.casefold() in yes for row in found["ethical_concerns"]):
        form["ethical_concerns"] = True
    return form


def _entries(rows: list[str]) -> list[str]:
    """An entry begins at `- ` or after a blank row; its other rows go on with it."""
    entries: list[str] = []
    fresh = True
    for row in rows:
        begins = row.startswith(("- ", "* ", "•"))
        words = row.lstrip("-*• ").strip() if begins else row
        if not words:
            fresh = True
        elif begins or fresh:
            entries.append(words)
            fresh = False
        else:
            entries[-1] += f" {words}"
    return entries
