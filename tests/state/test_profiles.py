"""Profiles: which model a name means, and what its calls cost."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import state.profiles
from state.errors import LabError
from state.profiles import Choice, Profile, parse, profiles
from tui import told


@dataclass
class Used:
    input: int = 0
    cache_read: int = 0
    cache_write: int = 0
    output: int = 0


@pytest.fixture(autouse=True)
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A person's profiles.toml, not there yet."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    monkeypatch.delenv("ANTHROPIC_BASE_URL", raising=False)
    (tmp_path / "nightlab").mkdir()
    return tmp_path / "nightlab" / "profiles.toml"


def refused(name: str) -> LabError:
    with pytest.raises(LabError) as caught:
        parse(name)
    return caught.value


def test_a_profile_alone_means_its_default_model() -> None:
    choice = parse("anthropic")
    assert str(choice) == "anthropic/claude-sonnet-5-5" and choice.priced
    assert choice.profile.base_url == "https://api.anthropic.com" and choice.profile.needs_key


def test_a_model_is_named_after_its_profile() -> None:
    assert parse("deepseek/deepseek-chat").model.name == "deepseek-chat"
    assert parse("openrouter/z-ai/glm-5.3").model.name == "z-ai/glm-5.3"


def test_whether_a_model_sees_is_its_profiles_word_unless_its_own_says_otherwise(own: Path) -> None:
    own.write_text(
        '[lab]\nbase_url = "http://localhost:8000"\nsees = true\n[lab.models]\nblind = { sees = false }\neyes = {}\n'
        "[kimi.models]\n'kimi-k3' = { sees = true }\n"
    )
    seeing = {name: parse(name).sees for name in ("anthropic", "lab/eyes", "kimi/kimi-k3")}
    blind = {name: parse(name).sees for name in ("deepseek", "lab/blind", "kimi", "openrouter/any", "rehearsal")}
    assert set(seeing.values()) == {True} and set(blind.values()) == {False}


def test_every_default_is_one_of_its_models_and_every_price_is_whole() -> None:
    for profile in profiles().values():
        assert not profile.default or profile.any_model or profile.default in profile.models, profile.name
        assert all(model.priced for model in profile.models.values()), profile.name
    expected = {"anthropic", "deepseek", "kimi", "glm", "openrouter", "ollama", "vllm", "llamacpp", "rehearsal"}
    assert set(profiles()) == expected


def test_a_profile_that_is_not_known_is_answered_with_what_is_allowed() -> None:
    error = refused("antropic")
    assert error.key == "model.unknown_profile" and error.facts["nearest"] == "anthropic"
    assert "deepseek" in str(error.facts["allowed"])


def test_a_model_that_is_not_known_is_answered_with_what_is_allowed() -> None:
    error = refused("anthropic/claude-opus-55")
    assert error.key == "model.unknown" and error.facts["nearest"] == "claude-opus-5-5"
    assert "anthropic/claude-haiku-5-5" in str(error.facts["allowed"])


def test_an_endpoint_on_this_machine_needs_the_name_of_a_model_and_costs_nothing() -> None:
    assert refused("ollama").key == "model.name_needed"
    choice = parse("ollama/qwen3")
    assert choice.priced and choice.cost(Used(10**6, 0, 0, 10**6)) == 0
    assert choice.profile.local and not choice.profile.needs_key


def test_a_model_without_a_price_is_counted_as_nothing_and_says_so() -> None:
    choice = parse("openrouter/some/model")
    assert (choice.priced, choice.cost(Used(1000, 0, 0, 1000)), choice.worst_case(1000, 1000)) == (False, 0, 0)


def test_the_rehearsal_costs_nothing() -> None:
    choice = parse("rehearsal")
    assert choice.profile.rehearsal and choice.priced and choice.worst_case(10**6, 10**6) == 0


def test_a_call_costs_what_its_tokens_cost_rounded_up() -> None:
    used = Used(input=1000, cache_read=10_000, cache_write=2000, output=300)
    assert parse("anthropic/claude-opus-5-5").cost(used) == 4000 + 2000 + 10_000 + 6000
    assert parse("anthropic/claude-haiku-5-5").cost(Used(input=1)) == 1


def test_every_token_of_a_long_prompt_has_the_long_price() -> None:
    haiku = parse("anthropic/claude-haiku-5-5")
    assert haiku.cost(Used(input=50_000, cache_read=50_000)) == 5000 + 500
    assert haiku.cost(Used(input=50_001, cache_read=50_000, output=100)) == 25_001 + 2500 + 250


CHOICES = [Choice(profile=p, model=m) for p in profiles({}).values() for m in p.models.values()]
COUNT = st.integers(0, 300_000)


@given(st.sampled_from(CHOICES), COUNT, COUNT, COUNT, COUNT)
def test_no_call_costs_more_than_its_worst_case(choice: Choice, new: int, read: int, write: int, output: int) -> None:
    assert choice.cost(Used(new, read, write, output)) <= choice.worst_case(new + read + write, output)


def test_a_person_adds_an_endpoint(own: Path) -> None:
    own.write_text('[lab]\nbase_url = "https://llm.uni.example/"\nkeys = ["UNI_KEY"]\ndefault = "big"\n')
    choice = parse("lab")
    assert (choice.profile.base_url, choice.profile.origin, choice.priced) == ("https://llm.uni.example", "file", False)


def test_a_person_changes_a_price_and_a_default_and_keeps_the_rest(own: Path) -> None:
    own.write_text('[anthropic]\ndefault = "claude-opus-5-5"\n[anthropic.models]\n"claude-opus-5-5" = { output = 1 }\n')
    choice = parse("anthropic")
    assert choice.model.name == "claude-opus-5-5" and choice.profile.origin == "built_in"
    assert choice.cost(Used(1_000_000, 0, 0, 1_000_000)) == 4_000_001
    assert parse("anthropic/claude-haiku-5-5").priced


@pytest.mark.parametrize(
    ("text", "key", "line"),
    [
        ("[lab]\n\nbase_url = 3\n", "profiles.bad_value", 3),
        ('[lab]\nbase_url = "llm.example"\n', "profiles.bad_value", 2),
        ('[lab]\nbase_url = "https://x.example"\nurl = "y"\n', "profiles.unknown_key", 3),
        ('[anthropic.models]\n"m" = { input = -1, output = 2 }\n', "profiles.bad_value", 2),
        ("[anthropic]\nmodels = 3\n", "profiles.bad_value", 2),
        ("lab = 3\n", "profiles.bad_value", 1),
        ("[lab\n", "profiles.unreadable", 1),
        ('[lab]\nbase_url = "http://[::1"\n', "profiles.bad_value", 2),
        ('[lab]\nbase_url = "http://x.example:99999"\n', "profiles.bad_value", 2),
    ],
)
def test_what_is_wrong_in_a_persons_file_is_told_with_its_line(own: Path, text: str, key: str, line: int) -> None:
    own.write_text(text)
    error = refused("anthropic")
    assert (error.key, error.facts["line"], error.facts["file"]) == (key, line, str(own))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('[lab]\nbase_url = "https://x.example"\nkyes = []\n', "line 3: no key lab.kyes; meant keys?"),
        ("[lab]\nbase_url = 3\n", 'line 2: lab.base_url must be "…".'),
        ("[anthropic.models.m]\ninput = -1\n", "line 2: anthropic.models.m.input must be 0 … ∞."),
        ("[lab]\nbase_url = \n", "line 2: this is no value; a text stands in quotes."),
        (b"\xff", "line 1: the file is not in UTF-8."),
    ],
)
def test_what_is_wrong_in_a_persons_file_is_told_in_words(own: Path, text: str | bytes, said: str) -> None:
    own.write_bytes(text if isinstance(text, bytes) else text.encode())
    assert told.refusal(refused("anthropic")) == f"{own} {said}"


@pytest.mark.parametrize(
    ("shipped", "mine", "file", "line"),
    [
        ("[kimi]\nbase_url = 'https://k.example'\nread_s = 'long'\n", None, "shipped.toml", 3),
        ("[kimi]\nbase_url = 'https://k.example'\nprices = 1\n", "[kimi]\ndefault = 'k2'\n", "shipped.toml", 3),
        ("[kimi]\nbase_url = 'https://k.example'\nread_s = 9\n", "[kimi]\nread_s = 'long'\n", "profiles.toml", 2),
        ("[kimi]\nbase_url = 'nowhere'\n", "[kimi]\ndefault = 'k2'\n", "shipped.toml", 2),
        ("[kimi]\nbase_url = 'https://k.example'\n", "[mine]\ndefault = 'k2'\n", "profiles.toml", 1),
        ("[kimi.models.k2]\ninput = 1.5\n[kimi]\nbase_url = 'https://k.example'\n",
         "[kimi.models.k2]\noutput = 3\n", "shipped.toml", 2),
    ],
)  # fmt: skip
def test_a_fault_is_told_of_the_file_that_it_stands_in(
    own: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, shipped: str, mine: str | None, file: str, line: int
) -> None:
    monkeypatch.setattr(state.profiles, "BUILT_IN", tmp_path / "shipped.toml")
    (tmp_path / "shipped.toml").write_text(shipped)
    if mine is not None:
        own.write_text(mine)
    with pytest.raises(LabError) as caught:
        profiles()
    assert (Path(str(caught.value.facts["file"])).name, caught.value.facts["line"]) == (file, line)


@pytest.mark.parametrize("more", ["", "/", "/v1", "/v1/", "/v1/messages", "/v1/messages/"])
def test_an_address_may_be_given_with_the_path_that_other_protocols_want(own: Path, more: str) -> None:
    own.write_text(f'[lab]\nbase_url = "http://localhost:8000/api{more}"\n')
    assert parse("lab/m").profile.base_url == "http://localhost:8000/api"


@pytest.mark.parametrize("moved", ["localhost:8000", "http://[::1", "http://", "ftp://x.example"])
def test_an_environment_that_names_no_address_is_told_so(moved: str) -> None:
    with pytest.raises(LabError) as caught:
        profiles({"ANTHROPIC_BASE_URL": moved})
    assert (caught.value.key, caught.value.facts["file"]) == ("profiles.bad_value", "ANTHROPIC_BASE_URL")


def test_the_environment_moves_anthropic_and_the_profile_says_so() -> None:
    moved = profiles({"ANTHROPIC_BASE_URL": "http://127.0.0.1:8377/"})["anthropic"]
    assert (moved.base_url, moved.origin) == ("http://127.0.0.1:8377", "environment")
    assert profiles({})["anthropic"].origin == "built_in"
    assert profiles({"ANTHROPIC_BASE_URL": "http://127.0.0.1:1"})["deepseek"].base_url.startswith(
        "https://api.deepseek"
    )


def test_reading_prices_loads_no_client_and_no_event_loop() -> None:
    code = "import sys, state.keys; print([m for m in ('anthropic', 'httpx2', 'asyncio') if m in sys.modules])"
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert told.stdout.strip() == "[]"


def test_a_profile_cannot_be_changed() -> None:
    profile: Profile = profiles()["anthropic"]
    with pytest.raises(ValueError, match="frozen"):
        profile.base_url = "https://elsewhere.example"  # type: ignore[misc]  # the point of the test
