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
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import BinaryIO

from ulid import ULID

from engine import setbacks
from engine.bench import Bench
from engine.models.base import PICTURE_TOKENS, Model, ModelError, Reply, Request
from engine.replies import as_plain, blocks_plain, from_plain
from engine.room import DISK_FLOOR_B
from state import durable, ledger
from state.errors import LabError, Plain
from state.events import CallAnswered, CallBegan, Event, NoteRead
from state.journal import Journal, Link, Step, fingerprint, store_link
from state.profiles import Choice as ModelChoice
from state.store import Transaction
from state.vocabulary import AttemptState, Role, StepState

PART_EVERY_S = 0.1


@dataclass
class Line:
    """The way to the models: who plays a role now, and at which price. Live, in no fingerprint."""

    choose: Callable[[Role], ModelChoice]
    model: Callable[[ModelChoice], Model]
    """Raises LabError `auth.no_key` where there is none."""
    engine: int = 0

    def player(self, role: Role) -> tuple[ModelChoice, Model]:
        """Who plays the role now, and the model."""
        choice = self.choose(role)
        return choice, self.model(choice)


@dataclass(frozen=True)
class Asked:
    """What a call means: the role, where its conversation ends, the notes it reads, what it may answer with."""

    role: Role
    link: Link
    meaning: list[Plain]
    notes: dict[str, list[str]]
    request: Callable[[str, int], Request]  # model name at the endpoint, max_tokens → the request


async def call(bench: Bench, line: Line, path: str, ask: Callable[[], Asked], told: list[Event]) -> Reply:
    """The reply at `path`: recalled, taken from the disk, or asked for until it is whole.

    `ask` is called again before the first dispatch, so that a note that came while the call waited is in it.
    """
    asked = ask()
    mark = fingerprint(asked.meaning)
    step = bench.journal.recall(path, mark, asked.meaning)
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
            choice, model = line.player(asked.role)
        except LabError as error:
            await setbacks.wait_for_key(bench, partial(line.player, asked.role), error)
            continue
        if step is None:
            asked = ask()
            mark = fingerprint(asked.meaning)
        request = asked.request(choice.model.name, choice.model.max_tokens)
        if not choice.sees:  # the visit began with a model that does
            request = request.without_pictures()
        worst = choice.worst_case(_size(request), request.max_tokens)
        if (refusal := _refused(bench, worst)) is not None:
            if refusal.facts["passing"]:  # it fits once what is in flight is settled
                await bench.bell.heard(setbacks.LOOK_S)
                continue
            await setbacks.wait_for_money(bench, worst, refusal)
            continue
        attempt = str(ULID())
        begun = await bench.commit(
            _begin, bench, line.engine, str(choice), step, path, mark, asked, attempt, worst, told
        )
        if begun is None:
            continue
        step = begun
        told.clear()
        bench.bell.ring()
        folder, sent = bench.calls / attempt, False
        try:
            await bench.with_room(partial(_mark_sent, folder))
            sent = True
            reply = await _send(bench, folder, model, request)
        except ModelError as error:
            tries += 1
            if setbacks.maybe_charged(error):
                await bench.commit(doubt, attempt, worst, error.why)
            else:
                await bench.commit(nothing_sent, attempt, error.why)
            await setbacks.after(bench, step, asked.role, error, tries, model)
            continue
        except asyncio.CancelledError:  # the visit is superseded or the engine leaves
            with bench.store.transaction() as tx:
                _broken_off(tx, attempt, worst, setbacks.CANCELLED, sent)
            raise
        except Exception as error:  # the folder fails, and not for being full, or our own code: nothing stays set aside
            await bench.commit(_broken_off, attempt, worst, str(error), sent)
            raise
        cost = choice.cost(reply.usage)
        ended = await bench.commit(receive, bench.journal, step, attempt, asked.role, reply, cost)
        _watched(bench, step)
        bench.bell.ring()
        bench.store.tidy_if_large()
        return from_plain(ended.value())


def _size(request: Request) -> int:
    """Tokens of a request at the most, as bytes / 3, and what its pictures may count.

    A Chinese character is three bytes and may be a token of its own.
    """
    texts = [request.system]
    texts += (text for tool in request.tools for text in (json.dumps(tool.schema), tool.description))
    texts += (
        json.dumps(block, ensure_ascii=False) for message in request.messages for block in blocks_plain(message.blocks)
    )
    size_b = sum(len(text.encode("utf-8", "surrogatepass")) for text in texts)
    return size_b // 3 + 1 + PICTURE_TOKENS * len(request.pictures)


def _refused(bench: Bench, micros: int) -> LabError | None:
    """Why a call of that worst case may not be made."""
    try:
        ledger.check(bench.store, ledger.limits(bench.store, bench.run, bench.live().limits), micros, 0)
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
    mark: str,
    asked: Asked,
    attempt: str,
    worst: int,
    told: list[Event],
) -> Step | None:
    """The intent: step, attempt, reservation, the notes it reads, all in one commit.

    None where it may not be made any more: a full disk held this commit back, and others went on meanwhile.
    """
    if bench.held() or _refused(bench, worst) is not None:
        return None
    if step is None:
        link = store_link(tx, asked.link)
        step = bench.journal.begin(
            tx, path, "ask", mark, role=asked.role.value, request=link.id, notes=asked.notes, told=told
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
        "INSERT INTO attempt (id, step, n, kind, run, engine, model, state, reserved_micros, cost_micros, input,"
        " cache_read, cache_write, output, estimated, gpu_reserved_s, gpu_s, begun_at)"
        " VALUES (?,?,?,'call',?,?,?,?,?,0,0,0,0,0,0,0,0,?)",
        (attempt, step.id, n, bench.run, engine, model, AttemptState.FLYING.value, worst, tx.at),
    )
    ledger.reserve(tx, bench.run, worst, 0)
    tx.event(CallBegan(asked.role.value, path, attempt), bench.run, bench.visit.id, step.id)
    return step


def _mark_sent(folder: Path) -> None:
    """From here on the request counts as sent."""
    folder.parent.mkdir(mode=0o700, exist_ok=True)  # a person may have cleared calls/ away
    folder.mkdir(mode=0o700, exist_ok=True)
    (folder / "sent").touch()


async def _send(bench: Bench, folder: Path, model: Model, request: Request) -> Reply:
    """Ask, letting the reply be watched as it comes; on return it lies whole in done.json.

    A reply that finds the disk full is held until there is room: it was paid for.
    """
    with _Part(folder / "part") as part:
        reply = await model.stream(request, part.add)
    await bench.with_room(lambda: durable.write_json(folder / "done.json", as_plain(reply), mode=0o600))
    return reply


def _watched(bench: Bench, step: Step) -> None:
    """The answer stands: what came of it before, cut replies too, was there to be watched and is no longer needed."""
    for row in bench.store.rows("SELECT id FROM attempt WHERE step = ?", (step.id,)):
        (bench.calls / row["id"] / "part").unlink(missing_ok=True)


class _Part:
    """The reply under way, appended at most 10 times a second and never synced.

    It is there to be watched: where it cannot be written the reply comes all the same.
    """

    def __init__(self, path: Path) -> None:
        self._path, self._waiting, self._last = path, "", 0.0
        self._file: BinaryIO | None = None

    def __enter__(self) -> _Part:
        with suppress(OSError):
            self._file = self._path.open("wb", buffering=0)
        return self

    def add(self, text: str) -> None:
        self._waiting += text
        if time.monotonic() - self._last >= PART_EVERY_S:
            self._flush()

    def _flush(self) -> None:
        if self._file is not None:
            with suppress(OSError):
                self._file.write(self._waiting.encode("utf-8", "replace"))
        self._waiting, self._last = "", time.monotonic()

    def __exit__(self, *_: object) -> None:
        self._flush()
        if self._file is not None:
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


def _broken_off(tx: Transaction, attempt: str, worst: int, why: str, sent: bool) -> None:
    if sent:
        doubt(tx, attempt, worst, why)
    else:
        nothing_sent(tx, attempt, why)


def nothing_sent(tx: Transaction, attempt: str, why: str) -> None:
    """An attempt that cost nothing: it never reached the endpoint, or was refused there."""
    tx.execute(
        "UPDATE attempt SET state = ?, error = ?, ended_at = ? WHERE id = ?",
        (AttemptState.FAILED.value, why, tx.at, attempt),
    )
    ledger.settle(tx, attempt, 0, 0)
