"""`nightlab note TEXT`: a note for the phase at work, or for the phase or role that `--to` names."""

from __future__ import annotations

import argparse
import sys

from state.errors import LabError
from state.inbox import NOTE_LIMIT
from state.vocabulary import WordKind
from tui import here, launch
from tui.language import tr


def add(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("text", nargs="+", type=here.text, metavar="TEXT", help=tr("cli.note.text"))
    parser.add_argument("--to", metavar="WHO", help=tr("cli.note.to"))
    here.add_run(parser, tr("cli.note.run"))


def run(args: argparse.Namespace) -> int:
    folder = here.project(args)
    to = here.address(args.to) if args.to else None
    text = _of_stdin() if args.text == ["-"] else " ".join(args.text)
    if not text.strip():
        raise LabError("note.empty")
    if len(text) > NOTE_LIMIT:
        raise LabError("note.too_long", limit=f"{NOTE_LIMIT:,}")
    over = here.newest_is_over(folder) if args.run is None else None
    if args.run is not None:
        here.run_at_work(folder, args.run)
    launch.give(folder, WordKind.NOTE, {"text": text.strip(), "to": to, "run": args.run})
    print(tr("cli.note.done") if over is None else tr("cli.note.next_run", run=over))
    return 0


def _of_stdin() -> str:
    try:
        text = sys.stdin.read()
        text.encode()
    except UnicodeError:
        raise LabError("file.unreadable", file="-", why="UTF-8") from None
    return text
