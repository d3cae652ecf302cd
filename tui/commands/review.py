"""`nightlab review`: a person's own form about the run's paper; without `--form` it prints an empty one to fill in."""

from __future__ import annotations

import argparse
import tomllib
from pathlib import Path

from pydantic import ValidationError

from state.errors import LabError
from state.inbox import ReviewForm
from state.toml_text import line_of
from state.vocabulary import WordKind
from tui import here, launch
from tui.language import tr

EMPTY = Path(__file__).parent / "review.toml"


def add(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("paper", nargs="?", type=Path, metavar="PAPER", help=tr("cli.review.paper"))
    parser.add_argument("--form", type=Path, metavar="FILE", help=tr("cli.review.form"))
    here.add_run(parser, tr("cli.option.run"))


def run(args: argparse.Namespace) -> int:
    if args.paper is not None:
        raise LabError("review.not_yet")
    if args.form is None:
        print(EMPTY.read_text("utf-8"), end="")
        return 0
    folder = here.project(args)
    number = here.run_number(folder, args.run)
    launch.give(folder, WordKind.REVIEW, {"run": number, "form": read(args.form).model_dump(exclude_none=True)})
    print(tr("cli.review.done", run=number))
    return 0


def read(file: Path) -> ReviewForm:
    """The form in `file`; LabError with its line where it is wrong."""
    try:
        text = file.read_text("utf-8")
        return ReviewForm.model_validate(tomllib.loads(text))
    except OSError as error:
        raise LabError("file.unreadable", file=str(file), why=error.strerror or str(error)) from None
    except ValidationError as error:
        first = error.errors()[0]
        option = str(first["loc"][0])
        raise LabError(
            "review.bad_form", file=str(file), line=line_of(text, (option,)), option=option, why=first["msg"]
        ) from None
    except ValueError as error:
        raise LabError("file.unreadable", file=str(file), why=str(error)) from None
