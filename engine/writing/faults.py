"""What is wrong with a paper's source: a line, a key with facts for a person, a sentence for the role that mends it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Literal

from state.errors import LabError, Plain

Key = Literal[
    "paper.typed_number",
    "paper.unknown_reference",
    "paper.bad_reference",
    "paper.unknown_verdict",
    "paper.not_given",
    "paper.not_percent",
    "paper.unknown_citation",
    "paper.bad_citation",
    "paper.forbidden_command",
    "paper.unknown_command",
    "paper.unknown_environment",
    "paper.unknown_package",
    "paper.unbalanced",
    "paper.unknown_label",
    "paper.label_twice",
    "paper.label_on_nothing",
    "paper.unknown_figure",
    "paper.no_part",
    "paper.no_glyph",
    "paper.build_failed",
]

AROUND = 40
"""How many characters on either side of a fault are quoted."""

SAID: dict[Key, str] = {
    "paper.typed_number": r"the number {found} is typed. A measured number is a reference, \result{{…}}; a setting that"
    r" was chosen is marked \given{{{found}}}; sections, figures, tables and equations are referred to with \ref",
    "paper.unknown_reference": r"\result{{{reference}}} points to no measured value. The nearest that exist: {near}",
    "paper.bad_reference": r"\result{{{reference}}} is not program/dataset/metric/statistic; statistics are {allowed}",
    "paper.unknown_verdict": r"\verdict{{{program}}}: no program of that name has a verdict. There are: {near}",
    "paper.not_given": r"\given{{{found}}}: that number stands neither in the plan nor in a program, so it is no"
    r" setting. A measured number is a reference, \result{{…}}; what only defines something is written with letters",
    "paper.not_percent": r"\result{{{reference}}} prints {shown}, which is no percentage: take the per cent away and"
    " say what it is a number of, or a share of",
    "paper.unknown_citation": "no paper with the key {found} was found. The nearest keys that there are: {near}",
    "paper.bad_citation": "the BibTeX entry of {found} cannot be read: {reason}",
    "paper.forbidden_command": "{found} is refused: a paper reads and writes no files and defines no commands",
    "paper.unknown_command": "{found} is not among the commands that a paper may use{hint}",
    "paper.unknown_environment": "the environment {found} is not among those that a paper may use: {allowed}",
    "paper.unknown_package": "the package {found} is not among those that a paper may use: {allowed}",
    "paper.unbalanced": "{found} cannot stand alone",
    "paper.unknown_label": r"\ref{{{found}}} points to no label. Labels that exist: {near}",
    "paper.label_twice": "the label {found} was given before, in line {first}",
    "paper.label_on_nothing": r"the label {found} stands on nothing that has a number: it belongs right after a"
    r" \section or into a figure, a table or an equation",
    "paper.unknown_figure": "there is no figure {found}. Figures that exist: {near}",
    "paper.no_part": "the paper needs {found}",
    "paper.no_glyph": "the sign {found} ({code}) is in none of the fonts: write it otherwise",
    "paper.build_failed": "{engine} says: {reason}",
}


@dataclass(frozen=True)
class Fault:
    """`line` counts from 1 in paper.tex; 0 where none can be told."""

    line: int
    key: Key
    facts: dict[str, Plain] = field(default_factory=dict)

    @property
    def why(self) -> str:
        """For the role that mends it."""
        text = SAID[self.key].format(**{name: _told(value) for name, value in self.facts.items()})
        return f"line {self.line}: {text}" if self.line else text

    @property
    def error(self) -> LabError:
        """For a person."""
        return LabError(self.key, file="paper/paper.tex", line=self.line, **self.facts)


def why(faults: Iterable[Fault], source: str = "", *, most: int = 12) -> str:
    """A line a fault, with the words of `source` where it lies; what lies beyond `most` is counted."""
    rows = source.split("\n")
    told = [fault.why + quoted(fault, rows) for fault in faults]
    rest = [f"and {len(told) - most} more"] if len(told) > most else []
    return "\n".join([*told[:most], *rest])


def quoted(fault: Fault, rows: Sequence[str]) -> str:
    """The words around the fault: its author saw a section or an edit, and may not know the paper's lines."""
    row = rows[fault.line - 1].strip() if 0 < fault.line <= len(rows) else ""
    found = fault.facts.get("found", fault.facts.get("reference", fault.facts.get("program", "")))
    word = str(found).split(" (write ")[0].removesuffix(" outside math")
    at = max(row.find(word), 0)
    start, end = max(at - AROUND, 0), at + len(word) + AROUND
    cut = ("…" if start else "") + row[start:end] + ("…" if end < len(row) else "")
    return f" [{cut}]" if row else ""


def _told(value: Plain) -> str:
    return (", ".join(str(one) for one in value) or "none") if isinstance(value, list) else str(value)
