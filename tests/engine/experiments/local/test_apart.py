"""A program among processes of its own: it reaches nobody, nothing of it outlives its shim, and it ends as it ended."""

from __future__ import annotations

import asyncio
import json
import os
import signal
from pathlib import Path

import pytest

from engine.experiments.local import apart, submit
from engine.experiments.local.place import Local
from state.vocabulary import ExperimentState as S
from tests.engine.experiments.local.jobs import ending, job, left_over

AWAY = """
import os, sys, time
here = os.getcwd()
for _ in range(3):
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            os.chdir("/")  # no mark, no folder
            os.execve(sys.executable, [sys.executable, "-S", "-c", "import time; time.sleep(60) # " + here], {})
        os._exit(0)
print("away", flush=True)
time.sleep(60)
"""


def told(folder: Path) -> dict[str, int]:
    found: dict[str, int] = json.loads((folder / "started.json").read_text())
    if not found["apart"]:
        pytest.skip("this machine lets nobody make a process namespace")
    return found


async def away(folder: Path) -> dict[str, int]:
    """A job whose processes left session, folder and environment; its started.json."""
    await Local().submit(folder, job(AWAY))
    found = told(folder)
    async with asyncio.timeout(60):
        while "away" not in (folder / "out.log").read_text() or len(left_over(folder)) < 3:
            await asyncio.sleep(0.01)
    return found


@pytest.mark.parametrize("dies", ["shim", "pid"])
async def test_when_the_shim_dies_its_whole_tree_dies_with_it_and_nobody_has_to_look(tmp_path: Path, dies: str) -> None:
    folder = tmp_path / "a"
    os.kill((await away(folder))[dies], signal.SIGKILL)
    async with asyncio.timeout(60):
        while left_over(folder):
            await asyncio.sleep(0.01)


async def test_a_program_cannot_signal_its_shim_whatever_number_it_knows(tmp_path: Path) -> None:
    place, folder = Local(), tmp_path / "a"
    await place.submit(
        folder,
        job(
            """
            import os, signal, time
            while not os.path.exists("shim"): time.sleep(0.01)
            time.sleep(0.1)
            for pid in (os.getppid(), int(open("shim").read())):
                try:
                    os.kill(pid, signal.SIGKILL)
                except ProcessLookupError:
                    pass
            print("seen", sorted(int(name) for name in os.listdir("/proc") if name.isdigit()), os.getpid())
            """
        ),
    )
    (folder / "work" / "shim").write_text(str(told(folder)["shim"]))
    end = await place.wait(folder)
    assert (end.state, end.tail) == (S.FINISHED, "seen [1, 2] 2")


async def test_it_is_told_by_which_signal_or_code_a_program_ended(tmp_path: Path) -> None:
    for name, code, expected in (
        ("code", "raise SystemExit(3)", (S.FAILED, 3, None)),
        ("killed", "import os; os.kill(os.getpid(), 9)", (S.FAILED, None, signal.SIGKILL)),
        ("crashed", "import os; os.kill(os.getpid(), 11)", (S.FAILED, None, signal.SIGSEGV)),
        ("asked", "import os; os.kill(os.getpid(), 15)", (S.FAILED, None, signal.SIGTERM)),
    ):
        end = await ending(tmp_path / name, code)
        told(tmp_path / name)
        assert (end.state, end.exit_code, end.signal) == expected, name


async def test_orphans_go_with_the_program_that_left_them(tmp_path: Path) -> None:
    folder = tmp_path / "a"
    end = await ending(folder, AWAY.replace("time.sleep(60)\n", "time.sleep(0.1)\n"))
    told(folder)
    assert (end.state, left_over(folder)) == (S.FINISHED, [])


def test_where_it_is_refused_nothing_is_left_of_the_try(monkeypatch: pytest.MonkeyPatch) -> None:
    def refused() -> None:
        raise PermissionError

    monkeypatch.setattr(apart, "_unshare", refused)
    assert apart.start(lambda parent: os._exit(0), ()) is None
    with pytest.raises(ChildProcessError):
        os.waitpid(-1, os.WNOHANG)


def test_where_proc_cannot_be_mounted_nothing_is_left_of_the_try(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(apart, "_begin", lambda *given: None)
    assert apart.start(lambda parent: os._exit(0), ()) is None
    with pytest.raises(ChildProcessError):
        os.waitpid(-1, os.WNOHANG)


async def test_what_stands_between_counts_neither_as_memory_nor_as_processes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    code = "import os, time\nif os.fork() == 0: time.sleep(0.5); os._exit(0)\nos.wait()"
    there = await ending(tmp_path / "apart", code, processes=2)
    told(tmp_path / "apart")
    monkeypatch.setattr(submit, "APART", False)
    plain = await ending(tmp_path / "plain", code, processes=2)
    assert (there.state, plain.state) == (S.FINISHED, S.FINISHED)
    assert abs(there.memory_b - plain.memory_b) < 4 << 20
