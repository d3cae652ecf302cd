"""A text that one reads keeps its place when the window gets another width."""

from __future__ import annotations

from functools import partial

import pytest

from tui.lines import EMPTY, Line, line
from tui.panes.code import source
from tui.panes.document import document, facts_block
from tui.widgets.page import Page

PROSE = "\n\n".join(f"Paragraph {number}: " + "a quick fox jumps over the lazy dog. " * 8 for number in range(40))
CHINESE = "\n\n".join(f"第 {number} 段：" + "权重衰减越强，网络泛化所需的步数越少；" * 9 for number in range(40))


@pytest.mark.parametrize("text", [PROSE, CHINESE])
@pytest.mark.parametrize("make", [document, source])
def test_the_first_visible_line_stays_at_every_width(text: str, make: object) -> None:
    page = Page()

    def shown(cells: int) -> list[Line]:
        page.show(("text",), cells, partial(make, text))  # type: ignore[arg-type]
        return page.draw(cells, 20)

    shown(80)
    page.top = next(row for row, line in enumerate(page.lines) if " 30" in line.plain)
    for cells in (200, 100, 132, 80):
        assert " 30" in shown(cells)[0].plain, cells


def test_what_begins_with_a_gap_still_begins_with_it() -> None:
    page = Page()
    for cells in (80, 200):
        page.show(("text",), cells, lambda _: [EMPTY, line("words")])
        page.draw(cells, 1)
    assert page.top == 0


def test_another_text_of_the_same_name_stays_at_its_row() -> None:
    """A version that grew at its end: what one reads does not move."""
    page = Page()
    page.show(("plan", 1), 80, partial(document, PROSE))
    page.draw(80, 20)
    page.move(50)
    page.show(("plan", 2), 80, partial(document, PROSE + "\n\nmore"))
    page.draw(80, 20)
    assert page.top == 50


def test_a_fact_that_is_too_long_for_its_column_stands_below_those_that_one_looks_for_first() -> None:
    pairs = [("metric", "steps"), ("baseline", "decay 1.0"), ("stop", "after two steps, " * 9), ("seeds", "3")]
    told = [row.plain.strip() for row in facts_block(pairs, 80)]
    assert told[0].startswith("metric")
    assert told[-1].endswith("two steps,")
    assert [row.split()[0] for row in told[:2]] == ["metric", "baseline"]
