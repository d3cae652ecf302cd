"""The notice at the top of a pane: what happened, what goes on and what does not, what is safe, the key that helps.

The bar is the accent where a person is needed, plain where the world is, red where something is gone.
"""

from __future__ import annotations

from dataclasses import dataclass

from state.errors import LabError
from tui.language import has, tr
from tui.launch import version
from tui.lines import Line, Span, dim, line
from tui.look import Look
from tui.text import clip, width, wrap
from tui.told import refusal
from tui.words import clock, money, shown


@dataclass(frozen=True)
class Notice:
    """Message ids share the stem `notice.<name>`: `.what`, `.goes_on`, `.safe`, `.keys`."""

    name: str
    mark: str
    role: str
    facts: dict[str, str]


def notice_for(look: Look, phase: str) -> Notice | None:
    """The notice that a phase's pane carries now; None when all is well."""
    busy = look.at_work
    if look.engine_missing and busy is not None and busy.phase == phase:
        running = [f"e{row.id}" for row in look.experiments if row.state == "running"]
        facts = {
            "time": clock(look.engine.gone_at, look.now),
            "why": tr(f"engine_why.{look.engine.why}") if has(f"engine_why.{look.engine.why}") else look.engine.why,
            "running": tr("word.comma").join(running) or "—",
            "calls": str(look.engine.doubtful),
            "cost": money(look.engine.doubtful_micros),
        }
        name = "engine_unread" if look.unread and look.run.state != "running" else "engine"
        facts["unread"] = str(look.unread)
        return Notice("engine_running" if running else name, "✗", "lost", facts)
    wait = look.wait_of(phase) or next((wait for wait in look.waits if wait.phase is None), None)
    if wait is None and look.engine.version and busy is not None and busy.phase == phase:
        facts = {"engine": look.engine.version, "screen": version()}
        return Notice("engine_other", "◆", "you", facts)
    if wait is not None and wait.why == "checkpoint" and isinstance(refused := wait.facts.get("refusal"), dict):
        told = refusal(LabError(str(refused.get("key")), **(refused.get("facts") or {})))
        return Notice("edit_refused", "✗", "lost", {"told": told})
    if wait is None or wait.why == "checkpoint":
        return None
    person = wait.needs_word or wait.why in ("budget", "auth", "person", "disk")
    facts = {name: shown(name, value) for name, value in wait.facts.items()}
    facts |= {"time": clock(wait.opened_at, look.now), "folder": str(look.folder)}
    name = str(wait.why)
    if wait.why == "trouble":
        key = f"trouble_what.{wait.facts.get('what')}"
        why = clip(" ".join(str(wait.facts.get("why") or wait.facts.get("error") or "").split()), 240)
        if isinstance(refused := wait.facts.get("key"), str):
            why = refusal(LabError(refused, **wait.facts.get("facts", {})))
        facts["told"] = tr(key if has(key) else "trouble_what.other", **{**facts, "why": why})
        if wait.facts.get("what") == "manuscript":  # the person's file, not the lab's work
            name = "manuscript"
    if wait.why == "budget":
        gpu = "limit_gpu_hours" in wait.facts
        name = "budget_gpu" if gpu else "budget"
        unit = "gpu_hours" if gpu else "usd"
        for fact in ("needs", "spent", "limit"):
            value = wait.facts.get(f"{fact}_{unit}")
            facts[fact] = f"{value:.2f}" if isinstance(value, (int, float)) else "—"
    return Notice(name, "◆" if person else "◇", "you" if person else "text", facts)


def notice_lines(notice: Notice, cells: int) -> list[Line]:
    """The notice wrapped to at most 80 cells."""
    room = min(cells, 80) - 6
    bar = Span(" ▌ ", notice.role)
    lines: list[Line] = []
    for part in ("what", "goes_on", "safe", "keys"):
        key = f"notice.{notice.name}.{part}"
        if not has(key):
            continue
        text = tr(key, **notice.facts)
        for row in [text] if part == "keys" and width(text) <= room else wrap(text, room):
            if part == "what" and not lines:
                lines.append(line(bar, Span(f"{notice.mark} ", notice.role), Span(row, notice.role)))
            else:
                lines.append(line(bar, "  ", dim(row) if part == "keys" else Span(row)))
    return lines
