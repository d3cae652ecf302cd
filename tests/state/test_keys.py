"""Keys: found in the environment first, then in a file that nobody else can read."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from state import keys
from state.errors import LabError
from state.profiles import Profile, profiles
from tui.told import refusal

SECRET = "sk-0123456789"


@pytest.fixture(autouse=True)
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where keys.toml would lie; nothing is there yet."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    for name in [name for profile in profiles({}).values() for name in profile.keys]:
        monkeypatch.delenv(name, raising=False)
    return keys.file()


@pytest.fixture
def anthropic() -> Profile:
    return profiles({})["anthropic"]


def write(file: Path, text: str, mode: int = 0o600) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)
    file.chmod(mode)


def test_there_is_no_key_where_none_was_given(anthropic: Profile) -> None:
    assert keys.find(anthropic) is None


def test_the_environment_beats_the_file_and_the_first_variable_the_second(file: Path, anthropic: Profile) -> None:
    write(file, f'anthropic = "{SECRET}"\n')
    assert keys.find(anthropic, {"ANTHROPIC_AUTH_TOKEN": " two\n"}) == "two"
    assert keys.find(anthropic, {"ANTHROPIC_AUTH_TOKEN": "two", "ANTHROPIC_API_KEY": "one"}) == "one"
    assert keys.find(anthropic, {"ANTHROPIC_API_KEY": "  "}) == SECRET


def test_a_key_that_is_kept_is_found_again_and_others_are_left_as_they_are(file: Path, anthropic: Profile) -> None:
    write(file, '# mine\ndeepseek = "ds"  # work\n')
    keys.keep("anthropic", SECRET + "\n")
    keys.keep("anthropic", SECRET)
    assert keys.find(anthropic) == SECRET
    assert file.read_text().startswith('# mine\ndeepseek = "ds"  # work\n')
    assert keys.find(profiles({})["deepseek"]) == "ds"


def test_the_file_and_its_folder_are_the_persons_alone(file: Path) -> None:
    before = os.umask(0)
    try:
        keys.keep("anthropic", SECRET)
    finally:
        os.umask(before)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700
    assert [each.name for each in file.parent.iterdir()] == ["keys.toml"]


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660])
def test_a_file_that_others_may_read_is_refused_and_not_written_to(file: Path, anthropic: Profile, mode: int) -> None:
    write(file, f'anthropic = "{SECRET}"\n', mode)
    for act in (lambda: keys.find(anthropic), lambda: keys.keep("anthropic", "new")):
        with pytest.raises(LabError) as caught:
            act()
        assert (caught.value.key, caught.value.facts["mode"]) == ("keys.too_open", f"{mode:04o}")
    assert SECRET in file.read_text()


@pytest.mark.parametrize("text", ["anthropic = sk-0123456789\n", "\x00", "anthropic = 'sk-0123456789\n"])
def test_a_file_that_cannot_be_read_is_told_without_what_it_holds(file: Path, anthropic: Profile, text: str) -> None:
    write(file, text)
    with pytest.raises(LabError) as caught:
        keys.find(anthropic)
    assert caught.value.key == "keys.unreadable" and caught.value.facts["file"] == str(file)
    assert SECRET not in str(caught.value) and "0123456789" not in refusal(caught.value)
    assert " line 1: " in refusal(caught.value) and "reason" not in refusal(caught.value)


@pytest.mark.parametrize("value", ["", "sk-1\nsk-2", "“sk-1”", "sk 1", "密钥"])
def test_a_key_that_no_header_can_carry_is_refused_without_showing_it(value: str) -> None:
    with pytest.raises(LabError) as caught:
        keys.keep("anthropic", value)
    assert caught.value.key == "keys.bad_value"
    assert not value or value not in str(caught.value)
    assert not keys.file().exists()
