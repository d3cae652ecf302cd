"""What the tests of phases share."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import pytest

from engine.experiments.contract import Job
from engine.writing import pdf

SETS = """printf %%PDF-1.7 >paper.pdf
printf '{"ok": true, "engine": "at once", "pages": 1}' >build.json"""


@pytest.fixture
def typst(monkeypatch: pytest.MonkeyPatch) -> None:
    """Papers are set by Typst, also where there is TeX, which takes three times as long and has its tests."""
    monkeypatch.setattr(pdf, "job", partial(pdf.job, tex=False))


@pytest.fixture
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Papers are set, in a real job, by a stand-in that takes no time: for tests of what is asked before and after."""
    job = pdf.job

    def stands_in(prepared: pdf.Prepared, *, mark: str = "", tex: bool = True) -> Job:
        return replace(job(prepared, mark=mark, tex=tex), argv=("/bin/sh", "-c", SETS))

    monkeypatch.setattr(pdf, "job", stands_in)
