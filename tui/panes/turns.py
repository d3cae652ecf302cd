"""Which turn a phase is in, as a person reads it under its title: *turn 3 of 100*. Ideation and report have none."""

from __future__ import annotations

from typing import TYPE_CHECKING

from state.vocabulary import Phase
from tui.language import tr

if TYPE_CHECKING:
    from state.rows import PhaseRow
    from tui.look import Look

IN_TURNS = frozenset(
    {Phase.LITERATURE_REVIEW, Phase.PLAN_FORMULATION, Phase.DATA_PREPARATION, Phase.RESULTS_INTERPRETATION}
)


def turn_of(look: Look, row: PhaseRow) -> str:
    """Which turn of a phase it is, as its limit counts them: in this visit, who leads and who answers being in one."""
    if row.phase not in IN_TURNS:
        return ""
    steps = [turn.path.split("/") for turn in look.turns.get(row.phase, ()) if turn.path.count("/") == 2]
    numbers = [int(last) for visit, _, last in steps if visit == steps[-1][0] and last.isdecimal()]
    number = max(numbers, default=row.asks + (row.state not in ("done", "not_begun")))
    return tr("pane.turn", number=str(number), limit=str(look.counts.get("turns", 100)))
