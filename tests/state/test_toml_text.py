"""Lines of keys in a TOML text, and a value changed without touching the rest."""

from __future__ import annotations

import tomllib
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from state import front_matter, keys, profiles, project, review
from state.errors import LabError
from state.toml_text import line_at, line_of, lines, with_value

TEXT = '''\
# question = "not this one"
question = """
rounds = 7   # within a string
[limits]"""
rounds = 2
limits.money_usd = 3
checkpoints = [
  "plan_formulation", # a ] here
]
[models]   # who
"default" = 'a # b'
[languages]
team = "en"'''


def test_every_key_has_its_line_past_strings_comments_and_lists() -> None:
    found = lines(TEXT)
    assert found["question",] == 2
    assert found["rounds",] == 5
    assert found["limits", "money_usd"] == 6
    assert found["checkpoints",] == 7
    assert found["models",] == 10
    assert found["models", "default"] == 11
    assert found["languages", "team"] == 13


def test_an_unnamed_key_stands_at_its_table() -> None:
    assert line_of(TEXT, ("languages", "paper")) == 12
    assert line_of(TEXT, ("nowhere",)) == 1


def test_a_value_is_put_in_its_place_and_nothing_else_changes() -> None:
    text = with_value(TEXT, ("rounds",), 3)
    assert text == TEXT.replace("rounds = 2", "rounds = 3")
    text = with_value(TEXT, ("checkpoints",), "all")
    assert tomllib.loads(text)["checkpoints"] == "all"
    assert "# who" in text


def test_a_new_key_goes_into_its_table_made_if_need_be() -> None:
    text = with_value(TEXT, ("languages", "paper"), "zh")
    assert tomllib.loads(text)["languages"] == {"paper": "zh", "team": "en"}
    text = with_value(TEXT, ("autonomy",), "autopilot")
    assert tomllib.loads(text)["autonomy"] == "autopilot"
    text = with_value(TEXT, ("phases", "turns"), 5)
    assert tomllib.loads(text)["phases"] == {"turns": 5}
    assert tomllib.loads(with_value("", ("phases", "turns"), 5)) == {"phases": {"turns": 5}}


@given(
    st.dictionaries(st.sampled_from(["a", "b", "c d"]), st.one_of(st.integers(), st.booleans(), st.text(max_size=20))),
    st.text(alphabet=st.characters(exclude_categories=["Cs", "Cc"]), max_size=20),
)
def test_whatever_stands_there_the_new_value_is_read_back_and_the_others_stay(
    others: dict[str, int | bool | str], value: str
) -> None:
    text = ""
    for key, other in others.items():
        text = with_value(text, ("t", f'"{key}"') if " " in key else ("t", key), _plain(other))
    before = tomllib.loads(text)
    after = tomllib.loads(with_value(text, ("t", "new"), value))
    assert after["t"].pop("new") == value
    assert after["t"] == before.get("t", {})


def _plain(value: int | bool | str) -> int | bool | str:
    return "".join(char for char in value if char.isprintable()) if isinstance(value, str) else value


LISTS = """\
kept = [
  "a",  # the best, it says [here]
  "b",
]
inline = [{ name = "x", deep = [1,
  2] }, { name = "y" }]
means = { overall = 5.67,
  clarity = 3.0 }

[[idea]]
name = "first"
novelty = 5

[idea.more]
x = 1

[[idea]]  # the second
# novelty = 3
name = "second"
papers = ["p", "q"]
[idea.more]
x = 2

[[idea.part]]
y = 1
[[idea.part]]
y = 2
"""


@pytest.mark.parametrize(
    ("path", "line"),
    [
        (("kept",), 1),
        (("kept", 0), 2),
        (("kept", 1), 3),
        (("kept", 9), 1),
        (("inline", 0, "name"), 5),
        (("inline", 0, "deep", 1), 6),
        (("inline", 1, "name"), 6),
        (("means", "clarity"), 8),
        (("idea",), 10),
        (("idea", 0, "novelty"), 12),
        (("idea", 0, "more", "x"), 15),
        (("idea", 1), 17),
        (("idea", 1, "novelty"), 17),
        (("idea", 1, "name"), 19),
        (("idea", 1, "papers", 1), 20),
        (("idea", 1, "more", "x"), 22),
        (("idea", 1, "part", 1, "y"), 27),
        (("nowhere", 3), 1),
    ],
)
def test_what_stands_in_a_list_has_its_own_line(path: tuple[str | int, ...], line: int) -> None:
    assert line_at(LISTS, path) == line


@given(st.text("[]{}=,.'\"# \nab1", max_size=40), st.lists(st.sampled_from(["a", "b", 0, 1]), max_size=3))
def test_a_text_that_is_no_toml_has_some_line_too(text: str, path: list[str | int]) -> None:
    assert 1 <= line_at(text, tuple(path)) <= text.count("\n") + 1


def _as_own_profiles(text: str) -> object:
    profiles.own_file().parent.mkdir(parents=True, exist_ok=True)
    profiles.own_file().write_text(text)
    return profiles.profiles({})


READERS: dict[str, Callable[[str], object]] = {
    "project": project.read,
    "review": lambda text: review.read(text, "form.toml"),
    "front matter": lambda text: front_matter.split("plan.md", f"+++\n{text}\n+++\n"),
    "profiles": _as_own_profiles,
    "keys": keys._tables,
}


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize(
    "value",
    ["9" * 5000, "0x" + "f" * 5000, "[" * 3000 + "]" * 3000, "{a=" * 3000],
    ids=["digits", "hex", "lists", "tables"],
)
def test_what_python_cannot_hold_is_refused_with_its_line_by_whoever_reads_toml(reader: str, value: str) -> None:
    with pytest.raises(LabError) as refused:
        READERS[reader](f"# a remark\n\nrounds = {value}\nturns = 3")
    assert refused.value.facts["line"] == (4 if reader == "front matter" else 3)


def test_a_date_that_is_set_is_its_text() -> None:
    config = project.read('question = "Does it?"')
    with pytest.raises(LabError, match=r"set\.bad_value"):
        project.with_set(config, "autonomy", "2026-01-01")
    assert project.with_set(config, "models.default", "2026-01-01").models["default"] == "2026-01-01"


def test_a_set_value_that_python_cannot_hold_is_refused() -> None:
    config = project.read('question = "Does it?"')
    for value in ("9" * 5000, "[" * 3000):
        with pytest.raises(LabError, match=r"set\.bad_value"):
            project.with_set(config, "limits.money_usd", value)
