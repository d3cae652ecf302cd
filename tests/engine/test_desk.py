"""The desk: whatever was asked of the world is asked once, whoever asks again."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from engine import opening, prompt
from engine.answering import Refusal
from engine.answers import Dialogue, Keep, SearchPapers
from engine.desk import ASKS_ALWAYS, Desk, NameUsed
from engine.experiments.contract import Job, Limits
from engine.prompt import Shown, fields_of
from engine.seat import LOOKS, Seat, Tool
from state import lineage
from state.errors import LabError, Plain
from state.journal import Diverged
from state.notes import note
from state.readers import reading
from state.vocabulary import Choice, Role, Wait
from tests.engine.conftest import Laid, says, text
from tests.engine.lab import Slow

Lay = Callable[..., Laid]


def seat(desk: Desk, role: Role = Role.PHD_STUDENT, name: str = "student") -> Seat:
    """A seat whose prompt has nothing in its fields."""
    return desk.seat(role, name, **dict.fromkeys(fields_of(desk.frame.prompt(f"plan_formulation/{name}"))))


async def test_an_answer_that_was_recorded_is_never_asked_for_again(lay: Lay) -> None:
    laid = lay()
    laid.player.replies = [says("dialogue", text="first"), says("dialogue", text="second")]

    async def talk(desk: Desk) -> list[str]:
        student = seat(desk)
        return [
            (await student.ask("hello", answers=(Dialogue,))).text,
            (await student.ask("go on", answers=(Dialogue,))).text,
        ]

    assert await talk(laid.desk()) == ["first", "second"]
    assert await talk(laid.desk()) == ["first", "second"]
    assert len(laid.player.asked) == 2
    # the second request holds the whole conversation, and the tool call of the first is answered
    roles = [message.role for message in laid.player.asked[1].messages]
    assert roles == ["user", "assistant", "user"]


async def test_another_question_at_the_same_path_is_a_divergence_and_costs_nothing(lay: Lay) -> None:
    laid = lay()
    laid.player.replies = [says("dialogue", text="first")]
    await seat(laid.desk()).ask("hello", answers=(Dialogue,))
    with pytest.raises(Diverged) as raised:
        await seat(laid.desk()).ask("something else", answers=(Dialogue,))
    assert raised.value.step.path == "plan@1/student/1"
    assert len(laid.player.asked) == 1


async def test_a_broken_reply_goes_back_with_the_reason(lay: Lay) -> None:
    laid = lay()
    laid.player.replies = [
        text("just words"),
        says("dance", text="x"),
        says("dialogue", words="wrong name"),
        says("dialogue", text="at last"),
    ]
    answer = await seat(laid.desk()).ask("hello", answers=(Dialogue,))
    assert answer.text == "at last"
    told = [str(request.messages[-1].blocks) for request in laid.player.asked[1:]]
    assert "no tool was called" in told[0] and "no tool &#x27;dance&#x27;" in told[1].replace("'", "&#x27;")
    assert "wrong arguments" in told[2]


async def test_an_answer_that_is_refused_goes_back_and_the_next_one_is_taken(lay: Lay) -> None:
    laid = lay()
    laid.player.replies = [says("dialogue", text="no"), says("dialogue", text="yes")]
    answer = await seat(laid.desk()).ask(
        "?", answers=(Dialogue,), check=lambda given: Refusal("say yes") if given.text == "no" else None
    )
    assert answer.text == "yes"


async def test_a_tool_runs_once_and_its_result_goes_back(lay: Lay) -> None:
    laid = lay()
    ran: list[str] = []

    async def search(desk: Desk, asked: SearchPapers) -> Shown:
        async def once() -> Plain:
            ran.append(asked.query)
            return f"found for {asked.query}"

        return Shown(str(await desk.step("search", once)))

    tool = Tool("search_papers", SearchPapers, search)
    laid.player.replies = [says("search_papers", query="grokking"), says("dialogue", text="done")]
    for _ in range(2):
        answer = await seat(laid.desk()).ask("go", answers=(Dialogue,), tools=[tool])
        assert answer.text == "done"
    assert ran == ["grokking"]
    assert "found for grokking" in str(laid.player.asked[1].messages[-1].blocks)


async def test_a_role_that_only_looks_has_to_answer_in_the_end(lay: Lay) -> None:
    laid, ran = lay(), 0

    async def search(desk: Desk, asked: SearchPapers) -> Shown:
        nonlocal ran
        ran += 1
        return Shown("nothing yet")

    tool = Tool("search_papers", SearchPapers, search)
    searches = says("search_papers", query="grokking")
    laid.player.replies = [*[searches] * (LOOKS + 1), says("dialogue", text="done")]
    answer = await seat(laid.desk()).ask("go", answers=(Dialogue,), tools=[tool])
    assert answer.text == "done" and ran == LOOKS
    before, after, refused = (str(request.messages[-1].blocks) for request in laid.player.asked[-3:])
    assert "open_now" not in before and "<open_now>dialogue</open_now>" in after
    assert "'search_papers' is not open now" in refused
    assert laid.player.asked[-1].tools == laid.player.asked[0].tools, "the list stays, so that it stays cached"


async def test_a_step_is_done_once_and_its_error_is_replayed(lay: Lay) -> None:
    laid = lay()
    times = 0

    async def fails() -> Plain:
        nonlocal times
        times += 1
        raise LabError("literature.could_not_ask", source="arxiv")

    for _ in range(2):
        with pytest.raises(LabError) as raised:
            await laid.desk().step("look", fails)
        assert raised.value.facts == {"source": "arxiv"}
    assert times == 1


async def test_a_name_is_used_once_in_a_scope(lay: Lay) -> None:
    desk = lay().desk()
    desk.within("a")
    with pytest.raises(NameUsed):
        desk.within("a")


async def test_who_ended_first_is_recorded_and_comes_first_again(lay: Lay) -> None:
    laid = lay()
    gates = {name: asyncio.Event() for name in ("a", "b")}

    async def work(desk: Desk, name: str) -> str:
        await gates[name].wait()
        return name

    async def race(desk: Desk) -> list[str]:
        running = [desk.start(name, work, name) for name in ("a", "b")]
        return [(await desk.first("one", *running)).name, *(await desk.all(*running))]

    gates["b"].set()
    racing = asyncio.ensure_future(race(laid.desk()))
    while laid.store.row("SELECT 1 FROM step WHERE kind = 'first'") is None:
        await asyncio.sleep(0)
    gates["a"].set()
    assert await racing == ["b", "a", "b"]
    assert await race(laid.desk()) == ["b", "a", "b"]  # both are done now, and b is still the first


async def test_a_program_runs_once_and_its_ending_is_recalled(lay: Lay) -> None:
    laid = lay()
    code = b"import pathlib\npathlib.Path('out.txt').write_text('hi')\nprint('said')\n"
    job = Job("python", (sys.executable, "p.py"), Limits(20, 1 << 30), files={"p.py": code}, wants=("out.txt",))
    for _ in range(2):
        desk = laid.desk()
        ending = await desk.run("run", job)
        assert ending.ok and "said" in ending.tail
        assert desk.file(ending, "out.txt") == b"hi"
    assert len(list(laid.places.jobs.iterdir())) == 1


async def test_what_the_lab_itself_drew_stands_though_it_would_draw_it_otherwise_by_now(lay: Lay) -> None:
    laid = lay()

    def drawing(code: bytes) -> Job:
        return Job("figures", (sys.executable, "p.py"), Limits(20, 1 << 30), files={"p.py": code}, author="lab")

    for code in (b"print('old')", b"print('new')"):
        assert (await laid.desk().run("draw", drawing(code))).tail.strip() == "old"
    with pytest.raises(Diverged):
        await laid.desk().run("draw", replace(drawing(b"print('new')"), author="model"))


async def test_a_note_is_read_once_by_the_next_turn_and_then_stays_in_view(lay: Lay) -> None:
    laid = lay()
    laid.player.replies = [says("dialogue", text="one"), says("dialogue", text="two"), says("dialogue", text="three")]
    with laid.store.transaction() as tx:
        note(tx, "w1", laid.run, None, None, "five seeds, please", 0)

    async def talk(desk: Desk) -> None:
        await seat(desk).ask("hello", answers=(Dialogue,))
        await seat(desk.within("later"), Role.POSTDOC, "lead").ask("and?", answers=(Dialogue,))

    await talk(laid.desk())
    first, second = (str(request.messages[-1].blocks) for request in laid.player.asked)
    assert '<note to="team" id="w1">five seeds, please</note>' in first
    assert '<earlier_note to="team" id="w1">five seeds, please</earlier_note>' in second
    row = laid.store.row("SELECT read_by, read_at FROM note")
    assert row is not None and row["read_at"] is not None
    await talk(laid.desk())
    assert len(laid.player.asked) == 2


async def test_a_program_that_two_runs_make_is_one_program_and_both_show_it(lay: Lay, tmp_path: Path) -> None:
    laid = lay()
    (tmp_path / "go").touch()
    first_run, first_visit = laid.run, laid.visit

    async def makes() -> None:
        desk = laid.desk()
        assert await desk.name("wd_2", "a" * 64) == "wd_2"
        assert (await desk.run("run", Slow(str(tmp_path / "go")))).ok

    await makes()
    with laid.store.transaction() as tx:
        laid.run = lineage.begin_run(
            tx, laid.store.put(laid.config.canonical.encode()), [first_visit.phase], "co-pilot"
        )
        opening.begin(tx, laid.run, first_visit.phase, first_visit.frame, None)
    again = lineage.current(laid.store, laid.run)
    assert again is not None
    laid.visit = again
    await makes()
    assert len(list(laid.places.jobs.iterdir())) == 1  # nor did it run twice
    with reading(laid.places.database, laid.places.blobs) as reader:
        assert reader is not None
        for run in (first_run, laid.run):
            assert [program.name for program in reader.programs(run)] == ["wd_2"]
            assert [experiment.id for experiment in reader.experiments(run)] == [1]


async def test_a_visit_keeps_the_tools_that_it_was_opened_with(lay: Lay, monkeypatch: pytest.MonkeyPatch) -> None:
    laid = lay()
    monkeypatch.setattr(Dialogue, "__doc__", "Something else by now.")
    laid.player.replies = [says("dialogue", text="first")]
    await seat(laid.desk()).ask("hello", answers=(Dialogue,))
    (tool,) = laid.player.asked[0].tools
    assert tool.description == "Say something to your colleague. They answer, and you go on from there."


async def test_a_tool_that_is_not_open_now_goes_back_with_the_names_of_those_that_are(lay: Lay) -> None:
    laid = lay()
    laid.player.replies = [says("dialogue", text="one more"), says("keep", why="settled")]
    lead = seat(laid.desk()).with_tools(Dialogue, Keep)
    answer = await lead.ask(answers=(Keep,))
    assert answer.why == "settled"
    first, second = laid.player.asked
    assert [tool.name for tool in first.tools] == ["dialogue", "keep"] and first.tools == second.tools
    assert first.messages[-1].text == "<begin/>\n<open_now>keep</open_now>"
    told = str(second.messages[-1].blocks)
    assert "'dialogue' is not open now: call one of keep" in told and "<open_now>keep</open_now>" in told


async def test_a_visit_of_before_goes_on_as_it_began(lay: Lay) -> None:
    laid = lay()
    laid.player.replies = [says("keep", why="settled")]
    desk = laid.desk()
    desk.bench.frame = replace(desk.bench.frame, edition=0, prompts={**desk.frame.prompts, prompt.HOW: ""})
    await seat(desk).with_tools(Dialogue, Keep).ask(answers=(Keep,))
    (asked,) = laid.player.asked
    assert [tool.name for tool in asked.tools] == ["keep"] and asked.messages[-1].text == "<go_on/>"


async def test_autopilot_answers_a_question_but_none_about_money_risk_or_trouble(lay: Lay) -> None:
    laid = lay()
    with laid.store.transaction() as tx:
        tx.execute("UPDATE run SET autonomy = 'autopilot'")
    desk = laid.desk()
    assert await desk.hold("which", Wait.NOTE, Choice.RETRY, Choice.STOP) is Choice.RETRY
    assert not laid.store.rows("SELECT 1 FROM wait"), "nobody was asked"
    for why in sorted(ASKS_ALWAYS):
        asked = asyncio.ensure_future(desk.hold(why.value, why, Choice.RETRY, Choice.STOP))
        async with asyncio.timeout(60):
            while (row := laid.store.row("SELECT id FROM wait WHERE why = ? AND closed_seq IS NULL", (why,))) is None:
                await asyncio.sleep(0)
                assert not asked.done(), why
        with laid.store.transaction() as tx:
            lineage.close_wait(tx, row["id"], Choice.STOP.value)
        laid.bell.ring()
        assert await asked is Choice.STOP


async def test_the_fourth_reply_that_breaks_the_rules_is_brought_before_the_person(lay: Lay) -> None:
    laid = lay()
    laid.player.replies = [text("no tool")] * 4 + [says("dialogue", text="at last")]
    asking = asyncio.ensure_future(seat(laid.desk()).ask("hello", answers=(Dialogue,)))
    async with asyncio.timeout(60):
        while (row := laid.store.row("SELECT id, facts FROM wait WHERE why = 'trouble'")) is None:
            await asyncio.sleep(0.01)
            assert not asking.done()
    assert "reply_refused" in row["facts"] and len(laid.player.asked) == 4
    with laid.store.transaction() as tx:
        lineage.close_wait(tx, row["id"], Choice.RETRY.value)
    laid.bell.ring()
    assert (await asking).text == "at last"
