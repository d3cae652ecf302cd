"""How quick the lab feels: the first frame, an idle screen, and a typed key, all through a pseudo-terminal.

    python tests/bench/terminal.py [--runs 15] [--keys 80]

An empty Textual app is measured beside it, in turns, so that a busy machine is busy for both. The project is the sample
with a plan that waits and no engine; for the keys an experiment's log grows by 50 lines a second under the note box.
Prints each figure beside its target, and ends with 1 where one is missed. Standard library only, apart from the lab.
"""

from __future__ import annotations

import argparse
import fcntl
import os
import pty
import random
import re
import select
import shutil
import signal
import statistics
import struct
import subprocess
import sys
import tempfile
import termios
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from state import lock  # noqa: E402  found beside the tests

NIGHTLAB = Path(sys.executable).with_name("nightlab")
EMPTY = "from textual.app import App\nclass Empty(App[None]): pass\nEmpty().run()"
FIRST_FRAME, IDLE_B, KEY_MS = 1.5, 0, 60.0
IDLE_S = 5.0
LETTERS = [chr(code) for start, end in ((0x430, 0x450), (0x410, 0x430), (0x3B1, 0x3CA)) for code in range(start, end)]
"""Each is typed once, and stands in nothing else on the screen."""
PRINTS = """
import time
for line in range(1, 50 * 120):  # two minutes of 50 lines a second
    print(f"line {line} of a program that has a lot to say", flush=True)
    time.sleep(0.02)
"""
ESCAPES = re.compile(rb"\x1b(?:\[[0-?]*[ -/]*[@-~]|[]P_^X].*?(?:\x07|\x1b\\)|[ -/]*[0-~])", re.DOTALL)
REPLIES = {  # what a terminal answers to what it is asked
    b"\x1b[?2026$p": b"\x1b[?2026;2$y",
    b"\x1b[?2048$p": b"\x1b[?2048;0$y",
    b"\x1b[c": b"\x1b[?62;22c",
    b"\x1b[6n": b"\x1b[1;1R",
}


class Seat:
    """A program at a terminal of 80×24."""

    def __init__(self, command: Sequence[str | Path], env: Mapping[str, str]) -> None:
        self.begun = time.perf_counter()
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
            os.execve(command[0], [str(word) for word in command], {**env, "TERM": "xterm-256color"})
        self.told = bytearray()

    def read(self, for_s: float) -> bytes:
        """What comes first within a time; queries are answered."""
        ready, _, _ = select.select([self.fd], [], [], max(for_s, 0))
        if not ready:
            return b""
        try:
            data = os.read(self.fd, 1 << 16)
        except OSError:
            return b""
        self.told += data
        for asked, reply in REPLIES.items():
            if asked in data:
                os.write(self.fd, reply)
        return data

    def until(self, there: Callable[[bytes], object], wanted: str, within_s: float = 60) -> float:
        """Seconds from exec until all that was written so far is as asked."""
        while time.perf_counter() - self.begun < within_s:
            if self.read(0.05) and there(bytes(self.told)):
                return time.perf_counter() - self.begun
        raise SystemExit(f"never came: {wanted}\n{visible(self.told)!r}")

    def settle(self, quiet_s: float = 1.0) -> None:
        while self.read(quiet_s):
            pass

    def bytes_in(self, for_s: float) -> int:
        """Bytes written in the next `for_s` seconds, with no input."""
        end, before = time.perf_counter() + for_s, len(self.told)
        while (left := end - time.perf_counter()) > 0:
            self.read(left)
        return len(self.told) - before

    def press(self, key: bytes, shown: bytes, within_s: float = 2.0) -> float:
        """Seconds from a key to the chunk of output in which `shown` stands."""
        os.write(self.fd, key)
        begun = time.perf_counter()
        while (left := within_s - (time.perf_counter() - begun)) > 0:
            if shown in visible(self.read(left)):
                return time.perf_counter() - begun
        raise SystemExit(f"{key!r} was not shown within {within_s:.0f} s")

    def close(self) -> None:
        os.close(self.fd)
        os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)


def visible(told: bytes | bytearray) -> bytes:
    """What is left of output without escape sequences."""
    return ESCAPES.sub(b"", bytes(told)).strip()


def painted(told: bytes) -> bool:
    """A frame of any kind: a row was written."""
    return b"\x1b[1;1H" in told


# the two programs


@contextmanager
def seated(command: Sequence[str | Path], home: Path) -> Iterator[Seat]:
    seat = Seat(command, environment(home))
    try:
        yield seat
    finally:
        seat.close()


def environment(home: Path) -> dict[str, str]:
    """A person of its own, without keys, whose engines leave soon; Python keeps bytecode there, as for anybody."""
    mine = {name: value for name, value in os.environ.items() if not name.startswith(("XDG_", "NIGHTLAB_", "PYTHON"))}
    mine = {name: value for name, value in mine.items() if not name.endswith(("_API_KEY", "_AUTH_TOKEN"))}
    told = {"HOME": str(home), "NIGHTLAB_IDLE_S": "1", "PYTHONPYCACHEPREFIX": str(home / "pycache")}
    return mine | told | {"TEXTUAL_DISABLE_KITTY_KEY": "1", "LC_ALL": "C.UTF-8"}


def frames(project: Path, home: Path, runs: int) -> dict[str, list[float]]:
    """First frames of the empty app and of the lab, in turns, and when the run stands on the screen. The first turn
    compiles bytecode and does not count."""
    found: dict[str, list[float]] = {"empty": [], "lab": [], "run": []}
    for _ in range(runs + 1):
        with seated([sys.executable, "-c", EMPTY], home) as seat:
            found["empty"].append(seat.until(painted, "an empty app"))
            seat.settle(0.3)
        with seated([NIGHTLAB, "-C", project], home) as seat:
            found["lab"].append(seat.until(visible_frame, "the lab"))
            found["run"].append(seat.until(lambda told: b"next stop" in visible(told), "the run"))
            seat.settle(0.3)
    return {name: times[1:] for name, times in found.items()}


def visible_frame(told: bytes) -> bool:
    """A frame with something to read in it."""
    return painted(told) and bool(visible(told))


def idle(project: Path, home: Path) -> int:
    """Bytes that the lab writes in some seconds in which nothing happens."""
    with seated([NIGHTLAB, "-C", project], home) as seat:
        seat.until(lambda told: b"next stop" in visible(told), "the run")
        seat.settle(1.5)
        return seat.bytes_in(IDLE_S)


def keys(project: Path, home: Path, presses: int) -> list[float]:
    """Seconds from a key in the note box to its character on screen, while an experiment prints."""
    with seated([NIGHTLAB, "-C", project], home) as seat:
        seat.until(lambda told: b"line 100" in visible(told), "the log of the experiment", 120)
        os.write(seat.fd, b"n")
        seat.until(lambda told: b"Esc keep draft" in visible(told), "the note box")
        seat.bytes_in(0.5)
        took = []
        for key in LETTERS[:presses]:
            took.append(seat.press(key.encode(), key.encode()))
            seat.bytes_in(random.uniform(0.06, 0.2))
        growing = seat.bytes_in(2)
        if not growing:
            raise SystemExit("the log stood still while keys were pressed")
        return took


# the projects


def resting(folder: Path, home: Path) -> Path:
    """The sample at its first checkpoint, its engine gone."""
    project = sample(folder / "resting")
    play(home, "-C", project, "run", "--headless")
    return at_rest(project)


def printing(folder: Path, home: Path) -> Path:
    """The sample at its experiments, whose program prints for minutes before it computes; its engine at work."""
    project = sample(folder / "printing")
    program = project / "rehearsal" / "files" / "experiment.py"
    text = program.read_text("utf-8")
    program.write_text(text.replace("import numpy as np\n", f"import numpy as np\n{PRINTS}", 1), "utf-8")
    settings = project / "project.toml"
    text = settings.read_text("utf-8").replace('"co-pilot"', '"autopilot"', 1)
    text = text.replace("[experiments]\n", '[experiments]\nsandbox = "basic"\n', 1)
    settings.write_text(text, "utf-8")
    subprocess.Popen(
        [NIGHTLAB, "-C", project, "run", "--headless"],
        env=environment(home),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    return project


def sample(project: Path) -> Path:
    leave_out = shutil.ignore_patterns("__pycache__", ".nightlab", "runs")
    return Path(shutil.copytree(ROOT / "sample_projects" / "grokking", project, ignore=leave_out))


def play(home: Path, *words: str | Path) -> None:
    subprocess.run(
        [NIGHTLAB, *words], env=environment(home), stdin=subprocess.DEVNULL, capture_output=True, check=False
    )


def at_rest(project: Path, within_s: float = 60) -> Path:
    """Once no engine holds the project's lock."""
    end = time.monotonic() + within_s
    while lock.look(project / ".nightlab" / "lock") is not None:
        if time.monotonic() > end:
            raise SystemExit(f"an engine stays in {project}")
        time.sleep(0.2)
    return project


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=15, help="first frames of each of the two")
    parser.add_argument("--keys", type=int, default=80, help=f"keys typed, {len(LETTERS)} at most")
    asked = parser.parse_args()
    missed = []

    def tell(what: str, figure: str, target: str, met: bool) -> None:
        missed.extend([] if met else [what])
        print(f"{what:24} {figure:44} {target:12} {'met' if met else 'missed'}", flush=True)

    with tempfile.TemporaryDirectory(prefix="nightlab-bench-") as kept:
        folder, home = Path(kept), Path(kept) / "home"
        home.mkdir()
        project = resting(folder, home)
        first = {name: statistics.median(found) for name, found in frames(project, home, asked.runs).items()}
        ratio = first["lab"] / first["empty"]
        told = f"{ratio:.2f}×, {first['lab'] * 1000:.0f} ms beside {first['empty'] * 1000:.0f} ms"
        tell("first frame", told, f"≤ {FIRST_FRAME}×", ratio <= FIRST_FRAME)
        print(f"{'the run on screen':24} {first['run'] / first['empty']:.2f}×, {first['run'] * 1000:.0f} ms")
        wrote = idle(project, home)
        tell("idle", f"{wrote} bytes in {IDLE_S:.0f} s", f"{IDLE_B} bytes", wrote <= IDLE_B)
        busy = printing(folder, home)
        try:
            took = sorted(seconds * 1000 for seconds in keys(busy, home, asked.keys))
        finally:
            play(home, "-C", busy, "stop")
            at_rest(busy)
        p95 = took[round(0.95 * (len(took) - 1))]
        tell("a key, p95", f"{p95:.0f} ms, median {statistics.median(took):.0f} ms", f"< {KEY_MS:.0f} ms", p95 < KEY_MS)
    return 1 if missed else 0


if __name__ == "__main__":
    raise SystemExit(main())
