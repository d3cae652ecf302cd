"""Write so that it is still there after a power cut; read what a stranger wrote without being led astray.

`write` promises all or nothing: a temporary name, fsync, rename, fsync of the folder. `read_beneath` opens a file below
a folder without following a link at any component, regular files only, never more than was allowed. Standard library
only and quick to import: the shim of an experiment uses this module alone. Whatever a person may see is a `LabError`
with a `file.` key; what the system refuses (a full disk, a missing right) stays an OSError.
"""

from __future__ import annotations

import contextlib
import errno
import json
import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from state.errors import LabError, Plain

JSON_LIMIT_B = 64 << 20
CHUNK_B = 1 << 20
DEPTH = 16
ENTRIES = 20_000


def write(path: Path, data: bytes, *, mode: int = 0o666) -> None:
    """`path` holds `data` whole, or what it held before. `mode` is lowered by the umask, as open does."""
    beside = path.parent / f".{path.name[:80]}.{os.getpid()}.{os.urandom(4).hex()}.tmp"
    fd = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW, mode)
    try:
        try:
            rest = memoryview(data)
            while rest:
                rest = rest[os.write(fd, rest) :]
            os.fsync(fd)
        finally:
            os.close(fd)
        beside.rename(path)
    except BaseException:
        with contextlib.suppress(OSError):
            beside.unlink()
        raise
    fsync_dir(path.parent)


def write_json(path: Path, value: object, *, mode: int = 0o666) -> None:
    """`value` as one line of JSON. NaN and infinity are refused (ValueError): JSON has neither."""
    write(path, (json.dumps(value, ensure_ascii=False, allow_nan=False) + "\n").encode(), mode=mode)


def read_json(path: Path, *, limit_b: int = JSON_LIMIT_B) -> Plain:
    """What `write_json` wrote. FileNotFoundError where nothing is; `file.not_json` where it is something else."""
    with path.open("rb") as file:
        data = file.read(limit_b + 1)
    if len(data) > limit_b:
        raise LabError("file.too_big", file=str(path), limit_b=limit_b)
    return parse_json(data, str(path))


def parse_json(data: bytes, name: str) -> Plain:
    """`data` as JSON; `name` is what an error calls it. Also a nesting too deep for Python is only `file.not_json`."""
    try:
        value: Plain = json.loads(data.decode("utf-8"))
    except (ValueError, RecursionError) as error:
        raise LabError("file.not_json", file=name, why=str(error)[:300]) from error
    return value


def put_in_place(part: Path, target: Path) -> None:
    """`part`, which somebody else wrote, takes the place of `target`, and is there after a power cut."""
    fd = os.open(part, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)
    part.replace(target)
    fsync_dir(target.parent)


def printable(name: str) -> str:
    """A file's name as text that can be kept and shown, also where its bytes are in another encoding than UTF-8."""
    return name.encode("utf-8", "backslashreplace").decode()


def fsync_dir(folder: Path) -> None:
    """A rename or a new name in `folder` survives a power cut after this."""
    fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


def read_beneath(folder: Path, relative: str, limit_b: int) -> bytes:
    """The bytes of the regular file `relative` below `folder`, at most `limit_b` of them.

    Raises `file.outside` (absolute, `..`), `file.missing`, `file.link`, `file.not_regular`, `file.too_big`.
    """
    with open_beneath(folder, relative) as fd:
        told = os.fstat(fd)
        if told.st_size > limit_b:
            raise LabError("file.too_big", file=relative, size_b=told.st_size, limit_b=limit_b)
        parts, left = [], limit_b + 1
        while left and (part := os.read(fd, min(CHUNK_B, left))):
            parts.append(part)
            left -= len(part)
        if not left:  # it grew while it was read
            raise LabError("file.too_big", file=relative, size_b=limit_b + 1, limit_b=limit_b)
        return b"".join(parts)


@contextlib.contextmanager
def open_beneath(folder: Path, relative: str) -> Iterator[int]:
    """A read descriptor of a regular file below `folder`: for reading part of a large one, or copying it."""
    parts = relative.split("/")
    if not relative or "\0" in relative or any(part in ("", ".", "..") for part in parts):
        raise LabError("file.outside", file=relative)
    fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        for part in parts[:-1]:
            below = _openat(fd, part, os.O_RDONLY | os.O_DIRECTORY, relative)
            os.close(fd)
            fd = below
        file = _openat(fd, parts[-1], os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY, relative)
        os.close(fd)
        fd = file
        if not stat.S_ISREG(os.fstat(fd).st_mode):
            raise LabError("file.not_regular", file=relative)
        yield fd
    finally:
        os.close(fd)


def _openat(at: int, name: str, flags: int, relative: str) -> int:
    try:
        return os.open(name, flags | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=at)
    except FileNotFoundError:
        raise LabError("file.missing", file=relative) from None
    except OSError as error:
        if error.errno == errno.ELOOP or (error.errno == errno.ENOTDIR and _is_link(at, name)):
            raise LabError("file.link", file=relative) from None
        if error.errno in (errno.ENOTDIR, errno.ENXIO):  # a file where a folder should be; a socket
            raise LabError("file.not_regular", file=relative) from None
        if error.errno == errno.ENAMETOOLONG:
            raise LabError("file.missing", file=relative) from None
        raise


def _is_link(at: int, name: str) -> bool:
    try:
        return stat.S_ISLNK(os.stat(name, dir_fd=at, follow_symlinks=False).st_mode)
    except OSError:
        return False


@dataclass(frozen=True, slots=True)
class Found:
    """A regular file below a folder."""

    path: str  # relative, with /
    size_b: int


def list_beneath(
    folder: Path, *, limit_b: int | None = None, entries: int = ENTRIES, depth: int = DEPTH
) -> list[Found]:
    """The regular files below `folder`, sorted by path, without links, devices and names that cannot be printed.

    Files larger than `limit_b` are passed over too. `file.too_many` where more than `entries` names are found.
    """
    found: list[Found] = []
    seen = 0
    todo: list[tuple[str, int]] = [("", depth)]
    while todo:
        prefix, left = todo.pop()
        fd = _open_folder(folder, prefix)
        if fd is None:  # it went away, or became a link, since it was listed
            continue
        try:
            with os.scandir(fd) as names:
                for entry in names:
                    seen += 1
                    if seen > entries:
                        raise LabError("file.too_many", folder=folder.name, limit=entries)
                    if not entry.name.isprintable():
                        continue
                    try:
                        told = os.stat(entry.name, dir_fd=fd, follow_symlinks=False)
                    except OSError:  # gone again
                        continue
                    path = prefix + entry.name
                    if stat.S_ISDIR(told.st_mode) and left > 1:
                        todo.append((path + "/", left - 1))
                    elif stat.S_ISREG(told.st_mode) and (limit_b is None or told.st_size <= limit_b):
                        found.append(Found(path, told.st_size))
        finally:
            os.close(fd)
    return sorted(found, key=lambda file: file.path)


def _open_folder(folder: Path, prefix: str) -> int | None:
    flags = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
    fd = os.open(folder, flags)
    for part in prefix.split("/")[:-1]:
        try:
            below = os.open(part, flags | os.O_NOFOLLOW, dir_fd=fd)
        except OSError:
            return None
        finally:
            os.close(fd)
        fd = below
    return fd
