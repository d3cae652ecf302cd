"""Every release's stored journal is replayed: the code still asks for the same, so an upgrade diverges nowhere.

`tests/journals/record.py` stores one, made by a whole run of the sample. Replaying opens each visit of it again, in
order, with models and places that answer nothing: whatever is not recalled is a failure.
"""

from __future__ import annotations

import importlib
import lzma
import tarfile
from pathlib import Path

import pytest

from engine import versions, visiting
from engine.bell import Bell
from engine.experiments.slots import Slots
from engine.live import Live
from engine.visiting import Surroundings
from engine.workshop import Workshop
from state import lineage, places
from state.store import Store

JOURNALS = sorted((Path(__file__).parents[1] / "journals").glob("*.tar.xz"))


class Nobody:
    """A model and a place that must not be asked."""

    tier = "basic"

    def __getattr__(self, name: str) -> object:
        raise AssertionError(f"a replay asked for {name}")


@pytest.mark.parametrize("journal", JOURNALS, ids=lambda path: path.name.removesuffix(".tar.xz"))
async def test_every_visit_of_a_stored_journal_is_replayed_without_asking_anything(
    journal: Path, tmp_path: Path
) -> None:
    with lzma.open(journal) as packed, tarfile.open(fileobj=packed) as tar:
        safely = {"filter": "data"} if hasattr(tarfile, "data_filter") else {}  # not before Python 3.11.4
        tar.extractall(tmp_path, **safely)
    (folder,) = tmp_path.iterdir()
    where = places.prepare(folder)
    store = Store(where.database, where.blobs)
    nobody = Nobody()
    shop = Workshop(nobody, Slots(1), 1, "here", lambda job, run: True)  # type: ignore[arg-type]
    around = Surroundings(
        store,
        where,
        Bell(),
        Live(store, folder),
        shop,
        nobody,
        nobody,
        1,
        False,
    )
    replayed = 0
    for visit in lineage.visits(store, 1):
        desk = visiting.lay(around, 1, visit)
        product = await importlib.import_module(f"engine.phases.{visit.phase.value}").run(desk)
        row = store.row(
            "SELECT sha256 FROM product WHERE visit = ? AND handed_in ORDER BY id DESC LIMIT 1", (visit.id,)
        )
        assert row is not None and versions.put(store, product.files()) == row["sha256"], visit.label
        replayed += 1
    assert replayed == 8
    store.close()
