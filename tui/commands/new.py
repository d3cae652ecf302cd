"""`nightlab new DIR`: a project of one's own, with a project.toml that shows every default."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from state import project
from state.durable import write
from state.errors import LabError
from state.toml_text import with_value
from tui import drafts, here
from tui.language import tr

DEFAULTS = Path(__file__).parent / "project.toml"


def add(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("dir", type=Path, metavar="DIR", help=tr("cli.new.dir"))
    asked = parser.add_mutually_exclusive_group()
    asked.add_argument("--question", "-q", help=tr("cli.new.question"))
    asked.add_argument("--topic", "-t", help=tr("cli.new.topic"))
    parser.add_argument("--autopilot", action="store_true", help=tr("cli.option.autopilot"))
    parser.add_argument("--lang", choices=["en", "zh"], default=argparse.SUPPRESS, help=tr("cli.option.lang"))


def run(args: argparse.Namespace) -> int:
    folder = (args.folder / args.dir).absolute()
    if (folder / project.FILE).exists():
        raise LabError("new.exists", file=str(folder / project.FILE))
    question, topic = args.question, args.topic
    if not question and not topic:
        if here.no_terminal():
            raise LabError("new.no_question")
        question = input(f"{tr('cli.new.ask')} ").strip()
    text = DEFAULTS.read_text("utf-8")
    first = "topic" if topic else "question"
    text = text.replace("QUESTION", f"{first} = {json.dumps(topic or question, ensure_ascii=False)}", 1)
    if args.autopilot:
        text = with_value(text, ("autonomy",), "autopilot")
    if args.lang:
        text = with_value(text, ("languages", "team"), args.lang)
        text = with_value(text, ("languages", "paper"), args.lang)
    project.read(text, folder / project.FILE)
    for part in (folder, folder / "notes", folder / "papers"):
        part.mkdir(parents=True, exist_ok=True)
    write(folder / project.FILE, text.encode())
    drafts.know(folder)
    print(folder / project.FILE)
    return 0
