"""What project.toml names on this machine: the person's data, their Python, their papers.

`refuse_missing` answers, where a run would begin, each that is not there with its line and what lies near it, and
`refuse_gone` what is gone since. Reading project.toml asks for none of them, so a project whose data are elsewhere can
still be looked at. `data`, `python` and `papers` say where they are: relative to the project, `~` is the person's home.
Called by the commands and the engine.
"""

from __future__ import annotations

import difflib
import json
import os
import shutil
from pathlib import Path

from state.config import Config
from state.errors import LabError
from state.project import Project
from state.toml_text import Key, line_of

PATH = "/usr/local/bin:/usr/bin:/bin"
"""Where an experiment finds programs; a bare name of a Python is looked for here."""

_USUAL_PAPERS = "papers"


def data(folder: Path, config: Config) -> dict[str, Path]:
    """Where the data of each name in [data] lie."""
    return {name: _at(folder, path) for name, path in config.data.items()}


def python(folder: Path, config: Config) -> str:
    """The interpreter of experiments as a path, or a bare name that PATH has; "" is the lab's own. A link stays one:
    that of a venv is what makes it a venv's."""
    named = config.experiments.python
    return str(_at(folder, named)) if "/" in named else named


def papers(folder: Path, config: Config) -> Path:
    return _at(folder, papers_named(config))


def papers_named(config: Config) -> str:
    """As project.toml has it, so that a project that is moved finds its own; only `~` is filled in."""
    return _at_home(config.papers.folder)


def refuse_missing(project: Project) -> None:
    """LabError `project.nothing_there`, `.not_readable`, `.no_program` or `.no_folder` for the first that is missing.

    The usual papers/ may be missing, as where git did not keep an empty folder.
    """
    folder, config = project.folder, project.config
    for name, path in data(folder, config).items():
        _refuse_unreadable(project, ("data", name), config.data[name], path)
    if config.experiments.python:
        _refuse_no_program(project, python(folder, config))
    at = papers(folder, config)
    if at.exists() or config.papers.folder != _USUAL_PAPERS:
        _refuse_unreadable(project, ("papers", "folder"), config.papers.folder, at)
        if not at.is_dir():
            raise _error("project.no_folder", project, ("papers", "folder"), config.papers.folder, at)


def refuse_gone(folder: Path, config: Config) -> None:
    """For a run at work, whose project.toml is a copy: LabError `data.missing` or `python.missing` where what programs
    need is gone since it began."""
    for path in data(folder, config).values():
        if not path.exists():
            raise LabError("data.missing", path=str(path))
    named = python(folder, config)
    if named and shutil.which(named, path=PATH) is None:
        raise LabError("python.missing", path=named)


def _at(folder: Path, path: str) -> Path:
    return Path(os.path.normpath(folder.absolute() / _at_home(path)))  # not resolved: a link stays one


def _at_home(path: str) -> str:
    return os.path.expanduser(path)  # noqa: PTH111  Path's fails where nobody knows a home


def _refuse_unreadable(project: Project, key: Key, value: str, path: Path) -> None:
    try:
        path.stat()
        if path.is_dir():
            next(path.iterdir(), None)
        else:
            path.open("rb").close()
    except (FileNotFoundError, NotADirectoryError):
        raise _error("project.nothing_there", project, key, value, path, _near(path)) from None
    except (OSError, ValueError) as error:  # ValueError: a NUL in the text
        why = (error.strerror if isinstance(error, OSError) else None) or str(error)
        raise _error("project.not_readable", project, key, value, path, why=why) from None


def _refuse_no_program(project: Project, named: str) -> None:
    key, value = ("experiments", "python"), project.config.experiments.python
    if shutil.which(named, path=PATH) is not None:
        return
    path = Path(named)
    if path.is_dir():  # a venv, named by its folder
        inner = next((path / part for part in ("bin/python", "python") if (path / part).is_file()), None)
        raise _error("project.no_program", project, key, value, path, str(inner or ""))
    if "/" in named and not path.exists():
        raise _error("project.nothing_there", project, key, value, path, _near(path))
    on_theirs = "" if "/" in named else shutil.which(named) or ""
    raise _error("project.no_program", project, key, value, path, on_theirs)


def _near(path: Path) -> str:
    """What lies in the same folder under a name like it."""
    try:
        names = [each.name for each in path.parent.iterdir()]
    except OSError:
        return ""
    close = difflib.get_close_matches(path.name, names, n=1, cutoff=0.6)
    return str(path.parent / close[0]) if close else ""


def _error(
    message: str, project: Project, key: Key, value: str, path: Path, nearest: str = "", why: str = ""
) -> LabError:
    return LabError(
        message,
        file=str(project.file),
        line=line_of(project.text, key),
        option=".".join(key),
        value=json.dumps(value, ensure_ascii=False),
        path=str(path),
        nearest=nearest,
        why=why,
    )
