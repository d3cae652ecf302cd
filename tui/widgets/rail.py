"""The phases with time and cost, and under them the facts of the run, the next stop first.

Folded it is a strip of digits and symbols at the right of row 2.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from state.vocabulary import Phase
from tui.language import tr
from tui.lines import EMPTY, Line, Span, dim, fitted, line, picked
from tui.text import fit, width
from tui.words import NONE, clock, gpu_hours, money, phase_name, phase_short, short_number, span, symbol

if TYPE_CHECKING:
    from tui.look import Look

NARROW, WIDE = 30, 44


def strip(look: Look) -> Line:
    """`1✓ 2✓ 3● 4· …`."""
    parts: list[Span | str] = []
    for row in look.phases:
        mark, role = symbol(state_shown(look, row.phase, row.state))
        number = Phase(row.phase).number
        parts += [Span(str(number), "text" if role == "text" else role, f"pane({number})"), Span(mark, role), " "]
    return line(*parts[:-1])


def rail(look: Look, open_phase: str | None, cells: int, rows: int) -> list[Line]:
    """`cells` cells wide, the last of them the hairline."""
    inner = cells - 1
    wide = cells >= WIDE
    name_cells = inner - (21 if wide else 17)
    head = "     " + fit(tr("rail.phase"), name_cells - 2 * wide)
    head += (fit(tr("rail.turns"), 5, right=True) + " " if wide else "") + fit(tr("rail.time"), 5, right=True)
    lines = [line(dim(fit(head + fit("$", 6, right=True), inner)))]
    for row in look.phases:
        state = state_shown(look, row.phase, row.state)
        mark, role = symbol(state)
        busy = state in ("at_work", "waits_person", "waits_world", "lost")
        time = clock(row.since_at, look.now) if busy else span(row.took_s)
        cost = money(row.micros) if row.micros or state != "not_begun" else NONE
        number = Phase(row.phase).number
        tail = fit(time, 5, right=True) + fit(cost, 6, right=True)
        if wide:
            tail = fit(str(row.asks) if row.asks else NONE, 3, right=True) + " " + tail
        quiet = "dim" if state == "not_begun" else "text"
        press = f"pane({number})"
        drawn = line(
            Span(f" {number} ", quiet, press),
            Span(mark, role, press),
            Span(" " + fit(phase_name(row.phase) if wide else phase_short(row.phase), name_cells), quiet, press),
            Span(tail, "dim", press),
        )
        lines.append(picked(fitted(drawn, inner)) if row.phase == open_phase else drawn)
    lines += [EMPTY, *facts(look, inner)]
    return [line(fitted(drawn, inner), Span("│", "line")) for drawn in _filled(lines, rows)]


def facts(look: Look, inner: int) -> list[Line]:
    """Label and value, a row each."""
    read = sum(note.read_at is not None for note in look.notes)
    pairs = [
        ("next_stop", next_stop(look)),
        ("mode", tr(f"autonomy.{look.run.autonomy}")),
        ("notes", notes_told(len(look.notes), read)),
        ("model", tr("rail.rehearsal") if look.rehearsal else look.model or NONE),
        ("sandbox", tr(f"tier.{look.tier}")),
        ("engine", engine_told(look)),
    ]
    if any(row.state == "running" for row in look.experiments) and inner >= 29:
        pairs.append(("slots", slots_told(look)))
    if inner >= WIDE - 1:
        spent = tr("rail.of", spent=money(look.spent_micros), limit=money(look.limit_micros))
        hours = tr("rail.of", spent=gpu_hours(look.gpu_s), limit=short_number(look.limit_gpu_s / 3600))
        pairs += [("money", _share(spent, look.spent_micros, look.limit_micros))]
        pairs += [("gpu_h", _share(hours, look.gpu_s, look.limit_gpu_s))]
    pairs += machine(look) if inner >= 29 else []
    label_cells = max(width(tr(f"rail.{name}")) for name, _ in pairs) + 2
    label_cells = max(label_cells, 11)
    drawn = []
    for name, value in pairs:
        role = "lost" if name == "engine" and look.engine_missing else "text"
        if name == "sandbox" and look.tier in ("basic", "none"):
            role = "lost"
        drawn.append(line(" ", dim(fit(tr(f"rail.{name}"), label_cells)), Span(value, role)))
    return drawn


def slots_told(look: Look) -> str:
    """How many slots are taken; where more run than there are, as after the number was lowered, how many run."""
    running = sum(row.state == "running" for row in look.experiments)
    if look.slots < running:
        return tr("experiments.at_work", n=running)
    return tr("rail.slots_of", running=running, slots=look.slots)


def machine(look: Look) -> list[tuple[str, str]]:
    """The GPUs while something runs; the cores where there are none."""
    if not any(row.state == "running" for row in look.experiments):
        return []
    if not look.machine.gpus:
        return [("cores", str(look.machine.cores))] if look.machine.cores else []
    gpu = max(look.machine.gpus, key=lambda one: one.busy_percent)
    used = tr("rail.gpu_used", busy=str(gpu.busy_percent), used=str(gpu.used_gb), memory=str(gpu.memory_gb))
    return [("gpu", f"{gpu.index} {gpu.name}"), ("busy", used)]


def _share(told: str, spent: float, limit: float) -> str:
    """`0.84 of 10.00, 8 %`."""
    return tr("rail.share", told=told, percent=f"{100 * spent / limit:.0f}") if limit else told


def next_stop(look: Look) -> str:
    """The next checkpoint that this run will wait at."""
    if look.run.state in ("done", "stopped", "failed"):
        return NONE
    if look.run.autonomy == "autopilot":
        return tr("rail.next.trouble_only")
    busy = look.at_work
    start = Phase(busy.phase).number if busy else 1
    for row in look.phases:
        if Phase(row.phase).number >= start and row.phase in look.checkpoints:
            return tr(f"rail.next.{row.phase}")
    return tr("rail.next.end")


def notes_told(left: int, read: int) -> str:
    if not left:
        return NONE
    if read == left:
        return tr("rail.notes_read", n=left)
    return tr("rail.notes_unread", n=left, unread=left - read)


def engine_told(look: Look) -> str:
    if look.engine.alive:
        since = tr("rail.since", time=clock(look.engine.since_at, look.now))
        return tr("rail.version", since=since, version=look.engine.version) if look.engine.version else since
    if look.engine_missing:
        return tr("rail.gone", time=clock(look.engine.gone_at, look.now))
    return tr("rail.resting")


def state_shown(look: Look, phase: str, state: str) -> str:
    """A phase's state as its symbol tells it: also that its engine is gone, and that it was decided already."""
    if state == "at_work" and look.engine_missing:
        return "lost"
    if state == "at_work" and look.run.state == "stopped":
        return "stopped"
    if state == "waits_person" and look.decided and all(wait.phase != phase for wait in look.undecided):
        return "waits_world"
    return state


def _filled(lines: Sequence[Line], rows: int) -> list[Line]:
    return [*lines[:rows], *([EMPTY] * (rows - len(lines)))]
