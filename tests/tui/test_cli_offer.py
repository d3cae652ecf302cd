"""What the demo offers: a key in the environment, an endpoint on this machine, or the rehearsal; priced, asked once."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from state.places import config_folder
from tui import offer


class Models(BaseHTTPRequestHandler):
    """An endpoint on localhost that lists one model."""

    body = b'{"data": [{"id": "qwen3:8b"}]}'

    def do_GET(self) -> None:
        self.send_response(200 if self.path == "/v1/models" else 404)
        self.send_header("Content-Length", str(len(self.body)))
        self.end_headers()
        self.wfile.write(self.body)

    def log_message(self, format: str, *args: object) -> None:
        """Nothing: pytest shows what matters."""


@pytest.fixture
def endpoint() -> Iterator[int]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Models) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_port
        server.shutdown()


@pytest.fixture(autouse=True)
def nobody_on_localhost() -> Path:
    """The three endpoints of this machine are looked for where nothing listens."""
    own = config_folder() / "profiles.toml"
    own.parent.mkdir(parents=True)
    own.write_text("".join(f'[{name}]\nbase_url = "http://127.0.0.1:9"\n' for name in ("ollama", "vllm", "llamacpp")))
    return own


def test_without_key_and_endpoint_the_cast_rehearses_and_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    assert offer.best() is None
    assert offer.ask() is None
    assert "rehearses" in capsys.readouterr().err


def test_a_key_in_the_environment_is_offered_with_what_it_would_cost(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANTHROPIC_API_KEY", "sk-test")
    offered = offer.best()
    assert offered is not None and offered.name.startswith("anthropic/")
    assert offered.least_usd is not None and offered.most_usd is not None
    assert 0 < offered.least_usd < offered.most_usd < 10


@pytest.mark.parametrize(("answer", "chosen"), [("2", True), ("1", False), ("", False), ("y", False)])
def test_only_a_plain_two_spends_money(monkeypatch: pytest.MonkeyPatch, answer: str, chosen: bool) -> None:
    monkeypatch.setenv("ANTHROPIC_API_KEY", "sk-test")
    questions: list[str] = []
    monkeypatch.setattr("builtins.input", lambda question: questions.append(question) or answer)
    assert (offer.ask() is not None) is chosen
    assert len(questions) == 1 and "$" in questions[0]


def test_an_endpoint_on_this_machine_is_offered_with_its_model_and_is_free(
    endpoint: int, nobody_on_localhost: Path
) -> None:
    text = nobody_on_localhost.read_text().replace(
        '[ollama]\nbase_url = "http://127.0.0.1:9"', f'[ollama]\nbase_url = "http://127.0.0.1:{endpoint}"'
    )
    nobody_on_localhost.write_text(text)
    assert offer.best() == offer.Offer("ollama/qwen3:8b", None, None)


@pytest.mark.parametrize("body", [b"<html>", b'{"data": []}', b'{"data": [{"id": 3}]}', b"[]", b"\xff"])
def test_something_else_that_listens_there_is_no_model(
    endpoint: int, nobody_on_localhost: Path, monkeypatch: pytest.MonkeyPatch, body: bytes
) -> None:
    monkeypatch.setattr(Models, "body", body)
    nobody_on_localhost.write_text(nobody_on_localhost.read_text().replace(":9", f":{endpoint}"))
    assert offer.best() is None
