"""The shelf: papers that were really found, a row each, and the notes on the one under the cursor."""

from __future__ import annotations

from collections.abc import Sequence

from state.rows import PaperRow
from tui.language import current, has, tr
from tui.lines import EMPTY, Line, dim, line
from tui.look import Look
from tui.panes.document import document
from tui.text import clip, fit
from tui.widgets.page import Page
from tui.widgets.rows import Place, Row, Rows


def on_the_shelf(look: Look) -> list[PaperRow]:
    """The project's papers without those that were found later, while the paper was written."""
    return [paper for paper in look.papers if not look.shelf or paper.key in look.shelf]


def authors_of(paper: PaperRow) -> str:
    """`Alice Power, Bob Burda (2022)`."""
    return f"{', '.join(paper.authors)} ({paper.year or '—'})"


def found_in(paper: PaperRow) -> str:
    """In which source it was found, and under which name."""
    named = f"source.{paper.source}"
    return f"{tr(named) if has(named) else paper.source} {paper.ident}"


def told_of(paper: PaperRow) -> str:
    """Its stored abstract, then what the reader noted."""
    parts = [paper.abstract or tr("shelf.no_abstract")]
    parts += [f"# {tr('shelf.notes')}", paper.notes] if paper.notes else []
    return "\n\n".join(parts)


def shelf_body(
    papers: Sequence[PaperRow], table: Rows, page: Page, cells: int, rows: int, *, abstracts: bool = False
) -> list[Line]:
    """The list above, the chosen paper below: its abstract where `abstracts`, then what the reader noted."""
    if not papers:
        table.show([])
        return [EMPTY, line("   ", dim(tr("shelf.empty")))]
    drawn = []
    for paper in papers:
        who = clip(paper.authors[0].split()[-1] if paper.authors else "", 12)
        text = f"   {fit(str(paper.year or ''), 4)}  {fit(who, 12)}  {clip(paper.title, cells - 24)}"
        drawn.append(Row(line(text), Place("paper", paper.key)))
    table.show(drawn)
    height = min(len(drawn), max(rows // 2, 3))
    chosen = table.chosen
    paper = next((row for row in papers if chosen is not None and row.key == chosen.name), papers[0])
    text = f"# {paper.title}\n\n{authors_of(paper)}{tr('word.comma')}{found_in(paper)}\n\n"
    text += told_of(paper) if abstracts else paper.notes or paper.abstract or tr("shelf.no_abstract")
    page.show((paper.key, len(text), current()), cells, lambda width: document(text, width))
    return [EMPTY, *table.draw(cells, height), EMPTY, *page.draw(cells, max(rows - height - 2, 0))]
