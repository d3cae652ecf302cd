"""What a thing shows, by its place: title, a word about it, and its lines for a width.

Read from the run's `Look` and, for files outside it, from the project's folders: size-capped, no link followed.
"""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from errno import ENOENT
from itertools import takewhile
from pathlib import Path
from typing import Any

from state import talk
from state.durable import read_beneath
from state.errors import LabError
from state.places import places
from state.readers import reading
from state.rows import ProgramRow, ResultRow
from state.vocabulary import Phase
from tui.language import has, tr
from tui.lines import EMPTY, Line, bold, dim, line
from tui.look import Look
from tui.panes.code import code_changes, row_of, source
from tui.panes.document import document, facts_block
from tui.panes.shelf import authors_of, found_in, told_of
from tui.widgets.rows import Place
from tui.words import NONE, clock, exact, role_name, span
from tui.written import PROGRAM, code_of

LIMIT_B = 4 << 20
Make = Callable[[int], list[Line]]


@dataclass(frozen=True)
class Thing:
    """`row` gives for a width the row that it is opened at, and `marked` says whether that row is the one meant.

    `copies`: what `y` copies, where not the text.
    """

    title: str
    about: str
    lines: Make
    row: Callable[[int], int] | None = None
    marked: bool = False
    copies: str = ""


def gather_thing(folder: Path, look: Look, place: Place) -> Thing:
    """The thing at a place; one that is gone says so."""
    makers: dict[str, Callable[[Path, Look, Place], Thing]] = {
        "program": program,
        "experiment": experiment,
        "source": paper_source,
        "results": results_file,
        "step": step,
        "figure": figure,
        "paper": paper,
    }
    return makers[place.kind](folder, look, place)


def marked(thing: Thing, cells: int, sought: str = "") -> list[Line]:
    """Its lines, the row that is meant in bold: of a line that is folded the one with `sought`."""
    lines = thing.lines(cells)
    if thing.row is None or not thing.marked:
        return lines
    first = thing.row(cells)
    row = next((row for row in range(first, len(lines)) if sought in lines[row].plain), first)
    spans = tuple(bold(span.text, span.role) for span in lines[row].spans)
    return [*lines[:row], Line(spans), *lines[row + 1 :]]


def gather_inside(folder: Path, look: Look, wanted: Sequence[Place]) -> dict[Place, Thing]:
    """Several things at once; one that cannot be read says so in its place."""
    found = {}
    for place in wanted:
        try:
            found[place] = gather_thing(folder, look, place)
        except (LabError, OSError, ValueError, sqlite3.DatabaseError):
            found[place] = _gone(place)
    return found


def program(folder: Path, look: Look, place: Place) -> Thing:
    """Its code, what changed against its parent, its experiments."""
    row = next((one for one in look.programs if one.name == place.name), None)
    if row is None:
        return _gone(place)
    code = _code(folder, look, row)
    parent = next((one for one in look.programs if one.name == row.parent), None)
    before = _code(folder, look, parent) if parent is not None else None
    mine = [one for one in look.experiments if one.program == row.name]
    values = {one.experiment: one for one in look.results if one.metric == look.measure.metric}

    def lines(cells: int) -> list[Line]:
        told: list[Line] = [line("   ", row.change or ""), EMPTY] if row.change else []
        for one in mine:
            shown = _value(values.get(one.id))
            took = span((one.ended_at - one.begun_at) / 1000) if one.ended_at else clock(one.begun_at, look.now)
            state = tr(f"experiment.{one.state}")
            told.append(
                line(f"   e{one.id}  ", tr("thing.seed", seed=str(one.seed)), f"  {shown}  {state}  ", dim(took))
            )
            if one.error:
                told += [line("      ", dim(part)) for part in one.error.splitlines()[-6:]]
        told += [EMPTY] if told else []
        if before is not None:
            told += [line("   ", bold(tr("thing.changes", parent=str(row.parent)))), EMPTY]
            told += [*code_changes(before, code, cells), EMPTY]
        return [*told, line("   ", bold(PROGRAM)), EMPTY, *source(code, cells)]

    about = tr(f"verdict.{row.verdict}") if row.verdict else ""
    return Thing(row.name, about, lines)


def experiment(folder: Path, look: Look, place: Place) -> Thing:
    """Facts and log of an experiment."""
    row = next((one for one in look.experiments if one.id == place.number), None)
    if row is None:
        return _gone(place)
    log = _read(places(folder).jobs, f"{row.attempt}/out.log")
    pairs = [
        (tr("experiments.program"), row.program),
        (tr("fact.seed"), str(row.seed)),
        (tr("thing.state"), tr(f"experiment.{row.state}")),
        (tr("experiments.begun"), clock(row.begun_at, look.now)),
        (tr("experiments.limit"), exact(row.limit_s)),
        (tr("rail.sandbox"), tr(f"tier.{row.tier}") if has(f"tier.{row.tier}") else row.tier),
    ]

    def lines(cells: int) -> list[Line]:
        return [*facts_block(pairs, cells), EMPTY, *source(log, cells)]

    return Thing(f"e{row.id}", row.program, lines)


def paper_source(folder: Path, look: Look, place: Place) -> Thing:
    made = look.newest(Phase.REPORT_WRITING)
    text = made.text if made is not None else ""
    return _opened_at("paper.tex", "", text, place.number)


def results_file(folder: Path, look: Look, place: Place) -> Thing:
    """The file that an experiment wrote, where it ran, opened at the metric; else what was read from it."""
    rows = [one for one in look.results if one.experiment == place.number]
    dataset, _, metric = place.name.rpartition(" ")[2].partition("/")
    experiment = next((one for one in look.experiments if one.id == place.number), None)
    if not rows or experiment is None:
        return _gone(place)
    file, about = rows[0].file, f"e{experiment.id}, {experiment.program}"
    if text := _read(places(folder).jobs, f"{experiment.attempt}/work/{file}"):
        return _opened_at(file, about, text, _line_of(text, dataset, metric))
    width_ = max(len(f"{row.dataset}/{row.metric}") for row in rows) + 3

    def lines(cells: int) -> list[Line]:
        told = [line("   ", f"{f'{row.dataset}/{row.metric}':<{width_}}", _value(row)) for row in rows]
        return [line("   ", dim(tr("thing.read_from"))), EMPTY, *told]

    return Thing(file, about, lines)


def step(folder: Path, look: Look, place: Place) -> Thing:
    """The messages of the step that made something."""
    where = places(folder)
    found: list[tuple[str, list[Any]]] = []
    with reading(where.database, where.blobs) as reader:
        if reader is not None:
            turns = [one for phase in Phase for one in talk.turns(reader, look.run.id, phase)]
            turn = max(turns, key=lambda one: _shared(one.path, place.name), default=None)
            if turn is not None and _shared(turn.path, place.name) < 2:
                turn = None
            found = talk.conversation(reader, turn.step) if turn is not None else []

    def message(role: str, blocks: list[Any], cells: int) -> list[Line]:
        told = [line(" ", bold(role_name(role) if has(f"role.{role}") else role))]
        for block in blocks:
            told += said(block, cells)
        return [*told, EMPTY]

    def lines(cells: int) -> list[Line]:
        told = [row for role, blocks in found for row in message(role, blocks, cells)]
        return told or [line("   ", dim(tr("thing.no_messages")))]

    def last(cells: int) -> int:
        return sum(len(message(role, blocks, cells)) for role, blocks in found[:-1])

    return Thing(place.name or tr("thing.step"), "", lines, row=last)


def said(block: Any, cells: int) -> list[Line]:
    """A block of a message: words, what a tool was asked (a program as a program), or what it answered."""
    if isinstance(block, str):
        return document(block, cells)
    if not isinstance(block, dict) or not isinstance(asked := block.get("arguments"), dict):
        text = block.get("text") if isinstance(block, dict) else None
        return document(text if isinstance(text, str) else json.dumps(block, ensure_ascii=False, indent=1), cells)
    told = [line("   ", dim(str(block.get("name", ""))))]
    for name, value in asked.items():
        if isinstance(value, str) and "\n" in value.strip():
            told += [line("   ", dim(f"{name}:")), *source(value, cells)]
        else:
            shown = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
            told += document(f"{name}: {shown}", cells)
    return told


def figure(folder: Path, look: Look, place: Place) -> Thing:
    """Where a figure lies; a terminal shows no picture."""
    path = folder / "runs" / str(look.run.id) / "figures" / place.name
    made = look.newest(Phase.RUNNING_EXPERIMENTS)
    caption = made.product.captions.get(place.name, "") if made is not None and made.product is not None else ""

    def lines(cells: int) -> list[Line]:
        return [*document(caption, cells), EMPTY, line("   ", dim(tr("thing.figure_at"))), line("   ", str(path))]

    return Thing(place.name, "", lines, copies=str(path))


def paper(folder: Path, look: Look, place: Place) -> Thing:
    """A paper that was found: who, when, abstract, a reader's notes."""
    row = next((one for one in look.papers if one.key == place.name), None)
    if row is None:
        return _gone(place)

    def lines(cells: int) -> list[Line]:
        return document(f"{authors_of(row)}\n\n{found_in(row)} {row.url}\n\n{told_of(row)}", cells)

    return Thing(row.title, row.key, lines)


def _shared(one: str, two: str) -> int:
    """How many parts of two paths are the same from the left: a step lies beside the talk that led to it."""
    parts = zip(one.split("/"), two.split("/"), strict=False)
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], parts))


def _opened_at(title: str, about: str, text: str, number: int) -> Thing:
    """A file, opened at a line from 1, which is marked; 0 for its beginning."""
    row = (lambda cells: row_of(text, cells, number)) if number else None
    return Thing(title, about, lambda cells: source(text, cells), row, marked=bool(number))


def _line_of(text: str, dataset: str, metric: str) -> int:
    """The line, from 1, at which a metric of a data set stands in a results file; 0 where it is not found."""
    start = max(text.find(f'"{dataset}"'), 0) if dataset else 0
    found = text.find(f'"{metric}"', start) if metric else -1
    return text.count("\n", 0, found) + 1 if found >= 0 else 0


def _value(row: ResultRow | None) -> str:
    if row is None or (row.value is None and row.censored is None):
        return NONE
    return f"{row.value:,g}" if row.value is not None else f"> {row.censored:,g}"


def _gone(place: Place) -> Thing:
    return Thing(place.name, "", lambda cells: [line("   ", dim(tr("thing.gone")))])


def _code(folder: Path, look: Look, row: ProgramRow) -> str:
    where = places(folder)
    with reading(where.database, where.blobs) as reader:
        blob = reader.blob if reader is not None else None
        code = code_of(where.jobs, row, look.experiments, blob)
    if code is None and blob is not None:
        raise FileNotFoundError(ENOENT, os.strerror(ENOENT), f"{row.name}/{PROGRAM}")
    return code or ""


def _read(folder: Path, name: str) -> str:
    try:
        return read_beneath(folder, name, LIMIT_B).decode("utf-8", "replace")
    except (OSError, LabError):  # gone since, or larger than is shown
        return ""
