"""What stands under a product that waits: what a yes would cost, and the choices, always in the same two rows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from state.readers import WaitRow
from state.vocabulary import Language, Phase
from tui.language import current, tr
from tui.lines import Line, Part, Span, dim, line
from tui.text import fit, width
from tui.words import phase_short

PLACES = {Language.EN: (31, 24), Language.ZH: (26, 25)}


def choices(wait: WaitRow, cells: int, *, brief: bool = False) -> list[Line]:
    """The choices of a checkpoint; `brief` in one row, where a pane needs its rows."""
    phase = wait.phase or ""
    following = _following(phase)
    approve = tr(f"choice.approve.{phase}", phase=phase_short(following))
    if brief:
        row: list[Part] = [Span("◆ ", "you"), _choice("a", approve, "approve"), "    "]
        row += [_choice("b", tr("choice.back_short"), "back"), "   ", _choice("f", tr("choice.fork_short"), "fork")]
        return [line(" ", *row)]
    one, two = PLACES[current()]
    table = (
        (("a", approve, "approve"), ("e", tr("choice.edit"), "edit"), ("f", tr("choice.fork"), "fork")),
        (("b", tr("choice.back"), "back"), ("n", tr("choice.note"), "note"), ("s", tr("choice.stop"), "stop")),
    )
    lines = []
    for nth, entries in enumerate(table):
        parts: list[Part] = [" ", Span("◆ ", "you") if nth == 0 else "  "]
        for (key, label, action), room in zip(entries, (one, two, 0), strict=True):
            choice = _choice(key, label, action)
            parts += [choice, " " * max(room - choice.width, 2 if room else 0)]
        lines.append(line(*parts))
    return [*lines, line("   ", dim(tr("checkpoint.nothing_goes_on")))]


def forecast(wait: WaitRow) -> list[Line]:
    """`if approved …` and when it asks again, as far as the lab can tell."""
    told = wait.facts.get("forecast")
    if not isinstance(told, Mapping):
        return []
    label = tr("forecast.if_approved")
    room = width(label) + 3
    lines = []
    parts = [
        tr(f"forecast.{name}", low=_bound(name, told[name], 0), high=_bound(name, told[name], 1))
        for name in ("experiments", "hours", "gpu_hours", "usd")
        if isinstance(told.get(name), (list, tuple)) and len(told[name]) == 2
    ]
    if parts:
        lines.append(line(" ", dim(fit(label, room)), tr("word.comma").join(parts)))
    if told.get("next_phase") in set(Phase):
        text = tr("forecast.next", product=tr(f"product.{told['next_phase']}"))
        if told.get("next_minutes") is not None:
            text += tr("word.comma") + tr("forecast.minutes", n=int(told["next_minutes"]))
        usd = told.get("next_usd")
        if isinstance(usd, (list, tuple)) and len(usd) == 2:
            text += tr("word.comma") + tr("forecast.usd", low=_bound("usd", usd, 0), high=_bound("usd", usd, 1))
        lines.append(line(" " * (room + 1) if lines else " ", text))
    return lines


def _bound(name: str, pair: Any, index: int) -> str:
    value = float(pair[index])
    return f"{value:.2f}" if name == "usd" else f"{value:g}"


def _following(phase: str) -> str | None:
    phases = list(Phase)
    number = Phase(phase).number if phase in set(Phase) else 0
    return phases[number] if 0 < number < len(phases) else None


def _choice(key: str, label: str, action: str) -> Line:
    press = f"act('{action}')"
    return line(Span(key, "you", press, True), Span(f" {label}", "text", press))
