"""Search arXiv and read its papers, through the `arxiv` library with what it leaves open closed.

One client a process, three seconds between requests, no wall clock in the waiting; every answer has a deadline, a size,
a status and a content type, so a sign-in page, an empty first page of many results or entries that nobody can read are
not "nothing found". Base URL from NIGHTLAB_ARXIV_URL (mirrors, tests). Called by `shelf`.
"""

from __future__ import annotations

import logging
import os
import re
import tempfile
import threading
import time
from collections.abc import Callable
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import quote

from engine.tools import asking, pdf
from engine.tools.asking import Pace, Silence, Why, aside, could_not_ask, judge, patiently, understood
from engine.tools.paper import SMALL, Paper, entry, key_of

if TYPE_CHECKING:
    import arxiv as library
    import requests

T = TypeVar("T")

NAME = "arxiv"
URL = "https://export.arxiv.org"
EVERY_S = 3.0  # the rule of arXiv's terms
ANSWER_S = 30.0
PDF_S = 90.0
FEED_B = 8 << 20
CONNECT_S, SILENT_S = 4.0, 15.0
_FIELD = re.compile(r"\b(?:ti|au|abs|co|jr|cat|rn|id|all):")
_NUMBER = re.compile(r"(?:arxiv:)?((?:[a-z.-]+/\d{7}|\d{4}\.\d{4,5})(?:v\d+)?)", re.IGNORECASE)
_PACE = Pace()


def base() -> str:
    return os.environ.get("NIGHTLAB_ARXIV_URL", "").rstrip("/") or URL


async def search(
    query: str, limit: int = 5, *, url: str = "", deadline_s: float = ANSWER_S, every_s: float | None = None
) -> list[Paper]:
    """The nearest papers; [] where arXiv found none. LabError `literature.could_not_ask` where it did not answer."""
    url = url or base()
    wanted = asked(query)
    if not wanted:
        return []
    pace_s = asking.every_s(url, EVERY_S) if every_s is None else every_s
    try:
        return await aside(lambda until: _search(wanted, limit, url, until, pace_s), url=url, deadline_s=deadline_s)
    except Silence as silence:
        raise could_not_ask(NAME, silence) from None


async def pages(ident: str, *, url: str = "", deadline_s: float = PDF_S, every_s: float | None = None) -> pdf.Read:
    """The text of a paper's PDF. `why` is set where the PDF came and cannot be read."""
    url = url or base()
    pace_s = asking.every_s(url, EVERY_S) if every_s is None else every_s
    try:
        return await aside(lambda until: _pages(ident, url, until, pace_s), url=url, deadline_s=deadline_s)
    except Silence as silence:
        raise could_not_ask(NAME, silence) from None


def asked(query: str) -> list[dict[str, Any]]:
    """The searches to make, one after the other until one finds something: all words, then any of them.

    A number asks for that paper, arXiv's own field notation stands as it is.
    """
    number = _NUMBER.fullmatch(query.strip())
    if number:
        return [{"id_list": [number[1]]}]
    if _FIELD.search(query):
        return [{"query": query.strip()}]
    words = list(dict.fromkeys(re.findall(r"[\w-]*\w", query)))
    words = [word for word in words if word.casefold() not in SMALL]
    if not words:
        return []
    every, some = (
        f" {joint} ".join(f'all:"{word}"' if "-" in word else f"all:{word}" for word in words)
        for joint in ("AND", "OR")
    )
    return [{"query": every}, {"query": some}] if len(words) > 1 else [{"query": every}]


def _search(wanted: list[dict[str, Any]], limit: int, url: str, until: float, every_s: float) -> list[Paper]:
    import arxiv as library

    client = _client(url)
    for one in wanted:
        search = library.Search(max_results=limit, **one)

        def once(search: library.Search = search) -> list[library.Result]:
            with _PACE.turn(every_s, until), _LOCK:
                client.page_size = min(limit, 100)  # the library asks for as many as a page holds
                _guard(client).until = until
                found = _followed(lambda: list(client.results(search)))
                if not found and _guard(client).entries:  # the library passes over what it cannot read
                    raise Silence(Why.NOT_AN_ANSWER, 200)
                return found

        results = patiently(once, until)
        if any("/api/errors" in result.entry_id for result in results):
            raise Silence(Why.NOT_AN_ANSWER, 200)
        if results:
            if papers := [paper for paper in understood(partial(_papers, results)) if paper.title]:
                return papers
            raise Silence(Why.NOT_AN_ANSWER, 200)
    return []


def _papers(results: list[library.Result]) -> list[Paper]:
    return [_paper(result) for result in results]


def _paper(result: library.Result) -> Paper:
    number = re.sub(r"v\d+$", "", result.get_short_id())
    authors = tuple(author.name for author in result.authors)
    year, title = result.published.year, re.sub(r"\s+", " ", result.title).strip()
    key = key_of(authors, year, title, number)
    return Paper(
        key=key,
        source="arxiv",
        ident=number,
        title=title,
        authors=authors,
        year=year,
        abstract=re.sub(r"\s+", " ", result.summary).strip(),
        bibtex=entry(
            "misc",
            key,
            title,
            authors,
            year,
            eprint=number,
            archiveprefix="arXiv",
            primaryclass=result.primary_category,
            doi=result.doi or "",
            note=result.journal_ref or "",
            url=f"https://arxiv.org/abs/{number}",
        ),
        url=f"https://arxiv.org/abs/{number}",
        arxiv=number,
        doi=result.doi or "",
    )


def _pages(ident: str, url: str, until: float, every_s: float) -> pdf.Read:
    session = _session(url)

    def once() -> bytes:
        with _PACE.turn(every_s, until), _LOCK:
            guard: Any = session.get_adapter(url)
            guard.until = until
            return _followed(lambda: bytes(session.get(f"{url}/pdf/{quote(ident)}").content))

    data = patiently(once, until)
    with tempfile.TemporaryDirectory(prefix="nightlab-") as folder:
        path = Path(folder) / "paper.pdf"
        path.write_bytes(data)
        return pdf.read([path])[path]


# what the library leaves open ----------------------------------------------------------------------------------------

_LOCK = threading.Lock()


@cache
def _client(url: str) -> library.Client:
    """The process's one client. It neither waits nor tries again by itself: it would go by the wall clock, forget
    Retry-After, and repeat what cannot succeed."""
    import arxiv as library

    class Mirror(library.Client):  # type: ignore[misc]  # the library has no types
        query_url_format = f"{url}/api/query?{{}}"

    logging.getLogger("arxiv").setLevel(logging.CRITICAL)
    client = Mirror(delay_seconds=0.0, num_retries=0)
    _mount(client._session, _guarded(FEED_B, _is_feed, "xml", "atom"))
    return client


@cache
def _session(url: str) -> requests.Session:
    """For PDFs."""
    import requests

    session = requests.Session()
    session.headers["user-agent"] = "nightlab"
    _mount(session, _guarded(pdf.SIZE_B, _is_pdf, "pdf"))
    return session


def _followed(ask: Callable[[], T]) -> T:
    """What the library asks; a redirect that leads round in a circle, or to no address, is no answer."""
    import requests

    try:
        return understood(ask)
    except requests.exceptions.RequestException:
        raise Silence(Why.NOT_AN_ANSWER) from None


def _guard(client: library.Client) -> Any:
    return client._session.get_adapter(URL)


def _mount(session: requests.Session, adapter: Any) -> None:
    session.max_redirects = 5
    session.mount("https://", adapter)
    session.mount("http://", adapter)


def _is_feed(body: bytes) -> None:
    """A whole Atom feed, and not the empty first page of many results that arXiv sometimes sends."""
    if b"<feed" not in body[:4096] or b"</feed>" not in body[-256:]:
        raise Silence(Why.NOT_AN_ANSWER, 200)
    total = re.search(rb"totalResults[^>]*>\s*(\d+)", body)
    if total and int(total[1]) > 0 and b"<entry" not in body:
        raise Silence(Why.BUSY, 200)


def _is_pdf(body: bytes) -> None:
    if not body.lstrip()[:5] == b"%PDF-":
        raise Silence(Why.NOT_AN_ANSWER, 200)


def _guarded(limit_b: int, check: Any, *kinds: str) -> Any:
    """A transport that looks at every answer before the library does. Set `until` (monotonic) before each request."""
    import requests
    import urllib3
    from requests.adapters import HTTPAdapter

    class Guarded(HTTPAdapter):
        until = 0.0
        entries = 0  # in the last answer

        def send(self, request: requests.PreparedRequest, *args: Any, **kwargs: Any) -> requests.Response:
            left_s = self.until - time.monotonic()
            if left_s <= 0:
                raise Silence(Why.TIMEOUT)
            kwargs |= {"stream": True, "timeout": (min(CONNECT_S, left_s), min(SILENT_S, left_s))}
            try:
                response = super().send(request, **kwargs)
                if response.is_redirect:
                    return response
                judge(response.status_code, response.headers, *kinds)
                response._content = self.body(response.raw)
            except requests.exceptions.ConnectTimeout:
                raise Silence(Why.NO_NETWORK) from None
            except (requests.exceptions.Timeout, urllib3.exceptions.ReadTimeoutError):
                raise Silence(Why.TIMEOUT) from None
            except (requests.exceptions.RequestException, urllib3.exceptions.HTTPError) as error:
                away = "NewConnectionError" in repr(error) or "NameResolutionError" in repr(error)
                raise Silence(Why.NO_NETWORK if away else Why.DROPPED) from None
            response._content_consumed = True  # read here, with limits
            check(response.content)
            self.entries = response.content.count(b"<entry")
            return response

        def body(self, raw: Any) -> bytes:
            pieces, size_b = [], 0
            while piece := raw.read1(1 << 16, decode_content=True):
                size_b += len(piece)
                if size_b > limit_b:
                    raise Silence(Why.NOT_AN_ANSWER, 200)
                if time.monotonic() > self.until:
                    raise Silence(Why.TIMEOUT)
                pieces.append(piece)
            return b"".join(pieces)

    return Guarded()
