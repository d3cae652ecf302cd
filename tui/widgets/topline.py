"""Row 1: which run, what happens, what waits for me, then money and GPU-hours of their limits.

A rehearsal and a missing sandbox are never left out. When several things wait the oldest is named.
"""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING

from state.vocabulary import Phase
from tui.language import tr
from tui.lines import Line, Span, bold, dim, ends, line
from tui.text import width
from tui.words import clock, marked, of_limits, phase_name, phase_short, wait_symbol

if TYPE_CHECKING:
    from tui.look import Look

SHORTEST = 3
"""How brief the words for what happens become, from 0 on, where there is no room."""


def top_line(look: Look, cells: int) -> Line:
    """The longest words that fit. Where the person is waited for, money and hours give way before the words do; where
    that is elsewhere, after them.
    """
    facts = of_limits(look.spent_micros, look.limit_micros, look.gpu_s, look.limit_gpu_s)
    here = bool(look.undecided) and look.undecided[0].needs_person and not look.engine_missing
    costs = [tr("top.money", **facts)]
    if here or look.elsewhere:
        costs += [tr("top.money_spent", **facts), tr("top.money_bare", **facts)]
    tries = list(product(range(SHORTEST + 1), costs))
    for brevity, spent in tries if here else sorted(tries, key=lambda one: costs.index(one[1])):
        left = line(*_left(look, brevity))
        if left.width + width(spent) + 4 <= cells:
            break
    return ends(cells, left, dim(spent))


def _left(look: Look, brevity: int) -> list[Span | str]:
    left: list[Span | str] = [bold(look.title)]
    if look.rehearsal:
        left += ["  ", dim(tr("top.rehearsal"))]
    if look.tier in ("basic", "none") and can_run(look):
        left += ["  ", marked("unsafe", tr("top.no_sandbox"))]
    left += ["  ", *happening(look, brevity)]
    if look.elsewhere:
        left += ["  ", marked("waits_person", tr("top.elsewhere", n=look.elsewhere))]
    return left


def can_run(look: Look) -> bool:
    """Whether code that a model wrote runs, or may begin to."""
    if look.run.state in ("done", "stopped", "failed"):
        return False
    busy = look.at_work
    at_it = busy is not None and busy.phase in (Phase.DATA_PREPARATION, Phase.RUNNING_EXPERIMENTS)
    return at_it or any(row.state == "running" for row in look.experiments)


def happening(look: Look, brevity: int = 0) -> list[Span | str]:
    """What the run does, or what it waits for; `brevity` from 1 on where the long words do not fit."""
    state = look.run.state
    if state == "done":
        paper, time = look.newest(Phase.REPORT_WRITING), clock(look.run.ended_at, look.now)
        if paper is None or brevity >= 2:
            return [marked("done", tr("top.done_bare", time=time))]
        return [marked("done", tr("top.done", time=time, what=tr("top.paper", version=str(paper.row.version))))]
    if state in ("stopped", "failed"):
        return [marked(state, tr(f"top.{state}", time=clock(look.run.ended_at, look.now)))]
    if look.engine_missing:
        key = "top.engine_gone_short" if brevity >= 2 else "top.engine_gone"
        return [marked("lost", tr(key, time=clock(look.engine.gone_at, look.now)))]
    if look.waits and not look.undecided:
        return [marked("waits_world", tr("top.decided_short" if brevity else "top.decided"))]
    if look.waits:
        wait = look.undecided[0]
        since = clock(wait.opened_at, look.now)
        key = f"top.wait.{wait.phase}" if wait.why == "checkpoint" and wait.phase else f"top.wait.{wait.why}"
        told = tr(key, time=since)
        if brevity and wait.why == "checkpoint":
            told = tr("top.short.wait", what=phase_short(wait.phase), time=since)
        if brevity >= 2 and wait.phase and wait.needs_person:
            told = tr("top.short.wait_bare", what=phase_short(wait.phase))
        if brevity == SHORTEST and wait.phase:
            told = phase_short(wait.phase)
        mark, role = wait_symbol(wait)
        parts: list[Span | str] = [Span(f"{mark} {told}", role)]
        running = sum(row.state == "running" for row in look.experiments)
        if running and wait.phase != Phase.RUNNING_EXPERIMENTS:
            parts += ["  ", marked("at_work", tr("top.experiments_beside", n=running))]
        return parts
    busy = look.at_work
    if busy is None:
        return [dim(tr("top.beginning"))]
    if busy.phase == Phase.RUNNING_EXPERIMENTS and look.experiments and not brevity:
        running = sum(row.state == "running" for row in look.experiments)
        done = sum(row.state == "finished" for row in look.experiments)
        return [marked("at_work", tr("top.experiments", running=running, done=done))]
    if brevity >= 2:
        return [marked("at_work", phase_short(busy.phase))]
    name = phase_short(busy.phase) if brevity else phase_name(busy.phase)
    return [marked("at_work", tr("top.at_work", phase=name, time=clock(busy.since_at, look.now)))]
