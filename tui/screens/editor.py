"""A text in the person's own editor, and back. The app stands aside meanwhile and writes nothing."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shlex
import tempfile
from pathlib import Path

from tui.screens.frame import LabScreen


async def edited_elsewhere(screen: LabScreen, text: str, suffix: str) -> str | None:
    """The text as the person's own editor left it; None where it failed."""
    try:
        with tempfile.TemporaryDirectory(prefix="nightlab-") as folder:
            path = Path(folder) / f"draft{suffix}"
            path.write_text(text, "utf-8")
            return path.read_text("utf-8", "replace") if await opened_elsewhere(screen, path) else None
    except OSError:  # no room for the draft, or the editor took the file away
        screen.say("edit.no_file")
        return None


async def opened_elsewhere(screen: LabScreen, path: Path) -> bool:
    """A file in the person's own editor; False where that failed, which is said."""
    editor = os.environ.get("VISUAL") or os.environ.get("EDITOR") or "vi"
    code: int | None = None
    with screen.app.suspend(), contextlib.suppress(OSError, ValueError):  # what escapes from it leaves the app aside
        process = await asyncio.create_subprocess_exec(*shlex.split(editor), str(path))
        code = await process.wait()
    if code is None:
        screen.say("edit.no_editor", editor=editor)
    elif code != 0:
        screen.say("edit.failed", editor=editor, code=str(code))
    return code == 0
