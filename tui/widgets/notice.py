"""The notice at the top of a pane: what happened, what goes on and what does not, what is safe, the key that helps.

The bar is the accent where a person is needed, plain where the world is, red where something is gone.
"""

from __future__ import annotations

from dataclasses import dataclass

from tui.language import has, tr
from tui.lines import Line, Span, dim, line
from tui.look import Look
from tui.text import width, wrap
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
        return Notice("engine_running" if running else "engine", "✗", "lost", facts)
    wait = look.wait_of(phase) or next((wait for wait in look.waits if wait.phase is None), None)
    if wait is None or wait.why == "checkpoint":
        return None
    person = wait.needs_word or wait.why in ("budget", "auth", "person", "disk")
    facts = {name: shown(name, value) for name, value in wait.facts.items()}
    facts |= {"time": clock(wait.opened_at, look.now), "folder": str(look.folder)}
    if wait.until_at:
        facts["until"] = clock(wait.until_at, look.now)
    if wait.why == "trouble" and "key" in wait.facts:
        told = wait.facts.get("facts") or wait.facts.get("facts_of") or {}
        inner = {name: shown(name, value) for name, value in told.items()} if isinstance(told, dict) else {}
        facts["told"] = tr(f"error.{wait.facts['key']}", **inner)
    return Notice(wait.why, "◆" if person else "◇", "you" if person else "text", facts)


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
