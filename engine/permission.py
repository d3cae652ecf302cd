"""What may run without a sandbox: what a shipped sample's unchanged cast wrote, or anything where the person signed.

The cast that a project plays is remembered by its hash while it is one that Nightlab ships, so that an upgrade, whose
samples speak otherwise, asks nothing of a demo that was begun. A cast that somebody changed has another hash, and what
a real model answered is a model's work whoever plays now. Made by `gathering.py`, asked by `jobs.py`.
"""

from __future__ import annotations

import hashlib
import importlib.resources
from collections.abc import Callable
from pathlib import Path

from engine.experiments.contract import Job
from engine.live import Live
from state import profiles
from state.config import Config, SandboxChoice
from state.store import Store

CAST = "shipped_cast"
"""Where the lab remembers the hash of the shipped cast that this project plays."""

Permitted = Callable[[Job, int], bool]
"""Whether a job of a run may run in a place that is no sandbox."""


def permission(store: Store, live: Live, cast: Path) -> Permitted:
    """Asked before each job. `cast` is the project's rehearsal/ folder, which the engine is about to load."""
    begun = remembered(store, cast)

    def permitted(job: Job, run: int) -> bool:
        config = live.of(run)
        if config.experiments.sandbox is SandboxChoice.BASIC:
            return True
        return (
            begun is not None
            and only_rehearsed(config)
            and not answered_by_a_model(store, run)
            and (fingerprint(cast) == begun)
        )

    return permitted


def remembered(store: Store, cast: Path) -> str | None:
    """The hash of a cast that is a shipped one, now or when this project's engine first saw it; else None."""
    if not cast.is_dir():
        return None
    mine = fingerprint(cast)
    if mine in shipped():
        with store.transaction() as tx:
            tx.execute(
                "INSERT INTO lab VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value", (CAST, mine)
            )
        return mine
    row = store.row("SELECT value FROM lab WHERE key = ?", (CAST,))
    return mine if row is not None and row["value"] == mine else None


def only_rehearsed(config: Config) -> bool:
    """Whether every role is played by the rehearsal."""
    models = config.models.values()
    return bool(models) and all(profiles.parse(name).profile.name == profiles.REHEARSAL for name in models)


def answered_by_a_model(store: Store, run: int) -> bool:
    """Whether a real model gave an answer that this run sees, its own or one shared with what it was forked from."""
    row = store.row(
        "SELECT 1 FROM lineage JOIN step ON step.visit = lineage.visit JOIN attempt ON attempt.step = step.id"
        " WHERE lineage.run = ? AND attempt.kind = 'call' AND attempt.state = 'done'"
        " AND attempt.model != ? AND attempt.model NOT LIKE ? LIMIT 1",
        (run, profiles.REHEARSAL, f"{profiles.REHEARSAL}/%"),
    )
    return row is not None


def shipped() -> set[str]:
    """The hashes of the casts that this Nightlab ships."""
    samples = Path(str(importlib.resources.files("sample_projects")))
    return {fingerprint(each) for each in samples.glob("*/rehearsal")}


def fingerprint(folder: Path) -> str:
    """A hash of the names and bytes of all files below `folder`."""
    told = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            told.update(str(path.relative_to(folder)).encode() + b"\0" + path.read_bytes() + b"\0")
    return told.hexdigest()
