"""A real engine with the real SDK, and an endpoint that fails in every way: the run retries or pauses, and goes on.

The sample's cast plays behind a double of the Messages API on loopback. Nobody helps the run; what stands still is
shown by `status`, and no answer that came whole is asked for again.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from state import inbox, keys
from state.vocabulary import WordKind
from tests.faults import driving
from tests.faults.watching import Status, answered, paused, rows, until, waits_for
from tests.servers import messages_faults as faults
from tests.servers.messages import Json, MessagesServer, rehearsed
from tests.servers.messages_faults import Fault

Start = Callable[[MessagesServer], subprocess.Popen[bytes]]


@pytest.fixture
def lab(tmp_path: Path) -> Path:
    """The sample, to be played by an endpoint; its words wait in the inbox."""
    folder = driving.sample(
        tmp_path / "lab", models__default="anthropic", experiments__sandbox="basic", limits__money_usd=100_000.0
    )
    driving.begin(folder)
    return folder


@pytest.fixture
def start(lab: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Start]:
    """Starts the engine, and ends it after the test."""
    begun: list[subprocess.Popen[bytes]] = []

    def engine(server: MessagesServer) -> subprocess.Popen[bytes]:
        running = driving.engine(lab, ANTHROPIC_BASE_URL=server.url)
        begun.append(running)
        return running

    yield engine
    for running in begun:
        driving.kill(running)


def cast() -> Callable[[Json], Json]:
    return rehearsed(driving.SAMPLE, "en")


def honest(told: Status, folder: Path, charged: int) -> None:
    """What was recorded, what was counted, and what is in doubt agree; nothing was asked for twice."""
    calls = told["calls"]
    flying = rows(folder, "SELECT count(*) FROM attempt WHERE state = 'flying'")[0][0]
    assert calls["repeated"] == 0
    assert calls["answered"] <= charged <= calls["answered"] + calls["in_doubt"] + flying, (told, charged, flying)


@pytest.mark.slow
def test_an_endpoint_that_breaks_off_or_is_overloaded_is_asked_again(
    lab: Path, start: Start, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("ANTHROPIC_API_KEY", "key")
    table: dict[int, Fault] = {
        2: faults.reset(3),
        4: faults.status(429, "rate_limit_error", retry_after="1"),
        6: faults.status(529, "overloaded_error", retry_after="3000"),
        8: faults.ends_early(4),
        10: faults.error_event(),
    }
    log = tmp_path / "requests.jsonl"
    with MessagesServer(cast(), table, log=log) as server:
        running = start(server)
        told = until(lab, lambda told: waits_for(told, "backoff"), running)
        assert told["state"] == "running" and server.count == 6, "a long retry is shown, and is no pause"
        inbox.leave(lab, WordKind.RESUME, {})  # a person may hurry it
        told = until(lab, lambda told: answered(told) >= 12, running)
        driving.kill(running)
        charged = server.count - 2  # a 429 and a 529 are refusals
    waits = rows(lab, "SELECT why, json_extract(facts, '$.why'), length_s FROM wait ORDER BY id")
    assert [why for why, _, _ in waits] == ["backoff"] * 5
    codes = ["cut", "rate_limited", "overloaded", "cut", "overloaded"]
    assert [str(why).partition(":")[0] for _, why, _ in waits] == codes
    assert [length for _, _, length in waits][1:3] == [1.0, 3000.0], "retry-after is obeyed"
    at = {row["n"]: row["at"] for row in map(json.loads, log.read_text().splitlines()) if row["what"] == "asked"}
    assert at[5] - at[4] >= 1.0
    assert told["calls"]["in_doubt"] == 3
    honest(until(lab, lambda told: True), lab, charged)


@pytest.mark.slow
def test_a_bad_key_a_portal_and_a_server_that_is_down_are_waited_out(lab: Path, start: Start) -> None:
    keys.keep("anthropic", "bad")
    portal, pages = True, 0

    def fault(n: int, body: Json) -> Fault | None:
        nonlocal pages
        pages += portal and n > 0
        return faults.page(200) if portal else None

    with MessagesServer(cast(), fault, key="good") as server:
        port = int(server.url.rpartition(":")[2])
        running = start(server)
        told = until(lab, lambda told: paused(told, "auth"), running)
        assert server.count == 0
        keys.keep("anthropic", "good")
        told = until(lab, lambda told: paused(told, "network"), running)
        assert answered(told) == 0
        until(lab, lambda told: server.probes > 0, running)
        assert paused(until(lab, lambda told: True), "network"), "a portal's page is no endpoint"
        inbox.leave(lab, WordKind.RESUME, {})  # hurries: the next probe would come in a quarter of a minute
        portal = False
        told = until(lab, lambda told: answered(told) >= 2, running)
        assert told["state"] == "running"
    first = server.count
    told = until(lab, lambda told: paused(told, "network"), running)
    with MessagesServer(cast(), key="good", port=port) as server:
        until(lab, lambda now: answered(now) >= answered(told) + 2, running)
        driving.kill(running)
        charged = first + server.count - pages
    whys = rows(lab, "SELECT why, json_extract(facts, '$.why') FROM wait WHERE why != 'backoff' ORDER BY id")
    codes = [(why, told.partition(":")[0]) for why, told in whys]
    assert codes[:2] == [("auth", "bad_key"), ("network", "page_instead")]
    assert codes[-1] == ("network", "no_connection")
    honest(until(lab, lambda told: True), lab, charged)
