"""What a program left is checked before it is believed, and what is wrong with it is said so that it can be mended."""

from __future__ import annotations

import json
import os
import shutil
import struct
import tempfile
import zlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.experiments import harvest
from state.errors import LabError
from state.vocabulary import ExperimentState


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


def test_curves_leave_out_what_is_no_number_and_what_is_not_finished() -> None:
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
    curve = harvest.curve_of("\n".join(lines).encode())
    assert [(point.step, point.values) for point in curve.points] == [(1, {"loss": 2.5}), (2, {"acc": 0.1}), (3, {})]
    assert curve.refused == 3


def test_a_curve_has_no_name_that_cannot_be_printed_and_no_number_that_cannot_be_added() -> None:
    lines = rb'{"step": 1, "\ud800": 1, "a\n": 1, "\u202ea": 1, "' + b"x" * 81 + b'": 1, "loss": 2, "huge": 1.7e308}\n'
    assert [point.values for point in harvest.curve_of(lines).points] == [{"loss": 2.0}]


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(width: int, height: int, rows: int | None = None) -> bytes:
    """A grey picture; `rows` says how many there really are."""
    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    packed = zlib.compress(bytes((width + 1) * (height if rows is None else rows)))
    return harvest.PNG + chunk(b"IHDR", head) + chunk(b"IDAT", packed) + chunk(b"IEND", b"")


def test_a_picture_is_one_by_its_bytes_whole_and_of_a_sane_size() -> None:
    good = png(64, 48)
    assert harvest.picture(good) == (64, 48)
    broken = [
        png(100_000, 1),
        png(11_000, 11_000),  # a bomb: 118 kB that unpack to 121 MB
        png(64, 48, rows=9_000),  # more than it says
        png(64, 48, rows=47),
        b"<script>" * 9,
        harvest.PNG,
        good[:-12],  # its end is missing
        good[:60] + b"?" + good[61:],
    ]
    assert [harvest.picture(one) for one in broken] == [None] * len(broken)


@given(st.integers(0, 400), st.binary(max_size=9))
def test_no_damage_to_a_picture_breaks_the_looking_at_it(at: int, junk: bytes) -> None:
    good = png(20, 10)
    harvest.picture(good[:at] + junk + good[at + len(junk) :])
    harvest.picture(good[:at] + junk + good[at:])


def job(folder: Path, *, wants: tuple[str, ...] = ("run_0/*.json", "*.png")) -> Path:
    """A job that ended well, as its shim leaves it; returns its work folder."""
    (folder / "work" / "run_0").mkdir(parents=True)
    spec = {"kind": "experiment", "argv": ["python", "--out_dir=run_0"], "wants": wants, "limits": {"file_b": 1 << 30}}
    (folder / "spec.json").write_text(json.dumps(spec))
    (folder / "exit.json").write_text(json.dumps({"state": "finished", "exit_code": 0, "took_s": 1.0}))
    return folder / "work"


def test_a_program_that_takes_its_folder_away_or_puts_a_link_there_has_failed(tmp_path: Path) -> None:
    work = job(tmp_path / "gone")
    shutil.rmtree(work)
    ending = harvest.gather(tmp_path / "gone")
    assert (ending.state, ending.files) == (ExperimentState.FAILED, {})
    assert "work folder could not be read" in ending.error
    work = job(tmp_path / "linked")
    shutil.rmtree(work)
    (tmp_path / "secret.png").write_bytes(png(1, 1))
    work.symlink_to(tmp_path)
    ending = harvest.gather(tmp_path / "linked")
    assert (ending.state, ending.files) == (ExperimentState.FAILED, {})


def test_results_that_nobody_may_read_are_the_program_s_failure() -> None:
    with tempfile.TemporaryDirectory(dir="/tmp") as place:  # where somebody else than root may look
        folder = Path(place) / "job"
        work = job(folder)
        (work / "run_0" / "final_info.json").write_text('{"d": {"means": {"a": 1}}}')
        (work / "run_0").chmod(0)
        somebody = os.getuid() or 65534
        for path in (Path(place), *Path(place).rglob("*")):
            os.chown(path, somebody, -1)
        before = os.geteuid()
        os.seteuid(somebody)
        try:
            assert harvest.gather(folder).files == {}
            with pytest.raises(LabError) as caught:
                harvest.results(work, "run_0")
            assert "cannot be read" in str(caught.value.facts["why"])
            (work / "run_0").chmod(0o700)
            assert list(harvest.gather(folder).files) == ["run_0/final_info.json"]
        finally:
            os.seteuid(before)


def test_files_with_holes_are_not_read_to_their_end(tmp_path: Path) -> None:
    work = job(tmp_path / "job", wants=("*.png", "*.bin"))
    for nth in range(40):
        with (work / f"{nth:02}.bin").open("wb") as file:
            file.truncate(300 << 20)
    with (work / "big.png").open("wb") as file:
        file.truncate(harvest.PICTURE_B + 1)
    (work / "small.png").write_bytes(png(1, 1))
    assert list(harvest.gather(tmp_path / "job").files) == ["00.bin", "01.bin", "02.bin", "small.png"]


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
