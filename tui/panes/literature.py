"""Literature review: the talk, the shelf with a reader's notes, and the review written from it."""

from __future__ import annotations

from state.vocabulary import Phase
from tui.language import tr
from tui.lines import Line, dim, line
from tui.look import Look, Made
from tui.panes.pane import Pane
from tui.panes.shelf import on_the_shelf, shelf_body
from tui.panes.turns import turn_of


class LiteraturePane(Pane):
    VIEWS = ("talk", "shelf", "review")
    CHECK_VIEWS = ("review", "shelf", "talk")
    PRODUCT = "review"

    def __init__(self) -> None:
        super().__init__(Phase.LITERATURE_REVIEW)

    def sub(self, look: Look, view: str, cells: int) -> Line | None:
        told = super().sub(look, view, cells)
        row = look.phase(self.phase)
        if view != "talk" or row is None or self.wait(look) is not None:
            return told
        papers = tr("pane.papers", n=len(look.shelf), limit=str(look.counts.get("papers", 5)))
        return line(" ", dim(f"{turn_of(look, row)} · {papers}"))

    def body_shelf(self, look: Look, cells: int, rows: int) -> list[Line]:
        return shelf_body(on_the_shelf(look), self.rows("shelf"), self.page("paper"), cells, rows)

    def body_review(self, look: Look, cells: int, rows: int) -> list[Line]:
        return self.product_page("review", look, cells, rows)

    def facts(self, look: Look, made: Made) -> list[tuple[str, str]]:
        return [(tr("fact.papers"), str(made.row.summary.get("papers", "—")))]
