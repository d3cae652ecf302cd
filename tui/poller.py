"""The one thread that looks: it follows the database and the lock, and posts what it saw.

Four looks a second while something changes, none of which writes; the lock every two seconds. Widgets never open a
file or a connection. `follow` says what is on screen; a Look is made of that alone.
"""

from __future__ import annotations

import contextlib
import sqlite3
import threading
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from textual.message import Message

from state import lock
from state.durable import write
from state.errors import LabError
from state.places import places, state_folder
from state.readers import Reader
from tui.logfile import LogFile

if TYPE_CHECKING:  # imported when the first look is made, which comes after the first frame
    from tui.gather import Gatherer
    from tui.homes import Elsewhere, Homes
    from tui.look import Home, Look

LOOK_S = 0.25
LOCK_S = 2.0
HOME_S = 2.0
LAST_WORDS = 6


@dataclass
class Looked(Message):
    """A new Look of the run on screen."""

    look: Look

    def can_replace(self, message: Message) -> bool:
        return isinstance(message, Looked)


@dataclass
class HomeLooked(Message):
    """A new look at all projects."""

    home: Home

    def can_replace(self, message: Message) -> bool:
        return isinstance(message, HomeLooked)


@dataclass
class NothingYet(Message):
    """The project on screen has no database yet: whether an engine is up, and the last lines of its log."""

    folder: Path
    alive: bool
    log: tuple[str, ...]

    def can_replace(self, message: Message) -> bool:
        return isinstance(message, NothingYet)


@dataclass
class CannotLook(Message):
    """The project on screen cannot be read, and why."""

    error: LabError


@dataclass(frozen=True)
class Wanted:
    """What is on screen: home (no folder), or a run, the phase whose talk is shown, the experiment whose curve is.

    `beside`: the run that home shows beside its list.
    """

    folder: Path | None = None
    run: int | None = None
    phase: str | None = None
    experiment: int | None = None
    beside: tuple[Path, int] | None = None


class Poller(threading.Thread):
    """Posts `Looked` and `HomeLooked` through `post`, which must be safe to call from a thread."""

    def __init__(self, post: Callable[[Message], object], now: Callable[[], int]) -> None:
        super().__init__(name="poller", daemon=True)
        self._post, self._now = post, now
        self._wanted = Wanted()
        self._hurry = threading.Event()
        self._stopped = threading.Event()
        self._project: Project | None = None
        self._elsewhere: Elsewhere  # both are made when it begins to run
        self._homes: Homes

    @property
    def wanted(self) -> Wanted:
        return self._wanted

    def follow(self, wanted: Wanted) -> None:
        self._wanted = wanted
        self._hurry.set()

    def hurry(self) -> None:
        """Look now."""
        self._hurry.set()

    def stop(self) -> None:
        self._stopped.set()
        self._hurry.set()

    def run(self) -> None:
        from tui.homes import Elsewhere, Homes

        self._elsewhere, self._homes = Elsewhere(), Homes()
        seen: object = None
        home_at = 0.0
        last_home: Home | None = None
        while not self._stopped.is_set():
            wanted = self._wanted
            forced = self._hurry.is_set()
            self._hurry.clear()
            try:
                if wanted.folder is None:
                    seen = self._beside(wanted, seen, forced)
                    if forced or time.monotonic() - home_at > HOME_S:
                        home_at = time.monotonic()
                        home = self._homes.look(self._now())
                        if forced or _unlike(home, last_home):
                            last_home = home
                            self._post(HomeLooked(home))
                else:
                    seen = self._look(wanted, seen, forced)
            except LabError as error:
                self._post(CannotLook(error))
                self._leave()
            except (sqlite3.DatabaseError, OSError) as error:
                self._post(CannotLook(LabError("store.damaged", path=str(wanted.folder), why=str(error))))
                self._leave()
                self._hurry.wait(LOCK_S)
            except Exception:  # noqa: BLE001  a fault of ours: this thread's end would leave a screen that looks alive
                self._post(CannotLook(LabError("screen.fault", log=str(_written_down()))))
                self._leave()
                self._hurry.wait(LOCK_S)
            self._hurry.wait(LOOK_S)
        self._leave()

    def _look(self, wanted: Wanted, seen: object, forced: bool, asked: Wanted | None = None) -> object:
        """A Look of the run, where anything changed; `asked`: what was asked for, where that is home."""
        assert wanted.folder is not None
        if not wanted.folder.is_dir():
            raise LabError("project.gone", path=str(wanted.folder))
        if self._project is None or self._project.folder != wanted.folder:
            self._leave()
            self._project = Project.opened(wanted.folder)
            seen = None
        if self._project is None:
            return self._nothing_yet(wanted.folder, seen) if asked is None else None
        known = self._project.look.run.id if self._project.look is not None else wanted.run
        beside = self._elsewhere.beside(wanted.folder, known)
        state = (beside, *self._project.state(wanted))
        if state == seen and not forced:
            return seen
        look = self._project.gatherer.look(wanted.run, wanted.phase, self._now(), beside, wanted.experiment)
        self._project.look = look
        if look is not None and (asked or wanted) == self._wanted:
            self._post(Looked(look))
        # the version is the one before the look: what was committed meanwhile asks for another one
        return (*state[:-1], self._project.state(wanted)[-1])

    def _beside(self, wanted: Wanted, seen: object, forced: bool) -> object:
        """The run beside home's list; a project that cannot be read has a row there that says why."""
        if wanted.beside is None:
            self._leave()
            return None
        folder, run = wanted.beside
        try:
            return self._look(replace(wanted, folder=folder, run=run), seen, forced, wanted)
        except (LabError, sqlite3.DatabaseError, OSError):
            self._leave()
            return None

    def _nothing_yet(self, folder: Path, seen: object) -> object:
        """Tell that nothing lies there yet, and whether someone works on it."""
        where = places(folder)
        log = LogFile(where.log)
        log.update()
        told = folder, lock.look(where.lock) is not None, tuple(log.lines(len(log) - LAST_WORDS, LAST_WORDS))
        if told != seen:
            self._post(NothingYet(*told))
        return told

    def _leave(self) -> None:
        if self._project is not None:
            self._project.close()
            self._project = None


class Project:
    """An open reader of one project, and what tells that something changed."""

    def __init__(self, folder: Path, reader: Reader, gatherer: Gatherer) -> None:
        self.folder, self.reader, self.gatherer = folder, reader, gatherer
        self.look: Look | None = None
        self._lock_at = 0.0
        self._alive: tuple[lock.Holder | None, int] = None, 0

    @classmethod
    def opened(cls, folder: Path) -> Project | None:
        """None where no lab has worked yet."""
        from tui.gather import Gatherer

        where = places(folder)
        if not where.database.exists():
            return None
        try:
            reader = Reader(where.database, where.blobs)
        except sqlite3.OperationalError:  # it is being made this instant
            return None
        return cls(folder, reader, Gatherer(folder, where, reader))

    def state(self, wanted: Wanted) -> tuple[object, ...]:
        """Equal while nothing changed."""
        if time.monotonic() - self._lock_at > LOCK_S:
            self._lock_at = time.monotonic()
            holder = lock.look(self.gatherer.where.lock)
            self._alive = holder, 0 if holder is not None else self.gatherer.inbox.unread()
        sizes = self.gatherer.part_sizes(self.look) if self.look is not None else ()
        return wanted, self.gatherer.inbox.names(), self.reader.version(), self._alive, sizes

    def close(self) -> None:
        self.reader.close()


def _written_down() -> Path:
    """The trace of the exception at hand, in the file that is named on screen."""
    log = state_folder() / "screen.log"
    with contextlib.suppress(OSError):
        log.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        write(log, traceback.format_exc().encode())
    return log


def _unlike(one: Home, two: Home | None) -> bool:
    return two is None or (one.rows, one.machine) != (two.rows, two.machine)
