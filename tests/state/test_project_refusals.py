"""What is wrong in a project.toml is answered in the person's words: line, what stands there, what may stand there."""

from __future__ import annotations

from pathlib import Path

import pytest

from state import project
from state.errors import LabError
from state.vocabulary import Language, Phase
from tui import language
from tui.told import refusal


def told(text: str | bytes, folder: Path, spoken: Language = Language.EN) -> str:
    (folder / project.FILE).write_bytes(text.encode() if isinstance(text, str) else text)
    before = language.current()
    language.use(spoken)
    try:
        with pytest.raises(LabError) as raised:
            project.load(folder)
        return refusal(raised.value).removeprefix(f"{folder}/")
    finally:
        language.use(before)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("x = ", "this is no value; a text stands in quotes"),
        ("x = yes", "this is no value; a text stands in quotes"),
        ("x = 'a", "a text is not closed by its quote"),
        ('x = "a', "a text is not closed by its quote"),
        ('x = "\\q"', "a backslash in a text is written twice, or the text stands in ' '"),
        ("[a", "a bracket is not closed"),
        ("x = [1", "a bracket is not closed"),
        ("x", "a line is KEY = VALUE or [TABLE]"),
        ("x = 1 2", "a line is KEY = VALUE or [TABLE]"),
        ('question = "b"', "this stands twice"),
        ("[papers]\n[papers]", "this stands twice"),
    ],
)
def test_a_text_that_is_no_toml_is_answered_in_words_of_both_languages(line: str, said: str, tmp_path: Path) -> None:
    text = f'question = "q"\n{line}\n'
    at = text.count("\n")
    assert told(text, tmp_path) == f"project.toml line {at}: {said}."
    assert not any(word.isascii() and word.isalpha() and len(word) > 5 for word in told(text, tmp_path, Language.ZH))


def test_a_file_in_another_encoding_is_named_with_the_line_where_it_ends_being_utf8(tmp_path: Path) -> None:
    assert told(b'question = "q"\n# \xff\n', tmp_path) == "project.toml line 2: the file is not in UTF-8."


@pytest.mark.parametrize(
    ("line", "allowed"),
    [
        ("models = 3", "[models]"),
        ("data = []", "[data]"),
        ("limits.money_usd = -1", "0 … 1000000"),
        ("limits.disk_gb = 0", "> 0, ≤ 1000000"),
        ("rounds = -1", "0 … 100"),
    ],
)
def test_what_may_stand_there_is_what_may_stand_there(line: str, allowed: str, tmp_path: Path) -> None:
    assert told(f'question = "q"\n{line}\n', tmp_path).endswith(f"but it must be {allowed}.")


def test_checkpoints_take_a_phases_short_name_and_their_refusal_lists_every_phase(tmp_path: Path) -> None:
    assert project.read('question = "q"\ncheckpoints = ["plan", "experiments"]').checkpoints == (
        Phase.PLAN_FORMULATION,
        Phase.RUNNING_EXPERIMENTS,
    )
    said = told('question = "q"\ncheckpoints = ["nope"]\n', tmp_path)
    assert all(f'"{phase.value}"' in said for phase in Phase)
