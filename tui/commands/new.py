"""`nightlab new DIR`: a project of one's own, with a project.toml that shows every default."""

from __future__ import annotations

import argparse
from pathlib import Path

from state import project
from state.errors import LabError
from tui import drafts, here, ownproject
from tui.language import tr


def add(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("dir", type=Path, metavar="DIR", help=tr("cli.new.dir"))
    asked = parser.add_mutually_exclusive_group()
    asked.add_argument("--question", "-q", type=here.text, help=tr("cli.new.question"))
    asked.add_argument("--topic", "-t", type=here.text, help=tr("cli.new.topic"))
    parser.add_argument("--autopilot", action="store_true", help=tr("cli.option.autopilot"))
    parser.add_argument("--lang", choices=["en", "zh"], default=argparse.SUPPRESS, help=tr("cli.option.lang"))


def run(args: argparse.Namespace) -> int:
    folder = (args.folder / args.dir).absolute()
    if (folder / project.FILE).exists():
        raise LabError("new.exists", file=str(folder / project.FILE))
    question, topic = ((text or "").strip() for text in (args.question, args.topic))
    if not question and not topic:
        if here.no_terminal():
            raise LabError("new.no_question")
        question = input(f"{tr('cli.new.ask')} ").strip()
    ownproject.write(folder, question, topic, autopilot=args.autopilot, language=args.lang)
    drafts.know(folder)
    print(folder / project.FILE)
    return 0
