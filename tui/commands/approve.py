"""`nightlab approve`: go on with the product that stands at the open checkpoint, or with one's own edit of it."""

from __future__ import annotations

import argparse
import base64
from pathlib import Path
from typing import TYPE_CHECKING

from state import places
from state.errors import LabError
from state.readers import reading
from state.rows import WaitRow
from state.vocabulary import Choice, Phase, WordKind
from tui import here, launch
from tui.commands import decided
from tui.language import tr

if TYPE_CHECKING:
    from state.products.base import Product


def add(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--with", dest="files", action="append", type=Path, metavar="FILE", help=tr("cli.approve.with"))
    here.add_run(parser, tr("cli.option.run.meant"))


def run(args: argparse.Namespace) -> int:
    folder = here.project(args)
    wait = here.open_wait(folder, Choice.APPROVE, args.run)
    edited = _edited(folder, wait, args.files or [])
    body = {"run": wait.run, "wait": wait.id, "choice": Choice.APPROVE, "sha256": wait.sha256, "edited": edited or None}
    launch.give(folder, WordKind.DECISION, body)
    told = tr("cli.approve.done", run=wait.run, sha=wait.sha256[:7]) if wait.sha256 else None
    return decided(folder, wait.run, told or tr("cli.approve.called", run=wait.run))


def _edited(folder: Path, wait: WaitRow, files: list[Path]) -> dict[str, str]:
    """Files by the product's own names: the one whose end is most like it, or the only one there is."""
    if not files:
        return {}
    if wait.sha256 is None:
        raise LabError("approve.nothing_to_edit")
    where = places.places(folder)
    with reading(where.database, where.blobs) as reader:
        old = reader.files(wait.sha256) if reader else {}
    theirs = {_name(file, list(old), alone=len(old) == len(files) == 1): file for file in files}
    edited = {}
    for name, file in theirs.items():
        try:
            edited[name] = file.read_bytes()
        except OSError as error:
            raise LabError("file.unreadable", file=str(file), why=error.strerror or str(error)) from None
    _refuse_unsound(wait, old, edited, theirs)
    return {name: base64.b64encode(data).decode() for name, data in edited.items()}


def _name(file: Path, names: list[str], *, alone: bool) -> str:
    """The file of the product that `file` is an edit of."""
    same = [name for name in names if Path(name).name == file.name]
    if not same and not alone:
        raise LabError("approve.no_such_file", file=str(file), allowed=", ".join(names))
    return max(same, key=lambda each: _alike(file.absolute(), Path(each))) if same else names[0]


def _refuse_unsound(wait: WaitRow, old: dict[str, bytes], edited: dict[str, bytes], theirs: dict[str, Path]) -> None:
    """What no longer reads as the product is refused at once, by the name of the person's own file. The engine checks
    the rest: that the code runs, that the paper builds."""
    from state.products.table import MADE_BY

    made = MADE_BY.get(Phase(wait.phase)) if wait.phase else None
    if made is None or not _reads(made, old):
        return
    try:
        made.of({**old, **edited})
    except LabError as error:
        named = error.facts.get("file")
        own = theirs.get(named) if isinstance(named, str) else None
        raise LabError(error.key, **{**error.facts, "file": str(own or named)}) from None


def _reads(made: type[Product], files: dict[str, bytes]) -> bool:
    try:
        made.of(files)
    except LabError:
        return False
    return True


def _alike(one: Path, other: Path) -> int:
    """How many of their last parts are equal: two programs have each their own experiment.py."""
    pairs = zip(reversed(one.parts), reversed(other.parts), strict=False)
    return next((n for n, (a, b) in enumerate(pairs) if a != b), len(other.parts))
