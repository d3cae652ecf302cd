"""Whatever lies in the inbox is taken up or refused, and goes from there: no word stops the lab."""

from __future__ import annotations

import json
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import given, settings
from hypothesis import strategies as st
from ulid import ULID

from state import inbox, taking
from state.vocabulary import Choice, Phase, Role, WordKind
from tests.state.test_taking import Here

NAMES = ["run", *dict.fromkeys(name for form in inbox.FORMS.values() for name in form.model_fields)]
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
FITTING: dict[str, st.SearchStrategy[object]] = {
    "run": st.none() | st.integers(0, 3),
    "wait": st.integers(1, 3),
    "choice": st.sampled_from(list(Choice)),
    "phase": st.none() | st.sampled_from(list(Phase)),
    "to": st.none() | st.sampled_from([*Phase, *Role]),
    "text": st.text(min_size=1, max_size=5),
    "note": st.text(max_size=5),
    "edited": st.none() | st.dictionaries(st.text(max_size=5), st.sampled_from(["", "YQ=="]), max_size=2),
}


@st.composite
def words(draw: st.DrawFn) -> bytes:
    kind = draw(st.sampled_from(list(WordKind)))
    named = draw(st.sets(st.sampled_from([*inbox.FORMS[kind].model_fields, draw(st.sampled_from(NAMES))])))
    body = {name: draw(FITTING.get(name, VALUES) | VALUES) for name in sorted(named)}
    word = {"version": 1, "kind": kind, "by": draw(PLAIN), "left_at": "2026-01-01T00:00:00+00:00", "body": body}
    return json.dumps(word).encode()


@given(st.lists(words() | st.binary(max_size=20), min_size=1, max_size=6))
@settings(max_examples=25, deadline=None)
def test_any_word_is_taken_up_or_refused_and_gone(left: list[bytes]) -> None:
    with TemporaryDirectory() as folder:
        here = Here(Path(folder))
        try:
            for data in left:
                path = here.places.inbox / f"{ULID()}.json"
                path.write_bytes(data)
                taking.take(here.store, path, here.project, here.config)
                assert not path.exists()
        finally:
            here.store.close()
