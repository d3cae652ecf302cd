"""Measured values: a run sees those that its visits rest on, and no others."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from state import lineage, results
from state.results import Measured, measured
from state.store import Store
from state.vocabulary import Phase


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    made = Store(tmp_path / "lab.db", tmp_path / "blobs")
    yield made
    made.close()


def visited(store: Store, run: int, program: str, value: float) -> int:
    """A visit of running experiments in which a program measured a value; the visit's id."""
    with store.transaction() as tx:
        visit = lineage.open_visit(tx, run, Phase.RUNNING_EXPERIMENTS, {}, "frame", None)
        experiment = tx.insert(
            "INSERT INTO experiment (run, visit, program, code, setting, data, seed, attempt, state, limit_s, tier,"
            " machine, begun_at) VALUES (?, ?, ?, ?, '', '', 1, 'an attempt', 'finished', 60, 'basic', 'here', 0)",
            (run, visit, program, f"code of {program}"),
        )
        tx.execute("INSERT INTO used (visit, experiment) VALUES (?, ?)", (visit, experiment))
        row = Measured(program, "toy", "steps", 1, value, None, None, experiment, "run_0/final_info.json", "ab")
        results.record(tx, [row])
        tx.execute("UPDATE visit SET state = 'closed' WHERE id = ?", (visit,))
    return visit


def begun(store: Store) -> int:
    with store.transaction() as tx:
        return lineage.begin_run(tx, "config", list(Phase), "autopilot")


def test_a_run_sees_neither_another_run_s_numbers_nor_those_of_a_superseded_visit(store: Store) -> None:
    one, other = begun(store), begun(store)
    visited(store, one, "before", 1.0)
    visit = visited(store, one, "now", 2.0)
    visited(store, other, "theirs", 3.0)
    assert [(row.program, row.value) for row in measured(store, one)] == [("now", 2.0)]
    assert [(row.program, row.value) for row in measured(store, other)] == [("theirs", 3.0)]
    with store.transaction() as tx:
        fork = lineage.fork(tx, one, visit)
    assert measured(store, fork) == measured(store, one), "a fork rests on what it shares"
    visited(store, one, "later", 4.0)
    assert [row.program for row in measured(store, fork)] == ["now"]


def test_a_number_leads_to_its_experiment_its_file_and_the_code_that_ran(store: Store) -> None:
    run = begun(store)
    visited(store, run, "wd_2", 2.0)
    (row,) = measured(store, run)
    assert (row.experiment, row.file, row.sha256, row.code) == (1, "run_0/final_info.json", "ab", "code of wd_2")
