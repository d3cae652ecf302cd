"""project.toml: one line is enough, and every mistake is answered with its line and what is allowed."""

from __future__ import annotations

import tomllib
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from state.config import Config, duration, written
from state.errors import LabError
from state.project import diff, live, load, read, with_live, with_set
from state.vocabulary import Autonomy, Phase, Role

WHOLE = """\
question = "Does weight decay set the clock of grokking?"
autonomy    = "co-pilot"
checkpoints = "all"
rounds      = 2
[models]
default = "anthropic"
[languages]
team  = "en"
paper = "en"
[limits]
money_usd = 10.00
gpu_hours = 24.0
run_time  = "2h"
disk_gb   = 20
memory_gb = 0
[phases]
papers       = 5
turns        = 100
solver_steps = 6
report_steps = 4
ideas        = 3
reflections  = 3
novelty_rounds = 10
reviews      = 3
[code]
[data]
[papers]
folder = "papers"
online = true
[experiments]
where   = "local"
python  = ""
metric  = ""
target  = ""
seeds   = 3
slots   = 0
threads = 1
nice    = 10
sandbox = "auto"
"""


def refusal(text: str) -> LabError:
    with pytest.raises(LabError) as caught:
        read(text, Path("/q/project.toml"))
    return caught.value


def test_one_line_is_a_project_and_the_whole_file_says_the_same() -> None:
    one = read('question = "Does weight decay set the clock of grokking?"')
    assert one == read(WHOLE)
    assert one.limits.run_time == timedelta(hours=2)
    assert one.limits.money_micros == 10_000_000


def test_the_snapshot_reads_back_to_the_same_config() -> None:
    config = read(WHOLE + 'target = "val_acc >= 0.95"\n'.replace("target", "# target"))
    assert Config.model_validate_json(config.canonical) == config
    assert Config.model_validate_json(config.canonical).sha == config.sha


@pytest.mark.parametrize(
    ("text", "key", "line", "option", "allowed"),
    [
        ('question = "x"\nautonomy = "auto"', "project.bad_value", 2, "autonomy", '"co-pilot" | "autopilot"'),
        ('question = "x"\n[limits]\n\nmoney_usd = "3"', "project.bad_type", 4, "limits.money_usd", "0 … 1000000"),
        ('question = "x"\n[limits]\nmoney_usd = nan', "project.bad_value", 3, "limits.money_usd", "0 … 1000000"),
        ('question = "x"\nlimits.disk_gb = -1', "project.bad_value", 2, "limits.disk_gb", "> 0, ≤ 1000000"),
        ('question = "x"\nlimits = 3', "project.bad_type", 2, "limits", "[limits]"),
        ('question = "x"\n[limits]\nrun_time = "2 hours"', "project.bad_value", 3, "limits.run_time", '"90s" |'),
        ('question = "x"\ncheckpoints = ["nope"]', "project.bad_value", 2, "checkpoints", '"all" | ['),
        ('question = "x"\n[phases]\nturns = 1.5', "project.bad_type", 3, "phases.turns", "1 … 1000"),
        ('question = "x"\n[experiments]\nseeds = true', "project.bad_type", 3, "experiments.seeds", "1 … 1000"),
        (
            'question = "x"\n[experiments]\nmetric = "acc"',
            "project.bad_value",
            3,
            "experiments.metric",
            "val_loss, lower",
        ),
        ('question = "x"\n[papers]\nonline = 1', "project.bad_type", 3, "papers.online", "true | false"),
        ('question = "x"\n[models]\npostdoc = ""', "project.bad_value", 3, "models.postdoc", '"PROFILE" |'),
        ("question = 3", "project.bad_type", 1, "question", '"…"'),
        ('question = """\na\nb"""\n# c\nrounds = -1', "project.bad_value", 5, "rounds", "0 … 100"),
    ],
)
def test_a_wrong_type_or_value_is_answered_with_its_line_and_what_is_allowed(
    text: str, key: str, line: int, option: str, allowed: str
) -> None:
    error = refusal(text)
    assert (error.key, error.facts["line"], error.facts["option"]) == (key, line, option)
    assert error.facts["file"] == "/q/project.toml"
    assert str(error.facts["allowed"]).startswith(allowed) or allowed in str(error.facts["allowed"])


@pytest.mark.parametrize(
    ("text", "line", "nearest"),
    [
        ('question = "x"\nrouns = 3', 2, "rounds"),
        ('question = "x"\n[limits]\nmony_usd = 3', 3, "money_usd"),
        ('question = "x"\n[models]\n# a comment\npostdok = "kimi"', 4, "postdoc"),
        ('question = "x"\nsolver_steps = 3', 2, "phases.solver_steps"),
        ('question = "x"\n[limit]\n', 2, "limits"),
        ('question = "x"\nzzz = 1', 2, ""),
    ],
)
def test_an_unknown_key_is_answered_with_the_nearest(text: str, line: int, nearest: str) -> None:
    error = refusal(text)
    assert error.key == "project.unknown_key"
    assert (error.facts["line"], error.facts["nearest"]) == (line, nearest)


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ('question = "x"\n[code]\npath = "../trainer"', 2),
        ('question = "x"\n[experiments]\nwhere = "slurm"', 3),
    ],
)
def test_ones_own_code_and_another_place_are_not_yet_there(text: str, line: int) -> None:
    error = refusal(text)
    assert (error.key, error.facts["line"]) == ("project.not_yet", line)


def test_a_project_needs_a_question_or_a_topic() -> None:
    assert refusal("rounds = 1").key == "project.no_question"
    assert refusal('question = "  "').key == "project.no_question"
    assert read('topic = "grokking"').topic == "grokking"


def test_a_file_that_is_no_toml_no_text_or_not_there_says_so(tmp_path: Path) -> None:
    error = refusal('question = "x"\nrounds == 3')
    assert (error.key, error.facts["line"]) == ("project.unreadable", 2)
    with pytest.raises(LabError, match=r"project\.missing"):
        load(tmp_path)
    (tmp_path / "project.toml").write_bytes('question = "x"\ntopic = "Ä"'.encode("latin-1"))
    with pytest.raises(LabError) as caught:
        load(tmp_path)
    assert (caught.value.key, caught.value.facts["line"]) == ("project.unreadable", 2)


def test_a_model_that_no_profile_has_is_answered_with_its_line_and_the_profiles(tmp_path: Path) -> None:
    file = tmp_path / "project.toml"
    file.write_text('question = "x"\n[models]\ndefault = "rehearsal"\npostdoc = "deepsek"\n')
    with pytest.raises(LabError) as caught:
        load(tmp_path)
    assert (caught.value.key, caught.value.facts["line"]) == ("project.bad_value", 4)
    assert "deepseek" in str(caught.value.facts["allowed"])
    file.write_text('question = "x"\n[models]\ndefault = "ollama/qwen3:8b"\n')
    assert load(tmp_path).config.model_for(None, None) == "ollama/qwen3:8b"


def test_loading_keeps_the_text_as_the_person_wrote_it(tmp_path: Path) -> None:
    (tmp_path / "project.toml").write_text('\ufeffquestion = "为什么？"  # mine\n', encoding="utf-8")
    project = load(tmp_path)
    assert project.config.question == "为什么？"
    assert "# mine" in project.text
    assert len(project.sha) == 64


def test_a_role_beats_a_phase_beats_the_default() -> None:
    config = read('question="x"\n[models]\npostdoc = "deepseek"\nplan_formulation = "kimi/k2"')
    assert config.model_for(Phase.PLAN_FORMULATION, Role.POSTDOC) == "deepseek"
    assert config.model_for(Phase.PLAN_FORMULATION, Role.PHD_STUDENT) == "kimi/k2"
    assert config.model_for(Phase.REPORT_WRITING, Role.PHD_STUDENT) == "anthropic"


def test_limits_models_and_autonomy_change_at_once_and_the_rest_with_the_next_run() -> None:
    old = read('question="x"\n[phases]\nturns = 100\n[limits]\nmoney_usd = 10')
    new = read(
        'question="x"\nautonomy="autopilot"\n[phases]\nturns = 50\n[limits]\nmoney_usd = 5\n[models]\npostdoc="kimi"'
    )
    when = {change.key: change.when for change in diff(old, new)}
    assert when == {
        "autonomy": "now",
        "limits.money_usd": "now",
        "models.postdoc": "now",
        "phases.turns": "next run",
    }
    mixed = with_live(old, new)
    assert mixed.phases.turns == 100
    assert live(mixed) == live(new)
    assert diff(old, old) == []


def test_set_changes_one_live_value_and_refuses_the_others() -> None:
    config = read('question="x"')
    assert with_set(config, "limits.money_usd", "15").limits.money_usd == 15
    assert with_set(config, "autonomy", "autopilot").autonomy is Autonomy.AUTOPILOT
    assert with_set(config, "models.postdoc", "kimi").models["postdoc"] == "kimi"
    assert with_set(config, "checkpoints", '["plan_formulation"]').checkpoints == (Phase.PLAN_FORMULATION,)
    for key, value, refused in [
        ("limits.money_usd", "much", "set.bad_value"),
        ("limits.money_usd", "-1", "set.bad_value"),
        ("limits.mony_usd", "3", "set.unknown"),
        ("models.nobody", "kimi", "set.unknown"),
        ("limits", "3", "set.unknown"),
        ("rounds", "3", "set.next_run"),
        ("experiments.seeds", "9", "set.next_run"),
    ]:
        with pytest.raises(LabError) as caught:
            with_set(config, key, value)
        assert caught.value.key == refused, key


@given(st.timedeltas(min_value=timedelta(seconds=1), max_value=timedelta(days=400)))
def test_a_duration_reads_back_as_it_was_written(length: timedelta) -> None:
    whole = timedelta(seconds=max(1, round(length.total_seconds())))
    assert duration(written(whole)) == whole


@pytest.mark.parametrize("text", ["", "2", "h", "2 hours", "-1h", "0s", "1h x"])
def test_what_is_no_duration_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        duration(text)


def test_the_default_file_holds_every_key_there_is() -> None:
    assert set(read('question="x"').flat()) - {"topic"} == set(Config(question="x").flat()) - {"topic"}
    named = set(read(WHOLE).flat()) - {"topic"}
    in_file = {
        f"{table}.{key}" if isinstance(inner, dict) else table
        for table, inner in tomllib.loads(WHOLE).items()
        for key in (inner if isinstance(inner, dict) else [table])
    }
    assert named == in_file
