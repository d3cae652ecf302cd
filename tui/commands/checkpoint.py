"""`nightlab checkpoint`: the step at work ends, then the run waits with every choice of a checkpoint."""

from __future__ import annotations

import argparse

from state.vocabulary import WordKind
from tui import here, launch
from tui.language import tr


def add(parser: argparse.ArgumentParser) -> None:
    here.add_run(parser, tr("cli.option.run.meant"))
    parser.add_argument("--end-experiments", action="store_true", help=tr("cli.checkpoint.end"))


def run(args: argparse.Namespace) -> int:
    folder = here.project(args)
    number = here.run_to_check(folder, args.run)
    launch.give(folder, WordKind.CHECKPOINT, {"run": number, "experiments": not args.end_experiments})
    print(tr("cli.checkpoint.done", run=number))
    return 0
