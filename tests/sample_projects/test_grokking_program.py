"""The sample's programs keep the contract of experiments, and a seed gives the same numbers every time."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from engine.experiments.final_info import results
from state.curve import curve_of

FILES = Path(__file__).parents[2] / "sample_projects" / "grokking" / "rehearsal" / "files"


def run(folder: Path, seed: int, **knobs: str) -> str:
    """One experiment in `folder` with some knobs set; its output."""
    shutil.copy(FILES / "load_data.py", folder)
    code = (FILES / "experiment.py").read_text()
    for name, value in knobs.items():
        code, n = re.subn(rf"^{name} = \S+", f"{name} = {value}", code, flags=re.MULTILINE)
        assert n == 1, name
    (folder / "experiment.py").write_text(code)
    environment = {**os.environ, "SEED": str(seed), "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    command = [sys.executable, "experiment.py", "--out_dir=run_0"]
    done = subprocess.run(
        command, check=False, cwd=folder, env=environment, capture_output=True, text=True, timeout=100
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_a_run_writes_the_results_file_and_a_curve_that_the_lab_reads(tmp_path: Path) -> None:
    said = run(tmp_path, 1, MAX_STEPS="300")
    values = {one.metric: one for one in results(tmp_path, "run_0")}
    assert set(values) == {"steps", "fit_steps", "val_acc"} and {one.dataset for one in values.values()} == {"mod47"}
    assert values["steps"].value is None and values["steps"].censored == 300
    assert values["fit_steps"].value is not None and values["fit_steps"].value <= 300
    points = curve_of((tmp_path / "run_0" / "metrics.jsonl").read_bytes()).points
    assert [point.step for point in points] == list(range(25, 301, 25))
    assert set(points[0].values) == {"train_acc", "val_acc", "loss"}
    assert "not within 300 steps" in said


def test_the_same_seed_gives_the_same_numbers_and_another_one_others(tmp_path: Path) -> None:
    told = []
    for name, seed in (("first", 1), ("second", 1), ("other", 2)):
        (tmp_path / name).mkdir()
        run(tmp_path / name, seed, MAX_STEPS="100")
        told.append(json.loads((tmp_path / name / "run_0/final_info.json").read_text()))
    assert told[0] == told[1] != told[2]


def test_it_groks_at_the_baseline_long_after_it_has_learned_by_heart(tmp_path: Path) -> None:
    run(tmp_path, 1)
    values = {one.metric: one.value for one in results(tmp_path, "run_0")}
    assert values["steps"] is not None and values["fit_steps"] is not None
    assert values["steps"] > 4 * values["fit_steps"]


@pytest.mark.parametrize(("knobs", "word"), [({"WEIGHT_DECAY": "0.3"}, "not within"), ({"WEIGHT_DECAY": "4.0"}, "not")])
def test_too_little_and_too_much_decay_miss_the_target(tmp_path: Path, knobs: dict[str, str], word: str) -> None:
    assert word in run(tmp_path, 1, **knobs)


def test_the_data_check_themselves(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, str(FILES / "load_data.py")],
        check=False,
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0 and "883 pairs for training, 1326 for validation" in done.stdout
