"""kill -9 of the engine at random moments: the run ends with the same products, and nothing was paid or run twice.

`--kills N` sets how many kills in all (a few in CI; 200 for the full proof). Some runs have the cast behind a loopback
Messages server, and the few of CI always do. The programs are quick ones, so that the kills fall into every phase.
Every moment comes from a seed that the failure names, so that it can be played again.
"""

from __future__ import annotations

import random
import sqlite3
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from state import places
from tests.faults import driving
from tests.faults.quick_sample import quick_sample
from tests.servers.messages import MessagesServer, rehearsed, request_of

A_RUN = 20
"""Kills in one run of the full proof."""


@dataclass(frozen=True)
class Ended:
    """A run that is done: its status, what it made as text, what it measured."""

    told: dict[str, Any]
    made: dict[str, str]
    measured: list[tuple[Any, ...]]
    begun: int
    took_s: float

    @classmethod
    def of(cls, folder: Path, told: dict[str, Any], took_s: float = 0) -> Ended:
        return cls(told, driving.made(folder), driving.measured(folder), driving.begun(folder), took_s)

    def until_next(self, folder: Path, kills: int) -> float:
        """About how many seconds of work lie between two of the kills that are left, if they are to fill the run."""
        return self.took_s * max(self.begun - driving.begun(folder), 0) / self.begun / (kills + 1)


@contextmanager
def lab(folder: Path, wire: bool) -> Iterator[tuple[Mapping[str, str], MessagesServer | None]]:
    """The sample, begun, its cast in the engine or behind the wire; what the engine finds in its environment."""
    if not wire:
        driving.begin(quick_sample(folder))
        yield {}, None
        return
    driving.begin(quick_sample(folder, models__default="anthropic", limits__money_usd=100_000.0))
    with MessagesServer(rehearsed(folder, "en")) as server:
        yield {"ANTHROPIC_BASE_URL": server.url, "ANTHROPIC_API_KEY": "key"}, server


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Callable[[bool], Ended]:
    """The same run left in peace, behind the wire or not; made when a test first asks for it.

    Each kind has its own: a paper whose words were rehearsed says so on its first page, one from the wire does not.
    """

    @cache
    def ended(wire: bool) -> Ended:
        folder = tmp_path_factory.mktemp("calm") / "lab"
        with lab(folder, wire) as (env, _):
            at = time.monotonic()
            told = driving.to_its_end(folder, **env)
            took_s = time.monotonic() - at
        assert told["state"] == "done", told
        return Ended.of(folder, told, took_s)

    return ended


def plans(config: pytest.Config) -> list[tuple[int, int, bool]]:
    """(seed, kills, behind the wire) of each run."""
    kills = int(config.getoption("--kills"))
    runs = max(1, kills // A_RUN)
    return [(seed, kills // runs, seed % 3 == 0) for seed in range(runs)]


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "seed" in metafunc.fixturenames:
        metafunc.parametrize(("seed", "kills", "wire"), plans(metafunc.config))


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.needs("pdftotext", "poppler-utils")
def test_a_run_whose_engine_is_killed_at_random_moments_ends_as_an_undisturbed_one(
    tmp_path: Path, undisturbed: Callable[[bool], Ended], seed: int, kills: int, wire: bool
) -> None:
    folder, calm, chance = tmp_path / "lab", undisturbed(wire), random.Random(seed)
    begun = []
    with lab(folder, wire) as (env, server):
        for nth in range(kills):
            after_s = chance.uniform(0.0, 1.2 * calm.until_next(folder, kills - nth))
            driving.killed_at(folder, after_s, starting=chance.random() < 0.2, **env)
            begun += [] if driving.over(folder) else [driving.begun(folder)]
        told = driving.to_its_end(folder, **env)
    assert told["state"] == "done", (seed, told, driving.log(folder))
    sys.stdout.write(f"\nseed {seed}: of {calm.begun} calls and experiments had begun at the kills: {begun}\n")
    assert len(begun) >= 0.8 * kills - 1, (seed, begun)  # the kills found runs at work
    assert len(set(begun)) > kills // 2, (seed, begun)  # and engines that had done something
    database = places.places(folder).database
    assert sqlite3.connect(database).execute("PRAGMA integrity_check").fetchone()[0] == "ok"

    ended = Ended.of(folder, told)
    assert ended.measured == calm.measured, seed
    assert driving.differences(ended.made, calm.made) == [], seed

    calls = told["calls"]
    assert told["experiments"] == calm.told["experiments"], seed  # none lost, none started twice, none too many
    assert driving.run_again(folder) == [], seed
    assert calls["repeated"] == 0 and calls["answered"] == calm.told["calls"]["answered"], (seed, calls)
    assert told["notes"] == {"left": 1, "read": 1} and driving.times_read(folder) == 1, (seed, told)
    if server is not None:
        asked, again = server.count, server.count - len(server.by_sha)
        assert calls["answered"] <= asked <= calls["answered"] + calls["in_doubt"], (seed, asked, calls)
        assert again <= calls["in_doubt"], (seed, again, calls)  # only what was in doubt is asked for in the same words
        assert any(request_of(asked.body).pictures for asked in server.asked), "no figure was looked at"
