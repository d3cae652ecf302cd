"""What no command can do anything with is answered in one line with a code of its own, never by a trace: texts in
another encoding, numbers past any run, folders where files belong, phases that lie ahead, a store that is damaged."""

from __future__ import annotations

import sqlite3
import subprocess
import zipfile
from collections.abc import Iterator
from contextlib import closing

import pytest

from state import inbox
from state.inbox import NOTE_LIMIT
from state.vocabulary import Choice, Phase, Wait
from tests.tui.test_cli import CHECKPOINT, NIGHTLAB, Lab, Said, lab
from tui.commands import perform

__all__ = ["lab"]

GBK = "五个种子".encode("gbk")


def raw(lab: Lab, *words: bytes | str, stdin: bytes = b"") -> Said:
    ended = subprocess.run(
        [NIGHTLAB, "-C", lab.folder, *words], input=stdin, capture_output=True, timeout=60, check=False
    )
    return Said(ended.returncode, ended.stdout.decode(), ended.stderr.decode())


@pytest.mark.parametrize(
    "words",
    [("note", GBK), ("send-back", "--note", GBK), ("answer", "retry", "--note", GBK), ("new", "other", "-q", GBK)],
    ids=["note", "send-back", "answer", "new"],
)
def test_a_text_in_another_encoding_is_wrong_usage(lab: Lab, words: tuple[bytes | str, ...]) -> None:
    said = raw(lab, *words)
    assert (said.code, said.out) == (2, "") and "not in UTF-8" in said.err
    assert inbox.pending(lab.folder) == []


def test_a_note_from_stdin_is_text_of_a_bounded_length(lab: Lab) -> None:
    said = raw(lab, "note", "-", stdin=GBK)
    assert (said.code, said.err) == (2, "nightlab: - cannot be read: UTF-8.\n")
    said = raw(lab, "note", "-", stdin=b"x" * (NOTE_LIMIT + 1))
    assert said.code == 2 and "longer than 1,048,576 characters" in said.err
    assert inbox.pending(lab.folder) == []


@pytest.mark.parametrize("number", ["9", "9" * 20])
def test_a_decision_for_a_run_that_is_not_there_is_answered_with_those_there_are(lab: Lab, number: str) -> None:
    lab.run()
    said = lab.say("approve", "--run", number)
    assert (said.code, said.err) == (2, f"nightlab: There is no run {number}. Runs: 1.\n")


def test_an_archive_goes_into_a_folder_that_is_named(lab: Lab) -> None:
    lab.checkpoint(lab.run(), Phase.PLAN_FORMULATION, {"plan.md": b"# Plan\n"})
    (lab.folder / "there").mkdir()
    said = lab.say("export", str(lab.folder / "there"))
    assert (said.code, said.out) == (0, f"{lab.folder / 'there' / 'my-question-1.zip'}\n")
    assert zipfile.is_zipfile(said.out.strip())


@pytest.mark.parametrize("words", [("go-back", "results", "--note", "x"), ("answer", "go-back", "--phase", "results")])
def test_nobody_goes_back_to_what_lies_ahead_or_to_what_the_run_has_not(lab: Lab, words: tuple[str, ...]) -> None:
    lab.checkpoint(lab.run(*list(Phase)[1:]), Phase.PLAN_FORMULATION, {"plan.md": b"# Plan\n"})
    for phase in ("results", "ideation"):
        said = lab.say(*(phase if word == "results" else word for word in words))
        assert (said.code, said.err) == (2, "nightlab: There is no such phase to go back to.\n")
    assert inbox.pending(lab.folder) == []
    assert lab.say("go-back", "literature", "--note", "x").code == 0


def test_what_is_not_offered_is_named_as_it_is_typed(lab: Lab) -> None:
    lab.wait(lab.run(), Wait.CHECKPOINT, Choice.APPROVE, Choice.GO_BACK)
    said = lab.say("send-back", "--note", "x")
    assert said.err == "nightlab: send-back is not offered now. Offered: approve, go-back.\n"


def test_to_approve_in_mid_phase_is_told_as_what_it_is(lab: Lab) -> None:
    lab.wait(lab.run(), Wait.CHECKPOINT, *(Choice(each) for each in CHECKPOINT))
    assert lab.say("approve").out == "Run 1: enough; the phase hands in what it has.\n"


@pytest.fixture
def damaged(lab: Lab) -> Iterator[Lab]:
    """Its first page is sound, so that it opens."""
    lab.run()
    lab.store.tidy()
    with lab.store.path.open("r+b") as file:
        file.seek(4096)
        file.write(b"\xff" * (lab.store.path.stat().st_size - 4096))
    yield lab


@pytest.mark.parametrize("words", [("status", "--json"), ("log",), ("approve",), ("export",), ("run", "--headless")])
def test_a_store_that_is_damaged_has_its_own_code_wherever_it_is(damaged: Lab, words: tuple[str, ...]) -> None:
    said = damaged.say(*words)
    assert (said.code, said.out) == (5, "")
    assert said.err.startswith(f"nightlab: {damaged.store.path} is damaged: ")


def test_a_note_is_left_also_where_the_database_cannot_be_asked(lab: Lab) -> None:
    with closing(sqlite3.connect(lab.store.path, isolation_level=None)) as holder:
        lab.store.close()
        holder.execute("PRAGMA locking_mode=EXCLUSIVE")
        holder.execute("BEGIN EXCLUSIVE")
        said = lab.say("note", "five seeds")
    assert (said.code, said.err) == (0, "")
    assert len(inbox.pending(lab.folder)) == 1


@pytest.mark.parametrize(
    ("words", "told"),
    [(("status", "--json=1"), "--json：不接受取值 '1'"), (("demo", "--h"), "--h 可能指 --help, --headless")],
)
def test_argparse_says_these_in_chinese_too(lab: Lab, words: tuple[str, ...], told: str) -> None:
    assert told in lab.say("--lang", "zh", *words).err


RUN_MEANS = {"set": "whole project", "log": "else of all", "note": "at work", "stop": "several", "status": "newest"}


@pytest.mark.parametrize("command", RUN_MEANS)
def test_help_says_which_run_is_meant_where_none_is_named(
    command: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    assert perform([command, "--help"]) == 0
    assert RUN_MEANS[command] in next(row for row in capsys.readouterr().out.splitlines() if "--run N" in row[2:9])
