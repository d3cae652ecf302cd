"""`nightlab set KEY VALUE`: limits, autonomy, models or languages of a run at work; project.toml is not touched."""

from __future__ import annotations

import argparse

from state import places, project
from state.readers import reading
from state.vocabulary import WordKind
from tui import here, launch
from tui.language import tr


def add(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("key", metavar="KEY", help=tr("cli.set.key"))
    parser.add_argument("value", metavar="VALUE", help=tr("cli.set.value"))
    here.add_run(parser, tr("cli.option.run"))


def run(args: argparse.Namespace) -> int:
    folder = here.project(args)
    config = project.with_set(project.load(folder).config, args.key, args.value)
    value = config.flat()[args.key]
    where = places.places(folder)
    with reading(where.database, where.blobs) as reader:
        here.the_run(reader, args.run)
    launch.give(folder, WordKind.SET, {"run": args.run, "key": args.key, "value": value})
    print(tr("cli.set.done", option=args.key, value=value))
    return 0
