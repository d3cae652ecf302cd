"""Across projects: how far the lab's reviewers were from a person, a paper each."""

from __future__ import annotations

import json

from state import lineage
from state.vocabulary import Phase
from tests.tui.test_cli import Lab, lab
from tui import homes

__all__ = ["lab"]


def test_a_fork_that_shares_paper_and_form_is_no_paper_of_its_own(lab: Lab) -> None:
    run = lab.run()
    lab.visit(run, Phase.REPORT_WRITING, closed=True)
    visit = lab.visit(run, Phase.REPORT_REFINEMENT, closed=True)
    with lab.store.transaction() as tx:
        tx.execute(
            "INSERT INTO product (visit, name, version, sha256, author, handed_in, summary, seq)"
            " VALUES (?, 'refinement', 1, '', 'lab', 1, ?, 0)",
            (visit, json.dumps({"means": {"overall": 6.0}})),
        )
        seq = tx.execute("SELECT max(seq) FROM event").fetchone()[0]
        tx.execute("INSERT INTO setting VALUES (?, ?, 'review', ?, NULL)", (seq, run, json.dumps({"overall": 4})))
        child = lineage.fork(tx, run, visit)
    assert child != run
    assert homes._judged(lab.folder) == {(lab.folder, run): (6.0, 4.0)}
