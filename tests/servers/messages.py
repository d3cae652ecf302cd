"""The Messages API on loopback, as a test needs it: checks like the service's, streams like it, and faults on demand.

`answer` says what a request gets; `faults` which request goes wrong, and how. Every request is counted, in all and by
the hash of its body, and logged as JSON lines, so that a test can hold what was asked against what the lab recorded.
As a program it puts a project's rehearsal cast behind the wire:

    python -m tests.servers.messages --rehearsal PROJECT [--language en] [--port 0] [--log FILE]
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import contextlib
import hashlib
import json
import socket
import struct
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from engine.models.base import Block, Message, Picture, Reply, Request, ToolResult, ToolSpec, ToolUse
from tests.servers.messages_faults import Fault
from tests.servers.messages_rules import blocks, prefixes, refusal

Json = dict[str, Any]
Answer = Callable[[Json], Json]


@dataclass(frozen=True)
class Asked:
    """One request to /v1/messages, numbered from 1."""

    n: int
    sha: str
    body: Json
    headers: Mapping[str, str]


@dataclass
class MessagesServer:
    """A context manager; `url` is its address.

    `faults` is a table by request number, or decides by number and body; number 0 is every probe of /v1/models.
    """

    answer: Answer
    faults: Mapping[int, Fault] | Callable[[int, Json], Fault | None] = field(default_factory=dict)
    key: str | None = None
    log: Path | None = None
    port: int = 0
    piece: int = 80
    asked: list[Asked] = field(default_factory=list, repr=False)
    by_sha: Counter[str] = field(default_factory=Counter, repr=False)
    refused: list[str] = field(default_factory=list)
    probes: int = 0

    def __enter__(self) -> MessagesServer:
        self.lock, self.closing = threading.Lock(), threading.Event()
        self.cached: dict[str, int] = {}
        handler = type("Handler", (_Handler,), {"server_": self})
        self._http = _Http(("127.0.0.1", self.port), handler)
        self._thread = threading.Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.closing.set()
        self._http.shutdown()
        self._http.hang_up()
        self._http.server_close()
        self._thread.join()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._http.server_address[1]}"

    @property
    def count(self) -> int:
        return len(self.asked)

    def note(self, **told: object) -> None:
        if self.log is not None:
            with self.lock, self.log.open("a", encoding="utf-8") as log:
                log.write(json.dumps({"at": time.time()} | told) + "\n")

    def received(self, body: Json, headers: Mapping[str, str]) -> Asked:
        sha = hashlib.sha256(json.dumps(body, sort_keys=True).encode()).hexdigest()
        with self.lock:
            asked = Asked(len(self.asked) + 1, sha, body, headers)
            self.asked.append(asked)
            self.by_sha[sha] += 1
        self.note(n=asked.n, what="asked", sha=sha)
        return asked

    def fault(self, asked: Asked) -> Fault | None:
        if callable(self.faults):
            return self.faults(asked.n, asked.body)
        return self.faults.get(asked.n)

    def usage(self, body: Json) -> Json:
        """Tokens as characters / 4; what an earlier request's marked prefix holds is read from the cache."""
        cuts, size = prefixes(body)
        with self.lock:
            read = max((tokens for sha, tokens in cuts if sha in self.cached), default=0)
            self.cached |= dict(cuts)
        marked = max((tokens for _, tokens in cuts), default=0)
        write = max(0, marked - read)
        return {
            "input_tokens": size - read - write,
            "cache_read_input_tokens": read,
            "cache_creation_input_tokens": write,
            "output_tokens": 1,
        }


class _Http(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64

    def finish_request(self, request: Any, client_address: Any) -> None:
        live = self.__dict__.setdefault("live", set())
        live.add(request)
        try:
            super().finish_request(request, client_address)
        finally:
            live.discard(request)

    def hang_up(self) -> None:
        """A server that is gone serves nobody on the connections that it had either."""
        for connection in list(self.__dict__.get("live", ())):
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def shutdown_request(self, request: Any) -> None:
        """A connection that is to be reset must not be ended politely first."""
        if request.getsockopt(socket.SOL_SOCKET, socket.SO_LINGER, 8) == _LINGER:
            self.close_request(request)
        else:
            super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)


_LINGER = struct.pack("ii", 1, 0)
_TYPES = {401: "authentication_error", 404: "not_found_error"}


class _Cut(Exception):
    """The fault has happened; nothing follows."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server_: MessagesServer

    def log_message(self, *_: object) -> None:
        """Quiet: the JSON log tells."""

    def do_GET(self) -> None:
        self.server_.probes += 1
        fault = self.server_.fault(Asked(0, "", {}, {}))
        if fault is not None and fault.kind == "page":
            return self.page(fault.status)
        if self.path.split("?")[0] != "/v1/models":
            return self.refuse(404, f"no such path: {self.path}")
        model = {"type": "model", "id": "double", "display_name": "A double", "created_at": "2026-01-01T00:00:00Z"}
        return self.send(200, {"data": [model], "has_more": False, "first_id": "double", "last_id": "double"})

    def do_POST(self) -> None:
        raw = self.rfile.read(int(self.headers.get("content-length", 0)))
        if self.path.split("?")[0] != "/v1/messages":
            return self.refuse(404, f"no such path: {self.path}")
        bearer = (self.headers.get("authorization") or "").removeprefix("Bearer ")
        if self.server_.key is not None and self.server_.key not in (self.headers.get("x-api-key"), bearer):
            return self.refuse(401, "invalid x-api-key")
        if not self.headers.get("anthropic-version"):
            return self.refuse(400, "anthropic-version: header is required")
        try:
            body = json.loads(raw)
        except ValueError:
            return self.refuse(400, "the body is not JSON")
        if (why := refusal(body)) is not None:
            self.server_.refused.append(why)
            return self.refuse(400, why)
        asked = self.server_.received(body, {name.lower(): value for name, value in self.headers.items()})
        return self.reply(asked, self.server_.fault(asked))

    def reply(self, asked: Asked, fault: Fault | None) -> None:
        match fault:
            case Fault("status"):
                return self.refuse(fault.status, fault.words, fault.type, dict(fault.headers), fault.code)
            case Fault("page"):
                return self.page(fault.status)
            case Fault("plain"):
                message = self.message(asked, {"content": [{"type": "text", "text": fault.text}]})
                return self.send(200, message)
            case Fault("reset", 0):
                return self.reset()
            case Fault("silent", 0):
                self.server_.closing.wait(60)
                self.close_connection = True
                return None
        try:
            self.stream(asked, self.message(asked, self.server_.answer(asked.body)), fault)
        except _Cut:
            self.server_.note(n=asked.n, what="cut")
        else:
            self.server_.note(n=asked.n, what="answered")
        return None

    def message(self, asked: Asked, answer: Json) -> Json:
        content = answer["content"]
        calls = any(block["type"] == "tool_use" for block in content)
        usage = self.server_.usage(asked.body)
        usage["output_tokens"] = sum(len(json.dumps(block, ensure_ascii=False)) for block in content) // 4 + 1
        whole = {
            "id": f"msg_{asked.n}",
            "type": "message",
            "role": "assistant",
            "model": asked.body["model"],
            "stop_reason": "tool_use" if calls else "end_turn",
            "stop_sequence": None,
            "usage": usage,
        }
        return whole | answer

    def stream(self, asked: Asked, whole: Json, fault: Fault | None) -> None:
        self.send_response(200)
        self.send_header("content-type", "text/event-stream; charset=utf-8")
        self.send_header("transfer-encoding", "chunked")
        self.send_header("request-id", f"req_{asked.n}")
        self.end_headers()
        usage = whole["usage"]
        started = whole | {"content": [], "stop_reason": None, "usage": usage | {"output_tokens": 1}}
        delta = {"stop_reason": whole["stop_reason"], "stop_sequence": None}
        ended: Json = {"delta": delta, "usage": {"output_tokens": usage["output_tokens"]}}
        if fault is not None and fault.kind == "no_usage":
            del started["usage"], ended["usage"]
        sent = 0

        def event(kind: str, **data: Any) -> None:
            nonlocal sent
            if fault is not None and sent == fault.after:
                self.break_off(fault)
            sent += 1
            # ensure_ascii, so that every character of a test's reply can be said, lone surrogates too
            self.chunk(f"event: {kind}\ndata: {json.dumps({'type': kind} | data)}\n\n".encode())

        event("message_start", message=started)
        event("ping")
        for i, block in enumerate(whole["content"]):
            tool = block["type"] == "tool_use"
            empty: Json = {"input": {}} if tool else {"text": ""}
            event("content_block_start", index=i, content_block=block | empty)
            text = json.dumps(block["input"], ensure_ascii=False) if tool else block["text"]
            if fault is not None and fault.kind == "tool_cut" and tool:
                text = text[: len(text) // 2]
            name, field_ = ("input_json_delta", "partial_json") if tool else ("text_delta", "text")
            for at in range(0, len(text), self.server_.piece):
                part = {"type": name, field_: text[at : at + self.server_.piece]}
                event("content_block_delta", index=i, delta=part)
            event("content_block_stop", index=i)
        event("message_delta", **ended)
        event("message_stop")
        self.wfile.write(b"0\r\n\r\n")

    def chunk(self, data: bytes) -> None:
        self.wfile.write(f"{len(data):x}\r\n".encode() + data + b"\r\n")

    def break_off(self, fault: Fault) -> None:
        """Do what the fault says; `_Cut` unless the stream goes on."""
        match fault.kind:
            case "reset":
                self.reset()
            case "hang_up":
                self.wfile.write(b"ffff\r\nevent: content_block_delta\ndata: {")
            case "ends_early":
                self.wfile.write(b"0\r\n\r\n")
            case "silent":
                self.server_.closing.wait(60)
            case "garbled":
                self.chunk(f"event: content_block_delta\ndata: {fault.text}\n\n".encode("utf-8", "surrogateescape"))
            case "error_event":
                body = {"type": "error", "error": {"type": fault.type, "message": fault.words}}
                self.chunk(f"event: error\ndata: {json.dumps(body)}\n\n".encode())
                self.wfile.write(b"0\r\n\r\n")
            case _:
                return
        self.close_connection = True
        raise _Cut

    def reset(self) -> None:
        self.close_connection = True
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER)

    def page(self, status: int) -> None:
        data = b"<!doctype html><title>Welcome</title><p>Sign in to use this network."
        self.send(status, data, "text/html; charset=utf-8")

    def refuse(
        self, status: int, words: str, type: str = "", headers: Mapping[str, str] | None = None, code: str = ""
    ) -> None:
        self.server_.note(what="refused", status=status, words=words)
        error: Json = {"type": type or _TYPES.get(status, "invalid_request_error"), "message": words}
        if code:
            error["details"] = {"error_code": code}
        self.send(status, {"type": "error", "error": error}, headers=headers)

    def send(
        self, status: int, value: Json | bytes, kind: str = "application/json", headers: Mapping[str, str] | None = None
    ) -> None:
        data = value if isinstance(value, bytes) else json.dumps(value).encode()
        self.send_response(status)
        for name, text in {"content-type": kind, "content-length": str(len(data)), **(headers or {})}.items():
            self.send_header(name, text)
        self.end_headers()
        self.wfile.write(data)


# what a model of ours makes of the wire


def request_of(body: Json) -> Request:
    """The wire's JSON as a `Request`."""
    system = "\n\n".join(block["text"] for block in blocks(body.get("system") or []))
    tools = tuple(ToolSpec(t["name"], t.get("description", ""), t["input_schema"]) for t in body.get("tools", []))
    messages = tuple(Message(m["role"], tuple(_block(b) for b in blocks(m["content"]))) for m in body["messages"])
    return Request(body["model"], system, messages, tools, body["max_tokens"])


def _block(block: Json) -> Block:
    match block["type"]:
        case "tool_use":
            return ToolUse(block["id"], block["name"], block["input"])
        case "tool_result":
            text = "\n".join(part["text"] for part in blocks(block.get("content") or []))
            return ToolResult(block["tool_use_id"], text, block.get("is_error", False))
        case "image":
            return Picture("", base64.b64decode(block["source"]["data"]))
    return str(block["text"])


def wire_of(reply: Reply) -> Json:
    """A `Reply` as an answer of this server."""
    content: list[Json] = []
    for block in reply.message.blocks:
        if isinstance(block, ToolUse):
            content.append({"type": "tool_use", "id": block.id, "name": block.name, "input": block.arguments})
        elif isinstance(block, str):
            content.append({"type": "text", "text": block})
    return {"content": content, "stop_reason": reply.stop}


def rehearsed(project: Path, language: str) -> Answer:
    """The cast of a project's `rehearsal/`, as an answer; where a picture is shown, how large it is."""
    from engine.models.rehearsal import RehearsalModel

    model = RehearsalModel(project, language)

    def answer(body: Json) -> Json:
        request = request_of(body)
        if any(tool.name == "describe_figure" for tool in request.tools):
            (picture,) = request.pictures
            width, height = struct.unpack_from(">II", picture.png, 16)
            told: Json = {"shows": f"A picture of {width} by {height} pixels.", "legible": True}
            use = {"type": "tool_use", "id": "toolu_look", "name": "describe_figure", "input": told}
            return {"content": [use], "stop_reason": "tool_use"}
        return wire_of(asyncio.run(model.stream(request, lambda _: None)))

    return answer


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rehearsal", type=Path, required=True)
    parser.add_argument("--language", default="en")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--log", type=Path)
    given = parser.parse_args()
    answer = rehearsed(given.rehearsal, given.language)
    with MessagesServer(answer, port=given.port, log=given.log) as server:
        sys.stdout.write(server.url + "\n")
        sys.stdout.flush()
        threading.Event().wait()


if __name__ == "__main__":
    main()
