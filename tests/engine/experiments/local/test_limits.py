"""What is found of a job by its mark and its folder, among all else that runs on the machine."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from engine.experiments.local import limits

DEEP = """
import os, sys
for _ in range(30):
    os.mkdir("d" * 200)
    os.chdir("d" * 200)
print("there", flush=True)
sys.stdin.read()
"""


def test_a_process_whose_folder_has_too_long_a_path_is_passed_over_unless_it_has_the_mark(tmp_path: Path) -> None:
    """The kernel names no path of more than 4096 bytes: such a process of anybody's ended the watch of every job."""
    start, pipe = [sys.executable, "-S", "-c", DEEP], subprocess.PIPE
    with subprocess.Popen(start, cwd=tmp_path, stdin=pipe, stdout=pipe, env={"LAB_JOB": "mine"}) as deep:
        assert deep.stdout is not None and deep.stdout.readline() == b"there\n"
        assert limits.marked("another", str(tmp_path / "another")) == []
        assert limits.marked("mine", str(tmp_path / "another")) == [deep.pid]
        deep.communicate()
