"""A project of one's own: a folder with a project.toml that shows every default, and places for notes and papers.

Asked by `nightlab new` and by home; it brings pydantic, which home's first frame does not wait for.
"""

from __future__ import annotations

import json
from pathlib import Path

from state import durable, project
from state.toml_text import with_value
from tui.language import current

DEFAULTS = Path(__file__).parent / "project.toml"


def write(
    folder: Path, question: str, topic: str | None = None, *, autopilot: bool = False, language: str | None = None
) -> None:
    """Write it for a question, or for a topic where there is one; LabError where what was asked for is no project.

    `language` is the team's and the paper's. Without it the team speaks as the interface does now, to which the
    question was typed, and the paper has the default.
    """
    first = "topic" if topic else "question"
    text = DEFAULTS.read_text("utf-8")
    text = text.replace("QUESTION", f"{first} = {json.dumps(topic or question, ensure_ascii=False)}", 1)
    if autopilot:
        text = with_value(text, ("autonomy",), "autopilot")
    text = with_value(text, ("languages", "team"), language or current().value)
    if language:
        text = with_value(text, ("languages", "paper"), language)
    project.read(text, folder / project.FILE)
    for part in (folder, folder / "notes", folder / "papers"):
        part.mkdir(parents=True, exist_ok=True)
    durable.write(folder / project.FILE, text.encode())
