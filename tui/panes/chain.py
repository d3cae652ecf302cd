"""Where a number of the paper comes from: source line, results file, experiments, program, step; each rung opens.

Five rows below the page, or, where it is wide, beside it with what stands in each of the five.
"""

from __future__ import annotations

from dataclasses import dataclass

from state import paper
from state.rows import ResultRow
from state.vocabulary import Language
from tui.language import tr
from tui.lines import EMPTY, Line, Span, dim, ends, line
from tui.look import Look
from tui.panes.papertext import Number
from tui.text import clip, fit, wrap
from tui.widgets.rows import Place, Row, Rows
from tui.words import NONE, role_name

LABEL = 14
AROUND = 2


@dataclass(frozen=True)
class Rung:
    """One place on the way: its label, what it is in a row, where Enter goes, and what stands in it."""

    key: str
    text: str
    place: Place
    inside: tuple[str, ...] = ()


def rungs_of(look: Look, number: Number, source: str) -> list[Rung]:
    """From the page down to the step that made the program."""
    program, _, _, _ = number.parts
    results = measured_by(look, number)
    made = next((row for row in look.programs if row.name == program), None)
    files = results[0].file if results else NONE
    if len(results) > 1:
        files = f"{files}   e{results[0].experiment} … e{results[-1].experiment}"
    measured = "   ".join(f"e{row.experiment} {_measured(row)}" for row in results)
    about = f"{program}: {made.change}" if made is not None and made.change else program
    step = (
        f"{made.step}   {role_name(made.role) if made.role else ''}".rstrip()
        if made is not None and made.step
        else NONE
    )
    first = results[0].experiment if results else 0
    rows = source.splitlines()
    near = range(max(number.line - 1 - AROUND, 0), min(number.line + AROUND, len(rows)))
    seeds = tuple(f"e{row.experiment}  {tr('thing.seed', seed=str(row.seed))}  {_measured(row)}" for row in results)
    files_of = tuple(dict.fromkeys(row.file for row in results))
    return [
        Rung(
            "chain.written",
            f"\\result{{{number.reference}}}",
            Place("source", "paper.tex", number.line),
            tuple(f"{nth + 1}  {rows[nth]}" for nth in near),
        ),
        Rung("chain.results", files, Place("results", results[0].file if results else "", first), files_of[:6]),
        Rung("chain.experiments", measured or NONE, Place("experiment", "", first), seeds[:8]),
        Rung("chain.program", about, Place("program", program), ((made.change or "") if made is not None else "",)),
        Rung("chain.step", step, Place("step", made.step or "" if made else "")),
    ]


def chain(
    look: Look, rungs: Rows, number: Number, of: tuple[int, int], source: str, shown: str, cells: int
) -> list[Line]:
    """The number, and five rungs under it. `of`: which number it is, of how many."""
    found = rungs_of(look, number, source)
    room = cells - LABEL - 5
    rungs.show([Row(line("   ", dim(fit(tr(rung.key), LABEL)), clip(rung.text, room)), rung.place) for rung in found])
    told = line(Span(f"‹{shown}›", "text", bold=True), dim(f"   {_head(look, number, of)}"))
    return [ends(cells, told, dim(tr("chain.where"))), *rungs.draw(cells, 5)]


def chain_beside(
    look: Look, rungs: Rows, number: Number, of: tuple[int, int], source: str, shown: str, cells: int, rows: int
) -> list[Line]:
    """The same as a column, with what stands in each of the five."""
    drawn: list[Row] = []
    for rung in rungs_of(look, number, source):
        drawn.append(Row(line("   ", clip(tr(rung.key), cells - 5)), rung.place))
        inside = rung.inside or (rung.text,)
        for text in inside:
            for part in wrap(text, cells - 7)[:3]:
                drawn.append(Row(line("     ", dim(part))))
        drawn.append(Row(EMPTY))
    rungs.show(drawn)
    told = line(" ", Span(f"‹{shown}›", "text", bold=True))
    head = [line(" ", dim(part)) for part in wrap(_head(look, number, of), cells - 3)]
    return [told, *head, EMPTY, *rungs.draw(cells, max(rows - 2 - len(head), 1))]


def measured_by(look: Look, number: Number) -> list[ResultRow]:
    program, dataset, metric, _ = number.parts
    return [row for row in look.results if (row.program, row.dataset, row.metric) == (program, dataset, metric)]


def value(look: Look, number: Number, language: Language = Language.EN) -> str:
    """The number as the PDF prints it; `?` where nothing was measured."""
    program, dataset, metric, stat = number.parts
    values = paper.gather(row for row in look.results if not row.superseded)
    baseline = values.get((look.measure.baseline, dataset, metric))
    place = values.get((program, dataset, metric))
    return paper.printed(stat, place, baseline=baseline, language=language, alone=number.alone) or "?"


def _head(look: Look, number: Number, of: tuple[int, int]) -> str:
    stat, n = tr(f"chain.stat.{number.parts[3]}"), len(measured_by(look, number))
    return tr("chain.number", index=str(of[0] + 1), total=str(of[1]), stat=stat, n=n)


def _measured(row: ResultRow) -> str:
    if row.value is not None:
        return f"{row.value:,g}"
    return f"> {row.censored:,g}" if row.censored is not None else NONE
