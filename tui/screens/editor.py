"""A text in the person's own editor, and back. The app stands aside meanwhile and writes nothing."""

from __future__ import annotations

import asyncio
import os
import shlex
import tempfile
from pathlib import Path

from tui.screens.frame import LabScreen


async def edited_elsewhere(screen: LabScreen, text: str, suffix: str) -> str | None:
    """The text as the person's own editor left it; None where it failed."""
    editor = os.environ.get("VISUAL") or os.environ.get("EDITOR") or "vi"
    with tempfile.TemporaryDirectory(prefix="nightlab-") as folder:
        path = Path(folder) / f"draft{suffix}"
        path.write_text(text, "utf-8")
        try:
            with screen.app.suspend():
                process = await asyncio.create_subprocess_exec(*shlex.split(editor), str(path))
                code = await process.wait()
        except OSError:
            screen.say("edit.no_editor", editor=editor)
            return None
        if code != 0:
            screen.say("edit.failed", editor=editor, code=str(code))
            return None
        return path.read_text("utf-8", "replace")
