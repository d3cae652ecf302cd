"""Begin something from home: the demo, or a project of one's own; each leaves the word that starts its first run."""

from __future__ import annotations

from pathlib import Path

from state.errors import LabError
from state.vocabulary import WordKind
from tui import language, launch


def begin_demo(folder: Path) -> None:
    """A copy of the sample in `folder` and its run; one that is there is continued."""
    from state import project  # late, here and below: pydantic comes with it, and home's first frame needs none of it
    from tui import sample

    if not (folder / project.FILE).exists():
        sample.copy(folder, autopilot=False, language=language.current().value, model=None)
    sample.go_on(folder, autopilot=False)
    launch.start_engine(folder)


def begin_project(folder: Path, question: str) -> None:
    """A project.toml with every default, and a run; LabError `new.exists` where one is."""
    from state import project
    from tui import ownproject

    if (folder / project.FILE).exists():
        raise LabError("new.exists", file=str(folder / project.FILE))
    ownproject.write(folder, question)
    launch.give(folder, WordKind.RUN, {})
