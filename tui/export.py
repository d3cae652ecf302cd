"""One archive that a colleague can use without Nightlab: `nightlab export`.

Paper and source, the winner's code with its data loader and one command that runs it again, data card, results, reviews
and package versions. It is made from products and measured values only, so no call, key or note can be in it.
"""

from __future__ import annotations

import ast
import csv
import io
import os
import shlex
import sys
import zipfile
from collections.abc import Iterator
from importlib.metadata import packages_distributions, version
from pathlib import Path

from state import places
from state.durable import read_json
from state.errors import LabError
from state.readers import Reader, reading
from state.rows import ExperimentRow
from tui.language import tr

EPOCH = (1980, 1, 1, 0, 0, 0)
LEFT_OUT = ("notes", ".nightlab")


def export(folder: Path, run: int, file: Path) -> Path:
    """Write the archive of `run` to `file`; LabError `export.nothing` where no product was handed in."""
    where = places.places(folder)
    with reading(where.database, where.blobs) as reader:
        if reader is None:
            raise LabError("run.none", run=run)
        packed = contents(where, reader, run)
    top = f"{folder.name}-{run}"
    beside = file.with_name(f".{file.name[:80]}.{os.urandom(4).hex()}.part")  # two terminals have each their own
    try:
        with zipfile.ZipFile(beside, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, data in sorted(packed.items()):
                entry = zipfile.ZipInfo(f"{top}/{name}", EPOCH)
                entry.compress_type = zipfile.ZIP_DEFLATED
                entry.external_attr = (0o755 if name.endswith(".sh") else 0o644) << 16
                archive.writestr(entry, data)
        beside.replace(file)
    finally:
        beside.unlink(missing_ok=True)
    return file.absolute()


def contents(where: places.Places, reader: Reader, run: int) -> dict[str, bytes]:
    """Every file of the archive by its name in it."""
    packed = {name: data for name, data in _products(reader, run) if name.split("/")[0] not in LEFT_OUT}
    if not packed:
        raise LabError("export.nothing", run=run)
    packed["results.csv"] = _results(reader, run)
    winner = next((program for program in reader.programs(run) if program.kept == 1), None)
    if winner is not None:
        own = f"code/{winner.name}/"
        code = {name.removeprefix(own): data for name, data in packed.items() if name.startswith(own)}
        loader = packed.get("code/load_data.py")
        if loader is not None:
            code.setdefault("load_data.py", loader)
        packed |= {f"winner/{name}": data for name, data in code.items()}
        experiments = [each for each in reader.experiments(run) if each.program == winner.name and not each.superseded]
        argv = _argv(where, experiments)
        seed = experiments[0].seed if experiments else 1
        settings = f'export SEED="${{SEED:-{seed}}}" OMP_NUM_THREADS=1'
        told = f'#!/bin/sh\ncd "$(dirname "$0")"\n{settings}\nexec {shlex.join(argv)}\n'
        packed["winner/run.sh"] = told.encode()
        packed["winner/requirements.txt"] = "".join(f"{line}\n" for line in _packages(code)).encode()
    packed["README.md"] = _readme(reader, run, winner.name if winner else None, sorted(packed)).encode()
    return packed


def _products(reader: Reader, run: int) -> Iterator[tuple[str, bytes]]:
    """The files of the newest version of each product that stands."""
    standing = {visit.id for visit in reader.visits(run) if visit.state != "superseded"}
    newest = {row.name: row for row in reader.versions(run) if row.handed_in and row.visit in standing}
    for row in newest.values():
        yield from reader.files(row.sha256).items()


def _results(reader: Reader, run: int) -> bytes:
    out = io.StringIO()
    table = csv.writer(out, lineterminator="\n")
    table.writerow(["experiment", "program", "seed", "dataset", "metric", "value", "stderr", "censored_at"])
    for row in reader.results(run):
        if not row.superseded:
            name = f"e{row.experiment}"
            table.writerow([name, row.program, row.seed, row.dataset, row.metric, row.value, row.stderr, row.censored])
    return out.getvalue().encode()


def _argv(where: places.Places, experiments: list[ExperimentRow]) -> list[str]:
    """The command of the first experiment, as its job says; Python by name, so that it runs elsewhere."""
    for each in experiments:
        try:
            told = read_json(where.jobs / each.attempt / "spec.json")
        except (OSError, LabError):  # tidied away
            continue
        argv = told.get("argv") if isinstance(told, dict) else None
        if isinstance(argv, list) and argv:
            return ["python3", *(str(word) for word in argv[1:])]
    return ["python3", "experiment.py", "--out_dir=run_0"]


def _packages(code: dict[str, bytes]) -> Iterator[str]:
    """What the code imports, at the versions of this interpreter, which ran it."""
    known = packages_distributions()
    yield f"# Python {sys.version_info.major}.{sys.version_info.minor}"
    names: set[str] = set()
    for name, data in code.items():
        if name.endswith(".py"):
            names |= {package for module in _imports(data) for package in known.get(module, [])}
    for package in sorted(names):
        yield f"{package}=={version(package)}"


def _imports(code: bytes) -> Iterator[str]:
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module.partition(".")[0]


def _readme(reader: Reader, run: int, winner: str | None, names: list[str]) -> str:
    row = reader.run(run)
    config = reader.config(row) if row else {}
    title = config.get("question") or config.get("topic") or ""
    lines = [f"# {title}", "", tr("export.readme.what")]
    if winner:
        lines += ["", tr("export.readme.again", program=winner), "", "    pip install -r winner/requirements.txt"]
        lines += ["    sh winner/run.sh"]
    if data := config.get("data"):
        lines += ["", tr("export.readme.data", names=", ".join(data))]
    return "\n".join([*lines, "", *(f"- {name}" for name in names), ""])
