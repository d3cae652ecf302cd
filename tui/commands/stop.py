"""`nightlab stop`: the run stops and its experiments end; `resume` undoes it."""

from __future__ import annotations

import argparse

from state.vocabulary import WordKind
from tui import here, launch
from tui.language import tr


def add(parser: argparse.ArgumentParser) -> None:
    here.add_run(parser, tr("cli.option.run.meant"))


def run(args: argparse.Namespace) -> int:
    folder = here.project(args)
    number = here.run_to_stop(folder, args.run)
    launch.give(folder, WordKind.STOP, {"run": number})
    print(tr("cli.stop.done", run=number))
    return 0
