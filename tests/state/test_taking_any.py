"""Whatever lies in the inbox is taken up or refused, and goes from there: no word stops the lab."""

from __future__ import annotations

import json

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from ulid import ULID

from state import inbox, taking
from state.vocabulary import Choice, Phase, Role, WordKind
from tests.state.test_taking import Here, here

__all__ = ["here"]

PLAIN = (
    st.none()
    | st.booleans()
    | st.integers(-2, 4)
    | st.integers()
    | st.floats()
    | st.text(st.characters(), max_size=6)
    | st.sampled_from(
        [*Choice, *Phase, *Role, "a" * 64, "plan@1", "limits.money_usd", "limits.run_time", "models.default"]
    )
    | st.sampled_from(
        ["autonomy", "autonomy.x", "checkpoints", "experiments.slots", "languages.paper", "autopilot", "2h"]
    )
)
VALUES = PLAIN | st.lists(PLAIN, max_size=3) | st.dictionaries(st.text(max_size=3), PLAIN, max_size=3)
SETTINGS = [
    "autonomy",
    "autonomy.x",
    "checkpoints",
    "limits.money_usd",
    "limits.run_time",
    "models.default",
    "languages.paper",
]
FITTING: dict[str, st.SearchStrategy[object]] = {
    "run": st.sampled_from([None, 1, 10**6, 10**30]),
    "wait": st.sampled_from([1, 2, 10**30]),
    "choice": st.sampled_from(list(Choice)),
    "sha256": st.just("a" * 64),
    "phase": st.sampled_from([None, *Phase]),
    "to": st.sampled_from([None, *Phase, *Role]),
    "text": st.text(st.characters(), min_size=1, max_size=5),
    "note": st.text(st.characters(), max_size=5),
    "pick": st.text(st.characters(), max_size=5),
    "edited": st.dictionaries(st.text(max_size=5), st.sampled_from(["", "YQ=="]), max_size=2),
    "money_usd": st.floats(0.1, 9),
    "gpu_hours": st.floats(0.1, 9),
    "key": st.sampled_from(SETTINGS),
    "value": st.sampled_from(["autopilot", "9" * 30 + "d", "2h", "[", "2026-01-01", 7, 0.5, ["plan"], "[" * 3000]),
    "autonomy": st.just("autopilot"),
    "experiments": st.booleans(),
    "visit": st.just("plan@1"),
    "paper": st.text(max_size=5),
    "form": st.none(),
}


@st.composite
def words(draw: st.DrawFn) -> bytes:
    """A word as a hand would write it: nearly right, and now and then with something else in it."""
    kind = draw(st.sampled_from(list(WordKind)))
    fields = inbox.FORMS[kind].model_fields
    body = {
        name: draw(FITTING.get(name, VALUES))
        for name, field in fields.items()
        if field.is_required() or draw(st.booleans())
    }
    if draw(st.integers(0, 3)) == 0:
        body[draw(st.sampled_from([*fields, "other"]))] = draw(VALUES)
    word = {"version": 1, "kind": kind, "by": draw(PLAIN), "left_at": "2026-01-01T00:00:00+00:00", "body": body}
    return json.dumps(word).encode()


@given(words() | st.binary(max_size=20))
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_word_is_taken_up_or_refused_and_gone(here: Here, left: bytes) -> None:
    """One lab takes them all, so that each word finds what those before it made."""
    path = here.places.inbox / f"{ULID()}.json"
    path.write_bytes(left)
    taking.take(here.store, path, here.project, here.config)
    assert not path.exists()
