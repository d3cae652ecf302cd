"""Measured numbers are checked before they are believed, and what is wrong is said so that it can be mended."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.experiments import final_info
from state.errors import LabError


def write(work: Path, told: object) -> Path:
    (work / "run_1").mkdir(exist_ok=True)
    data = told if isinstance(told, str) else json.dumps(told)
    (work / "run_1" / "final_info.json").write_text(data)
    return work


def why(work: Path) -> str:
    with pytest.raises(LabError) as caught:
        final_info.results(work)
    assert caught.value.key == "results.bad"
    return str(caught.value.facts["why"])


def test_a_results_file_becomes_numbers_with_their_file(tmp_path: Path) -> None:
    told = {
        "mod47": {
            "means": {"steps": None, "acc": 1},
            "stderrs": {"acc": 0.5},
            "censored": {"steps": 4000, "acc": 7},
            "final_info_dict": {"acc": [1, 1]},  # what templates write beside it
        }
    }
    acc, steps = final_info.results(write(tmp_path, told))
    assert (acc.metric, acc.value, acc.stderr, acc.censored) == ("acc", 1.0, 0.5, None)
    assert (steps.metric, steps.value, steps.censored) == ("steps", None, 4000.0)
    assert (acc.dataset, acc.file, len(acc.sha256)) == ("mod47", "run_1/final_info.json", 64)


@pytest.mark.parametrize(
    ("told", "says"),
    [
        ("{", "is not JSON"),
        ("[" * 100_000, "is not JSON"),
        ([], "dictionary"),
        ({}, "at least 1 item"),
        ({"d": {"means": {}}}, "d → means"),
        ({"d": {}}, "d → means"),
        ({"d": {"means": {"acc": "0.9"}}}, "d → means → acc"),
        ({"d": {"means": {"acc": True}}}, "true and false are no numbers"),
        ('{"d": {"means": {"acc": NaN}}}', "d → means → acc"),
        ('{"d": {"means": {"acc": 1e999}}}', "d → means → acc"),
        ({"d": {"means": {"a/b": 1.0}}}, "a/b"),
        ({"d": {"means": {"a\u202eb": 1.0}}}, "a name is printed"),
        ({"d": {"means": {" a": 1.0}}}, "a name is printed"),
        ('{"d": {"means": {"\\ud800": 1.0}}}', "unable to parse"),
        ('{"d": {"means": {"acc": 1.7e308}}}', "d → means → acc"),  # two of them have no mean
        ('{"d": {"means": {"acc": 0.1, "acc": 0.9}}}', "'acc' stands in it twice"),
        ('{"d": {"means": {"acc": 0.1}}, "d": {"means": {"acc": 0.9}}}', "'d' stands in it twice"),
        ('{"d": {"means": {"acc": ' + "9" * 5000 + "}}}", "is not JSON"),
    ],
)
def test_a_bad_results_file_is_answered_with_what_is_wrong(tmp_path: Path, told: object, says: str) -> None:
    assert says in why(write(tmp_path, told))


def test_a_missing_linked_or_endless_results_file_is_answered_too(tmp_path: Path) -> None:
    assert "without writing run_1/final_info.json" in why(tmp_path)
    (tmp_path / "run_1").mkdir()
    (tmp_path / "run_1" / "final_info.json").symlink_to("/etc/passwd")
    assert "not a plain file" in why(tmp_path)
    (tmp_path / "run_1" / "final_info.json").unlink()
    os.mkfifo(tmp_path / "run_1" / "final_info.json")
    assert "not a plain file" in why(tmp_path)
    (tmp_path / "run_1" / "final_info.json").unlink()
    with (tmp_path / "run_1" / "final_info.json").open("wb") as file:
        file.truncate(final_info.LARGEST_B + 1)
    assert "larger than 8 MB" in why(tmp_path)


@pytest.mark.parametrize("last", ['"n0": 2', '"n": 2'], ids=["twice", "once"])
def test_a_file_of_names_without_end_is_answered_at_once(tmp_path: Path, last: str) -> None:
    names = ",".join(f'"n{n}": 1' for n in range(400_000))
    begun = time.process_time()
    assert "put curves into metrics.jsonl" in why(write(tmp_path, f'{{"d": {{"means": {{{names},{last}}}}}}}'))
    few = ",".join(f'"n{n}": "x"' for n in range(final_info.NAMES - 4))
    assert "n0: Input should be a valid number" in why(write(tmp_path, f'{{"d": {{"means": {{{few}}}}}}}'))
    few = ",".join(f'"n{n}": 1' for n in range(final_info.NAMES - 4))
    assert "'z' stands in it twice" in why(write(tmp_path, f'{{"d": {{"means": {{{few},"z":1,"z":2}}}}}}'))
    assert time.process_time() - begun < 5


plain = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


@given(plain | st.dictionaries(st.text(max_size=5), st.fixed_dictionaries({"means": plain, "stderrs": plain})))
def test_whatever_stands_in_it_is_numbers_or_one_error(tmp_path_factory: pytest.TempPathFactory, told: object) -> None:
    work = tmp_path_factory.getbasetemp() / "any"
    work.mkdir(exist_ok=True)
    try:
        found = final_info.results(write(work, told))
    except LabError as error:
        assert error.key == "results.bad"
        assert error.facts["why"]
    else:
        assert all(one.value is None or abs(one.value) < float("inf") for one in found)
