"""An engine that dies, and the next one: nothing is started twice, nothing is lost, nothing outlives its shim."""

from __future__ import annotations

import asyncio
import fcntl
import json
import os
import random
import signal
import subprocess
import sys
from pathlib import Path
from typing import cast

import pytest

from engine.experiments.contract import Look
from engine.experiments.local import look, submit
from engine.experiments.local.place import Local
from state.errors import LabError
from state.vocabulary import ExperimentState as S
from tests.engine.experiments.local.jobs import job, left_over

ROOT = Path(__file__).parents[4]
COUNTED = "import time\nopen('count', 'a').write('x')\ntime.sleep(0.15)\nprint('over')"
ENGINE = f"""
import asyncio, sys
from pathlib import Path
from engine.experiments.local.place import Local
from tests.engine.experiments.local.jobs import job

async def main():
    place = Local()
    async def one(folder):
        if await place.look(folder) == "planned":
            await place.submit(folder, job({COUNTED!r}))
        await place.wait(folder)
    print("at work", flush=True)
    await asyncio.gather(*(one(Path(name)) for name in sys.argv[1:]))

asyncio.run(main())
"""


def engine(*folders: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", ENGINE, *map(str, folders)], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )


async def test_thirty_engine_deaths_around_the_launch_start_nothing_twice_and_lose_nothing(tmp_path: Path) -> None:
    chance = random.Random(8)
    folders: list[Path] = []
    for death in range(30):
        folder = tmp_path / f"j{death // 2}"  # each job is met by two engines that die
        folders.append(folder)
        with engine(folder) as at_work:
            assert at_work.stdout is not None
            assert at_work.stdout.readline() == "at work\n"
            await asyncio.sleep(chance.uniform(0, 0.12))
            at_work.kill()
    place = Local()
    for folder in dict.fromkeys(folders):
        if await place.look(folder) is Look.PLANNED:
            await place.submit(folder, job(COUNTED))
        end = await place.wait(folder)
        assert (end.state, end.tail) == (S.FINISHED, "over")
        assert (folder / "work" / "count").read_text() == "x"


async def test_a_job_is_taken_up_by_looking_at_its_folder(tmp_path: Path) -> None:
    with engine(tmp_path / "a") as first:
        async with asyncio.timeout(60):
            while not (tmp_path / "a" / "started.json").exists():
                await asyncio.sleep(0.01)
        first.kill()
    end = await Local().wait(tmp_path / "a")
    assert (end.state, end.tail) == (S.FINISHED, "over")


ESCAPES = """
import os, sys, time
for mark in ("env", "cwd"):
    if os.fork() == 0:
        os.setsid()
        if mark == "env":
            os.chdir("/")
            os.execv(sys.executable, [sys.executable, "-S", "-c", "import time; time.sleep(60)"])
        os.execve(sys.executable, [sys.executable, "-S", "-c", "import time; time.sleep(60)"], {})
print("ready")
time.sleep(60)
"""


async def test_what_a_killed_shim_leaves_is_ended_by_the_next_look_and_the_job_is_lost(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(submit, "APART", False)
    place, folder = Local(), tmp_path / "a"
    await place.submit(folder, job(ESCAPES))
    async with asyncio.timeout(60):
        while "ready" not in (folder / "out.log").read_text() or len(left_over(folder)) < 3:
            await asyncio.sleep(0.01)
    os.kill(json.loads((folder / "started.json").read_text())["shim"], signal.SIGKILL)
    end = await place.wait(folder)
    assert (end.state, end.ok) == (S.LOST, False)
    assert left_over(folder) == []


async def test_a_shim_that_cannot_be_woken_is_replaced_by_the_engines_word(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(submit, "APART", False)
    monkeypatch.setattr(look, "OVERDUE_S", 0.3)
    monkeypatch.setattr("state.lock.state_of", lambda pid: "S")  # as if a program stopped it again each time
    place, folder = Local(), tmp_path / "a"
    await place.submit(
        folder, job("import os, signal, time\nos.kill(os.getppid(), signal.SIGSTOP)\ntime.sleep(60)", wall_s=0.3)
    )
    end = await place.wait(folder)
    assert (end.state, end.limit) == (S.LIMIT, "wall")
    assert end.took_s < 10
    assert left_over(folder) == []


async def test_waiting_for_a_job_that_was_never_submitted_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("engine.experiments.local.place.PLANNED_S", 0.05)
    with pytest.raises(LabError) as caught:
        await Local().wait(tmp_path / "none")
    assert caught.value.key == "job.not_started"


async def test_a_shim_that_cannot_start_says_why(tmp_path: Path) -> None:
    folder = tmp_path / "a"
    folder.mkdir()
    (folder / "spec.json").write_text("{}")
    with pytest.raises(LabError) as caught:
        await Local().submit(folder, job(""))
    assert caught.value.key == "job.not_started"
    assert "limits" in str(caught.value.facts["why"])


SLOW = f"""
import os, runpy, sys, time
while not os.path.exists(sys.argv[1] + "/go"):
    time.sleep(0.005)
runpy.run_path({str(submit.SHIM)!r}, run_name="__main__")
"""


def launched(folder: Path) -> list[subprocess.Popen[bytes]]:
    return [process for process in submit._launched.values() if str(folder) in cast(list[str], process.args)]


async def test_a_shim_that_comes_up_after_it_was_given_up_begins_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The job runs again in another folder by then: it must not run twice."""
    folder, place = tmp_path / "a", Local()
    (tmp_path / "slow.py").write_text(SLOW)
    monkeypatch.setattr(submit, "SHIM", tmp_path / "slow.py")
    monkeypatch.setattr(submit, "LAUNCH_S", 0.0)
    with pytest.raises(LabError) as caught:
        await place.submit(folder, job(COUNTED))
    assert caught.value.key == "job.not_started"
    (folder / "go").touch()
    assert [shim.wait(20) for shim in launched(folder)] == [0]
    assert (await place.wait(folder)).state is S.STOPPED
    assert not (folder / "started.json").exists()
    assert not (folder / "work" / "count").exists()


async def test_a_job_that_another_shim_is_about_to_start_is_waited_for(tmp_path: Path) -> None:
    folder = tmp_path / "a"
    submit.lay_out(folder, job(COUNTED))
    with (folder / "lock").open("wb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        submitted = asyncio.create_task(submit.submit(folder, job(COUNTED)))
        async with asyncio.timeout(60):
            while [shim.poll() for shim in launched(folder)] != [0]:
                await asyncio.sleep(0.01)
        await asyncio.sleep(3 * submit.LOOK_S)  # not for an event, but for the absence of one
        assert not submitted.done()
        (folder / "started.json").write_text("{}")
        await asyncio.wait_for(submitted, 20)


@pytest.mark.parametrize("then", [Look.RUNNING, Look.ENDED])
def test_a_shim_that_begins_or_ends_between_two_looks_of_one_is_not_taken_for_lost(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, then: Look
) -> None:
    looks = 0

    def held(folder: Path) -> bool:
        nonlocal looks
        looks += 1
        (folder / "started.json").touch()
        if looks == 2 and then is Look.ENDED:
            (folder / "exit.json").touch()
        return looks == 2 and then is Look.RUNNING

    def ended(*given: object) -> None:
        raise AssertionError("a program that is watched was ended")

    monkeypatch.setattr(look, "held", held)
    monkeypatch.setattr(look, "end_left", ended)
    assert look.look(tmp_path) is then
