"""Beside what happened, where there is room: the best program's curve, and the section of the paper that changed last.

Both are made of what the run measured: the curve of the seed in the middle, and the text with its numbers filled in.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, cast

from state import paper
from state.vocabulary import Phase, Verdict
from tui.language import tr
from tui.lines import EMPTY, Line, Part, Span, bold, dim, line
from tui.look import Look, Made
from tui.panes.chain import value
from tui.panes.papertext import CLOSE, OPEN, Section, numbers, sections
from tui.text import clip, wrap
from tui.widgets.plot import PATTERNS, plot

if TYPE_CHECKING:
    from state.products.report import Report

HIGHEST, LEAST = 16, 6
MARK = re.compile(f"{OPEN}(\\d+){CLOSE}")


def beside_it(look: Look, cells: int, rows: int) -> list[Line]:
    """At most `rows` lines of `cells` cells; nothing where nothing was measured or written."""
    text = section_lines(look, cells)
    curve = curve_lines(look, cells, min(HIGHEST, rows if not text else rows // 2))
    gap = [EMPTY, EMPTY] if curve and text else []
    return [*curve, *gap, *text][:rows]


def curve_lines(look: Look, cells: int, rows: int) -> list[Line]:
    """The best program's curve against the baseline's."""
    kept = [row.name for row in sorted(look.programs, key=lambda one: (one.kept is None, one.kept or 0))]
    shown = look.running
    if not kept or shown is None or rows < LEAST:
        return []
    curves = {one.name: one for one in look.beside}
    own = next((row.program for row in look.experiments if row.id == shown.experiment), "")
    if shown.curve.points:
        curves.setdefault(own, shown.curve)
    if kept[0] not in curves:
        return []
    base = next((row.name for row in look.programs if row.verdict == "baseline"), kept[0])
    names = [name for name in dict.fromkeys([kept[0], base]) if name in curves]
    legend: list[Part] = [dim(f"{tr('experiments.curve', name=shown.curve.name)}   " if shown.curve.name else "")]
    for index, (pattern, name) in enumerate(zip(PATTERNS, names, strict=False)):
        role = "live" if index == 0 else "dim"
        legend.append(Span(f"{pattern.print} {tr('experiments.at_median', program=name)}   ", role))
    return [line(*legend), *plot([curves[name] for name in names], cells, rows - 1)]


def section_lines(look: Look, cells: int) -> list[Line]:
    """The section that the newest version of the paper has otherwise than the one before; of a first one, the first."""
    versions = look.made.get(Phase.REPORT_WRITING, ())
    made = look.newest(Phase.REPORT_WRITING)
    if made is None or made.product is None:
        return []
    report = cast("Report", made.product)
    told = _sections(look, made)
    before = {one.title: _bare(one) for one in _sections(look, versions[-2])} if len(versions) > 1 else {}
    other = [one for one in told if before.get(one.title) != _bare(one)] if before else []
    section = next(reversed(other), None) or next(iter(told), None)
    if section is None:
        return []
    language = paper.language_of(report.source)
    values = [value(look, number, language) for number in numbers(report.source)]

    def filled(found: re.Match[str]) -> str:
        return values[int(found[1])].replace(" ", "\u00a0") if int(found[1]) < len(values) else "?"

    head = tr("since.changed" if other else "since.begins", version=str(made.row.version))
    return [
        line(dim(head)),
        line(bold(clip(section.heading, cells))),
        EMPTY,
        *(line(Span(row)) if row else EMPTY for row in wrap(MARK.sub(filled, section.text), min(cells, 80))),
    ]


def _sections(look: Look, made: Made) -> list[Section]:
    if made.product is None:
        return []
    source = cast("Report", made.product).source
    verdicts = {row.name: Verdict(row.verdict) for row in look.programs if row.verdict}
    return [one for one in sections(paper.worded(source, verdicts, paper.language_of(source))) if one.text]


def _bare(section: Section) -> str:
    """A section's text without the places of its numbers, which move with every number before it."""
    return MARK.sub("#", section.text)
