"""A project that nobody may write into is looked at all the same, and what cannot be done there is said in one line."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.faults import namespace
from tests.faults.read_only import ACTS


@pytest.fixture(scope="module")
def saw(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    return namespace.saw("read_only", tmp_path_factory.mktemp("read"))


pytestmark = [pytest.mark.slow, pytest.mark.needs("unshare", "util-linux")]


def test_what_a_killed_engine_committed_is_seen(saw: dict[str, Any]) -> None:
    code, out, err = saw["said"]["status"]
    assert saw["log"] and (code, err) == (0, "")
    assert json.loads(out)["runs"] == [1]
    assert saw["said"]["log"][0] == 0 and "run 1 begins" in saw["said"]["log"][1]


def test_nothing_is_left_behind_by_looking(saw: dict[str, Any]) -> None:
    assert saw["left"] == []


@pytest.mark.parametrize("words", ACTS)
def test_what_cannot_be_written_is_wrong_usage_and_one_line(saw: dict[str, Any], words: str) -> None:
    code, out, err = saw["said"][words]
    assert (code, out) == (2, "") and len(err.splitlines()) == 1
    assert err.startswith("nightlab: ") and "Read-only file system" in err
