"""The watcher of one job: started as a script with the job's folder, it outlives the engine that started it.

It holds the folder's lock as its sign of life, starts the program at most once, enforces every limit from outside, and
writes `started.json` and `exit.json` by rename; nobody learns anything about the job but from these files. When the
program ends, or must end, everything that descends from it ends too. Standard library, `state.durable` and `limits`
only, so that it starts in some tens of milliseconds; it lives in its own session and imports nothing later.
"""

from __future__ import annotations

import collections
import contextlib
import fcntl
import json
import os
import resource
import select
import signal
import sys
import time
from pathlib import Path

ROOT = str(Path(__file__).resolve().parents[3])
sys.path.insert(0, ROOT)  # the `state` and `engine` beside this file, whatever else has these names
from engine.experiments.local import apart, limits  # noqa: E402  only now it can be found
from state import durable  # noqa: E402  as above

sys.path.remove(ROOT)

LOOK_S = 0.1
DISK_LOOK_S = 0.5
LOCK_PATIENCE_S = 1.0  # a look holds the lock for an instant; another shim holds it for good
DRAIN_S = 0.5
CHUNK_B = 1 << 16
RESERVE_B = 1 << 16  # given back when the disk is full, so that the end can be written
TASKS_SPARE = 1024  # RLIMIT_NPROC counts all of a person's tasks: it only breaks a bomb's neck
NICE = 10  # for a job that an older engine laid out
HANDED = (
    "CUDA_VISIBLE_DEVICES",
)  # by the engine that launched this shim, which may not be the one that wrote the spec


def main(folder: Path) -> int:
    """Run the job in `folder` unless it was started before. 0 also where there was nothing to do."""
    lock = hold(folder / "lock")
    if lock is None or (folder / "started.json").exists():
        return 0
    if (folder / "stop").exists():  # nobody waits for it any more
        durable.write_json(folder / "exit.json", {"state": "stopped"}, mode=0o600)
        return 0
    for number in (signal.SIGHUP, signal.SIGINT, signal.SIGQUIT):
        signal.signal(number, signal.SIG_IGN)
    for fd in map(int, os.listdir("/proc/self/fd")):  # noqa: PTH208  names are all that is needed
        with contextlib.suppress(OSError):  # the listing's own is closed by now
            os.set_inheritable(fd, fd <= 2)  # a GPU lease stays with the shim, not with the program
    limits.prctl(limits.PR_SET_CHILD_SUBREAPER, 1)
    spec = json.loads((folder / "spec.json").read_bytes())
    return Watch(folder, spec).run()


def hold(path: Path) -> int | None:
    """The lock, held until this process ends; None where another shim has it."""
    fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    until = time.monotonic() + LOCK_PATIENCE_S
    while True:
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return fd
        except BlockingIOError:
            if time.monotonic() > until:
                return None
            time.sleep(0.01)


class Log:
    """`out.log`: the first part of the output as it comes, the last part at the end, never more than the limit."""

    def __init__(self, path: Path, limit_b: int) -> None:
        self.fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        self.room_b = limit_b // 2
        self.keep_b = max(limit_b - self.room_b, CHUNK_B)
        self.last: collections.deque[bytes] = collections.deque()
        self.last_b = self.left_out_b = self.total_b = 0

    def take(self, data: bytes) -> None:
        self.total_b += len(data)
        first, rest = data[: self.room_b], data[self.room_b :]
        if first:
            self.room_b -= len(first)
            self._write(first)
        if rest:
            self.last.append(rest)
            self.last_b += len(rest)
            while self.last_b - len(self.last[0]) > self.keep_b:
                gone = self.last.popleft()
                self.last_b -= len(gone)
                self.left_out_b += len(gone)

    def close(self) -> None:
        if self.left_out_b:
            self._write(f"\n[… {self.left_out_b} B …]\n".encode())
        for part in self.last:
            self._write(part)
        os.close(self.fd)

    def _write(self, data: bytes) -> None:
        with contextlib.suppress(OSError):  # a full disk costs the log, never the job
            while data:
                data = data[os.write(self.fd, data) :]


class Watch:
    """The life of one program, from before its start until after its end."""

    def __init__(self, folder: Path, spec: dict[str, object]) -> None:
        self.folder, self.spec = folder, spec
        self.work = folder / "work"
        self.caps: dict[str, float] = spec["limits"]  # type: ignore[assignment]  # written by submit
        self.log = Log(folder / "out.log", int(self.caps["output_b"]))
        self.program = 0
        self.status: int | None = None
        self.peak_b = 0
        self.disk_due = self.shared_due = 0.0
        self.least_b = room_b(folder)
        self.leaving = False
        self.apart = False  # whether the program is among processes of its own

    def run(self) -> int:
        reserve(self.folder / "reserve")
        output, inlet = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
        held, gate = os.pipe2(os.O_CLOEXEC)
        self.program = self.fork(inlet, held)
        os.close(inlet)
        os.close(held)
        signal.signal(signal.SIGTERM, self.leave)
        durable.write_json(self.folder / "started.json", self.started(), mode=0o600)
        begun = time.monotonic()
        os.write(gate, b"!")  # only now the program begins: whoever finds no started.json knows that nothing ran
        os.close(gate)
        try:
            why = self.watch(output, begun + self.caps["wall_s"])
        finally:  # also where watching itself failed: then the job is lost, and nothing of it goes on unwatched
            took_s, room = time.monotonic() - begun, room_b(self.folder)  # before its temporary files go
            if self.apart:  # at one blow, however many they are and however fast they multiply
                limits.send(limits.descendants(os.getpid(), apart.STANDING_BETWEEN), signal.SIGKILL)
            ended = limits.end_tree(os.getpid())
            limits.end_marked(str(self.spec["mark"]), str(self.work))
        self.least_b = min(self.least_b, room)
        self.settle()
        self.drain(output)
        self.log.close()
        if why == "leave":  # the machine goes down: no end of the program's own, so the job is lost and runs again
            return 1
        self.write_exit(self.ending(why, took_s) | {"survivors": not ended})
        return 0

    def fork(self, inlet: int, held: int) -> int:
        """The child that is the program, or that stands for it where the program can be set apart."""
        tasks = limits.user_tasks() + TASKS_SPARE + 4 * int(self.caps["processes"])

        def become(parent: int) -> None:
            try:
                self.become(inlet, held, parent, tasks)
            except BaseException as error:  # noqa: BLE001  this is the child: whatever it was, it must not go on as a shim
                os.write(2, f"{self.argv[0]}: {error}\n".encode())
            os._exit(127)

        if self.spec.get("apart") and (keeper := apart.start(become, (inlet, held))) is not None:
            self.apart = True
            return keeper
        parent = os.getpid()
        pid = os.fork()
        if pid == 0:
            become(parent)
        return pid

    @property
    def argv(self) -> list[str]:
        """The program, behind the wrapper that a sandbox tier puts in front of it (`basic` has none)."""
        return [*self.spec["wrapper"], *self.spec["argv"]]  # type: ignore[misc]  # written by submit

    def become(self, inlet: int, held: int, parent: int, tasks: int) -> None:
        """In the child: turn into the program, once the shim says that its start is on disk."""
        limits.prctl(limits.PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:
            os._exit(127)
        os.setsid()
        os.nice(int(self.caps.get("nice", NICE)))
        nothing = os.open(os.devnull, os.O_RDONLY)
        for fd, to in ((nothing, 0), (inlet, 1), (inlet, 2)):
            os.dup2(fd, to)
        os.set_blocking(1, True)
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        for kind, most in ((resource.RLIMIT_FSIZE, int(self.caps["file_b"])), (resource.RLIMIT_NPROC, tasks)):
            hard = resource.getrlimit(kind)[1]
            most = most if hard == resource.RLIM_INFINITY else min(most, hard)
            resource.setrlimit(kind, (most, most))
        for number in (signal.SIGHUP, signal.SIGINT, signal.SIGQUIT, signal.SIGPIPE, signal.SIGXFSZ):
            signal.signal(number, signal.SIG_DFL)
        os.chdir(self.work)
        os.umask(0o077)
        if os.read(held, 1) != b"!":  # the shim died before it could say when this began
            os._exit(127)
        handed = {name: os.environ[name] for name in HANDED if name in os.environ}
        env: dict[str, str] = self.spec["env"]  # type: ignore[assignment]  # written by submit
        os.execvpe(self.argv[0], self.argv, env | handed)

    def started(self) -> dict[str, object]:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
        return {
            "pid": self.program,
            "start": start_of(self.program),
            "boot": boot,
            "shim": os.getpid(),
            "shim_start": start_of(os.getpid()),
            "apart": self.apart,
            "gpu": os.environ.get("CUDA_VISIBLE_DEVICES", ""),
            "at": time.time(),
            "monotonic": time.monotonic(),
            "wall_s": self.caps["wall_s"],
        }

    def watch(self, output: int, deadline: float) -> str:
        """Until the program ends (`""`), a limit is hit (its name), or a stop is asked for (`stop`)."""
        events = select.poll()
        events.register(output, select.POLLIN)
        rest_s = LOOK_S
        try:
            events.register(os.pidfd_open(self.program), select.POLLIN)
        except OSError:  # a kernel or a container without it: look oftener whether the program ended
            rest_s = LOOK_S / 5
        due = 0.0
        while True:
            now = time.monotonic()
            if now >= deadline:
                return "wall"
            if self.leaving:
                return "leave"
            if now >= due:
                if why := self.over(now):
                    return why
                due = time.monotonic() + LOOK_S
            wait_s = max(min(due, deadline, now + rest_s) - time.monotonic(), 0)
            ready = {fd for fd, _ in events.poll(int(wait_s * 1000) + 1)}
            if output in ready and not self.pour(output):
                events.unregister(output)  # every writer closed it; the program may go on in silence
            self.settle()
            if self.status is not None:
                return ""

    def over(self, now: float) -> str:
        if not os.access(self.folder, os.W_OK | os.X_OK):  # by the program: it must neither blind nor gag its shim
            limits.open_up(str(self.folder))
        if (self.folder / "stop").exists() or not self.folder.is_dir():  # the project was removed: for nobody
            return "stop"
        between = apart.STANDING_BETWEEN if self.apart else 0
        pids = limits.descendants(os.getpid(), int(self.caps["processes"]) + between + 1)[between:]
        if len(pids) > self.caps["processes"]:
            return "processes"
        used_b = self.memory(pids, now)
        self.peak_b = max(self.peak_b, used_b)
        if 0 < self.caps["memory_b"] < used_b:
            return "memory"
        if now >= self.disk_due:
            self.least_b = min(self.least_b, room_b(self.folder))
            if limits.folder_b(str(self.work)) + limits.unlinked_b(pids) > self.caps["disk_b"]:
                return "disk"
            self.disk_due = now + max(DISK_LOOK_S, 10 * (time.monotonic() - now))  # a folder of many files: seldom
        return ""

    def memory(self, pids: list[int], now: float) -> int:
        """What the tree holds. Whether its shared memory is one or many is asked where many would be too much."""
        private_b, holders = limits.memory_b(pids)
        shared_b = max(holders.values(), default=0)
        if 0 < self.caps["memory_b"] < private_b + sum(holders.values()) and now >= self.shared_due:
            shared_b = limits.shared_b(holders)
            self.shared_due = now + 10 * (time.monotonic() - now)
        return private_b + shared_b

    def settle(self) -> None:
        """Take the ends of children; orphans of the tree come to this process too."""
        self.status = limits.reap().get(self.program, self.status)

    def pour(self, output: int) -> bool:
        """Read what lies in the pipe, a part at a time, so that a flood keeps us from no look; False at its end."""
        for _ in range(16):
            try:
                data = os.read(output, CHUNK_B)
            except BlockingIOError:
                return True
            if not data:
                return False
            self.log.take(data)
        return True

    def drain(self, output: int) -> None:
        until = time.monotonic() + DRAIN_S
        while time.monotonic() < until:
            if not select.select([output], [], [], 0)[0] or not self.pour(output):
                break
        os.close(output)

    def ending(self, why: str, took_s: float) -> dict[str, object]:
        code = os.waitstatus_to_exitcode(self.status) if self.status is not None else None
        number = -code if code is not None and code < 0 else None
        state = "finished" if code == 0 else "failed"
        if why == "stop":
            state = "stopped"
        elif why:
            state = "limit"
        elif number == signal.SIGXFSZ:
            state, why = "limit", "file"
        used = resource.getrusage(resource.RUSAGE_CHILDREN)
        return {
            "state": state,
            "exit_code": code if number is None and not why else None,
            "signal": number if not why else None,
            "limit": why if state == "limit" else None,
            "took_s": round(took_s, 3),
            "output_b": self.log.total_b,
            "memory_b": self.peak_b,
            "cpu_s": round(used.ru_utime + used.ru_stime, 3),
            "room_b": self.least_b,  # a program that ended badly on a full disk has said nothing about itself
        }

    def write_exit(self, told: dict[str, object]) -> None:
        """Write how it ended; on a full disk give back the reserve, then wait for room as long as it takes.

        Whatever the program laid in the way, or closed, is no reason to wait.
        """
        while True:
            limits.open_up(str(self.folder))
            try:
                durable.write_json(self.folder / "exit.json", told, mode=0o600)
            except FileNotFoundError:  # somebody removed the whole folder: there is nobody to tell
                return
            except IsADirectoryError:
                (self.folder / "exit.json").rename(self.folder / f"exit.json.{os.urandom(4).hex()}")
            except OSError:
                with contextlib.suppress(OSError):
                    (self.folder / "reserve").unlink(missing_ok=True)
                time.sleep(0.05 if self.leaving else 1)
                if self.leaving:
                    return
            else:
                with contextlib.suppress(OSError):
                    (self.folder / "reserve").unlink(missing_ok=True)
                return

    def leave(self, number: int, frame: object) -> None:
        self.leaving = True


def room_b(folder: Path) -> int:
    """What is free where the job lies; of a folder that is gone nobody can say that its disk is full."""
    try:
        told = os.statvfs(folder)
    except OSError:
        return 1 << 62
    return told.f_bavail * told.f_frsize


def reserve(path: Path) -> None:
    with contextlib.suppress(OSError):  # on a disk that is full already there is nothing to lay aside
        fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            os.posix_fallocate(fd, 0, RESERVE_B)
        finally:
            os.close(fd)


def start_of(pid: int) -> int:
    """When `pid` began, in clock ticks since boot: with the pid and the boot id it names a process for good."""
    told = Path(f"/proc/{pid}/stat").read_bytes()
    return int(told[told.rindex(b")") + 2 :].split()[19])


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]).resolve()))
