"""`status --json`: the object of design, every field counted from a database and folders where it has a part."""

from __future__ import annotations

import json
import os

import pytest

from state import lineage
from state.errors import Plain
from state.vocabulary import Choice, Phase, Wait
from tests.tui.test_cli import Lab, lab
from tui import launch

__all__ = ["lab"]


def step(lab: Lab, visit: int, path: str, kind: str) -> int:
    with lab.store.transaction() as tx:
        return tx.insert(
            "INSERT INTO step (visit, path, kind, fingerprint, state, deaths, begun_seq, begun_at)"
            " VALUES (?,?,?,?,'done',0,0,0)",
            (visit, path, kind, path),
        )


def attempt(lab: Lab, of: int, n: int, kind: str, state: str, *marks: str) -> str:
    """A try at a step, with what its folder holds."""
    name = f"{kind}-{of}-{n}"
    with lab.store.transaction() as tx:
        tx.execute(
            "INSERT INTO attempt (id, step, n, kind, run, engine, state, reserved_micros, cost_micros, input,"
            " cache_read, cache_write, output, estimated, gpu_reserved_s, gpu_s, begun_at)"
            " VALUES (?,?,?,?,1,1,?,0,0,100,20,3,7,0,0,0,0)",
            (name, of, n, kind, state),
        )
    folder = lab.folder / ".nightlab" / f"{kind}s" / name
    folder.mkdir()
    for mark in marks:
        (folder / mark).touch()
    return name


def experiment(lab: Lab, visit: int, seed: int, name: str, state: str) -> None:
    with lab.store.transaction() as tx:
        number = tx.insert(
            "INSERT INTO experiment (run, visit, program, code, setting, data, seed, attempt, state, limit_s, tier,"
            " machine, begun_at) VALUES (1,?,'base','c','s','d',?,?,?,60,'basic','here',0)",
            (visit, seed, name, state),
        )
        tx.execute("INSERT INTO used VALUES (?, ?)", (visit, number))


def test_a_trouble_that_is_not_the_labs_own_names_its_reason_and_no_log(lab: Lab) -> None:
    run = lab.run()
    visit = lab.visit(run, Phase.LITERATURE_REVIEW)
    facts: dict[str, Plain] = {"what": "shelf_short", "papers": 4, "wanted": 5}
    with lab.store.transaction() as tx:
        lineage.open_wait(tx, run, Wait.TROUBLE, [Choice.ENOUGH.value], facts, visit=visit)
    shown = lab.say("status").out
    assert "Only 4 of 5 papers were found." in shown and "log" not in shown


def test_what_was_decided_and_lies_in_the_inbox_is_told_so(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(launch, "start_engine", lambda folder: None)
    run = lab.run()
    lab.wait(run, Wait.CHECKPOINT, Choice.APPROVE, Choice.STOP)
    assert "waits for you" in lab.say("status").out and "answers     approve, stop" in lab.say("status").out
    lab.say("approve")
    shown = lab.say("status").out
    assert "decided, waits for the engine" in shown and "decided     approve" in shown
    assert "waits for you" not in shown and "answers" not in shown
    (told,) = json.loads(lab.say("status", "--json").out)["waiting_for"]
    assert told["decided"] == "approve"


def test_a_paper_whose_authors_would_go_back_is_not_approved_by_mistake(lab: Lab) -> None:
    run = lab.run()
    visit = lab.visit(run, Phase.REPORT_REFINEMENT)
    facts: dict[str, Plain] = {"next": None, "advised": "running_experiments"}
    with lab.store.transaction() as tx:
        lineage.open_wait(tx, run, Wait.CHECKPOINT, [Choice.APPROVE.value], facts, visit=visit)
    assert "nightlab go-back running_experiments" in lab.say("status").out


def test_every_field_is_counted(lab: Lab) -> None:
    run = lab.run()
    visit = lab.visit(run, Phase.RUNNING_EXPERIMENTS)
    whole, twice = step(lab, visit, "a", "ask"), step(lab, visit, "b", "ask")
    attempt(lab, whole, 1, "call", "doubt", "sent")
    attempt(lab, whole, 2, "call", "done", "sent", "done.json")
    attempt(lab, twice, 1, "call", "doubt", "sent", "done.json")  # lay whole on disk, and was asked for again
    attempt(lab, twice, 2, "call", "done", "sent", "done.json")
    attempt(lab, twice, 3, "call", "failed")  # never sent
    states = ("running", "running", "finished", "failed", "limit", "lost", "finished")
    for seed, state in enumerate(states):
        job = step(lab, visit, f"job-{seed}", "run")
        flying = {"finished": "done", "failed": "done", "limit": "done", "running": "flying"}.get(state, state)
        experiment(lab, visit, seed, attempt(lab, job, 1, "job", flying, "started.json"), state)
    attempt(lab, job, 2, "job", "flying", "started.json")  # though the first try had ended
    attempt(lab, job - 1, 2, "job", "flying", "started.json")  # the first one was lost
    with lab.store.transaction() as tx:
        for word, read in (("w1", 5), ("w2", None)):
            tx.execute("INSERT INTO note (word, run, text, left_at, read_at) VALUES (?,1,'x',0,?)", (word, read))
        tx.execute("UPDATE run SET spent_micros = 1239000")
    (lab.folder / "runs" / "1" / "paper").mkdir(parents=True)
    (lab.folder / "runs" / "1" / "plan.md").touch()
    (lab.folder / "runs" / "1" / "paper" / "paper.pdf").touch()
    wait = lab.wait(run, Wait.BUDGET, Choice.RAISE, Choice.STOP)
    told = json.loads(lab.say("status", "--json").out)
    (waiting,) = told.pop("waiting_for")
    assert (waiting["what"], waiting["phase"], waiting["id"], waiting["choices"]) == (
        "budget", None, wait, ["raise", "stop"],
    )  # fmt: skip
    assert waiting["since"].endswith("+00:00")
    engine = told.pop("engine")
    assert (engine["pid"], engine["alive"]) == (os.getpid(), True)
    assert engine["since"].endswith("+00:00")
    assert told == {
        "version": 1,
        "project": str(lab.folder),
        "run": 1,
        "runs": [1],
        "state": "paused",
        "autonomy": "co-pilot",
        "phase": "running_experiments",
        "phases": [phase.value for phase in Phase],
        "tier": "basic",
        "calls": {"answered": 2, "in_doubt": 2, "repeated": 1},
        "tokens": {"input": 515, "cache_read": 100, "output": 35},
        "cost_usd": "1.24",
        "experiments": {"planned": 7, "running": 2, "finished": 2, "failed": 2, "lost": 1, "started_twice": 1},
        "notes": {"left": 2, "read": 1},
        "products": {"plan": "runs/1/plan.md", "paper_pdf": "runs/1/paper/paper.pdf"},
    }


def test_a_run_that_is_named_is_told_of_and_one_that_is_not_there_is_wrong_usage(lab: Lab) -> None:
    lab.run()
    lab.run()
    assert json.loads(lab.say("status", "--json", "--run", "1").out)["run"] == 1
    assert json.loads(lab.say("status", "--json").out)["run"] == 2
    assert lab.say("status", "--json", "--run", "7").code == 2


@pytest.mark.parametrize(
    ("spoken", "line"), [("en", "answers     raise, new-visit, stop"), ("zh", "可选    raise、new-visit、stop")]
)
def test_status_names_the_answers_that_can_be_given(lab: Lab, spoken: str, line: str) -> None:
    lab.wait(lab.run(), Wait.BUDGET, Choice.RAISE, Choice.NEW_VISIT, Choice.STOP)
    assert line in lab.say("--lang", spoken, "status").out.splitlines()
