"""project.toml while the lab works: what it says is taken up, also when the disk was full at first."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from engine.live import Live
from state import inbox, ledger, lineage, project, taking
from state.errors import LabError
from state.events import CallAnswered
from state.store import Store
from state.vocabulary import WordKind
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


class Person:
    """Who sets things for one run or for all, and edits project.toml."""

    def __init__(self, laid: Laid) -> None:
        self.laid = laid
        self.live = Live(laid.store, laid.places.folder)

    def sets(self, key: str, value: str, run: int | None) -> None:
        inbox.leave(self.laid.places.folder, WordKind.SET, {"run": run, "key": key, "value": value})
        (word,) = (path for path in inbox.pending(self.laid.places.folder) if path.is_file())
        assert taking.take(self.laid.store, word, self.live.valid, "").outcome == "taken"

    def edits(self, lines: str) -> None:
        (self.laid.places.folder / project.FILE).write_text(f'question = "Does it?"\n{lines}\n')
        assert self.live.look()

    def forks(self) -> int:
        with self.laid.store.transaction() as tx:
            return lineage.fork(tx, self.laid.run, self.laid.visit.id)


def test_a_fork_goes_on_with_what_was_set_for_the_run_that_it_came_from(lay: Lay) -> None:
    laid = lay()
    person = Person(laid)
    person.sets("models.postdoc", "deepseek", laid.run)
    person.sets("experiments.threads", "2", laid.run)
    person.sets("experiments.threads", "4", None)  # for all, and later
    person.sets("experiments.nice", "3", laid.run)
    person.edits("[experiments]\nnice = 5")  # later still
    person.sets("languages.paper", "zh", laid.run)
    person.sets("limits.money_usd", "9", laid.run)
    person.sets("limits.money_usd", "2", laid.run)
    person.sets("limits.money_usd", "50", None)
    child = person.forks()
    mine, forked = person.live.of(laid.run), person.live.of(child)
    assert forked == mine
    told = (forked.models["postdoc"], forked.experiments.threads, forked.experiments.nice, forked.languages.paper)
    assert told == ("deepseek", 4, 5, "zh")
    assert ledger.limits(laid.store, child, forked.limits).own_micros == 2_000_000
    assert ledger.limits(laid.store, child, forked.limits).money_micros == 50_000_000


def test_a_review_of_a_paper_goes_by_itself_whatever_project_toml_says_of_the_research(lay: Lay) -> None:
    laid = lay()
    person = Person(laid)
    with laid.store.transaction() as tx:
        review = taking.review_paper(tx, "w", laid.store.put(laid.config.canonical.encode()), "theirs.pdf")
    person.edits('autonomy = "autopilot"')
    person.edits('autonomy = "co-pilot"')
    rows = laid.store.rows("SELECT id, autonomy FROM run ORDER BY id")
    assert [tuple(row) for row in rows] == [(laid.run, "co-pilot"), (review, "autopilot")]


def test_what_is_set_after_the_fork_is_each_runs_own(lay: Lay) -> None:
    laid = lay()
    person = Person(laid)
    person.sets("models.postdoc", "deepseek", laid.run)
    child = person.forks()
    person.sets("models.postdoc", "kimi", laid.run)
    assert person.live.of(child).models["postdoc"] == "deepseek"
    person.sets("models.postdoc", "anthropic", child)
    assert person.live.of(laid.run).models["postdoc"] == "kimi"


def test_an_edit_that_waits_for_the_next_run_does_not_reach_a_fork_of_an_earlier_one(lay: Lay) -> None:
    laid = lay()
    person = Person(laid)
    person.sets("languages.paper", "zh", None)
    person.edits('[languages]\npaper = "zh"')  # for the next run, which would say so without the set one
    child = person.forks()
    assert person.live.of(child) == person.live.of(laid.run)
    assert person.live.of(child).languages.paper == "zh"
