"""Store the journal of a whole run of the sample, once a release: `python tests/journals/record.py VERSION`.

What is kept is what a replay reads: project.toml, the cast, the database and the blobs.
"""

from __future__ import annotations

import lzma
import sys
import tarfile
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from tests.faults import driving


def main(version: str) -> None:
    target = Path(__file__).with_name(f"{version}.tar.xz")
    with tempfile.TemporaryDirectory() as scratch:
        folder = driving.sample(Path(scratch) / "lab")
        driving.begin(folder)
        running = driving.engine(folder)
        told = driving.wait(folder, running, 900)
        running.terminate()  # in order: the log is folded into the database
        running.wait()
        assert told["state"] == "done", told
        with lzma.open(target, "wb", preset=9) as packed, tarfile.open(fileobj=packed, mode="w") as tar:
            for name in ("project.toml", "rehearsal", "papers", ".nightlab/lab.db", ".nightlab/blobs"):
                tar.add(folder / name, f"lab/{name}", filter=plain)
    sys.stdout.write(f"{target} {target.stat().st_size:,} bytes\n")


def plain(entry: tarfile.TarInfo) -> tarfile.TarInfo:
    """Without whose it was and when."""
    entry.uid = entry.gid = entry.mtime = 0
    entry.uname = entry.gname = ""
    return entry


if __name__ == "__main__":
    main(sys.argv[1])
