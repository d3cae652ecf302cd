"""What an endpoint's failure means for a run: one classifier from status, body and transport error to a `Fate`.

Overload and cut streams are asked again; a lost network is waited for; money and keys are the person's; a request that
is wrong shows the endpoint's words. `why` is a code, followed by those words where there are some. Used by
`anthropic.py`, after every failure.
"""

from __future__ import annotations

import math
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime

from engine.models.base import Fate, ModelError
from state.errors import Plain

RETRY_AFTER_MOST_S = 3600.0
WORDS = 500

_MONEY = re.compile(
    r"billing|credit.?balance|spend(ing)?.?limit|usage.limits|insufficient.(balance|quota|credit|fund)"
    r"|exceeded_current_quota|余额不足|欠费",
    re.IGNORECASE,
)
_RETRIED = frozenset({408, 409, 425, 429, 499})
_OWN_PAGES = frozenset({400, 404, 405, 413, 429})
"""Statuses that are the endpoint's own even when a page comes with them: a wrong address is no lost network."""

_EVENTS = {
    "overloaded_error": (Fate.RETRY, "overloaded"),
    "rate_limit_error": (Fate.RETRY, "rate_limited"),
    "timeout_error": (Fate.RETRY, "server_error"),
    "api_error": (Fate.RETRY, "server_error"),
    "conflict_error": (Fate.RETRY, "server_error"),
    "authentication_error": (Fate.AUTH, "bad_key"),
    "permission_error": (Fate.AUTH, "not_permitted"),
    "billing_error": (Fate.BUDGET, "no_credit"),
    "invalid_request_error": (Fate.REFUSED, "refused"),
    "not_found_error": (Fate.REFUSED, "not_found"),
    "request_too_large": (Fate.REFUSED, "too_large"),
}


@dataclass(frozen=True)
class Answer:
    """An HTTP answer that is no reply. `body` as the SDK read it: a dict, text, or None; header names in lower case."""

    status: int
    kind: str
    body: object
    headers: Mapping[str, str]

    @property
    def page(self) -> bool:
        return "html" in self.kind


def fate_of(answer: Answer) -> ModelError:
    """An answer with a status, before anything of a reply was streamed."""
    status, (type_, code, words) = answer.status, _told(None if answer.page else answer.body)
    if (answer.page and not (status in _OWN_PAGES or status >= 500)) or status in (407, 511) or 300 <= status < 400:
        return _error(Fate.NETWORK, "page_instead", "", status, sent=False)
    if status < 300:
        return _error(Fate.REFUSED, "not_a_stream", words, status)
    if status == 402 or (status < 500 and _MONEY.search(f"{type_} {code} {words}")):
        return _error(Fate.BUDGET, "no_credit", words, status)
    if status in _RETRIED or status >= 500:
        why = "rate_limited" if status == 429 else "overloaded" if status == 529 else "server_error"
        error = _error(Fate.RETRY, why, words, status)
        error.after_s, asked = retry_after(answer.headers)
        if asked is not None:
            error.facts["retry_after_s"] = asked
        return error
    if status in (401, 403):
        return _error(Fate.AUTH, "bad_key" if status == 401 else "not_permitted", words, status)
    why = {404: "not_found", 413: "too_large"}.get(status, "refused")
    return _error(Fate.REFUSED, why, words, status)


def of_event(body: object) -> ModelError:
    """An `error` event in mid-stream. It has no status: what was streamed before it may be charged."""
    type_, code, words = _told(body)
    fate, why = _EVENTS.get(type_, (Fate.RETRY, "server_error"))
    if fate is Fate.REFUSED and _MONEY.search(f"{type_} {code} {words}"):
        fate, why = Fate.BUDGET, "no_credit"
    return _error(fate, why, words, None)


def of_transport(error: BaseException, *, began: bool = False) -> ModelError:
    """A connection that failed. Only where none was made is it sure that nothing was sent."""
    import httpx2

    words = f"{type(error).__name__}: {error}".rstrip(": ")
    if began:
        silent = isinstance(error, httpx2.TimeoutException | TimeoutError)
        return _error(Fate.RETRY, "silent" if silent else "cut", words, None)
    never = (httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.PoolTimeout, httpx2.ProxyError)
    if isinstance(error, never):
        return _error(Fate.NETWORK, "no_connection", words, None, sent=False)
    if isinstance(error, httpx2.UnsupportedProtocol | httpx2.InvalidURL | httpx2.LocalProtocolError):
        return _error(Fate.REFUSED, "bad_address", words, None, sent=False)
    if isinstance(error, httpx2.TimeoutException):
        return _error(Fate.RETRY, "silent", words, None)
    return _error(Fate.RETRY, "cut", words, None)


def reachable_by(status: int, kind: str) -> bool:
    """Whether an answer to the probe comes from an endpoint: any of its statuses, but no page and no redirect."""
    if status >= 500 or 300 <= status < 400 or status == 407:
        return False
    return "html" not in kind or status in (404, 405)


def retry_after(headers: Mapping[str, str]) -> tuple[float | None, float | None]:
    """(seconds to wait, at most an hour; seconds that the endpoint asked for), or None twice."""
    asked: float | None = None
    try:
        if "retry-after-ms" in headers:
            asked = float(headers["retry-after-ms"]) / 1000
        elif "retry-after" in headers:
            asked = float(headers["retry-after"])
    except ValueError:
        try:
            now = parsedate_to_datetime(headers["date"]).timestamp() if "date" in headers else time.time()
            asked = parsedate_to_datetime(headers["retry-after"]).timestamp() - now  # their clock, not ours
        except (KeyError, ValueError, OverflowError):
            asked = None
    if asked is None or not math.isfinite(asked):
        return None, None
    asked = max(0.0, asked)
    return min(asked, RETRY_AFTER_MOST_S), asked


def _told(body: object) -> tuple[str, str, str]:
    """(type, code, words) of an error's body, whatever its shape."""
    inner = body.get("error", body) if isinstance(body, dict) else body
    if not isinstance(inner, dict):
        return "", "", inner if isinstance(inner, str) else ""
    details = inner.get("details")
    code = inner.get("code") or (details.get("error_code") if isinstance(details, dict) else "")
    return str(inner.get("type") or ""), str(code or ""), str(inner.get("message") or "")


def _error(fate: Fate, why: str, words: str, status: int | None, *, sent: bool = True) -> ModelError:
    words = "".join(each if each.isprintable() else " " for each in words[:WORDS]).strip()
    facts: dict[str, Plain] = {"code": why, "words": words}
    return ModelError(fate, f"{why}: {words}" if words else why, None, sent, status, facts)
