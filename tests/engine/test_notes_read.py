"""A person's note finds its reader: once, whatever waits, dies or never sits again."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from engine import opening, recover
from engine.answers import Dialogue
from engine.desk import Desk
from engine.notes_folder import NotesFolder, address
from engine.prompt import fields_of
from engine.seat import Seat
from state import lineage, taking
from state.errors import LabError
from state.notes import note
from state.products.literature import Review
from state.vocabulary import Phase, Role
from tests.engine.conftest import Killed, Laid, dies, says

Lay = Callable[..., Laid]


def seat(desk: Desk, role: Role = Role.PHD_STUDENT, name: str = "student") -> Seat:
    return desk.seat(role, name, **dict.fromkeys(fields_of(desk.frame.prompt(f"plan_formulation/{name}"))))


def left(laid: Laid, text: str, role: Role | None = None, word: str = "w1") -> None:
    with laid.store.transaction() as tx:
        note(tx, word, laid.run, None, role, text, 0)


@pytest.mark.parametrize(
    ("text", "to", "body"),
    [
        ("to: plan\nfive seeds", Phase.PLAN_FORMULATION, "five seeds"),
        ("To: PhD student\nfive seeds", Role.PHD_STUDENT, "five seeds"),
        ("to: team\nfive seeds", None, "five seeds"),
        ("To: be sure, use five seeds", None, "To: be sure, use five seeds"),
        ("to: everybody here\nfive seeds", None, "to: everybody here\nfive seeds"),
        ("five seeds\nto: plan", None, "five seeds\nto: plan"),
    ],
)
def test_the_first_line_of_a_saved_note_is_an_address_only_where_it_names_a_reader(
    text: str, to: Phase | Role | None, body: str
) -> None:
    assert address(text) == (to, body)


async def test_a_note_that_comes_while_a_call_waits_is_in_that_call(lay: Lay) -> None:
    laid = lay()
    laid.player.replies = [says("dialogue", text="ok")]
    with laid.store.transaction() as tx:
        taking.pause(tx, laid.run)
    asking = asyncio.ensure_future(seat(laid.desk()).ask("hello", answers=(Dialogue,)))
    await asyncio.sleep(0)
    left(laid, "five seeds")
    with laid.store.transaction() as tx:
        taking.resume(tx, laid.run, "w2")
    laid.bell.ring()
    await asking
    assert "five seeds" in str(laid.player.asked[0].messages[-1].blocks)


async def test_of_two_calls_side_by_side_one_reads_a_note_and_the_other_sees_it_as_read(lay: Lay) -> None:
    laid = lay()
    laid.player.replies = [says("dialogue", text="a"), says("dialogue", text="b")]
    left(laid, "five seeds")

    async def work(desk: Desk) -> None:
        await seat(desk).ask("hello", answers=(Dialogue,))

    desk = laid.desk()
    await desk.all(desk.start("a", work), desk.start("b", work))
    asked = [str(request.messages[-1].blocks) for request in laid.player.asked]
    assert sum("<note " in each for each in asked) == 1 and sum("<earlier_note " in each for each in asked) == 1
    assert len(laid.store.rows("SELECT 1 FROM event WHERE kind = 'note_read'")) == 1


async def test_a_note_is_read_once_although_the_engine_died_before_the_call_was_sent(lay: Lay) -> None:
    laid = lay()
    left(laid, "five seeds")

    laid.player.replies = [dies]
    with pytest.raises(Killed):
        await seat(laid.desk()).ask("hello", answers=(Dialogue,))
    recover.recover(laid.store, laid.places)
    laid.player.replies = [says("dialogue", text="ok")]
    await seat(laid.desk()).ask("hello", answers=(Dialogue,))
    first, second = (str(request.messages[-1].blocks) for request in laid.player.asked)
    assert first == second and "<note " in first
    assert len(laid.store.rows("SELECT 1 FROM event WHERE kind = 'note_read'")) == 1


async def test_a_note_for_a_role_that_is_not_asked_again_keeps_the_phase_from_handing_in_only_once(lay: Lay) -> None:
    laid = lay()
    laid.player.replies = [says("dialogue", text="a"), says("dialogue", text="b"), says("dialogue", text="c")]
    desk = laid.desk()
    lead = seat(desk, Role.POSTDOC, "lead")
    await seat(desk).ask("hello", answers=(Dialogue,))
    left(laid, "for the student", Role.PHD_STUDENT)
    await lead.ask("and?", answers=(Dialogue,))
    assert "for the student" not in str(laid.player.asked[-1].messages[-1].blocks)  # it is the student's
    product = Review(review="as it is")
    refusal = await desk.submit(product)
    assert refusal is not None and refusal.key == "refusal.unread_note"
    await lead.ask(refusal.shown, answers=(Dialogue,))  # the student is never asked again: whoever is asked reads it
    assert '<note to="phd_student" id="w1">for the student</note>' in str(laid.player.asked[-1].messages[-1].blocks)
    assert await desk.submit(product) is None


async def test_what_a_visit_read_is_history_for_the_next_visit_of_its_phase(lay: Lay) -> None:
    laid = lay()
    laid.player.replies = [says("dialogue", text="a"), says("dialogue", text="b")]
    left(laid, "five seeds")
    await seat(laid.desk()).ask("hello", answers=(Dialogue,))
    with laid.store.transaction() as tx:
        opening.begin(tx, laid.run, laid.visit.phase, laid.visit.frame, None)
    again = lineage.current(laid.store, laid.run)
    assert again is not None and again.label == "plan@2"
    laid.visit = again
    await seat(laid.desk()).ask("hello", answers=(Dialogue,))
    assert "<earlier_note " in str(laid.player.asked[-1].messages[-1].blocks)


# notes/


def test_a_file_in_notes_counts_once_it_is_still_and_only_if_it_is_a_persons_text(lay: Lay, tmp_path: Path) -> None:
    laid = lay()
    folder = NotesFolder(laid.places.notes)
    laid.places.notes.mkdir(exist_ok=True)

    def save(name: str, data: bytes, age_s: float = 10) -> None:
        path = laid.places.notes / name
        path.write_bytes(data)
        told = path.stat()
        os.utime(path, (told.st_atime - age_s, told.st_mtime - age_s))

    save("idea.md", b"to: plan\nfive seeds\n")
    save(".hidden.md", b"no")
    save("idea.md~", b"no")
    save(".idea.md.swp", b"no")
    save("latin.md", "déjà".encode("latin-1"))
    save("young.md", b"still being typed", age_s=0)
    os.mkfifo(laid.places.notes / "pipe.md")
    assert folder.look(laid.store)
    texts = [row["text"] for row in laid.store.rows("SELECT text FROM note")]
    assert texts == ["five seeds"]
    assert not folder.look(laid.store)  # and once only


def test_a_file_whose_time_lies_in_the_future_counts_when_it_was_seen_still(
    lay: Lay, monkeypatch: pytest.MonkeyPatch
) -> None:
    laid = lay()
    laid.places.notes.mkdir(exist_ok=True)
    path = laid.places.notes / "idea.md"
    path.write_text("five seeds")
    os.utime(path, (path.stat().st_mtime + 3600,) * 2)
    clock = [100.0]
    monkeypatch.setattr("engine.notes_folder.time.monotonic", lambda: clock[0])
    folder = NotesFolder(laid.places.notes)
    assert not folder.look(laid.store)
    clock[0] += 2.5
    assert folder.look(laid.store)


def test_a_note_whose_name_is_in_another_encoding_is_a_note_too(lay: Lay) -> None:
    laid = lay()
    laid.places.notes.mkdir(exist_ok=True)
    path = os.fsdecode(bytes(laid.places.notes) + b"/\xd2\xbb.md")  # as an archive from elsewhere unpacks it
    Path(path).write_text("five seeds")
    os.utime(path, (0, 0))
    folder = NotesFolder(laid.places.notes)
    assert folder.look(laid.store)
    assert not NotesFolder(laid.places.notes).look(laid.store)
    assert [row["text"] for row in laid.store.rows("SELECT text FROM note")] == ["five seeds"]


def test_a_note_that_found_the_disk_full_is_taken_up_at_the_next_look(
    lay: Lay, monkeypatch: pytest.MonkeyPatch
) -> None:
    laid = lay()
    laid.places.notes.mkdir(exist_ok=True)
    path = laid.places.notes / "idea.md"
    path.write_text("five seeds")
    os.utime(path, (0, 0))
    folder = NotesFolder(laid.places.notes)

    def full(*_: object) -> bool:
        raise LabError("disk.full")

    with monkeypatch.context() as at:
        at.setattr("engine.notes_folder.take_saved_note", full)
        with pytest.raises(LabError):
            folder.look(laid.store)
    assert folder.look(laid.store)


def test_a_notes_folder_that_cannot_be_read_leaves_no_note(lay: Lay) -> None:
    laid = lay()
    if laid.places.notes.is_dir():
        laid.places.notes.rmdir()
    laid.places.notes.write_text("a file in its place")
    assert not NotesFolder(laid.places.notes).look(laid.store)
