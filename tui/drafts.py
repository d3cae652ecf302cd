"""What the tui remembers for one person: drafts, last-looked marks, known projects, language and theme.

All of it lies in the XDG folders, written whole and renamed, because a hang-up ends the tui without a goodbye. A file
that cannot be read counts as empty, one that cannot be written (a home that is full, or read-only) is gone without:
none of it is needed by the lab, and no screen ends for it.
"""

from __future__ import annotations

import hashlib
import json
import os
import tomllib
from contextlib import suppress
from pathlib import Path
from typing import Any

from state.places import config_folder, state_folder

INTERFACE = "interface.toml"


def _write(path: Path, data: bytes) -> bool:
    """Whether it lies there now."""
    try:
        _put(path, data)
    except OSError:
        return False
    return True


def _put(path: Path, data: bytes) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
    except OSError:
        draft.unlink(missing_ok=True)
        raise
    draft.replace(path)


def _read_json(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _place(folder: Path) -> Path:
    name = hashlib.sha256(os.fsencode(folder.resolve())).hexdigest()[:16]
    return state_folder() / "projects" / name


# the interface


def interface() -> dict[str, str]:
    """Language, theme and symbols as they were chosen; empty where nothing was."""
    try:
        found = tomllib.loads((config_folder() / INTERFACE).read_text("utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}
    return {key: value for key, value in found.items() if isinstance(value, str)}


def choose(key: str, value: str) -> None:
    """Keep a choice of the interface for the next time."""
    kept = interface() | {key: value}
    text = "".join(f"{name} = {json.dumps(kept[name], ensure_ascii=False)}\n" for name in sorted(kept))
    _write(config_folder() / INTERFACE, text.encode())


# projects


def known_projects() -> list[Path]:
    """Projects this person opened, newest first; those that are gone are left out."""
    found = _read_json(state_folder() / "projects.json").get("projects", [])
    paths = [Path(one) for one in found if isinstance(one, str)] if isinstance(found, list) else []
    return [path for path in paths if (path / "project.toml").is_file()]


def know(folder: Path) -> None:
    """Remember a project, as the newest."""
    here, known = folder.absolute(), known_projects()
    if known[:1] == [here]:
        return
    kept = [here, *(path for path in known if path != here)][:200]
    _write(state_folder() / "projects.json", json.dumps({"projects": [str(path) for path in kept]}).encode())


# last looked


def looked_at(folder: Path, run: int) -> int:
    """When the person last looked at a run, in ms; 0 for never."""
    value = _read_json(_place(folder) / "looked.json").get(str(run), 0)
    return value if isinstance(value, int) else 0


def look_now(folder: Path, run: int, at: int) -> None:
    path = _place(folder) / "looked.json"
    _write(path, json.dumps(_read_json(path) | {str(run): at}).encode())


# drafts


def place_of(folder: Path, name: str) -> Path:
    """Where a draft lies."""
    return _place(folder) / "drafts" / name


def draft(folder: Path, name: str) -> bytes | None:
    """A draft (`note-1`, `edit-7`, `form-1`), or None."""
    try:
        return place_of(folder, name).read_bytes()
    except OSError:
        return None


def save_draft(folder: Path, name: str, data: bytes) -> bool:
    """Keep a draft; an empty one is dropped. False where it could not be kept."""
    if data:
        return _write(place_of(folder, name), data)
    drop_draft(folder, name)
    return True


def drop_draft(folder: Path, name: str) -> None:
    with suppress(OSError):
        place_of(folder, name).unlink()


# how the rail was left


def folds(folder: Path) -> dict[str, bool]:
    """What `z` chose, by phase."""
    return {key: value for key, value in _read_json(_place(folder) / "folds.json").items() if isinstance(value, bool)}


def fold(folder: Path, phase: str, folded: bool) -> None:
    path = _place(folder) / "folds.json"
    _write(path, json.dumps(_read_json(path) | {phase: folded}).encode())
