"""`nightlab`: the command line.

Everything that can be decided in the terminal can be decided here; both write the same files into the inbox. A command
is a module in `tui/commands/`. Exit codes are those of a run's state (`tui/follow.py`); 2 is wrong usage, 130 an
interrupt. Nothing outside the standard library is imported before it is sure that `state` is the one beside `tui`.
"""

from __future__ import annotations

import contextlib
import importlib.util
import io
import os
import sys
from pathlib import Path
from typing import TextIO

USAGE = 2
INTERRUPTED = 130


def main(argv: list[str] | None = None) -> int:
    """Run one command; returns its exit code."""
    words = sys.argv[1:] if argv is None else argv
    _see_to_streams()
    if not _state_is_ours():
        os.execv(sys.executable, [sys.executable, "-P", "-E", "-m", "tui.cli", *words])
    from tui.commands import perform, refused_by_the_system

    try:
        code = perform(words)
        sys.stdout.flush()  # here, where it can still be answered
        return code
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:  # whoever read our output has left
        _turn_away(sys.stdout)
        return 0
    except OSError as error:
        _turn_away(sys.stdout)
        return refused_by_the_system(error)


class _Complaints(io.TextIOWrapper):
    """A stderr that drops what it cannot write: a full disk is no reason to do less, or to end with another code."""

    def write(self, text: str) -> int:
        try:
            return super().write(text)
        except BrokenPipeError:
            raise
        except OSError:
            return len(text)

    def flush(self) -> None:
        with contextlib.suppress(OSError):
            super().flush()


def _turn_away(stream: TextIO) -> None:
    """What is still held back for a stream that nobody can write leads nowhere."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def _see_to_streams() -> None:
    """A stream that was closed before us leads nowhere: else the next file to be opened, a database even, would get its
    number. A character that a terminal's encoding lacks is shown as `?`, never a reason to fail."""
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        if getattr(sys, name) is None:
            descriptor = os.open(os.devnull, os.O_RDONLY if number == 0 else os.O_WRONLY)
            if descriptor != number:
                os.dup2(descriptor, number)
                os.close(descriptor)
            setattr(sys, name, os.fdopen(number, "r" if number == 0 else "w", encoding="utf-8", closefd=False))
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")
    theirs = sys.__stderr__  # which Textual draws on where it is a terminal
    if theirs is not None and theirs is sys.stderr and not theirs.isatty():
        sys.stderr = _Complaints(theirs.buffer, theirs.encoding, "replace", line_buffering=True)


def _state_is_ours() -> bool:
    """False where a person's own `state` would be imported in place of ours, by PYTHONPATH or from their folder."""
    if sys.flags.safe_path and sys.flags.ignore_environment:
        return True
    found = importlib.util.find_spec("state")
    beside = Path(__file__).resolve().parent.parent / "state" / "__init__.py"
    return found is not None and found.origin is not None and Path(found.origin).resolve() == beside


if __name__ == "__main__":
    raise SystemExit(main())
