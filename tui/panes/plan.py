"""Plan formulation: the talk, the draft with its facts first, what changed since the version before, the shelf."""

from __future__ import annotations

from state.vocabulary import Phase
from tui.language import tr
from tui.lines import Line
from tui.look import Look, Made
from tui.panes.pane import Pane
from tui.panes.shelf import on_the_shelf, shelf_body


class PlanPane(Pane):
    VIEWS = ("talk", "draft", "shelf")
    CHECK_VIEWS = ("plan", "changes", "talk")
    PRODUCT = "draft"

    def __init__(self) -> None:
        super().__init__(Phase.PLAN_FORMULATION)

    def body_draft(self, look: Look, cells: int, rows: int) -> list[Line]:
        return self.product_page("draft", look, cells, rows)

    def body_plan(self, look: Look, cells: int, rows: int) -> list[Line]:
        return self.product_page("plan", look, cells, rows)

    def body_changes(self, look: Look, cells: int, rows: int) -> list[Line]:
        return self.product_page("changes", look, cells, rows, only_changes=True)

    def body_shelf(self, look: Look, cells: int, rows: int) -> list[Line]:
        return shelf_body(on_the_shelf(look), self.rows("shelf"), self.page("paper"), cells, rows)

    def facts(self, look: Look, made: Made) -> list[tuple[str, str]]:
        told = made.row.summary
        metric = str(told.get("label") or told.get("metric") or "—")
        if told.get("direction"):
            metric = tr("fact.metric_with", metric=metric, direction=tr(f"direction.{told['direction']}"))
        return [
            (tr("fact.metric"), metric),
            (tr("fact.baseline"), str(told.get("baseline") or "—")),
            (tr("fact.target"), str(told.get("target") or tr("word.none_set"))),
            (tr("fact.seeds"), str(told.get("seeds") or "—")),
            (tr("fact.data"), str(told.get("dataset") or "—")),
            (tr("fact.stop"), str(told.get("stop") or "—")),
        ]
