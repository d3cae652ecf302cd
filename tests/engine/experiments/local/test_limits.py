"""What a limit counts: also what a program hides from whoever counts it."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from engine.experiments.contract import MB, Look
from engine.experiments.local import limits, look, shim, submit
from state import durable
from state.vocabulary import ExperimentState as S
from tests.engine.experiments.local.jobs import ending, left_over

ROOT = Path(__file__).parents[4]


@pytest.fixture
def as_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    """A person whom the rights of a folder hold, whoever runs the tests."""
    scandir, opened, access = os.scandir, os.open, os.access

    def shut(path: Any) -> bool:
        return isinstance(path, str | Path) and not stat.S_IMODE(os.lstat(path).st_mode) & 0o100

    def scanned(path: Any) -> Any:
        if shut(path):
            raise PermissionError(13, "Permission denied", path)
        return scandir(path)

    def open_(path: Any, *more: Any, **named: Any) -> int:
        if isinstance(path, Path) and shut(path.parent):
            raise PermissionError(13, "Permission denied", path)
        return opened(path, *more, **named)

    monkeypatch.setattr(os, "scandir", scanned)
    monkeypatch.setattr(os, "open", open_)
    monkeypatch.setattr(os, "access", lambda path, mode: not shut(path) and access(path, mode))


FIRST_THREAD_ENDS = """
import ctypes, os, threading, time
if os.fork():
    time.sleep(30)
os.setsid()

def go_on():
    while open("/proc/self/stat").read().rpartition(")")[2].split()[0] != "Z":
        time.sleep(0.01)
    open("pid", "w").write(str(os.getpid()))
    kept = bytearray(b"x" * 1_000_000) * HELD
    time.sleep(30)

threading.Thread(target=go_on).start()
ctypes.CDLL(None).syscall(60 if os.uname().machine == "x86_64" else 93, 0)
"""


async def test_a_process_whose_first_thread_ended_is_not_dead_and_ends_with_the_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(submit, "APART", False)
    end = await ending(tmp_path / "a", FIRST_THREAD_ENDS.replace("HELD", "1"), wall_s=1.5)
    assert (end.state, end.limit) == (S.LIMIT, "wall")
    assert not Path("/proc", (tmp_path / "a" / "work" / "pid").read_text()).exists()


async def test_what_it_holds_is_counted(tmp_path: Path, apart: bool) -> None:
    end = await ending(tmp_path / "a", FIRST_THREAD_ENDS.replace("HELD", "200"), memory_b=100 * MB)
    assert (end.state, end.limit) == (S.LIMIT, "memory")


def test_what_a_killed_shim_leaves_of_it_is_known_by_its_mark(tmp_path: Path) -> None:
    code = FIRST_THREAD_ENDS.replace("HELD", "1").replace("if os.fork():\n    time.sleep(30)\nos.setsid()\n", "")
    work = tmp_path / "a" / "work"
    work.mkdir(parents=True)
    mark = limits.mark_of(str(tmp_path / "a"))
    with subprocess.Popen(
        [sys.executable, "-S", "-c", code], cwd=work, env={limits.MARK: mark}, start_new_session=True
    ) as process:
        while not (work / "pid").exists():
            assert process.poll() is None
            time.sleep(0.01)
        assert limits.marked(mark, "/nowhere") == [process.pid]
        assert limits.marked("b", str(work)) == [process.pid]
        assert limits.end_marked(mark, str(work), patience_s=5)
    assert process.returncode == -9


SHARED = """
import mmap, os, time
def hold():
    kept = mmap.mmap(-1, 60_000_000)
    for _ in range(60):
        kept.write(b"x" * 1_000_000)
    return kept
"""


async def test_shared_memory_that_is_not_shared_counts_for_each_that_holds_it(tmp_path: Path, apart: bool) -> None:
    code = SHARED + "for _ in range(4):\n  if os.fork() == 0:\n    kept = hold(); time.sleep(30)\ntime.sleep(30)"
    end = await ending(tmp_path / "a", code, memory_b=130 * MB)
    assert (end.state, end.limit) == (S.LIMIT, "memory")


async def test_shared_memory_that_is_shared_counts_once_for_all_that_hold_it(tmp_path: Path) -> None:
    code = f"""{SHARED}
kept = hold()
for _ in range(4):
  if os.fork() == 0:
    sum(kept[::4096]); time.sleep(0.5); os._exit(0)
time.sleep(0.5)
"""
    end = await ending(tmp_path / "a", code, memory_b=130 * MB)
    assert (end.state, end.limit) == (S.FINISHED, None)
    assert 60_000_000 < end.memory_b < 130 * MB


async def test_files_without_bytes_fill_a_disk_too(tmp_path: Path) -> None:
    code = "import os, time\nfor n in range(4000): os.mknod(str(n))\ntime.sleep(30)"
    end = await ending(tmp_path / "a", code, disk_b=10 * MB)
    assert (end.state, end.limit) == (S.LIMIT, "disk")


async def test_no_folder_is_too_deep_to_be_counted(tmp_path: Path) -> None:
    code = """
        import os, time
        for _ in range(60):
            os.mkdir("d" * 100)
            os.chdir("d" * 100)
        open("big", "wb").write(bytes(20_000_000))
        time.sleep(30)
        """
    end = await ending(tmp_path / "a", code, disk_b=10 * MB)
    assert (end.state, end.limit) == (S.LIMIT, "disk")


@pytest.mark.usefixtures("as_nobody")
def test_a_folder_that_was_closed_is_counted(tmp_path: Path) -> None:
    (tmp_path / "hidden").mkdir()
    (tmp_path / "hidden" / "big").write_bytes(bytes(300_000))
    (tmp_path / "hidden").chmod(0)
    assert limits.folder_b(str(tmp_path)) > 300_000


def test_a_folder_that_nobody_may_look_into_is_passed_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(path: str) -> Iterator[Any]:
        raise PermissionError(13, "Permission denied", path)

    monkeypatch.setattr(os, "scandir", refused)
    assert limits.folder_b(str(tmp_path)) == 0


def test_what_is_opened_again_is_the_folder_itself_and_nothing_that_it_links_to(tmp_path: Path) -> None:
    (tmp_path / "else").mkdir(mode=0o755)
    (tmp_path / "link").symlink_to("else")
    assert not limits.open_up(str(tmp_path / "link"))
    assert stat.S_IMODE((tmp_path / "else").stat().st_mode) == 0o755


# what a program did to its job's folder ------------------------------------------------------------------------------


async def test_a_folder_in_the_way_of_its_end_does_not_keep_a_job_running_for_good(tmp_path: Path, apart: bool) -> None:
    end = await ending(tmp_path / "a", "import os; os.makedirs('../exit.json/in/the/way')", wall_s=5.0)
    assert (end.state, end.exit_code) == (S.FINISHED, 0)
    assert left_over(tmp_path / "a") == []


def test_an_end_is_written_though_the_folder_was_closed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write = durable.write_json

    def held(path: Path, value: object, *, mode: int) -> None:
        if not path.parent.stat().st_mode & 0o200:
            raise PermissionError(13, "Permission denied")
        write(path, value, mode=mode)

    monkeypatch.setattr(durable, "write_json", held)
    watch = shim.Watch.__new__(shim.Watch)
    watch.folder, watch.leaving = tmp_path / "a", False
    watch.folder.mkdir()
    watch.folder.chmod(0o500)
    watch.write_exit({"state": "finished"})
    assert json.loads((watch.folder / "exit.json").read_text()) == {"state": "finished"}


@pytest.mark.usefixtures("as_nobody")
def test_a_shim_and_an_engine_that_were_shut_out_let_themselves_in_again(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    caps = {"output_b": 1, "processes": 1000, "memory_b": 0, "disk_b": 1 << 40}
    watch = shim.Watch(tmp_path / "a", {"limits": caps})
    (tmp_path / "a" / "lock").touch()
    for let_in in (lambda: watch.over(0.0), lambda: look.look(tmp_path / "a")):
        (tmp_path / "a").chmod(0)
        assert let_in() in ("", Look.PLANNED)
        assert stat.S_IMODE((tmp_path / "a").stat().st_mode) == 0o700


def test_a_work_folder_that_became_a_link_costs_nobody_a_process(tmp_path: Path) -> None:
    (tmp_path / "person").mkdir()
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "started.json").write_text("{}")
    (tmp_path / "a" / "work").symlink_to(tmp_path / "person")
    with subprocess.Popen(["sleep", "30"], cwd=tmp_path / "person", start_new_session=True) as theirs:
        assert look.look(tmp_path / "a") is Look.LOST
        assert theirs.poll() is None
        theirs.kill()


# what is counted once, or not at all ---------------------------------------------------------------------------------


async def test_a_large_file_that_a_program_reads_is_not_what_it_wrote(tmp_path: Path) -> None:
    (tmp_path / "theirs").write_bytes(bytes(20_000_000))
    code = f"import time\nkept = open({str(tmp_path / 'theirs')!r}, 'rb')\ntime.sleep(1.2)"
    end = await ending(tmp_path / "a", code, disk_b=10 * MB)
    assert (end.state, end.limit) == (S.FINISHED, None)


def test_a_file_without_a_name_that_two_hold_open_counts_once(tmp_path: Path) -> None:
    with (tmp_path / "hidden").open("wb") as file:
        file.write(bytes(1_000_000))
        file.flush()
        (tmp_path / "hidden").unlink()
        second = os.dup(file.fileno())
        held_b = limits.unlinked_b([os.getpid()])
        os.close(second)
        assert held_b == limits.unlinked_b([os.getpid()]) >= 1_000_000


async def test_a_program_may_have_so_many_tasks_more_than_its_person_has_and_no_file_larger_than_its_limit(
    tmp_path: Path,
) -> None:
    """The kernel's own limits: where root runs the lab, it holds nobody to the first."""
    code = "import resource as of\nprint(*of.getrlimit(of.RLIMIT_NPROC), *of.getrlimit(of.RLIMIT_FSIZE))"
    end = await ending(tmp_path / "a", code, processes=10, file_b=4 * MB)
    tasks, most, soft_b, hard_b = map(int, end.tail.split())
    assert tasks == most
    assert shim.TASKS_SPARE + 40 < tasks <= shim.TASKS_SPARE + 40 + 2 * limits.user_tasks() + 100
    assert (soft_b, hard_b) == (4 * MB, 4 * MB)


async def test_a_shell_that_allows_less_is_obeyed(tmp_path: Path) -> None:
    code = (
        "import asyncio, pathlib, resource, sys\n"
        "from tests.engine.experiments.local.jobs import MB, ending\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (3 * MB, 3 * MB))\n"
        "told = 'import resource; print(resource.getrlimit(resource.RLIMIT_FSIZE)[1])'\n"
        "print(asyncio.run(ending(pathlib.Path(sys.argv[1]), told, file_b=4 * MB)).tail)\n"
    )
    told = subprocess.run(
        [sys.executable, "-c", code, tmp_path / "a"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert int(told.stdout) == 3 * MB
