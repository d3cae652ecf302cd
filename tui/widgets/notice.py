"""The notice at the top of a pane: what happened, what goes on and what does not, what is safe, the key that helps.

The bar is the accent where a person is needed, plain where the world is, red where something is gone. Under a limit's
stand its numbers; at the foot of the pane the last words of an engine that is gone.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from state.errors import LabError
from tui.decided import decision
from tui.language import has, tr
from tui.launch import version
from tui.lines import EMPTY, Line, Span, dim, ends, line, you
from tui.text import clean, clip, fit, width, wrap
from tui.told import own_fault, refusal, trouble_line
from tui.words import NONE, clock, gpu_hours, moment, money, shown, symbol, wait_symbol

if TYPE_CHECKING:
    from state.rows import WaitRow
    from tui.look import Engine, Look

LAST_WORDS = 4
LEAST = 7
"""Rows that a pane's body keeps, whatever stands above and below it."""


@dataclass(frozen=True)
class Notice:
    """Message ids share the stem `notice.<name>`: `.what`, `.goes_on`, `.safe`, `.keys`."""

    name: str
    mark: str
    role: str
    facts: dict[str, str]
    decided: str = ""
    """What was decided already, in the place of the keys that help."""


def notice_for(look: Look, phase: str) -> Notice | None:
    """The notice that a phase's pane carries now; None when all is well."""
    busy = look.at_work
    if look.engine_missing and busy is not None and busy.phase == phase:
        running = [f"e{row.id}" for row in look.experiments if row.state == "running"]
        facts = {
            "time": clock(look.engine.gone_at, look.now),
            "why": how_it_ended(look.engine),
            "goes_on": tr("notice.engine.running", n=len(running), names=tr("word.list").join(running)),
            "safe": in_flight(look.engine),
        }
        name = "engine_unread" if look.unread and look.run.state != "running" else "engine"
        facts["unread"] = str(look.unread)
        return Notice("engine_running" if running else name, *symbol("lost"), facts)
    wait = look.wait_of(phase) or next((wait for wait in look.waits if wait.phase is None), None)
    if wait is None and look.engine.version and busy is not None and busy.phase == phase:
        facts = {"engine": look.engine.version, "screen": version()}
        return Notice("engine_other", *symbol("waits_person"), facts)
    if wait is not None and wait.why == "checkpoint" and isinstance(refused := wait.facts.get("refusal"), dict):
        told = refusal(LabError(str(refused.get("key")), **(refused.get("facts") or {})))
        return Notice("edit_refused", *symbol("failed"), {"told": told})
    if wait is None or wait.why == "checkpoint":
        return None
    facts = {name: shown(name, value) for name, value in wait.facts.items()}
    facts |= {"time": clock(wait.opened_at, look.now), "folder": str(look.folder)}
    name = str(wait.why)
    if wait.why == "trouble":
        name, facts["told"] = trouble(wait)
    if wait.why == "auth":
        name, facts["told"] = no_key(wait)
        facts["profile"] = str(wait.facts.get("profile") or look.model.partition("/")[0] or NONE)
        facts["goes_on"] = on_without(look, "credit")
    if wait.why == "budget":
        name = "budget_gpu" if "limit_gpu_hours" in wait.facts else "budget" if "limit_usd" in wait.facts else "credit"
        facts["whose"] = tr("notice.budget.run" if wait.facts.get("own") else "notice.budget.project")
        facts["goes_on"] = on_without(look, name)
    if wait.why == "network":
        still = look.standstill
        key = "notice.network.cost" if still.again_micros else "notice.network.free"
        facts["safe"] = tr(key, n=still.again, cost=money(still.again_micros)) if still.again else ""
        tried, following = wait.facts.get("tried_at"), wait.facts.get("next_at")
        if isinstance(tried, int) and isinstance(following, int):
            last, then = clock(tried, look.now), clock(following, look.now)
            soon = "notice.network.tries_soon" if last == then else "notice.network.tries"
            facts["safe"] += tr(soon, last=last, next=then)
        runs = any(row.state == "running" for row in look.experiments)
        facts["goes_on"] = tr("notice.network.experiments" if runs else "notice.network.calls")
    mark, role = wait_symbol(wait)
    left = decision(look, wait)
    return Notice(name, mark, role, facts, left.text if left is not None else "")


def trouble(wait: WaitRow) -> tuple[str, str]:
    """Which notice tells of a trouble, and what it tells: only a fault that has no name is the lab's own."""
    what = wait.facts.get("what")
    if named := wait.facts.get("key"):
        # what a person mends outside; a manuscript is theirs too, and its notice says what helps
        return "manuscript" if what == "manuscript" else "trouble_named", named_fault(str(named), wait)
    why = clip(" ".join(str(wait.facts.get("why") or wait.facts.get("error") or "").split()), 240)
    return "trouble" if own_fault(wait.facts) else "trouble_told", trouble_line(wait.facts, why)


def no_key(wait: WaitRow) -> tuple[str, str]:
    """Which notice tells of a key that is missing, was refused, or cannot be read."""
    named = wait.facts.get("key")
    if named is None:
        return "auth_refused", ""
    return ("auth", "") if named == "auth.no_key" else ("auth_file", named_fault(str(named), wait))


def named_fault(key: str, wait: WaitRow) -> str:
    """A fault that has a name, as the lab's errors are told."""
    facts = wait.facts.get("facts", {name: value for name, value in wait.facts.items() if name != "key"})
    return refusal(LabError(key, **facts))


def how_it_ended(engine: Engine) -> str:
    key = f"engine_why.{engine.why}"
    return tr(key, number=str(engine.number)) if has(key) else engine.why


def in_flight(engine: Engine) -> str:
    """What is safe when an engine is gone: what was in flight, and what it costs at most to ask again."""
    if not engine.doubtful:
        return tr("notice.engine.none_in_flight")
    key = "notice.engine.in_flight" if engine.doubtful_micros else "notice.engine.in_flight_free"
    return tr(key, n=engine.doubtful, cost=money(engine.doubtful_micros))


def on_without(look: Look, name: str) -> str:
    """What a limit stops, and which experiments go on all the same."""
    running = [f"e{row.id}" for row in look.experiments if row.state == "running"]
    told = tr("notice.budget.running", n=len(running), names=tr("word.list").join(running)) if running else ""
    return tr(f"notice.{name}.stops") + told


def under(look: Look, notice: Notice, cells: int, rows: int) -> list[Line]:
    """What stands right under a notice in at most `rows` rows: the numbers of a limit."""
    if notice.name not in ("budget", "budget_gpu"):
        return []
    lines = [EMPTY, *limit_lines(look, notice.name == "budget_gpu", min(cells, 80))]
    while len(lines) > max(rows - LEAST, 0):  # the forecasts go first
        lines.pop()
    return lines


def limit_lines(look: Look, gpu: bool, cells: int) -> list[Line]:
    """Spent, needed, and the limit with where it comes from, in money and GPU-hours; then what is still to come."""
    wait = next((wait for wait in look.waits if wait.why == "budget"), None)
    limit = look.standstill.limit
    if wait is None or limit is None:
        return []
    unit = "gpu_hours" if gpu else "usd"
    spent, needs, most = (float(wait.facts.get(f"{name}_{unit}") or 0) for name in ("spent", "needs", "limit"))
    over = max(spent + needs - most, 0)
    whole = math.ceil(over * (10 if gpu else 100) - 1e-9)  # never told as nothing
    beyond = tr("notice.over_gpu", hours=f"{whole / 10:.1f}") if gpu else tr("notice.over", money=f"{whole / 100:.2f}")
    whose = tr("notice.limit_run" if limit.source == "run" else "notice.limit_project")
    rows: list[tuple[str, str, str, Span | str]] = [
        (tr("notice.spent"), f"{spent:.2f}", f"{look.gpu_s / 3600:.1f}", ""),
        (tr("notice.needs_experiment" if gpu else "notice.needs_call"), f"{needs:.2f}", NONE, you(f"◆ {beyond}")),
        (whose, f"{most:.2f}", f"{look.limit_gpu_s / 3600:.1f}", dim(limit_from(look))),
    ]
    if gpu:
        rows[0] = (rows[0][0], money(look.spent_micros), f"{spent:.1f}", "")
        rows[1] = (rows[1][0], NONE, f"{needs:.1f}", rows[1][3])
        rows[2] = (rows[2][0], money(look.limit_micros), f"{most:.1f}", rows[2][3])
    room = max(min(cells - 24, 34), 22) if cells < 70 else 27
    head = fit("", room + 3) + fit("$", 10, right=True) + fit(tr("since.gpu_h"), 10, right=True)
    lines = [line(dim(head))]
    for label, dollars, hours, more in rows:
        told = line("   ", dim(fit(label, room)), fit(dollars, 10, right=True), fit(hours, 10, right=True))
        fits = cells >= 70 and more
        lines.append(line(told, "   ", more) if fits else told)
    ahead = look.standstill.ahead
    for key, micros, gpu_s in (
        ("notice.end_phase", ahead.phase_micros, ahead.phase_gpu_s),
        ("notice.end_run", ahead.run_micros, ahead.run_gpu_s),
    ):
        if micros is not None and gpu_s is not None:
            dollars, hours = (
                between(money(round(micros[0])), money(round(micros[1]))),
                between(gpu_hours(gpu_s[0]), gpu_hours(gpu_s[1])),
            )
            lines += [EMPTY] if key == "notice.end_phase" else []
            told = line("   ", dim(fit(tr(key), room)), fit(dollars, 10, right=True), fit(hours, 10, right=True))
            lines.append(told)
    return lines


def between(least: str, most: str) -> str:
    return least if least == most else f"{least}–{most}"


def limit_from(look: Look) -> str:
    """Where a limit comes from: a line of project.toml, what it leaves unsaid, or a person's word."""
    limit = look.standstill.limit
    if limit is None:
        return ""
    if limit.source != "project":
        return tr("notice.limit_set", time=clock(limit.at, look.now))
    line = look.standstill.line
    return tr("notice.limit_line", line=str(line)) if line else tr("notice.limit_default")


def last_words(look: Look, notice: Notice | None, cells: int, rows: int) -> list[Line]:
    """The last lines of the log of an engine that is gone, where a pane of `rows` rows has room for them."""
    log = look.engine_log
    if notice is None or not notice.name.startswith("engine") or notice.name == "engine_other" or log is None:
        return []
    told = log.lines(len(log) - LAST_WORDS, LAST_WORDS)
    if not told or rows < LAST_WORDS + 2 + LEAST:
        return []
    head = ends(cells, dim("engine.log"), dim(tr("notice.last_lines", n=len(told))))
    return [EMPTY, head, *(line(" ", clip(undated(clean(row), look.now), cells - 2)) for row in told)]


def undated(row: str, now: int) -> str:
    """A line of the engine's log without the date, where that is today's."""
    today = moment(now).strftime("%Y-%m-%d ")
    return row.removeprefix(today)


def notice_lines(notice: Notice, cells: int) -> list[Line]:
    """The notice wrapped to at most 80 cells."""
    room = min(cells, 80) - 6
    bar = Span(" ▌ ", notice.role)
    lines: list[Line] = []
    for part in ("what", "goes_on", "safe", "keys"):
        key = f"notice.{notice.name}.{part}"
        if not has(key):
            continue
        text = notice.decided if part == "keys" and notice.decided else tr(key, **notice.facts)
        for row in [text] if part == "keys" and width(text) <= room else wrap(text, room):
            if part == "what" and not lines:
                lines.append(line(bar, Span(f"{notice.mark} ", notice.role), Span(row, notice.role)))
            else:
                lines.append(line(bar, "  ", dim(row) if part == "keys" else Span(row)))
    return lines
