"""A small HTTP server on this machine that answers as a test says, and misbehaves when it is told to.

A double (arXiv, Semantic Scholar, the hub) is a function from a request's path and query to an answer. `faults` are
used up one a request, before the double is asked. What came in stands in `requests`, with the time it came.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

PORTAL = b"<!doctype html><html><body>Sign in to use this network.</body></html>"


@dataclass(frozen=True)
class Request:
    path: str
    query: dict[str, list[str]]
    headers: dict[str, str]
    at_s: float


@dataclass(frozen=True)
class Answer:
    """`cut`: that many bytes of the body are sent, then the connection ends; `gone`: it ends at once.

    `silent`: nothing ever comes; `drip_s` lies between two bytes of the body.
    """

    body: bytes = b""
    kind: str = "application/json"
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    cut: int | None = None
    silent: bool = False
    gone: bool = False
    drip_s: float = 0.0

    @classmethod
    def json(cls, value: object, status: int = 200) -> Answer:
        return cls(json.dumps(value).encode(), status=status)


HTML = Answer(PORTAL, "text/html; charset=utf-8")
SILENT = Answer(silent=True)
DROPPED = Answer(gone=True)


def busy(status: int = 503, retry_after: str = "") -> Answer:
    return Answer(PORTAL, "text/html", status, {"Retry-After": retry_after} if retry_after else {})


@dataclass
class Loopback:
    """A running double."""

    url: str
    faults: list[Answer] = field(default_factory=list)
    requests: list[Request] = field(default_factory=list)
    over: threading.Event = field(default_factory=threading.Event)


Double = Callable[[Request], Answer]


@contextmanager
def serving(double: Double) -> Iterator[Loopback]:
    """The double at a port of its own, until the block ends; requests that hang are let go then."""
    server = _Server(("127.0.0.1", 0), _Handler)
    server.daemon_threads = True
    served = Loopback(f"http://127.0.0.1:{server.server_port}")
    server.double, server.served = double, served  # type: ignore[attr-defined]  # the handler reads them there
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield served
    finally:
        served.over.set()
        server.shutdown()
        server.server_close()
        thread.join()


class _Server(ThreadingHTTPServer):
    def handle_error(self, request: object, client_address: object) -> None:
        """A client that gives up is nothing to tell."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        server: Any = self.server
        served: Loopback = server.served
        parts = urlsplit(self.path)
        headers = {name.lower(): value for name, value in self.headers.items()}
        request = Request(parts.path, parse_qs(parts.query, keep_blank_values=True), headers, time.monotonic())
        served.requests.append(request)
        answer = served.faults.pop(0) if served.faults else server.double(request)
        if answer.silent or answer.gone:
            if answer.silent:
                served.over.wait(60)
            self.close_connection = True
            return
        self.send_response(answer.status)
        self.send_header("Content-Type", answer.kind)
        self.send_header("Content-Length", str(len(answer.body)))
        for name, value in answer.headers.items():
            self.send_header(name, value)
        self.end_headers()
        try:
            if answer.drip_s:
                for nth in range(len(answer.body)):
                    if served.over.wait(answer.drip_s):
                        break
                    self.wfile.write(answer.body[nth : nth + 1])
                    self.wfile.flush()
            else:
                self.wfile.write(answer.body if answer.cut is None else answer.body[: answer.cut])
        except (BrokenPipeError, ConnectionResetError):
            self.close_connection = True
        if answer.cut is not None or answer.drip_s:
            self.close_connection = True

    def log_message(self, *words: object) -> None:
        """Nothing on stderr."""


def refused_port() -> str:
    """A URL at which nothing listens."""
    with serving(lambda request: Answer()) as gone:
        return gone.url
