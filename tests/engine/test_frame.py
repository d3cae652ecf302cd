"""A visit means what it meant when it was opened; who answers it, and at which price, is live."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from engine import frame, opening, prompt
from engine.answers import Dialogue, Keep
from state import profiles
from state.journal import Diverged
from tests.engine.conftest import Laid, says
from tests.engine.phases.played import visited_again
from tests.engine.test_desk import seat

Lay = Callable[..., Laid]


async def test_a_visit_keeps_the_prompts_that_it_was_opened_with_and_the_next_has_those_of_today(
    lay: Lay, monkeypatch: pytest.MonkeyPatch
) -> None:
    laid = lay()
    today = {name: f"{text}\n\nReworded." for name, text in prompt.shipped().items()}
    for module in (prompt, frame):
        monkeypatch.setattr(module, "shipped", lambda: today)
    laid.player.replies = [says("dialogue", text="one"), says("dialogue", text="two")]
    await seat(laid.desk()).ask("hello", answers=(Dialogue,))
    pinned = opening.pin(laid.store, laid.places.folder, laid.visit.phase, laid.config, rehearsal=True, gpu=False)
    laid.visit = type(laid.visit)(**{**vars(laid.visit), "frame": pinned})
    visited_again(laid, laid.visit.phase)
    await seat(laid.desk()).ask("hello", answers=(Dialogue,))
    assert [request.system.count("Reworded.") for request in laid.player.asked] == [0, 3]


async def test_other_words_and_other_tools_are_another_question_and_another_model_is_not(lay: Lay) -> None:
    laid = lay()
    laid.player.replies = [says("dialogue", text="said")]
    await seat(laid.desk()).ask("hello", answers=(Dialogue,))
    for words, answers in (("good day", (Dialogue,)), ("hello", (Dialogue, Keep))):
        with pytest.raises(Diverged):
            await seat(laid.desk()).ask(words, answers=answers)
    desk = laid.desk()
    desk.line.choose = lambda role: profiles.parse("anthropic")
    assert (await seat(desk).ask("hello", answers=(Dialogue,))).text == "said"
    assert len(laid.player.asked) == 1
