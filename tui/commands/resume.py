"""`nightlab resume`: go on after a pause, a stop or trouble; also: try now."""

from __future__ import annotations

import argparse

from state.vocabulary import WordKind
from tui import follow, here, launch, terminal
from tui.language import tr


def add(parser: argparse.ArgumentParser) -> None:
    here.add_run(parser, tr("cli.option.run.meant"))
    parser.add_argument("--headless", action="store_true", help=tr("cli.option.headless"))


def run(args: argparse.Namespace) -> int:
    folder = here.project(args)
    number = here.run_to_resume(folder, args.run)
    seen = follow.last_seq(folder)
    launch.give(folder, WordKind.RESUME, {"run": number})
    if args.headless or here.no_terminal():
        return follow.follow(folder, number, after=seen)
    return terminal.open_lab(folder, number)
