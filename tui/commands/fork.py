"""`nightlab fork CHECKPOINT`: a new run that shares everything up to a phase's checkpoint."""

from __future__ import annotations

import argparse

from state.vocabulary import WordKind
from tui import follow, here, launch, terminal
from tui.language import tr


def add(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("checkpoint", metavar="CHECKPOINT", help=tr("cli.fork.checkpoint"))
    here.add_run(parser, tr("cli.option.run"))
    parser.add_argument("--headless", action="store_true", help=tr("cli.option.headless"))


def run(args: argparse.Namespace) -> int:
    folder = here.project(args)
    number = here.run_number(folder, args.run)
    named = args.checkpoint
    visit, phase = (named, None) if "@" in named else (None, here.phase_named(named))
    label = here.closed_visit(folder, number, visit, phase)
    seen = follow.last_seq(folder)
    word = launch.give(folder, WordKind.FORK, {"run": number, "visit": label})
    if args.headless or here.no_terminal():
        return follow.follow(folder, follow.begun_by(folder, word), after=seen)
    return terminal.open_lab(folder)
