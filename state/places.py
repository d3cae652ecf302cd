"""Where things lie: the project folder, the lab's own folder in it, the XDG folders, and what a share cannot hold.

`places(folder)` answers for everybody: `database`, `lock` and `ballast` lie in `.nightlab/`, or on a local disk where
the project is on a network file system, because SQLite's WAL and flock need one host. A lab that lies on another host,
or whose database is gone, is answered with the way to it, never by beginning afresh. Called by tui and engine.
"""

from __future__ import annotations

import ctypes
import hashlib
import os
import shlex
import socket
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from state.durable import fsync_dir, read_json, write_json
from state.errors import LabError

FILE = "project.toml"
LAB = ".nightlab"

NETWORK = {
    0x6969: "nfs",
    0x0BD00BD0: "lustre",
    0x47504653: "gpfs",
    0x19830326: "beegfs",
    0x517B: "smb",
    0xFF534D42: "cifs",
    0xFE534D42: "smb2",
    0x01021997: "9p",
    0x65735546: "fuse",
    0x00C36400: "ceph",
    0x5346414F: "afs",
    0x73757245: "coda",
    0xAAD7AAEA: "panfs",
    0x20030528: "orangefs",
}
"""statfs f_type of file systems that several hosts may share."""

SCRATCH = (Path("/scratch"), Path("/local"))
"""Where machines with shares keep a local folder for each user."""

Kind = Callable[[Path], str | None]


def network_kind(path: Path) -> str | None:
    """The network file system that `path`, or its nearest existing parent, lies on; None for a local one."""
    while not path.exists() and path != path.parent:
        path = path.parent
    return NETWORK.get(_statfs_type(path))


def _statfs_type(path: Path) -> int:
    buffer = ctypes.create_string_buffer(512)  # struct statfs: f_type is its first word
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.statfs(os.fsencode(path), buffer) != 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code), str(path))
    return ctypes.c_ulong.from_buffer(buffer).value & 0xFFFFFFFF


@dataclass(frozen=True)
class Places:
    """Paths of one project. `lab` is `.nightlab/`; `local` holds database, lock and ballast: usually the same."""

    folder: Path
    local: Path
    kind: str | None = None  # the network file system of `folder`; folders there are polled, no events come

    @property
    def lab(self) -> Path:
        return self.folder / LAB

    @property
    def database(self) -> Path:
        return self.local / "lab.db"

    @property
    def lock(self) -> Path:
        return self.local / "lock"

    @property
    def ballast(self) -> Path:
        return self.local / "ballast"

    @property
    def snapshot(self) -> Path:
        """The copy of the database that a checkpoint leaves on the share."""
        return self.lab / "snapshot.db"

    @property
    def where(self) -> Path:
        return self.lab / "where.json"

    @property
    def inbox(self) -> Path:
        return self.lab / "inbox"

    def words(self) -> list[Path]:
        """What was left in the inbox and not taken up, in the order of names: no half-written ones, and no folders."""
        try:
            found = list(self.inbox.iterdir())
        except FileNotFoundError:
            return []
        return sorted(path for path in found if not path.name.startswith(".") and not path.is_dir())

    @property
    def refused(self) -> Path:
        return self.inbox / "refused"

    @property
    def calls(self) -> Path:
        return self.lab / "calls"

    @property
    def jobs(self) -> Path:
        return self.lab / "jobs"

    @property
    def blobs(self) -> Path:
        return self.lab / "blobs"

    @property
    def log(self) -> Path:
        return self.lab / "engine.log"

    @property
    def notes(self) -> Path:
        return self.folder / "notes"

    @property
    def runs(self) -> Path:
        return self.folder / "runs"

    @property
    def begun(self) -> bool:
        """The lab has worked here: what only a database can explain lies in `.nightlab/`."""
        return self.snapshot.exists() or any(_holds_something(part) for part in (self.blobs, self.calls, self.jobs))


def find(start: Path) -> Path | None:
    """The project that `start` lies in: the nearest folder upward with a project.toml, as git does; None if none."""
    start = start.absolute()
    return next((folder for folder in (start, *start.parents) if (folder / FILE).is_file()), None)


def project_folder(start: Path) -> Path:
    """As `find`; LabError `place.no_project` where there is none."""
    if (folder := find(start)) is None:
        raise LabError("place.no_project", folder=str(start.absolute()))
    return folder


def places(folder: Path, *, kind: Kind = network_kind) -> Places:
    """Where this project's things lie. Makes nothing.

    LabError `place.other_host` (with the ssh line), `place.database_gone` (with the way to restore),
    `place.ask_local` (a network file system, and no local disk that may be taken without asking).
    """
    folder = folder.absolute()
    network = kind(folder)
    settled = Places(folder, folder / LAB) if network is None else _settled(folder, network)
    if settled is None:
        return Places(folder, _choose(folder, kind, network or ""), network)
    if not _holds_bytes(settled.database) and settled.begun:
        raise LabError(
            "place.database_gone",
            database=str(settled.database),
            snapshot=str(settled.snapshot) if settled.snapshot.exists() else None,
            restore=_restore_line(settled) if settled.snapshot.exists() else None,
        )
    return settled


def _holds_bytes(file: Path) -> bool:
    """False for a file that is not there, or was emptied: SQLite would take that for a new database."""
    try:
        return file.stat().st_size > 0
    except FileNotFoundError:
        return False


def prepare(folder: Path, *, kind: Kind = network_kind) -> Places:
    """As `places`, and makes `.nightlab/` with its folders (mode 0700) and, on a share, the local folder."""
    where = places(folder, kind=kind)
    _private(where.lab)
    for part in (where.inbox, where.refused, where.calls, where.jobs, where.blobs):
        _make(part)
    if where.local != where.lab:
        settle(where.folder, where.local)
    return where


def settle(folder: Path, local: Path) -> None:
    """Take `local` for the database of a project on a share, and write down host and folder in `where.json`."""
    local.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    _private(local)
    _private(folder / LAB)
    if not (folder / LAB / "where.json").exists():
        write_json(folder / LAB / "where.json", {"version": 1, "host": socket.gethostname(), "folder": str(local)})


def swept_place(folder: Path) -> Path:
    """The folder of last resort, /var/tmp: many machines sweep it after 30 days, so a person is asked first."""
    return Path(f"/var/tmp/nightlab-{os.getuid()}") / _local_name(folder.absolute())


def config_folder() -> Path:
    """`$XDG_CONFIG_HOME/nightlab`: language, theme, key map, keys."""
    return _xdg("XDG_CONFIG_HOME", ".config")


def state_folder() -> Path:
    """`$XDG_STATE_HOME/nightlab`: known projects, last-looked marks, drafts: the tui's own."""
    return _xdg("XDG_STATE_HOME", ".local/state")


def cache_folder() -> Path:
    """`$XDG_CACHE_HOME/nightlab`: what can be made again, and serves every project."""
    return _xdg("XDG_CACHE_HOME", ".cache")


def _xdg(name: str, otherwise: str) -> Path:
    named = os.environ.get(name, "")
    return (Path(named) if named.startswith("/") else Path.home() / otherwise) / "nightlab"


def _settled(folder: Path, network: str) -> Places | None:
    try:
        told = read_json(folder / LAB / "where.json", limit_b=64 << 10)
    except FileNotFoundError:
        return None
    except LabError:
        told = None
    if not isinstance(told, dict) or not isinstance(told.get("host"), str) or not isinstance(told.get("folder"), str):
        raise LabError("place.where_unreadable", file=str(folder / LAB / "where.json"))
    host, local = str(told["host"]), Path(str(told["folder"]))
    if host != socket.gethostname():
        line = f"ssh -t {shlex.quote(host)} nightlab -C {shlex.quote(str(folder))}"
        raise LabError("place.other_host", host=host, folder=str(local), ssh=line)
    return Places(folder, local, network)


def _choose(folder: Path, kind: Kind, network: str) -> Path:
    user = os.environ.get("USER") or str(os.getuid())
    named = os.environ.get("NIGHTLAB_LOCAL")
    if named:
        base = Path(named).absolute()
        if (on := kind(base)) is not None:
            raise LabError("place.local_is_network", folder=named, kind=on)
        return base / _local_name(folder)
    for base in (disk / user for disk in SCRATCH):
        if base.is_dir() and os.access(base, os.W_OK | os.X_OK) and kind(base) is None:
            return base / "nightlab" / _local_name(folder)
    if (swept := swept_place(folder)).is_dir():  # taken before, and where.json got lost
        return swept
    raise LabError("place.ask_local", folder=str(folder), kind=network, offer=str(swept))


def _local_name(folder: Path) -> str:
    return f"{folder.name}-{hashlib.sha256(os.fsencode(folder.resolve())).hexdigest()[:8]}"


def _restore_line(where: Places) -> str:
    """The log that was left goes first: SQLite would lay its newer pages over the older ones."""
    local, copy, to = (shlex.quote(str(path)) for path in (where.local, where.snapshot, where.database))
    return f"mkdir -p -m 700 {local} && rm -f {to}-wal {to}-shm && cp {copy} {to}"


def _private(folder: Path) -> None:
    """Make `folder` with mode 0700; refuse one that is a link or another user's."""
    _make(folder)
    told = folder.lstat()
    if folder.is_symlink() or told.st_uid != os.geteuid():
        raise LabError("place.not_ours", folder=str(folder))
    if told.st_mode & 0o077:
        folder.chmod(0o700)


def _make(folder: Path) -> None:
    """A new folder's name is synced too: what is left in it would be lost with it."""
    try:
        folder.mkdir(mode=0o700)
    except FileExistsError:
        if not folder.is_dir():
            raise
    else:
        fsync_dir(folder.parent)


def _holds_something(folder: Path) -> bool:
    return folder.is_dir() and next(folder.iterdir(), None) is not None
