"""Which model is at hand for the demo, and what it would cost; asked once.

A key in the environment or in keys.toml, or an endpoint that answers on this machine (Ollama, vLLM, llama.cpp): the
person chooses between it and the rehearsal. Without any, and without a terminal to ask, the cast rehearses.
"""

from __future__ import annotations

import http.client
import json
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from urllib.parse import urlsplit

from state import keys
from state.profiles import Choice, Profile, parse, profiles
from tui.language import tr

PROBE_S = 0.4

# What a demo sends and gets, in tokens, from the seats' prompts: about 150 asks of 6,000 tokens and 500 back. The least
# is with the stable prefix cached, the most with nothing cached and answers twice as long.
ASKS = 150
PROMPT = 6_000
REPLY = 500
CACHED = 0.7


@dataclass(frozen=True)
class Tokens:
    """Tokens of a whole demo, as `state.profiles.Counted` counts them."""

    input: int
    cache_read: int
    cache_write: int
    output: int


LEAST = Tokens(int(ASKS * PROMPT * (1 - CACHED)), int(ASKS * PROMPT * CACHED), 0, ASKS * REPLY)
MOST = Tokens(ASKS * PROMPT, 0, 0, 2 * ASKS * REPLY)


@dataclass(frozen=True)
class Offer:
    """A model that could play: its name for `[models]`, and the cost of a demo in USD; None where it is free."""

    name: str
    least_usd: float | None
    most_usd: float | None


def ask() -> str | None:
    """The `[models]` name that the person chose, None for the rehearsal. Asks only where there is something to ask."""
    offered = best()
    if offered is None:
        print(tr("offer.none"), file=sys.stderr)
        return None
    if offered.least_usd is None or offered.most_usd is None:
        question = tr("offer.ask_free", name=offered.name)
    else:
        least, most = f"{offered.least_usd:.2f}", f"{offered.most_usd:.2f}"
        question = tr("offer.ask", name=offered.name, least=least, most=most)
    try:
        answer = input(question).strip()
    except EOFError:
        return None
    return offered.name if answer == "2" else None


def best() -> Offer | None:
    """The first profile that could play: one with a key, in the file's order, else one that answers on this machine."""
    known = profiles()
    for profile in known.values():
        if profile.needs_key and profile.default and keys.find(profile) is not None:
            return priced(parse(profile.name, known))
    local = [profile for profile in known.values() if profile.local and not profile.rehearsal]
    with ThreadPoolExecutor(max_workers=4) as pool:
        for profile, model in zip(local, pool.map(serves, local), strict=True):
            if model is not None:
                return priced(parse(f"{profile.name}/{model}", known))
    return None


def priced(choice: Choice) -> Offer:
    """What a demo with this model would cost; free where the endpoint is, or where the price is not known."""
    least, most = choice.cost(LEAST), choice.cost(MOST)
    if most == 0:
        return Offer(str(choice), None, None)
    return Offer(str(choice), least / 1_000_000, most / 1_000_000)


def serves(profile: Profile) -> str | None:
    """The first model that an endpoint on this machine serves; None if nothing answers within 0.4 s."""
    url = urlsplit(profile.base_url)
    connection = http.client.HTTPConnection(url.hostname or "localhost", url.port or 80, timeout=PROBE_S)
    try:
        connection.request("GET", f"{url.path}/v1/models")
        answer = connection.getresponse()
        told = json.loads(answer.read(1 << 20)) if answer.status == 200 else None
    except (OSError, http.client.HTTPException, ValueError):
        return None
    finally:
        connection.close()
    models = told.get("data") if isinstance(told, dict) else None
    if not isinstance(models, list) or not models or not isinstance(models[0], dict):
        return None
    name = models[0].get("id")
    return name if isinstance(name, str) and name else None
