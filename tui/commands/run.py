"""`nightlab run`: a new run of the project, from its project.toml as it is now."""

from __future__ import annotations

import argparse

from state import brought, project
from state.vocabulary import WordKind
from tui import drafts, follow, here, launch, terminal
from tui.language import tr


def add(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--headless", action="store_true", help=tr("cli.option.headless"))
    parser.add_argument("--autopilot", action="store_true", help=tr("cli.option.autopilot"))


def run(args: argparse.Namespace) -> int:
    folder = here.project(args)
    brought.refuse_missing(project.load(folder))  # what is wrong is answered now, not in the midst of the work
    drafts.know(folder)
    seen = follow.last_seq(folder)
    word = launch.give(folder, WordKind.RUN, {"autonomy": "autopilot"} if args.autopilot else {})
    if args.headless or here.no_terminal():
        return follow.follow(folder, follow.begun_by(folder, word), after=seen)
    return terminal.open_lab(folder)
