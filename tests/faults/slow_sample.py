"""The sample with experiments that end when the test says so: they measure what they measure, then wait for a file."""

from __future__ import annotations

from pathlib import Path

from tests.faults import driving

WAITS = """
import os, time
while not os.path.exists({gate!r}):
    time.sleep(0.02)
"""


def slow_sample(folder: Path, gate: Path, **values: str | int | float | bool) -> Path:
    """A copy whose programs wait for `gate` before they end. No line of theirs moves, so that edits still fit.

    A cast that was changed is not the shipped one: its programs need the person's word for running in no sandbox.
    """
    driving.sample(folder, experiments__sandbox="basic", **values)
    program = folder / "rehearsal" / "files" / "experiment.py"
    program.write_text(program.read_text() + WAITS.format(gate=str(gate)))
    return folder
