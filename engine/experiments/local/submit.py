"""Lay a job out in its folder and launch its shim: at most one program a folder, however often this is called.

`spec.json` is written last, so a folder with one is complete; the shim refuses a folder that has `started.json`. An
engine that dies anywhere in between is made good by submitting again.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
import subprocess
import sys
import time
from pathlib import Path

from engine.experiments.contract import Job
from engine.experiments.gpus import Lease
from engine.experiments.local import limits
from state import durable
from state.brought import PATH
from state.errors import LabError, Plain
from state.places import cache_folder

TIER = "basic"
APART = True  # among processes of its own, where the kernel lets the shim
SHIM = Path(__file__).with_name("shim.py")
LAUNCH_S = 30.0
LOOK_S = 0.005
THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS", "RAYON_NUM_THREADS")

_launched: dict[int, subprocess.Popen[bytes]] = {}


async def submit(folder: Path, job: Job, lease: Lease | None = None) -> None:
    """Start `job` in `folder` unless it was started; returns once its start is on disk, or that it was stopped before.

    A GPU lease's descriptor goes to the shim, which keeps the lease when this engine is gone. `job.not_started` where
    no shim could start the program; then none starts it later either.
    """
    reap()
    lay_out(folder, job)
    if begun(folder):
        return
    process = launch(folder, lease)
    until = time.monotonic() + LAUNCH_S
    while not begun(folder):
        late = time.monotonic() > until
        if late:  # a slow machine may bring the shim up yet: it finds this, and begins nothing
            durable.write(folder / "stop", b"", mode=0o600)
        if (late or process.poll()) and not begun(folder):  # 0: it left the job to another shim, which holds its lock
            raise LabError("job.not_started", job=folder.name, why=_last_words(folder, process.returncode))
        await asyncio.sleep(LOOK_S)


def begun(folder: Path) -> bool:
    """Whether the job was started, or has ended before it was."""
    return (folder / "started.json").exists() or (folder / "exit.json").exists()


def lay_out(folder: Path, job: Job) -> None:
    """The work folder with its files and data links, then `spec.json`. A folder that has one is left as it is.

    LabError `data.missing` where the person's data are gone: a program that fails for want of them says nothing.
    """
    if (folder / "spec.json").exists():
        return
    for path in job.data.values():
        if not Path(path).exists():
            raise LabError("data.missing", path=path)
    work = folder / "work"
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    (work / "tmp").mkdir(parents=True, exist_ok=True)
    for name, data in job.files.items():
        file = work / name
        file.parent.mkdir(parents=True, exist_ok=True)
        durable.write(file, data)
    for name, path in job.data.items():
        link = work / "data" / name
        link.parent.mkdir(exist_ok=True)
        link.unlink(missing_ok=True)
        link.symlink_to(Path(path).resolve())
    durable.fsync_dir(work)
    durable.write_json(folder / "spec.json", spec(folder, job), mode=0o600)


def spec(folder: Path, job: Job) -> dict[str, Plain]:
    """What the shim reads. `wrapper` is where a sandbox puts its own command in front of the program's."""
    env = environment(folder, job)
    return {
        "kind": job.kind,
        "author": job.author,
        "tier": TIER,
        "mark": env[limits.MARK],
        "wrapper": [],
        "apart": APART,
        "argv": list(job.argv),
        "limits": job.limits.plain(),
        "env": dict(env),
        "wants": list(job.wants),
        "gpu": job.gpu,
        "files": {name: hashlib.sha256(data).hexdigest() for name, data in sorted(job.files.items())},
    }


def environment(folder: Path, job: Job) -> dict[str, str]:
    """All that a program finds in its environment: nothing of ours, so no key can be in it."""
    work = (folder / "work").resolve()
    env = {
        limits.MARK: limits.mark_of(str(folder.resolve())),
        "PATH": PATH,
        "HOME": str(work),
        "TMPDIR": str(work / "tmp"),
        "LANG": "C.UTF-8",
        "PYTHONHASHSEED": "0",
        "PYTHONUNBUFFERED": "1",  # what it prints is seen when it is printed
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONNOUSERSITE": "1",
        "MPLBACKEND": "Agg",
        "CUDA_VISIBLE_DEVICES": "",  # a lease puts its GPU here
        **dict.fromkeys(THREADS if job.limits.threads else (), str(job.limits.threads)),
    }
    if "LD_LIBRARY_PATH" in os.environ:  # some interpreters and CUDA installations do not start without it
        env["LD_LIBRARY_PATH"] = os.environ["LD_LIBRARY_PATH"]
    if job.author == "lab":  # our own programs share a font cache; building one takes seconds where TeX is installed
        env["MPLCONFIGDIR"] = str(cache_folder() / "matplotlib")
    return env | {name: value for name, value in job.env.items() if name != limits.MARK}


def launch(folder: Path, lease: Lease | None = None) -> subprocess.Popen[bytes]:
    """A shim for `folder`, in a session of its own, with next to nothing in its environment."""
    env = {"PATH": PATH, "LANG": "C.UTF-8"}
    if "LD_LIBRARY_PATH" in os.environ:
        env["LD_LIBRARY_PATH"] = os.environ["LD_LIBRARY_PATH"]
    if lease is not None:
        env["CUDA_VISIBLE_DEVICES"] = lease.uuid
    with (folder / "shim.log").open("ab") as words:
        process = subprocess.Popen(
            [sys.executable, "-P", "-E", "-s", "-S", str(SHIM), str(folder.resolve())],
            start_new_session=True,
            stdin=subprocess.DEVNULL,
            stdout=words,
            stderr=words,
            cwd="/",
            env=env,
            pass_fds=() if lease is None else (lease.fd,),
        )
    _launched[process.pid] = process
    return process


def reap() -> None:
    """Take the ends of shims that this engine launched; what they were worth stands in their folders."""
    for pid, process in list(_launched.items()):
        if process.poll() is not None:
            del _launched[pid]


def _last_words(folder: Path, code: int | None) -> str:
    words = (folder / "shim.log").read_text(errors="replace").strip().splitlines()
    return words[-1][:300] if words else f"exit {code}"
