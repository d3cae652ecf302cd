"""`nightlab pick IDEA`: take one of the ideas that ideation offers, by its name or number."""

from __future__ import annotations

import argparse

from state.errors import LabError
from state.vocabulary import Choice, WordKind
from tui import here, launch
from tui.language import tr


def add(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("idea", metavar="IDEA", help=tr("cli.pick.idea"))
    here.add_run(parser, tr("cli.option.run"))


def run(args: argparse.Namespace) -> int:
    folder = here.project(args)
    wait = here.open_wait(folder, Choice.PICK, args.run)
    told = wait.facts.get("ideas")
    ideas = [str(idea) for idea in told] if isinstance(told, list) else []
    idea = ideas[int(args.idea) - 1] if args.idea.isdecimal() and 0 < int(args.idea) <= len(ideas) else args.idea
    if ideas and idea not in ideas:
        raise LabError("pick.unknown", idea=args.idea, allowed=", ".join(ideas))
    body = {"run": wait.run, "wait": wait.id, "choice": Choice.PICK, "sha256": wait.sha256, "pick": idea}
    launch.give(folder, WordKind.DECISION, body)
    print(tr("cli.pick.done", run=wait.run, idea=idea))
    return 0
