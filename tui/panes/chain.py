"""Where a number of the paper comes from: source line, results, experiments, program, step; each rung opens.

Five rows below the page, or, where it is wide, beside it with the five files open at their lines. Which files those
are is said by `Rung.places`; whoever draws brings what was read of them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from state import paper
from state.rows import ResultRow
from state.vocabulary import Language
from tui.language import tr
from tui.lines import EMPTY, Line, Span, bold, dim, ends, exactly, line, picked
from tui.look import Look
from tui.panes.papertext import Number
from tui.text import clip, fit, width
from tui.things import Thing, marked
from tui.widgets.page import Page
from tui.widgets.rows import Place, Row, Rows
from tui.words import NONE, clock, role_name

LABEL = 14
LEAST = 40
"""Cells that the chain needs to stand beside the page."""
ABOVE = 3
"""Lines that are shown above the one that a file is opened at."""
FILES = 8


@dataclass(frozen=True)
class Rung:
    """One place on the way: its label, what it is in a row, more at the right, and the files to open, each by name."""

    key: str
    text: str
    more: str
    place: Place
    files: tuple[tuple[str, Place], ...]


def rungs_of(look: Look, number: Number, source: str) -> list[Rung]:
    """From the page down to the step that made the program."""
    program, dataset, metric, _ = number.parts
    results = measured_by(look, number)[:FILES]
    made = next((row for row in look.programs if row.name == program), None)
    first = results[0] if results else None
    measured = "   ".join(f"e{row.experiment} {_measured(row)}" for row in results)
    told = [f"e{row.experiment}   {tr('thing.seed', seed=str(row.seed))}   {_measured(row)}" for row in results]
    at = Place("source", "paper.tex", number.line)
    code, step = Place("program", program), Place("step", made.step or "" if made else "")
    files = tuple((f"e{row.experiment}  {row.file}", _file(row)) for row in results)
    jobs = tuple((name, Place("experiment", "", row.experiment)) for name, row in zip(told, results, strict=True))
    written = look.written.get(program)
    changed = ""
    if made is not None and written is not None and written.added is not None:
        changed = tr("chain.changed", parent=made.parent or NONE, added=str(written.added), taken=str(written.taken))
    by = []
    if made is not None:
        by = [role_name(made.role)] if made.role else []
        by += [clock(made.made_at, look.now)] if made.made_at is not None else []
    return [
        Rung(
            "chain.written",
            f"\\result{{{number.reference}}}",
            tr("chain.line", file="paper.tex", line=str(number.line)),
            at,
            (("", at),),
        ),
        Rung("chain.results", together(results), tr("word.comma").join((dataset, metric)),
             _file(first) if first else Place("results"), files),
        Rung("chain.experiments", measured or NONE, "",
             Place("experiment", "", first.experiment if first else 0), jobs),
        Rung("chain.program", f"{program}: {made.change}" if made and made.change else program, changed, code,
             (("", code),)),
        Rung("chain.step", made.step if made and made.step else NONE, tr("word.comma").join(by), step, (("", step),)),
    ]  # fmt: skip


def together(results: Sequence[ResultRow]) -> str:
    """The files as one name: `runs/1/results/e6 … e10/final_info.json`."""
    if not results:
        return NONE
    one, two = results[0], results[-1]
    name, last = f"e{one.experiment}", f"e{two.experiment}"
    before, _, after = one.file.partition(f"/{name}/")
    if one is two:
        return one.file
    if after and two.file == f"{before}/{last}/{after}":
        return f"{before}/{name} … {last}/{after}"
    return f"{one.file}   {name} … {last}"


def chain(
    look: Look, rungs: Rows, number: Number, of: tuple[int, int], source: str, shown: str, cells: int, height: int
) -> list[Line]:
    """The number, and `height` of its five rungs under it. `of`: which number it is, of how many."""
    drawn = []
    for rung in rungs_of(look, number, source):
        label = dim(fit(tr(rung.key), LABEL))
        room = cells - LABEL - 5 - width(rung.more) - (2 if rung.more else 0)
        drawn.append(Row(ends(cells, line("  ", label, clip(rung.text, room)), dim(rung.more)), rung.place))
    rungs.show(drawn)
    told = line(Span(f"‹{shown}›", "text", bold=True), dim(f"   {head(look, number, of, shown)}"))
    where = tr("chain.where")
    if height < len(drawn):
        where = tr("chain.where_of", nth=str(rungs.cursor + 1), of=str(len(drawn)))
    return [ends(cells, told, dim(where)), *rungs.draw(cells, height)]


class Files:
    """The five files of a chain, one under the other, each a page that scrolls; the chosen one has the most room."""

    def __init__(self) -> None:
        self.pages = [Page() for _ in range(5)]
        self.at = [0] * 5
        self.of: list[object] = [None] * 5

    def draw(
        self, found: Sequence[Rung], opened: Mapping[Place, Thing], rungs: Rows, cells: int, rows: int, *, reads: bool
    ) -> list[Line]:
        """`reads`: the arrows are in the chosen file."""
        rungs.show([Row(line("   ", bold(tr(rung.key))), rung.place) for rung in found])
        for nth, rung in enumerate(found):
            self._bring(nth, rung, opened, cells - 4)
        heights = shared([len(page.lines) for page in self.pages], rungs.cursor, rows - 2 * len(found) + 1)
        drawn: list[Line] = []
        for nth, rung in enumerate(found):
            here, page, height = nth == rungs.cursor, self.pages[nth], heights[nth]
            if self.of[nth] is None or (page.height != height and page.lines):
                self.of[nth] = rung.files
                page.top = max(self.at[nth] - min(ABOVE, height // 2), 0)
            shown = page.draw(cells - 4, height)
            name = line("   ", bold(tr(rung.key)), dim(f"  {rung.text}"))
            first, last, total = page.span
            where = (
                tr("page.lines", first=str(first), last=str(last), total=str(total)) if total > height else rung.more
            )
            told = ends(cells, name, dim(where), lead=0)
            drawn.append(picked(told) if here else told)
            bar = Span(" ▌ " if here and reads else " │ ", "text" if here and reads else "line")
            drawn += [line(bar, row) for row in exactly(shown, height)]
            drawn += [EMPTY] if nth < len(found) - 1 else []
        return drawn

    def _bring(self, nth: int, rung: Rung, opened: Mapping[Place, Thing], cells: int) -> None:
        """The rung's files as one page, to be opened at its line when it is another than before."""
        things = [(name, opened.get(place)) for name, place in rung.files]

        def make(room: int) -> list[Line]:
            lines, self.at[nth] = _as_one(things, room, rung.text if nth == 0 else "")
            self.of[nth] = None
            return lines

        self.pages[nth].show((rung.files, tuple(thing is not None for _, thing in things)), cells, make)


def shared(wanted: Sequence[int], chosen: int, rows: int) -> list[int]:
    """Rows for each file: the chosen one has what it needs of half, the others share the rest, none is larger than it
    is while another is cut."""
    least = max(rows // (2 * len(wanted)), 1)
    given = [min(max(want, 1), least) for want in wanted]
    for nth in (chosen, *(nth for nth in range(len(wanted)) if nth != chosen)):
        given[nth] += max(min(wanted[nth] - given[nth], rows - sum(given)), 0)
    return given


def _as_one(things: Sequence[tuple[str, Thing | None]], cells: int, sought: str) -> tuple[list[Line], int]:
    """The lines of several files under each other, and the row that the first of them is opened at."""
    lines: list[Line] = []
    at = -1
    for name, thing in things:
        lines += [*([EMPTY] if lines and name else []), *([line(dim(name))] if name else [])]
        if thing is None:
            continue
        told = marked(thing, cells, sought)
        if at < 0 and thing.row is not None:
            first = thing.row(cells)
            at = len(lines) + next((row for row in range(first, len(told)) if sought in told[row].plain), first)
        lines += told
    return lines, max(at, 0)


def measured_by(look: Look, number: Number) -> list[ResultRow]:
    """The measurements that the number is made of: of two with the same seed the later one."""
    program, dataset, metric, _ = number.parts
    rows = [row for row in look.results if not row.superseded]
    place = paper.gather(rows).get((program, dataset, metric))
    named = place.experiments if place is not None else ()
    return [row for row in rows if row.experiment in named and (row.dataset, row.metric) == (dataset, metric)]


def value(look: Look, number: Number, language: Language = Language.EN) -> str:
    """The number as the PDF prints it; `?` where nothing was measured."""
    program, dataset, metric, stat = number.parts
    values = paper.gather(row for row in look.results if not row.superseded)
    baseline = values.get((look.measure.baseline, dataset, metric))
    place = values.get((program, dataset, metric))
    return paper.printed(stat, place, baseline=baseline, language=language, alone=number.alone) or "?"


def head(look: Look, number: Number, of: tuple[int, int], shown: str) -> str:
    """`number 4 of 15, mean ± sd, n = 5`."""
    stat = number.parts[3]
    kind = "spread" if stat == "mean" and "±" in shown else stat if stat in paper.STATS else "unknown"
    n = len(measured_by(look, number))
    return tr("chain.number", index=str(of[0] + 1), total=str(of[1]), stat=tr(f"chain.stat.{kind}"), n=n)


def _file(row: ResultRow) -> Place:
    return Place("results", f"{row.file} {row.dataset}/{row.metric}", row.experiment)


def _measured(row: ResultRow) -> str:
    if row.value is not None:
        return f"{row.value:,g}"
    return f"> {row.censored:,g}" if row.censored is not None else NONE
