"""From the name that a frame pins to the policy: a sibling of `mle.py` adds its line here."""

from __future__ import annotations

from engine.search.base import Policy
from engine.search.mle import Mle
from state.errors import LabError


def policy(name: str) -> Policy:
    """The policy of that name; LabError `search.unknown_policy`."""
    if name != "mle":
        raise LabError("search.unknown_policy", policy=name)
    return Mle()
