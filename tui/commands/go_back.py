"""`nightlab go-back PHASE --note TEXT`: back to an earlier phase, with a note."""

from __future__ import annotations

import argparse

from state.vocabulary import Choice, WordKind
from tui import here, launch, words
from tui.commands import decided
from tui.language import tr


def add(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("phase", metavar="PHASE", help=tr("cli.go_back.phase"))
    parser.add_argument("--note", required=True, type=here.text, metavar="TEXT", help=tr("cli.send_back.note"))
    here.add_run(parser, tr("cli.option.run.meant"))


def run(args: argparse.Namespace) -> int:
    folder = here.project(args)
    phase = here.phase_named(args.phase)
    wait = here.open_wait(folder, Choice.GO_BACK, args.run)
    here.refuse_no_way_back(folder, wait, phase)
    body = {
        "run": wait.run,
        "wait": wait.id,
        "choice": Choice.GO_BACK,
        "sha256": wait.sha256,
        "phase": phase,
        "note": args.note,
    }
    launch.give(folder, WordKind.DECISION, body)
    return decided(folder, wait.run, tr("cli.go_back.done", run=wait.run, phase=words.phase_name(phase)))
