"""Room on the disks: how much is left, and standing still until there is some.

A full disk never ends a run. The ballast is given back so that the pause itself can be recorded; when there is room
again the wait closes by itself and whoever was refused writes again. Used by the bench and by the lab.
"""

from __future__ import annotations

import errno
import shutil

from engine.bell import Bell
from state import lineage
from state.errors import LabError, Plain
from state.places import Places
from state.store import Store
from state.vocabulary import Choice, Wait

DISK_FLOOR_B = 64 * 1024 * 1024
"""No call is made with less room than this: a reply that was paid for must find a place."""

LOOK_S = 2.0


def is_full(error: BaseException) -> bool:
    """Whether an error says that a disk is full, or a quota used up."""
    if isinstance(error, LabError):
        return error.key == "disk.full"
    return isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT)


def is_busy(error: BaseException) -> bool:
    """Whether somebody else holds the database, a person who looks into it with a tool of theirs: it is tried again."""
    return isinstance(error, LabError) and error.key == "store.busy"


def free_b(places: Places) -> int:
    """The least room on the disks that the lab writes to."""
    return min(shutil.disk_usage(path).free for path in {places.local, places.lab})


async def wait(store: Store, places: Places, bell: Bell, run: int, visit: int | None, need_b: int) -> None:
    """Until there is room again, or the person says to try. Several that wait in one run wait together."""
    store.drop_ballast()
    need_b = max(need_b, DISK_FLOOR_B // 8)
    opened: int | None = None
    while True:
        free = free_b(places)
        try:
            if opened is None and (known := _open(store, run)) is not None:
                opened = known
            elif opened is None:
                facts: dict[str, Plain] = {"free_b": free, "need_b": need_b}
                choices = [Choice.RETRY.value, Choice.STOP.value]
                with store.transaction() as tx:
                    opened = lineage.open_wait(tx, run, Wait.DISK, choices, facts, visit=visit)
                bell.ring()
            elif free > need_b:
                with store.transaction() as tx:
                    if not _is_closed(store, opened):
                        lineage.close_wait(tx, opened)
                store.keep_ballast()
                bell.ring()
                return
        except LabError as error:  # not even this can be written: look again
            if error.key != "disk.full" and not is_busy(error):
                raise
        await bell.heard(LOOK_S)
        if opened is not None and _is_closed(store, opened):
            return


def _open(store: Store, run: int) -> int | None:
    row = store.row("SELECT id FROM wait WHERE run = ? AND why = ? AND closed_seq IS NULL", (run, Wait.DISK.value))
    return int(row["id"]) if row else None


def _is_closed(store: Store, wait: int) -> bool:
    return store.row("SELECT 1 FROM wait WHERE id = ? AND closed_seq IS NOT NULL", (wait,)) is not None
