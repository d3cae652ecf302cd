"""What every test gets: a home of its own, no keys, no network file system; and the marker `needs`.

`@pytest.mark.needs("tmux", "tmux")` skips a test whose system tool is missing and names the package; the skips are
counted at the end. With `CI=true` such a skip fails: there the tool has to be.
"""

from __future__ import annotations

import os
import shutil
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

MISSING = "needs {tool}: apt install {package}"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--kills", default="6", help="how often the engine is killed in tests/faults; 200 is the full proof"
    )


def pytest_runtest_setup(item: pytest.Item) -> None:
    for marker in item.iter_markers("needs"):
        tool, package = marker.args
        if shutil.which(tool) is None:
            reason = MISSING.format(tool=tool, package=package)
            if os.environ.get("CI") == "true":
                pytest.fail(reason, pytrace=False)
            pytest.skip(reason)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """How many tests were skipped for which package."""
    reasons = Counter(
        report.longrepr[2].removeprefix("Skipped: ")
        for report in terminalreporter.stats.get("skipped", [])
        if isinstance(report.longrepr, tuple) and ": apt install " in report.longrepr[2]
    )
    if reasons:
        terminalreporter.section("skipped for want of a system tool")
        for reason, n in sorted(reasons.items()):
            terminalreporter.line(f"{n:4}  {reason}")


def of_the_session(folders: pytest.TempPathFactory) -> Path:
    """The folder of all tests of this session, whichever process runs them."""
    base = folders.getbasetemp()
    return base.parent if "PYTEST_XDIST_WORKER" in os.environ else base


@pytest.fixture(autouse=True)
def a_home_of_its_own(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """No test reads or writes the settings, keys or projects of whoever runs it."""
    home = tmp_path_factory.mktemp("home")
    monkeypatch.setenv("HOME", str(home))
    for name in ("XDG_CONFIG_HOME", "XDG_STATE_HOME", "XDG_DATA_HOME", "NIGHTLAB_LOCAL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(of_the_session(tmp_path_factory) / "cache"))  # fonts are looked for once
    for name in list(os.environ):
        if name.endswith(("_API_KEY", "_AUTH_TOKEN", "_BASE_URL")):
            monkeypatch.delenv(name)
    monkeypatch.setenv("LANG", "C.UTF-8")
    monkeypatch.delenv("LC_ALL", raising=False)
    yield home
