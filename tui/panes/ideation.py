"""Ideation: the ranked ideas, and under them the one under the cursor with what its novelty rests on."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from state.vocabulary import Choice, Phase
from tui.language import current, tr
from tui.lines import EMPTY, Line, dim, line
from tui.look import Look
from tui.panes.document import document
from tui.panes.pane import Pane
from tui.text import clip, fit
from tui.widgets.keyline import Key
from tui.widgets.rows import Place, Row
from tui.words import labelled

if TYPE_CHECKING:
    from state.products.ideas import Ideas


class IdeationPane(Pane):
    VIEWS = ("talk", "ideas")
    CHECK_VIEWS = ("ideas", "talk")
    PRODUCT = "ideas"

    def __init__(self) -> None:
        super().__init__(Phase.IDEATION)

    def body_ideas(self, look: Look, cells: int, rows: int) -> list[Line]:
        made = look.newest(self.phase)
        table = self.rows("ideas")
        if made is None or made.product is None:
            table.show([])
            return [EMPTY, line("   ", dim(tr("page.nothing_yet")))]
        ideas = cast("Ideas", made.product).ideas
        points = ("interestingness", "feasibility", "novelty")
        wide = cells >= 70
        name_cells, number_cells = (20, 10) if wide else (16, 9)
        numbers = "".join(fit(tr(f"ideas.{name}"), number_cells, right=True) for name in points)
        head = "   " + fit(tr("ideas.name"), name_cells) + numbers
        drawn = [Row(line(dim(f"{head}  {tr('ideas.verdict')}" if wide else head)))]
        for idea in ideas:
            numbers = "".join(fit(str(getattr(idea, name)), number_cells, right=True) for name in points)
            mark = "◆ " if idea.name == cast("Ideas", made.product).choice.name else "  "
            verdict = f"  {tr(f'novelty.{idea.verdict}')}" if wide else ""
            text = f" {mark}{fit(idea.name, name_cells)}{numbers}{verdict}"
            drawn.append(Row(line(text), Place("idea", idea.name)))
        table.show(drawn)
        height = min(len(drawn), max(rows // 2, 4))
        chosen = table.chosen
        idea = next((idea for idea in ideas if chosen is not None and idea.name == chosen.name), ideas[0])
        verdict = "" if wide else f"{labelled(tr('ideas.verdict'), tr(f'novelty.{idea.verdict}'))}\n\n"
        text = f"# {idea.title}\n\n{verdict}{idea.hypothesis}\n\n{idea.experiment}\n\n{idea.why}"
        page = self.page("ideas")
        page.show((idea.name, made.row.sha256, current()), cells, lambda width: document(text, width))
        papers = (
            [line("   ", dim(clip(tr("ideas.papers", papers=tr("word.list").join(idea.papers)), cells - 5)))]
            if idea.papers
            else []
        )
        room = rows - height - 2 - len(papers)
        return [EMPTY, *table.draw(cells, height), EMPTY, *page.draw(cells, max(room, 0)), *papers]

    def turn_page(self, look: Look, step: int, rows: int) -> None:
        """Space reads the idea under the cursor; arrows go through the table."""
        if self.open_view(look) == "ideas" and not self.in_second:
            page = self.page("ideas")
            page.move(step * max(page.height - 1, 1))
        else:
            super().turn_page(look, step, rows)

    def keys(self, look: Look, *, folded: bool) -> list[Key]:
        keys = super().keys(look, folded=folded)
        page = self.page("ideas")
        if self.open_view(look) == "ideas" and len(page.lines) > page.height:
            at = next((nth for nth, key in enumerate(keys) if key.key == "↑↓"), 0) + 1
            keys = [*keys[:at], Key("Space", "key.text"), *(key for key in keys[at:] if key.key != "y")]
        wait = self.undecided(look)
        if wait is not None and Choice.PICK.value in wait.choices and self.open_view(look) == "ideas":
            return [Key("Enter", "key.pick", "act('open')"), *(key for key in keys if key.key != "Enter")]
        return keys
