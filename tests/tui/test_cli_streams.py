"""The command line in a shell that is not as it should be: closed streams, another encoding, a reader that leaves."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from state import lock, places

NIGHTLAB = Path(sys.executable).with_name("nightlab")


def shell(line: str, folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """`line`, where $NL is nightlab, in a shell whose stdout and stderr are pipes."""
    return subprocess.run(
        ["bash", "-c", line],
        cwd=folder,
        env={name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}  # which hides much
        | {"NL": str(NIGHTLAB)}
        | environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Path]:
    """One whose lock is held here, so that no command starts an engine."""
    folder = tmp_path / "它"
    folder.mkdir()
    (folder / "project.toml").write_text('question = "它是吗？"\n', "utf-8")
    held = lock.take(places.prepare(folder).lock)
    assert held is not None
    yield folder
    held.release()


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ('"$NL" <&-', 0),
        ('"$NL" note - <&-', 2),
        ('"$NL" key anthropic <&-', 2),
        ('"$NL" status <&- >&-', 0),
        ('"$NL" status <&- >&- 2>&-', 0),
        ('"$NL" bogus 2>&-', 2),
    ],
)
def test_a_stream_that_was_closed_leads_nowhere_and_breaks_nothing(project: Path, line: str, code: int) -> None:
    ended = shell(f"{line}; echo rc $? >rc", project)
    assert (project / "rc").read_text() == f"rc {code}\n"
    assert "Traceback" not in ended.stderr


def test_no_file_of_the_lab_gets_the_number_of_a_closed_stream(project: Path) -> None:
    """Else what is printed would be written into it."""
    assert shell('"$NL" note hello <&- >&- 2>&-', project).returncode == 0
    (word,) = (project / ".nightlab" / "inbox").glob("*.json")
    assert b"hello" in word.read_bytes() and b"Left" not in word.read_bytes()


@pytest.mark.parametrize("line", ['"$NL" --lang zh status', '"$NL" --lang zh --help', '"$NL" --lang zh approve'])
def test_an_encoding_without_chinese_shows_question_marks_and_fails_nothing(project: Path, line: str) -> None:
    said = shell(line, project, PYTHONIOENCODING="ascii", LC_ALL="C")
    assert "Traceback" not in said.stderr and said.returncode in (0, 2)
    assert "?" in said.stdout + said.stderr


@pytest.mark.parametrize("reader", ["head -1", "true"])
@pytest.mark.parametrize("words", ["--help", "status --json", "completion bash"])
def test_a_reader_that_leaves_early_is_no_error(project: Path, words: str, reader: str) -> None:
    said = shell(f'"$NL" {words} | {reader}; echo ${{PIPESTATUS[0]}}', project)
    assert said.stdout.endswith("0\n") and said.stderr == ""


@pytest.mark.parametrize("words", ["--version", "--help", "status --json"])
@pytest.mark.parametrize("buffered", ["", "1"])
def test_what_cannot_be_printed_is_said_in_one_line(project: Path, words: str, buffered: str) -> None:
    said = shell(f'"$NL" {words} >/dev/full; echo $?', project, PYTHONUNBUFFERED=buffered)
    assert said.stdout == "2\n"
    assert said.stderr == "nightlab: The system refuses: No space left on device\n"


@pytest.mark.parametrize(("words", "code"), [("status", 0), ("approve", 2), ("bogus", 2)])
def test_where_nothing_can_be_complained_of_the_exit_code_stays(project: Path, words: str, code: int) -> None:
    assert shell(f'"$NL" {words} 2>/dev/full; echo $?', project).stdout.endswith(f"{code}\n")
