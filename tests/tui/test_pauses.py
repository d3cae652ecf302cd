"""What notices say in numbers, from a real database: calls in flight, how an engine ended, limits and what is ahead."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from state import ledger, lineage, lock, standstill
from state.events import ProjectChanged, SettingChanged
from state.readers import Reader
from state.rows import RunRow
from state.vocabulary import Choice, Language, Phase, Wait
from tests.tui.test_poller import Project
from tui import language, launch, words
from tui.engineseen import EngineSeen
from tui.homerows import Found, project_rows
from tui.machine import Gpu, HostWatch
from tui.pauses import pause


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(tmp_path / "mine")


def opened(project: Project) -> tuple[Reader, RunRow]:
    reader = Reader(project.where.database, project.where.blobs)
    run = reader.run(project.run)
    assert run is not None
    return reader, run


def engine(project: Project, pid: int, boot: str, why: str | None = None) -> None:
    with project.store.transaction() as tx:
        tx.execute(
            "INSERT INTO engine (pid, pid_start, boot, host, version, started_at, ended_at, why)"
            " VALUES (?,1,?,?,?,?,?,?)",
            (pid, boot, os.uname().nodename, "0", tx.at, tx.at if why else None, why),
        )


def call(project: Project, number: int, state: str, micros: int, files: tuple[str, ...] = ("sent",)) -> None:
    """A call that has no answer: its step, one attempt, and how far its folder tells that it came."""
    attempt = f"a{number}"
    with project.store.transaction() as tx:
        step = tx.insert(
            "INSERT INTO step (visit, path, kind, role, fingerprint, state, deaths, begun_seq, begun_at)"
            " VALUES (?,?,'ask','postdoc',?,'intent',0,0,?)",
            (project.visit, f"plan@1/lead/{number}", f"f{number}", tx.at),
        )
        tx.execute(
            "INSERT INTO attempt (id, step, n, kind, run, engine, state, reserved_micros, cost_micros, input,"
            " cache_read, cache_write, output, estimated, gpu_reserved_s, gpu_s, begun_at)"
            " VALUES (?,?,1,'call',?,1,?,?,0,0,0,0,0,0,0,0,?)",
            (attempt, step, project.run, state, micros, tx.at),
        )
    folder = project.where.calls / attempt
    folder.mkdir(parents=True)
    for name in files:
        (folder / name).touch()


def test_an_engine_that_was_killed_says_by_what_and_which_calls_are_made_again(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    monkeypatch.setattr(launch, "_started", [child])
    engine(project, child.pid, lock.boot())
    call(project, 1, "flying", 40_000)
    call(project, 2, "flying", 30_000, ())  # nothing of it had left
    call(project, 3, "flying", 20_000, ("sent", "done.json"))  # its answer lies here whole
    call(project, 4, "doubt", 10_000)
    child.send_signal(signal.SIGKILL)
    child.wait()
    reader, run = opened(project)
    seen = EngineSeen(project.where, reader).look(2**50, run.id)
    assert (seen.alive, seen.why, seen.number) == (False, "signal", 9)
    assert (seen.doubtful, seen.doubtful_micros) == (1, 40_000)
    last = reader.events()[-1].at
    assert seen.gone_at is not None
    assert last <= seen.gone_at < 2**50  # heard of last then, not when somebody looks
    reader.close()


@pytest.mark.parametrize(("boot", "why"), [("another", "reboot"), (lock.boot(), "died")])
def test_an_engine_of_an_earlier_boot_went_with_the_machine(project: Project, boot: str, why: str) -> None:
    engine(project, 1, boot)
    reader, run = opened(project)
    assert EngineSeen(project.where, reader).look(1, run.id).why == why
    reader.close()


def test_a_death_that_is_over_says_when_it_was_and_when_the_next_engine_came(project: Project) -> None:
    engine(project, 1, "another", "died")
    before = project.store.row("SELECT max(at) AS at FROM event")
    engine(project, 2, lock.boot())
    reader, _ = opened(project)
    (death,) = EngineSeen(project.where, reader).deaths()
    assert before is not None
    assert (death.pid, death.reboot) == (1, True)
    assert death.last_at <= before["at"] <= death.back_at
    reader.close()


def test_a_limit_says_where_it_comes_from(project: Project) -> None:
    reader, run = opened(project)
    assert standstill.limit(reader, run, standstill.MONEY) == standstill.Limit(10.0, "project")
    with project.store.transaction() as tx:
        facts = {"limit_usd": 10.0, "spent_usd": 9.9, "needs_usd": 0.3}
        lineage.open_wait(tx, project.run, Wait.BUDGET, [Choice.RAISE.value], facts, visit=project.visit)
    waits = reader.waits(project.run)
    assert pause(project.folder, reader, run, waits, 0).line == 0  # project.toml names none
    (project.folder / "project.toml").write_text('question = "Does it?"\n\n[limits]\nmoney_usd = 10\n')
    assert pause(project.folder, reader, run, waits, 0).line == 4
    for text in ('question = "Does it?"\nlimits = 10\n', f"question = {'[' * 3000}\n"):  # in the midst of an edit
        (project.folder / "project.toml").write_text(text)
        assert pause(project.folder, reader, run, waits, 0).line == 0
    with project.store.transaction() as tx:
        tx.event(SettingChanged(standstill.MONEY, 15.0))
        ledger.grant(tx, standstill.MONEY, 15.0, None)
    told = standstill.limit(reader, run, standstill.MONEY)
    assert (told.value, told.source) == (15.0, "person")
    with project.store.transaction() as tx:
        tx.event(SettingChanged(standstill.MONEY, 2.0))
        ledger.grant(tx, standstill.MONEY, 2.0, None, project.run)
    assert standstill.limit(reader, run, standstill.MONEY).source == "run"
    reader.close()


def test_a_limit_that_project_toml_changed_later_holds_over_what_was_said_before(project: Project) -> None:
    with project.store.transaction() as tx:
        ledger.grant(tx, standstill.MONEY, 15.0, None)
        tx.event(ProjectChanged([{"key": standstill.MONEY, "old": 10, "new": 12, "when": "now"}]))
    reader, run = opened(project)
    assert standstill.limit(reader, run, standstill.MONEY).source == "project"
    reader.close()


def test_what_is_ahead_is_what_steps_that_are_over_cost_times_those_to_come(project: Project) -> None:
    with project.store.transaction() as tx:
        for number, micros in ((1, 100_000), (2, 300_000), (3, 50_000)):
            step = tx.insert(
                "INSERT INTO step (visit, path, kind, role, fingerprint, state, deaths, begun_seq, begun_at)"
                " VALUES (?,?,'ask','postdoc',?,'done',0,0,?)",
                (project.visit, f"plan@1/step-{number}/improve/1", f"s{number}", tx.at),
            )
            tx.execute(
                "INSERT INTO attempt (id, step, n, kind, run, engine, state, reserved_micros, cost_micros, input,"
                " cache_read, cache_write, output, estimated, gpu_reserved_s, gpu_s, begun_at)"
                " VALUES (?,?,1,'call',?,1,'done',0,?,0,0,0,0,0,0,0,?)",
                (f"s{number}", step, project.run, micros, tx.at),
            )
    reader, run = opened(project)
    told = standstill.ahead(reader, run, Phase.PLAN_FORMULATION, 5)
    # two are over, three to come; what the third has cost so far is off
    assert told.phase_micros == (3 * 100_000 - 50_000, 3 * 300_000 - 50_000)
    assert told.run_micros is None  # nothing tells what the later phases cost
    assert standstill.ahead(reader, run, Phase.REPORT_WRITING, 5) == standstill.Ahead()
    reader.close()


def test_runs_stay_on_home_while_project_toml_is_wrong(project: Project) -> None:
    project.wait()
    (project.folder / "project.toml").write_text('question = "Does it?"\nautonomy = "co-pilto"\n')
    broken, run = project_rows(project.folder, Found())
    assert broken.key == "home.broken.project.bad_value"
    assert (broken.facts["file"], broken.facts["line"]) == ("project.toml", 2)
    assert (run.run, run.group, run.key) == (project.run, "waits", "home.waits.plan_formulation")
    assert run.question == "Does it?"


def test_home_tells_who_sits_on_which_card(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import fcntl

    cards = tuple(Gpu(index, "H100", 0, 0, 80, f"GPU-{index}") for index in range(3))
    monkeypatch.setattr("tui.machine._gpus", lambda: cards)
    for index in (0, 1, 2):
        (tmp_path / f"1000-GPU-{index}.lock").touch()
    with (tmp_path / "1000-GPU-1.lock").open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        told = HostWatch(tmp_path).look({"GPU-0": "lr-warmup e14"}, "bubblewrap")
    assert [(card.who, card.leased) for card in told.gpus] == [("lr-warmup e14", False), ("", True), ("", False)]
    assert told.cores >= 1
    assert 0 <= told.free_cores <= told.cores


def test_what_became_of_the_hypothesis_is_told_in_the_persons_language() -> None:
    language.use(Language.ZH)
    told = words.sentence("went.results_interpretation", {"hypothesis": "holds"})
    assert "holds" not in told
