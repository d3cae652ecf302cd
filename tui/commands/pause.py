"""`nightlab pause`: no new step begins; calls in flight finish, experiments go on."""

from __future__ import annotations

import argparse

from state.vocabulary import WordKind
from tui import here, launch
from tui.language import tr


def add(parser: argparse.ArgumentParser) -> None:
    here.add_run(parser, tr("cli.option.run.meant"))


def run(args: argparse.Namespace) -> int:
    folder = here.project(args)
    number = here.run_to_pause(folder, args.run)
    launch.give(folder, WordKind.PAUSE, {"run": number})
    print(tr("cli.pause.done", run=number))
    return 0
