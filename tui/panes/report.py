"""Report writing: the outline, the page as text with its numbers underlined, and the chain of the chosen number.

Tab goes from number to number; ↑↓ walk the rungs from the page down to the step that made it; Enter opens one.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, cast

from state import paper
from state.vocabulary import Language, Phase, Verdict
from tui.language import current, tr
from tui.lines import EMPTY, Line, Part, Span, beside, bold, dim, ends, exactly, line
from tui.look import Look, Made
from tui.panes.chain import chain, chain_beside, value
from tui.panes.document import source
from tui.panes.pane import Pane, Reads
from tui.panes.papertext import CLOSE, OPEN, Section, numbers, sections
from tui.panes.shelf import shelf_body
from tui.text import clip, fit, wrap
from tui.widgets.keyline import Key
from tui.words import NONE

if TYPE_CHECKING:
    from state.products.report import Report

OUTLINE, WIDE_OUTLINE = 30, 44
PAGE = 82
WIDE = 150


class ReportPane(Pane):
    VIEWS = ("paper", "source", "citations", "log", "talk")
    CHECK_VIEWS = ("paper", "source", "changes", "citations", "talk")
    FOLDED = True

    def __init__(self) -> None:
        super().__init__(Phase.REPORT_WRITING)
        self.number = 0
        self.seeks = True
        self.cells = 0
        self.language = Language.EN

    def reads(self, look: Look) -> Reads:
        if self.open_view(look) == "paper":
            return self.rows("chain")
        return super().reads(look)

    def turn(self, look: Look) -> None:
        """The next number; the page goes along."""
        made = look.newest(self.phase)
        if made is None or made.product is None:
            return
        count = len(numbers(cast("Report", made.product).source))
        if count:
            self.number, self.seeks = (self.number + 1) % count, True

    def turn_page(self, look: Look, step: int, rows: int) -> None:
        if self.open_view(look) == "paper":
            self.page("paper").move(step * max(self.page("paper").height - 1, 1))
        else:
            super().turn_page(look, step, rows)

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
        of, wide = (self.number, len(found)), cells >= WIDE
        edge = WIDE_OUTLINE if cells >= 190 else OUTLINE
        beside_it = cells - edge - PAGE if wide and found else 0
        below = [] if wide or not found else chain(look, rungs, found[self.number], of, report.source, shown, cells)
        upper = max(rows - len(below) - 2, 4) if below else rows - 1
        values = [value(look, number, self.language).replace(" ", "\u00a0") for number in found]
        width = cells - edge - 1 - beside_it
        page.show(
            ("paper", made.row.sha256, self.number, current()),
            width,
            lambda room: _page(told, values, self.number, min(room, 80)),
        )
        if self.seeks or cells != self.cells:  # another width has other rows
            self.cells = cells
            rows_with = [row for row, drawn in enumerate(page.lines) if "‹" in drawn.plain]
            page.top, self.seeks = max((rows_with or [0])[0] - upper // 2, 0), False
        outline = self.outline(look, made, told, len(found), edge - 18)
        right = [line(Span("│ ", "line"), row) for row in exactly(page.draw(width, upper), upper)]
        both = beside(exactly(outline, upper), right, edge - 1, cells - edge + 1 - beside_it)
        if beside_it:
            column = chain_beside(look, rungs, found[self.number], of, report.source, shown, beside_it, upper)
            both = beside(both, exactly(column, upper), cells - beside_it, beside_it)
        return [EMPTY, *both, *([EMPTY, *below] if below else [])]

    def outline(self, look: Look, made: Made, told: list[Section], count: int, name_cells: int) -> list[Line]:
        lines = [line(dim(f"   {fit(tr('report.section'), name_cells)}{fit(tr('report.words'), 6, right=True)}"
                          f"{fit(tr('report.numbers'), 6, right=True)}"))]  # fmt: skip
        for section in told:
            if not section.top:
                continue
            amount = section.count + sum(one.count for one in _within(told, section))
            words = section.words + sum(one.words for one in _within(told, section))
            name = tr("report.abstract") if section.title == "abstract" else section.title.lower()
            mark = "✓" if words else "·"
            tied = fit(str(amount) if amount else NONE, 6, right=True)
            lines.append(line(f" {mark} {fit(name, name_cells)}{fit(str(words), 6, right=True)}{tied}"))
        summary = made.row.summary
        known = len({paper.key for paper in look.papers})
        cited = int(summary.get("citations", 0) or 0)
        lines.append(EMPTY)
        lines.append(self._tally("report.citations", cited, min(cited, known) if known else cited))
        lines.append(self._tally("report.bound", count, count))
        lines.append(self._tally("report.figures", int(summary.get("figures", 0) or 0), None))
        return lines

    def _tally(self, key: str, total: int, good: int | None) -> Line:
        text = str(total) if good is None else tr("report.of", good=str(good), total=str(total))
        mark = " ✓" if good == total and total else ""
        return line("   ", dim(fit(tr(key), 12)), fit(text + mark, 11, right=True))

    def body_source(self, look: Look, cells: int, rows: int) -> list[Line]:
        made = look.newest(self.phase)
        if made is None:
            return [EMPTY, line("   ", dim(tr("page.nothing_yet")))]
        page = self.page("source")
        text = self.edits(self.wait(look), made) or made.text
        page.show(("source", made.row.sha256, text), cells, lambda width: [EMPTY, *source(text, width)])
        return page.draw(cells, rows)

    def body_changes(self, look: Look, cells: int, rows: int) -> list[Line]:
        return self.product_page("changes", look, cells, rows, only_changes=True)

    def body_citations(self, look: Look, cells: int, rows: int) -> list[Line]:
        made = look.newest(self.phase)
        text = made.files.get("paper/references.bib", b"").decode("utf-8", "replace") if made else ""
        keys = set(re.findall(r"@\w+\{([^,\s]+)", text))
        papers = [paper for paper in look.papers if paper.key in keys] if keys else list(look.papers)
        return shelf_body(papers, self.rows("citations"), self.page("citation"), cells, rows)

    def body_log(self, look: Look, cells: int, rows: int) -> list[Line]:
        page = self.page("log")
        made = look.newest(self.phase)
        text = made.files.get("paper/build.log", b"").decode("utf-8", "replace") if made else ""
        if not text:
            return [EMPTY, line("   ", dim(tr("report.no_log")))]
        page.show(("log", text), cells, lambda width: [EMPTY, *source(text, width)])
        return page.draw(cells, rows)

    def sub(self, look: Look, view: str, cells: int) -> Line | None:
        made = look.newest(self.phase)
        if view != "paper" or made is None:
            return super().sub(look, view, cells)
        built = tr("report.built") if made.row.summary.get("pdf_sha256") else tr("report.not_built")
        where = f"runs/{look.run.id}/paper/paper.pdf" if made.row.summary.get("pdf_sha256") else ""
        version = tr("report.version", version=str(made.row.version))
        return ends(cells, dim(f"{version} · {built}"), dim(where))

    def keys(self, look: Look, *, folded: bool) -> list[Key]:
        keys = super().keys(look, folded=folded)
        if self.open_view(look) == "paper" and self.rows("chain").rows:
            last = keys[-2:]
            keys = [Key("Tab", "key.number"), Key("↑↓", "key.link"), Key("Enter", "key.open", "act('open')")]
            return [*keys, Key("Space", "key.page"), Key("n", "key.note", "act('note')"), *last]
        return keys


def _within(told: list[Section], section: Section) -> list[Section]:
    """Subsections of a section."""
    found = []
    for one in told[told.index(section) + 1 :]:
        if one.top:
            break
        found.append(one)
    return found


def _page(told: list[Section], values: list[str], chosen: int, cells: int) -> list[Line]:
    lines: list[Line] = []
    bound = re.compile("‹[^›]*›|" + "|".join(sorted({rf"(?<![\d.]){re.escape(text)}(?![\d.])" for text in values})))

    def marked(found: re.Match[str]) -> str:
        index = int(found[1])
        text = (values[index] if index < len(values) else "?").replace(" ", "\u00a0")
        return f"‹{text}›" if index == chosen else text

    for number, section in enumerate(told):
        title = tr("report.abstract") if section.title == "abstract" else section.title
        lines += [*([EMPTY] if number else []), line(bold(clip(title, cells - 2))), EMPTY]
        for row in wrap(re.sub(f"{OPEN}(\\d+){CLOSE}", marked, section.text), cells - 2):
            lines.append(_underlined(row, bound))
    return lines


def _underlined(row: str, bound: re.Pattern[str]) -> Line:
    """A row with its bound numbers underlined, the chosen one bold."""
    parts: list[Part] = []
    at = 0
    for found in bound.finditer(row):
        if found[0]:
            parts += [row[at : found.start()], Span(found[0], "text", "", found[0].startswith("‹"), True)]
            at = found.end()
    return line(*parts, row[at:])
