"""Gather what every visit of this engine shares: models, the place where jobs run, its slots, what is live.

Called once when the engine starts. What the profiles and phases can need is imported meanwhile: no phase waits for an
import in the middle of its work, and no word of a person's for any.
"""

from __future__ import annotations

import asyncio
import importlib
import socket

from engine.bell import Bell
from engine.experiments.gpus import Gpus
from engine.experiments.local.place import Local
from engine.experiments.slots import Slots, how_many
from engine.live import Live
from engine.models import anthropic
from engine.models.choose import Models
from engine.permission import only_rehearsed, permission
from engine.visiting import Surroundings
from engine.workshop import Workshop
from state import profiles
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
    permitted = permission(store, live, places.folder / "rehearsal")  # before the cast is loaded
    models = Models(places.folder, live.config.languages.team.value)

    with store.transaction() as tx:  # the screens say it before the first experiment runs
        tx.execute(
            "INSERT INTO lab VALUES ('tier', ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value", (place.tier,)
        )

    def chosen(run: int, phase: Phase, role: Role) -> Choice:
        return profiles.parse(live.of(run).model_for(phase, role))

    workshop = Workshop(place, slots, engine, socket.gethostname(), permitted)
    ready = asyncio.ensure_future(asyncio.to_thread(preload, live))
    return Surroundings(store, places, Bell(), live, workshop, chosen, models, engine, len(gpus.cards), ready=ready)


def preload(live: Live) -> None:
    """Import what the profiles and the literature can need: seconds, once, instead of in the middle of a step."""
    if not only_rehearsed(live.now()):
        anthropic.preload()
    if live.config.papers.online:
        importlib.import_module("arxiv")
        importlib.import_module("semanticscholar")
