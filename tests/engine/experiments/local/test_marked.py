"""Whose a process is: by its descent, by the mark in its environment, by the folder it works in; never a person's."""

from __future__ import annotations

import json
import os
import pty
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from engine.experiments.contract import Look
from engine.experiments.local import limits, look, shim
from engine.experiments.local.place import Local
from state import lock
from state.vocabulary import ExperimentState as S
from tests.engine.experiments.local.jobs import ending, job

SLEEPS = "import time; print('there', flush=True); time.sleep(60)"


@contextmanager
def process(code: str = SLEEPS, *, cwd: Path, env: dict[str, str] | None = None) -> Iterator[subprocess.Popen[str]]:
    """A process in a session of its own, once it says that it is there."""
    with subprocess.Popen(
        [sys.executable, "-S", "-c", code],
        cwd=cwd,
        env=env or {},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as one:
        assert one.stdout is not None
        assert one.stdout.readline() == "there\n"
        try:
            yield one
        finally:
            one.kill()


def test_a_person_s_shell_in_a_job_s_folder_is_not_the_program_s(tmp_path: Path) -> None:
    person, terminal = pty.openpty()
    mark = limits.mark_of(str(tmp_path))
    try:
        opens = f"import os; os.open({os.ttyname(terminal)!r}, os.O_RDWR)\n{SLEEPS}"
        with process(opens, cwd=tmp_path) as shell, process(cwd=tmp_path) as program:
            assert limits.marked("none", str(tmp_path)) == [program.pid]
            assert shell.poll() is None
        with process(opens, cwd=tmp_path, env={limits.MARK: mark}) as marked:
            assert limits.marked(mark, str(tmp_path)) == [marked.pid]  # a program may take a terminal of its own
    finally:
        os.close(person)
        os.close(terminal)


def test_a_folder_whose_name_only_begins_alike_is_another(tmp_path: Path) -> None:
    for name in ("work", "work-2", "work/below"):
        (tmp_path / name).mkdir()
    with process(cwd=tmp_path / "work-2"), process(cwd=tmp_path / "work" / "below") as below:
        assert limits.marked("none", str(tmp_path / "work")) == [below.pid]


def test_a_folder_that_was_removed_beneath_a_program_is_still_its_own(tmp_path: Path) -> None:
    (tmp_path / "work").mkdir()
    with process(cwd=tmp_path / "work") as program:
        (tmp_path / "work").rmdir()
        assert limits.marked("none", str(tmp_path / "work")) == [program.pid]


def test_whoever_asks_is_none_of_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    fields = limits._fields  # as where there is no terminal, which alone would pass this process over
    monkeypatch.setattr(limits, "_fields", lambda pid: [*fields(pid)[:4], b"0", *fields(pid)[5:]])
    assert limits.marked("none", str(tmp_path)) == []


def test_descent_is_known_also_where_the_kernel_lists_no_children(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with process(cwd=tmp_path) as child:
        for listed in (True, False):
            monkeypatch.setattr(limits, "LISTED", listed)
            assert child.pid in limits.descendants(os.getpid())
            assert limits.descendants(child.pid) == []


async def test_what_a_program_had_started_by_others_ends_with_it(tmp_path: Path) -> None:
    """By a server that ran already: it descends from nobody here, and has the mark."""
    (tmp_path / "a").mkdir()
    with process(cwd=Path("/"), env={limits.MARK: limits.mark_of(str(tmp_path / "a"))}) as theirs:
        assert (await ending(tmp_path / "a", "print('over')")).state is S.FINISHED
        assert theirs.wait(10) == -9


async def test_a_copy_of_a_project_that_is_at_work_leaves_its_programs_alone(tmp_path: Path, apart: bool) -> None:
    """An engine over the copy takes the job for lost, and ends what is left of it."""
    place = Local()
    await place.submit(
        tmp_path / "a", job("import os, time\nwhile not os.path.exists('go'): time.sleep(0.01)\nprint('over')")
    )
    shutil.copytree(tmp_path / "a", tmp_path / "copy" / "a")
    assert await place.look(tmp_path / "copy" / "a") is Look.LOST
    (tmp_path / "a" / "work" / "go").touch()
    end = await place.wait(tmp_path / "a")
    assert (end.state, end.tail) == (S.FINISHED, "over")


async def test_a_project_that_was_moved_still_knows_what_it_left(tmp_path: Path) -> None:
    for name in ("before/a", "elsewhere"):
        (tmp_path / name).mkdir(parents=True)
    with process(cwd=Path("/"), env={limits.MARK: limits.mark_of(str(tmp_path / "before" / "a"))}) as left:
        (tmp_path / "before").rename(tmp_path / "after")
        look.end_left(tmp_path / "after" / "a")
        assert left.wait(10) == -9


def test_a_disk_that_was_full_only_while_a_program_ran_is_not_forgotten(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    free_b = iter((9000, 70, 8000))
    monkeypatch.setattr(shim, "room_b", lambda folder: next(free_b))
    caps = {"output_b": 1, "processes": 1000, "memory_b": 0, "disk_b": 1 << 40}
    watch = shim.Watch(tmp_path, {"limits": caps})
    for now in (0.0, 1e9):
        assert watch.over(now) == ""
    assert watch.least_b == 70


@pytest.mark.parametrize("reused", ["shim", "pid", ""])
def test_a_number_that_another_process_has_by_now_is_nobody_s(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, reused: str
) -> None:
    ended: list[int] = []
    monkeypatch.setattr(look, "end_overdue", lambda folder, shim, took_s: ended.append(shim))
    with process(cwd=Path("/")) as watcher, process(cwd=Path("/")) as program:
        told = {"shim": watcher.pid, "pid": program.pid, "boot": lock.boot(), "monotonic": -1e6, "wall_s": 1}
        for name, starts in (("shim", "shim_start"), ("pid", "start")):
            one = lock.identity(int(str(told[name])))
            assert one is not None
            told[starts] = one.start - (name == reused)
        (tmp_path / "started.json").write_text(json.dumps(told))
        look.rouse(tmp_path)
        assert ended == ([] if reused else [watcher.pid])
