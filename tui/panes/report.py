"""Report writing: the outline, the page as text with its numbers underlined, and the chain of the chosen number.

Tab goes from number to number; ↑↓ walk the rungs from the page down to the step that made it; Enter opens one. Where
it is wide the five files stand open beside the page, and → gives the arrows to the chosen one.
"""

from __future__ import annotations

import re
from itertools import groupby
from typing import TYPE_CHECKING, ClassVar, cast

from state import paper
from state.vocabulary import Language, Phase, Verdict
from tui.language import current, tr
from tui.lines import EMPTY, Line, Part, Span, beside, bold, dim, ends, exactly, line
from tui.look import Look, Made
from tui.panes.chain import LEAST, Files, chain, head, rungs_of, value
from tui.panes.code import numbered, source
from tui.panes.pane import Pane, Reads
from tui.panes.papertext import CLOSE, OPEN, Number, Section, cited, numbers, pictured, sections
from tui.panes.shelf import shelf_body
from tui.text import clip, fit, width, wrap
from tui.widgets.keyline import Key
from tui.widgets.rows import Place
from tui.words import NONE, clock

if TYPE_CHECKING:
    from state.products.report import Report

OUTLINE, WIDE_OUTLINE = 30, 44
PAGE = 82
ROWS = 12
"""Rows that the page has before its chain has more than one."""
SHORT = {"experimental setup": "report.setup"}
"""What the outline calls a section whose title is too long for it; of those that the lab writes it is this one."""
COLUMNS = "   "
"""What stands between the columns of a table in the page's text."""


class ReportPane(Pane):
    VIEWS = ("paper", "source", "citations", "log", "talk")
    CHECK_VIEWS = ("paper", "source", "changes", "citations", "talk")
    FOLDED = True
    OUTLINES: ClassVar[bool] = True

    def __init__(self) -> None:
        super().__init__(Phase.REPORT_WRITING)
        self.number = 0
        self.seeks = True
        self.drawn_for = 0
        self.language = Language.EN
        self.files = Files()
        self.files_shown = False
        self.in_file = False
        self.opened_for = ""
        self.log_of = 0
        self.lines: list[int] = []  # of the source, for each row of the page
        self.source_lines: list[int] = []  # and for each row of the source as it is folded

    def reads(self, look: Look) -> Reads:
        if self.open_view(look) != "paper":
            return super().reads(look)
        rungs = self.rows("chain")
        return self.files.pages[rungs.cursor] if self.in_file and self.files_shown and rungs.rows else rungs

    def searched(self, look: Look) -> Reads:
        reads = self.reads(look)
        return self.page("paper") if reads is self.rows("chain") else reads

    def chosen(self, look: Look) -> Place | None:
        return self.rows("chain").chosen if self.open_view(look) == "paper" else super().chosen(look)

    def turn(self, look: Look, step: int = 1) -> None:
        """The next number; the page goes along."""
        if self.open_view(look) != "paper":
            super().turn(look, step)
            return
        found = self.found(look)
        if found:
            self.number, self.seeks = (self.number + step) % len(found), True

    def side(self, look: Look, step: int) -> None:
        """→ gives the arrows to the chosen file, ← back to the links."""
        self.in_file = step > 0 and self.files_shown

    def turn_page(self, look: Look, step: int, rows: int) -> None:
        if self.open_view(look) == "paper":
            page = self.reads(look) if self.in_file and self.files_shown else self.page("paper")
            page.move(step * max(getattr(page, "height", 2) - 1, 1))
        else:
            super().turn_page(look, step, rows)

    def found(self, look: Look) -> list[Number]:
        """The numbers of the paper, in reading order."""
        made = look.newest(self.phase)
        return numbers(cast("Report", made.product).source) if made is not None and made.product is not None else []

    def opens(self, look: Look) -> tuple[Place, ...]:
        made, found = look.newest(self.phase), self.found(look)
        if made is None or not found or not self.files_shown or self.open_view(look) != "paper":
            return ()
        if self.opened_for != made.row.sha256:
            self.opened_for = made.row.sha256
            self.opened.clear()
        source = cast("Report", made.product).source
        rungs = rungs_of(look, found[min(self.number, len(found) - 1)], source)
        return tuple(place for rung in rungs for _, place in rung.files)

    def here(self, look: Look) -> str:
        """The section and the line of the source: of the chosen number where it is in sight, else of the page's top."""
        made, view = look.newest(self.phase), self.open_view(look)
        if made is None or made.product is None or view not in ("paper", "source"):
            return ""
        source = cast("Report", made.product).source
        if view == "source":
            at = self.source_lines[self.page("source").top] if self.source_lines else 1
        else:
            page = self.page("paper")
            shown = [row for row in range(page.top, page.top + page.height) if row < len(page.lines)]
            chosen = next((row for row in shown if "‹" in page.lines[row].plain), page.top)
            at = self.lines[chosen] if chosen < len(self.lines) else 1
        section = next((one for one in reversed(sections(source)) if one.line <= at), None)
        if section is None:
            return tr("report.at_line", version=str(made.row.version), line=str(at))
        return tr("report.at", version=str(made.row.version), section=section.name, line=str(at))

    def body_paper(self, look: Look, cells: int, rows: int) -> list[Line]:
        made = look.newest(self.phase)
        self.rows("chain")
        if made is None or made.product is None:
            return [EMPTY, line("   ", dim(tr("page.nothing_yet")))]
        report = cast("Report", made.product)
        verdicts = {row.name: Verdict(row.verdict) for row in look.programs if row.verdict}
        worded = paper.worded(report.source, verdicts, paper.language_of(report.source))
        found, told = numbers(report.source), sections(worded)
        self.number = min(self.number, max(len(found) - 1, 0))
        page, rungs = self.page("paper"), self.rows("chain")
        self.language = paper.language_of(report.source)
        if not found:
            rungs.show([])
        shown = value(look, found[self.number], self.language) if found else ""
        of = self.number, len(found)
        edge = WIDE_OUTLINE if cells >= 190 else OUTLINE
        beside_it = cells - edge - PAGE if found and cells - edge - PAGE >= LEAST else 0
        self.files_shown = beside_it > 0
        links = min(max(rows - ROWS - 3, 1), 5)  # they give way to the page, down to the chosen one
        below = []
        if found and not beside_it:
            below = chain(look, rungs, found[self.number], of, report.source, shown, cells, links)
        upper = max(rows - len(below) - 2, 4) if below else rows - 1
        values = [value(look, number, self.language).replace(" ", "\u00a0") for number in found]
        width = cells - edge - 1 - beside_it

        def make(room: int) -> list[Line]:
            lines, self.lines = _page(told, found, values, self.number, min(room, 80))
            return lines

        page.show(("paper", made.row.sha256, self.number, tuple(values), current()), width, make)
        if self.seeks or cells != self.drawn_for:  # another width has other rows
            self.drawn_for = cells
            rows_with = [row for row, drawn in enumerate(page.lines) if "‹" in drawn.plain]
            self.seeks, row = False, (rows_with or [0])[0]
            if not page.top <= row < page.top + upper - 1:
                page.top = max(row - upper // 2, 0)
        outline = self.outline(look, made, told, values, edge - 18)
        right = [line(Span("│ ", "line"), row) for row in exactly(page.draw(width, upper), upper)]
        both = beside(exactly(outline, upper), right, edge - 1, cells - edge + 1 - beside_it)
        if beside_it:
            number = found[self.number]
            column = [
                line(" ", Span(f"‹{shown}›", "text", bold=True), dim(f"   {head(look, number, of, shown)}")),
                line(" ", dim(tr("chain.where"))),
                EMPTY,
            ]
            chained = rungs_of(look, number, report.source)
            column += self.files.draw(chained, self.opened, rungs, beside_it, upper - 3, reads=self.in_file)
            both = beside(both, exactly(column, upper), cells - beside_it, beside_it)
        return [EMPTY, *both, *([EMPTY, *below] if below else [])]

    def outline(self, look: Look, made: Made, told: list[Section], values: list[str], name_cells: int) -> list[Line]:
        """A row a section, the one of the chosen number in bold; then what is tied to what was found and measured."""
        lines = [line(dim(f"   {fit(tr('report.section'), name_cells)}{fit(tr('report.words'), 6, right=True)}"
                          f"{fit(tr('report.numbers'), 6, right=True)}"))]  # fmt: skip
        for section in told:
            if not section.top:
                continue
            amount = section.count + sum(one.count for one in _within(told, section))
            words = section.words + sum(one.words for one in _within(told, section))
            name = section.name.lower()
            if width(name) > name_cells and name in SHORT:
                name = tr(SHORT[name])
            mark = "✓" if words else "·"
            tied = fit(str(amount) if amount else NONE, 6, right=True)
            here = section.first <= self.number < section.first + amount
            text = f" {mark} {fit(name, name_cells)}{fit(str(words), 6, right=True)}{tied}"
            lines.append(line(Span(text, "text", "", here)))
        source = cast("Report", made.product).source
        used, pictures = cited(source), pictured(source)
        known = set(bibliography(made)) & {one.key for one in look.papers}
        held = {name.rpartition("/")[2].rpartition(".")[0] for name in made.files if name.startswith("paper/figures/")}
        lines.append(EMPTY)
        lines.append(self._tally("report.citations", len(used), len(used & known)))
        lines.append(self._tally("report.bound", len(values), sum(value != "?" for value in values)))
        lines.append(self._tally("report.figures", len(pictures), len(pictures & held)))
        return lines

    def _tally(self, key: str, total: int, good: int) -> Line:
        text = tr("report.of", good=str(good), total=str(total)) if total else NONE
        mark = Span(" ✗", "lost") if good < total else Span(" ✓" if total else "  ")
        return line("   ", dim(fit(tr(key), 12)), fit(text, 9, right=True), mark)

    def body_source(self, look: Look, cells: int, rows: int) -> list[Line]:
        made = look.newest(self.phase)
        if made is None:
            return [EMPTY, line("   ", dim(tr("page.nothing_yet")))]
        page = self.page("source")
        text = self.edits(self.wait(look), made) or made.text

        def make(room: int) -> list[Line]:
            told = numbered(text, room)
            self.source_lines = [1, *(number for number, _ in told)]
            return [EMPTY, *(row for _, row in told)]

        page.show(("source", made.row.sha256, text), cells, make)
        return page.draw(cells, rows)

    def body_changes(self, look: Look, cells: int, rows: int) -> list[Line]:
        return self.product_page("changes", look, cells, rows, only_changes=True)

    def body_citations(self, look: Look, cells: int, rows: int) -> list[Line]:
        made = look.newest(self.phase)
        keys = set(bibliography(made)) if made is not None else set()
        papers = [paper for paper in look.papers if paper.key in keys] if keys else list(look.papers)
        return shelf_body(papers, self.rows("citations"), self.page("citation"), cells, rows, abstracts=True)

    def body_log(self, look: Look, cells: int, rows: int) -> list[Line]:
        page = self.page("log")
        newest = look.built[0]
        if newest is None:
            return [EMPTY, line("   ", dim(tr("report.no_log")))]
        went = "report.log_good" if newest.ok else "report.log_bad"
        told = tr(went, engine=newest.engine, time=clock(newest.at, look.now), n=newest.pages)
        page.show(("log", newest.at, newest.log), cells, lambda width: source(newest.log, width))
        if newest.at != self.log_of:  # what went wrong, and how many pages there are, stands at the end
            self.log_of = newest.at
            page.top = max(len(page.lines) - rows + 2, 0)
        return [EMPTY, line(" ", dim(told)), *page.draw(cells, rows - 2)]

    def sub(self, look: Look, view: str, cells: int) -> Line | None:
        made = look.newest(self.phase)
        if view != "paper" or made is None:
            return super().sub(look, view, cells)
        built, kept = tr("report.not_built"), look.built[1]
        if made.row.summary.get("pdf_sha256"):
            built = tr("report.built")
            if kept is not None:
                built = tr("report.built_at", time=clock(kept.at, look.now), n=kept.pages)
        where = f"runs/{look.run.id}/paper/paper.pdf" if made.row.summary.get("pdf_sha256") else ""
        version = tr("report.version", version=str(made.row.version))
        return ends(cells, dim(f"{version} · {built}"), dim(where))

    def keys(self, look: Look, *, folded: bool) -> list[Key]:
        keys = super().keys(look, folded=folded)
        if self.open_view(look) == "paper" and self.rows("chain").rows:
            first, last = Key("Tab", "key.number", "act('part')"), keys[-2:]
            reads = [Key("↑↓", "key.link")]
            if self.files_shown:
                reads = [Key("↑↓", "key.link"), Key("→", "key.into_file", "act('right')")]
                if self.in_file:
                    reads = [Key("↑↓", "key.read"), Key("←", "key.links", "act('left')"),
                             Key("/", "key.search", "act('search')")]  # fmt: skip
            keys = [first, *reads, Key("Enter", "key.open", "act('open')"), Key("Space", "key.page")]
            return [*keys, Key("n", "key.note", "act('note')"), *last]
        return keys


def _within(told: list[Section], section: Section) -> list[Section]:
    """Subsections of a section."""
    found = []
    for one in told[told.index(section) + 1 :]:
        if one.top:
            break
        found.append(one)
    return found


def bibliography(made: Made) -> list[str]:
    """The keys of its references."""
    return re.findall(r"@\w+\{([^,\s]+)", made.files.get("paper/references.bib", b"").decode("utf-8", "replace"))


def _page(
    told: list[Section], found: list[Number], values: list[str], chosen: int, cells: int
) -> tuple[list[Line], list[int]]:
    """The page, and for each row the line of the source that it begins at, as far as heads and numbers tell."""
    lines: list[Line] = []
    at: list[int] = []
    bound = re.compile("‹[^›]*›|" + "|".join(sorted({rf"(?<![\d.]){re.escape(text)}(?![\d.])" for text in values})))

    def marked(found: re.Match[str]) -> str:
        index = int(found[1])
        text = (values[index] if index < len(values) else "?").replace(" ", "\u00a0")
        return f"‹{text}›" if index == chosen else text

    for number, section in enumerate(told):
        lines += [*([EMPTY] if number else []), line(bold(clip(section.heading, cells - 2))), EMPTY]
        at += [section.line] * (len(lines) - len(at))
        paragraphs = section.text.split("\n")
        shown = _aligned([re.sub(f"{OPEN}(\\d+){CLOSE}", marked, paragraph) for paragraph in paragraphs])
        for paragraph, text in zip(paragraphs, shown, strict=True):
            first = re.search(f"{OPEN}(\\d+){CLOSE}", paragraph)
            rows = [text] if COLUMNS in text.strip() else wrap(text, cells - 2) or [""]
            lines += [_underlined(row, bound) for row in rows]
            begins = found[int(first[1])].line if first and int(first[1]) < len(found) else at[-1]
            at += [begins] * len(rows)
    return lines, at


def _aligned(paragraphs: list[str]) -> list[str]:
    """The rows of each table with their columns under each other; what is no table as it is."""
    told: list[str] = []
    for is_table, group in groupby(paragraphs, key=lambda text: COLUMNS in text.strip()):
        rows = list(group)
        if not is_table:
            told += rows
            continue
        cells = [[cell.strip() for cell in row.strip().split(COLUMNS)] for row in rows]
        count = max(len(row) for row in cells)
        rooms = [max((width(row[nth]) for row in cells if nth < len(row)), default=0) for nth in range(count)]
        told += ["  " + COLUMNS.join(fit(cell, room) for cell, room in zip(row, rooms, strict=False)) for row in cells]
    return told


def _underlined(row: str, bound: re.Pattern[str]) -> Line:
    """A row with its bound numbers underlined, the chosen one bold."""
    parts: list[Part] = []
    shown = row.replace("\u00a0", " ")  # it is broken no more, and is found and copied as one types it
    at = 0
    for found in bound.finditer(row):
        if found[0]:
            number = shown[found.start() : found.end()]
            parts += [shown[at : found.start()], Span(number, "text", "", number.startswith("‹"), True)]
            at = found.end()
    return line(*parts, shown[at:])
