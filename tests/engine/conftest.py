"""A visit laid out on a real store in a real folder, with a model that is played by the test."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from engine import frame, opening
from engine.bell import Bell
from engine.bench import Bench
from engine.calls import Line
from engine.desk import Desk
from engine.experiments.local.place import Local
from engine.experiments.slots import Slots
from engine.models.base import Message, ModelError, Part, Reply, Request, ToolUse, Usage
from engine.workshop import Workshop
from state import lineage, places, profiles, project
from state.config import Config
from state.journal import Journal
from state.lineage import Visit
from state.places import Places
from state.store import Store
from state.vocabulary import Phase


class Killed(BaseException):
    """The engine is gone at once: nothing that it would do about an error is done."""


def dies(request: Request) -> Reply:
    """A call in which the engine is gone."""
    raise Killed


Played = Callable[[Request], Reply]


def says(tool: str, **arguments: object) -> Reply:
    """A reply that calls one tool."""
    use = ToolUse(f"toolu_{tool}", tool, arguments)  # type: ignore[arg-type]
    return Reply(Message("assistant", (f"I call {tool}.", use)), "tool_use", Usage(100, 0, 0, 20), "played")


def text(words: str, stop: str = "end_turn") -> Reply:
    return Reply(Message("assistant", (words,)), stop, Usage(10, 0, 0, 5), "played")


@dataclass
class Player:
    """A model whose replies are given by the test: a list of replies or errors, or a function of the request."""

    replies: list[Reply | ModelError | Played] = field(default_factory=list)
    asked: list[Request] = field(default_factory=list)
    up: bool = True

    async def stream(self, request: Request, part: Part) -> Reply:
        self.asked.append(request)
        await asyncio.sleep(0)
        given = self.replies.pop(0)
        if isinstance(given, ModelError):
            raise given
        reply = given if isinstance(given, Reply) else given(request)
        part(reply.text)
        return reply

    async def reachable(self) -> bool:
        return self.up

    async def close(self) -> None:
        return None


@dataclass
class Laid:
    """A project with one open visit. `desk()` lays it anew, as an engine that starts again does."""

    places: Places
    store: Store
    run: int
    visit: Visit
    config: Config
    player: Player
    bell: Bell = field(default_factory=Bell)
    engine: int = 1

    def desk(self) -> Desk:
        told = self.store.get(self.visit.frame).decode()
        framed = frame.Frame.of(told)
        journal = Journal(self.store, self.run, self.visit.id)
        bench = Bench(self.store, self.places, self.run, self.visit, framed, journal, self.bell, lambda: self.config)
        line = Line(lambda role: profiles.parse("rehearsal"), lambda choice: self.player, self.engine)
        shop = Workshop(Local(), Slots(2), 1, "here", lambda job, run: True)
        inputs = opening.inputs_of(self.store, self.run, self.visit, framed, self.places.folder)
        return Desk(bench, line, shop, inputs, self.visit.label)


@pytest.fixture
def lay(tmp_path: Path) -> Iterator[Callable[..., Laid]]:
    """`lay(phase)` makes a project whose run has that phase's first visit open."""
    opened: list[Laid] = []

    def make(phase: Phase = Phase.PLAN_FORMULATION, question: str = "Does it?") -> Laid:
        folder = tmp_path / f"project-{len(opened)}"
        folder.mkdir()
        (folder / project.FILE).write_text(f'question = "{question}"\n')
        config = project.load(folder).config
        where = places.prepare(folder)
        store = Store(where.database, where.blobs)
        blob = store.put(config.canonical.encode())
        with store.transaction() as tx:
            run = lineage.begin_run(tx, blob, [each for each in Phase if each is not Phase.IDEATION], "co-pilot")
        pinned = opening.pin(store, folder, phase, config, rehearsal=True, gpu=False)
        with store.transaction() as tx:
            opening.begin(tx, run, phase, pinned, None)
        visit = lineage.current(store, run)
        assert visit is not None
        laid = Laid(where, store, run, visit, config, Player())
        opened.append(laid)
        return laid

    yield make
    for laid in opened:
        laid.store.close()
