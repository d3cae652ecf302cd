"""A mistyped project.toml: what begins a run refuses it with its line, what only looks goes on, `set` says how to mend
it."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from state import inbox
from state.vocabulary import Phase, RunState
from tests.state.test_products import PLAN
from tests.tui.test_cli import NIGHTLAB, Lab, lab
from tui import sample

__all__ = ["lab"]

GONE = 'question = "Does it?"\n[data]\ncifar10 = "/nowhere/cifar10"\n'


def write(lab: Lab, text: str) -> None:
    (lab.folder / "project.toml").write_text(text)


@pytest.mark.parametrize("words", [("run", "--headless"), ("run",), ("demo", ".")])
def test_a_run_does_not_begin_with_data_that_are_not_there(lab: Lab, words: tuple[str, ...]) -> None:
    write(lab, GONE)
    said = lab.say(*words)
    assert (said.code, said.out) == (2, "")
    assert said.err.startswith(f"nightlab: {lab.folder / 'project.toml'} line 3: data.cifar10 = ")
    assert inbox.pending(lab.folder) == []


@pytest.mark.parametrize("words", [("status",), ("status", "--json"), ("note", "hm"), ("log",), ("set", "rounds", "1")])
def test_a_project_whose_data_are_elsewhere_can_be_looked_at_and_spoken_to(lab: Lab, words: tuple[str, ...]) -> None:
    lab.run()
    write(lab, GONE)
    said = lab.say(*words)
    assert said.code == (2 if words[0] == "set" else 0) and "nowhere" not in said.err


def test_a_demo_at_work_goes_on_though_its_data_are_gone_for_now(lab: Lab) -> None:
    run = lab.run()
    write(lab, GONE)
    with lab.store.transaction() as tx:
        tx.execute("UPDATE run SET state = ? WHERE id = ?", (RunState.STOPPED.value, run))
    assert sample.go_on(lab.folder, autopilot=False) == run


BROKEN = 'question = "Does it?"\n[limits]\nmoney_usd = "15"\n'


def test_a_language_that_is_set_holds_from_the_next_phase_on_and_set_says_so(lab: Lab) -> None:
    lab.run()
    said = lab.say("set", "languages.paper", "zh")
    assert (said.code, said.out) == (0, "languages.paper = zh, from the next phase on.\n")


def test_set_works_over_what_was_last_valid_and_says_what_there_is_to_mend(lab: Lab) -> None:
    lab.run()
    write(lab, BROKEN)
    said = lab.say("set", "limits.money_usd", "15")
    assert (said.code, said.out) == (0, "limits.money_usd = 15.0, from the next step on.\n")
    assert f"{lab.folder / 'project.toml'} line 3: limits.money_usd" in said.err and len(said.err.splitlines()) == 1
    assert lab.left().body == inbox.SetBody(run=None, key="limits.money_usd", value=15.0)
    assert (lab.folder / "project.toml").read_text() == BROKEN


def test_set_refuses_a_wrong_value_also_where_the_file_is_wrong(lab: Lab) -> None:
    lab.run()
    write(lab, BROKEN)
    said = lab.say("set", "limits.money_usd", "much")
    assert said.code == 2 and "limits.money_usd = much, but it must be" in said.err
    assert inbox.pending(lab.folder) == []


def test_set_before_the_first_run_names_what_is_wrong_in_the_file(lab: Lab) -> None:
    write(lab, BROKEN)
    said = lab.say("set", "limits.money_usd", "15")
    assert said.code == 2 and "line 3: limits.money_usd" in said.err
    assert inbox.pending(lab.folder) == []


def test_set_refuses_for_one_run_what_all_runs_share(lab: Lab) -> None:
    run = str(lab.run())
    said = lab.say("set", "experiments.slots", "2", "--run", run)
    assert said.code == 2 and "set it without --run" in said.err
    assert inbox.pending(lab.folder) == []
    assert lab.say("set", "experiments.threads", "2", "--run", run).code == 0


@pytest.mark.parametrize(
    ("value", "said"),
    [("deepsek", "No profile deepsek; meant deepseek? Profiles: "), ("ollama", "ollama needs the name of a model: ")],
)
def test_set_refuses_a_model_that_no_profile_has(lab: Lab, value: str, said: str) -> None:
    lab.run()
    told = lab.say("set", "models.postdoc", value)
    assert told.code == 2 and told.err.startswith(f"nightlab: {said}")
    assert inbox.pending(lab.folder) == []


def test_an_edit_that_does_not_read_is_refused_before_it_is_left_by_the_files_own_name(
    lab: Lab, tmp_path: Path
) -> None:
    files = PLAN.files()
    lab.checkpoint(lab.run(), Phase.PLAN_FORMULATION, files)
    mine = tmp_path / "mine.md"
    mine.write_bytes(files["plan.md"].replace(b"seeds = 5", b"seeds = 0"))
    said = lab.say("approve", "--with", str(mine))
    line = mine.read_text().splitlines().index("seeds = 0") + 1
    assert (said.code, said.err) == (2, f"nightlab: {mine} line {line}: seeds = 0, but it must be 1 … 1000.\n")
    assert inbox.pending(lab.folder) == []
    mine.write_bytes(files["plan.md"].replace(b"seeds = 5", b"seeds = 7"))
    assert lab.say("approve", "--with", str(mine)).code == 0


def test_a_list_that_was_set_is_shown_as_project_toml_has_it(lab: Lab) -> None:
    lab.run()
    said = lab.say("set", "checkpoints", '["plan"]')
    assert said.out == 'checkpoints = ["plan_formulation"], from the next step on.\n'


def test_a_mistyped_folder_is_not_the_project_above_it(lab: Lab) -> None:
    said = lab.say("-C", str(lab.folder / "nots"), "note", "hm")
    assert (said.code, said.err) == (2, f"nightlab: There is no folder {lab.folder / 'nots'}.\n")
    assert inbox.pending(lab.folder) == []


@pytest.mark.parametrize(("words", "code"), [("status", 2), ("new x -q y", 2), ("doctor", 2), ("completion bash", 0)])
def test_a_shell_whose_folder_was_removed_gets_a_sentence(tmp_path: Path, words: str, code: int) -> None:
    (tmp_path / "gone").mkdir()
    line = f'cd gone && rmdir "$PWD" && "{NIGHTLAB}" {words}'
    ended = subprocess.run(["bash", "-c", line], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert ended.returncode == code
    assert ended.stderr == ("" if code == 0 else f"nightlab: There is no folder {tmp_path / 'gone'}.\n")


def test_a_question_of_blanks_is_none(tmp_path: Path) -> None:
    ended = subprocess.run(
        [NIGHTLAB, "new", tmp_path / "q", "-q", "  "],
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        check=False,
    )
    assert (ended.returncode, ended.stderr) == (2, "nightlab: A project needs a question: --question or --topic.\n")
    assert not (tmp_path / "q").exists()
