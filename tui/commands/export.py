"""`nightlab export`: one archive that a colleague can use without Nightlab."""

from __future__ import annotations

import argparse
from pathlib import Path

from tui import here
from tui.language import tr


def add(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", nargs="?", type=Path, metavar="FILE", help=tr("cli.export.file"))
    here.add_run(parser, tr("cli.option.run"))


def run(args: argparse.Namespace) -> int:
    from tui import export

    folder = here.project(args)
    number = here.run_number(folder, args.run)
    print(export.export(folder, number, _file(args.file or Path(), f"{folder.name}-{number}.zip")))
    return 0


def _file(named: Path, usual: str) -> Path:
    """Into a folder, under the usual name."""
    return named / usual if named.is_dir() else named
