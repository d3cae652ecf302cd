"""`nightlab set KEY VALUE`: limits, autonomy, models or languages of a run at work; project.toml is not touched.

Where project.toml is wrong, what was last valid is in force, and `set` works over that; it says what there is to mend.
"""

from __future__ import annotations

import argparse
import json
import sys

from state import notation, places, profiles, project
from state.config import Config
from state.errors import LabError
from state.readers import reading
from state.vocabulary import WordKind
from tui import here, launch
from tui.language import tr
from tui.told import refusal


def add(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("key", metavar="KEY", help=tr("cli.set.key"))
    parser.add_argument("value", metavar="VALUE", help=tr("cli.set.value"))
    here.add_run(parser, tr("cli.set.run"))


def run(args: argparse.Namespace) -> int:
    folder = here.project(args)
    where, wrong = places.places(folder), None
    with reading(where.database, where.blobs) as reader:
        try:
            config = project.load(folder).config
        except LabError as error:
            if reader is None or not reader.runs():
                raise
            wrong = error
            config = Config.model_validate_json(json.dumps(reader.config(here.the_run(reader, args.run))))
        config = project.with_set(config, args.key, args.value)
        here.the_run(reader, args.run)
        if args.run is not None:
            project.for_one_run(args.key)
    value = config.flat()[args.key]
    if args.key.startswith("models."):
        profiles.parse(str(value))
    launch.give(folder, WordKind.SET, {"run": args.run, "key": args.key, "value": value})
    later = args.key.startswith("languages.")  # a visit keeps the languages that it began with
    told = notation.shown(value) if isinstance(value, list) else value
    print(tr("cli.set.later" if later else "cli.set.done", option=args.key, value=told))
    if wrong is not None:
        print(tr("cli.set.wrong", said=refusal(wrong)), file=sys.stderr)
    return 0
