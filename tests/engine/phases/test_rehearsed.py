"""The sample's cast plays phases on a real desk, one after the other, as the lab would open them."""

from __future__ import annotations

import importlib
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine import frame, opening
from engine.bell import Bell
from engine.bench import Bench
from engine.calls import Line
from engine.desk import Desk
from engine.experiments.local.place import Local
from engine.experiments.slots import Slots
from engine.models.rehearsal import RehearsalModel
from engine.workshop import Workshop
from state import lineage, places, profiles, project
from state.journal import Journal
from state.products.base import Product
from state.products.data import Data
from state.products.ideas import Ideas
from state.products.literature import Review
from state.products.plan import Plan
from state.store import Store
from state.vocabulary import Language, Phase

SAMPLE = Path(__file__).parents[3] / "sample_projects" / "grokking"


class Rehearsal:
    """A run of the sample in a folder of its own, phase by phase."""

    def __init__(self, folder: Path, language: Language) -> None:
        shutil.copytree(SAMPLE, folder)
        self.folder, self.config = folder, project.load(folder).config
        self.config = self.config.model_copy(
            update={"languages": self.config.languages.model_copy(update={"team": language, "paper": language})}
        )
        self.where = places.prepare(folder)
        self.store = Store(self.where.database, self.where.blobs)
        blob = self.store.put(self.config.canonical.encode())
        with self.store.transaction() as tx:
            self.run = lineage.begin_run(tx, blob, list(Phase), "autopilot")
        self.model = RehearsalModel(folder)

    def desk(self) -> Desk:
        """The desk of the visit at work, laid anew."""
        visit = lineage.current(self.store, self.run)
        assert visit is not None
        framed = frame.Frame.of(self.store.get(visit.frame).decode())
        journal = Journal(self.store, self.run, visit.id)
        bench = Bench(self.store, self.where, self.run, visit, framed, journal, Bell(), lambda: self.config)
        line = Line(lambda role: profiles.parse("rehearsal"), lambda choice: self.model, 1)
        shop = Workshop(Local(), Slots(2), 1, "here", lambda job, run: True)
        inputs = opening.inputs_of(self.store, self.run, visit, framed, self.folder)
        return Desk(bench, line, shop, inputs, visit.label)

    async def play(self, phase: Phase, because: int | None = None) -> Product:
        pinned = opening.pin(self.store, self.folder, phase, self.config, rehearsal=True, gpu=False)
        with self.store.transaction() as tx:
            opening.begin(tx, self.run, phase, pinned, None, because)
        module = importlib.import_module(f"engine.phases.{phase.value}")
        product = await module.run(self.desk())
        assert isinstance(product, Product), phase
        return product


@pytest.fixture(params=[Language.EN, Language.ZH], ids=["en", "zh"])
def rehearsal(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Rehearsal]:
    made = Rehearsal(tmp_path / "sample", request.param)
    yield made
    made.store.close()


async def test_the_samples_cast_plays_up_to_its_data_in_both_languages(rehearsal: Rehearsal) -> None:
    made = {phase: await rehearsal.play(phase) for phase in Phase if phase.number <= 4}
    ideas, review, plan = made[Phase.IDEATION], made[Phase.LITERATURE_REVIEW], made[Phase.PLAN_FORMULATION]
    assert isinstance(ideas, Ideas) and len(ideas.ideas) == rehearsal.config.phases.ideas
    assert isinstance(review, Review) and len(review.papers) == rehearsal.config.phases.papers
    assert isinstance(plan, Plan) and plan.metric == "steps"
    assert isinstance(made[Phase.DATA_PREPARATION], Data)
    refused = rehearsal.store.rows("SELECT facts FROM event WHERE kind IN ('reply_refused', 'product_refused')")
    assert [row["facts"] for row in refused] == []
