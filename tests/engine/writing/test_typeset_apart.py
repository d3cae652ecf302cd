"""Typesetting runs apart and reads nothing but its paper, also where a source was never checked."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from engine.writing import pdf
from tests.engine.writing.papers import paper
from tests.engine.writing.test_pdf import ready, texts, typeset_in


def test_what_a_model_wrote_is_a_model_s_job() -> None:
    assert pdf.job(ready()).author == "model"


async def test_a_source_that_includes_a_file_is_set_without_it(tmp_path: Path) -> None:
    (tmp_path / "secret.tex").write_text("The keys of the house.")
    source = paper(discussion=f"One\n\n\\input{{{tmp_path}/secret.tex}}\n\n\\input{{setup.json}}\n\ntwo")
    _, built = await typeset_in(tmp_path / "job", replace(ready(), source=source), mark="A mark of the first page.")
    whole = " ".join(texts(tmp_path / "job" / "work" / "paper.pdf")) if built.ok else ""
    assert "keys of the house" not in whole and "language" not in whole.lower().replace("language models", "")
