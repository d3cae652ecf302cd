"""A project on a disk that is mounted read-only, as commands see it: run in a namespace of its own, told as JSON."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

from state import lineage, places
from state.store import Store
from state.vocabulary import Phase

NIGHTLAB = Path(sys.executable).with_name("nightlab")
LOOKS = ("status", "log", "export", "doctor")
OWN = {"XDG_STATE_HOME": "state", "XDG_CONFIG_HOME": "config", "TMPDIR": "tmp"}
ACTS = ("note hm", "stop", "pause", "set limits.money_usd 3", "run --headless", "new fresh -q why", "demo fresh")


def story(folder: Path) -> dict[str, object]:
    """What a killed engine left is read, what cannot be written is said."""
    project = folder / "project"
    project.mkdir()
    (project / "project.toml").write_text('question = "Does it?"\n')
    where = places.prepare(project)
    beginner = os.fork()
    if beginner == 0:  # an engine that dies at once: its commit is still in the log
        store = Store(where.database, where.blobs)
        with store.transaction() as tx:
            lineage.begin_run(tx, store.put(b"{}"), list(Phase), "co-pilot")
        os.kill(os.getpid(), signal.SIGKILL)
    os.waitpid(beginner, 0)
    for shared in where.local.glob("*-shm"):
        shared.unlink()
    subprocess.run(["mount", "--bind", project, project], check=True)
    subprocess.run(["mount", "-o", "remount,ro,bind", project], check=True)
    shutil.rmtree(folder / "tmp", ignore_errors=True)
    (folder / "tmp").mkdir()
    told = {words: _say(project, folder, *words.split()) for words in (*LOOKS, *ACTS)}
    return {"log": (where.local / "lab.db-wal").exists(), "said": told, "left": os.listdir(folder / "tmp")}  # noqa: PTH208


def _say(project: Path, folder: Path, *words: str) -> list[object]:
    more = ["--json"] if words[0] == "status" else [str(folder / "out.zip")] if words[0] == "export" else []
    ended = subprocess.run(
        [NIGHTLAB, *words, *more],
        cwd=project,
        env=os.environ | {name: str(folder / at) for name, at in OWN.items()} | {"LC_ALL": "C.UTF-8"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    return [ended.returncode, ended.stdout, ended.stderr]


if __name__ == "__main__":
    print(json.dumps(story(Path(sys.argv[1]))))  # noqa: T201
