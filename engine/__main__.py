"""`python -P -E -m engine PROJECT`: take the lock, recover, work, leave.

One engine a project. It outlives the terminal that started it: SIGHUP is ignored, SIGTERM lets it leave in order. What
it has to say goes to .nightlab/engine.log. `--doctor` prints what this machine can do as JSON and takes no lock.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import logging
import os
import signal
import socket
import sys
import traceback
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING

from state import lock, places
from state.errors import LabError
from state.places import Places

if TYPE_CHECKING:
    from state.store import Store

IDLE_S = 600.0
EXIT_BUSY = 75  # another engine has the lock

log = logging.getLogger("engine")


def main() -> int:
    parser = argparse.ArgumentParser(prog="engine", description="The engine of one project.")
    parser.add_argument("project", type=Path, nargs="?")
    parser.add_argument("--doctor", action="store_true", help="print what this machine can do, as JSON")
    given = parser.parse_args()
    if given.doctor:
        from engine import doctor

        sys.stdout.write(json.dumps(doctor.examine(given.project), indent=1) + "\n")
        return 0
    if given.project is None:
        parser.error("which project?")
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        where = places.prepare(places.project_folder(given.project))
    except LabError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    logging.basicConfig(
        filename=where.log, level=logging.INFO, format="%(asctime)s  %(message)s", datefmt="%Y-%m-%d %H:%M:%S"
    )
    for noisy in ("httpx", "httpx2", "anthropic", "httpcore", "watchdog"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
    while True:
        held = lock.take(where.lock, version=version())
        if held is None:
            return EXIT_BUSY
        try:
            why = asyncio.run(_drive(where))
        except Exception as error:  # noqa: BLE001  the last word before the process ends, so that the log has the trace
            return _broke(where, error)
        finally:
            held.release()
        from state import inbox

        if why != "idle" or not [path for path in inbox.pending(where.folder) if path.is_file()]:
            return 0


def _broke(where: Places, error: Exception) -> int:
    """Say in the log why the engine ends; its exit code, as the commands have them."""
    if not where.lab.is_dir():
        log.info("left: the project was moved or removed; it goes on where an engine is started in it")
        return 0
    if not isinstance(error, LabError):
        log.error("the engine broke\n%s", traceback.format_exc())
        return 5
    log.error("%s", error)
    if error.key in ("disk.full", "store.busy"):  # it passes: nothing is lost, and an engine can be started again
        return 4
    return 5 if error.key.startswith("store.") else 2


def version() -> str:
    return metadata.version("nightlab")


async def _drive(where: Places) -> str:
    from engine import recover, render
    from engine.gathering import gather
    from engine.lab import Lab
    from state.events import EngineLeft
    from state.store import Store

    leaving = asyncio.Event()
    for sign in (signal.SIGTERM, signal.SIGINT):  # before anything is recorded, so that leaving always is
        asyncio.get_running_loop().add_signal_handler(sign, leaving.set)
    lies = where.lab.stat()
    store = Store(where.database, where.blobs)
    engine = enter(store)
    log.info("engine %s, pid %s, version %s", engine, os.getpid(), version())
    recover.recover(store, where)
    recover.sweep_calls(store, where)
    render.repair(store, where)
    around = await gather(store, where, engine)
    lab = Lab(around)
    lab.leaving, lab.lies = leaving, lies
    try:
        why = await lab.work(float(os.environ.get("NIGHTLAB_IDLE_S", IDLE_S)))
    finally:
        await lab.close()
    with store.transaction() as tx:
        tx.event(EngineLeft(why))
        tx.execute("UPDATE engine SET ended_at = ?, why = ? WHERE id = ?", (tx.at, why, engine))
    store.tidy()
    store.close()
    log.info("left: %s", why)
    return why


def enter(store: Store) -> int:
    """Write this engine down; its number. On a full disk in the room of the ballast, so that it can say what it waits
    for."""
    from state.events import EngineBegan

    mine = lock.identity(os.getpid())
    assert mine is not None

    def once() -> int:
        with store.transaction() as tx:
            tx.event(EngineBegan(mine.pid, version()))
            return tx.insert(
                "INSERT INTO engine (pid, pid_start, boot, host, version, started_at) VALUES (?,?,?,?,?,?)",
                (mine.pid, mine.start, mine.boot, socket.gethostname(), version(), tx.at),
            )

    try:
        return once()
    except LabError as error:
        if error.key != "disk.full":
            raise
        store.drop_ballast()
        return once()


if __name__ == "__main__":
    sys.exit(main())
