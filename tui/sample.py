"""The sample project as the demo: a copy of it in a folder, and work for a copy that is there.

Asked by `nightlab demo` and by home; it brings pydantic, which home's first frame does not wait for.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from contextlib import suppress
from pathlib import Path

from state import brought, inbox, places, project
from state.errors import LabError
from state.readers import reading
from state.toml_text import with_value
from state.vocabulary import Autonomy, RunState, Wait, WordKind
from tui import launch

SAMPLE = Path(__file__).resolve().parents[1] / "sample_projects" / "grokking"


def copy(folder: Path, *, autopilot: bool, language: str | None, model: str | None) -> None:
    """Make `folder` a copy of the sample with its project.toml as asked for; whole or not at all."""
    if folder.exists() and any(folder.iterdir()):
        raise LabError("demo.not_empty", folder=str(folder))
    folder.parent.mkdir(parents=True, exist_ok=True)
    beside = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", dir=folder.parent))
    try:
        leave_out = shutil.ignore_patterns("__pycache__", places.LAB, "runs")
        shutil.copytree(SAMPLE, beside, dirs_exist_ok=True, ignore=leave_out)
        text = (beside / project.FILE).read_text("utf-8")
        if autopilot:
            text = with_value(text, ("autonomy",), Autonomy.AUTOPILOT.value)
        if language:
            text = with_value(text, ("languages", "team"), language)
            text = with_value(text, ("languages", "paper"), language)
        if model:
            text = with_value(text, ("models", "default"), model)
        project.read(text, beside / project.FILE)
        (beside / project.FILE).write_text(text, "utf-8")
        beside.chmod(0o755 & ~_umask())
        if folder.exists():
            folder.rmdir()
        beside.rename(folder)
    except BaseException:
        shutil.rmtree(beside, ignore_errors=True)
        raise


def go_on(folder: Path, *, autopilot: bool) -> int | None:
    """Give the demo work: a new run where there is none or it is done, else what undoes its pause. The run's number,
    None for one that is yet to begin."""
    where = places.places(folder)
    asked_for = _is_asked_for(folder)  # before the runs: a word is committed first and goes from the inbox then
    with reading(where.database, where.blobs) as reader:
        runs = [run for run in reader.runs() if not run.reviews_only] if reader else []
        held = {wait.why for wait in reader.waits(runs[-1].id)} if reader and runs else set()
    if not runs or runs[-1].state == RunState.DONE:
        asked = {"autonomy": Autonomy.AUTOPILOT.value} if autopilot else {}
        if not runs and asked_for:
            return None  # left before, by a demo that was interrupted
        brought.refuse_missing(project.load(folder))
        launch.give(folder, WordKind.RUN, asked)
        return None
    last = runs[-1]
    if autopilot and last.autonomy != Autonomy.AUTOPILOT:
        launch.give(folder, WordKind.SET, {"run": last.id, "key": "autonomy", "value": Autonomy.AUTOPILOT.value})
    if last.state in (RunState.STOPPED, RunState.FAILED) or held - {Wait.CHECKPOINT.value, Wait.BUDGET.value}:
        launch.give(folder, WordKind.RESUME, {"run": last.id})
    return last.id


def _is_asked_for(folder: Path) -> bool:
    """A word that begins a run lies in the inbox. What is no word, or was taken up this instant, is passed over."""
    for path in inbox.pending(folder):
        with suppress(LabError, OSError):
            if inbox.read(path).kind is WordKind.RUN:
                return True
    return False


def _umask() -> int:
    mask = os.umask(0o077)
    os.umask(mask)
    return mask
