"""What a job left is brought in by its kind and size, whatever a program did to its folder."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from pathlib import Path

import pytest

from engine.experiments import final_info, harvest, png
from state.errors import LabError
from state.vocabulary import ExperimentState


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
    (tmp_path / "secret.png").write_bytes(b"small")
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
                final_info.results(work, "run_0")
            assert "cannot be read" in str(caught.value.facts["why"])
            (work / "run_0").chmod(0o700)
            assert list(harvest.gather(folder).files) == ["run_0/final_info.json"]
        finally:
            os.seteuid(before)


@pytest.mark.parametrize("told", ["", "x", "[]", '{"limits": {"file_b": 1e999}}', '{"limits": {"file_b": "much"}}'])
def test_a_spec_that_a_program_wrote_over_is_its_failure(tmp_path: Path, told: str) -> None:
    job(tmp_path)
    (tmp_path / "out.log").write_text("its last words")
    (tmp_path / "spec.json").write_text(told) if told else (tmp_path / "spec.json").unlink()
    ending = harvest.gather(tmp_path)
    assert (ending.state, ending.files, ending.tail) == (ExperimentState.FAILED, {}, "its last words")
    assert ending.error == "spec.json was overwritten by the program"


def test_a_log_that_nobody_may_read_has_no_last_lines(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "out.log").write_text("its last words")

    def refused(*given: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("state.durable.open_beneath", refused)
    assert harvest.tail(tmp_path) == ""


def test_files_with_holes_are_not_read_to_their_end(tmp_path: Path) -> None:
    work = job(tmp_path / "job", wants=("*.png", "*.bin"))
    for nth in range(40):
        with (work / f"{nth:02}.bin").open("wb") as file:
            file.truncate(300 << 20)
    with (work / "big.png").open("wb") as file:
        file.truncate(png.LARGEST_B + 1)
    (work / "small.png").write_bytes(b"small")
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
