"""runs/N/: what a run made, readable, written from blobs after the commit and repaired at start.

A file there that the lab did not write, or that was changed since, is a person's: it is never overwritten. Everything
here can be made again from .nightlab/.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from state import durable
from state.events import FileKept
from state.places import Places
from state.store import Store, sha256


def product(store: Store, places: Places, run: int, id: int, files: Mapping[str, bytes]) -> list[str]:
    """Write a product's files below runs/<run>/; the paths that were left because they are a person's."""
    folder = places.runs / str(run)
    kept = []
    for name, data in sorted(files.items()):
        if not write(store, places, folder / name, data, id):
            kept.append(name)
    return kept


def write(store: Store, places: Places, path: Path, data: bytes, id: int) -> bool:
    """Write one file, unless a person's lies there; False then."""
    relative = str(path.relative_to(places.folder))
    new = sha256(data)
    row = store.row("SELECT sha256 FROM rendered WHERE path = ?", (relative,))
    if path.is_symlink() or path.exists():
        there = sha256(path.read_bytes()) if path.is_file() and not path.is_symlink() else ""
        if there == new and row is not None and row["sha256"] == new:
            return True
        if there != new and (row is None or there != row["sha256"]):
            with store.transaction() as tx:
                tx.event(FileKept(relative))
            return False
    path.parent.mkdir(parents=True, exist_ok=True)
    durable.write(path, data)
    with store.transaction() as tx:
        tx.execute(
            "INSERT INTO rendered (path, sha256, product) VALUES (?,?,?)"
            " ON CONFLICT (path) DO UPDATE SET sha256 = excluded.sha256, product = excluded.product",
            (relative, new, id),
        )
    return True


def repair(store: Store, places: Places) -> None:
    """At start: whatever the newest product of each run's visits should have under runs/ and has not."""
    rows = store.rows(
        """SELECT lineage.run, product.id, product.sha256 FROM lineage JOIN product ON product.visit = lineage.visit
           JOIN visit ON visit.id = product.visit WHERE lineage.superseded_seq IS NULL AND visit.run = lineage.run
           AND product.id = (SELECT max(id) FROM product AS other WHERE other.visit = product.visit
                             AND other.name = product.name) ORDER BY product.id"""
    )
    for row in rows:
        manifest = json.loads(store.get(row["sha256"]))
        for name, blob in sorted(manifest.items()):
            path = places.runs / str(row["run"]) / name
            if not path.exists():
                write(store, places, path, store.get(blob), row["id"])
