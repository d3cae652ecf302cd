"""What this machine can do, as plain JSON: found by looking, never by guessing. Keys are named, never read out.

`nightlab doctor` runs it in a process of its own. Besides what the lab uses it names what would end an experiment at
logout: logind's KillUserProcesses without lingering, and a Slurm allocation.
"""

from __future__ import annotations

import asyncio
import os
import platform
import pwd
import shutil
import sqlite3
import subprocess
import sys
from importlib import metadata
from pathlib import Path

from engine.experiments.gpus import inventory
from engine.experiments.local import submit
from engine.experiments.slots import how_many
from state import keys, places, profiles
from state.errors import LabError, Plain

SYSTEMD = ("usr/lib", "usr/local/lib", "run", "etc")
"""Where systemd looks for a file; of two with one name the later place's counts."""
ENGINES = ("latexmk", "xelatex", "pdflatex", "tectonic")
TOOLS = ("git", "tmux", "bwrap", "pdftotext")


def examine(project: Path | None) -> dict[str, Plain]:
    """Every fact that a person or a script may want before a long night."""
    cards = asyncio.run(inventory())
    here = project or Path.home()
    disk = shutil.disk_usage(here)
    return {
        "version": metadata.version("nightlab"),
        "python": platform.python_version(),
        "executable": sys.executable,
        "system": platform.platform(),
        "sqlite": sqlite3.sqlite_version,
        "cores": len(os.sched_getaffinity(0)),
        "memory_b": os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"),
        "disk_free_b": disk.free,
        "slots": how_many(0, len(cards.cards)),
        "gpus": [card.name for card in cards.cards],
        "gpus_why": cards.why,
        "sandbox": submit.TIER,
        "network_fs": places.network_kind(here),
        "latex": [engine for engine in ENGINES if _runs(engine)],
        "typst": _has("typst") and _has("pypandoc-binary"),
        "tools": [tool for tool in TOOLS if shutil.which(tool)],
        "profiles": _profiles(),
        "kills_at_logout": kills_at_logout(),
        "slurm": os.environ.get("SLURM_JOB_ID"),
    }


def _profiles() -> list[Plain]:
    """Which endpoints there are, and whether a key for each was found."""
    found: list[Plain] = []
    for name, profile in sorted(profiles.profiles().items()):
        try:
            has = not profile.needs_key or keys.find(profile) is not None
        except LabError as error:
            found.append({"name": name, "key": False, "why": error.key})
            continue
        found.append({"name": name, "key": has, "needs_key": profile.needs_key})
    return found


def kills_at_logout() -> bool:
    """Whether logind would end this user's engine and experiments at logout."""
    kill = False
    for file in logind():
        try:
            text = file.read_text("utf-8", "replace")
        except OSError:
            continue
        for line in text.splitlines():
            word, _, value = line.strip().partition("=")
            if word == "KillUserProcesses":
                kill = value.strip().lower() in ("yes", "true", "1", "on")
    return kill and not Path("/var/lib/systemd/linger", pwd.getpwuid(os.getuid()).pw_name).exists()


def logind(root: Path = Path("/")) -> list[Path]:
    """logind's configuration in the order in which it counts, the last word wins: the main file, then the drop-ins by
    their names."""
    main = [path for place in SYSTEMD if (path := root / place / "systemd" / "logind.conf").is_file()]
    drops = {
        path.name: path for place in SYSTEMD for path in (root / place / "systemd" / "logind.conf.d").glob("*.conf")
    }
    return [*main[-1:], *(drops[name] for name in sorted(drops))]


def _runs(program: str) -> bool:
    path = shutil.which(program)
    if path is None:
        return False
    try:
        return subprocess.run([path, "--version"], capture_output=True, timeout=20, check=False).returncode == 0
    except (OSError, subprocess.TimeoutExpired):
        return False


def _has(package: str) -> bool:
    try:
        metadata.version(package)
    except metadata.PackageNotFoundError:
        return False
    return True
