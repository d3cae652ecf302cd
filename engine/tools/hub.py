"""Search the Hugging Face Hub for data sets, through `huggingface_hub` with a transport that gives up in time.

By itself the library asks six times, writes to stderr, takes 24 s to notice that there is no network, and looks up what
it runs in to tell the hub. Here a silence is said within seconds, as a `LabError`; nothing is downloaded, no token is
sent. HF_ENDPOINT and HF_HUB_OFFLINE are honoured. `search` is what data preparation asks.
"""

from __future__ import annotations

import itertools
import json
import logging
import os
import re
import threading
import time
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from engine.prompt import Shown, lines, tag
from engine.tools.asking import Body, Silence, Why, aside, could_not_ask, judge, patiently, tidied, understood
from state.errors import LabError
from state.events import SourceUnreachable

if TYPE_CHECKING:
    from huggingface_hub.hf_api import DatasetInfo

    from engine.desk import Desk

NAME = "hub"
URL = "https://huggingface.co"
ANSWER_S = 15.0
ANSWER_B = 16 << 20
CONNECT_S, SILENT_S = 3.0, 10.0
BIG_B = 10**9
_KINDS = {
    **dict.fromkeys(("id", "description"), str),
    **dict.fromkeys(("downloads", "likes", "mainSize", "usedStorage"), int),
    "tags": list,
}
FOUND = 5
_EXPAND: list[Any] = ["downloads", "likes", "tags", "description", "gated", "mainSize", "usedStorage"]
_WORDS = 500
_LOCK = threading.Lock()


@dataclass(frozen=True)
class Dataset:
    """A data set as the hub describes it. `size_b` is None where the hub does not say."""

    id: str
    downloads: int
    likes: int
    tags: tuple[str, ...]
    size_b: int | None
    license: str
    description: str
    gated: bool = False

    @property
    def big(self) -> bool:
        """Over 1 GB: a download of it is the person's to allow."""
        return self.size_b is not None and self.size_b > BIG_B


async def search(desk: Desk, query: str) -> Shown:
    """What the role is told: data sets, that there are none, or that the hub could not be asked."""
    if not desk.frame.online:
        return tag("source_unreachable", Why.OFFLINE.value, name=NAME)
    try:
        found = await desk.step("hub", datasets, query)
    except LabError as error:
        desk.tell(SourceUnreachable(NAME, str(error.facts.get("why", error.key))))
        return tag("source_unreachable", str(error.facts.get("why", error.key)), name=NAME)
    return lines(tag("found", len(found)), *map(shown, found))


def shown(one: Dataset) -> Shown:
    facts: dict[str, str | int] = {"downloads": one.downloads, "likes": one.likes}
    facts |= {"license": one.license} if one.license else {}
    facts |= {"size_mb": max(1, one.size_b // 10**6)} if one.size_b is not None else {}
    facts |= {"needs_permission": "yes"} if one.big or one.gated else {}
    return tag("data_set", one.description, name=one.id, **facts)


async def datasets(query: str, limit: int = FOUND, url: str = "", deadline_s: float = ANSWER_S) -> list[Dataset]:
    """The most downloaded that match, [] where none does. LabError `data.could_not_ask` where there was no answer."""
    url = (url or os.environ.get("HF_ENDPOINT", "") or URL).rstrip("/")
    try:
        if os.environ.get("HF_HUB_OFFLINE", "").upper() in ("1", "ON", "YES", "TRUE"):
            raise Silence(Why.OFFLINE)
        return await aside(lambda until: _search(query.strip(), limit, url, until), url=url, deadline_s=deadline_s)
    except Silence as silence:
        raise could_not_ask(NAME, silence, "data.could_not_ask") from None


def _search(query: str, limit: int, url: str, until: float) -> list[Dataset]:
    import httpx2
    from huggingface_hub import HfApi

    deadline, api = _careful(), HfApi(endpoint=url, token=False)

    def once() -> list[DatasetInfo]:
        with _LOCK:
            deadline.until = until
            found = api.list_datasets(search=query, sort="downloads", limit=limit, expand=_EXPAND)
            try:
                return understood(lambda: list(itertools.islice(found, limit)))
            except (httpx2.HTTPError, httpx2.InvalidURL):  # a redirect in a circle, or to no address
                raise Silence(Why.NOT_AN_ANSWER) from None

    found = patiently(once, until)
    return understood(lambda: [_dataset(one) for one in found])


def _dataset(one: DatasetInfo) -> Dataset:
    tags = tuple(str(tag) for tag in one.tags or ())
    size_b = next((size for size in (one.main_size, one.used_storage) if isinstance(size, int)), None)
    license = next((tag.removeprefix("license:") for tag in tags if tag.startswith("license:")), "")
    description = re.sub(r"\s+", " ", one.description or "").strip()[:_WORDS]
    return Dataset(one.id, one.downloads or 0, one.likes or 0, tags, size_b, license, description, bool(one.gated))


class _Deadline:
    until = 0.0


@cache
def _careful() -> _Deadline:
    """Give the library, once a process, a client whose every answer is looked at first; returns what bounds it.

    What the transport raises is none of the errors that the library repeats a request for.
    """
    import httpx2
    from huggingface_hub import constants, set_client_factory

    deadline = _Deadline()

    class Careful(httpx2.HTTPTransport):
        def handle_request(self, request: httpx2.Request) -> httpx2.Response:
            if time.monotonic() >= deadline.until:
                raise Silence(Why.TIMEOUT)
            request.headers.update(Body.PACKED)
            try:
                response = super().handle_request(request)
                if response.is_redirect:
                    return response
                judge(response.status_code, response.headers, "json")
                body = Body(response.headers, ANSWER_B)
                for piece in response.iter_raw():
                    body.take(piece)
                    if time.monotonic() > deadline.until:
                        raise Silence(Why.TIMEOUT)
            except (httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.ProxyError):
                raise Silence(Why.NO_NETWORK) from None
            except httpx2.TimeoutException:
                raise Silence(Why.TIMEOUT) from None
            except httpx2.HTTPError:
                raise Silence(Why.DROPPED) from None
            try:
                told = json.loads(bytes(body.data))
            except (ValueError, RecursionError):
                raise Silence(Why.NOT_AN_ANSWER, 200) from None
            if not isinstance(told, list) or not all(isinstance(one, dict) for one in told):
                raise Silence(Why.NOT_AN_ANSWER, 200)
            items = [tidied(one, _KINDS) | ({"gated": "manual"} if one.get("gated") else {}) for one in told]
            if not all("id" in one for one in items):
                raise Silence(Why.NOT_AN_ANSWER, 200)
            links = {name: value for name, value in response.headers.items() if name.lower() == "link"}
            return httpx2.Response(200, headers=links, json=items, request=request)

    def client() -> httpx2.Client:
        timeout = httpx2.Timeout(SILENT_S, connect=CONNECT_S)
        proxies = {key: Careful(proxy=url) for key, url in _proxies().items()}
        return httpx2.Client(
            transport=Careful(), mounts=proxies, timeout=timeout, follow_redirects=True, max_redirects=3
        )

    logging.getLogger("huggingface_hub").setLevel(logging.CRITICAL)
    constants.HF_HUB_DISABLE_TELEMETRY = True
    set_client_factory(client)
    return deadline


def _proxies() -> dict[str, str]:
    """A client with its own transport does not look for proxies by itself."""
    from urllib.request import getproxies

    return {f"{scheme}://": url for scheme, url in getproxies().items() if scheme in ("http", "https")}
