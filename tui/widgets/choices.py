"""What stands under a product that waits: what a yes would cost, and the choices, always in the same two rows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from state.vocabulary import Choice, Language, Phase
from tui.language import current, tr
from tui.lines import EMPTY, Line, Span, dim, line, you
from tui.text import clip, fit, width, wrap
from tui.words import phase_short

if TYPE_CHECKING:
    from state.rows import WaitRow

PLACES = {Language.EN: (31, 24), Language.ZH: (26, 25)}


def choices(wait: WaitRow, cells: int, *, brief: bool = False) -> list[Line]:
    """The choices of a checkpoint, those that it offers, in two rows of three; `brief` in one row, where a pane needs
    its rows. Where that is too wide, as beside an open rail, as many rows as it takes: none is ever cut."""
    offered = set(wait.choices)
    approve = tr(f"choice.approve.{wait.phase}", phase=phase_short(_following(wait.phase or "")))
    back = bool(offered & {Choice.SEND_BACK, Choice.GO_BACK})
    if brief:
        told = (
            (Choice.APPROVE in offered, _choice("a", approve, "approve"), 4),
            (back, _choice("b", tr("choice.back_short"), "back"), 3),
            (Choice.FORK in offered, _choice("f", tr("choice.fork_short"), "fork"), 0),
        )
        parts = [(choice, choice.width + gap) for is_offered, choice, gap in told if is_offered]
        return _rows([parts], cells)
    one, two = PLACES[current()]
    table = (
        (
            (Choice.APPROVE in offered, "a", approve, "approve"),
            (Choice.APPROVE in offered, "e", tr("choice.edit"), "edit"),
            (Choice.FORK in offered, "f", tr("choice.fork"), "fork"),
        ),
        (
            (back, "b", tr("choice.back"), "back"),
            (True, "n", tr("choice.note"), "note"),
            (Choice.STOP in offered, "s", tr("choice.stop"), "stop"),
        ),
    )
    drawn = [
        [
            (_choice(key, label, action) if is_offered else line(""), room)
            for (is_offered, key, label, action), room in zip(entries, (one, two, 0), strict=True)
        ]
        for entries in table
    ]
    return [*_rows(drawn, cells), line("   ", dim(tr("checkpoint.nothing_goes_on")))]


def _rows(table: Sequence[Sequence[tuple[Line, int]]], cells: int) -> list[Line]:
    """Choices in their columns, each with the cells of its own; where they do not fit, one after the other."""
    rows = [[(choice, " " * max(room - choice.width, 2 if room else 0)) for choice, room in row] for row in table]
    lines = [line(*(part for pair in row for part in pair)) for row in rows]
    if any(width(one.plain.rstrip()) > cells - 4 for one in lines):
        lines = [EMPTY]
        for choice in (choice for row in table for choice, _ in row if choice.width):
            grown = line(lines[-1], "   ", choice) if lines[-1].width else choice
            lines[-1:] = [grown] if grown.width <= cells - 4 or not lines[-1].width else [lines[-1], choice]
    return [line(" ", Span("◆ ", "you") if not nth else "  ", row) for nth, row in enumerate(lines)]


def yours(wait: WaitRow, cells: int) -> list[Line]:
    """The person's own versions of the product's files, and the command that takes one."""
    files = wait.facts.get("yours")
    if not files:
        return []
    return [line(" ", you(clip(tr("checkpoint.yours", files=" --with ".join(files)), cells - 2)))]


def forecast(wait: WaitRow, cells: int) -> list[Line]:
    """`if approved …` and when it asks again, as far as the lab can tell."""
    told = wait.facts
    label = tr("forecast.if_approved")
    room = width(label) + 3
    parts = []
    for name, key in (("experiments", "estimate_experiments"), ("hours", "estimate_minutes"),
                      ("gpu_hours", "estimate_gpu_hours"), ("usd", "estimate_usd")):  # fmt: skip
        if bounds := _bounds(told.get(key)):
            parts.append(_amount(name, *bounds))
    rows = wrap(tr("word.comma").join(parts), cells - room - 2) if parts else []
    lines = [line(" ", dim(fit("" if nth else label, room)), row) for nth, row in enumerate(rows)]
    if "next" not in told:
        return lines
    following = [tr("forecast.next", product=tr(f"product.{told['next']}")) if told["next"] else tr("forecast.end")]
    if took := _bounds(told.get("took_s")):
        following.append(tr("forecast.minutes", n=max(round(sum(took) / 120), 1)))
    if usd := _bounds(told.get("usd")):
        following.append(_amount("usd", *usd))
    lead = " " * (room + 1) if lines else " "
    return [*lines, *(line(lead, row) for row in wrap(tr("word.comma").join(following), cells - len(lead) - 1))]


def _bounds(value: Any) -> tuple[float, float] | None:
    """A number, or a pair of them; None for nothing and for zero."""
    if isinstance(value, (int, float)) and value > 0:
        return float(value), float(value)
    if isinstance(value, (list, tuple)) and len(value) == 2 and value[1]:
        return float(value[0]), float(value[1])
    return None


def _amount(name: str, low: float, high: float) -> str:
    if name == "hours":
        low, high = low / 60, high / 60
        if high < 1:
            return tr("forecast.minutes_all", low=f"{max(high * 60, 1):.0f}")
    form = ".2f" if name == "usd" else ".2g"
    one, two = (f"{value:,.0f}" if value >= 10 and name != "usd" else f"{value:{form}}" for value in (low, high))
    return tr(f"forecast.{name}", low=one, high=two) if one != two else tr(f"forecast.{name}_one", low=one)


def _following(phase: str) -> str | None:
    phases = list(Phase)
    number = Phase(phase).number if phase in set(Phase) else 0
    return phases[number] if 0 < number < len(phases) else None


def _choice(key: str, label: str, action: str) -> Line:
    press = f"act('{action}')"
    return line(Span(key, "you", press, True), Span(f" {label}", "text", press))
