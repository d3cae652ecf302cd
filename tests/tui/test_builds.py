"""How the paper was typeset, read from the jobs of a real store: the newest log, and the pages of the PDF kept."""

from __future__ import annotations

import json
from hashlib import sha256
from pathlib import Path

import pytest

from state import lineage, places
from state.config import Config
from state.readers import Reader
from state.store import Store
from state.vocabulary import Phase
from tui.builds import Builds


@pytest.fixture
def where(tmp_path: Path) -> places.Places:
    """A run whose report was typeset twice, the second time in vain, with an experiment between."""
    (tmp_path / "project.toml").write_text('question = "Does it?"\n')
    found = places.prepare(tmp_path)
    store = Store(found.database, found.blobs)
    config, frame = store.put(Config(question="Does it?").canonical.encode()), store.put(b"{}")
    with store.transaction() as tx:
        run = lineage.begin_run(tx, config, [Phase.REPORT_WRITING], "co-pilot")
        visit = lineage.open_visit(tx, run, Phase.REPORT_WRITING, {}, frame, None)
        for number, name in enumerate(("good", "other", "bad"), 1):
            step = tx.insert(
                "INSERT INTO step (visit, path, kind, fingerprint, state, deaths, begun_seq, begun_at)"
                " VALUES (?,?,'job',?,'done',0,0,?)",
                (visit, f"report@1/{name}", name, tx.at),
            )
            tx.execute(
                "INSERT INTO attempt VALUES (?,?,1,'job',?,1,NULL,'done',0,0,0,0,0,0,0,0,0,NULL,?,?)",
                (name, step, run, tx.at + number, tx.at + number),
            )
    store.close()
    for name, told in (
        ("good", {"ok": True, "engine": "pdflatex", "pages": 8, "log": "Output written"}),
        ("bad", {"ok": False, "engine": "pdflatex", "pages": 0, "log": "! Undefined control sequence."}),
    ):
        work = found.jobs / name / "work"
        work.mkdir(parents=True)
        (work / "build.json").write_text(json.dumps(told))
    (found.jobs / "good" / "work" / "paper.pdf").write_bytes(b"%PDF")
    (found.jobs / "other" / "work").mkdir(parents=True)
    return found


def test_the_pages_are_those_of_the_pdf_that_is_kept_and_the_log_is_the_newest(where: places.Places) -> None:
    reader = Reader(where.database, where.blobs)
    newest, kept = Builds(where, reader).of(1, sha256(b"%PDF").hexdigest())
    assert newest is not None
    assert not newest.ok
    assert newest.log == "! Undefined control sequence."
    assert kept is not None
    assert kept.pages == 8
    reader.close()


def test_a_paper_without_a_pdf_has_a_log_and_no_pages(where: places.Places) -> None:
    reader = Reader(where.database, where.blobs)
    newest, kept = Builds(where, reader).of(1, None)
    assert newest is not None
    assert kept is None
    reader.close()
