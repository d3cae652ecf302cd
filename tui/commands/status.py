"""`nightlab status`: how the run stands, in a few lines or (`--json`) as the versioned object scripts rely on."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from tui import here
from tui.language import tr


def add(parser: argparse.ArgumentParser) -> None:
    here.add_run(parser, tr("cli.option.run"))
    parser.add_argument("--json", action="store_true", help=tr("cli.status.json"))


def run(args: argparse.Namespace) -> int:
    return tell(here.project(args), args.run, as_json=args.json)


def tell(folder: Path, number: int | None, *, as_json: bool) -> int:
    from state import status

    report = status.report(folder, number)
    if number is not None and report["run"] is None:
        raise here.no_run(report["runs"], number)
    if as_json:
        print(json.dumps(report, ensure_ascii=False, indent=1))
        return 0
    from tui import told

    for line in told.status_lines(report):
        print(line)
    return 0
