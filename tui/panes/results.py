"""Results interpretation: the talk, and what the numbers say, with the measured values filled in in both."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from state.rows import Turn
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
        found = numbers(text.replace("%", " "))  # in prose a per cent sign begins no comment
        values = iter([value(look, number, current()) for number in found])
        return RESULT.sub(lambda _: next(values, "?"), text)

    def said(self, look: Look, turns: Sequence[Turn]) -> Sequence[Turn]:
        return [self._filled(look, turn) for turn in turns]

    def _filled(self, look: Look, turn: Turn) -> Turn:
        """A turn with its numbers as they were measured."""
        text = self.readable(look, turn.text)
        told = {
            name: self.readable(look, given) if isinstance(given, str) else given
            for name, given in turn.arguments.items()
        }
        return turn if (text, told) == (turn.text, turn.arguments) else replace(turn, text=text, arguments=told)

    def facts(self, look: Look, made: Made) -> list[tuple[str, str]]:
        told = made.row.summary
        holds = str(told.get("hypothesis", ""))
        return [
            (tr("fact.hypothesis"), tr(f"hypothesis.{holds}") if holds else "—"),
            (tr("fact.references"), str(told.get("references", "—"))),
        ]
