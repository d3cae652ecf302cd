"""Words left in the inbox: whole or not there, in order, and nothing but words is read as one."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from pydantic import ValidationError

from state import inbox, places
from state.errors import LabError
from state.vocabulary import Choice, Phase, Role, WordKind


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "project.toml").write_text('question = "x"\n')
    return tmp_path


def test_a_word_left_is_read_back_as_it_was(project: Path) -> None:
    word = inbox.leave(project, WordKind.NOTE, {"text": "Five seeds, please.", "to": "postdoc"})
    (path,) = inbox.pending(project)
    assert path.stem == word
    read = inbox.read(path)
    assert read.body == inbox.NoteBody(text="Five seeds, please.", to=Role.POSTDOC)
    assert read.kind is WordKind.NOTE
    assert read.left_at.tzinfo is not None


def test_every_kind_of_word_has_a_form(project: Path) -> None:
    assert set(inbox.FORMS) == set(WordKind)
    bodies = {
        WordKind.NOTE: {"text": "早上好", "to": "plan_formulation", "run": 2},
        WordKind.DECISION: {"wait": 3, "choice": "go_back", "note": "again", "phase": "plan_formulation"},
        WordKind.FORK: {"visit": "plan@2"},
        WordKind.SET: {"key": "limits.money_usd", "value": 15},
        WordKind.REVIEW: {"paper": "/tmp/paper.pdf"},
    }
    for kind in WordKind:
        inbox.leave(project, kind, bodies.get(kind, {}))
    read = [inbox.read(path) for path in inbox.pending(project)]
    assert [word.kind for word in read] == list(WordKind)


def test_words_stand_in_the_order_in_which_they_were_left(project: Path) -> None:
    left = [inbox.leave(project, WordKind.NOTE, {"text": str(n)}) for n in range(200)]
    assert [path.stem for path in inbox.pending(project)] == left


def test_two_terminals_leaving_at_once_lose_nothing(project: Path) -> None:
    def leave() -> None:
        for n in range(50):
            inbox.leave(project, WordKind.NOTE, {"text": str(n)})

    threads = [threading.Thread(target=leave) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(inbox.pending(project)) == 200


def test_a_writer_killed_in_the_middle_leaves_whole_words_only(project: Path) -> None:
    code = (
        "import sys; from state import inbox; from pathlib import Path\n"
        "p = Path(sys.argv[1]); print('begun', flush=True)\n"
        "while True: inbox.leave(p, inbox.WordKind.NOTE, {'text': 'x' * 200_000})\n"
    )
    writer = subprocess.Popen([sys.executable, "-c", code, str(project)], stdout=subprocess.PIPE, text=True)
    assert writer.stdout is not None and writer.stdout.readline() == "begun\n"
    deadline = threading.Event()
    for _ in range(500):
        if len(inbox.pending(project)) >= 3:
            break
        deadline.wait(0.02)
    writer.send_signal(signal.SIGKILL)
    writer.wait()
    read = [inbox.read(path) for path in inbox.pending(project)]
    assert len(read) >= 3
    assert all(isinstance(word.body, inbox.NoteBody) and len(word.body.text) == 200_000 for word in read)


def test_a_product_edited_by_hand_travels_with_its_approval(project: Path) -> None:
    body = inbox.DecisionBody(wait=1, choice=Choice.APPROVE, sha256="a" * 64, edited={"plan.md": "IyBQbGFuCg=="})
    inbox.leave(project, WordKind.DECISION, body)
    read = inbox.read(inbox.pending(project)[0]).body
    assert isinstance(read, inbox.DecisionBody)
    assert read.edited_bytes == {"plan.md": b"# Plan\n"}


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("note", {"text": ""}),
        ("note", {"text": "x", "to": "nobody"}),
        ("decision", {"choice": "approve"}),
        ("decision", {"wait": 1, "choice": "perhaps"}),
        ("decision", {"wait": 1, "choice": "approve", "edited": {"plan.md": "not base64!"}}),
        ("set", {"key": "limits.money_usd"}),
        ("note", {"text": "x", "colour": "red"}),
    ],
)
def test_a_word_with_a_wrong_body_cannot_be_left(project: Path, kind: str, body: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        inbox.leave(project, WordKind(kind), body)
    assert inbox.pending(project) == []


def test_what_is_no_word_is_refused_with_the_reason(project: Path) -> None:
    where = places.prepare(project)
    good = where.inbox / f"{inbox.leave(project, WordKind.PAUSE, {})}.json"
    told = json.loads(good.read_text())
    names = [f"01ARZ3NDEKTSV4RRFFQ69G5FA{end}.json" for end in "ABCDEFG"]
    (where.inbox / names[0]).write_text("{")
    (where.inbox / names[1]).write_text(json.dumps(told | {"kind": "shout"}))
    (where.inbox / names[2]).write_text(json.dumps(told | {"body": {"run": "one"}}))
    (where.inbox / names[3]).write_bytes(b"\xff\xfe")
    (where.inbox / names[4]).symlink_to(good)
    os.mkfifo(where.inbox / names[5])
    (where.inbox / names[6]).write_text(json.dumps(told | {"version": 2}))
    (where.inbox / "hello.json").write_text(good.read_text())
    (where.inbox / ".half.tmp").write_text("{")
    assert len(inbox.pending(project)) == 9
    for path in inbox.pending(project):
        if path == good:
            inbox.read(path)
            continue
        with pytest.raises(LabError) as caught:
            inbox.read(path)
        assert caught.value.key == "inbox.refused"
        assert caught.value.facts["file"] == path.name
        assert caught.value.facts["why"]


def test_a_phase_and_a_role_are_told_apart_by_name(project: Path) -> None:
    assert inbox.NoteBody.model_validate({"text": "x", "to": "report_writing"}).to is Phase.REPORT_WRITING
    assert inbox.NoteBody.model_validate({"text": "x", "to": "area_chair"}).to is Role.AREA_CHAIR


def test_a_name_that_nothing_can_follow_keeps_nobody_from_leaving_a_word(project: Path) -> None:
    where = places.prepare(project)
    (where.inbox / f"7{'Z' * 25}.json").write_text("{}")
    word = inbox.leave(project, WordKind.NOTE, {"text": "five seeds"})
    assert where.inbox / f"{word}.json" in inbox.pending(project)


def test_the_first_word_of_a_project_is_there_after_a_power_cut(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not only the word is synced: so are the folders that were made for it."""
    synced = []
    real = os.fsync

    def fsync(fd: int) -> None:
        synced.append(os.readlink(f"/proc/self/fd/{fd}"))  # noqa: PTH115
        real(fd)

    monkeypatch.setattr(os, "fsync", fsync)
    inbox.leave(project, WordKind.NOTE, {"text": "five seeds"})
    lab = project / ".nightlab"
    assert {str(project), str(lab), str(lab / "inbox")} <= set(synced)


def test_a_folder_in_the_inbox_is_no_word_that_somebody_waits_for(project: Path) -> None:
    where = places.prepare(project)
    (where.inbox / "kept").mkdir()
    assert inbox.pending(project) == []
