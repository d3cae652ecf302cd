"""What all desks of one visit share: the journal, the gate before every dispatch, commits that survive a full disk, and
waits for the world and for the person.

A bench belongs to one open visit of one run. Phases never see it; `desk.py`, `calls.py` and `jobs.py` work on it.
"""

from __future__ import annotations

import asyncio
import errno
import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Concatenate, ParamSpec, TypeVar

from engine.frame import Frame
from state import lineage
from state.config import Config
from state.errors import LabError, Plain
from state.events import Event
from state.journal import Journal
from state.lineage import Visit
from state.places import Places
from state.store import Store, Transaction
from state.vocabulary import Autonomy, Choice, Phase, Role, RunState, Wait

T = TypeVar("T")
P = ParamSpec("P")

DISK_FLOOR_B = 64 * 1024 * 1024
"""No call is made with less room than this: a reply that was paid for must find a place."""


class Bell:
    """Rung whenever something was committed that a waiter may be waiting for."""

    def __init__(self) -> None:
        self._waiters: set[asyncio.Future[None]] = set()

    def ring(self) -> None:
        for waiter in self._waiters:
            if not waiter.done():
                waiter.set_result(None)
        self._waiters.clear()

    async def heard(self, timeout_s: float | None = None) -> bool:
        """Until the next ring; False if `timeout_s` passed first."""
        waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiters.add(waiter)
        try:
            await asyncio.wait_for(waiter, timeout_s)
        except TimeoutError:
            return False
        finally:
            self._waiters.discard(waiter)
        return True


@dataclass
class Decision:
    """How a wait ended. `answer` holds what else was said: a phase, an idea's name."""

    choice: Choice | None
    answer: dict[str, Plain] = field(default_factory=dict)


@dataclass
class Bench:
    """One open visit at work."""

    store: Store
    places: Places
    run: int
    visit: Visit
    frame: Frame
    journal: Journal
    bell: Bell
    live: Callable[[], Config]
    """project.toml with what is live taken from its last valid reading, and `set` over it."""

    @property
    def phase(self) -> Phase:
        return self.visit.phase

    def autonomy(self) -> Autonomy:
        row = self.store.row("SELECT autonomy FROM run WHERE id = ?", (self.run,))
        assert row is not None
        return Autonomy(row["autonomy"])

    # commits

    async def commit(self, write: Callable[Concatenate[Transaction, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """`write(tx, …)` in one transaction; a full disk pauses the run, and it is written again when there is room."""
        while True:
            try:
                with self.store.transaction() as tx:
                    return write(tx, *args, **kwargs)
            except LabError as error:
                self.journal.forget()
                if error.key != "disk.full":
                    raise
            except OSError as error:
                self.journal.forget()
                if error.errno not in (errno.ENOSPC, errno.EDQUOT):
                    raise
            await self.wait_for_disk(0)

    async def wait_for_disk(self, need_b: int) -> None:
        """Pause until there is room again. The ballast is given back so that the pause itself can be recorded."""
        self.store.drop_ballast()
        wait: int | None = None
        while True:
            free = self.free_b()
            if wait is not None and free > max(need_b, DISK_FLOOR_B // 8):
                with self.store.transaction() as tx:
                    lineage.close_wait(tx, wait, None)
                self.store.keep_ballast()
                self.bell.ring()
                return
            if wait is None:
                try:
                    with self.store.transaction() as tx:
                        facts: dict[str, Plain] = {"free_b": free, "need_b": max(need_b, DISK_FLOOR_B // 8)}
                        wait = lineage.open_wait(
                            tx, self.run, Wait.DISK, [Choice.RETRY.value, Choice.STOP.value], facts, visit=self.visit.id
                        )
                    self.bell.ring()
                except LabError as error:
                    if error.key != "disk.full":
                        raise
            await self.bell.heard(2.0)
            if wait is not None and self.closed(wait) is not None:
                return

    def free_b(self) -> int:
        """The least room on the disks that the lab writes to."""
        return min(shutil.disk_usage(path).free for path in {self.places.local, self.places.lab})

    # standing still

    def held(self, own: int | None = None) -> bool:
        """Whether nothing new may be dispatched now. A wait of the step `own` does not hold that step itself."""
        row = self.store.row("SELECT state FROM run WHERE id = ?", (self.run,))
        assert row is not None
        if row["state"] in (RunState.STOPPED, RunState.FAILED, RunState.DONE):
            return True
        return bool(
            self.store.rows(
                "SELECT 1 FROM wait WHERE run = ? AND closed_seq IS NULL AND why != ?"
                " AND (step IS NULL OR step IS NOT ?)",
                (self.run, Wait.BACKOFF.value, own),
            )
        )

    async def gate(self, own: int | None = None) -> None:
        """Passed when the run may dispatch something new: not stopped, and nothing waits."""
        while self.held(own):
            await self.bell.heard()

    # notes

    def unread_notes(self, roles: set[Role]) -> list[str]:
        """Words of the notes that no step has read and that concern this phase: for everyone, or for one of `roles`."""
        rows = self.store.rows(
            "SELECT word, role FROM note WHERE run = ? AND read_seq IS NULL AND replaced_seq IS NULL"
            " AND (phase IS NULL OR phase = ?) ORDER BY left_at, word",
            (self.run, self.phase.value),
        )
        return [row["word"] for row in rows if row["role"] is None or row["role"] in roles]

    def note_texts(self, words: list[str]) -> list[tuple[str, str, str | None]]:
        """(word, text, address) in the order given; a fork finds what its parent's steps read."""
        found = []
        for word in words:
            row = self.store.row("SELECT text, phase, role FROM note WHERE word = ? ORDER BY run LIMIT 1", (word,))
            assert row is not None
            found.append((word, row["text"], row["role"] or row["phase"]))
        return found

    async def wait(
        self,
        why: Wait,
        choices: list[Choice],
        facts: dict[str, Plain],
        *,
        step: int | None = None,
        product: int | None = None,
        probe: Callable[[], bool] | None = None,
        every_s: float = 2.0,
    ) -> Decision:
        """Open a wait, or join one open for the same reason, and stay until it is closed.

        `probe` is asked every `every_s`; when it says True the wait closes by itself.
        """
        row = self.store.row(
            "SELECT id FROM wait WHERE run = ? AND why = ? AND closed_seq IS NULL AND step IS ?",
            (self.run, why.value, step),
        )
        if row is not None:
            wait = int(row["id"])
        else:
            wait = await self.commit(
                lineage.open_wait,
                self.run,
                why,
                [choice.value for choice in choices],
                facts,
                visit=self.visit.id,
                step=step,
                product=product,
            )
            self.bell.ring()
        while True:
            if (decision := self.closed(wait)) is not None:
                return decision
            await self.bell.heard(every_s if probe else None)
            if probe is not None and self.closed(wait) is None and probe():
                await self.commit(lineage.close_wait, wait)
                self.bell.ring()

    def closed(self, wait: int) -> Decision | None:
        row = self.store.row("SELECT closed_seq, choice, answer FROM wait WHERE id = ?", (wait,))
        assert row is not None
        if row["closed_seq"] is None:
            return None
        answer = json.loads(row["answer"]) if row["answer"] else {}
        return Decision(Choice(row["choice"]) if row["choice"] else None, answer or {})

    async def tell(self, event: Event) -> None:
        """An event of its own, outside any step."""
        await self.commit(Transaction.event, event, self.run, self.visit.id)
        self.bell.ring()

    @property
    def calls(self) -> Path:
        return self.places.calls

    @property
    def jobs(self) -> Path:
        return self.places.jobs
