"""Data preparation: the talk, the program that loads the data, and the card that says what they are."""

from __future__ import annotations

from state.vocabulary import Phase
from tui.language import current, tr
from tui.lines import EMPTY, Line, dim, line
from tui.look import Look, Made
from tui.panes.code import source
from tui.panes.document import body_of, document, facts_block
from tui.panes.pane import Pane


class DataPane(Pane):
    VIEWS = ("talk", "card", "code")
    CHECK_VIEWS = ("card", "code", "changes", "talk")
    PRODUCT = "card"

    def __init__(self) -> None:
        super().__init__(Phase.DATA_PREPARATION)

    def body_card(self, look: Look, cells: int, rows: int) -> list[Line]:
        made = look.newest(self.phase)
        if made is None:
            return [EMPTY, line("   ", dim(tr("page.nothing_yet")))]
        page = self.page("card")
        text = body_of(made.files.get("data.md", b"").decode("utf-8", "replace"))

        def make(width: int) -> list[Line]:
            block = facts_block(self.facts(look, made), width)
            return [EMPTY, *block, *([EMPTY] if block else []), *document(text, width)]

        page.show(("card", made.row.sha256, current()), cells, make)
        return page.draw(cells, rows)

    def body_code(self, look: Look, cells: int, rows: int) -> list[Line]:
        made = look.newest(self.phase)
        if made is None:
            return [EMPTY, line("   ", dim(tr("page.nothing_yet")))]
        page = self.page("code")
        text = self.edits(self.wait(look), made) or made.text
        page.show(("code", made.row.sha256, text), cells, lambda width: [EMPTY, *source(text, width)])
        return page.draw(cells, rows)

    def body_changes(self, look: Look, cells: int, rows: int) -> list[Line]:
        return self.product_page("changes", look, cells, rows, only_changes=True)

    def facts(self, look: Look, made: Made) -> list[tuple[str, str]]:
        told = made.row.summary
        names = told.get("datasets") or []
        return [
            (tr("fact.data"), tr("word.list").join(map(str, names)) or "—"),
            (tr("fact.lines"), str(told.get("lines", "—"))),
        ]
