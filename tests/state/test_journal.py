"""The journal against a plain dict, with crashes: what was acknowledged is there, what was not may be asked again."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from state import lineage
from state.errors import LabError
from state.events import SectionKept
from state.journal import Diverged, Journal, Link, fingerprint, store_link
from state.store import Store
from state.vocabulary import Phase, StepState

names = st.sampled_from([f"turn-{n}" for n in range(6)])
meanings = st.integers(0, 2)
values: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=5,
)


class Crashes(RuleBasedStateMachine):
    """Steps begin, end, fail and are recorded; the process dies between any two commits."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.open()
        with self.store.transaction() as tx:
            self.run = lineage.begin_run(tx, "config", list(Phase), "autopilot")
            self.visit = lineage.open_visit(tx, self.run, Phase.PLAN_FORMULATION, {}, "frame", None)
        self.journal = Journal(self.store, self.run, self.visit)
        self.known: dict[str, tuple[str, StepState, Any]] = {}

    def open(self) -> None:
        path = Path(self.folder.name)
        self.store = Store(path / "lab.db", path / "blobs")

    @rule(name=names, meaning=meanings, value=values)
    def record(self, name: str, meaning: int, value: Any) -> None:
        mark = fingerprint([meaning])
        if name in self.known:
            self.recalls(name, mark)
            return
        self.journal.record(name, "step", mark, value, [SectionKept(name)])
        self.known[name] = (mark, StepState.DONE, value)

    @rule(name=names, meaning=meanings)
    def begin(self, name: str, meaning: int) -> None:
        mark = fingerprint([meaning])
        if name in self.known:
            self.recalls(name, mark)
            return
        with self.store.transaction() as tx:
            self.journal.begin(tx, name, "ask", mark)
        self.known[name] = (mark, StepState.INTENT, None)

    @rule(name=names, value=values, fails=st.booleans())
    def end(self, name: str, value: Any, fails: bool) -> None:
        mark, state, _ = self.known.get(name, ("", StepState.DONE, None))
        if state is not StepState.INTENT:
            return
        step = self.journal.recall(name, mark)
        assert step is not None
        with self.store.transaction() as tx:
            if fails:
                self.journal.fail(tx, step, LabError("some.error", at=name))
            else:
                self.journal.finish(tx, step, value)
        self.known[name] = (mark, StepState.FAILED if fails else StepState.DONE, value)

    @rule()
    def crash(self) -> None:
        self.store.db.close()
        self.open()
        self.journal = Journal(self.store, self.run, self.visit)

    @rule()
    def a_commit_that_fails_leaves_nothing(self) -> None:
        with pytest.raises(RuntimeError), self.store.transaction() as tx:
            self.journal.begin(tx, "never", "step", "mark")
            raise RuntimeError
        self.journal.forget()

    def recalls(self, name: str, mark: str) -> None:
        known, state, value = self.known[name]
        if known != mark:
            with pytest.raises(Diverged):
                self.journal.recall(name, mark)
            return
        step = self.journal.recall(name, mark)
        assert step is not None and step.state is state
        if state is StepState.DONE:
            assert step.value() == value
        elif state is StepState.FAILED:
            with pytest.raises(LabError, match=r"some\.error"):
                step.value()

    @invariant()
    def everything_acknowledged_is_there(self) -> None:
        for name, (mark, _, _) in self.known.items():
            self.recalls(name, mark)
        assert "never" not in self.journal

    def teardown(self) -> None:
        self.store.close()
        self.folder.cleanup()


Crashes.TestCase.settings = settings(max_examples=25, stateful_step_count=20, deadline=None)
TestTheJournalSurvivesCrashes = Crashes.TestCase


def opened(tmp_path: Path) -> tuple[Store, int]:
    store = Store(tmp_path / "lab.db", tmp_path / "blobs")
    with store.transaction() as tx:
        run = lineage.begin_run(tx, "config", list(Phase), "autopilot")
        lineage.open_visit(tx, run, Phase.PLAN_FORMULATION, {}, "frame", None)
    return store, run


def test_a_message_is_stored_once_however_many_conversations_begin_with_it(tmp_path: Path) -> None:
    store, _ = opened(tmp_path)
    system = Link.after(None, "system", ["who you are"])
    with store.transaction() as tx:
        one = store_link(tx, Link.after(system, "user", ["a"]))
        two = store_link(tx, Link.after(Link.after(None, "system", ["who you are"]), "user", ["b"]))
        again = store_link(tx, Link.after(system, "user", ["a"]))
    assert one.id == again.id != two.id
    assert len(store.rows("SELECT 1 FROM message")) == 3
    store.close()


def test_going_back_opens_a_new_visit_and_supersedes_that_phase_and_the_later_ones(tmp_path: Path) -> None:
    store, run = opened(tmp_path)
    with store.transaction() as tx:
        lineage.open_visit(tx, run, Phase.DATA_PREPARATION, {}, "frame", None)
        lineage.open_visit(tx, run, Phase.PLAN_FORMULATION, {}, "frame", None)
    labels = [
        row["label"] for row in store.rows("SELECT label FROM lineage JOIN visit ON visit.id = visit ORDER BY place")
    ]
    assert labels == ["plan@1", "data@1", "plan@2"]
    assert [visit.label for visit in lineage.visits(store, run)] == ["plan@2"]
    store.close()


def test_superseding_in_one_run_leaves_its_fork_as_it_was(tmp_path: Path) -> None:
    store, run = opened(tmp_path)
    first = lineage.current(store, run)
    assert first is not None
    with store.transaction() as tx:
        child = lineage.fork(tx, run, first.id)
        lineage.open_visit(tx, run, Phase.PLAN_FORMULATION, {}, "frame", None)
    assert [visit.label for visit in lineage.visits(store, run)] == ["plan@2"]
    assert [visit.label for visit in lineage.visits(store, child)] == ["plan@1"]
    store.close()


def test_a_lenient_journal_keeps_what_was_recorded_in_spite_of_a_divergence(tmp_path: Path) -> None:
    store, run = opened(tmp_path)
    Journal(store, run, 1).record("a", "step", "mark", 1)
    kept = Journal(store, run, 1, lenient=True).recall("a", "other")
    assert kept is not None and kept.value() == 1
    store.close()


def test_going_on_anew_supersedes_the_step_and_all_that_began_after_it(tmp_path: Path) -> None:
    store, run = opened(tmp_path)
    journal = Journal(store, run, 1)
    for name in "abc":
        journal.record(name, "step", "mark", name)
    step = journal.peek("b")
    assert step is not None
    with store.transaction() as tx:
        journal.supersede_from(tx, step)
    assert "a" in journal and "b" not in journal and "c" not in journal
    journal.record("b", "step", "another", 2)  # the path is free again
    assert len(store.rows("SELECT 1 FROM step")) == 4
    store.close()
