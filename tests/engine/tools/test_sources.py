"""arXiv, Semantic Scholar and the hub through their real libraries: found, nothing found, and could not be asked.

What holds for all three is written once; the doubles misbehave as the services and the networks before them do.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
import threading
import time
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from engine.tools import arxiv, asking, hub, scholar, shelf
from engine.tools.paper import Paper
from state.errors import LabError
from tests.engine.tools.pdfs import pdf_of
from tests.servers import arxiv as arxiv_double
from tests.servers import hub as hub_double
from tests.servers import scholar as scholar_double
from tests.servers.loopback import DROPPED, HTML, SILENT, Answer, Loopback, busy, refused_port

Search = Callable[..., Awaitable[list[Any]]]


@dataclass(frozen=True)
class Source:
    """A source with its double. `ask` is its search."""

    name: str
    ask: Search
    double: Callable[[], contextlib.AbstractContextManager[Loopback]]
    query: str
    key: str = "literature.could_not_ask"


DRIP = Answer(b" " * 2000, "application/atom+json", drip_s=0.05)

SOURCES = [
    Source("arxiv", arxiv.search, arxiv_double.arxiv, "grokking"),
    Source("scholar", scholar.search, scholar_double.scholar, "grokking"),
    Source("hub", hub.datasets, hub_double.hub, "digits", "data.could_not_ask"),
]


@pytest.fixture(params=SOURCES, ids=lambda source: source.name)
def source(request: pytest.FixtureRequest) -> Source:
    one: Source = request.param
    return one


@pytest.fixture
def served(source: Source) -> Iterator[Loopback]:
    with source.double() as served:
        yield served


async def silence(source: Source, url: str, deadline_s: float = 15.0) -> tuple[str, object]:
    """Why the source could not be asked."""
    with pytest.raises(LabError) as raised:
        await source.ask(source.query, url=url, deadline_s=deadline_s)
    assert raised.value.key == source.key
    assert raised.value.facts["source"] == source.name
    return str(raised.value.facts["why"]), raised.value.facts["status"]


async def test_a_search_finds_in_one_request(source: Source, served: Loopback) -> None:
    assert await source.ask(source.query, url=served.url)
    assert len(served.requests) == 1


async def test_nothing_found_is_an_empty_list(source: Source, served: Loopback) -> None:
    assert await source.ask("zebrafish", url=served.url) == []


async def test_no_more_is_asked_for_than_is_wanted(source: Source, served: Loopback) -> None:
    assert len(await source.ask(source.query, 1, url=served.url)) == 1
    (request,) = served.requests
    assert next(request.query[name] for name in ("max_results", "limit") if name in request.query) == ["1"]


async def test_a_passing_busy_answer_is_asked_again_after_the_time_it_names(source: Source, served: Loopback) -> None:
    served.faults += [busy(429, retry_after="1")]
    assert await source.ask(source.query, url=served.url)
    first, second = (request.at_s for request in served.requests)
    assert second - first >= 1.0


async def test_busy_for_longer_than_there_is_time_is_said_at_once(source: Source, served: Loopback) -> None:
    served.faults += [busy(429, retry_after="3600")]
    began = time.monotonic()
    assert await silence(source, served.url) == ("busy", 429)
    assert time.monotonic() - began < 10
    assert len(served.requests) == 1


@pytest.mark.parametrize("status", [500, 502, 503, 504])
async def test_a_server_that_fails_is_never_nothing_found(source: Source, served: Loopback, status: int) -> None:
    served.faults += [busy(status, retry_after="3600")]
    assert await silence(source, served.url) == ("busy", status)


@pytest.mark.parametrize("status", [401, 403])
async def test_a_refusal_is_not_repeated(source: Source, served: Loopback, status: int) -> None:
    served.faults += [Answer(b"{}", status=status)]
    assert await silence(source, served.url) == ("refused", status)
    assert len(served.requests) == 1


async def test_a_sign_in_page_with_status_200_is_no_answer(source: Source, served: Loopback) -> None:
    served.faults += [HTML]
    assert await silence(source, served.url) == ("not_an_answer", 200)


@pytest.mark.parametrize("kind", ["application/json", "application/atom+xml"])
async def test_a_sign_in_page_that_calls_itself_an_answer_is_none(source: Source, served: Loopback, kind: str) -> None:
    served.faults += [Answer(HTML.body, kind), Answer(b"[" * 100_000, kind), Answer(b'{"error": "x"}', kind)]
    for _ in range(3):
        assert (await silence(source, served.url))[0] == "not_an_answer"


ATOM = (
    b'<?xml version="1.0"?><feed xmlns="http://www.w3.org/2005/Atom"><entry><id>http://arxiv.org/abs/2201.02177v1</id>'
    b"<published>%b</published><updated>2022-01-06T18:43:37Z</updated><title>T</title><summary>s</summary></entry>%b"
)


@pytest.mark.parametrize(
    ("name", "body"),
    [
        ("scholar", b'{"total": 1, "data": ["x"]}'),
        ("scholar", b'{"total": 1, "data": [null]}'),
        ("scholar", b'{"total": 1, "data": [{"title": 5}]}'),
        ("hub", b'[{"id": 5}]'),
        ("arxiv", ATOM % (b"yesterday", b"</feed>")),
        ("arxiv", ATOM % (b"2022-01-06T18:43:37Z", b"<broken></feed>") + b" "),
        ("arxiv", b"<feed><entry></entry></feed>"),
        ("arxiv", b"<feed>\0<entry><id>x</id></entry></feed>"),
    ],
)
async def test_an_answer_that_nobody_can_read_is_never_nothing_found(name: str, body: bytes) -> None:
    source = next(one for one in SOURCES if one.name == name)
    with source.double() as served:
        served.faults += [Answer(body, "application/atom+xml" if name == "arxiv" else "application/json")]
        try:
            assert await source.ask(source.query, url=served.url)  # what could be read of it
        except LabError as error:
            assert (error.key, error.facts["why"]) == (source.key, "not_an_answer")


async def test_many_results_of_which_none_came_are_asked_for_again() -> None:
    with scholar_double.scholar() as served:
        served.faults += [Answer(b'{"total": 9, "data": []}', "application/json")]
        assert await scholar.search("grokking", url=served.url)
        assert len(served.requests) == 2


@pytest.mark.parametrize(
    "odd",
    [
        {"authors": None},
        {"authors": "abc"},
        {"authors": [1, None, {"name": None}]},
        {"externalIds": [1]},
        {"year": "2020?"},
        {"abstract": [1]},
        {"venue": 3},
        {"url": None},
        {"title": "T\ud800"},
        {"paperId": None},
    ],
)
async def test_a_paper_with_an_odd_field_is_found_without_it(odd: dict[str, object]) -> None:
    whole = {"paperId": "x", "title": "T", "authors": [], "year": 2020, "abstract": "a", "externalIds": {}, "url": "u"}
    with scholar_double.scholar() as served:
        served.faults += [Answer(json.dumps({"total": 1, "data": [whole | odd]}).encode(), "application/json")]
        (found,) = await scholar.search("grokking", url=served.url)
    assert found.title.startswith("T")
    assert json.dumps(found.plain(), ensure_ascii=False).encode()


async def test_a_data_set_with_odd_fields_is_found_without_them() -> None:
    odd = {"id": "a/b", "tags": 5, "downloads": "many", "description": "x\ud800", "lastModified": "?", "siblings": 5}
    with hub_double.hub() as served:
        served.faults += [Answer(json.dumps([odd]).encode(), "application/json")]
        assert await hub.datasets("digits", url=served.url) == [hub.Dataset("a/b", 0, 0, (), None, "", "x?")]


async def test_a_connection_that_drops_once_is_tried_again(source: Source, served: Loopback) -> None:
    served.faults += [DROPPED]
    assert await source.ask(source.query, url=served.url)


async def test_an_answer_that_ends_half_way_is_no_answer(
    source: Source, served: Loopback, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(asking, "TRIES", 1)
    served.faults += [Answer(b'{"total": 0}' + b" " * 500, "application/atom+json", cut=12)]
    assert await silence(source, served.url) == ("dropped", None)


@pytest.mark.parametrize(
    "slow", [SILENT, Answer(b" " * 2000, "application/atom+json", drip_s=0.05)], ids=["silent", "drip"]
)
async def test_a_slow_answer_ends_at_the_deadline(source: Source, served: Loopback, slow: Answer) -> None:
    served.faults += [slow]
    began = time.monotonic()
    assert await silence(source, served.url, deadline_s=0.6) == ("timeout", None)
    assert time.monotonic() - began < 10


async def test_without_a_network_it_is_said_within_seconds(source: Source) -> None:
    began = time.monotonic()
    assert await silence(source, refused_port()) == ("no_network", None)
    assert await silence(source, "http://nightlab.invalid") == ("no_network", None)
    assert time.monotonic() - began < 12


async def test_the_proxy_of_the_environment_is_asked_in_place_of_the_host(
    source: Source, served: Loopback, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", served.url)
    monkeypatch.setenv("no_proxy", "")
    hub._careful.cache_clear()
    try:
        served.faults += [HTML]
        assert (await silence(source, "http://nightlab.invalid"))[0] == "not_an_answer"
        assert served.requests[0].headers["host"] == "nightlab.invalid"
    finally:
        hub._careful.cache_clear()


async def test_nothing_is_written_to_the_screen(
    source: Source, served: Loopback, capfd: pytest.CaptureFixture[str]
) -> None:
    served.faults += [busy(503), HTML]
    with contextlib.suppress(LabError):
        await source.ask(source.query, url=served.url)
    assert capfd.readouterr() == ("", "")


# how a source is asked -----------------------------------------------------------------------------------------------


async def test_a_look_up_that_hangs_is_no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    let_go = threading.Event()
    monkeypatch.setattr(asking.socket, "create_connection", lambda *_, **__: let_go.wait(60))
    try:
        with pytest.raises(asking.Silence) as raised:
            await asking.aside(lambda until: 1, url="https://arxiv.org", deadline_s=5, connect_s=0.2)
        assert raised.value.why is asking.Why.NO_NETWORK
    finally:
        let_go.set()


@pytest.mark.parametrize(
    ("retry_after", "seconds"),
    [("7", 7.0), ("Wed, 21 Oct 2026 07:28:09 GMT", 9.0), ("Wed, 21 Oct 2026 07:00:00 GMT", 0.0), ("soon", None)],
)
def test_retry_after_is_seconds_or_a_date_by_the_clock_of_the_server(retry_after: str, seconds: float | None) -> None:
    with pytest.raises(asking.Silence) as raised:
        asking.judge(503, {"retry-after": retry_after, "date": "Wed, 21 Oct 2026 07:28:00 GMT"}, "json")
    assert raised.value.retry_after_s == seconds


def test_pauses_double_and_three_tries_are_enough() -> None:
    times: list[float] = []

    def once() -> None:
        times.append(time.monotonic())
        raise asking.Silence(asking.Why.BUSY, 503)

    with pytest.raises(asking.Silence):
        asking.patiently(once, time.monotonic() + 60, pause_s=0.1)
    first, second, third = times
    assert second - first >= 0.1
    assert third - second >= 0.2


# arXiv ---------------------------------------------------------------------------------------------------------------


async def test_a_paper_of_arxiv_can_be_cited() -> None:
    with arxiv_double.arxiv() as served:
        (paper,) = await arxiv.search("norms", url=served.url)
    assert (paper.key, paper.ident, paper.year) == ("muller2013learning", "1301.00001", 2013)
    assert paper.authors == ("Jürgen Müller", "Zoë Ångström")
    assert r"title = {{Learning \& 50\% of $\ell_2$ Norms}}" in paper.bibtex
    assert paper.bibtex.startswith("@misc{muller2013learning,")
    assert "eprint = {1301.00001}" in paper.bibtex


async def test_all_words_are_asked_for_first_and_any_of_them_then() -> None:
    with arxiv_double.arxiv() as served:
        both = await arxiv.search("the grokking weight", url=served.url)
        either = await arxiv.search("grokking zebrafish", url=served.url)
    assert [paper.ident for paper in both] == ["2201.02177", "2301.05217"]
    assert len(either) == 2
    asked = [request.query["search_query"][0] for request in served.requests]
    assert asked == ["all:grokking AND all:weight", "all:grokking AND all:zebrafish", "all:grokking OR all:zebrafish"]


async def test_a_number_finds_its_paper() -> None:
    with arxiv_double.arxiv() as served:
        (paper,) = await arxiv.search("arXiv:2301.05217", url=served.url)
    assert paper.title == "Progress measures for grokking"


async def test_requests_keep_their_distance_also_those_for_pdfs() -> None:
    with arxiv_double.arxiv(pdf=pdf_of("one", "two")) as served:
        await asyncio.gather(
            arxiv.search("grokking", url=served.url, every_s=0.4),
            arxiv.pages("2201.02177", url=served.url, every_s=0.4),
            arxiv.search("norms", url=served.url, every_s=0.4),
        )
    times = [request.at_s for request in served.requests]
    assert len(times) == 3
    assert all(later - earlier >= 0.2 for earlier, later in itertools.pairwise(times))
    assert asking.every_s(arxiv.URL, arxiv.EVERY_S) == 3.0


async def test_searches_of_semantic_scholar_keep_their_distance_or_say_that_there_is_no_time() -> None:
    with scholar_double.scholar() as served:
        searches = (scholar.search(words, url=served.url, every_s=0.4) for words in ("grokking", "norms"))
        await asyncio.gather(*searches)
        one, two = (request.at_s for request in served.requests)
        assert two - one >= 0.2  # told at their arrival, and the first may take a while to get there; else about 0
        with pytest.raises(LabError) as caught:
            await scholar.search("grokking", url=served.url, every_s=0.4, deadline_s=0.2)
        assert caught.value.facts["why"] == "timeout" and len(served.requests) == 2
    assert asking.every_s(scholar.URL, scholar.EVERY_S) == 1.1


async def test_an_empty_first_page_of_many_results_is_asked_again() -> None:
    with arxiv_double.arxiv() as served:
        served.faults.append(Answer(arxiv_double.feed([], total=12), "application/atom+xml"))
        assert await arxiv.search("grokking", url=served.url)


async def test_a_pdf_is_read_page_by_page_and_something_else_is_none() -> None:
    with arxiv_double.arxiv(pdf=pdf_of("Page one.", "Page two.")) as served:
        read = await arxiv.pages("2201.02177", url=served.url)
        assert read.pages == ("Page one.", "Page two.")
        served.faults.append(HTML)
        with pytest.raises(LabError, match="not_an_answer"):
            await arxiv.pages("2201.02177", url=served.url)
        served.faults.append(Answer(b"%PDF-1.4\nbroken", "application/pdf"))
        assert (await arxiv.pages("2201.02177", url=served.url)).why == "broken"


# Semantic Scholar ----------------------------------------------------------------------------------------------------


async def test_a_paper_of_semantic_scholar_can_be_cited_and_brings_its_arxiv_number() -> None:
    with scholar_double.scholar() as served:
        first, second = await scholar.search("grokking", url=served.url)
    assert (first.arxiv, first.doi, first.abstract) == (
        "2201.02177",
        "10.48550/arXiv.2201.02177",
        "Small datasets, long training.",
    )
    assert second.bibtex.startswith("@article{liu2023omnigrok,")
    assert "journal = {ICLR}" in second.bibtex
    assert second.abstract == ""


async def test_a_query_cannot_add_parameters_and_fields_are_always_named() -> None:
    with scholar_double.scholar() as served:
        await scholar.search("grokking&limit=100&fields=tldr#x", url=served.url)
    (request,) = served.requests
    assert request.query["query"] == ["grokking limit 100 fields tldr x"]
    assert request.query["limit"] == ["5"]
    assert request.query["fields"] == [",".join(scholar.FIELDS)]


async def test_the_key_of_the_environment_is_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    with scholar_double.scholar() as served:
        await scholar.search("grokking", url=served.url)
        monkeypatch.setenv("S2_API_KEY", "s2-key")
        await scholar.search("grokking", url=served.url)
    assert [request.headers.get("x-api-key") for request in served.requests] == [None, "s2-key"]


# the hub -------------------------------------------------------------------------------------------------------------


async def test_a_data_set_is_described_and_a_big_one_needs_permission(monkeypatch: pytest.MonkeyPatch) -> None:
    with hub_double.hub() as served:
        monkeypatch.setenv("HF_ENDPOINT", served.url)
        monkeypatch.setenv("HF_TOKEN", "hf_secret")
        digits, crawl = await hub.datasets("digits")
    assert (digits.id, digits.license, digits.description) == ("someone/digits", "mit", "Digits, small ones.")
    assert (digits.size_b, digits.big, digits.gated) == (2_500_000, False, False)
    assert (crawl.size_b, crawl.big, crawl.gated) == (5_000_000_000, True, True)
    assert 'needs_permission="yes"' in hub.shown(crawl)
    assert 'size_mb="2"' in hub.shown(digits)
    assert "authorization" not in served.requests[0].headers


async def test_an_environment_that_is_offline_is_not_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    with hub_double.hub() as served:
        assert await silence(SOURCES[2], served.url) == ("offline", None)
    assert not served.requests


# the shelf -----------------------------------------------------------------------------------------------------------

BIB = "@misc{mine, title={Grokking at home}, author={Me, M.}, year=2020, abstract={At home.}, note={p. 2: slow}}"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "my.bib").write_text(BIB)
    return tmp_path


@pytest.fixture
def everywhere(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Loopback, Loopback]]:
    with arxiv_double.arxiv(pdf=pdf_of("Page one.", "Page two.")) as one, scholar_double.scholar() as other:
        monkeypatch.setenv("NIGHTLAB_ARXIV_URL", one.url)
        monkeypatch.setenv("NIGHTLAB_SCHOLAR_URL", other.url)
        yield one, other


def titles(found: shelf.Found) -> list[str]:
    return [paper.title.split(":")[0] for paper in found.papers]


async def test_the_folder_comes_first_and_a_paper_of_two_sources_stands_once(
    folder: Path, everywhere: tuple[Loopback, Loopback]
) -> None:
    found = await shelf.search("grokking", folder, True)
    assert titles(found) == ["Grokking at home", "Grokking", "Progress measures for grokking", "Omnigrok"]
    assert found.could_not == ()
    assert len({paper.key for paper in found.papers}) == 4
    assert await shelf.search("grokking", folder, True) == found


async def test_a_source_that_could_not_be_asked_is_named_beside_what_was_found(
    folder: Path, everywhere: tuple[Loopback, Loopback]
) -> None:
    everywhere[1].faults.append(HTML)
    found = await shelf.search("grokking", folder, True)
    assert titles(found) == ["Grokking at home", "Grokking", "Progress measures for grokking"]
    assert found.could_not == (("scholar", "not_an_answer"),)
    nothing = await shelf.search("zebrafish", folder, True)
    assert nothing == shelf.Found()


async def test_a_project_that_stays_offline_asks_nobody_and_says_so(
    folder: Path, everywhere: tuple[Loopback, Loopback]
) -> None:
    found = await shelf.search("grokking", folder, False)
    assert titles(found) == ["Grokking at home"]
    assert found.could_not == (("arxiv", "offline"), ("scholar", "offline"))
    assert not everywhere[0].requests + everywhere[1].requests


async def test_a_paper_is_read_whole_where_it_can_be_and_else_by_its_abstract(
    folder: Path, everywhere: tuple[Loopback, Loopback]
) -> None:
    mine, power, _, omnigrok = (await shelf.search("grokking", folder, True)).papers
    assert await shelf.full_text(power, folder, True) == shelf.Text(("Page one.", "Page two."), True)
    assert await shelf.full_text(mine, folder, True) == shelf.Text(("At home.", "p. 2: slow"), False, "no_pdf")
    assert await shelf.full_text(omnigrok, folder, True) == shelf.Text(("",), False, "no_pdf")
    assert await shelf.full_text(power, folder, False) == shelf.Text((power.abstract,), False, "offline")
    everywhere[0].faults.append(Answer(status=403))
    assert await shelf.full_text(power, folder, True) == shelf.Text((power.abstract,), False, "refused")


async def test_found_papers_can_be_remembered_as_json(folder: Path, everywhere: tuple[Loopback, Loopback]) -> None:
    found = await shelf.search("grokking", folder, True)
    assert [Paper.of(paper.plain()) for paper in found.papers] == list(found.papers)
