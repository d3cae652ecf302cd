"""`nightlab demo`: a copy of the first sample project, opened and started; an existing one is continued."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from state import project
from tui import drafts, follow, here, launch, offer, sample, terminal
from tui.language import current, tr

FOLDER = Path("nightlab-demo")


def add(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("dir", nargs="?", type=Path, metavar="DIR", help=tr("cli.demo.dir"))
    parser.add_argument("--headless", action="store_true", help=tr("cli.option.headless"))
    parser.add_argument("--autopilot", action="store_true", help=tr("cli.option.autopilot"))
    # again here, so that it may stand after the command too
    parser.add_argument("--lang", choices=["en", "zh"], default=argparse.SUPPRESS, help=tr("cli.option.lang"))


def run(args: argparse.Namespace) -> int:
    alone = here.no_terminal()
    headless, autopilot = args.headless or alone, args.autopilot or alone
    folder = (args.folder / (args.dir or FOLDER)).absolute()
    fresh = not (folder / project.FILE).exists()
    if fresh:
        spoken = args.lang or current().value  # as home's demo does
        sample.copy(folder, autopilot=autopilot, language=spoken, model=None if alone else offer.ask())
    else:
        project.load(folder)
    drafts.know(folder)
    begun_at = follow.last_seq(folder)
    number = sample.go_on(folder, autopilot=autopilot and not fresh)
    if fresh and alone:
        print(tr("offer.rehearses"), file=sys.stderr)
    if headless:
        return follow.follow(folder, number, after=begun_at)
    launch.take_up(folder)
    return terminal.open_lab(folder)
