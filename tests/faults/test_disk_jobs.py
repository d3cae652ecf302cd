"""A disk that fills around an experiment, for real: a pause that is seen, and no verdict on the program."""

from __future__ import annotations

from typing import Any

import pytest

from tests.faults import namespace

pytestmark = [pytest.mark.slow, pytest.mark.needs("unshare", "util-linux")]


@pytest.fixture(scope="module")
def saw(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What `small_disk_jobs.py` saw."""
    return namespace.saw("small_disk_jobs", tmp_path_factory.mktemp("small-jobs"))


AGAIN = {"ending": "finished", "attempts": [["failed", "disk.full"], ["done", None]], "others": 0}


def test_a_disk_that_is_full_when_a_program_ends_is_a_pause_and_then_it_runs_again(saw: dict[str, Any]) -> None:
    assert saw["honest"] == AGAIN


def test_exit_0_with_results_that_found_no_place_is_no_failure_of_the_program(saw: dict[str, Any]) -> None:
    assert saw["silent"] == AGAIN


def test_a_disk_that_fills_before_a_shim_begins_is_a_pause_and_no_loss(saw: dict[str, Any]) -> None:
    assert saw["begins"] == dict.fromkeys(saw["begins"], AGAIN)
