"""The steps of one visit: what was asked of the world, and what came of it.

A `Journal` is opened for the visit at work and reads that visit's steps alone. A step that is done is recalled, never
done again; the same path with another fingerprint is a `Diverged`. Steps with an effect outside take two commits,
`begin` and `finish` (or `fail`), pure ones take one, `record`. Used by the desk and by recovery.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from state.errors import LabError, Plain
from state.events import Event
from state.store import Store, Transaction, canonical, sha256
from state.vocabulary import StepState


@dataclass(frozen=True)
class Step:
    """A step as it is recorded. `told` is the outcome's JSON; where state is failed it is an error's key and facts."""

    id: int
    path: str
    kind: str
    fingerprint: str
    state: StepState
    request: int | None
    reply: int | None
    notes: dict[str, list[str]] | None
    told: str | None
    deaths: int

    def value(self) -> Plain:
        """The outcome; raises the LabError that was recorded instead of one."""
        outcome: Plain = json.loads(self.told) if self.told is not None else None
        if self.state is StepState.FAILED:
            assert isinstance(outcome, dict)
            facts = outcome["facts"]
            assert isinstance(facts, dict)
            raise LabError(str(outcome["error"]), **facts)
        return outcome


class Diverged(Exception):
    """The code asks for something else at a path that is recorded: it changed under an open visit."""

    def __init__(self, step: Step, fingerprint: str, meaning: Plain) -> None:
        super().__init__(step.path)
        self.step, self.fingerprint, self.meaning = step, fingerprint, meaning


def fingerprint(meaning: Plain) -> str:
    return sha256(canonical(meaning).encode())


@dataclass(frozen=True)
class Link:
    """The end of a conversation: its last message's chain hash, and its row once it is stored."""

    chain: str
    id: int | None
    parent: Link | None
    role: str
    body: str

    @classmethod
    def after(cls, parent: Link | None, role: str, body: Plain) -> Link:
        text = canonical(body)
        before = parent.chain if parent else ""
        return cls(hashlib.sha256(f"{before}\0{role}\0{text}".encode()).hexdigest(), None, parent, role, text)


def store_link(tx: Transaction, link: Link) -> Link:
    """Store a conversation's unstored end, each message once; the link with its row's id."""
    unstored: list[Link] = []
    at: Link | None = link
    while at is not None and at.id is None:
        unstored.append(at)
        at = at.parent
    parent = at
    for each in reversed(unstored):
        tx.execute(
            "INSERT OR IGNORE INTO message (chain, parent, role, body) VALUES (?,?,?,?)",
            (each.chain, parent.id if parent else None, each.role, each.body),
        )
        row = tx.execute("SELECT id FROM message WHERE chain = ?", (each.chain,)).fetchone()
        parent = replace(each, id=int(row[0]), parent=parent)
    assert parent is not None
    return parent


class Journal:
    """The steps of one visit, by path."""

    def __init__(self, store: Store, run: int, visit: int, *, lenient: bool = False) -> None:
        self.store, self.run, self.visit = store, run, visit
        self.lenient = lenient  # a person chose to keep the recorded answers in spite of a divergence
        rows = store.db.execute(f"SELECT {COLUMNS} FROM step WHERE visit = ? AND superseded_seq IS NULL", (visit,))
        self._rows: dict[str, tuple[Any, ...]] = {row[1]: row for row in rows.fetchall()}  # made a Step when asked for
        self._steps: dict[str, Step] = {}

    def __contains__(self, path: str) -> bool:
        return path in self._steps or path in self._rows

    def peek(self, path: str) -> Step | None:
        """The step at a path, whatever its fingerprint."""
        if (row := self._rows.pop(path, None)) is not None:
            self._steps[path] = _step(row)
        return self._steps.get(path)

    def recall(self, path: str, fingerprint: str, meaning: Plain = None) -> Step | None:
        """The step recorded at a path. Raises Diverged if it meant something else."""
        step = self.peek(path)
        if step is not None and step.fingerprint != fingerprint and not self.lenient:
            raise Diverged(step, fingerprint, meaning)
        return step

    def _all(self) -> list[Step]:
        for path in list(self._rows):
            self.peek(path)
        return sorted(self._steps.values(), key=lambda each: each.id)

    def record(self, path: str, kind: str, fingerprint: str, outcome: Plain, told: Sequence[Event] = ()) -> Step:
        """A pure step: intent and outcome in one commit."""
        with self.store.transaction() as tx:
            return self.recorded(tx, path, kind, fingerprint, outcome, told)

    def recorded(
        self, tx: Transaction, path: str, kind: str, fingerprint: str, outcome: Plain, told: Sequence[Event] = ()
    ) -> Step:
        """The same, inside a commit that holds more."""
        step = self.begin(tx, path, kind, fingerprint, told=told)
        return self.finish(tx, step, outcome)

    def begin(
        self,
        tx: Transaction,
        path: str,
        kind: str,
        fingerprint: str,
        *,
        role: str | None = None,
        request: int | None = None,
        notes: dict[str, list[str]] | None = None,
        told: Sequence[Event] = (),
    ) -> Step:
        """The intent of a step, with the events that were told before it."""
        for event in told:
            tx.event(event, self.run, self.visit)
        id = tx.insert(
            "INSERT INTO step"
            " (visit, path, kind, role, fingerprint, state, request, notes, deaths, begun_seq, begun_at)"
            " VALUES (?,?,?,?,?,'intent',?,?,0,?,?)",
            (
                self.visit,
                path,
                kind,
                role,
                fingerprint,
                request,
                json.dumps(notes) if notes is not None else None,
                tx.seq,
                tx.at,
            ),
        )
        step = Step(id, path, kind, fingerprint, StepState.INTENT, request, None, notes, None, 0)
        self._steps[path] = step
        return step

    def finish(
        self, tx: Transaction, step: Step, outcome: Plain, *, reply: int | None = None, told: Sequence[Event] = ()
    ) -> Step:
        """The outcome of a step."""
        return self._end(tx, step, StepState.DONE, outcome, reply, told)

    def fail(self, tx: Transaction, step: Step, error: LabError, told: Sequence[Event] = ()) -> Step:
        """An error as the outcome: a replay raises it again."""
        return self._end(tx, step, StepState.FAILED, {"error": error.key, "facts": error.facts}, None, told)

    def _end(
        self, tx: Transaction, step: Step, state: StepState, outcome: Plain, reply: int | None, told: Sequence[Event]
    ) -> Step:
        for event in told:
            tx.event(event, self.run, self.visit, step.id)
        text = canonical(outcome)
        tx.execute(
            "UPDATE step SET state = ?, outcome = ?, reply = ?, ended_seq = ?, ended_at = ? WHERE id = ?",
            (state.value, text, reply, tx.seq, tx.at, step.id),
        )
        ended = replace(step, state=state, told=text, reply=reply)
        self._steps[step.path] = ended
        return ended

    def forget(self) -> None:
        """Read the visit again: a commit failed, so memory may be ahead of the disk."""
        self.__init__(self.store, self.run, self.visit, lenient=self.lenient)  # type: ignore[misc]  # no subclass has another

    def supersede_from(self, tx: Transaction, step: Step) -> list[int]:
        """Go on anew from `step`: it and all that began after it are kept but no longer recalled. Their ids."""
        ids = [each.id for each in self._all() if each.id >= step.id]
        seq = tx.seq or int(tx.execute("SELECT max(seq) FROM event").fetchone()[0])
        for id in ids:
            tx.execute("UPDATE step SET superseded_seq = ? WHERE id = ?", (seq, id))
        self._steps = {path: each for path, each in self._steps.items() if each.id < step.id}
        return ids


COLUMNS = "id, path, kind, fingerprint, state, request, reply, notes, outcome, deaths"


def _step(row: tuple[Any, ...]) -> Step:
    id, path, kind, mark, state, request, reply, notes, told, deaths = row
    read = json.loads(notes) if notes is not None else None
    return Step(id, path, kind, mark, StepState(state), request, reply, read, told, deaths)
