"""The experiment under the cursor, below or beside the table: its curve against others, its facts, its log.

What is shown comes from the Look; which experiment that is, the pane says to the poller.
"""

from __future__ import annotations

from collections.abc import Sequence

from state.rows import ExperimentRow
from tui.language import tr
from tui.lines import EMPTY, Line, Span, beside, dim, ends, exactly, line
from tui.look import Look
from tui.text import clip, fit, width
from tui.widgets.logpane import LogPane
from tui.widgets.plot import PATTERNS, Curve, plot
from tui.words import clock, exact, labelled, span

FACTS = 30
HIGHEST, WIDE_HIGHEST = 16, 24
WIDEST = 90


def below(look: Look, log: LogPane, cells: int, rows: int, *, in_log: bool) -> list[Line]:
    """Slots, curve with facts, and the log in what room there is; side by side where it is wide."""
    running = [row for row in look.experiments if row.state == "running"]
    lines = [slots_line(look, running, cells)] if rows >= 1 and cells < 85 and running else []
    shown = look.running
    if shown is None:
        return lines
    experiment = next((row for row in look.experiments if row.id == shown.experiment), None)
    log.show(shown.log)
    rows -= len(lines)
    if cells >= 140:
        half = cells * 3 // 5
        left = curve_lines(look, experiment, half - 2, rows, most=3, highest=WIDE_HIGHEST)
        if not left and experiment is not None:
            left = facts(look, experiment)
        right = log_lines(look, log, cells - half, rows, in_log=in_log)
        return [*lines, *beside(exactly(left, rows), right, half, cells - half)]
    roomy = rows >= 18
    log_rows = max(rows // 3, 4) + 1 if roomy else min(3, max(rows - 5, 1))
    curve = curve_lines(look, experiment, cells, rows - log_rows - roomy, most=1)
    if not curve and experiment is not None and rows > log_rows:
        curve = [facts_line(look, experiment, cells)]
    gap = [EMPTY] if roomy and curve else []
    draw = log_lines if roomy else log_beside
    return [*lines, *curve, *gap, *draw(look, log, cells, rows - len(curve) - len(gap), in_log=in_log)]


def curve_lines(
    look: Look, experiment: ExperimentRow | None, cells: int, rows: int, *, most: int, highest: int = HIGHEST
) -> list[Line]:
    """The legend, then the curve with the experiment's facts at its right."""
    shown = look.running
    if shown is None or rows < 5 or not shown.curve.points:
        return []
    others = look.beside[:most]
    legend = legends(look, others, cells)
    room = min(cells - FACTS, WIDEST)
    high = min(rows - len(legend), highest)
    code = look.written.get(experiment.program) if experiment is not None else None
    drawn = plot([shown.curve, *others], room - 2, high, code.steps if code is not None else None)
    return [*legend, *beside(drawn, facts(look, experiment)[:high], room, FACTS)]


def legends(look: Look, others: Sequence[Curve], cells: int) -> list[Line]:
    """What is drawn and each curve by its pattern and name, on as many rows as that takes."""
    shown = look.running
    if shown is None:
        return []
    head = f" {tr('experiments.curve', name=shown.curve.name)}"
    entries = [Span(f"   {PATTERNS[0].print} e{shown.experiment}", "live")]
    for pattern, curve in zip(PATTERNS[1:], others, strict=False):
        entries.append(dim(f"   {pattern.print} {tr('experiments.at_median', program=curve.name)}"))
    lines = [line(dim(head))]
    for entry in entries:
        if lines[-1].width + width(entry.text) > cells - 1:
            lines.append(line(" " * width(head)))
        lines[-1] = line(lines[-1], entry)
    return lines


def facts(look: Look, experiment: ExperimentRow | None) -> list[Line]:
    """Label and value, a row each."""
    if experiment is None or look.running is None:
        return []
    pairs = [
        (f"e{experiment.id}", tr("experiments.program_seed", program=experiment.program, seed=str(experiment.seed)))
    ]
    code = look.written.get(experiment.program)
    for name, value in _told(look):
        told = f"{value:,.4g}" if abs(value) < 1e4 else f"{value:,.0f}"
        if name == "step" and code is not None and code.steps is not None and value <= code.steps:
            told = tr("experiments.step_of", step=told, steps=f"{code.steps:,}")
        pairs.append((name, told))
    pairs.append((tr("experiments.begun"), clock(experiment.begun_at, look.now)))
    if experiment.ended_at is None:
        until = clock(experiment.begun_at + experiment.limit_s * 1000, look.now)
        limit = tr("experiments.limit_until", limit=exact(experiment.limit_s), time=until)
        pairs.append((tr("experiments.limit"), limit))
    else:
        pairs.append((tr("experiments.took"), span((experiment.ended_at - experiment.begun_at) / 1000)))
    if code is not None and code.added is not None:
        changed = tr("experiments.changed", program=experiment.program, added=str(code.added), taken=str(code.taken))
        pairs.append((tr("experiments.program"), changed))
    label = max(max(width(name) for name, _ in pairs) + 2, 11)
    return [line(dim(fit(name, label)), clip(value, FACTS - label - 1)) for name, value in pairs]


def facts_line(look: Look, experiment: ExperimentRow, cells: int) -> Line:
    """The same in one row, where there is no curve or no room for one."""
    who = tr("experiments.program_seed", program=experiment.program, seed=str(experiment.seed))
    values = "   ".join(f"{name} {value:,.4g}" for name, value in _told(look))
    state = tr(f"experiment.{experiment.state}")
    took = ""
    if experiment.ended_at is not None:
        took = f"   {tr('experiments.took')} {span((experiment.ended_at - experiment.begun_at) / 1000)}"
    return line(f" e{experiment.id}  ", dim(clip(f"{who}   {state}{took}   {values}", cells - 10)))


def log_lines(look: Look, log: LogPane, cells: int, rows: int, *, in_log: bool) -> list[Line]:
    """A heading, then the log."""
    if rows < 2 or look.running is None or look.running.log is None:
        return []
    head = tr("log.of", experiment=f"e{look.running.experiment}")
    return [ends(cells, Span(head, "text" if in_log else "dim"), dim(follows(log))), *log.draw(cells, rows - 1)]


def log_beside(look: Look, log: LogPane, cells: int, rows: int, *, in_log: bool) -> list[Line]:
    """The log with its heading at the left of its first row, where rows are few."""
    if rows < 1 or look.running is None or look.running.log is None:
        return []
    head = tr("log.of", experiment=f"e{look.running.experiment}")
    room = width(head) + 3
    drawn = log.draw(cells - room, rows) or [EMPTY]
    role = "text" if in_log else "dim"
    return [
        ends(
            cells, line(Span(fit(head if nth == 0 else "", room - 1), role), row), dim(follows(log) if nth == 0 else "")
        )
        for nth, row in enumerate(drawn)
    ]


def follows(log: LogPane) -> str:
    return tr("log.follows") if not log.behind else f"+{log.behind}"


def slots_line(look: Look, running: list[ExperimentRow], cells: int) -> Line:
    """How many slots are taken, by what, and the GPUs; cores where there are none."""
    slots = tr("experiments.slots", running=str(len(running)), slots=str(look.slots))
    if look.slots < len(running):  # as many as there are GPUs or cores, which the engine counts
        slots = tr("experiments.at_work", n=len(running))
    what = tr("word.list").join(f"e{row.id}" for row in running)
    if len(running) == 1:
        one = running[0]
        what = labelled(what, tr("experiments.program_seed", program=one.program, seed=str(one.seed)))
    elif len({row.program for row in running}) == 1:
        seeds = tr("word.list").join(str(row.seed) for row in running)
        what = tr("experiments.running", names=what, program=running[0].program, seeds=seeds)
    where = machine_told(look)
    return ends(cells, line(dim(slots), "   ", clip(what, cells - width(slots) - width(where) - 8)), dim(where))


def machine_told(look: Look) -> str:
    """`GPU 0 H100 71 %, 9 of 80 GB`, the busiest of them; else the cores."""
    if look.machine.gpus:
        gpu = max(look.machine.gpus, key=lambda one: one.busy_percent)
        return tr(
            "experiments.gpu",
            index=str(gpu.index),
            name=gpu.name,
            busy=str(gpu.busy_percent),
            used=str(gpu.used_gb),
            memory=str(gpu.memory_gb),
        )
    return tr("experiments.cores", n=look.machine.cores) if look.machine.cores else ""


def _told(look: Look) -> list[tuple[str, float]]:
    values = look.running.values if look.running is not None else {}
    names = ["step", *sorted((name for name in values if name != "step"), key=lambda name: not name.startswith("val"))]
    return [(name, values[name]) for name in names if name in values][:3]
