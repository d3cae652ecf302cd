"""`nightlab doctor`: what this machine can do; the engine looks, in a process of its own."""

from __future__ import annotations

import argparse
import json
import subprocess

from state import places
from state.errors import LabError
from tui import launch
from tui.language import tr


def add(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help=tr("cli.doctor.json"))


def run(args: argparse.Namespace) -> int:
    folder = places.find(args.folder) or args.folder.absolute()
    argv = [*launch.engine_argv(folder), "--doctor"]
    ended = subprocess.run(
        argv, cwd="/", env=launch.engine_environment(), capture_output=True, text=True, timeout=300, check=False
    )
    if ended.returncode != 0:
        raise LabError("engine.doctor_failed", why=ended.stderr.strip().rpartition("\n")[2])
    if args.json:
        print(ended.stdout.strip())
        return 0
    from tui import told

    for line in told.machine_lines(json.loads(ended.stdout)):
        print(line)
    return 0
