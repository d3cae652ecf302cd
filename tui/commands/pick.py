"""`nightlab pick IDEA`: take one of the ideas that ideation offers, by its name or number."""

from __future__ import annotations

import argparse
from pathlib import Path

from state import places
from state.errors import LabError
from state.readers import reading
from state.rows import WaitRow
from state.vocabulary import Choice, WordKind
from tui import here, launch
from tui.commands import decided
from tui.language import tr


def add(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("idea", metavar="IDEA", help=tr("cli.pick.idea"))
    here.add_run(parser, tr("cli.option.run.meant"))


def run(args: argparse.Namespace) -> int:
    folder = here.project(args)
    wait = here.open_wait(folder, Choice.PICK, args.run)
    ideas = _offered(folder, wait)
    idea = ideas[int(args.idea) - 1] if args.idea.isdecimal() and 0 < int(args.idea) <= len(ideas) else args.idea
    if idea not in ideas:
        raise LabError("pick.unknown", idea=args.idea, allowed=", ".join(ideas))
    body = {"run": wait.run, "wait": wait.id, "choice": Choice.PICK, "sha256": wait.sha256, "pick": idea}
    launch.give(folder, WordKind.DECISION, body)
    return decided(folder, wait.run, tr("cli.pick.done", run=wait.run, idea=idea))


def _offered(folder: Path, wait: WaitRow) -> list[str]:
    """The names of the ideas that stand at the checkpoint, best first as they are shown."""
    from state.products.ideas import Ideas

    where = places.places(folder)
    with reading(where.database, where.blobs) as reader:
        files = reader.files(wait.sha256) if reader and wait.sha256 else {}
    return [idea.name for idea in Ideas.of(files).ideas]
