"""What data preparation is told about data sets: asked once, also the silence is remembered, and never an error."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from engine.tools import hub
from tests.engine.conftest import Laid
from tests.servers import hub as hub_double
from tests.servers.loopback import HTML

Lay = Callable[..., Laid]


async def test_a_search_is_made_once_and_shows_each_data_set(lay: Lay, monkeypatch: pytest.MonkeyPatch) -> None:
    laid = lay()
    with hub_double.hub() as served:
        monkeypatch.setenv("HF_ENDPOINT", served.url)
        first = await hub.search(laid.desk(), "digits")
        again = await hub.search(laid.desk(), "digits")
    assert first == again
    assert len(served.requests) == 1
    assert '<data_set name="someone/digits" downloads="1200" likes="7" license="mit" size_mb="2">' in first
    assert 'name="someone/digits-crawl"' in first


async def test_nothing_found_and_could_not_ask_are_told_apart(lay: Lay, monkeypatch: pytest.MonkeyPatch) -> None:
    laid = lay()
    with hub_double.hub() as served:
        monkeypatch.setenv("HF_ENDPOINT", served.url)
        desk = laid.desk()
        assert await hub.search(desk.within("turn-1"), "zebrafish") == "<found>0</found>"
        served.faults.append(HTML)
        silent = '<source_unreachable name="hub">not_an_answer</source_unreachable>'
        assert await hub.search(desk.within("turn-2"), "digits") == silent
        asked = len(served.requests)
        again = laid.desk()
        await hub.search(again.within("turn-1"), "zebrafish")
        assert await hub.search(again.within("turn-2"), "digits") == silent
    assert len(served.requests) == asked


async def test_a_project_that_stays_offline_asks_nobody(lay: Lay, monkeypatch: pytest.MonkeyPatch) -> None:
    laid = lay()
    with hub_double.hub() as served:
        monkeypatch.setenv("HF_ENDPOINT", served.url)
        desk = laid.desk()
        desk.bench.frame = replace(desk.bench.frame, online=False)
        assert "offline" in await hub.search(desk, "digits")
    assert not served.requests
