"""`nightlab note TEXT`: a note for the phase at work, or for the phase or role that `--to` names."""

from __future__ import annotations

import argparse
import sys

from state.errors import LabError
from state.vocabulary import WordKind
from tui import here, launch
from tui.language import tr


def add(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("text", nargs="+", metavar="TEXT", help=tr("cli.note.text"))
    parser.add_argument("--to", metavar="WHO", help=tr("cli.note.to"))
    here.add_run(parser, tr("cli.option.run"))


def run(args: argparse.Namespace) -> int:
    folder = here.project(args)
    to = here.address(args.to) if args.to else None
    text = sys.stdin.read() if args.text == ["-"] else " ".join(args.text)
    if not text.strip():
        raise LabError("note.empty")
    if args.run is not None:
        here.run_at_work(folder, args.run)
    launch.give(folder, WordKind.NOTE, {"text": text.strip(), "to": to, "run": args.run})
    over = None if args.run is not None else here.newest_is_over(folder)
    print(tr("cli.note.done") if over is None else tr("cli.note.next_run", run=over))
    return 0
