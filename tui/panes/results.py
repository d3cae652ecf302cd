"""Results interpretation: the talk, and what the numbers say, with the measured values filled in."""

from __future__ import annotations

from state.vocabulary import Phase
from tui.language import current, tr
from tui.lines import Line
from tui.look import Look, Made
from tui.panes.chain import value
from tui.panes.pane import Pane
from tui.panes.papertext import RESULT, numbers


class ResultsPane(Pane):
    VIEWS = ("talk", "draft")
    CHECK_VIEWS = ("interpretation", "changes", "talk")
    PRODUCT = "draft"

    def __init__(self) -> None:
        super().__init__(Phase.RESULTS_INTERPRETATION)

    def body_draft(self, look: Look, cells: int, rows: int) -> list[Line]:
        return self.product_page("draft", look, cells, rows)

    def body_interpretation(self, look: Look, cells: int, rows: int) -> list[Line]:
        return self.product_page("interpretation", look, cells, rows)

    def body_changes(self, look: Look, cells: int, rows: int) -> list[Line]:
        return self.product_page("changes", look, cells, rows, only_changes=True)

    def readable(self, look: Look, text: str) -> str:
        values = iter([value(look, number, current()) for number in numbers(text)])
        return RESULT.sub(lambda _: next(values), text)

    def facts(self, look: Look, made: Made) -> list[tuple[str, str]]:
        told = made.row.summary
        holds = str(told.get("hypothesis", ""))
        return [
            (tr("fact.hypothesis"), tr(f"hypothesis.{holds}") if holds else "—"),
            (tr("fact.references"), str(told.get("references", "—"))),
        ]
