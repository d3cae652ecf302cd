"""What an interpreter says that it can import."""

from __future__ import annotations

import sys
from importlib.metadata import version
from pathlib import Path

from engine.experiments import packages


def test_the_labs_own_interpreter_has_numpy_in_its_version() -> None:
    assert f"numpy {version('numpy')}" in packages.installed(sys.executable)


def test_an_interpreter_that_is_none_or_says_nonsense_has_nothing(tmp_path: Path) -> None:
    silent = tmp_path / "python"
    silent.write_text("#!/bin/sh\necho no json\n")
    silent.chmod(0o755)
    assert packages.installed(str(silent)) == packages.installed(str(tmp_path / "none")) == ()
