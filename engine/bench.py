"""What all desks of one visit share: the journal, the gate before every dispatch, commits that survive a full disk, and
waits for the world and for the person.

A bench belongs to one open visit of one run. Phases never see it; `desk.py`, `calls.py` and `jobs.py` work on it.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Concatenate, ParamSpec, TypeVar

from engine import room
from engine.bell import Bell
from engine.frame import Frame
from state import lineage
from state.config import Config
from state.errors import Plain
from state.events import Event
from state.journal import Journal
from state.lineage import Visit
from state.places import Places
from state.store import Store, Transaction
from state.vocabulary import Autonomy, Choice, Phase, Role, RunState, Wait

T = TypeVar("T")
P = ParamSpec("P")


def held(store: Store, run: int, own: int | None = None, past: int | None = None) -> bool:
    """Whether a run may dispatch nothing new. Waits of the step `own`, and the wait `past`, do not count."""
    row = store.row("SELECT state FROM run WHERE id = ?", (run,))
    assert row is not None
    if row["state"] in (RunState.STOPPED, RunState.FAILED, RunState.DONE):
        return True
    return bool(
        store.rows(
            "SELECT 1 FROM wait WHERE run = ? AND closed_seq IS NULL AND why != ? AND (step IS NULL OR step IS NOT ?)"
            " AND id IS NOT ?",
            (run, Wait.BACKOFF.value, own, past),
        )
    )


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
    past: int | None = None
    """The open checkpoint whose edits are being checked here: it does not hold its own check."""

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

        def once() -> T:
            with self.store.transaction() as tx:
                return write(tx, *args, **kwargs)

        return await self.with_room(once)

    async def with_room(self, write: Callable[[], T]) -> T:
        """`write()`, again whenever a full disk refused it and there is room, or somebody else held the database."""
        while True:
            try:
                return write()
            except Exception as error:
                self.journal.forget()
                busy = room.is_busy(error)
                if not busy and not room.is_full(error):
                    raise
            await (self.bell.heard(room.LOOK_S) if busy else self.wait_for_disk(0))

    async def wait_for_disk(self, need_b: int) -> None:
        await room.wait(self.store, self.places, self.bell, self.run, self.visit.id, need_b)

    def free_b(self) -> int:
        return room.free_b(self.places)

    # standing still

    def held(self, own: int | None = None) -> bool:
        """Whether nothing new may be dispatched now. A wait of the step `own` does not hold that step itself."""
        return held(self.store, self.run, own, self.past)

    async def gate(self, own: int | None = None) -> None:
        """Passed when the run may dispatch something new: not stopped, and nothing waits."""
        while self.held(own):
            await self.bell.heard()

    def enough(self) -> bool:
        """Whether the person said to hand in what there is, in this visit."""
        return bool(
            self.store.rows(
                "SELECT 1 FROM wait WHERE run = ? AND visit = ? AND closed_seq IS NOT NULL AND (choice = ? OR"
                " (choice = ? AND json_extract(facts, '$.called')))",
                (self.run, self.visit.id, Choice.ENOUGH.value, Choice.APPROVE.value),
            )
        )

    # notes

    def unread_notes(self, roles: set[Role]) -> list[str]:
        """Words of the notes that no step has read and that concern this phase: for everyone, or for one of `roles`.

        One that has kept the phase from handing in is for everyone: its reader may never be asked again.
        """
        rows = self.store.rows(
            "SELECT word, role FROM note WHERE run = ? AND read_seq IS NULL AND replaced_seq IS NULL"
            " AND (phase IS NULL OR phase = ?) ORDER BY rowid",
            (self.run, self.phase.value),
        )
        late = self._late_notes() if any(row["role"] is not None for row in rows) else set()
        return [row["word"] for row in rows if row["role"] is None or row["role"] in roles or row["word"] in late]

    def _late_notes(self) -> set[str]:
        """Words that a refused hand-in of this visit named."""
        rows = self.store.rows(
            "SELECT outcome FROM step WHERE visit = ? AND kind = 'submit' AND outcome != 'null'"
            " AND superseded_seq IS NULL",
            (self.visit.id,),
        )
        return {word for row in rows for word in json.loads(row["outcome"])["facts"].get("words", [])}

    def read_notes(self) -> list[str]:
        """Words of the notes that this visit has read, and before it the run's earlier visits to the phase."""
        rows = self.store.rows(
            "SELECT note.word FROM note CROSS JOIN step ON step.id = note.read_by JOIN visit ON visit.id = step.visit"
            " JOIN lineage ON lineage.visit = visit.id WHERE lineage.run = ? AND visit.phase = ?"
            " GROUP BY note.word ORDER BY min(note.read_seq), note.word",
            (self.run, self.phase.value),
        )
        return [row["word"] for row in rows]

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
        opens: Callable[..., int] = lineage.open_wait,
    ) -> Decision:
        """Open a wait, or join one open for the same reason, and stay until it is closed.

        A step's own wait counts also when it was decided while no engine worked. `probe` is asked every `every_s`;
        when it says True the wait closes by itself. `opens` writes the wait where none is open.
        """
        row = self.store.row(
            "SELECT id FROM wait WHERE run = ? AND why = ? AND step IS ?"
            " AND (closed_seq IS NULL OR (step IS NOT NULL AND choice IS NOT NULL)) ORDER BY id DESC LIMIT 1",
            (self.run, why.value, step),
        )
        if row is not None:
            wait = int(row["id"])
        else:
            wait = await self.commit(
                opens,
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
