"""Typesetting runs apart and reads nothing but its paper, also where a source was never checked."""

from __future__ import annotations

from pathlib import Path

from engine.writing import pdf
from state.vocabulary import Language
from tests.engine.writing.papers import FIGURES, KNOWN, SHELF, paper
from tests.engine.writing.test_pdf import ready, texts, typeset_in


def test_what_a_model_wrote_is_a_model_s_job() -> None:
    assert pdf.job(ready()).author == "model"


async def test_a_source_that_includes_a_file_is_set_without_it(tmp_path: Path) -> None:
    source = paper(discussion="One\n\n\\input{figures/beside.tex}\n\ntwo")
    prepared = pdf.prepared(source, KNOWN, SHELF, {**FIGURES, "beside.tex": b"The keys of the house."}, Language.EN)
    assert prepared.faults and "beside.tex" in prepared.figures, "it never comes so far"
    _, built = await typeset_in(tmp_path / "job", prepared)
    assert built.ok
    whole = " ".join(texts(tmp_path / "job" / "work" / "paper.pdf"))
    assert "One two" in whole and "keys of the house" not in whole
