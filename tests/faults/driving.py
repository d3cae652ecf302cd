"""Drive whole runs of the sample in real engine processes: start, kill, wait, and compare what they made.

Used by the tests of what survives. Everything is read from the outside: status, files, the engine's lock.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from state import inbox, lock, places, project, toml_text
from state.status import report
from state.vocabulary import WordKind

SAMPLE = Path(__file__).parents[2] / "sample_projects" / "grokking"
OVER = ("done", "waiting", "paused", "failed", "stopped")


def sample(folder: Path, **values: str | int | float | bool) -> Path:
    """A copy of the sample; `values` are dotted keys of its project.toml, with `__` for the dot."""
    shutil.copytree(SAMPLE, folder)
    file = folder / project.FILE
    text = file.read_text()
    for key, value in values.items():
        text = toml_text.with_value(text, tuple(key.split("__")), value)
    file.write_text(text)
    return folder


def engine(folder: Path, **env: str) -> subprocess.Popen[bytes]:
    """An engine on a project, as the tui starts one."""
    return subprocess.Popen(
        [sys.executable, "-P", "-E", "-m", "engine", str(folder)],
        cwd="/",
        env={**os.environ, "NIGHTLAB_DEATH_LIMIT": "0", "NIGHTLAB_IDLE_S": "1000", **env},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )


def begin(folder: Path) -> None:
    """A run on autopilot, and a note for the plan that waits for it."""
    inbox.leave(folder, WordKind.NOTE, {"text": "Show the training accuracy too.", "to": "plan_formulation"})
    inbox.leave(folder, WordKind.RUN, {"autonomy": "autopilot"})


def wait(folder: Path, running: subprocess.Popen[bytes], limit_s: float = 240.0) -> dict[str, Any]:
    """Until the run is over or waits; the status then."""
    end = time.monotonic() + limit_s
    while time.monotonic() < end:
        told = report(folder)
        if told["state"] in OVER and not inbox.pending(folder)[1:]:
            return told
        if running.poll() is not None:
            raise AssertionError(f"the engine left with {running.returncode}: {log(folder)}")
        time.sleep(0.2)
    raise AssertionError(f"not over after {limit_s:g} s: {report(folder)}\n{log(folder)}")


def to_its_end(folder: Path, **env: str) -> dict[str, Any]:
    """An engine that is left in peace until the run is over or waits; the status then."""
    running = engine(folder, **env)
    try:
        return wait(folder, running, limit_s=400)
    finally:
        kill(running)


def killed_at(folder: Path, after_s: float, *, starting: bool = False, **env: str) -> None:
    """An engine that is killed so long after it began a call or an experiment, or, `starting`, after it took the lock.

    Between the two it recovers and imports, for seconds; one that only waits for what ran already is killed as well.
    """
    before = begun(folder)
    running = engine(folder, **env)
    end = time.monotonic() + 60
    while running.poll() is None and lock.look(places.places(folder).lock) is None:
        assert time.monotonic() < end, log(folder)
        time.sleep(0.005)
    while not starting and running.poll() is None and begun(folder) == before and time.monotonic() < end - 30:
        if over(folder):
            break
        time.sleep(0.01)
    with suppress(subprocess.TimeoutExpired):  # it may have left by itself
        running.wait(after_s)
    kill(running)


def begun(folder: Path) -> int:
    """How many calls and jobs were begun."""
    return int(_asked(folder, "SELECT count(*) FROM attempt") or 0)


def over(folder: Path) -> bool:
    """Whether the run is done."""
    return _asked(folder, "SELECT state FROM run") == "done"


def _asked(folder: Path, sql: str) -> Any:
    """The first value of an answer; None where there is none yet."""
    database = places.places(folder).database
    if not database.exists():
        return None
    db = sqlite3.connect(f"file:{database}?mode=ro", uri=True)
    try:
        row = db.execute(sql).fetchone()
        return row[0] if row else None
    except sqlite3.OperationalError:  # its tables are being made
        return None
    finally:
        db.close()


def kill(running: subprocess.Popen[bytes]) -> None:
    if running.poll() is None:
        running.send_signal(signal.SIGKILL)
    running.wait()
    if running.stderr is not None:
        running.stderr.close()


def log(folder: Path) -> str:
    file = places.places(folder).log
    return file.read_text()[-3000:] if file.exists() else ""


def made(folder: Path, run: int = 1) -> dict[str, str]:
    """What a run made, as text: the PDF by what it says, without what may differ between equal runs."""
    found: dict[str, str] = {}
    root = folder / "runs" / str(run)
    for path in sorted(root.rglob("*")):
        if not path.is_file():
            continue
        name = str(path.relative_to(root))
        if name.endswith(".pdf"):
            shown = subprocess.run(["pdftotext", "-layout", str(path), "-"], capture_output=True, check=True).stdout
            found[name] = plain(shown.decode(), folder)
        elif name.endswith(".png"):
            found[name] = hashlib.sha256(path.read_bytes()).hexdigest()
        else:
            found[name] = plain(path.read_text(errors="replace"), folder)
    return found


def plain(text: str, folder: Path) -> str:
    """Without paths, and without the day: the paper names it, and one of two runs may have begun before midnight."""
    text = text.replace(str(folder), "PROJECT").replace(sys.executable, "PYTHON")
    return re.sub(r"\b20\d\d-\d\d-\d\d\b", "DAY", text)


def measured(folder: Path) -> list[tuple[Any, ...]]:
    """Every number that was measured, without the experiments' numbers, whose order may differ."""
    from state.readers import reading

    where = places.places(folder)
    with reading(where.database, where.blobs) as reader:
        assert reader is not None
        return sorted(
            (one.program, one.seed, one.dataset, one.metric, str(one.value), str(one.censored))
            for one in reader.results(1)
            if not one.superseded
        )


def run_again(folder: Path) -> list[str]:
    """Folders of jobs that ran what another folder had run to its end; by the folders alone, whatever the lab says."""
    found, ended = [], set()
    for job in sorted(places.places(folder).jobs.iterdir()):
        if not (job / "started.json").exists():
            continue
        spec = json.loads((job / "spec.json").read_text())
        what = json.dumps([spec["kind"], spec["argv"], spec["env"].get("SEED"), spec["files"]], sort_keys=True)
        if what in ended:
            found.append(job.name)
        if (job / "exit.json").exists():
            ended.add(what)
    return found


def times_read(folder: Path) -> int:
    """How often a note is listed as new in an intent, over all notes and intents."""
    db = sqlite3.connect(places.places(folder).database)
    listed = [json.loads(row[0])["new"] for row in db.execute("SELECT notes FROM step WHERE notes IS NOT NULL")]
    return sum(len(words) for words in listed)


def differences(one: Mapping[str, str], other: Mapping[str, str]) -> list[str]:
    """Names of files that differ, or that only one of them has."""
    return sorted(name for name in {*one, *other} if one.get(name) != other.get(name))


def decide(folder: Path, choice: str, *, run: int | None = None, **more: Any) -> None:
    """Answer what the run waits for, as the tui would: the wait and the product that was seen."""
    from state.readers import reading

    where = places.places(folder)
    with reading(where.database, where.blobs) as reader:
        assert reader is not None
        waits = [wait for wait in reader.waits(run) if wait.needs_word]
        assert waits, report(folder, run)
        body = {"wait": waits[0].id, "choice": choice, "sha256": waits[0].sha256, **more}
    inbox.leave(folder, WordKind.DECISION, {key: value for key, value in body.items() if value is not None})


def until(
    folder: Path, seen: Callable[[dict[str, Any]], bool], run: int | None = None, limit_s: float = 240
) -> dict[str, Any]:
    """Until the status is as wished; the status then."""
    end = time.monotonic() + limit_s
    told = report(folder, run)
    while not seen(told):
        assert time.monotonic() < end, f"{told}\n{log(folder)}"
        time.sleep(0.05)
        told = report(folder, run)
    return told
