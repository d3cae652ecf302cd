"""What goes wrong with a call, and the wait that it asks for: a retry's time, the network, a key, money.

None of it fails a run or reaches a phase. Each function returns when it is worth trying again. Called by `calls.py`.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

from engine.bench import Bench
from engine.models.base import Fate, Model, ModelError
from state import keys, lineage
from state.errors import LabError, Plain
from state.events import CallRetried
from state.journal import Step
from state.store import Transaction, canonical, now
from state.vocabulary import AttemptState, Choice, Role, Wait

DIED, CANCELLED = OWN_DOING = ("the engine died", "cancelled")
"""Why an attempt is in doubt that the endpoint is not to blame for."""

ENGINE_BEGAN: dict[str, Plain] = {"by": "engine"}
"""The answer of a wait for the world that a new engine closed, because nobody looks any more whether its reason is
gone: the loss may go on."""

BACKOFF_S = (2.0, 5.0, 15.0, 30.0, 60.0)
PROBE_S = (5.0, 15.0, 30.0, 60.0, 300.0)
CHARGED_TRIES = 5
"""So many replies at one step that may have been charged and were no use, and the person is asked."""

LOOK_S = 30.0
"""How often a wait looks at the clock: one that jumped, or a machine that slept, is noticed within this."""


async def after(bench: Bench, step: Step, role: Role, error: ModelError, tries: int, model: Model) -> None:
    """Wait as the fate of a failed attempt asks."""
    facts: dict[str, Plain]
    match error.fate:
        case Fate.RETRY if maybe_charged(error) and (n := _wasted(bench, step)) >= CHARGED_TRIES:
            facts = {"what": "replies_cut", "why": error.why, "path": step.path, "wasted": n}
            await bench.wait(Wait.TROUBLE, [Choice.RETRY, Choice.STOP], facts)
        case Fate.RETRY:
            after_s = error.after_s if error.after_s is not None else BACKOFF_S[min(tries, len(BACKOFF_S)) - 1]
            await bench.tell(CallRetried(role.value, step.path, error.why, after_s))
            await back_off(bench, step, after_s, error.why)
        case Fate.NETWORK:
            await _wait_for_network(bench, model, error.why)
        case Fate.AUTH:
            refused = _key_file()
            facts = {"why": error.why, "role": role.value, "profile": _profile(bench, step)}
            await bench.wait(
                Wait.AUTH, [Choice.RETRY, Choice.STOP], facts, probe=lambda: _key_file() not in (refused, None)
            )
        case Fate.BUDGET:
            facts = {"why": error.why, "endpoint": True}
            await bench.wait(Wait.BUDGET, [Choice.RETRY, Choice.STOP], facts)
        case Fate.REFUSED:
            facts = {"why": error.why, "path": step.path, "what": "request_refused"}
            await bench.wait(Wait.TROUBLE, [Choice.RETRY, Choice.STOP], facts)


def maybe_charged(error: ModelError) -> bool:
    """Whether the endpoint may have answered, and counted, what did not come whole. A status is a refusal."""
    return error.sent and error.fate in (Fate.RETRY, Fate.NETWORK) and error.status is None


def _wasted(bench: Bench, step: Step) -> int:
    """Attempts at a step that brought no whole reply, since a person last said to go on. Deaths count by themselves."""
    row = bench.store.row(
        "SELECT (SELECT count(*) FROM attempt WHERE step = ? AND state = ? AND error NOT IN (?, ?)) -"
        " (SELECT coalesce(sum(json_extract(facts, '$.wasted')), 0) FROM wait WHERE visit = ? AND why = ?"
        " AND json_extract(facts, '$.path') = ?) AS n",
        (step.id, AttemptState.DOUBT.value, *OWN_DOING, bench.visit.id, Wait.TROUBLE.value, step.path),
    )
    assert row is not None
    return int(row["n"])


def _profile(bench: Bench, step: Step) -> str:
    """The profile of the model that a step asked last."""
    row = bench.store.row("SELECT model FROM attempt WHERE step = ? ORDER BY n DESC LIMIT 1", (step.id,))
    return str(row["model"]).partition("/")[0] if row is not None else ""


def _key_file() -> int | None:
    """When keys.toml was written last."""
    try:
        return keys.file().stat().st_mtime_ns
    except OSError:
        return None


async def back_off(bench: Bench, step: Step, length_s: float, why: str) -> None:
    """Wait for a retry's time. A clock that jumped cannot lengthen it: it lasts min(until − now, length)."""
    until = now() + round(length_s * 1000)
    wait = await bench.commit(
        lineage.open_wait,
        bench.run,
        Wait.BACKOFF,
        [Choice.RETRY.value],
        {"why": why},
        visit=bench.visit.id,
        step=step.id,
        until_at=until,
        length_s=length_s,
    )
    bench.bell.ring()
    end = time.monotonic() + length_s
    while (rest := min(end - time.monotonic(), (until - now()) / 1000)) > 0 and bench.closed(wait) is None:
        await bench.bell.heard(min(rest, LOOK_S))
    if bench.closed(wait) is None:
        await bench.commit(lineage.close_wait, wait)


async def _wait_for_network(bench: Bench, model: Model, why: str) -> None:
    """Probe, for hours if need be, and say when it was and will be; a person's `resume` only hurries.

    Where a probe came through and the call did not, the next probe takes its time.
    """
    begin = min(_in_vain(bench), len(PROBE_S) - 1)
    waiting = asyncio.create_task(bench.wait(Wait.NETWORK, [Choice.RETRY, Choice.STOP], {"why": why}, opens=_lost))
    await asyncio.sleep(0)  # the wait is open
    try:
        for pause_s in (*PROBE_S[begin:], *([PROBE_S[-1]] * 10_000)):
            await bench.commit(_tried, bench.run, pause_s)
            done, _ = await asyncio.wait({waiting}, timeout=pause_s)
            if done:
                break
            if await model.reachable():
                await bench.commit(_close_all, bench.run, Wait.NETWORK)
                bench.bell.ring()
        await waiting
    finally:
        waiting.cancel()


def _in_vain(bench: Bench) -> int:
    """How often a loss of the network ended by itself, by a probe or with its engine, with no answer since."""
    row = bench.store.row(
        "SELECT count(*) AS n FROM wait WHERE run = ? AND visit = ? AND why = ? AND closed_seq IS NOT NULL"
        " AND choice IS NULL AND opened_seq >"
        " (SELECT coalesce(max(ended_seq), 0) FROM step WHERE visit = ? AND kind = 'ask' AND state = 'done')",
        (bench.run, bench.visit.id, Wait.NETWORK.value, bench.visit.id),
    )
    assert row is not None
    return int(row["n"])


def _lost(tx: Transaction, run: int, why: Wait, choices: list[str], facts: dict[str, Plain], **at: int | None) -> int:
    """Open the wait. Where a person said to try now, or a new engine did, and no call was answered since, the loss from
    before goes on."""
    last = tx.execute(
        "SELECT id, closed_at, choice, answer FROM wait WHERE run = ? AND why = ? AND visit IS ?"
        " ORDER BY id DESC LIMIT 1",
        (run, why.value, at.get("visit")),
    ).fetchone()
    if last is not None and (last[2] == Choice.RETRY.value or last[3] == canonical(ENGINE_BEGAN)):
        answered = tx.execute(
            "SELECT 1 FROM attempt WHERE run = ? AND kind = 'call' AND state = ? AND ended_at >= ?",
            (run, AttemptState.DONE.value, last[1]),
        ).fetchone()
        if answered is None:
            lineage.reopen_wait(tx, last[0])
            return int(last[0])
    return lineage.open_wait(tx, run, why, choices, facts, **at)


def _tried(tx: Transaction, run: int, pause_s: float) -> None:
    """The open waits for the network: tried just now, next time after `pause_s`."""
    tx.execute(
        "UPDATE wait SET facts = json_set(facts, '$.tried_at', ?, '$.next_at', ?) WHERE run = ? AND why = ?"
        " AND closed_seq IS NULL",
        (tx.at, tx.at + round(pause_s * 1000), run, Wait.NETWORK.value),
    )


def _close_all(tx: Transaction, run: int, why: Wait) -> None:
    for (wait,) in tx.execute(
        "SELECT id FROM wait WHERE run = ? AND why = ? AND closed_seq IS NULL", (run, why.value)
    ).fetchall():
        lineage.close_wait(tx, wait)


async def wait_for_key(bench: Bench, player: Callable[[], object], error: LabError) -> None:
    """Nobody can play the role: no key (or another fault of the set-up). Pause, and ask for a `player` by itself."""

    def found() -> bool:
        try:
            player()
        except LabError:
            return False
        return True

    facts: dict[str, Plain] = {"key": error.key, **error.facts}
    why = Wait.AUTH
    if error.key.split(".")[0] not in ("auth", "keys"):
        why, facts = Wait.TROUBLE, {**facts, "what": "no_model", "error": error.key}
    await bench.wait(why, [Choice.RETRY, Choice.STOP], facts, probe=found)


async def wait_for_money(bench: Bench, worst: int, error: LabError) -> None:
    """The limit is reached: nothing is lost; raise it, hand in what there is, or stop."""
    spent, limit = error.facts["spent"], error.facts["limit"]
    assert isinstance(spent, int) and isinstance(limit, int)
    facts: dict[str, Plain] = {
        "key": error.key,
        "needs_usd": worst / 1e6,
        "spent_usd": spent / 1e6,
        "limit_usd": limit / 1e6,
        "own": error.facts["own"],  # the run's own limit, tighter than the project's
        "enough_usd": (max(spent, limit) + 5 * worst) / 1e6,  # the limit that handing in takes; `taking` grants it
    }
    await bench.wait(Wait.BUDGET, [Choice.RAISE, Choice.ENOUGH, Choice.STOP], facts)
