"""What can go wrong between the lab and an endpoint: one function a fault, for `MessagesServer(faults=…)`."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Fault:
    """What goes wrong with one request. Made by the functions below; `after` counts the events streamed before it."""

    kind: str
    after: int = 0
    status: int = 0
    type: str = ""
    words: str = ""
    headers: tuple[tuple[str, str], ...] = ()
    code: str = ""
    text: str = ""


def reset(after: int = 3) -> Fault:
    """The connection is reset in mid-reply; after = 0: before a byte of the answer."""
    return Fault("reset", after)


def hang_up(after: int = 3) -> Fault:
    """The connection ends inside a chunk."""
    return Fault("hang_up", after)


def ends_early(after: int = 3) -> Fault:
    """The body ends as a body should, but the reply in it does not."""
    return Fault("ends_early", after)


def tool_cut() -> Fault:
    """The stream is whole, the JSON of its tool call is not."""
    return Fault("tool_cut")


def silent(after: int = 0) -> Fault:
    """Nothing more comes until the server is closed."""
    return Fault("silent", after)


def no_usage() -> Fault:
    return Fault("no_usage")


def garbled(after: int = 3, text: str = "{not json") -> Fault:
    """An event that is none, and then the end."""
    return Fault("garbled", after, text=text)


def page(status: int = 200) -> Fault:
    """A portal's page in place of the endpoint."""
    return Fault("page", status=status)


def plain(text: str) -> Fault:
    """A whole reply in one piece, though a stream was asked for."""
    return Fault("plain", text=text)


def status(status: int, type: str = "api_error", words: str = "no", code: str = "", **headers: str) -> Fault:
    named = tuple((name.replace("_", "-"), value) for name, value in headers.items())
    return Fault("status", status=status, type=type, words=words, headers=named, code=code)


def error_event(type: str = "overloaded_error", words: str = "Overloaded", after: int = 3) -> Fault:
    return Fault("error_event", after, type=type, words=words)
