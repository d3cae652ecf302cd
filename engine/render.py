"""runs/N/: what a run made, readable, written from blobs after the commit, repaired at start and where it is gone.

A file there that the lab did not write, or that was changed since, is a person's: it is never overwritten. Everything
here can be made again from .nightlab/, so where it cannot be written the work goes on without it; only a full disk is
an error.
"""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Mapping
from pathlib import Path

from engine import room
from state import durable
from state.events import FileKept
from state.places import Places
from state.store import Store, sha256

log = logging.getLogger("engine")
_unwritten: set[str] = set()


def product(store: Store, places: Places, run: int, id: int, files: Mapping[str, bytes]) -> list[str]:
    """Write a product's files below runs/<run>/; the paths that were left: a person's, or not to be written."""
    folder = places.runs / str(run)
    if not folder.exists():
        repair(store, places, run)
    kept = []
    for name, data in sorted(files.items()):
        if not write(store, places, folder / name, data, id):
            kept.append(name)
    return kept


def write(store: Store, places: Places, path: Path, data: bytes, id: int) -> bool:
    """Write one file, unless a person's lies there or it cannot be written; False then."""
    relative = str(path.relative_to(places.folder))
    new = sha256(data)
    row = store.row("SELECT sha256 FROM rendered WHERE path = ?", (relative,))
    if path.is_symlink() or path.exists():
        there = _sha_of(path)
        if there == new and row is not None and row["sha256"] == new:
            return True
        if there != new and (row is None or there != row["sha256"]):
            with store.transaction() as tx:
                tx.event(FileKept(relative))
            return False
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        durable.write(path, data)
    except OSError as error:
        if room.is_full(error):
            raise
        if relative not in _unwritten:  # it is tried every few seconds, and told once
            _unwritten.add(relative)
            log.warning("%s is not written: %s", relative, error)
        return False
    _unwritten.discard(relative)
    _is_ours(store, relative, new, id)
    return True


def _sha_of(path: Path) -> str:
    """The hash of a file that lies there; "" of anything else, and of what cannot be read."""
    if path.is_symlink() or not path.is_file():
        return ""
    try:
        return sha256(path.read_bytes())
    except OSError:
        return ""


def _is_ours(store: Store, relative: str, sha: str, id: int) -> None:
    """With these bytes a file counts as the lab's."""
    with store.transaction() as tx:
        tx.execute(
            "INSERT INTO rendered (path, sha256, product) VALUES (?,?,?)"
            " ON CONFLICT (path) DO UPDATE SET sha256 = excluded.sha256, product = excluded.product",
            (relative, sha, id),
        )


def persons(store: Store, places: Places, run: int, manifest: str) -> list[str]:
    """Files of a product, below the project, where something else lies that the lab did not write."""
    found = []
    for name, blob in sorted(json.loads(store.get(manifest)).items()):
        path = places.runs / str(run) / name
        there, relative = _sha_of(path), str(path.relative_to(places.folder))
        row = store.row("SELECT sha256 FROM rendered WHERE path = ?", (relative,))
        if there and there != blob and (row is None or there != row["sha256"]):
            found.append(relative)
    return found


def taken(store: Store, places: Places, run: int, id: int, edited: Mapping[str, str]) -> None:
    """A person's files that a product was made of are kept in it: where they lie it may be written from now on."""
    for name, blob in edited.items():
        path = places.runs / str(run) / name
        if _sha_of(path) == blob:
            _is_ours(store, str(path.relative_to(places.folder)), blob, id)


def repair(store: Store, places: Places, run: int | None = None) -> None:
    """At start, and for a new fork: whatever the newest products of each run's visits lack under runs/."""
    rows = store.rows(
        """SELECT lineage.run, product.id, product.sha256 FROM lineage JOIN product ON product.visit = lineage.visit
           WHERE lineage.superseded_seq IS NULL
           AND product.id = (SELECT max(id) FROM product AS other WHERE other.visit = product.visit
                             AND other.name = product.name AND (other.run IS NULL OR other.run = lineage.run))
           AND (? IS NULL OR lineage.run = ?) ORDER BY product.id DESC""",
        (run, run),
    )
    done: set[Path] = set()
    for row in rows:
        manifest = json.loads(store.get(row["sha256"]))
        for name, blob in sorted(manifest.items()):
            path = places.runs / str(row["run"]) / name
            if path not in done and _stale(store, places, path, blob):
                write(store, places, path, store.get(blob), row["id"])
            done.add(path)


def restore(store: Store, places: Places) -> None:
    """While the lab works: the folder of a run that somebody deleted is made again."""
    for row in store.rows("SELECT id FROM run"):
        if not os.path.lexists(places.runs / str(row["id"])):
            repair(store, places, row["id"])


def _stale(store: Store, places: Places, path: Path, wanted: str) -> bool:
    """Whether a file is missing, still is what the lab wrote before `wanted`, or was written by an engine that died
    before it could record so. A person's is none of these."""
    if not path.exists():
        return not path.is_symlink()
    row = store.row("SELECT sha256 FROM rendered WHERE path = ?", (str(path.relative_to(places.folder)),))
    recorded = row["sha256"] if row is not None else None
    if recorded == wanted:
        return False
    return bool(there := _sha_of(path)) and there in (recorded, wanted)
