"""`nightlab approve`: go on with the product that stands at the open checkpoint, or with one's own edit of it."""

from __future__ import annotations

import argparse
import base64
from pathlib import Path

from state import places
from state.errors import LabError
from state.readers import reading
from state.rows import WaitRow
from state.vocabulary import Choice, WordKind
from tui import here, launch
from tui.language import tr


def add(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--with", dest="files", action="append", type=Path, metavar="FILE", help=tr("cli.approve.with"))
    here.add_run(parser, tr("cli.option.run"))


def run(args: argparse.Namespace) -> int:
    folder = here.project(args)
    wait = here.open_wait(folder, Choice.APPROVE, args.run)
    edited = _edited(folder, wait, args.files or [])
    body = {"run": wait.run, "wait": wait.id, "choice": Choice.APPROVE, "sha256": wait.sha256, "edited": edited or None}
    launch.give(folder, WordKind.DECISION, body)
    print(tr("cli.approve.done", run=wait.run, sha=(wait.sha256 or "")[:7]))
    return 0


def _edited(folder: Path, wait: WaitRow, files: list[Path]) -> dict[str, str]:
    """Files by the product's own names: the one whose end is most like it, or the only one there is."""
    if not files:
        return {}
    if wait.sha256 is None:
        raise LabError("approve.nothing_to_edit")
    where = places.places(folder)
    with reading(where.database, where.blobs) as reader:
        names = list(reader.files(wait.sha256)) if reader else []
    found: dict[str, str] = {}
    for file in files:
        same = [name for name in names if Path(name).name == file.name]
        name = (
            max(same, key=lambda each: _alike(file.absolute(), Path(each)))
            if same
            else names[0]
            if len(names) == len(files) == 1
            else None
        )
        if name is None:
            raise LabError("approve.no_such_file", file=str(file), allowed=", ".join(names))
        try:
            found[name] = base64.b64encode(file.read_bytes()).decode()
        except OSError as error:
            raise LabError("file.unreadable", file=str(file), why=error.strerror or str(error)) from None
    return found


def _alike(one: Path, other: Path) -> int:
    """How many of their last parts are equal: two programs have each their own experiment.py."""
    pairs = zip(reversed(one.parts), reversed(other.parts), strict=False)
    return next((n for n, (a, b) in enumerate(pairs) if a != b), len(other.parts))
