"""What the notice of a pause says in numbers, gathered where something stands still and nowhere else.

For a limit: who set it, its line in project.toml, what is still to come. For a lost network: what asking again costs at
most. Called by the poller's thread.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from state import standstill
from state.readers import Reader
from state.rows import RunRow, WaitRow
from state.vocabulary import AttemptState, Wait
from tui.look import Standstill


def pause(folder: Path, reader: Reader, run: RunRow, waits: Sequence[WaitRow], steps: int) -> Standstill:
    """Of the run's first wait for a limit or the network. `steps`: how many the phase goes by."""
    budget = next((one for one in waits if one.why == Wait.BUDGET), None)
    if budget is not None:
        key = standstill.GPU_HOURS if "limit_gpu_hours" in budget.facts else standstill.MONEY
        limit = standstill.limit(reader, run, key)
        line = _line_of(folder, key) if limit.source == "project" else 0
        ahead = standstill.ahead(reader, run, budget.phase, steps) if budget.phase else standstill.Ahead()
        return Standstill(limit, line, ahead)
    if any(one.why == Wait.NETWORK for one in waits):
        tries = standstill.unanswered(reader, run.id)
        cut = {one.step: one.micros for one in tries if one.state == AttemptState.DOUBT}
        return Standstill(again=len(cut), again_micros=sum(cut.values()))
    return Standstill()


def _line_of(folder: Path, key: str) -> int:
    """The line of project.toml that sets a limit; 0 where none does."""
    from state.project import FILE  # with pydantic, which the first frame does not wait for
    from state.toml_text import line_of, loads

    try:
        text = (folder / FILE).read_text("utf-8-sig")
        table, _, name = key.partition(".")
        within = loads(text).get(table)
        return line_of(text, (table, name)) if isinstance(within, dict) and name in within else 0
    except (OSError, ValueError):  # not to be read now; the limit in force is the last valid one
        return 0
