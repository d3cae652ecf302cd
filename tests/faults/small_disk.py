"""A run of the sample on a disk of 160 MB that fills three times; `test_disk.py` runs it in a mount namespace.

    unshare -Urm python -m tests.faults.small_disk FOLDER

While a reply is on its way, while an experiment ends, while experiments measure. Prints what it saw as JSON.
"""

from __future__ import annotations

import errno
import json
import signal
import sqlite3
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

from state import places
from tests.faults import driving
from tests.faults.slow_sample import slow_sample
from tests.faults.watching import answered, paused, rows, until
from tests.servers.messages import Json, MessagesServer, rehearsed

SIZE = "160m"
FULL_AT = 6
"""The request whose reply finds the disk full."""


def fill(disk: Path, name: str = "filler") -> None:
    """Until not another byte fits."""
    with (disk / name).open("wb", buffering=0) as file:
        for size in (1 << 20, 4096, 1):
            try:
                while True:
                    file.write(b"x" * size)
            except OSError as error:
                if error.errno != errno.ENOSPC:
                    raise


def free(disk: Path) -> None:
    for filler in disk.glob("filler*"):
        filler.unlink()


def measuring(lab: Path) -> list[Path]:
    """Jobs whose program writes its curve and has not ended."""
    curves = lab.glob(".nightlab/jobs/*/work/run_*/metrics.jsonl")
    return [path for path in curves if path.stat().st_size and not (path.parents[2] / "exit.json").exists()]


def main(folder: Path) -> None:
    disk, gate = folder / "disk", folder / "gate"
    disk.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={SIZE}", "tmpfs", str(disk)], check=True)
    lab = slow_sample(disk / "lab", gate, models__default="anthropic", limits__money_usd=100_000.0)
    driving.begin(lab)
    cast = rehearsed(lab, "en")
    filling = threading.Event()

    def answer(body: Json) -> Json:
        if server.count == FULL_AT and not filling.is_set():
            filling.set()
            fill(disk)
        return cast(body)

    saw: dict[str, Any] = {}
    with MessagesServer(answer) as server:
        running = driving.engine(lab, ANTHROPIC_BASE_URL=server.url, ANTHROPIC_API_KEY="key")
        try:
            ballast = places.places(lab).database.with_name("ballast")
            told = until(lab, lambda told: filling.is_set() and paused(told, "disk"), running)
            saw["reply"] = {"told": told, "ballast": ballast.exists(), "requests": server.count}
            free(disk)
            told = until(lab, lambda told: answered(told) > FULL_AT and told["state"] == "running", running)
            saw["after"] = {"told": told, "ballast": ballast.exists()}

            # an experiment that has measured ends on a full disk
            until(lab, lambda told: any(lab.glob(".nightlab/jobs/*/work/run_*/final_info.json")), running)
            fill(disk)
            gate.touch()
            told = until(lab, lambda told: paused(told, "disk"), running)
            (folder_of,) = lab.glob(".nightlab/jobs/*/work/run_*/final_info.json")
            until(lab, lambda told: (folder_of.parents[2] / "exit.json").exists(), running)
            saw["ends"] = told
            free(disk)
            until(lab, lambda told: told["experiments"]["finished"] >= 1 and told["state"] == "running", running)

            # the next ones are still measuring
            until(lab, lambda told: measuring(lab), running)
            fill(disk)
            until(lab, lambda told: paused(told, "disk"), running)
            fill(disk, "filler-2")  # what the lab gave back of its ballast
            saw["breaks"] = until(lab, lambda told: paused(told, "disk") and not measuring(lab), running)
            free(disk)
            until(lab, lambda told: told["experiments"]["finished"] >= 3, running)
            saw["experiments"] = rows(
                lab, "SELECT seed, experiment.state, (SELECT group_concat(error) FROM attempt WHERE step = a.step)"
                " FROM experiment JOIN attempt a ON a.id = experiment.attempt ORDER BY experiment.id LIMIT 3"
            )  # fmt: skip
        finally:
            driving.kill(running)
        saw["requests"] = server.count
    saw["last"] = until(lab, lambda told: True)
    saw["doubt"] = rows(lab, "SELECT state, error FROM attempt WHERE kind = 'call' AND state NOT IN ('done', 'flying')")
    saw["flying"] = rows(lab, "SELECT count(*) FROM attempt WHERE kind = 'call' AND state = 'flying'")[0][0]
    db = sqlite3.connect(places.places(lab).database)
    saw["integrity"] = db.execute("PRAGMA integrity_check").fetchone()[0]
    db.close()
    json.dump(saw, sys.stdout)


def too_long(number: int, frame: object) -> None:
    raise TimeoutError("the engine is ended before whoever waits for this gives up")


if __name__ == "__main__":
    signal.signal(signal.SIGALRM, too_long)
    signal.alarm(100)
    main(Path(sys.argv[1]))
