"""`nightlab review`: a person's own form about the run's paper; without `--form` it prints an empty one to fill in."""

from __future__ import annotations

import argparse
from pathlib import Path

from state import review
from state.errors import LabError
from state.vocabulary import WordKind
from tui import here, launch
from tui.language import tr


def add(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("paper", nargs="?", type=Path, metavar="PAPER", help=tr("cli.review.paper"))
    parser.add_argument("--form", type=Path, metavar="FILE", help=tr("cli.review.form"))
    here.add_run(parser, tr("cli.option.run"))


def run(args: argparse.Namespace) -> int:
    if args.paper is not None:
        raise LabError("review.not_yet")
    if args.form is None:
        remarks = {"": tr("cli.review.fill_in"), "weaknesses": tr("cli.review.weaknesses")}
        print(review.toml({}, remarks), end="")
        return 0
    folder = here.project(args)
    number = here.run_number(folder, args.run)
    try:
        form = review.read(args.form.read_text("utf-8"), str(args.form))
    except (OSError, UnicodeDecodeError) as error:
        raise LabError("file.unreadable", file=str(args.form), why=str(error)) from None
    launch.give(folder, WordKind.REVIEW, {"run": number, "form": form.model_dump(exclude_none=True)})
    print(tr("cli.review.done", run=number))
    return 0
