"""Gather what every visit of this engine shares: models, the place where jobs run, its slots, what is live.

Called once when the engine starts. What the profiles and phases can need is imported here, so that no phase waits for
an import in the middle of its work.
"""

from __future__ import annotations

import asyncio
import hashlib
import importlib
import importlib.resources
import socket
from pathlib import Path

from engine.bench import Bell
from engine.experiments.contract import Job
from engine.experiments.gpus import Gpus
from engine.experiments.local.place import Local
from engine.experiments.slots import Slots, how_many
from engine.live import Live
from engine.models import anthropic
from engine.models.choose import Models
from engine.visiting import Surroundings
from engine.workshop import Workshop
from state import profiles
from state.config import SandboxChoice
from state.places import Places
from state.profiles import Choice
from state.store import Store
from state.vocabulary import Phase, Role


async def gather(store: Store, places: Places, engine: int) -> Surroundings:
    """The surroundings of all visits."""
    live = Live(store, places.folder)
    gpus = await Gpus.here()
    place = Local(gpus)
    slots = Slots(how_many(live.now().experiments.slots, len(gpus.cards)))
    untouched = is_shipped_cast(places.folder / "rehearsal")
    models = Models(places.folder, live.config.languages.team.value)

    await asyncio.to_thread(preload, live)

    def chosen(run: int, phase: Phase, role: Role) -> Choice:
        return profiles.parse(live.of(run).model_for(phase, role))

    def permitted(job: Job) -> bool:
        """Without a sandbox: what a shipped sample's unchanged cast wrote, or where the person signed for it."""
        if live.config.experiments.sandbox is SandboxChoice.BASIC:
            return True
        row = store.row("SELECT value FROM setting WHERE key = 'experiments.sandbox' ORDER BY seq DESC LIMIT 1")
        if row is not None and row["value"] == '"basic"':
            return True
        return untouched and only_rehearsed(live)

    workshop = Workshop(place, slots, engine, socket.gethostname(), permitted)
    return Surroundings(store, places, Bell(), live, workshop, chosen, models, engine, len(gpus.cards))


def preload(live: Live) -> None:
    """Import what the profiles and the literature can need: seconds, once, instead of in the middle of a step."""
    if not only_rehearsed(live):
        anthropic.preload()
    if live.config.papers.online:
        importlib.import_module("arxiv")
        importlib.import_module("semanticscholar")


def only_rehearsed(live: Live) -> bool:
    """Whether every role is played by the rehearsal."""
    return all(
        profiles.parse(name).profile.name == profiles.REHEARSAL for name in live.config.models.values()
    ) and bool(live.config.models)


def is_shipped_cast(folder: Path) -> bool:
    """Whether a project's rehearsal/ is, byte for byte, that of a sample shipped with Nightlab."""
    if not folder.is_dir():
        return False
    mine = fingerprint(folder)
    shipped = Path(str(importlib.resources.files("sample_projects")))
    return any(fingerprint(each) == mine for each in shipped.glob("*/rehearsal"))


def fingerprint(folder: Path) -> str:
    told = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            told.update(str(path.relative_to(folder)).encode() + b"\0" + path.read_bytes() + b"\0")
    return told.hexdigest()
