"""A disk that fills, for real: a run on a small tmpfs pauses, says so, goes on when there is room, and lost nothing."""

from __future__ import annotations

from typing import Any

import pytest

from tests.faults import namespace


@pytest.fixture(scope="module")
def saw(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What `small_disk.py` saw."""
    return namespace.saw("small_disk", tmp_path_factory.mktemp("small"))


pytestmark = [pytest.mark.slow, pytest.mark.needs("unshare", "util-linux")]


def test_the_run_pauses_for_the_disk_and_gives_its_ballast_back(saw: dict[str, Any]) -> None:
    told = saw["reply"]["told"]
    assert told["state"] == "paused" and [wait["what"] for wait in told["waiting_for"]] == ["disk"]
    assert saw["reply"]["ballast"] is False


def test_it_goes_on_by_itself_and_lays_ballast_aside_again(saw: dict[str, Any]) -> None:
    assert saw["after"]["told"]["waiting_for"] == [] and saw["after"]["ballast"] is True


def test_a_reply_that_found_the_disk_full_is_kept_and_not_paid_again(saw: dict[str, Any]) -> None:
    calls = saw["last"]["calls"]
    assert saw["doubt"] == [] and calls["repeated"] == 0
    assert calls["answered"] <= saw["requests"] <= calls["answered"] + saw["flying"]


def test_an_experiment_that_ends_on_a_full_disk_is_recorded_and_not_run_again(saw: dict[str, Any]) -> None:
    assert saw["ends"]["state"] == "paused"
    assert saw["experiments"][0] == [1, "finished", None]
    assert saw["last"]["experiments"]["started_twice"] == 0


def test_an_experiment_that_the_full_disk_broke_is_run_again_and_not_judged(saw: dict[str, Any]) -> None:
    assert [row[:2] for row in saw["experiments"]] == [[1, "finished"], [2, "finished"], [3, "finished"]]
    assert "disk.full" in [row[2] for row in saw["experiments"][1:]]
    assert saw["last"]["experiments"]["failed"] == 0


def test_the_database_is_whole_and_the_note_was_read_once(saw: dict[str, Any]) -> None:
    assert saw["integrity"] == "ok"
    assert saw["last"]["notes"] == {"left": 1, "read": 1}
