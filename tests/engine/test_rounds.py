"""How often refinement sends work back by itself: as often as the project's rounds, and then the paper stands."""

from __future__ import annotations

import json
from collections.abc import Callable

from engine import checkpoints
from engine.experiments.local.place import Local
from engine.experiments.slots import Slots
from engine.live import Live
from engine.visiting import Surroundings
from engine.workshop import Workshop
from state import profiles
from state.products.refinement import Refinement
from state.vocabulary import Phase
from tests.engine.conftest import Laid
from tests.engine.phases.played import visited_again


def around_of(laid: Laid) -> Surroundings:
    return Surroundings(
        laid.store,
        laid.places,
        laid.bell,
        Live(laid.store, laid.places.folder),
        Workshop(Local(), Slots(1), 1, "here", lambda job, run: True),
        lambda run, phase, role: profiles.parse("rehearsal"),
        lambda choice: laid.player,
        laid.engine,
        0,
    )


async def test_on_autopilot_work_goes_back_as_often_as_the_project_has_rounds(lay: Callable[..., Laid]) -> None:
    laid = lay(Phase.REPORT_REFINEMENT)
    laid.store.db.execute("UPDATE run SET autonomy = 'autopilot'")
    around = around_of(laid)
    onward = []
    for nth in (1, 2, 3):
        back = Refinement(
            decision="back", phase=Phase.PLAN_FORMULATION, round=nth, means={}, reviews=(), meta="m", reasons="r"
        )
        assert await laid.desk().submit(back) is None
        following = await checkpoints.after(around, laid.run, laid.visit)
        assert following is not None
        onward.append(following.phase)
        visited_again(laid, Phase.REPORT_REFINEMENT)
    assert laid.config.rounds == 2 and onward == [Phase.PLAN_FORMULATION, Phase.PLAN_FORMULATION, None]


async def test_a_person_who_is_asked_is_told_that_the_authors_would_go_back(lay: Callable[..., Laid]) -> None:
    laid = lay(Phase.REPORT_REFINEMENT)
    back = Refinement(
        decision="back", phase=Phase.PLAN_FORMULATION, round=1, means={}, reviews=(), meta="m", reasons="r"
    )
    assert await laid.desk().submit(back) is None
    assert await checkpoints.after(around_of(laid), laid.run, laid.visit) is None
    row = laid.store.row("SELECT facts FROM wait WHERE why = 'checkpoint'")
    assert row is not None and json.loads(row["facts"]) == {"next": None, "advised": "plan_formulation"}
