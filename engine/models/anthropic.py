"""A model behind an endpoint that speaks the Messages API, by the `anthropic` SDK.

It asks once, streams, and gives a reply only when all of it came. It never re-sends: the SDK's own retries are off,
because each of them may be charged. Every failure is a `ModelError` with its fate. Opened by `engine/models/choose.py`;
the SDK takes 2 s to import, so the engine calls `preload` at its start and nothing else imports it.
"""

from __future__ import annotations

import asyncio
import importlib
import os
from typing import TYPE_CHECKING, Any

from engine.models.base import Fate, ModelError, Part, Reply, Request
from engine.models.fate import Answer, fate_of, of_event, of_transport, reachable_by
from engine.models.wire import Broken, Whole, body
from state.profiles import Profile

if TYPE_CHECKING:
    import anthropic

CONNECT_S = 5.0
PROBE_S = 5.0
WHOLE_S = 3600.0
"""No reply takes longer, pings or not."""


def preload() -> None:
    """Import the SDK now, while nobody waits for an answer."""
    importlib.import_module("anthropic")


class AnthropicModel:
    """One endpoint with its key; any of its models."""

    def __init__(self, profile: Profile, key: str | None) -> None:
        self.profile, self._key = profile, key
        self.refused = False
        """The endpoint did not take this key."""
        self._client: anthropic.AsyncAnthropic | None = None

    def _open(self) -> anthropic.AsyncAnthropic:
        if self._client is None:
            import anthropic
            import httpx2

            profile, key = self.profile, self._key or "none"
            headers: dict[str, str] = {"anthropic-version": profile.version}
            if profile.both_headers:
                headers["x-api-key"] = key
            timeout = httpx2.Timeout(connect=CONNECT_S, read=profile.read_s, write=60.0, pool=CONNECT_S)
            http = anthropic.DefaultAsyncHttpxClient(
                timeout=timeout,
                follow_redirects=False,  # a captive portal's page must not be given the key
                trust_env=not profile.local,
            )
            self._client = anthropic.AsyncAnthropic(
                api_key=key,
                base_url=profile.base_url,
                max_retries=0,
                timeout=timeout,
                default_headers=headers,
                http_client=http,
            )
        return self._client

    async def stream(self, request: Request, part: Part) -> Reply:
        """Ask once. Raises ModelError, which never holds the key, whatever the endpoint said back."""
        try:
            reply = await self._stream(request, part)
        except ModelError as error:
            self.refused |= error.status == 401
            raise _without(self._key, error) from None
        self.refused = False
        return reply

    async def _stream(self, request: Request, part: Part) -> Reply:
        import anthropic
        import httpx2

        sent = body(request, marks=self.profile.cache_marks)
        if self.profile.no_thinking:
            sent["thinking"] = {"type": "disabled"}
        if not sent["messages"] or sent["messages"][-1]["role"] != "user":
            raise ModelError(Fate.REFUSED, "nothing_to_answer", sent=False)
        whole = Whole(request, part)
        began = False
        try:
            async with asyncio.timeout(WHOLE_S):
                stream: Any = await self._open().messages.create(
                    **sent, stream=True, extra_headers=_without_custom_headers(self.profile)
                )
                began = True
                async with stream:
                    if (error := await _no_stream(stream.response)) is not None:
                        raise error
                    async for event in stream:
                        whole.take(_plain(event))
                return whole.reply()
        except anthropic.APIStatusError as error:
            raise (of_event(error.body) if began else fate_of(_answer(error))) from None
        except anthropic.APIConnectionError as error:
            raise of_transport(error.__cause__ or error) from None
        except (httpx2.HTTPError, TimeoutError) as error:
            raise of_transport(error, began=True) from None
        except Broken as error:
            raise _broken(str(error)) from None
        except (
            anthropic.APIError,
            ValueError,
            AssertionError,
            RecursionError,
        ) as error:  # the SDK's, over a garbled stream
            raise _broken("garbled", type(error).__name__) from None

    async def reachable(self) -> bool:
        """Whether the endpoint itself answers, not a portal in its place. Sends no key and costs nothing."""
        import httpx2

        headers = {"anthropic-version": self.profile.version}
        try:
            async with (
                httpx2.AsyncClient(
                    timeout=PROBE_S, headers=headers, follow_redirects=False, trust_env=not self.profile.local
                ) as client,
                client.stream("GET", f"{self.profile.base_url}/v1/models") as answer,
            ):
                return reachable_by(answer.status_code, answer.headers.get("content-type", ""))
        except (httpx2.HTTPError, httpx2.InvalidURL):
            return False

    async def close(self) -> None:
        if self._client is not None:
            await self._client.close()
            self._client = None


def _without(key: str | None, error: ModelError) -> ModelError:
    """Some endpoints repeat the key that they refuse; their words go to database, screen and log."""
    code, words = error.facts.get("code"), error.facts.get("words")
    if not key or not isinstance(words, str):
        return error
    clean = words.replace(key, "…")
    cut = next((n for n in range(len(key) - 1, 3, -1) if clean.endswith(key[:n])), 0)  # long words end anywhere
    clean = f"{clean[:-cut]}…" if cut else clean
    if clean != words:
        error.why, error.args = f"{code}: {clean}", ()
        error.facts |= {"words": clean}
    return error


def _without_custom_headers(profile: Profile) -> dict[str, Any]:
    """ANTHROPIC_CUSTOM_HEADERS is meant for Anthropic: the SDK would send it to every endpoint."""
    import anthropic

    if profile.name == "anthropic":
        return {}
    lines = os.environ.get("ANTHROPIC_CUSTOM_HEADERS", "").splitlines()
    return {line.partition(":")[0].strip(): anthropic.Omit() for line in lines if ":" in line}


def _plain(event: Any) -> dict[str, Any]:
    """An event as JSON. The SDK checks none of them, so it may be anything that JSON can say."""
    if isinstance(event, dict):
        return event
    if not hasattr(event, "to_dict"):
        raise Broken("garbled")
    told: dict[str, Any] = event.to_dict(warnings=False)
    return told


def _broken(code: str, words: str = "") -> ModelError:
    """What came was paid for, as far as we know, and is no reply."""
    fate = Fate.REFUSED if code == "endless" else Fate.RETRY
    return ModelError(fate, code, facts={"code": code, "words": words})


async def _no_stream(response: Any) -> ModelError | None:
    """A 200 that is no event stream: a portal's page, or an endpoint that cannot stream."""
    kind = response.headers.get("content-type", "")
    if "text/event-stream" in kind or not kind:
        return None
    return fate_of(Answer(response.status_code, kind, None, {}))


def _answer(error: anthropic.APIStatusError) -> Answer:
    headers = {name.lower(): value for name, value in error.response.headers.items()}
    return Answer(error.status_code, headers.get("content-type", ""), error.body, headers)
