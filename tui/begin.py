"""Begin something from home: the demo, or a project of one's own; each leaves the word that starts its first run."""

from __future__ import annotations

import json
from pathlib import Path

from state.durable import write
from state.errors import LabError
from state.vocabulary import WordKind
from tui import language, launch


def begin_demo(folder: Path) -> None:
    """A copy of the sample in `folder` and its run; one that is there is continued."""
    from state import project
    from tui.commands import demo

    if not (folder / project.FILE).exists():
        demo.copy(folder, autopilot=False, language=language.current().value, model=None)
    demo.go_on(folder, autopilot=False)
    launch.start_engine(folder)


def begin_project(folder: Path, question: str) -> None:
    """A project.toml with every default, and a run; LabError `new.exists` where one is."""
    from state import project  # late, as in demo: pydantic comes with it, and home's first frame needs none of it
    from tui.commands import new

    if (folder / project.FILE).exists():
        raise LabError("new.exists", file=str(folder / project.FILE))
    text = new.DEFAULTS.read_text("utf-8")
    text = text.replace("QUESTION", f"question = {json.dumps(question, ensure_ascii=False)}", 1)
    project.read(text, folder / project.FILE)
    for part in (folder, folder / "notes", folder / "papers"):
        part.mkdir(parents=True, exist_ok=True)
    write(folder / project.FILE, text.encode())
    launch.give(folder, WordKind.RUN, {})
