"""An answer may come packed; one that unpacks to more than an answer may be costs neither memory nor time."""

from __future__ import annotations

import gzip
import sys
import tracemalloc
import zlib
from collections.abc import Callable
from dataclasses import replace
from functools import cache

import pytest

from tests.engine.tools.test_sources import SOURCES, Source, silence
from tests.servers.loopback import Answer, Request

MB = 1 << 20
KIND = {"arxiv": "application/atom+xml", "scholar": "application/json", "hub": "application/json"}


@pytest.fixture(params=SOURCES, ids=lambda source: source.name)
def source(request: pytest.FixtureRequest) -> Source:
    one: Source = request.param
    return one


@cache
def bomb(layers: int) -> bytes:
    data = b"".join(zeros(100))
    for _ in range(layers - 1):
        data = gzip.compress(data)
    return data


def zeros(count: int) -> list[bytes]:
    """`count` MB of nothing, packed."""
    pack = zlib.compressobj(wbits=31)
    return [pack.compress(bytes(MB)) for _ in range(count)] + [pack.flush()]


@pytest.mark.parametrize("layers", [1, 2])
async def test_a_bomb_is_no_answer_and_is_not_unpacked(source: Source, layers: int) -> None:
    headers = {"Content-Encoding": ", ".join(["gzip"] * layers)}
    answer = Answer(bomb(layers), KIND[source.name], headers=headers)
    with source.double() as served:
        await source.ask(source.query, url=served.url)  # its library is loaded
        served.faults += [answer]
        tracemalloc.start()
        try:
            assert await silence(source, served.url) == ("not_an_answer", 200)
            assert tracemalloc.get_traced_memory()[1] < 50 * MB
        finally:
            tracemalloc.stop()


async def test_a_packed_answer_is_read(source: Source, monkeypatch: pytest.MonkeyPatch) -> None:
    module = sys.modules[source.double.__module__]
    answered: Callable[..., Answer] = module.answer

    def packed(request: Request, *given: object) -> Answer:
        assert "gzip" in request.headers["accept-encoding"]
        answer = answered(request, *given)
        return replace(answer, body=gzip.compress(answer.body), headers={"Content-Encoding": "gzip"})

    with source.double() as served:
        plain = await source.ask(source.query, url=served.url)
        monkeypatch.setattr(module, "answer", packed)
        assert plain == await source.ask(source.query, url=served.url) != []
