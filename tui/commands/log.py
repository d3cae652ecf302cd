"""`nightlab log`: what happened, a line an event, oldest first."""

from __future__ import annotations

import argparse
import json
import time

from state import places
from state.readers import reading
from tui import here, told
from tui.language import tr


def add(parser: argparse.ArgumentParser) -> None:
    here.add_run(parser, tr("cli.log.run"))
    parser.add_argument("-n", type=int, default=0, metavar="N", help=tr("cli.log.n"))
    parser.add_argument("--json", action="store_true", help=tr("cli.log.json"))


def run(args: argparse.Namespace) -> int:
    where = places.places(here.project(args))
    lines: list[str] = []
    with reading(where.database, where.blobs) as reader:
        if args.run is not None:
            here.the_run(reader, args.run)
        after = 0
        while reader is not None and (events := reader.events(after, args.run)):
            after = events[-1].seq
            for event in events:
                if args.json:
                    facts = {
                        "seq": event.seq,
                        "at": event.at,
                        "run": event.run,
                        "kind": event.kind,
                        "facts": event.facts,
                    }
                    lines.append(json.dumps(facts, ensure_ascii=False))
                elif (line := told.event_line(event)) is not None:
                    stamp = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(event.at / 1000))
                    lines.append(f"{stamp}  {line}")
    for line in lines[-args.n :] if args.n > 0 else lines:
        print(line)
    return 0
