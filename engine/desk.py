"""What a phase works with: everything it may ask of the world, each asked once and remembered.

A `Desk` is one visit or a named part of it. Paths begin with the visit's label (`plan@2/turn-3/lead/1`). After a crash
the phase runs again from its start and every finished step answers from the journal at once. Work side by side gets a
part of the desk and frozen arguments; its results reach the phase only through `first` and `all`.
"""

from __future__ import annotations

import asyncio
import inspect
import json
import typing
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from pydantic import TypeAdapter

from engine.answering import Refusal
from engine.bench import Bench
from engine.calls import Line
from engine.experiments.contract import Ending, Job
from engine.frame import Frame
from engine.inputs import Inputs
from engine.jobs import run_job
from engine.prompt import Shown, Value
from engine.seat import Seat, note_tags
from engine.versions import Version, hand_in, keep_version
from engine.workshop import Experiment, Workshop, mark_of
from state.errors import LabError, Plain
from state.events import Event
from state.journal import Step, fingerprint
from state.products.base import Product
from state.profiles import REHEARSAL
from state.store import Transaction
from state.vocabulary import Autonomy, Choice, Role, StepState, Wait

T = TypeVar("T")

LAST_ROUNDS = 3

ASKS_ALWAYS = frozenset(
    {Wait.BUDGET, Wait.AUTH, Wait.DISK, Wait.SANDBOX, Wait.PERMISSION, Wait.TROUBLE, Wait.DIVERGENCE}
)
"""Money, risk and trouble: autopilot waits too."""


@dataclass(frozen=True)
class Round:
    """A turn of a phase. `last`: the limit is reached or the person said enough; hand in what there is."""

    n: int
    last: bool


@dataclass
class Work(Generic[T]):
    """Work that goes on side by side."""

    name: str
    task: asyncio.Task[T]


class NameUsed(RuntimeError):
    """A phase asked twice for the same name in one scope: a fault in its code."""


@dataclass
class Desk:
    """One visit, or a named part of it."""

    bench: Bench
    line: Line
    workshop: Workshop
    inputs: Inputs
    path: str
    told: list[Event] = field(default_factory=list)
    _used: set[str] = field(default_factory=set)
    _works: set[asyncio.Task[Any]] = field(default_factory=set)
    _seated: set[Role] = field(default_factory=set)

    @property
    def frame(self) -> Frame:
        """What the visit pinned."""
        return self.bench.frame

    @property
    def rehearsed(self) -> bool:
        """Whether the rehearsal answered in this visit, so far."""
        row = self.bench.store.row(
            "SELECT 1 FROM attempt JOIN step ON step.id = attempt.step WHERE step.visit = ? AND attempt.state = 'done'"
            " AND attempt.model GLOB ?",
            (self.bench.visit.id, f"{REHEARSAL}*"),
        )
        return row is not None

    def within(self, name: str) -> Desk:
        """A named part of the path; a name is used once."""
        return self.part(self._at(name))

    def part(self, path: str) -> Desk:
        """The desk at a path of its own, with the same conversation partners and untold events."""
        return Desk(
            self.bench, self.line, self.workshop, self.inputs, path, self.told, _works=self._works, _seated=self._seated
        )

    def seat(self, role: Role, prompt: str, /, **fields: Value) -> Seat:
        """A role sits down: one growing conversation at PATH/prompt."""
        self._at(prompt)
        self._seated.add(role)
        return Seat(self, role, prompt, fields)

    def _at(self, name: str) -> str:
        if name in self._used:
            raise NameUsed(f"{self.path}/{name}")
        self._used.add(name)
        return f"{self.path}/{name}"

    # single steps

    async def step(self, name: str, do: Callable[..., Awaitable[T]], *meaning: Plain) -> T:
        """Anything else from the world: `do(*meaning)` is done once; its value, or its LabError, is replayed.

        The value is plain JSON, or whatever pydantic can rebuild from `do`'s return annotation.
        """
        path, mark = self._at(name), fingerprint(["step", *meaning])
        adapter = _adapter(do)
        found = self.bench.journal.recall(path, mark, list(meaning))
        if found is not None and found.state is not StepState.INTENT:
            self.told.clear()
            value = found.value()
            return typing.cast(T, adapter.validate_python(value) if adapter else value)
        await self.bench.gate()
        step = found
        if step is None:
            step = await self.bench.commit(self.bench.journal.begin, path, "step", mark, told=self.told)
        self.told.clear()
        try:
            result = await do(*meaning)
        except LabError as error:
            await self.bench.commit(self.bench.journal.fail, step, error, told=self.told)
            self.told.clear()
            self.bench.bell.ring()
            raise
        plain = adapter.dump_python(result, mode="json") if adapter else result
        await self.bench.commit(self.bench.journal.finish, step, typing.cast(Plain, plain), told=self.told)
        self.told.clear()
        self.bench.bell.ring()
        # what a replay would see, so that a value that does not survive JSON is noticed at once
        return typing.cast(T, adapter.validate_python(json.loads(json.dumps(plain))) if adapter else result)

    async def _record(self, path: str, kind: str, meaning: list[Plain], now: Callable[[], Plain]) -> Plain:
        """A pure step: one commit."""
        mark = fingerprint([kind, *meaning])
        found = self.bench.journal.recall(path, mark, list(meaning))
        if found is None:
            found = await self.bench.commit(self.bench.journal.recorded, path, kind, mark, now(), told=self.told)
            self.bench.bell.ring()
        self.told.clear()
        return found.value()

    async def run(self, name: str, job: Job | Experiment) -> Ending:
        """A program or LaTeX: slot, reservation, adoption, reuse by meaning. A failure is an Ending."""
        return await run_job(self.bench, self.workshop, self._at(name), job, self.told)

    def file(self, ending: Ending, name: str) -> bytes:
        """The bytes of a file that a job brought in."""
        return self.bench.store.get(ending.files[name].sha256)

    def tell(self, event: Event) -> None:
        """Rides on the next commit; silent in replays."""
        self.told.append(event)

    # side by side

    def start(self, name: str, work: Callable[..., Awaitable[T]], *frozen: Any) -> Work[T]:
        """`work(desk.within(name), *frozen)`, side by side with what follows."""
        desk = self.within(name)
        desk.told = []
        task: asyncio.Task[T] = asyncio.ensure_future(_as_coroutine(work(desk, *frozen)))
        self._works.add(task)
        task.add_done_callback(self._works.discard)
        return Work(name, task)

    async def first(self, name: str, *running: Work[T]) -> Work[T]:
        """The next that ended; who it was is recorded."""
        path, names = self._at(name), [work.name for work in running]
        by_name = {work.name: work for work in running}
        found = self.bench.journal.recall(path, fingerprint(["first", *names]), list(names))
        if found is not None:
            ended = by_name[str(found.value())]
            await asyncio.wait({ended.task})
            return ended
        done, _ = await asyncio.wait({work.task for work in running}, return_when=asyncio.FIRST_COMPLETED)
        ended = next(work for work in running if work.task in done)
        await self._record(path, "first", [*names], lambda: ended.name)
        return ended

    async def all(self, *running: Work[T]) -> list[T]:
        """Values in the order given; the first error, once all have ended."""
        if running:
            await asyncio.wait({work.task for work in running})
        return [work.task.result() for work in running]

    async def end(self) -> None:
        """Nothing of this visit goes on: what still runs side by side is cancelled."""
        works = list(self._works)
        for work in works:
            work.cancel()
        if works:
            await asyncio.wait(works)

    # rounds

    async def rounds(self, limit: int) -> AsyncIterator[Round]:
        """Rounds 1, 2, … to `limit`, then three last ones; also after the person's "enough"."""
        n, last = 0, 0
        while last < LAST_ROUNDS:
            n += 1
            path = self._at(f"round-{n}")
            enough = await self._record(path, "round", [n], self.bench.enough)
            if last or enough or n >= limit:
                last += 1
            yield Round(n, bool(last))

    # products and people

    async def keep(self, product: Product) -> Version:
        """A version to look at, not handed in."""
        return await keep_version(self.bench, self._numbered("keep"), product, self.told)

    async def submit(self, product: Product) -> Refusal | None:
        """None: checked, no unread note, and the visit closed in that commit."""
        return await hand_in(self.bench, self._numbered("submit"), product, self._seated, self.told)

    def _numbered(self, what: str) -> str:
        n = sum(1 for name in self._used if name.startswith(f"{what}-")) + 1
        return self._at(f"{what}-{n}")

    async def hold(self, name: str, why: Wait, /, *choices: Choice, **facts: Plain) -> Choice:
        """Wait for the person; autopilot takes the first choice unless it is about money, risk or trouble."""
        path = self._at(name)
        meaning: list[Plain] = [why.value, *(choice.value for choice in choices)]
        mark = fingerprint(["hold", *meaning])
        found = self.bench.journal.recall(path, mark, meaning)
        if found is not None and found.state is not StepState.INTENT:
            self.told.clear()
            return Choice(str(found.value()))
        await self.bench.gate(found.id if found else None)
        if found is None:
            found = await self.bench.commit(self.bench.journal.begin, path, "hold", mark, told=self.told)
            self.told.clear()
        asked = self.bench.store.row("SELECT 1 FROM wait WHERE step = ?", (found.id,))  # autopilot came too late
        if asked is None and self.bench.autonomy() is Autonomy.AUTOPILOT and why not in ASKS_ALWAYS:
            chosen = choices[0]
        else:
            decision = await self.bench.wait(why, list(choices), dict(facts), step=found.id)
            chosen = decision.choice or choices[0]
        await self.bench.commit(self.bench.journal.finish, found, chosen.value)
        self.bench.bell.ring()
        return chosen

    async def name(
        self, wanted: str, sha256: str, parent: str | None = None, change: str | None = None, *, anew: bool = False
    ) -> str:
        """A program's name, unique in the project. A program that has one keeps it, because what it measured stands
        under it; `anew` where that name means another program by now."""
        path = self._at(f"name-{wanted}")
        mark = fingerprint(["name", wanted, sha256])
        found = self.bench.journal.recall(path, mark, [wanted, sha256])
        if found is None:
            named: Step = await self.bench.commit(self._name, path, mark, wanted, sha256, parent, change, anew)
            self.bench.bell.ring()
        else:
            named = found
        self.told.clear()
        return str(named.value())

    def _name(
        self,
        tx: Transaction,
        path: str,
        mark: str,
        wanted: str,
        sha256: str,
        parent: str | None,
        change: str | None,
        anew: bool,
    ) -> Step:
        has = None
        if not anew:  # one that became it by repairs was measured under the name it had
            has = tx.execute(
                "SELECT name FROM (SELECT name, name != ? AS other, 0 AS ran FROM program WHERE sha256 = ?"
                " UNION ALL SELECT program, program != ?, 1 FROM experiment WHERE code = ?)"
                " ORDER BY other, ran LIMIT 1",
                (wanted, sha256, wanted, mark_of(sha256)),
            ).fetchone()
        if has is not None:
            return self.bench.journal.recorded(tx, path, "name", mark, has[0], self.told)
        name, n = wanted, 1
        while (row := tx.execute("SELECT sha256 FROM program WHERE name = ?", (name,)).fetchone()) is not None:
            if row[0] == sha256:
                break
            n += 1
            name = f"{wanted}-{n}"
        step = self.bench.journal.recorded(tx, path, "name", mark, name, self.told)
        if row is None:
            tx.execute(
                "INSERT INTO program (name, visit, sha256, parent, change, step) VALUES (?,?,?,?,?,?)",
                (name, self.bench.visit.id, sha256, parent, change, step.id),
            )
        return step

    # notes

    def notes_for(
        self, path: str, role: Role, shown: set[str]
    ) -> tuple[list[Shown], list[Shown], dict[str, list[str]]]:
        """(new notes, earlier notes, what the intent lists) for a call at `path`; a replay uses what is recorded."""
        recorded = self.bench.journal.peek(path)
        if recorded is not None and recorded.notes is not None:
            notes = recorded.notes
        else:
            new = [word for word in self.bench.unread_notes({role}) if word not in shown]
            read = [word for word in self.bench.read_notes() if word not in shown and word not in new]
            notes = {"new": new, "earlier": read}
        return (
            note_tags(self.bench.note_texts(notes["new"]), "note"),
            note_tags(self.bench.note_texts(notes["earlier"]), "earlier_note"),
            notes,
        )


async def _as_coroutine(work: Awaitable[T]) -> T:
    return await work


_ADAPTERS: dict[Any, TypeAdapter[Any] | None] = {}


def _adapter(do: Callable[..., Any]) -> TypeAdapter[Any] | None:
    """How `do`'s value becomes JSON and comes back; None for plain values."""
    target = inspect.unwrap(getattr(do, "func", do))
    if target not in _ADAPTERS:
        raw = getattr(target, "__annotations__", {}).get("return")
        if raw is None or "Plain" in str(raw):  # plain JSON goes in and comes out as it is
            _ADAPTERS[target] = None
        else:
            _ADAPTERS[target] = TypeAdapter(typing.get_type_hints(target)["return"])
    return _ADAPTERS[target]
