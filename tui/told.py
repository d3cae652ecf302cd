"""What the command line prints: an event, a refusal, a wait, a status or a machine as lines of text.

`tui/words.py` makes the words; here stands which facts make a line, and in what order. Called by the commands and by
the headless follower.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from state.errors import LabError
from tui import words
from tui.decided import choice_told
from tui.language import has, tr
from tui.text import clip, fit, width

if TYPE_CHECKING:
    from state.rows import EventRow, WaitRow


def event_line(event: EventRow) -> str | None:
    """The sentence of an event; None for one that only moves a screen."""
    if event.kind in _unshown():
        return None
    return words.event(event.kind, event.facts)


@cache
def _unshown() -> frozenset[str]:
    """Kinds of events that make no line."""
    from state import events  # a class each, for which the first frame does not wait

    kinds = {cls.__name__: cls for cls in events.Event.__subclasses__()}
    return frozenset(_kind(name) for name, cls in kinds.items() if not cls.shown)


def _kind(name: str) -> str:
    return "".join(f"_{char.lower()}" if char.isupper() else char for char in name).lstrip("_")


def refusal(error: LabError) -> str:
    """An error in one line: what happened, and what to do."""
    facts: dict[str, Any] = {name: value for name, value in error.facts.items() if value not in (None, "")}
    variants = [f"error.{error.key}.{name}" for name in ("nearest", "restore") if name in facts]
    key = next((each for each in variants if has(each)), f"error.{error.key}")
    if not has(key):
        return str(error)
    said = tr(key, **{name: _why(value, name) for name, value in facts.items()})
    if error.key.startswith("paper.") and facts.get("line"):
        return tr("error.at_line", file=_fact(facts.get("file")), line=_fact(facts["line"]), said=said)
    return said


def wait_lines(wait: WaitRow) -> Iterator[str]:
    """What a run waits for, why, and the answers that `nightlab answer` takes."""
    yield tr("progress.waits_for", what=_waited_for(wait.why, wait.phase, wait.facts), choices=_choices(wait.choices))
    if files := wait.facts.get("yours"):
        yield tr("checkpoint.yours", files=" --with ".join(files))
    yield from _because(wait.why, wait.facts)


def _waited_for(why: str, phase: str | None, facts: Mapping[str, Any]) -> str:
    """The log is named only where it holds a trace."""
    name = "trouble_told" if why == "trouble" and not own_fault(facts) else why
    return tr(f"wait.what.{name}", phase=words.phase_name(phase))


def own_fault(facts: Mapping[str, Any]) -> bool:
    """Whether a trouble is a fault of the lab's own, which nothing but the log explains."""
    what = facts.get("what")
    return not facts.get("key") and (what in ("phase_broke", "deaths") or not has(f"trouble_what.{what}"))


def trouble_line(facts: Mapping[str, Any], why: str) -> str:
    """A trouble without a fault's name, in a sentence."""
    key = f"trouble_what.{facts.get('what')}"
    return tr(key if has(key) else "trouble_what.other", **{**facts, "why": why})


def _because(why: str, told: Mapping[str, Any]) -> Iterator[str]:
    """The reason of a wait, where it has one beside its name."""
    if isinstance(key := told.get("key"), str):
        inner = told.get("facts", told)
        facts = {name: value for name, value in inner.items() if name != "key"} if isinstance(inner, dict) else {}
        yield refusal(LabError(key, **{**facts, **_in_words(facts)}))
    elif isinstance(phase := told.get("advised"), str):
        yield tr("checkpoint.advised", phase=words.phase_name(phase), command=f'nightlab go-back {phase} --note "…"')
    elif reason := told.get("reason") or told.get("why"):
        role = told.get("role")
        yield tr("progress.reason", role=words.role_name(role), reason=reason) if role else str(reason)
    elif why == "trouble" and not own_fault(told):
        yield trouble_line(told, str(told.get("error") or ""))


def _choices(names: Iterable[str]) -> str:
    """As `nightlab answer` takes them."""
    return tr("word.list").join(name.replace("_", "-") for name in names)


def _in_words(facts: Mapping[str, Any]) -> dict[str, str]:
    """What is spent, may be and is needed, of a limit: `spent_usd` as `spent`, with the decimals of its unit."""
    told = {}
    for name in ("spent", "limit", "needs"):
        if isinstance(usd := facts.get(f"{name}_usd"), int | float):
            told[name] = words.money(round(usd * 1_000_000))
        elif isinstance(hours := facts.get(f"{name}_gpu_hours"), int | float):
            told[name] = words.gpu_hours(hours * 3600)
    return told


def status_lines(report: Mapping[str, Any]) -> Iterator[str]:
    """`status` for a person: the run, what waits, what it cost, where its products are."""
    if report["run"] is None:
        yield tr("status.none", project=Path(report["project"]).name)
        return
    waits = report["waiting_for"]
    taken = bool(waits) and all(wait["decided"] for wait in waits)
    state = tr("status.taken") if taken else tr(f"state.{report['state']}")
    name, phase = Path(report["project"]).name, words.phase_name(report.get("phase"))
    yield tr("status.run", project=name, run=report["run"], state=state, phase=phase)
    now = time.time_ns() // 1_000_000
    for wait in waits:
        what = _waited_for(wait["what"], wait.get("phase"), wait["facts"])
        since = round(datetime.fromisoformat(wait["since"]).timestamp() * 1000)
        yield tr("status.waits", what=what, since=words.clock(since, now))
        for reason in _because(wait["what"], wait["facts"]):
            yield tr("status.because", reason=clip(" ".join(reason.split()), 240))
        if wait["decided"]:
            yield tr("status.decided", answer=choice_told(wait["decided"]))
        else:
            yield tr("status.answers", choices=_choices(wait["choices"]))
    engine = report["engine"]
    yield tr("status.engine.alive", pid=engine["pid"]) if engine and engine.get("alive") else tr("status.engine.none")
    yield tr("status.spent", usd=report["cost_usd"], answered=report["calls"]["answered"])
    yield tr("status.experiments", **report["experiments"])
    yield tr("status.notes", **report["notes"])
    named = [(words.product_name(name), path) for name, path in report["products"].items()]
    cells = max((width(name) for name, _ in named), default=0)
    for name, path in named:
        yield tr("status.product", name=fit(name, cells), path=path)


def machine_lines(facts: Mapping[str, Any]) -> Iterator[str]:
    """`doctor` for a person: a line a fact, in the order the engine told them, and a cure where one is known."""
    for name, value in facts.items():
        label = tr(f"doctor.{name}") if has(f"doctor.{name}") else name
        told = f"{value / 2**30:,.0f} GB" if name.endswith("_b") and isinstance(value, int) else _fact(value)
        if name == "profiles" and isinstance(value, list):
            told = tr("word.list").join(_profile(each) for each in value if isinstance(each, Mapping))
        yield f"{label}  {told}"
        if name == "kills_at_logout" and value:
            yield f"  {tr('doctor.kills_at_logout.cure')}"


def _profile(facts: Mapping[str, Any]) -> str:
    if not facts.get("needs_key", True):
        return str(facts["name"])
    return tr("doctor.profile.key" if facts.get("key") else "doctor.profile.none", name=facts["name"])


def _why(value: Any, name: str) -> str:
    """Why a source was silent, or what a TOML text lacks, is a code; every other fact stands as it was told."""
    if isinstance(value, str) and name in ("why", "reason"):
        from state.toml_text import coded  # with what reads TOML, which the first frame does not wait for

        key = f"why.{value}" if name == "why" else f"toml.{coded(value)}"
        return tr(key) if has(key) else value
    return _fact(value)


def _fact(value: Any) -> str:
    if value is None:
        return words.NONE
    if isinstance(value, bool):
        return tr("word.yes" if value else "word.no")
    if isinstance(value, list):
        return tr("word.list").join(_fact(each) for each in value) or words.NONE
    if isinstance(value, Mapping):
        return tr("word.comma").join(f"{name} {_fact(each)}" for name, each in value.items()) or words.NONE
    return str(value)
