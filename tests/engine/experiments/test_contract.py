"""A job says what it means, and an ending comes back from the journal as it went in."""

from __future__ import annotations

import dataclasses
import os
import sys
from pathlib import Path

import pytest

from engine.experiments.contract import Ending, File, Job, Limits, identify
from state.errors import LabError
from state.vocabulary import ExperimentState

LIMITS = Limits(wall_s=10, memory_b=0)
JOB = Job("experiment", (sys.executable, "experiment.py", "--out_dir=run_1"), LIMITS, {"experiment.py": b"print(1)"})


def test_the_meaning_covers_what_runs_and_not_what_it_may_cost() -> None:
    same = dataclasses.replace(JOB, limits=Limits(wall_s=99, memory_b=7), author="lab")
    assert same.meaning() == JOB.meaning()
    for change in (
        {"argv": (*JOB.argv, "--lr=1")},
        {"files": {"experiment.py": b"print(2)"}},
        {"env": {"SEED": "1"}},
        {"data": {"cifar": "/data/cifar"}},
    ):
        assert dataclasses.replace(JOB, **change).meaning() != JOB.meaning()
    assert sys.executable not in str(JOB.meaning())


def test_changed_data_is_another_meaning_wherever_it_lies() -> None:
    one = dataclasses.replace(JOB, data={"d": "/here"}, identities={"d": "1"})
    assert one.meaning() == dataclasses.replace(one, data={"d": "/there"}).meaning()
    assert one.meaning() != dataclasses.replace(one, identities={"d": "2"}).meaning()


def test_the_identity_of_data_follows_names_sizes_and_times(tmp_path: Path) -> None:
    (tmp_path / "d" / "x").mkdir(parents=True)
    file = tmp_path / "d" / "x" / "a.csv"
    file.write_text("1")
    os.utime(file, ns=(1, 1))
    first = identify(tmp_path / "d")
    assert identify(tmp_path / "d") == first
    os.utime(file, ns=(2, 2))
    assert identify(tmp_path / "d") != first
    file.write_text("12")
    os.utime(file, ns=(1, 1))
    assert identify(tmp_path / "d") != first
    file.write_text("1")
    os.utime(file, ns=(1, 1))
    assert identify(tmp_path / "d") == first
    file.rename(file.with_name("b.csv"))
    assert identify(tmp_path / "d") != first
    with pytest.raises(LabError):
        identify(tmp_path / "none")


@pytest.mark.parametrize("name", ["../x", "/x", "a//b", "", "a/./b", "data", "bad\nname"])
def test_a_file_cannot_be_laid_outside_the_work_folder(name: str) -> None:
    with pytest.raises(LabError):
        dataclasses.replace(JOB, files={name: b""})


def test_an_ending_comes_back_as_it_was() -> None:
    end = Ending(ExperimentState.LIMIT, None, 9, "why", "tail", 1.5, "wall", {"a.png": File("ab", 3)}, 7, 0.5)
    assert Ending.of(end.plain()) == end
