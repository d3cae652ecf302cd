"""From a choice to a model: the key is looked for each time, and a missing one says what to do."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.models.anthropic import AnthropicModel
from engine.models.base import Message, ModelError, Request
from engine.models.choose import Models
from state import keys
from state.errors import LabError
from state.profiles import parse
from tests.servers import messages_faults as faults
from tests.servers.messages import MessagesServer

REQUEST = Request(model="claude", system="", messages=(Message("user", ("hello",)),), tools=(), max_tokens=9)


@pytest.fixture
async def models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Models:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    for name in ("ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN", "ANTHROPIC_BASE_URL"):
        monkeypatch.delenv(name, raising=False)
    return Models(tmp_path, "en")


async def test_without_a_key_the_lab_says_what_to_do(models: Models) -> None:
    with pytest.raises(LabError) as caught:
        models(parse("anthropic"))
    assert caught.value.key == "auth.no_key"
    assert caught.value.facts["variable"] == "ANTHROPIC_API_KEY"
    assert caught.value.facts["command"] == "nightlab key anthropic"


async def test_a_key_given_while_the_lab_waits_is_used(models: Models) -> None:
    with pytest.raises(LabError):
        models(parse("anthropic"))
    keys.keep("anthropic", "sk-1")
    first = models(parse("anthropic"))
    assert isinstance(first, AnthropicModel)
    assert models(parse("anthropic/claude-opus-5-5")) is first  # one connection an endpoint
    keys.keep("anthropic", "sk-2")
    assert models(parse("anthropic")) is not first
    await models.close()


async def test_a_key_in_the_file_is_used_where_the_endpoint_refused_the_one_of_the_environment(
    models: Models, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ANTHROPIC_API_KEY", "old")
    with MessagesServer(lambda body: {}, key="new") as server:
        monkeypatch.setenv("ANTHROPIC_BASE_URL", server.url)
        first = models(parse("anthropic"))
        with pytest.raises(ModelError):
            await first.stream(REQUEST, lambda text: None)
        assert models(parse("anthropic")) is first, "there is no other"
        keys.keep("anthropic", "new")
        assert models(parse("anthropic")) is not first
        await models.close()


@pytest.mark.parametrize("before", ["", "w" * 470], ids=["whole", "cut in its middle"])
async def test_an_endpoint_that_repeats_the_key_puts_it_into_no_error(
    models: Models, monkeypatch: pytest.MonkeyPatch, before: str
) -> None:
    monkeypatch.setenv("ANTHROPIC_API_KEY", "sk-secret")
    fault = faults.status(401, "authentication_error", f"{before}Incorrect key provided: sk-secret.")
    with MessagesServer(lambda body: {}, {1: fault}) as server:
        monkeypatch.setenv("ANTHROPIC_BASE_URL", server.url)
        with pytest.raises(ModelError) as caught:
            await models(parse("anthropic")).stream(REQUEST, lambda text: None)
        assert "Incorrect key provided: …" in caught.value.why
        assert caught.value.why.startswith("bad_key: ")
        assert "sk-se" not in f"{caught.value.why}{caught.value.facts}{caught.value.args}"
        await models.close()


async def test_an_endpoint_on_this_machine_needs_no_key(models: Models) -> None:
    assert isinstance(models(parse("llamacpp")), AnthropicModel)
