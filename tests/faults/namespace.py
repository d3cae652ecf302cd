"""A story played in a user and mount namespace of its own, where a small disk can be mounted without being root."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]


def saw(story: str, folder: Path) -> dict[str, Any]:
    """What `tests.faults.STORY` saw and printed as JSON; skips where this machine makes no such namespace."""
    words = ["unshare", "-Urm", sys.executable, "-m", f"tests.faults.{story}", str(folder)]
    ended = subprocess.run(words, check=False, cwd=ROOT, capture_output=True, text=True, timeout=110)
    if "unshare failed" in ended.stderr:
        pytest.skip("this machine lets nobody make a user namespace")
    assert ended.returncode == 0, ended.stderr
    told: dict[str, Any] = json.loads(ended.stdout)
    return told
