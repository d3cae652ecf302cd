"""runs/ is the lab's to write, but for what a person put there; also after an engine that died while it wrote."""

from __future__ import annotations

import errno
import shutil
from collections.abc import Callable

import pytest

from engine import render, versions
from state import durable
from state.products.literature import Review
from state.products.plan import Plan
from state.store import Store
from tests.engine.conftest import Laid

Lay = Callable[..., Laid]


class Killed(BaseException):
    """The engine is gone."""


def keep(laid: Laid, text: str) -> tuple[int, dict[str, bytes]]:
    """A version of the review, committed; its id and its files."""
    product = Review(review=text)
    files = dict(product.files())
    sha = versions.put(laid.store, files)
    with laid.store.transaction() as tx:
        return versions.insert(tx, laid.visit.id, product, sha, handed_in=True).id, files


def test_a_file_that_a_dying_engine_wrote_is_the_labs_and_the_next_version_takes_its_place(
    lay: Lay, monkeypatch: pytest.MonkeyPatch
) -> None:
    laid = lay()
    id, files = keep(laid, "One.")

    really = render._is_ours

    def dies(store: Store, relative: str, sha: str, id: int) -> None:
        if relative.endswith("review.md"):
            raise Killed
        really(store, relative, sha, id)

    with monkeypatch.context() as at, pytest.raises(Killed):
        at.setattr(render, "_is_ours", dies)
        render.product(laid.store, laid.places, laid.run, id, files)
    path = laid.places.runs / "1" / "review.md"
    assert b"One." in path.read_bytes()
    render.repair(laid.store, laid.places)  # the next engine begins
    id, files = keep(laid, "Two.")
    assert render.product(laid.store, laid.places, laid.run, id, files) == []
    assert b"Two." in path.read_bytes()


def test_a_file_that_a_person_wrote_is_neither_repaired_nor_written_over(lay: Lay) -> None:
    laid = lay()
    id, files = keep(laid, "One.")
    path = laid.places.runs / "1" / "review.md"
    path.parent.mkdir(parents=True, exist_ok=True)
    durable.write(path, b"Mine.")
    render.repair(laid.store, laid.places)
    assert "review.md" in render.product(laid.store, laid.places, laid.run, id, files)
    assert path.read_bytes() == b"Mine."


def test_a_folder_that_was_deleted_comes_back_whole_with_the_next_product(lay: Lay) -> None:
    laid = lay()
    id, files = keep(laid, "One.")
    render.product(laid.store, laid.places, laid.run, id, files)
    shutil.rmtree(laid.places.runs)
    plan = Plan.parsed("Measure.", metric="loss", direction="lower", dataset="d", baseline="b", stop="s")
    sha = versions.put(laid.store, plan.files())
    with laid.store.transaction() as tx:
        id = versions.insert(tx, laid.visit.id, plan, sha, handed_in=True).id
    assert render.product(laid.store, laid.places, laid.run, id, plan.files()) == []
    folder = laid.places.runs / "1"
    assert b"One." in (folder / "review.md").read_bytes() and b"Measure." in (folder / "plan.md").read_bytes()


def test_what_a_person_put_where_a_folder_was_is_left(lay: Lay) -> None:
    laid = lay()
    id, files = keep(laid, "One.")
    render.product(laid.store, laid.places, laid.run, id, files)
    shutil.rmtree(laid.places.runs / "1")
    (laid.places.runs / "1").symlink_to(laid.places.folder / "moved")  # its folder is not there
    render.restore(laid.store, laid.places)
    assert not (laid.places.folder / "moved").exists()


def test_where_runs_cannot_be_written_the_work_goes_on_without_it(lay: Lay) -> None:
    """Also at an engine's start, which would otherwise end at each."""
    laid = lay()
    laid.places.runs.parent.mkdir(exist_ok=True)
    if laid.places.runs.is_dir():
        laid.places.runs.rmdir()
    laid.places.runs.write_text("a person's")
    id, files = keep(laid, "One.")
    assert render.product(laid.store, laid.places, laid.run, id, files) == sorted(files)
    render.repair(laid.store, laid.places)
    render.restore(laid.store, laid.places)
    assert laid.places.runs.read_text() == "a person's"
    laid.places.runs.unlink()
    render.restore(laid.store, laid.places)
    assert b"One." in (laid.places.runs / "1" / "review.md").read_bytes()


def test_a_full_disk_is_told_and_not_taken_for_a_folder_that_cannot_be_written(
    lay: Lay, monkeypatch: pytest.MonkeyPatch
) -> None:
    laid = lay()
    id, files = keep(laid, "One.")

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(durable, "write", full)
    with pytest.raises(OSError, match="No space"):
        render.product(laid.store, laid.places, laid.run, id, files)
