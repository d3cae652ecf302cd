"""What the next engine finds: replies that lie whole, deaths with and without progress, files under runs/."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from engine import recover, render, versions
from engine.answers import Dialogue
from engine.desk import Desk
from engine.prompt import fields_of
from engine.replies import as_plain
from state import durable, lineage, profiles
from state.products.literature import Review
from state.readers import reading
from state.status import repeated, started_twice
from state.vocabulary import Phase, Role, Wait
from tests.engine.conftest import Killed, Laid, dies, says

Lay = Callable[..., Laid]


async def say(desk: Desk, name: str = "one") -> str:
    blank = dict.fromkeys(fields_of(desk.frame.prompt("plan_formulation/student")))
    seat = desk.within(name).seat(Role.PHD_STUDENT, "student", **blank)
    return (await seat.ask("hello", answers=(Dialogue,))).text


async def left_flying(laid: Laid, name: str = "one") -> str:
    laid.player.replies = [dies]
    with pytest.raises(Killed):
        await say(laid.desk(), name)
    row = laid.store.row("SELECT id FROM attempt WHERE state = 'flying'")
    assert row is not None
    return str(row["id"])


async def test_a_whole_reply_of_a_step_that_was_superseded_costs_what_it_cost(
    lay: Lay, monkeypatch: pytest.MonkeyPatch
) -> None:
    laid = lay()
    attempt = await left_flying(laid)
    durable.write_json(laid.places.calls / attempt / "done.json", as_plain(says("dialogue", text="late")))
    with laid.store.transaction() as tx:
        tx.execute("UPDATE step SET superseded_seq = 1")
        tx.execute("UPDATE attempt SET reserved_micros = 900000, model = 'anthropic'")
        tx.execute("UPDATE run SET reserved_micros = 900000")
    recover.recover(laid.store, laid.places)
    row = laid.store.row("SELECT spent_micros, reserved_micros FROM run")
    assert row is not None and row["reserved_micros"] == 0
    assert row["spent_micros"] == profiles.parse("anthropic").cost(says("x").usage) < 900000


async def test_a_whole_reply_of_a_model_that_no_profile_has_any_more_costs_what_was_set_aside(lay: Lay) -> None:
    laid = lay()
    attempt = await left_flying(laid)
    durable.write_json(laid.places.calls / attempt / "done.json", as_plain(says("dialogue", text="kept")))
    with laid.store.transaction() as tx:
        tx.execute("UPDATE attempt SET reserved_micros = 900000, model = 'a-profile-that-is-gone'")
        tx.execute("UPDATE run SET reserved_micros = 900000")
    recover.recover(laid.store, laid.places)
    row = laid.store.row("SELECT spent_micros, reserved_micros FROM run")
    assert row is not None and tuple(row) == (900000, 0)


async def test_a_whole_reply_of_a_superseded_step_is_no_answer_to_the_one_that_took_its_place(lay: Lay) -> None:
    laid = lay()
    attempt = await left_flying(laid)
    durable.write_json(laid.places.calls / attempt / "done.json", as_plain(says("dialogue", text="late")))
    with laid.store.transaction() as tx:
        tx.execute("UPDATE step SET superseded_seq = 1")
    await left_flying(laid)
    recover.recover(laid.store, laid.places)
    laid.player.replies = [says("dialogue", text="anew")]
    assert await say(laid.desk()) == "anew"


async def test_a_reply_of_a_superseded_visit_is_kept_and_settled(lay: Lay) -> None:
    laid = lay()
    attempt = await left_flying(laid)
    durable.write_json(laid.places.calls / attempt / "done.json", as_plain(says("dialogue", text="late")))
    with laid.store.transaction() as tx:
        lineage.open_visit(tx, laid.run, Phase.PLAN_FORMULATION, {}, laid.visit.frame, None)
    recover.recover(laid.store, laid.places)
    row = laid.store.row("SELECT state FROM attempt")
    assert row is not None and row["state"] == "done"


def recovered_with_700_reserved(laid: Laid) -> tuple[object, ...]:
    """How the attempt stands then, what it spent, and what the run still reserves."""
    with laid.store.transaction() as tx:
        tx.execute("UPDATE attempt SET reserved_micros = 700")
        tx.execute("UPDATE run SET reserved_micros = 700")
    recover.recover(laid.store, laid.places)
    row = laid.store.row("SELECT attempt.state, spent_micros, run.reserved_micros FROM attempt, run")
    assert row is not None
    return tuple(row)


@pytest.mark.parametrize(
    "left",
    [
        b"",
        b'{"blocks": [{"id": "1", "name": "dialogue", "argum',
        b"\0" * 200,
        b"[]",
        b'{"blocks": "half", "stop": "tool_use", "model": "", "usage": {}}',
        b'{"blocks": [{"name": "dialogue"}], "stop": "", "model": "", "usage": {}}',
        b'{"blocks": [{"id": "1", "name": "dialogue", "arguments": 1}], "stop": "", "model": "", "usage": {}}',
        b'{"blocks": [{"id": "1", "name": "dialogue", "arguments": "ab"}], "stop": "", "model": "", "usage": {}}',
    ],
)
async def test_a_reply_that_is_not_whole_on_disk_is_in_doubt_and_asked_for_again(lay: Lay, left: bytes) -> None:
    laid = lay()
    attempt = await left_flying(laid)
    (laid.places.calls / attempt / "done.json").write_bytes(left)
    assert recovered_with_700_reserved(laid) == ("doubt", 700, 0)
    laid.player.replies = [says("dialogue", text="again")]
    assert await say(laid.desk()) == "again"


async def test_a_call_that_was_never_sent_costs_nothing(lay: Lay) -> None:
    laid = lay()
    attempt = await left_flying(laid)
    (laid.places.calls / attempt / "sent").unlink()
    assert recovered_with_700_reserved(laid) == ("failed", 0, 0)


async def test_deaths_count_only_without_progress(lay: Lay, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NIGHTLAB_DEATH_LIMIT", raising=False)
    laid = lay()
    for life in range(2, 6):  # each engine brings the visit on by one call before it dies on the slow one
        laid.engine = life
        laid.player.replies = [says("dialogue", text="ok")]
        await say(laid.desk(), f"quick-{life}")
        await left_flying(laid, "slow")
        recover.recover(laid.store, laid.places)
    assert laid.store.row("SELECT 1 FROM wait WHERE why = 'trouble'") is None
    for life in (6, 7):
        laid.engine = life
        await left_flying(laid, "slow")
        recover.recover(laid.store, laid.places)
    assert laid.store.row("SELECT 1 FROM wait WHERE why = 'trouble'") is not None


def another_engine(laid: Laid) -> None:
    with laid.store.transaction() as tx:
        tx.execute(
            "INSERT INTO engine (pid, pid_start, boot, host, version, started_at) VALUES (1, 1, '', 'here', '0', 0)"
        )


async def test_deaths_in_a_step_that_is_no_call_count_too(lay: Lay, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NIGHTLAB_DEATH_LIMIT", raising=False)

    async def gone() -> str:
        raise Killed

    laid = lay()
    another_engine(laid)
    for life in range(1, 4):
        with pytest.raises(Killed):
            await laid.desk().step("world", gone)
        another_engine(laid)
        recover.recover(laid.store, laid.places)
        assert (laid.store.row("SELECT 1 FROM wait WHERE why = 'trouble'") is not None) == (life == 3)


def test_waits_for_the_world_are_begun_anew_and_those_for_a_person_stand(lay: Lay) -> None:
    laid = lay()
    with laid.store.transaction() as tx:
        for why in Wait:
            lineage.open_wait(tx, laid.run, why, ["retry"], {}, visit=laid.visit.id)
    recover.recover(laid.store, laid.places)
    over = {row["why"] for row in laid.store.rows("SELECT why FROM wait WHERE closed_seq IS NOT NULL")}
    assert over == {"backoff", "network", "disk", "auth"}


async def test_status_counts_from_the_folders_what_was_answered_or_started_twice(lay: Lay) -> None:
    laid = lay()
    laid.player.replies = [says("dialogue", text="ok")]
    await say(laid.desk())
    with reading(laid.places.database, laid.places.blobs) as reader:
        assert reader is not None
        assert repeated(reader, laid.places.calls) == 0 == started_twice(reader, laid.places.jobs)
        row = laid.store.row("SELECT step FROM attempt")
        assert row is not None
        for n, kind in ((2, "call"), (1, "job"), (2, "job")):
            with laid.store.transaction() as tx:
                step = row["step"] if kind == "call" else -1
                if step == -1:
                    step = (
                        tx.execute("SELECT max(id) FROM step").fetchone()[0]
                        if n == 2
                        else tx.insert(
                            "INSERT INTO step (visit, path, kind, fingerprint, state, deaths, begun_seq, begun_at)"
                            " VALUES (?, 'x', 'run', '', 'intent', 0, 0, 0)",
                            (laid.visit.id,),
                        )
                    )
                tx.execute(
                    "INSERT INTO attempt (id, step, n, kind, engine, state, reserved_micros, cost_micros, input,"
                    " cache_read, cache_write, output, estimated, gpu_reserved_s, gpu_s, begun_at)"
                    " VALUES (?,?,?,?,1,'done',0,0,0,0,0,0,0,0,0,0)",
                    (f"{kind}-{n}", step, n, kind),
                )
            folder = (laid.places.calls if kind == "call" else laid.places.jobs) / f"{kind}-{n}"
            folder.mkdir()
            (folder / "sent").touch()
            (folder / "started.json").touch()
        assert repeated(reader, laid.places.calls) == 1
        assert started_twice(reader, laid.places.jobs) == 1


# runs/


def made(laid: Laid, text: str, *, rendered: bool = True) -> None:
    product = Review(review=text)
    sha = versions.put(laid.store, product.files())
    with laid.store.transaction() as tx:
        version = versions.insert(tx, laid.visit.id, product, sha, handed_in=True)
    if rendered:
        render.product(laid.store, laid.places, laid.run, version.id, product.files())


def test_what_is_missing_or_old_under_runs_is_repaired_and_a_persons_file_is_left(lay: Lay) -> None:
    laid = lay()
    file = laid.places.runs / "1" / "review.md"
    made(laid, "first")
    made(laid, "second", rendered=False)  # the engine died between commit and rendering
    render.repair(laid.store, laid.places)
    assert "second" in file.read_text()
    file.unlink()
    render.repair(laid.store, laid.places)
    assert "second" in file.read_text()
    file.write_text("mine")
    made(laid, "third")
    render.repair(laid.store, laid.places)
    assert file.read_text() == "mine"
    assert len(laid.store.rows("SELECT 1 FROM event WHERE kind = 'file_kept'")) == 1


def test_a_new_visits_product_takes_the_place_of_the_old_ones(lay: Lay) -> None:
    laid = lay()
    made(laid, "first")
    with laid.store.transaction() as tx:
        lineage.open_visit(tx, laid.run, laid.visit.phase, {}, laid.visit.frame, None)
    visit = lineage.current(laid.store, laid.run)
    assert visit is not None
    laid.visit = visit
    made(laid, "of the second visit")
    assert "second visit" in (laid.places.runs / "1" / "review.md").read_text()
