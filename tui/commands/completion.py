"""`nightlab completion bash|zsh|fish`: a script for the shell, made from the parser itself."""

from __future__ import annotations

import argparse

from tui.language import tr


def add(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("shell", choices=["bash", "zsh", "fish"], help=tr("cli.completion.shell"))


def run(args: argparse.Namespace) -> int:
    from tui import completion

    print(completion.script(args.shell))
    return 0
