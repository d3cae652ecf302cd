"""A redirect that leads nowhere is no answer, wherever it points: sign-in pages of networks do that."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from engine.tools import arxiv
from state.errors import LabError
from tests.engine.tools.test_sources import SOURCES, Source, silence
from tests.servers.loopback import Answer, Loopback, serving

NOWHERE = ["/again", "file:///etc/passwd", "http://", "http://[", "gopher://x", "", "http://127.0.0.1:99999/", "//"]


@pytest.fixture(params=NOWHERE)
def portal(request: pytest.FixtureRequest) -> Iterator[Loopback]:
    headers = {"Location": request.param} if request.param else {}
    with serving(lambda asked: Answer(b"root:x:0:0", "text/html", 302, headers)) as served:
        yield served


@pytest.mark.parametrize("source", SOURCES, ids=lambda source: source.name)
async def test_a_redirect_to_nowhere_is_no_answer(source: Source, portal: Loopback) -> None:
    assert (await silence(source, portal.url))[0] in ("not_an_answer", "no_network", "dropped")
    assert len(portal.requests) <= 18


async def test_nor_does_a_pdf_come_from_there(portal: Loopback) -> None:
    with pytest.raises(LabError) as raised:
        await arxiv.pages("2201.02177", url=portal.url)
    assert raised.value.key == "literature.could_not_ask"
