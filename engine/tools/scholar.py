"""Search Semantic Scholar, through the `semanticscholar` library with its own requests replaced by careful ones.

The library takes 502 and 503 for an empty result, waits minutes on 429 and puts a query into the URL as it stands; here
every answer has a deadline, a size, a status and a content type, and only one page is asked for. Base URL from
NIGHTLAB_SCHOLAR_URL (mirrors, tests), key from S2_API_KEY. Called by `shelf`.
"""

from __future__ import annotations

import asyncio
import os
import re
import time
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from engine.tools import asking
from engine.tools.asking import Body, Pace, Silence, Why, aside, could_not_ask, judge, patiently, tidied, understood
from engine.tools.paper import Paper, entry, key_of

if TYPE_CHECKING:
    from semanticscholar.Paper import Paper as Found

NAME = "scholar"
URL = "https://api.semanticscholar.org"
EVERY_S = 1.1  # its limit for who asks without a key
ANSWER_S = 20.0
ANSWER_B = 8 << 20
CONNECT_S, SILENT_S = 4.0, 10.0
FIELDS = ["title", "authors", "year", "abstract", "externalIds", "url", "venue"]
_KINDS = {
    **dict.fromkeys(("paperId", "title", "abstract", "url", "venue"), str),
    "year": int,
    "authors": list,
    "externalIds": dict,
}
_PACE = Pace()


def base() -> str:
    return os.environ.get("NIGHTLAB_SCHOLAR_URL", "").rstrip("/") or URL


async def search(
    query: str, limit: int = 5, *, url: str = "", deadline_s: float = ANSWER_S, every_s: float | None = None
) -> list[Paper]:
    """The nearest papers; [] where none was found. LabError `literature.could_not_ask` where there was no answer."""
    url = url or base()
    words = re.sub(r"[^\w\s.-]+", " ", query)
    words = re.sub(r"(?<=\w)-(?=\w)", " ", words).strip()  # its search finds nothing for words with a hyphen
    if not words:
        return []
    pace_s = asking.every_s(url, EVERY_S) if every_s is None else every_s
    try:
        return await aside(lambda until: _search(words, limit, url, until, pace_s), url=url, deadline_s=deadline_s)
    except Silence as silence:
        raise could_not_ask(NAME, silence) from None


def _search(words: str, limit: int, url: str, until: float, every_s: float) -> list[Paper]:
    import semanticscholar

    client = semanticscholar.AsyncSemanticScholar(api_url=url, api_key=os.environ.get("S2_API_KEY") or None)
    client._requester = _requester(until)

    def once() -> list[Found]:
        with _PACE.turn(every_s, until):
            asked = client.search_paper(quote(words), fields=FIELDS, limit=min(limit, 100))
            found = understood(lambda: asyncio.run(asked))
        return list(found.items)  # iterating over `found` itself would go on to the next pages

    papers = patiently(once, until)
    return [paper for paper in understood(lambda: [_paper(one) for one in papers]) if paper.title]


def _paper(one: Found) -> Paper:
    ids: dict[str, Any] = one.externalIds or {}
    arxiv, doi = str(ids.get("ArXiv") or ""), str(ids.get("DOI") or "")
    authors = tuple(author.name for author in one.authors or () if author.name)
    title = re.sub(r"\s+", " ", one.title or "").strip()
    key = key_of(authors, one.year, title, one.paperId or "")
    venue = "" if "arxiv" in (one.venue or "").lower() else one.venue or ""
    more = {"eprint": arxiv, "archiveprefix": "arXiv" if arxiv else "", "doi": doi}
    kind = {"journal": venue} if venue else {}
    return Paper(
        key=key,
        source="scholar",
        ident=one.paperId or "",
        title=title,
        authors=authors,
        year=one.year,
        abstract=re.sub(r"\s+", " ", one.abstract or "").strip(),
        bibtex=entry("article" if venue else "misc", key, title, authors, one.year, **kind, **more, url=one.url or ""),
        url=one.url or "",
        arxiv=arxiv,
        doi=doi,
    )


def _requester(until: float) -> Any:
    """What the library asks with: it keeps its URLs, fields and results, and loses its own request."""
    import httpx
    from semanticscholar.ApiRequester import ApiRequester

    class Careful(ApiRequester):  # type: ignore[misc]  # the library has no types
        async def get_data_async(
            self, url: str, parameters: str, headers: dict[str, str], payload: dict[str, Any] | None = None
        ) -> dict[str, Any]:
            left_s = until - time.monotonic()
            if left_s <= 0:
                raise Silence(Why.TIMEOUT)
            try:
                async with asyncio.timeout(left_s):
                    return await self._asked(f"{url}?{parameters.lstrip('&')}", headers)
            except (TimeoutError, httpx.ReadTimeout, httpx.WriteTimeout, httpx.PoolTimeout):
                raise Silence(Why.TIMEOUT) from None
            except (httpx.ConnectError, httpx.ConnectTimeout, httpx.ProxyError):
                raise Silence(Why.NO_NETWORK) from None
            except httpx.HTTPError:
                raise Silence(Why.DROPPED) from None

        async def _asked(self, url: str, headers: dict[str, str]) -> dict[str, Any]:
            timeout = httpx.Timeout(SILENT_S, connect=CONNECT_S)
            async with (
                httpx.AsyncClient(timeout=timeout, max_redirects=3) as client,
                client.stream("GET", url, headers={**headers, **Body.PACKED}) as response,
            ):
                judge(response.status_code, response.headers, "json")
                body = Body(response.headers, ANSWER_B)
                async for piece in response.aiter_raw():
                    body.take(piece)
            return _result(bytes(body.data))

    return Careful(SILENT_S, False)


def _result(body: bytes) -> dict[str, Any]:
    """A search result: it has `total`, and `data` unless nothing was found; its items as the library reads them."""
    import json

    try:
        told = json.loads(body)
    except (ValueError, RecursionError):
        raise Silence(Why.NOT_AN_ANSWER, 200) from None
    if not isinstance(told, dict) or not (isinstance(told.get("data"), list) or told.get("total") == 0):
        raise Silence(Why.NOT_AN_ANSWER, 200)
    items = [{**dict.fromkeys(_KINDS), **tidied(one, _KINDS)} for one in told.get("data", []) if isinstance(one, dict)]
    for one in items:
        authors = one["authors"] if isinstance(one["authors"], list) else []
        one["authors"] = [tidied(author, {"name": str}) for author in authors if isinstance(author, dict)]
    if not any(one["title"] for one in items) and (told.get("data") or told.get("total")):
        raise Silence(Why.NOT_AN_ANSWER if told.get("data") else Why.BUSY, 200)  # there should be some
    return {"total": len(items), "offset": 0, "data": items}
