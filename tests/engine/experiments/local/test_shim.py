"""What a shim lets a program do, and what not: each limit with a program that tries to get round it."""

from __future__ import annotations

import asyncio
import errno
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from engine.experiments.contract import MB
from engine.experiments.local import shim, submit
from engine.experiments.local.place import Local
from state import durable, lock
from state.vocabulary import ExperimentState as S
from tests.engine.experiments.local.jobs import ending, job, left_over


async def test_a_program_runs_and_its_files_come_in(tmp_path: Path) -> None:
    end = await ending(
        tmp_path / "a",
        """
        import os
        os.mkdir("run_1")
        open("run_1/final_info.json", "w").write("{}")
        open("run_1/other.bin", "w").write("x")
        print("done")
        """,
        wants=("run_*/*.json",),
    )
    assert (end.state, end.exit_code, end.error, end.tail) == (S.FINISHED, 0, "", "done")
    assert {name: file.size_b for name, file in end.files.items()} == {"run_1/final_info.json": 2}
    assert 0 < end.took_s < 20


async def test_a_failure_brings_its_last_lines_for_the_repair(tmp_path: Path) -> None:
    end = await ending(tmp_path / "a", "print('begun')\nraise ValueError('seed 3 is broken')")
    assert (end.state, end.exit_code, end.ok) == (S.FAILED, 1, False)
    assert "ValueError: seed 3 is broken" in end.error
    assert "begun" in end.tail


async def test_a_program_that_cannot_be_started_at_all_is_a_failure_with_its_reason(tmp_path: Path) -> None:
    import dataclasses

    await (place := Local()).submit(tmp_path / "a", dataclasses.replace(job(""), argv=("no-such-program",)))
    end = await place.wait(tmp_path / "a")
    assert (end.state, end.exit_code) == (S.FAILED, 127)
    assert "no-such-program" in end.error


async def test_the_environment_holds_what_is_needed_and_no_key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANTHROPIC_API_KEY", "sk-secret")
    monkeypatch.setenv("PYTHONPATH", "/elsewhere")
    place, work = Local(), tmp_path / "a" / "work"
    code = """
        import json, os
        told = dict(os.environ, nice=os.nice(0), cwd=os.getcwd(), stdin=os.read(0, 9).decode())
        open("env.json", "w").write(json.dumps(told))
        while not os.path.exists("go"): pass
        """
    await place.submit(tmp_path / "a", job(code))
    shim = json.loads((tmp_path / "a" / "started.json").read_text())["shim"]
    of_the_shim = Path(f"/proc/{shim}/environ").read_text()
    (work / "go").touch()
    await place.wait(tmp_path / "a")
    env = json.loads((work / "env.json").read_text())
    assert "sk-secret" not in str(env)
    assert "sk-secret" not in of_the_shim
    assert "PYTHONPATH" not in env
    assert (env["HOME"], env["TMPDIR"], env["cwd"]) == (str(work), str(work / "tmp"), str(work))
    assert (env["OMP_NUM_THREADS"], env["PYTHONHASHSEED"], env["MPLBACKEND"], env["LAB_JOB"][:2]) == (
        "1",
        "0",
        "Agg",
        "a.",
    )
    assert (env["nice"], env["stdin"]) == (min(os.nice(0) + 10, 19), "")
    assert sys.prefix == sys.base_prefix or sys.prefix not in env["PATH"]  # there lies the `nightlab` command


async def test_the_program_inherits_no_descriptor(tmp_path: Path) -> None:
    end = await ending(tmp_path / "a", "import os; print(sorted(os.listdir('/proc/self/fd'))[:9])")
    assert end.tail == "['0', '1', '2', '3']"  # the third is the listing's own


async def test_nor_a_signal_that_its_shim_or_python_ignores(tmp_path: Path) -> None:
    import dataclasses

    asks = dataclasses.replace(job(""), argv=("grep", "SigIgn", "/proc/self/status"))
    await (place := Local()).submit(tmp_path / "a", asks)
    name, ignored = (await place.wait(tmp_path / "a")).tail.split()
    assert name == "SigIgn:"
    assert int(ignored, 16) & 0x7FFF_FFFF == 0  # from the 32nd on they are glibc's own, set as it pleases


HANG = "import signal, time\nfor n in range(1, 32):\n  try: signal.signal(n, signal.SIG_IGN)\n  except OSError: pass\n"


async def test_a_program_that_ignores_every_signal_ends_at_its_limit(tmp_path: Path) -> None:
    end = await ending(tmp_path / "a", HANG + "time.sleep(60)", wall_s=0.6)
    assert (end.state, end.limit) == (S.LIMIT, "wall")
    assert 0.6 <= end.took_s < 20
    assert "limit of 0.6 s" in end.error
    assert left_over(tmp_path / "a") == []


async def test_daemons_that_left_their_session_end_with_the_program(tmp_path: Path, apart: bool) -> None:
    end = await ending(
        tmp_path / "a",
        """
        import os, sys, time
        for _ in range(3):
            if os.fork() == 0:
                os.setsid()
                if os.fork() == 0:
                    code = "import time; time.sleep(60) # " + os.getcwd()
                    os.chdir("/")  # no mark, no folder: only its descent tells whose it is
                    os.execve(sys.executable, [sys.executable, "-S", "-c", code], {})
                os._exit(0)
        time.sleep(0.3)
        print("away")
        """,
    )
    assert (end.state, end.tail) == (S.FINISHED, "away")
    assert left_over(tmp_path / "a") == []


async def test_a_program_that_starts_itself_again_without_end_is_over_at_its_limit(tmp_path: Path, apart: bool) -> None:
    end = await ending(
        tmp_path / "a",
        """
        import os, sys, time
        open("count", "a").write("x")
        if os.fork() == 0:
            os.setsid()
            os.execv(sys.executable, [sys.executable, "-S", os.path.abspath("program.py")])
        time.sleep(0.05)
        os.execv(sys.executable, [sys.executable, "-S", os.path.abspath("program.py")])
        """,
        wall_s=0.8,
    )
    assert end.state is S.LIMIT
    assert end.limit in ("wall", "processes")
    assert left_over(tmp_path / "a") == []
    count = (tmp_path / "a" / "work" / "count").stat().st_size
    time.sleep(0.15)  # not for an event, but for the absence of one
    assert (tmp_path / "a" / "work" / "count").stat().st_size == count


async def test_a_fork_bomb_is_bounded(tmp_path: Path) -> None:
    end = await ending(
        tmp_path / "a",
        """
        import os, time
        for _ in range(9):  # 512 in the end, if nobody bounds it: root is held by no kernel's limit
            os.fork()
            time.sleep(0.02)
        time.sleep(60)
        """,
        processes=12,
        wall_s=15,
    )
    assert (end.state, end.limit) == (S.LIMIT, "processes")
    assert left_over(tmp_path / "a") == []


async def test_a_flood_of_output_neither_blocks_nor_fills_the_disk(tmp_path: Path) -> None:
    end = await ending(
        tmp_path / "a",
        """
        import os
        os.write(1, b"first line\\n")
        for _ in range(200):
            os.write(1, b"x" * 999_999 + b"\\n")
        os.write(1, b"last line\\n")
        """,
        output_b=256 * 1024,
    )
    log = (tmp_path / "a" / "out.log").read_bytes()
    assert end.state is S.FINISHED
    assert end.tail.endswith("last line")
    assert log.startswith(b"first line\n")
    assert len(log) < 512 * 1024
    assert json.loads((tmp_path / "a" / "exit.json").read_text())["output_b"] == 200 * 1_000_000 + 21


async def test_filling_the_disk_with_many_files_ends_the_program(tmp_path: Path) -> None:
    end = await ending(
        tmp_path / "a",
        """
        import time
        for n in range(400):
            open(f"{n}.bin", "wb").write(bytes(1_000_000))
            time.sleep(0.02)
        """,
        disk_b=10 * MB,
    )
    assert (end.state, end.limit) == (S.LIMIT, "disk")


async def test_files_without_a_name_count_too(tmp_path: Path) -> None:
    end = await ending(
        tmp_path / "a",
        """
        import os, time
        kept = []
        for n in range(400):
            kept.append(open("hidden", "wb", buffering=0))
            kept[-1].write(bytes(1_000_000))
            os.unlink("hidden")
            time.sleep(0.02)
        """,
        disk_b=10 * MB,
    )
    assert (end.state, end.limit) == (S.LIMIT, "disk")


async def test_a_huge_file_is_refused_to_the_program_that_writes_it(tmp_path: Path) -> None:
    end = await ending(tmp_path / "a", "open('huge', 'wb').write(bytes(9_000_000))", file_b=4 * MB)
    assert end.state is S.LIMIT or "File too large" in end.error
    assert (tmp_path / "a" / "work" / "huge").stat().st_size <= 4 * MB


async def test_a_program_that_dies_of_its_huge_file_is_over_at_that_limit(tmp_path: Path) -> None:
    code = """
        import signal
        signal.signal(signal.SIGXFSZ, signal.SIG_DFL)  # as for any program that is not Python
        open('huge', 'wb').write(bytes(9_000_000))
        """
    end = await ending(tmp_path / "a", code, file_b=4 * MB)
    assert (end.state, end.limit) == (S.LIMIT, "file")


async def test_a_program_leaves_no_core_and_nothing_that_others_can_read(tmp_path: Path) -> None:
    code = "import os, resource; print(resource.getrlimit(resource.RLIMIT_CORE), oct(os.umask(0)))"
    assert (await ending(tmp_path / "a", code)).tail == "(0, 0) 0o77"


async def test_memory_is_counted_over_the_whole_tree(tmp_path: Path) -> None:
    end = await ending(
        tmp_path / "a",
        """
        import os, time
        for _ in range(4):
            if os.fork() == 0:
                kept = bytearray(b"x") * 60_000_000
                time.sleep(30)
        time.sleep(30)
        """,
        memory_b=120 * MB,
    )
    assert (end.state, end.limit) == (S.LIMIT, "memory")
    assert end.memory_b > 120 * MB
    assert left_over(tmp_path / "a") == []


async def test_shared_memory_counts_once(tmp_path: Path) -> None:
    end = await ending(
        tmp_path / "a",
        """
        import mmap, time
        kept = mmap.mmap(-1, 200_000_000)
        for _ in range(200):
            kept.write(b"x" * 1_000_000)
        time.sleep(30)
        """,
        memory_b=150 * MB,
    )
    assert (end.state, end.limit) == (S.LIMIT, "memory")


async def test_a_stop_ends_the_program_at_once(tmp_path: Path) -> None:
    place, folder = Local(), tmp_path / "a"
    await place.submit(folder, job(HANG + "time.sleep(60)"))
    await place.stop(folder)
    end = await place.wait(folder)
    assert (end.state, end.limit) == (S.STOPPED, None)
    assert left_over(folder) == []


async def test_a_program_that_puts_its_shim_to_sleep_ends_at_its_limit_all_the_same(
    tmp_path: Path, apart: bool
) -> None:
    end = await ending(
        tmp_path / "a",
        "import os, signal, time\nos.kill(os.getppid(), signal.SIGSTOP)\ntime.sleep(60)",
        wall_s=0.5,
    )
    assert (end.state, end.limit) == (S.LIMIT, "wall")
    assert end.took_s < 5


async def test_what_a_program_writes_beside_its_folder_does_not_count_while_the_shim_lives(tmp_path: Path) -> None:
    end = await ending(
        tmp_path / "a",
        """
        open("../exit.json", "w").write('{"state": "finished", "exit_code": 0}')
        import time; time.sleep(0.3)
        raise SystemExit(3)
        """,
    )
    assert (end.state, end.exit_code) == (S.FAILED, 3)


async def test_a_program_that_signals_its_whole_group_reaches_its_shim_not(tmp_path: Path) -> None:
    end = await ending(tmp_path / "a", "import os, signal; print('now', flush=True); os.kill(0, signal.SIGKILL)")
    assert (end.state, end.signal, end.tail) == (S.FAILED, signal.SIGKILL, "now")


def test_the_end_of_a_job_is_written_whole_or_not_at_all(tmp_path: Path) -> None:
    from engine.experiments.local.shim import Watch

    (tmp_path / "exit.json").write_text("what was there")
    (tmp_path / "before").hardlink_to(tmp_path / "exit.json")
    (tmp_path / "reserve").touch()
    watch = Watch.__new__(Watch)
    watch.folder, watch.leaving = tmp_path, False
    watch.write_exit({"state": "finished"})
    assert (tmp_path / "before").read_text() == "what was there"  # by rename
    assert json.loads((tmp_path / "exit.json").read_text()) == {"state": "finished"}
    assert sorted(path.name for path in tmp_path.iterdir()) == ["before", "exit.json"]


async def test_a_program_whose_project_is_removed_does_not_go_on_for_nobody(tmp_path: Path) -> None:
    folder = tmp_path / "project" / "a"
    code = "import time; open('there', 'w').close(); time.sleep(600)"
    await Local().submit(folder, job(code, wall_s=600.0))  # no other limit ends it
    shim = json.loads((folder / "started.json").read_text())["shim"]
    async with asyncio.timeout(60):
        while not (folder / "work" / "there").exists():
            await asyncio.sleep(0.01)
    shutil.rmtree(folder.parent, ignore_errors=True)
    async with asyncio.timeout(60):
        while lock.state_of(shim) not in ("", "Z"):
            await asyncio.sleep(0.02)
    assert left_over(folder) == []


async def test_a_second_shim_leaves_a_job_alone_that_was_started(tmp_path: Path) -> None:
    folder = tmp_path / "a"
    await ending(folder, "open('count', 'a').write('x')")
    assert submit.launch(folder).wait(20) == 0
    assert (folder / "work" / "count").read_text() == "x"


async def test_two_shims_at_once_start_one_program(tmp_path: Path) -> None:
    folder = tmp_path / "a"
    submit.lay_out(folder, job("import time\nopen('count', 'a').write('x')\ntime.sleep(0.2)"))
    shims = [submit.launch(folder) for _ in range(3)]
    end = await Local().wait(folder)
    assert [shim.wait(20) for shim in shims] == [0, 0, 0]
    assert (end.state, (folder / "work" / "count").read_text()) == (S.FINISHED, "x")


async def test_a_hangup_does_not_reach_the_shim(tmp_path: Path) -> None:
    place, folder = Local(), tmp_path / "a"
    await place.submit(folder, job("import os\nwhile not os.path.exists('go'): pass\nprint('over')"))
    shim = json.loads((folder / "started.json").read_text())["shim"]
    assert os.getsid(shim) != os.getsid(0)
    os.kill(shim, signal.SIGHUP)
    os.kill(shim, signal.SIGINT)
    (folder / "work" / "go").touch()
    end = await place.wait(folder)
    assert (end.state, end.tail) == (S.FINISHED, "over")


async def test_a_shim_that_is_told_to_leave_takes_its_program_along_and_the_job_is_lost(tmp_path: Path) -> None:
    place, folder = Local(), tmp_path / "a"
    await place.submit(folder, job(HANG + "time.sleep(60)"))
    os.kill(json.loads((folder / "started.json").read_text())["shim"], signal.SIGTERM)
    assert (await place.wait(folder)).state is S.LOST
    assert left_over(folder) == []


def test_on_a_full_disk_the_end_is_written_into_what_was_laid_aside(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write, folder = durable.write_json, tmp_path
    caps = {"output_b": 1, "wall_s": 1}
    monkeypatch.setattr("time.sleep", lambda s: None)

    def full(path: Path, value: object, *, mode: int) -> None:
        if (folder / "reserve").exists():
            raise OSError(errno.ENOSPC, "full")
        write(path, value, mode=mode)

    monkeypatch.setattr(durable, "write_json", full)
    shim.reserve(folder / "reserve")
    assert (folder / "reserve").stat().st_blocks * 512 >= shim.RESERVE_B
    shim.Watch(folder, {"limits": caps}).write_exit({"state": "finished"})
    assert json.loads((folder / "exit.json").read_text()) == {"state": "finished"}


def test_the_shim_knows_the_standard_library_durable_and_its_limits_only() -> None:
    code = "import runpy, sys; runpy.run_path(sys.argv[1], run_name='shim'); print(*sys.modules)"
    told = subprocess.run(
        [sys.executable, "-P", "-E", "-s", "-S", "-c", code, submit.SHIM], capture_output=True, text=True, check=True
    ).stdout.split()
    ours = [name for name in told if name.partition(".")[0] in ("state", "engine", "tui")]
    assert sorted(ours) == [
        *("engine", "engine.experiments", "engine.experiments.local"),
        *("engine.experiments.local.apart", "engine.experiments.local.limits"),
        *("state", "state.durable", "state.errors"),
    ]
    assert {name.partition(".")[0] for name in told} - {"state", "engine"} <= {*sys.stdlib_module_names, "__main__"}
