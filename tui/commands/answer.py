"""`nightlab answer CHOICE`: an answer to whatever else the lab asks (money, network, sandbox, trouble)."""

from __future__ import annotations

import argparse

from state.errors import LabError
from state.vocabulary import Choice, WordKind
from tui import here, launch
from tui.commands import decided
from tui.language import tr


def add(parser: argparse.ArgumentParser) -> None:
    choices = [choice.value.replace("_", "-") for choice in Choice]
    parser.add_argument(
        "choice", metavar="CHOICE", choices=choices, help=tr("cli.answer.choice", choices=", ".join(choices))
    )
    parser.add_argument("--money", type=float, metavar="USD", help=tr("cli.answer.money"))
    parser.add_argument("--gpu-hours", type=float, metavar="H", help=tr("cli.answer.gpu_hours"))
    parser.add_argument("--note", default="", type=here.text, metavar="TEXT", help=tr("cli.answer.note"))
    parser.add_argument("--phase", metavar="PHASE", help=tr("cli.go_back.phase"))
    here.add_run(parser, tr("cli.option.run.meant"))


def run(args: argparse.Namespace) -> int:
    folder = here.project(args)
    choice = Choice(args.choice.replace("-", "_"))
    wait = here.open_wait(folder, choice, args.run)
    for amount in (args.money, args.gpu_hours):
        if amount is not None and not 0 < amount <= 1_000_000:
            raise LabError("answer.bad_amount")
    if choice is Choice.RAISE and args.money is None and args.gpu_hours is None:
        raise LabError("answer.no_amount")
    phase = here.phase_named(args.phase) if args.phase else None
    if choice in (Choice.GO_BACK, Choice.SEND_BACK):
        here.refuse_no_way_back(folder, wait, phase)
    body = {
        "run": wait.run,
        "wait": wait.id,
        "choice": choice,
        "sha256": wait.sha256,
        "note": args.note,
        "phase": phase,
        "money_usd": args.money,
        "gpu_hours": args.gpu_hours,
    }
    launch.give(folder, WordKind.DECISION, body)
    return decided(folder, wait.run, tr("cli.answer.done", run=wait.run))
