"""Follow a run without a screen: progress lines on stderr until it ends or waits, the paper's path last on stdout.

The follower gives work: where no engine holds the lock while the run has something to do, it starts one. What it prints
is made from the event sequence; it keeps nothing but the last number it saw.
"""

from __future__ import annotations

import sys
import time
from dataclasses import dataclass
from pathlib import Path

from state import inbox, places
from state.errors import LabError
from state.readers import Reader, reading
from state.rows import EventRow, newest
from state.vocabulary import RunState, Wait
from tui import launch, told
from tui.language import tr

LOOK_S = 0.2
SETTLED_S = 1.0  # a run that waits for this long waits; shorter is between two steps
STARTS = 5  # engines that left without a single new event

CODES = {
    RunState.DONE: 0,
    RunState.WAITING: 3,
    RunState.PAUSED: 4,
    RunState.FAILED: 5,
    RunState.STOPPED: 6,
}
"""The exit code of a headless command by the state its run came to."""


@dataclass
class Seen:
    """Where the follower is: the last event, and how often an engine left without any."""

    seq: int
    starts: int = 0
    still_since: float | None = None


def last_seq(folder: Path) -> int:
    """The last event there is now: what a follower that starts here has not seen is new."""
    where = places.places(folder)
    with reading(where.database, where.blobs) as reader:
        return reader.last_seq() if reader else 0


def follow(folder: Path, run: int | None = None, *, after: int = 0) -> int:
    """Follow `run` (None: the newest once the inbox is empty) from event `after` on; returns the exit code."""
    where = places.places(folder)
    seen = Seen(after)
    while True:
        if not where.lab.is_dir():
            raise LabError("place.moved", folder=str(folder))
        waiting = inbox.pending(folder)
        try:
            with reading(where.database, where.blobs) as reader:
                state, followed = _look(reader, run, seen)
        except LabError as error:
            _wait_if_busy(error)
            continue
        at_work = bool(waiting) or state in (None, RunState.NEW, RunState.RUNNING)
        if at_work:
            seen.still_since = None
            _see_that_someone_works(folder, seen)
        else:
            seen.still_since = seen.still_since or time.monotonic()
            if time.monotonic() - seen.still_since >= (0 if state is RunState.DONE else SETTLED_S):
                assert state is not None and followed is not None
                return _end(folder, followed, state)
        time.sleep(LOOK_S)


def begun_by(folder: Path, word: str) -> int:
    """The run that a word began, once it is taken up; LabError `run.refused` if it cannot be. The newest run may be
    another's, who asked for one at the same moment."""
    where = places.places(folder)
    seen = Seen(0)
    while True:
        try:
            with reading(where.database, where.blobs) as reader:
                taken = reader.word(word) if reader else None
                run = reader.run_begun_by(word) if reader else None
        except LabError as error:
            _wait_if_busy(error)
            continue
        if run is not None:
            return run
        if taken is not None:
            why = taken[1] or ""
            raise LabError(why if why.startswith("word.") else "run.refused", why=why)
        _see_that_someone_works(folder, seen)
        time.sleep(LOOK_S)


def _wait_if_busy(error: LabError) -> None:
    """Where somebody holds the database with a tool of theirs, wait a moment, as the engine does; else raise it."""
    if error.key != "store.busy":
        raise error
    time.sleep(LOOK_S)


def paper(folder: Path, run: int) -> Path | None:
    """The run's paper, if there is one."""
    found = folder / "runs" / str(run) / "paper" / "paper.pdf"
    return found if found.is_file() else None


def _look(reader: Reader | None, run: int | None, seen: Seen) -> tuple[RunState | None, int | None]:
    """Print what is new; the run's state and number, None where there is none yet."""
    if reader is None or not (runs := reader.runs()):
        return None, None
    followed = reader.run(run) if run else newest(runs)
    if followed is None:
        raise LabError("run.none", run=run)
    for event in reader.events(seen.seq, followed.id):
        seen.seq, seen.starts = event.seq, 0
        _print(event)
    return RunState(followed.state), followed.id


def _print(event: EventRow) -> None:
    if (line := told.event_line(event)) is not None:
        stamp = time.strftime("%H:%M:%S", time.localtime(event.at / 1000))
        print(f"{stamp}  {line}", file=sys.stderr, flush=True)


def _see_that_someone_works(folder: Path, seen: Seen) -> None:
    if launch.alive(folder) or launch.start_engine(folder) is None:
        return
    seen.starts += 1
    if seen.starts > STARTS:
        raise LabError("engine.will_not_start", log=str(places.places(folder).log))


def _end(folder: Path, run: int, state: RunState) -> int:
    if state is not RunState.DONE:
        where = places.places(folder)
        with reading(where.database, where.blobs) as reader:
            waits = reader.waits(run) if reader else []
        print(tr(f"progress.{state.value}", run=run, log=str(where.log)), file=sys.stderr)
        for line in (line for wait in waits for line in told.wait_lines(wait)):
            print(f"  {line}", file=sys.stderr)
        if any(wait.why == Wait.TROUBLE for wait in waits):
            print(f"  {where.log}", file=sys.stderr)
    found = paper(folder, run)
    if found is not None:
        print(found, flush=True)
    return CODES[state]
