"""`nightlab demo`: a copy of the first sample project, opened and started; an existing one is continued."""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import tempfile
from pathlib import Path

from state import brought, inbox, places, project
from state.errors import LabError
from state.readers import reading
from state.toml_text import with_value
from state.vocabulary import Autonomy, RunState, Wait, WordKind
from tui import drafts, follow, here, launch, offer, terminal
from tui.language import tr

SAMPLE = Path(__file__).resolve().parents[2] / "sample_projects" / "grokking"
FOLDER = Path("nightlab-demo")


def add(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("dir", nargs="?", type=Path, metavar="DIR", help=tr("cli.demo.dir"))
    parser.add_argument("--headless", action="store_true", help=tr("cli.option.headless"))
    parser.add_argument("--autopilot", action="store_true", help=tr("cli.option.autopilot"))
    # again here, so that it may stand after the command too
    parser.add_argument("--lang", choices=["en", "zh"], default=argparse.SUPPRESS, help=tr("cli.option.lang"))


def run(args: argparse.Namespace) -> int:
    alone = here.no_terminal()
    headless, autopilot = args.headless or alone, args.autopilot or alone
    folder = (args.folder / (args.dir or FOLDER)).absolute()
    fresh = not (folder / project.FILE).exists()
    if fresh:
        copy(folder, autopilot=autopilot, language=args.lang, model=None if alone else offer.ask())
    else:
        project.load(folder)
    drafts.know(folder)
    begun_at = follow.last_seq(folder)
    number = go_on(folder, autopilot=autopilot and not fresh)
    if fresh and alone:
        print(tr("offer.rehearses"), file=sys.stderr)
    if headless:
        return follow.follow(folder, number, after=begun_at)
    launch.take_up(folder)
    return terminal.open_lab(folder)


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
    with reading(where.database, where.blobs) as reader:
        runs = [run for run in reader.runs() if not run.reviews_only] if reader else []
        held = {wait.why for wait in reader.waits(runs[-1].id)} if reader and runs else set()
    if not runs or runs[-1].state == RunState.DONE:
        asked = {"autonomy": Autonomy.AUTOPILOT.value} if autopilot else {}
        if not runs and any(inbox.read(path).kind is WordKind.RUN for path in inbox.pending(folder)):
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


def _umask() -> int:
    mask = os.umask(0o077)
    os.umask(mask)
    return mask
