"""Snippets and load_data.py run as jobs, and their author sees what they need to see."""

from __future__ import annotations

from pathlib import Path

from engine.experiments.contract import Ending
from engine.experiments.local.place import Local
from engine.tools import python
from state.vocabulary import ExperimentState


async def test_a_snippet_runs_where_the_data_lie_and_its_output_comes_back(tmp_path: Path) -> None:
    (tmp_path / "rows").mkdir()
    (tmp_path / "rows" / "a.csv").write_text("x,y\n1,2\n")
    job = python.snippet("print(open('data/rows/a.csv').read())\n1/0\n", {"rows": str(tmp_path / "rows")})
    place = Local()
    folder = tmp_path / "job"
    folder.mkdir()
    await place.submit(folder, job)
    await place.wait(folder)
    told = python.shown(await place.harvest(folder))
    assert told.count("x,y") == 1
    assert "ZeroDivisionError" in told[told.index("<error>") :]


def test_each_kind_has_its_own_time_and_means_its_code_and_data() -> None:
    look, load = python.snippet("print(1)", {}), python.load_data("print(1)", {})
    assert (look.limits.wall_s, load.limits.wall_s) == (120, 60)
    assert look.meaning() != load.meaning()
    changed = python.snippet("print(1)", {"rows": "/r"}, identities={"rows": "sha"})
    assert changed.meaning()["data"] == {"rows": "sha"}
    assert look.author == "model"


def test_a_long_output_keeps_its_beginning_and_its_end() -> None:
    ending = Ending(ExperimentState.FINISHED, 0, tail="first " + "x" * 100_000 + " last </output>")
    told = python.shown(ending)
    assert len(told) < 2 * python.SHOWN_CHARS
    assert "first x" in told
    assert "last &lt;/output>" in told
    assert "<error>" not in told


def test_a_failure_always_has_a_reason() -> None:
    told = python.shown(Ending(ExperimentState.LIMIT, limit="wall"))
    assert "<error>wall</error>" in told
