"""What a program left is checked before it is believed, and what is wrong with it is said so that it can be mended."""

from __future__ import annotations

import json
import os
import struct
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.experiments import harvest
from state.errors import LabError


def write(work: Path, told: object) -> Path:
    (work / "run_1").mkdir(exist_ok=True)
    data = told if isinstance(told, str) else json.dumps(told)
    (work / "run_1" / "final_info.json").write_text(data)
    return work


def why(work: Path) -> str:
    with pytest.raises(LabError) as caught:
        harvest.results(work)
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
    acc, steps = harvest.results(write(tmp_path, told))
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
        file.truncate(harvest.RESULTS_B + 1)
    assert "larger than 8 MB" in why(tmp_path)


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
        found = harvest.results(write(work, told))
    except LabError as error:
        assert error.key == "results.bad"
        assert error.facts["why"]
    else:
        assert all(one.value is None or abs(one.value) < float("inf") for one in found)


def test_curves_leave_out_what_is_no_number_and_what_is_not_finished(tmp_path: Path) -> None:
    (tmp_path / "run_1").mkdir()
    lines = [
        '{"step": 1, "loss": 2.5, "note": "warm"}',
        '{"step": 2, "loss": NaN, "acc": 0.1}',
        "not json",
        '{"loss": 1}',
        '{"step": true}',
        "",
        f'{{"step": 3, "loss": {"9" * 400}}}',
        '{"step": 4, "loss": 1.5',
    ]
    (tmp_path / "run_1" / "metrics.jsonl").write_text("\n".join(lines))
    curve = harvest.curve(tmp_path)
    assert [(point.step, point.values) for point in curve.points] == [(1, {"loss": 2.5}), (2, {"acc": 0.1}), (3, {})]
    assert curve.refused == 3
    assert harvest.curve(tmp_path, "run_2").points == ()


def png(width: int, height: int) -> bytes:
    return harvest.PNG + struct.pack(">I4sII", 13, b"IHDR", width, height) + bytes(9)


def test_pictures_are_what_they_say_and_of_a_sane_size(tmp_path: Path) -> None:
    (tmp_path / "good.png").write_bytes(png(640, 480))
    (tmp_path / "huge.png").write_bytes(png(100_000, 100_000))
    (tmp_path / "text.png").write_bytes(b"<script>" * 9)
    (tmp_path / "short.png").write_bytes(harvest.PNG)
    (tmp_path / "link.png").symlink_to("good.png")
    (found,) = harvest.pictures(tmp_path)
    assert (found.path, found.width, found.height) == ("good.png", 640, 480)


def test_the_tail_is_printable_and_shows_the_last_state_of_a_redrawn_line(tmp_path: Path) -> None:
    (tmp_path / "out.log").write_bytes(b"\x1b[31mred\x1b[0m\r\n 10%\r 50%\r100%\n\xff\x07\xe4\xb8\xad\n")
    assert harvest.tail(tmp_path) == "red\n100%\n��中"
    (tmp_path / "out.log").write_bytes(b"".join(b"line %d\n" % n for n in range(100_000)))
    assert harvest.tail(tmp_path).splitlines()[-1] == "line 99999"
    assert len(harvest.tail(tmp_path).splitlines()) == harvest.TAIL_LINES


@pytest.mark.parametrize(
    ("glob", "path", "meant"),
    [
        ("*.png", "a.png", True),
        ("*.png", "b/a.png", False),
        ("run_*/*.json", "run_1/final_info.json", True),
        ("run_*/*.json", "run_1/x/final_info.json", False),
        ("**/*.png", "a/b/c.png", True),
        ("**/*.png", "c.png", True),
        ("run_1/**", "run_1/a/b", True),
        ("run_1", "run_1/a", False),
    ],
)
def test_globs_mean_names_within_folders(glob: str, path: str, meant: bool) -> None:
    assert harvest.means(glob, path) is meant
