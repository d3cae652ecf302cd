"""Keys of endpoints: in the environment, or in `keys.toml` in the config folder, mode 0600.

`find` looks in the environment first and reads the file anew each time, so that a key given while the engine waits is
seen. A file that others may read is refused, never used. Values are never logged and stand in no error. Called by
`engine/models/choose.py` and by `nightlab key`.
"""

from __future__ import annotations

import os
import re
import stat
import tomllib
from collections.abc import Collection, Mapping
from pathlib import Path

from state import durable
from state.errors import LabError
from state.places import config_folder
from state.profiles import Profile
from state.toml_text import REASONS, coded, fault_of, loads, with_value

LIMIT_B = 64 << 10
_SENDABLE = re.compile(r"[\x21-\x7e]+")


def file() -> Path:
    return config_folder() / "keys.toml"


def find(profile: Profile, environment: Mapping[str, str] | None = None, but: Collection[str] = ()) -> str | None:
    """The key of an endpoint, or None: its variables in the environment, then its name or a variable in keys.toml.

    Those in `but` are passed over: the endpoint refused them.
    LabError `keys.too_open`, `keys.unreadable`, `keys.bad_value`.
    """
    environment = os.environ if environment is None else environment
    for variable in profile.keys:
        if (value := environment.get(variable, "").strip()) and value not in but:
            return _sendable(value, variable)
    known = _tables(_read())
    for name in (profile.name, *profile.keys):
        kept = known.get(name)
        if isinstance(kept, str) and kept.strip() and kept.strip() not in but:
            return _sendable(kept.strip(), name)
    return None


def keep(name: str, value: str) -> None:
    """Write the key of the profile `name` down: whole and durable or not at all, the rest of the file untouched."""
    text = _read()
    _tables(text)
    path = file()
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    durable.write(path, with_value(text, (name,), _sendable(value.strip(), name)).encode(), mode=0o600)


def _sendable(value: str, name: str) -> str:
    """A header must be able to carry it; what was pasted with a line break or a curly quote is told at once."""
    if not _SENDABLE.fullmatch(value):
        raise LabError("keys.bad_value", name=name)
    return value


def _read() -> str:
    path = file()
    try:
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except FileNotFoundError:
        return ""
    except OSError as error:
        raise LabError("keys.unreadable", file=str(path), line=1, reason=error.strerror or "") from None
    with os.fdopen(fd, "rb") as opened:
        told = os.fstat(fd)
        if not stat.S_ISREG(told.st_mode):
            raise LabError("keys.unreadable", file=str(path), line=1, reason="not_regular")
        if told.st_mode & 0o077:
            raise LabError("keys.too_open", file=str(path), mode=f"{told.st_mode & 0o777:04o}")
        data = opened.read(LIMIT_B + 1)
    try:
        if len(data) > LIMIT_B:
            raise LabError("keys.unreadable", file=str(path), line=1, reason="too_large")
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise LabError("keys.unreadable", file=str(path), line=1, reason="encoding") from None


def _tables(text: str) -> dict[str, object]:
    try:
        return loads(text)
    except tomllib.TOMLDecodeError as error:
        line, reason = fault_of(text, error)
        reason = coded(reason)  # tomllib's own words may show a part of a key
        reason = reason if reason in REASONS else "other"
        raise LabError("keys.unreadable", file=str(file()), line=line, reason=reason) from None
