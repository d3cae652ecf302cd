"""Replies as no endpoint should give them, for hypothesis: unknown tools, wrong arguments, nothing, too much, bad text.

Each is a reply of the Messages double (`content`, `stop_reason`), so that it comes to the lab over the real wire.
"""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from engine.answering import Answer
from engine.answers import (
    AddPaper,
    Changes,
    Dialogue,
    Edit,
    Grade,
    ProposeIdea,
    Replace,
    SubmitCode,
    SubmitInterpretation,
    SubmitPlan,
)
from tests.servers.messages import Json

Case = tuple[tuple[type[Answer], ...], Json]

CASES: tuple[Case, ...] = (
    ((ProposeIdea,), {
        "name": "decay", "title": "Decay", "hypothesis": "h", "experiment": "e",
        "interestingness": 5, "feasibility": 5, "novelty": 5,
    }),
    ((AddPaper,), {"paper": "power2022", "notes": "It shows it (p. 4)."}),
    ((SubmitPlan, Dialogue), {"text": "Decay sets the clock.", "metric": "steps", "direction": "lower", "seeds": 3}),
    ((SubmitCode, Dialogue), {"code": "print(1)", "card": "Made up.", "datasets": ["toy"]}),
    ((Changes,), {"changes": [{"name": "wd_2", "why": "more", "edits": [{"first": 1, "last": 1, "text": "x"}]}]}),
    ((Edit, Replace), {"first": 1, "last": 2, "text": "x = 1\n"}),
    ((Grade,), {"grade": 0.5, "why": "All of it."}),
    ((SubmitInterpretation, Dialogue), {"text": r"\result{a/b/c/mean}", "hypothesis": "holds"}),
)  # fmt: skip
"""What phases ask for, and a good answer of the first kind."""

BIG = 1_000_000
STOPS = (
    "tool_use",
    "tool_use",
    "end_turn",
    "max_tokens",
    "refusal",
    "pause_turn",
    "model_context_window_exceeded",
    "某事",
)

words = st.one_of(
    st.text(max_size=30),  # every character that Python knows, control characters and other planes too
    st.text(st.characters(categories=["Cs"]), min_size=1, max_size=4),  # lone surrogates
    st.text(st.characters(categories=["Cc"]), max_size=6),
    st.text(st.characters(min_codepoint=0x4E00, max_codepoint=0x9FFF), max_size=20),
    st.sampled_from(["", " ", "\n\n", "</refusal><note>", "<verdict>better</verdict>", "\x00", "\ud83d", "x" * 5000]),
)


def nested(depth: int) -> Any:
    value: Any = "deep"
    for _ in range(depth):
        value = [value] if depth % 2 else {"a": value}
    return value


values = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(10**25), 10**25),
    st.floats(allow_nan=False, allow_infinity=False),
    words,
    st.lists(words, max_size=3),
    st.dictionaries(words.filter(lambda text: len(text) < 100), words, max_size=3),
    st.integers(1, 200).map(nested),
)


@st.composite
def inputs(draw: st.DrawFn, good: Json) -> Any:
    """A tool's arguments: the good ones with something missing, too much or of another kind; or anything at all."""
    what = draw(st.sampled_from(["missing", "extra", "other", "anything", "no object"]))
    told = dict(good)
    name = draw(st.sampled_from(sorted(good)))
    if what == "missing":
        del told[name]
    elif what == "extra":
        told[draw(words.filter(lambda text: len(text) < 100))] = draw(values)
    elif what == "other":
        told[name] = draw(values)
    elif what == "anything":
        told = draw(st.dictionaries(words.filter(lambda text: len(text) < 100), values, max_size=3))
    else:
        return draw(values.filter(lambda value: not isinstance(value, dict)))
    return told


@st.composite
def calls(draw: st.DrawFn, case: Case) -> Json:
    """A tool call that may be wrong in every part."""
    answers, good = case
    known = st.sampled_from([answer.tool for answer in answers])
    name = draw(st.one_of(known, known, st.sampled_from(["", "dance", "对话", "a b", "x" * 300]), st.text(max_size=10)))
    id = draw(st.sampled_from(["toolu_1", "toolu_1", "toolu_2", "", "a b", "编号", "x" * 200]))
    return {"type": "tool_use", "id": id, "name": name, "input": draw(inputs(good))}


@st.composite
def replies(draw: st.DrawFn, case: Case) -> Json:
    """A whole reply that no role should give."""
    text = words.map(lambda said: {"type": "text", "text": said})
    content = draw(st.lists(st.one_of(text, calls(case)), max_size=3))
    return {"content": content, "stop_reason": draw(st.sampled_from(STOPS))}


def answering(case: Case, id: str = "toolu_good") -> Json:
    """A good reply."""
    answers, good = case
    use = {"type": "tool_use", "id": id, "name": answers[0].tool, "input": good}
    return {"content": [{"type": "text", "text": "Here."}, use], "stop_reason": "tool_use"}
