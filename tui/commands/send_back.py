"""`nightlab send-back --note TEXT`: the phase again, with a note."""

from __future__ import annotations

import argparse

from state.vocabulary import Choice, WordKind
from tui import here, launch
from tui.commands import decided
from tui.language import tr


def add(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--note", required=True, type=here.text, metavar="TEXT", help=tr("cli.send_back.note"))
    here.add_run(parser, tr("cli.option.run.meant"))


def run(args: argparse.Namespace) -> int:
    folder = here.project(args)
    wait = here.open_wait(folder, Choice.SEND_BACK, args.run)
    body = {"run": wait.run, "wait": wait.id, "choice": Choice.SEND_BACK, "sha256": wait.sha256, "note": args.note}
    launch.give(folder, WordKind.DECISION, body)
    return decided(folder, wait.run, tr("cli.send_back.done", run=wait.run))
