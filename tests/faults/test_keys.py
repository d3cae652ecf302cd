"""Keys, with a real engine: without one it waits and goes on by itself; no key is found where the work lies."""

from __future__ import annotations

import stat
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from state import keys
from tests.faults import driving
from tests.faults.watching import answered, paused, rows, until
from tests.servers.messages import MessagesServer, rehearsed

BAD, GOOD = "sk-test-bad-0123456789", "sk-test-good-0123456789"
SHOWS = "\nimport os as _os; open('environment', 'w').write(repr(dict(_os.environ)))\n"


@pytest.fixture
def lab(tmp_path: Path) -> Path:
    """The sample, to be played by an endpoint; its programs write down the environment that they find."""
    folder = driving.sample(
        tmp_path / "lab", models__default="anthropic", experiments__sandbox="basic", limits__money_usd=100_000.0
    )
    program = folder / "rehearsal" / "files" / "experiment.py"
    program.write_text(program.read_text() + SHOWS)
    driving.begin(folder)
    return folder


@pytest.fixture
def server(lab: Path) -> Iterator[MessagesServer]:
    with MessagesServer(rehearsed(lab, "en"), key=GOOD) as server:
        yield server


@pytest.fixture
def running(lab: Path, server: MessagesServer) -> Iterator[subprocess.Popen[bytes]]:
    """An engine that finds no key."""
    engine = driving.engine(lab, ANTHROPIC_BASE_URL=server.url, NIGHTLAB_IDLE_S="0.5")
    yield engine
    driving.kill(engine)


@pytest.mark.slow
def test_an_engine_without_a_key_or_with_a_bad_one_waits_and_no_key_is_left_anywhere(
    lab: Path, server: MessagesServer, running: subprocess.Popen[bytes]
) -> None:
    until(lab, lambda told: paused(told, "auth"), running)
    assert server.count == 0
    keys.keep("anthropic", BAD)
    until(lab, lambda told: rows(lab, "SELECT 1 FROM wait WHERE why = 'auth' AND facts LIKE '%bad_key%'"), running)
    assert rows(lab, "SELECT 1 FROM wait WHERE why = 'auth' AND json_extract(facts, '$.profile') = 'anthropic'")
    assert paused(until(lab, lambda told: True, running), "auth"), "a key that is refused is waited for again"
    keys.keep("anthropic", GOOD)
    until(lab, lambda told: answered(told) >= 2, running)
    until(lab, lambda told: told["experiments"]["finished"] >= 1, running, limit_s=120)

    driving.kill(running)
    assert stat.S_IMODE(keys.file().stat().st_mode) == 0o600
    shown = [path.read_text() for path in lab.glob(".nightlab/jobs/*/work/environment")]
    assert shown and not any("sk-test" in text for text in shown)
    files = [path for path in lab.rglob("*") if path.is_file()]
    assert any(path.suffix == ".db" for path in files) and any(path.name == "engine.log" for path in files)
    assert [path for path in files if _holds_a_key(path)] == []


def _holds_a_key(path: Path) -> bool:
    try:
        data = path.read_bytes()
    except FileNotFoundError:  # an experiment goes on, and with it its files
        return False
    return any(key.encode() in data for key in (BAD, GOOD))


@pytest.mark.slow
def test_an_engine_that_waits_for_a_key_does_not_leave_when_it_is_idle(
    lab: Path, running: subprocess.Popen[bytes], server: MessagesServer
) -> None:
    until(lab, lambda told: paused(told, "auth"), running)
    with pytest.raises(subprocess.TimeoutExpired):
        running.wait(2)  # many times its patience
    keys.keep("anthropic", GOOD)
    until(lab, lambda told: answered(told) >= 1, running)
