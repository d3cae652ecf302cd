"""One durable call to a language model: reserved, sent, received whole, kept, settled.

Two commits: the intent (with reservation and the notes it reads) and the outcome. Between them the attempt's folder in
calls/ tells how far it came: `sent`, `part` (the reply as it comes, for a person to watch), `done.json` (the whole
reply, from where a restart takes it). Retries, pauses and money are dealt with here and never reach a phase.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from ulid import ULID

from engine.bench import Bench
from engine.models.base import Block, Fate, Message, Model, ModelError, Reply, Request, ToolResult, ToolUse, Usage
from engine.room import DISK_FLOOR_B
from state import durable, ledger, lineage
from state.errors import LabError, Plain
from state.events import CallAnswered, CallBegan, CallRetried, Event, NoteRead
from state.journal import Journal, Link, Step, store_link
from state.profiles import Choice as ModelChoice
from state.store import Transaction, now
from state.vocabulary import AttemptState, Choice, Role, StepState, Wait

BACKOFF_S = (2.0, 5.0, 15.0, 30.0, 60.0)
PROBE_S = (5.0, 15.0, 30.0, 60.0, 300.0)
PART_EVERY_S = 0.1


@dataclass
class Line:
    """The way to the models: who plays a role now, and at which price. Live, in no fingerprint."""

    choose: Callable[[Role], ModelChoice]
    model: Callable[[ModelChoice], Model]
    """Raises LabError `auth.no_key` where there is none."""
    engine: int = 0


@dataclass(frozen=True)
class Asked:
    """What a call means: the role, where its conversation ends, and what it may answer with."""

    role: Role
    link: Link
    notes: dict[str, list[str]]
    request: Callable[[str, int], Request]  # model name at the endpoint, max_tokens → the request


def as_plain(reply: Reply) -> dict[str, Plain]:
    return {
        "blocks": blocks_plain(reply.message.blocks),
        "stop": reply.stop,
        "model": reply.model,
        "usage": {
            "input": reply.usage.input,
            "cache_read": reply.usage.cache_read,
            "cache_write": reply.usage.cache_write,
            "output": reply.usage.output,
            "estimated": reply.usage.estimated,
        },
    }


def from_plain(plain: Plain) -> Reply:
    told = json.loads(json.dumps(plain))
    return Reply(Message("assistant", blocks_of(told["blocks"])), told["stop"], Usage(**told["usage"]), told["model"])


def blocks_plain(blocks: tuple[Block, ...]) -> list[Plain]:
    """Blocks as messages are stored: text as a string, the others as objects."""
    found: list[Plain] = []
    for block in blocks:
        match block:
            case str():
                found.append(block)
            case ToolUse(id, name, arguments):
                found.append({"id": id, "name": name, "arguments": arguments})
            case ToolResult(id, text, error):
                found.append({"id": id, "text": text, "error": error})
    return found


def blocks_of(plain: Plain) -> tuple[Block, ...]:
    found: list[Block] = []
    assert isinstance(plain, list)
    for each in plain:
        if isinstance(each, str):
            found.append(each)
        elif isinstance(each, dict) and "name" in each:
            found.append(ToolUse(str(each["id"]), str(each["name"]), dict(each["arguments"])))  # type: ignore[arg-type]
        elif isinstance(each, dict):
            found.append(ToolResult(str(each["id"]), str(each["text"]), bool(each["error"])))
    return tuple(found)


async def call(
    bench: Bench, line: Line, path: str, fingerprint: str, asked: Asked, told: list[Event], meaning: Plain = None
) -> Reply:
    """The reply at `path`: recalled, taken from the disk, or asked for until it is whole."""
    step = bench.journal.recall(path, fingerprint, meaning)
    if step is not None and step.state is not StepState.INTENT:
        told.clear()
        return from_plain(step.value())
    tries = 0
    while True:
        await bench.gate()
        if bench.free_b() < DISK_FLOOR_B:
            await bench.wait_for_disk(DISK_FLOOR_B)
            continue
        try:
            choice = line.choose(asked.role)
            model = line.model(choice)
        except LabError as error:
            await _wait_for_key(bench, line, asked.role, error)
            continue
        request = asked.request(choice.model.name, choice.model.max_tokens)
        worst = choice.worst_case(_size(request), request.max_tokens)
        if (refusal := await _reserve(bench, worst)) is not None:
            await _wait_for_money(bench, worst, refusal)
            continue
        attempt = str(ULID())
        step = await bench.commit(
            _begin, bench, line.engine, str(choice), step, path, fingerprint, asked, attempt, worst, told
        )
        told.clear()
        bench.bell.ring()
        try:
            reply = await _send(bench.calls / attempt, model, request)
        except ModelError as error:
            tries += 1
            await _failed(bench, step, attempt, asked.role, path, error, tries, model, worst)
            continue
        except asyncio.CancelledError:  # the visit is superseded or the engine leaves
            with bench.store.transaction() as tx:
                doubt(tx, attempt, worst, "cancelled")
            raise
        except OSError as error:  # the reply could not be kept: the disk is full in spite of the room left for it
            await bench.commit(doubt, attempt, worst, str(error))
            await bench.wait_for_disk(DISK_FLOOR_B)
            continue
        cost = choice.cost(reply.usage)
        ended = await bench.commit(receive, bench.journal, step, attempt, asked.role, reply, cost)
        (bench.calls / attempt / "part").unlink(missing_ok=True)
        bench.bell.ring()
        bench.store.tidy_if_large()
        return from_plain(ended.value())


def _size(request: Request) -> int:
    """Tokens of a request at the most, as characters / 3."""
    characters = len(request.system) + sum(
        len(json.dumps(tool.schema)) + len(tool.description) for tool in request.tools
    )
    for message in request.messages:
        characters += sum(len(json.dumps(block, ensure_ascii=False)) for block in blocks_plain(message.blocks))
    return characters // 3 + 1


async def _reserve(bench: Bench, micros: int) -> LabError | None:
    config = bench.live()
    limits = ledger.limits(bench.store, bench.run, config.limits.money_usd, config.limits.gpu_hours)
    try:
        ledger.check(bench.store, limits, micros, 0)
    except LabError as error:
        return error
    return None


def _begin(
    tx: Transaction,
    bench: Bench,
    engine: int,
    model: str,
    step: Step | None,
    path: str,
    fingerprint: str,
    asked: Asked,
    attempt: str,
    worst: int,
    told: list[Event],
) -> Step:
    """The intent: step, attempt, reservation, the notes it reads, all in one commit."""
    if step is None:
        link = store_link(tx, asked.link)
        step = bench.journal.begin(
            tx, path, "ask", fingerprint, role=asked.role.value, request=link.id, notes=asked.notes, told=told
        )
        for word in asked.notes["new"]:
            tx.execute(
                "UPDATE note SET read_by = ?, read_seq = (SELECT max(seq) FROM event), read_at = ?"
                " WHERE word = ? AND run = ?",
                (step.id, tx.at, word, bench.run),
            )
            tx.event(NoteRead(word, asked.role.value), bench.run, bench.visit.id, step.id)
    n = tx.execute("SELECT count(*) FROM attempt WHERE step = ?", (step.id,)).fetchone()[0] + 1
    tx.execute(
        "INSERT INTO attempt (id, step, n, kind, engine, model, state, reserved_micros, cost_micros, input, cache_read,"
        " cache_write, output, estimated, gpu_reserved_s, gpu_s, begun_at)"
        " VALUES (?,?,?,'call',?,?,?,?,0,0,0,0,0,0,0,0,?)",
        (attempt, step.id, n, engine, model, AttemptState.FLYING.value, worst, tx.at),
    )
    ledger.reserve(tx, bench.run, worst, 0)
    tx.event(CallBegan(asked.role.value, path, attempt), bench.run, bench.visit.id, step.id)
    return step


async def _send(folder: Path, model: Model, request: Request) -> Reply:
    """Ask, letting the reply be watched as it comes; on return it lies whole in done.json."""
    folder.mkdir(mode=0o700)
    (folder / "sent").touch()
    with _Part(folder / "part") as part:
        reply = await model.stream(request, part.add)
    durable.write_json(folder / "done.json", as_plain(reply), mode=0o600)
    return reply


class _Part:
    """The reply under way, appended at most 10 times a second and never synced."""

    def __init__(self, path: Path) -> None:
        self._path, self._waiting, self._last = path, "", 0.0

    def __enter__(self) -> _Part:
        self._file = self._path.open("w", encoding="utf-8", errors="replace")
        return self

    def add(self, text: str) -> None:
        self._waiting += text
        if time.monotonic() - self._last >= PART_EVERY_S:
            self._flush()

    def _flush(self) -> None:
        self._file.write(self._waiting)
        self._file.flush()
        self._waiting, self._last = "", time.monotonic()

    def __exit__(self, *_: object) -> None:
        self._flush()
        self._file.close()


def receive(tx: Transaction, journal: Journal, step: Step, attempt: str, role: Role, reply: Reply, cost: int) -> Step:
    """A whole reply becomes the step's outcome; also used for replies that a dead engine left in done.json."""
    body = blocks_plain(reply.message.blocks)
    row = tx.execute("SELECT chain FROM message WHERE id = ?", (step.request,)).fetchone()
    parent = Link(row[0], step.request, None, "", "")
    link = store_link(tx, Link.after(parent, "assistant", body))
    usage = reply.usage
    tx.execute(
        "UPDATE attempt SET state = ?, input = ?, cache_read = ?, cache_write = ?, output = ?,"
        " estimated = ?, ended_at = ? WHERE id = ?",
        (
            AttemptState.DONE.value,
            usage.input,
            usage.cache_read,
            usage.cache_write,
            usage.output,
            usage.estimated,
            tx.at,
            attempt,
        ),
    )
    ledger.settle(tx, attempt, cost, 0)
    tool = reply.tool_uses[0].name if reply.tool_uses else None
    answered = CallAnswered(role.value, step.path, tool, usage.output, cost)
    return journal.finish(tx, step, as_plain(reply), reply=link.id, told=[answered])


# what went wrong


def doubt(tx: Transaction, attempt: str, cost: int, why: str) -> None:
    """An attempt that brought no whole reply: counted at its reservation."""
    tx.execute(
        "UPDATE attempt SET state = ?, error = ?, estimated = 1, ended_at = ? WHERE id = ?",
        (AttemptState.DOUBT.value, why, tx.at, attempt),
    )
    ledger.settle(tx, attempt, cost, 0)


def nothing_sent(tx: Transaction, attempt: str, why: str) -> None:
    """An attempt that cost nothing: it never reached the endpoint, or was refused there."""
    tx.execute(
        "UPDATE attempt SET state = ?, error = ?, ended_at = ? WHERE id = ?",
        (AttemptState.FAILED.value, why, tx.at, attempt),
    )
    ledger.settle(tx, attempt, 0, 0)


async def _failed(
    bench: Bench,
    step: Step,
    attempt: str,
    role: Role,
    path: str,
    error: ModelError,
    tries: int,
    model: Model,
    worst: int,
) -> None:
    """Record what became of an attempt, then wait as its fate asks."""
    if error.sent and error.fate in (Fate.RETRY, Fate.NETWORK) and error.status is None:
        await bench.commit(doubt, attempt, worst, error.why)
    else:
        await bench.commit(nothing_sent, attempt, error.why)
    match error.fate:
        case Fate.RETRY:
            after_s = error.after_s if error.after_s is not None else BACKOFF_S[min(tries, len(BACKOFF_S)) - 1]
            await bench.tell(CallRetried(role.value, path, error.why, after_s))
            await _back_off(bench, step, after_s, error.why)
        case Fate.NETWORK:
            await _wait_for_network(bench, model, error.why)
        case Fate.AUTH:
            await bench.wait(Wait.AUTH, [Choice.RETRY, Choice.STOP], {"why": error.why, "role": role.value})
        case Fate.BUDGET:
            facts: dict[str, Plain] = {"why": error.why, "endpoint": True}
            await bench.wait(Wait.BUDGET, [Choice.RETRY, Choice.STOP], facts)
        case Fate.REFUSED:
            await bench.wait(
                Wait.TROUBLE, [Choice.RETRY, Choice.STOP], {"why": error.why, "path": path, "what": "request_refused"}
            )


async def _back_off(bench: Bench, step: Step, length_s: float, why: str) -> None:
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
    while time.monotonic() < end and bench.closed(wait) is None:
        await bench.bell.heard(min(end - time.monotonic(), 30.0))
    if bench.closed(wait) is None:
        await bench.commit(lineage.close_wait, wait)


async def _wait_for_network(bench: Bench, model: Model, why: str) -> None:
    """Probe, for hours if need be; a person's `resume` only hurries."""
    waiting = asyncio.create_task(bench.wait(Wait.NETWORK, [Choice.RETRY, Choice.STOP], {"why": why}))
    try:
        for pause_s in (*PROBE_S, *([PROBE_S[-1]] * 10_000)):
            done, _ = await asyncio.wait({waiting}, timeout=pause_s)
            if done:
                break
            if await model.reachable():
                await bench.commit(_close_all, bench.run, Wait.NETWORK)
                bench.bell.ring()
        await waiting
    finally:
        waiting.cancel()


def _close_all(tx: Transaction, run: int, why: Wait) -> None:
    for (wait,) in tx.execute(
        "SELECT id FROM wait WHERE run = ? AND why = ? AND closed_seq IS NULL", (run, why.value)
    ).fetchall():
        lineage.close_wait(tx, wait)


async def _wait_for_key(bench: Bench, line: Line, role: Role, error: LabError) -> None:
    """No key: pause, and look again when the key file or the person says so."""

    def found() -> bool:
        try:
            line.model(line.choose(role))
        except LabError:
            return False
        return True

    facts: dict[str, Plain] = {"key": error.key, **error.facts}
    await bench.wait(Wait.AUTH, [Choice.RETRY, Choice.STOP], facts, probe=found)


async def _wait_for_money(bench: Bench, worst: int, error: LabError) -> None:
    """The limit is reached: nothing is lost; raise it, hand in what there is, or stop."""
    spent, limit = error.facts["spent"], error.facts["limit"]
    assert isinstance(spent, int) and isinstance(limit, int)
    facts: dict[str, Plain] = {
        "key": error.key,
        "needs_usd": worst / 1e6,
        "spent_usd": spent / 1e6,
        "limit_usd": limit / 1e6,
        "enough_usd": (max(spent, limit) + 5 * worst) / 1e6,  # the limit that handing in takes; `taking` grants it
    }
    await bench.wait(Wait.BUDGET, [Choice.RAISE, Choice.ENOUGH, Choice.STOP], facts)
