"""The lab at work: takes people's words up and walks every run of a project through its visits.

For each run one `walk`: open the next visit, play its phase, wait at its checkpoint, act on what was decided. Where a
run stands is read from the database each time, so a walk that begins after a crash goes on where the last one stopped.
One engine drives all runs of a project; `engine/__main__.py` starts it.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
import sqlite3
import time

from engine import checkpoints, ghosts, manuscript, opening, render, room, versions, visiting
from engine.bench import held
from engine.experiments.slots import how_many
from engine.notes_folder import NotesFolder
from engine.visiting import Surroundings
from state import inbox, lineage, taking
from state.errors import LabError
from state.events import RunDone
from state.lineage import Visit
from state.store import Transaction, canonical
from state.taking import Taken
from state.vocabulary import Choice, Phase, RunState, VisitState, Wait, WordKind
from state.watch import Watch

LOOK_EVERY_S = 2.0

AT_REST = (RunState.DONE.value, RunState.STOPPED.value, RunState.FAILED.value)

log = logging.getLogger("engine")


class Lab:
    """One engine's work on one project."""

    def __init__(self, around: Surroundings) -> None:
        self.around = around
        self.store = around.store
        self.walks: dict[int, asyncio.Task[None]] = {}
        self.leaving = asyncio.Event()
        self._notes = NotesFolder(around.places.notes)
        self._looked = 0.0
        self._busy_at = time.monotonic()
        self.lies: os.stat_result | None = None  # .nightlab/ as it was when the lock was taken

    async def work(self, idle_s: float) -> str:
        """Until asked to leave, idle for `idle_s`, or the project lies elsewhere; why it ended."""
        self._loop = asyncio.get_running_loop()
        with Watch(self.around.places, self._hurry):
            await self.as_decided()
            while not self.leaving.is_set():
                if self._moved():
                    return "moved"
                await self.look()
                self._walk_all()
                if await self._idle():
                    if time.monotonic() - self._busy_at > idle_s:
                        return "idle"
                else:
                    self._busy_at = time.monotonic()
                await self._pause()
        return "asked"

    def _moved(self) -> bool:
        """The project was moved or removed. An engine that stayed would hold its lock there and look for words here."""
        try:
            return self.lies is not None and not os.path.samestat(self.lies, self.around.places.lab.stat())
        except (FileNotFoundError, NotADirectoryError):
            return True

    async def close(self) -> None:
        """End every walk; what is in flight is taken up by the next engine."""
        for walk in self.walks.values():
            walk.cancel()
        await asyncio.gather(*self.walks.values(), return_exceptions=True)

    async def as_decided(self) -> None:
        """End the jobs that a stop, a called checkpoint or a superseded visit ended while an engine died."""
        for row in self.store.rows("SELECT id FROM run WHERE state != 'done'"):
            await self._stop_jobs(row["id"])
        await self._end_ghosts()

    async def _end_ghosts(self) -> None:
        await ghosts.end(self.store, self.around.places, self.around.workshop.place)

    def _hurry(self) -> None:
        """Something lies in the inbox or was saved: look at once. Called from the watching thread."""
        self._loop.call_soon_threadsafe(self.around.bell.ring)

    async def _pause(self) -> None:
        leave = asyncio.ensure_future(self.leaving.wait())
        ring = asyncio.ensure_future(self.around.bell.heard(LOOK_EVERY_S))
        try:
            await asyncio.wait({leave, ring}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            leave.cancel()
            ring.cancel()

    # people's words

    async def look(self) -> None:
        """Take up what lies in the inbox, in notes/ and in project.toml."""
        try:
            changed = False
            if inbox.pending(self.around.places.folder):
                changed = self.around.live.look()  # what was saved before a word was left comes before it
            changed |= await self.take_words()
            if time.monotonic() - self._looked >= LOOK_EVERY_S:
                self._looked = time.monotonic()
                changed |= self.around.live.look()
                changed |= self._notes.look(self.store)
                render.restore(self.store, self.around.places)
        except (LabError, OSError) as error:
            if not room.is_full(error) and not room.is_busy(error):
                raise
            log.warning("words stay where they are: %s", error)
            self.store.drop_ballast()
            self.around.bell.ring()  # those before it were taken up
            return
        if changed:
            asked = self.around.live.now().experiments.slots
            self.around.workshop.slots.resize(how_many(asked, self.around.cards))
            self.around.bell.ring()

    async def take_words(self) -> bool:
        """Every word in the inbox, in the order of the names."""
        config = ""
        changed = False
        for path in inbox.pending(self.around.places.folder):
            if path.is_dir():
                continue
            config = config or self.store.put(self.around.live.config.canonical.encode())
            taken = taking.take(self.store, path, self.around.live.valid, config)
            log.info("word %s %s: %s %s", taken.id, taken.kind, taken.outcome, taken.why or "")
            changed = True
            await self._act(taken)
        return changed

    async def _act(self, taken: Taken) -> None:
        """What a word means for what runs now."""
        if taken.run is None:
            return
        await self._stop_jobs(taken.run)
        if taken.outcome == "taken" and taken.kind in (WordKind.FORK, WordKind.DECISION):
            render.repair(self.store, self.around.places, taken.run)  # a fork begins with what it inherits

    async def _stop_jobs(self, run: int) -> None:
        """A stop ends a run's experiments, and so does a called checkpoint where the person said so."""
        row = self.store.row("SELECT state FROM run WHERE id = ?", (run,))
        visit = lineage.current(self.store, run)
        if row is None or visit is None:
            return
        called = self.store.row(
            "SELECT 1 FROM wait WHERE run = ? AND why = 'checkpoint' AND closed_seq IS NULL"
            " AND json_extract(facts, '$.experiments') = 0",
            (run,),
        )
        if row["state"] == RunState.STOPPED or called is not None:
            await visiting.stop_jobs(self.around, run, visit)

    # runs

    def _walk_all(self) -> None:
        for row in self.store.rows("SELECT id, state FROM run"):
            walk = self.walks.get(row["id"])
            if walk is not None and walk.done():
                if (error := walk.exception()) is not None:
                    raise error
                del self.walks[row["id"]]
                walk = None
            if walk is None and row["state"] not in AT_REST:
                self.walks[row["id"]] = asyncio.create_task(self.walk(row["id"]), name=f"run {row['id']}")

    async def _idle(self) -> bool:
        """Nothing works: every run is at rest or waits for a person, and no job runs."""
        working = self.store.rows(
            "SELECT 1 FROM run WHERE state = 'running' OR (state = 'paused' AND id IN"
            " (SELECT run FROM wait WHERE closed_seq IS NULL AND why IN ('network', 'disk', 'backoff', 'auth')))"
            " UNION ALL SELECT 1 FROM attempt WHERE state = 'flying' AND kind = 'call'"
        )
        return not working and not await ghosts.any_alive(self.store, self.around.places, self.around.workshop.place)

    async def walk(self, run: int) -> None:
        """One run, to its end or until it is at rest. A full disk or an error of the lab's own pauses it."""
        broken: Exception | None = None
        while True:
            try:
                if broken is not None:  # here, because a full disk may refuse that too
                    await self._trouble(run, broken)
                    broken = None
                await self._walk(run)
                return
            except Exception as error:
                if self._moved():  # no trouble of the run's: the engine that is started where it lies now goes on
                    self.around.bell.ring()
                    return
                if room.is_full(error):
                    around, visit = self.around, lineage.current(self.store, run)
                    await room.wait(around.store, around.places, around.bell, run, visit.id if visit else None, 0)
                    continue
                if room.is_busy(error):
                    await self.around.bell.heard(LOOK_EVERY_S)
                    continue
                if isinstance(error, sqlite3.Error) or (isinstance(error, LabError) and error.key.startswith("store.")):
                    raise
                log.error("run %s: the lab broke", run, exc_info=error)
                broken = error

    async def _trouble(self, run: int, error: Exception) -> None:
        """Pause until the person says to try again. Of what an engine before asked already, nothing is asked twice."""
        visit, facts = lineage.current(self.store, run), visiting.broke(error)
        if isinstance(error, LabError) and error.key.startswith("manuscript."):
            facts = {"what": "manuscript", "key": error.key, "facts": error.facts}
        asked = self.store.row(
            "SELECT id FROM wait WHERE run = ? AND why = 'trouble' AND closed_seq IS NULL AND facts = ?",
            (run, canonical(facts)),
        )
        if asked is not None:
            wait = int(asked["id"])
        else:
            choices = [Choice.RETRY.value, Choice.STOP.value]
            with self.store.transaction() as tx:
                wait = lineage.open_wait(tx, run, Wait.TROUBLE, choices, facts, visit=visit.id if visit else None)
        self.around.bell.ring()
        while self.store.row("SELECT 1 FROM wait WHERE id = ? AND closed_seq IS NULL", (wait,)) is not None:
            await self.around.bell.heard()

    async def _walk(self, run: int) -> None:
        """From where the run stands."""
        while True:
            row = self.store.row("SELECT state, phases FROM run WHERE id = ?", (run,))
            assert row is not None
            if row["state"] in AT_REST:
                return
            visit = lineage.current(self.store, run)
            if visit is None and held(self.store, run):
                await self.around.bell.heard()
            elif visit is None:
                await self._open(run, Phase(json.loads(row["phases"])[0]), None, None)
            elif visit.state is VisitState.OPEN:
                if (decision := visiting.ending_decision(self.store, run, visit)) is not None:
                    wait, _, answer = decision
                    await visiting.stop_jobs(self.around, run, visit)
                    await self._open(run, Phase(str(answer.get("phase") or visit.phase.value)), wait, None)
                else:
                    await visiting.work(self.around, run, visit)
            else:
                following = await checkpoints.after(self.around, run, visit)
                if following is None:
                    await self.around.bell.heard(LOOK_EVERY_S)  # or a person saved a file of the product that waits
                elif following.phase is None:
                    self._done(run, visit)
                    return
                else:
                    await self._open(run, following.phase, following.opened_by, following.because)

    async def _open(self, run: int, phase: Phase, wait: int | None, because: int | None) -> None:
        """Open the next visit, with its frame pinned now."""
        config = self.around.live.of(run)
        leads = self.around.choose(run, phase, opening.lead(phase))
        frame = opening.pin(
            self.store,
            self.around.places.folder,
            phase,
            config,
            rehearsal=leads.profile.rehearsal,
            sees=leads.sees,
            gpu=self.around.gpu,
            archive=opening.archive(self.store, run),
            importable=await asyncio.to_thread(opening.packages_for, self.around.places.folder, phase, config),
        )
        paper = opening.asked_to_review(self.store, run)
        read = await asyncio.to_thread(manuscript.read, paper) if paper is not None else None
        await asyncio.sleep(0)
        given = (read, versions.put(self.store, read.files())) if read is not None else None
        with self.store.transaction() as tx:
            opening.begin(tx, run, phase, frame, wait, because, given)
        if given is not None:
            render.repair(self.store, self.around.places, run)
        self.around.bell.ring()
        await self._end_ghosts()

    def _done(self, run: int, visit: Visit) -> None:
        with self.store.transaction() as tx:
            _end_run(tx, run, visit)
        self.around.bell.ring()


def _end_run(tx: Transaction, run: int, visit: Visit) -> None:
    for (wait,) in tx.execute("SELECT id FROM wait WHERE run = ? AND closed_seq IS NULL", (run,)).fetchall():
        lineage.close_wait(tx, wait)  # a pause, say: there is nothing left to hold
    tx.execute("UPDATE run SET state = ?, ended_at = ? WHERE id = ?", (RunState.DONE.value, tx.at, run))
    tx.event(RunDone(run), run, visit.id)
