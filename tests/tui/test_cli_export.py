"""The archive for a colleague: it runs the winner again without Nightlab, and holds no call, key or note."""

from __future__ import annotations

import json
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from state import lineage, places
from state.errors import LabError
from state.store import Store
from state.vocabulary import Phase
from tui.export import export

CODE = b"""\
import argparse, json, os
import numpy
from load_data import load
given = argparse.ArgumentParser()
given.add_argument("--out_dir")
given = given.parse_args()
os.makedirs(given.out_dir)
with open(os.path.join(given.out_dir, "final_info.json"), "w") as file:
    json.dump({"toy": {"means": {"loss": load() + int(os.environ["SEED"])}, "stderrs": {}}}, file)
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A project with a run that handed in data, experiments and a report, and has notes and calls."""
    folder = tmp_path / "toy"
    folder.mkdir()
    (folder / "project.toml").write_text('question = "Does it?"\n')
    where = places.prepare(folder)
    store = Store(where.database, where.blobs)

    def manifest(files: dict[str, bytes]) -> str:
        return store.put(json.dumps({name: store.put(data) for name, data in files.items()}).encode())

    config = store.put(json.dumps({"question": "Does it?", "data": {}}).encode())
    products = {
        Phase.DATA_PREPARATION: ("data", {"code/load_data.py": b"def load():\n    return 40\n", "data.md": b"card"}),
        Phase.RUNNING_EXPERIMENTS: ("experiments", {"experiments.md": b"x", "code/wd_2/experiment.py": CODE}),
        Phase.REPORT_WRITING: ("report", {"paper/paper.tex": b"\\title{It does}", "paper/paper.pdf": b"%PDF"}),
    }
    with store.transaction() as tx:
        run = lineage.begin_run(tx, config, list(Phase), "autopilot")
        for phase, (name, files) in products.items():
            visit = lineage.open_visit(tx, run, phase, {}, "", None)
            for version in (1, 2):
                handed = manifest(files if version == 2 else {"old.md": b"not this one"})
                tx.insert(
                    "INSERT INTO product (visit, name, version, sha256, author, handed_in, summary, seq)"
                    " VALUES (?,?,?,?,'lab',1,'{}',0)",
                    (visit, name, version, handed),
                )
            if phase is Phase.RUNNING_EXPERIMENTS:
                code = manifest({"experiment.py": CODE})
                tx.insert("INSERT INTO program (name, visit, sha256, kept) VALUES ('wd_2',?,?,1)", (visit, code))
                experiment = tx.insert(
                    "INSERT INTO experiment (run, visit, program, code, setting, data, seed, attempt, state, limit_s,"
                    " tier, machine, begun_at) VALUES (?,?,'wd_2','c','s','d',2,'A1','finished',60,'basic','here',0)",
                    (run, visit),
                )
                tx.execute("INSERT INTO used (visit, experiment) VALUES (?,?)", (visit, experiment))
                tx.execute(
                    "INSERT INTO result (experiment, dataset, metric, value, file, sha256)"
                    " VALUES (?,'toy','loss',42.0,'f','s')",
                    (experiment,),
                )
    store.close()
    job = where.jobs / "A1"
    job.mkdir()
    (job / "spec.json").write_text(json.dumps({"argv": ["/venv/bin/python", "experiment.py", "--out_dir=run_0"]}))
    (where.calls / "C1").mkdir()
    (where.calls / "C1" / "done.json").write_text("a secret reply")
    (folder / "notes").mkdir()
    (folder / "notes" / "mine.md").write_text("a private note")
    return folder


def test_the_winner_runs_again_from_the_archive_alone(folder: Path, tmp_path: Path) -> None:
    archive = export(folder, 1, tmp_path / "toy.zip")
    out = tmp_path / "out"
    with zipfile.ZipFile(archive) as file:
        file.extractall(out)
    winner = out / "toy-1" / "winner"
    path = f"{Path(sys.executable).parent}:/usr/bin:/bin"  # a Python that has what requirements.txt names
    subprocess.run(["sh", winner / "run.sh"], check=True, env={"PATH": path})
    told = json.loads((winner / "run_0" / "final_info.json").read_text())
    assert told["toy"]["means"]["loss"] == 42
    assert (winner / "requirements.txt").read_text().count("numpy==") == 1


def test_the_archive_holds_the_newest_products_and_results_and_nothing_private(folder: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(export(folder, 1, tmp_path / "toy.zip")) as file:
        held = {name.removeprefix("toy-1/"): file.read(name) for name in file.namelist()}
    assert {"paper/paper.pdf", "paper/paper.tex", "data.md", "results.csv", "README.md"} <= set(held)
    assert b"e1,wd_2,2,toy,loss,42.0" in held["results.csv"]
    assert "old.md" not in held
    everything = b"".join(held.values())
    assert b"secret" not in everything and b"private" not in everything
    assert b"Does it?" in held["README.md"]


def test_the_same_run_makes_the_same_archive(folder: Path, tmp_path: Path) -> None:
    one, two = export(folder, 1, tmp_path / "1.zip"), export(folder, 1, tmp_path / "2.zip")
    assert one.read_bytes() == two.read_bytes()


def test_two_terminals_that_export_at_once_make_a_whole_archive_each(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = export(folder, 1, tmp_path / "1.zip").read_bytes()
    write, others = zipfile.ZipFile.writestr, []

    def meanwhile(archive: zipfile.ZipFile, *given: object) -> None:
        if not others:
            others.append(0)
            others.append(export(folder, 1, tmp_path / "toy.zip").read_bytes())
        write(archive, *given)  # type: ignore[arg-type]  # as they came

    monkeypatch.setattr(zipfile.ZipFile, "writestr", meanwhile)
    assert export(folder, 1, tmp_path / "toy.zip").read_bytes() == whole == others[1]


def test_a_run_without_products_has_nothing_to_export(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(LabError, match=r"export\.nothing"):
        export(folder, 7, tmp_path / "none.zip")
    assert not list(tmp_path.glob("*none*"))


def test_what_was_superseded_is_in_no_archive(folder: Path, tmp_path: Path) -> None:
    where = places.places(folder)
    store = Store(where.database, where.blobs)
    with store.transaction() as tx:
        lineage.open_visit(tx, 1, Phase.RUNNING_EXPERIMENTS, {}, "", None)
    store.close()
    with zipfile.ZipFile(export(folder, 1, tmp_path / "toy.zip")) as file:
        held = {name.removeprefix("toy-1/"): file.read(name) for name in file.namelist()}
    assert len(held["results.csv"].splitlines()) == 1, "the heads of the columns alone"
    assert "data.md" in held and not {name for name in held if name.startswith(("code/wd_2/", "paper/"))}
