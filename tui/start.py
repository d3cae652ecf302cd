"""The command `nightlab` begins here. Installed beside the packages as `nightlab_start`: to import anything of `tui` it
would have to be found first.

A person's PYTHONPATH, or a `.` in it, may lead to a `tui.py`, a `state.py` or a `logging.py` of theirs. It comes last
here, so that what is installed is found before, and what only they have is still found.
"""

import os
import sys


def main() -> int:
    named = os.environ.get("PYTHONPATH")
    if named and not sys.flags.ignore_environment:
        theirs = {os.path.abspath(path) for path in named.split(os.pathsep)}
        sys.path.sort(key=lambda path: os.path.abspath(path) in theirs and not os.path.isfile(f"{path}/tui/cli.py"))
    from tui import cli

    return cli.main()
