"""kill -9 of the engine at random moments: the run ends with the same products, and nothing was paid or run twice.

`--kills N` sets how many kills in all (a few in CI; 200 for the full proof). Every moment comes from a seed that the
failure names, so that it can be played again.
"""

from __future__ import annotations

import json
import random
import sqlite3
import time
from pathlib import Path

import pytest

from state import places
from tests.faults import driving
from tests.servers.messages import MessagesServer, rehearsed

A_RUN = 20
"""Kills in one run of the full proof."""


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, str], list[tuple[object, ...]]]:
    folder = driving.sample(tmp_path_factory.mktemp("calm") / "lab")
    driving.begin(folder)
    running = driving.engine(folder)
    told = driving.wait(folder, running)
    driving.kill(running)
    assert told["state"] == "done", told
    return driving.made(folder), driving.measured(folder)


def plans(config: pytest.Config) -> list[tuple[int, int, bool]]:
    """(seed, kills, behind the wire) of each run."""
    kills = int(config.getoption("--kills"))
    runs = max(1, kills // A_RUN)
    return [(seed, kills // runs, seed % 3 == 1) for seed in range(runs)]


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "seed" in metafunc.fixturenames:
        metafunc.parametrize(("seed", "kills", "wire"), plans(metafunc.config))


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.needs("pdftotext", "poppler-utils")
def test_a_run_whose_engine_is_killed_at_random_moments_ends_as_an_undisturbed_one(
    tmp_path: Path,
    undisturbed: tuple[dict[str, str], list[tuple[object, ...]]],
    seed: int,
    kills: int,
    wire: bool,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    folder = driving.sample(tmp_path / "lab")
    server = None
    if wire:
        driving.shutil.rmtree(folder)
        folder = driving.sample(
            folder, models__default="anthropic", experiments__sandbox="basic", limits__money_usd=100_000.0
        )
        server = MessagesServer(rehearsed(driving.SAMPLE, "en"))
        server.__enter__()
        monkeypatch.setenv("ANTHROPIC_BASE_URL", server.url)
        monkeypatch.setenv("ANTHROPIC_API_KEY", "key")
    try:
        chance = random.Random(seed)
        driving.begin(folder)
        for _ in range(kills):
            running = driving.engine(folder)
            moment = time.monotonic() + chance.uniform(0.3, 4.0)
            while time.monotonic() < moment and running.poll() is None:
                time.sleep(0.005)
            driving.kill(running)
        running = driving.engine(folder)
        told = driving.wait(folder, running)
        driving.kill(running)
    finally:
        if server is not None:
            server.__exit__(None, None, None)
    assert told["state"] == "done", (seed, told, driving.log(folder))
    calls, experiments = told["calls"], told["experiments"]
    assert calls["repeated"] == 0 and experiments["started_twice"] == 0, (seed, told)
    assert told["notes"] == {"left": 1, "read": 1}, (seed, told)
    assert read_times(folder) == 1
    where = places.places(folder)
    assert sqlite3.connect(where.database).execute("PRAGMA integrity_check").fetchone()[0] == "ok"
    assert driving.measured(folder) == undisturbed[1], seed
    if server is not None:
        requests = len(server.asked)
        assert calls["answered"] <= requests <= calls["answered"] + calls["in_doubt"], (seed, requests, calls)
    else:
        assert driving.differences(driving.made(folder), undisturbed[0]) == [], seed


def read_times(folder: Path) -> int:
    """In how many intents the note is listed as new."""
    db = sqlite3.connect(places.places(folder).database)
    listed = [json.loads(row[0])["new"] for row in db.execute("SELECT notes FROM step WHERE notes IS NOT NULL")]
    return sum(len(words) for words in listed)
