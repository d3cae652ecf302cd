"""Facts into words: numbers, times, money, names of the lab, and the sentence of an event or an error.

The database holds keys and facts; this is where they become text in the person's language. A time is a time of day,
with its date where it was another day; a duration stands only beside what is over.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from state.vocabulary import Phase, Role
from tui.language import has, tr
from tui.lines import Span

if TYPE_CHECKING:
    from state.rows import WaitRow

NONE = "—"
MINUS = "−"

SYMBOLS = {
    "done": ("✓", "text"),
    "at_work": ("●", "live"),
    "waits_person": ("◆", "you"),
    "waits_world": ("◇", "text"),
    "not_begun": ("·", "dim"),
    "lost": ("✗", "lost"),
    "failed": ("✗", "lost"),
    "stopped": ("■", "dim"),
    "superseded": ("~", "dim"),
    "unsafe": ("!", "lost"),
}
"""Symbol and colour role of each state: of a phase, a run, an experiment, a wait. There is no other list of them."""

PRODUCTS = {
    "ideas": Phase.IDEATION,
    "review": Phase.LITERATURE_REVIEW,
    "plan": Phase.PLAN_FORMULATION,
    "data": Phase.DATA_PREPARATION,
    "experiments": Phase.RUNNING_EXPERIMENTS,
    "interpretation": Phase.RESULTS_INTERPRETATION,
    "report": Phase.REPORT_WRITING,
    "paper": Phase.REPORT_WRITING,
    "refinement": Phase.REPORT_REFINEMENT,
    "reviews": Phase.REPORT_REFINEMENT,
}
"""Which phase makes what; its screen word is the phase's product."""


def moment(ms: int) -> datetime:
    return datetime.fromtimestamp(ms / 1000).astimezone()


def clock(ms: int | None, now: int) -> str:
    """`14:02` today, `11-20` on another day."""
    if ms is None:
        return NONE
    when = moment(ms)
    return when.strftime("%H:%M") if when.date() == moment(now).date() else when.strftime("%m-%d")


def day_clock(ms: int, now: int) -> str:
    """`Fri 16:20` this week, else the date and time."""
    when, today = moment(ms), moment(now)
    if 0 <= (today.date() - when.date()).days < 7:
        return tr("time.weekday", day=tr(f"time.day.{when.weekday()}"), time=when.strftime("%H:%M"))
    return when.strftime("%m-%d %H:%M")


def span(seconds: float | None) -> str:
    """A duration: `45s`, `6m`, `2h41`, `3d`."""
    if seconds is None:
        return NONE
    whole = round(seconds)
    if whole < 60:
        return f"{whole}s"
    minutes = whole // 60
    if minutes < 60:
        return f"{minutes}m"
    if minutes < 48 * 60:
        return f"{minutes // 60}h{minutes % 60:02}" if minutes % 60 else f"{minutes // 60}h"
    return f"{minutes // 1440}d"


def length(seconds: float) -> str:
    """A duration in a sentence: `27 min`."""
    minutes = max(round(seconds / 60), 1)
    return tr("time.min", n=minutes) if minutes < 100 else tr("time.hours", n=round(minutes / 60))


def exact(seconds: int) -> str:
    """A limit as it was set: `2 h`, `90 min`, `45 s`."""
    if seconds % 3600 == 0 and seconds:
        return tr("time.hours", n=seconds // 3600)
    return tr("time.min", n=seconds // 60) if seconds % 60 == 0 else tr("time.s", n=seconds)


def unit(metric: str) -> str:
    """What a metric counts, where that has a word; else its name."""
    return tr(f"unit.{metric}") if has(f"unit.{metric}") else metric


def money(micros: int | None) -> str:
    """US dollars with cents, `—` for none."""
    return NONE if micros is None else f"{micros / 1_000_000:.2f}"


def gpu_hours(seconds: float | None) -> str:
    return NONE if seconds is None else f"{seconds / 3600:.1f}"


def of_limits(micros: int | None, limit_micros: int, gpu_s: float | None, limit_gpu_s: float) -> dict[str, str]:
    """Money and GPU-hours and their limits, as a sentence names them."""
    return {
        "spent": money(micros),
        "limit": money(limit_micros),
        "hours": gpu_hours(gpu_s),
        "hours_limit": short_number(limit_gpu_s / 3600),
    }


def short_number(value: float) -> str:
    return f"{value:.0f}" if value == int(value) else f"{value:.1f}"


def signed(value: float, decimals: int = 0) -> str:
    text = f"{abs(value):,.{decimals}f}"
    return f"{MINUS if value < 0 else '+'}{text}"


def decimals_for(values: list[float], spreads: list[float]) -> int:
    """Decimals that show a spread with two digits; none for values of hundreds."""
    if not values or max(abs(value) for value in values) >= 100:
        return 0
    spread = min((value for value in spreads if value > 0), default=0)
    for decimals in (1, 2, 3):
        if spread >= 10 ** (1 - decimals) * 0.5:
            return decimals
    return 3


def phase_name(phase: str | None) -> str:
    """The full name, as the title of its pane."""
    return tr(f"phase.{phase}.full") if phase else NONE


def phase_short(phase: str | None) -> str:
    return tr(f"phase.{phase}.short") if phase else NONE


def place_name(path: Path) -> str:
    """A path as a person writes it: `~` for their home."""
    home = Path.home()
    return f"~/{path.relative_to(home)}" if path != home and path.is_relative_to(home) else str(path)


def product_name(name: str) -> str:
    """A product by its name in the lab, as a person calls it; what no phase makes keeps its own."""
    return tr(f"product.{PRODUCTS[name]}") if name in PRODUCTS else "PDF" if name == "paper_pdf" else name


def role_name(role: str | None) -> str:
    return tr(f"role.{role}") if role else NONE


def addressee(to: str | None) -> str:
    """A note's address: a phase, a role, or the phase at work."""
    if to is None:
        return tr("note.to.at_work")
    return phase_short(to) if to in set(Phase) else role_name(to)


def shown(name: str, value: Any) -> str:
    """One fact as a sentence has it: names of the lab in words, money and times with their units."""
    if value is None:
        return NONE
    if isinstance(value, (list, tuple)):
        return tr("word.list").join(shown(name, item) for item in value) or NONE
    if name in ("phase", "next_phase") and value in set(Phase):
        return phase_name(str(value))
    if name in ("role", "reviewer") and value in set(Role):
        return role_name(str(value))
    if name == "to":
        return addressee(str(value))
    if name.endswith("micros") or name == "micros":
        return money(int(value))
    if name.endswith("_s"):
        return span(float(value))
    if name in ("verdict", "state", "autonomy", "choice", "why", "what", "hypothesis") and has(f"{name}.{value}"):
        return tr(f"{name}.{value}")
    if name == "reason" and has(f"toml.{value}"):
        return tr(f"toml.{value}")
    if name in ("key", "why") and isinstance(value, str) and "." in value:
        return refused(value)
    if isinstance(value, bool):
        return tr(f"word.{'yes' if value else 'no'}")
    if isinstance(value, float):
        return f"{value:g}"
    if isinstance(value, int):
        return f"{value:,}" if abs(value) >= 10_000 and name not in ("pid", "line", "port") else str(value)
    if isinstance(value, Mapping):
        return tr("word.comma").join(f"{key} {shown(str(key), item)}" for key, item in value.items()) or NONE
    return str(value)


def labelled(label: str, value: str) -> str:
    """`label: value`, with the colon of the language."""
    return tr("word.labelled", label=label, value=value)


def refused(key: str) -> str:
    """Why a word or a product was refused, where only the key is known: in general terms, by what it is about."""
    head = key.split(".")[0]
    if head == "word" and has(f"error.{key}"):
        return tr(f"error.{key}")
    special = f"refused.{key}"
    return tr(special) if has(special) else tr(f"refused.{head}") if has(f"refused.{head}") else key


def sentence(key: str, facts: Mapping[str, Any]) -> str:
    """The message `key` with its facts in words."""
    plain = {name: shown(name, value) for name, value in facts.items() if name != "n"}
    if isinstance(facts.get("n"), int):
        plain["n"] = facts["n"]
    return tr(key, **plain)


def event(kind: str, facts: Mapping[str, Any]) -> str:
    """What an event says; an unknown one is named by its kind."""
    key = f"event.{kind}"
    if kind in ("product_kept", "product_refused") and "name" in facts:
        facts = {**facts, "name": product_name(str(facts["name"]))}
    return sentence(key, facts) if has(key) else kind


def symbol(state: str) -> tuple[str, str]:
    """Symbol and colour role of a state."""
    return SYMBOLS.get(state, ("·", "dim"))


def wait_symbol(wait: WaitRow) -> tuple[str, str]:
    """Of what is waited for: a person's word, or the world."""
    return symbol("waits_person" if wait.needs_person else "waits_world")


def marked(state: str, text: str) -> Span:
    """A text behind the symbol of a state, in its colour."""
    mark, role = symbol(state)
    return Span(f"{mark} {text}", role)
