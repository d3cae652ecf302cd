"""Ask a source over the network, and know when it did not answer.

A source that is away, busy or answers with something else is a `LabError` with `source`, `why` and `status`; an empty
list always means that it looked and found nothing. Blocking libraries work in daemon threads, so no source can hold
the lab longer than its deadline. Used by `arxiv`, `scholar` and `hub`, which own what their libraries leave open.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import threading
import time
import zlib
from collections.abc import Callable, Iterator, Mapping
from email.utils import parsedate_to_datetime
from enum import StrEnum
from typing import ClassVar, TypeVar
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

from engine.threads import in_thread
from state.errors import LabError

T = TypeVar("T")

TRIES = 3
LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})


class Why(StrEnum):
    """Why a source could not be asked."""

    NO_NETWORK = "no_network"  # its name or its port cannot be reached
    TIMEOUT = "timeout"
    DROPPED = "dropped"  # the connection ended within the answer
    BUSY = "busy"  # 429 and 5xx, until the deadline
    REFUSED = "refused"  # 401, 403: a key is wrong, or this address is not welcome
    NOT_AN_ANSWER = "not_an_answer"  # a sign-in page with status 200, a broken or a half answer
    OFFLINE = "offline"  # the project or the environment says so


class Silence(Exception):
    """One request that brought no answer. `passing`: asking again may help."""

    def __init__(self, why: Why, status: int | None = None, retry_after_s: float | None = None) -> None:
        super().__init__(why, status)
        self.why, self.status, self.retry_after_s = why, status, retry_after_s

    @property
    def passing(self) -> bool:
        return self.why in (Why.BUSY, Why.DROPPED)


def could_not_ask(source: str, silence: Silence, key: str = "literature.could_not_ask") -> LabError:
    """What a phase catches and tells the role: not asked, which is not nothing found."""
    return LabError(key, source=source, why=silence.why.value, status=silence.status)


def judge(status: int, headers: Mapping[str, str], *kinds: str) -> None:
    """Silence unless it is a 200 whose content type holds one of `kinds`."""
    if status in (429, 500, 502, 503, 504):
        raise Silence(Why.BUSY, status, _retry_after_s(headers))
    if status in (401, 403, 407):
        raise Silence(Why.REFUSED, status)
    if status != 200 or not any(kind in headers.get("content-type", "").lower() for kind in kinds):
        raise Silence(Why.NOT_AN_ANSWER, status)


class Body:
    """The bytes of an answer as they come, unpacked and never more than its limit: a bomb is a few kilobytes long.

    Ask for `PACKED`; an answer that is packed otherwise, or twice, is none.
    """

    PACKED: ClassVar = {"accept-encoding": "gzip"}

    def __init__(self, headers: Mapping[str, str], limit_b: int) -> None:
        packed = headers.get("content-encoding", "").strip().lower()
        if packed not in ("", "identity", "gzip"):
            raise Silence(Why.NOT_AN_ANSWER, 200)
        self.limit_b, self.data = limit_b, bytearray()
        self._gzip = zlib.decompressobj(16 + zlib.MAX_WBITS) if packed == "gzip" else None

    def take(self, piece: bytes) -> None:
        if self._gzip is not None:
            try:
                piece = self._gzip.decompress(piece, self.limit_b + 1 - len(self.data))
            except zlib.error:
                raise Silence(Why.NOT_AN_ANSWER, 200) from None
        self.data += piece
        if len(self.data) > self.limit_b:
            raise Silence(Why.NOT_AN_ANSWER, 200)


def _retry_after_s(headers: Mapping[str, str]) -> float | None:
    """Seconds; a date is measured against the answer's own `Date`, because clocks differ."""
    told = headers.get("retry-after", "").strip()
    if told.isdecimal():
        return float(told)
    try:
        then, now = parsedate_to_datetime(told), parsedate_to_datetime(headers.get("date", ""))
        return max(0.0, (then - now).total_seconds())
    except (ValueError, TypeError):
        return None


def tidied(item: Mapping[str, object], kinds: Mapping[str, type]) -> dict[str, object]:
    """An item of an answer with only what is of the kind that the library expects; text that UTF-8 can hold."""
    return {
        name: value.encode("utf-8", "replace").decode() if isinstance(value, str) else value
        for name, kind in kinds.items()
        if isinstance(value := item.get(name), kind) and not isinstance(value, bool)
    }


def understood(read: Callable[[], T]) -> T:
    """`read()`; Silence where the library cannot make sense of what came."""
    try:
        return read()
    except (AttributeError, LookupError, TypeError, ValueError):
        raise Silence(Why.NOT_AN_ANSWER, 200) from None


def patiently(once: Callable[[], T], until: float, pause_s: float = 0.5) -> T:
    """`once()`, again after a passing silence while the deadline (monotonic) leaves room; three times at most."""
    for tried in range(1, TRIES + 1):
        try:
            return once()
        except Silence as silence:
            wait_s = max(pause_s * 2 ** (tried - 1), silence.retry_after_s or 0.0)
            if not silence.passing or tried == TRIES or time.monotonic() + wait_s >= until:
                raise
            time.sleep(wait_s)
    raise AssertionError("the last try returns or raises")


class Pace:
    """Requests to one host begin at least so many seconds apart, whoever in this process makes them."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._next = 0.0

    @contextlib.contextmanager
    def turn(self, every_s: float, until: float) -> Iterator[None]:
        """One request at a time; Silence where the turn would come after the deadline."""
        if not self._lock.acquire(timeout=max(0.0, until - time.monotonic())):
            raise Silence(Why.TIMEOUT)
        try:
            wait_s = self._next - time.monotonic()
            if time.monotonic() + wait_s >= until:
                raise Silence(Why.TIMEOUT)
            if wait_s > 0:
                time.sleep(wait_s)
            self._next = time.monotonic() + every_s
            yield
        finally:
            self._lock.release()


def every_s(url: str, terms_s: float) -> float:
    """Seconds between two requests to `url`, by its source's terms; a server on this machine has none."""
    return 0.0 if urlsplit(url).hostname in LOOPBACK else terms_s


async def aside(work: Callable[[float], T], *, url: str, deadline_s: float, connect_s: float = 2.0) -> T:
    """`work(until)` in a thread of its own, once the host of `url` (or the proxy to it) takes connections.

    Raises Silence: `no_network` within `connect_s`, `timeout` at the deadline, whatever the library is waiting for.
    """
    until = time.monotonic() + deadline_s
    try:
        async with asyncio.timeout(connect_s):
            await in_thread(lambda: _knock(url, connect_s))
    except (OSError, TimeoutError):
        raise Silence(Why.NO_NETWORK) from None
    try:
        async with asyncio.timeout(max(0.0, until - time.monotonic())):
            return await in_thread(lambda: work(until))
    except TimeoutError:
        raise Silence(Why.TIMEOUT) from None


def _knock(url: str, timeout_s: float) -> None:
    parts = urlsplit(url)
    host = parts.hostname or ""
    proxy = "" if proxy_bypass(host) else getproxies().get(parts.scheme, "")
    if proxy:
        parts = urlsplit(proxy if "://" in proxy else f"http://{proxy}")
    port = parts.port or (443 if parts.scheme == "https" else 80)
    socket.create_connection((parts.hostname or host, port), timeout=timeout_s).close()
