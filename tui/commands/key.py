"""`nightlab key NAME`: keep the key of a model's endpoint on this machine; asked without echo."""

from __future__ import annotations

import argparse
import getpass
import sys

from state.errors import LabError
from tui.language import tr


def add(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("name", metavar="NAME", help=tr("cli.key.name"))


def run(args: argparse.Namespace) -> int:
    from state import keys, profiles

    known = [name for name, profile in profiles.profiles().items() if profile.needs_key]
    if args.name not in known:
        raise LabError("key.unknown", name=args.name, allowed=", ".join(known))
    question = f"{tr('cli.key.ask', name=args.name)} "
    key = (getpass.getpass(question) if sys.stdin.isatty() else sys.stdin.readline()).strip()
    if not key:
        raise LabError("key.empty")
    keys.keep(args.name, key)
    print(tr("cli.key.done", name=args.name, file=str(keys.file())))
    return 0
