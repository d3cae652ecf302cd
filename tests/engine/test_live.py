"""project.toml while the lab works: what it says is taken up, also when the disk was full at first."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from engine.live import Live
from state import project
from state.errors import LabError
from state.events import CallAnswered
from state.store import Store
from tests.engine.conftest import Laid

Lay = Callable[..., Laid]


@pytest.mark.parametrize(
    ("text", "kind"),
    [('question = "?"\n[limits]\nmoney_usd = 3.0\n', "project_changed"), ("question = ", "project_broken")],
)
def test_an_edit_that_found_the_disk_full_is_taken_up_at_the_next_look(
    lay: Lay, monkeypatch: pytest.MonkeyPatch, text: str, kind: str
) -> None:
    laid = lay()
    live = Live(laid.store, laid.places.folder)
    (laid.places.folder / project.FILE).write_text(text)

    def full(_: Store) -> None:
        raise LabError("disk.full")

    with monkeypatch.context() as at:
        at.setattr(Store, "transaction", full)
        with pytest.raises(LabError):
            live.look()
    assert live.look()
    assert laid.store.row("SELECT 1 FROM event WHERE kind = ?", (kind,)) is not None
    assert not live.look()


def test_what_is_in_force_is_read_as_quickly_after_a_long_history(lay: Lay) -> None:
    """It is read before every call: a scan of all events would make a long run slower with each step."""
    laid = lay()
    live = Live(laid.store, laid.places.folder)

    def work() -> int:
        """Hundreds of SQLite's own operations that one reading takes."""
        done: list[int] = []
        laid.store.db.set_progress_handler(lambda: done.append(1), 100)
        live.of(laid.run)
        laid.store.db.set_progress_handler(None, 0)
        return len(done)

    before = work()
    with laid.store.transaction() as tx:
        for _ in range(5000):
            tx.event(CallAnswered("postdoc", "plan@1/lead/1", None, 1, 1), laid.run, laid.visit.id)
    assert work() <= before + 1
