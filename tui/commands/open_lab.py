"""Bare `nightlab`: open the lab on the project here, else home. Without a terminal it tells the status instead."""

from __future__ import annotations

import argparse

from state import places
from tui import here, launch, terminal


def run(args: argparse.Namespace) -> int:
    folder = places.find(args.folder)
    if here.no_terminal():
        from tui.commands import status

        return status.tell(here.project(args), None, as_json=False)
    if folder is not None:
        launch.take_up(folder)
    return terminal.open_lab(folder)
