"""Completion scripts are made from the parser, and real shells take them."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tui.commands import COMMANDS
from tui.completion import script


def completed(words: str, tmp_path: Path) -> set[str]:
    """What bash offers for the last word of `words`."""
    file = tmp_path / "nightlab.bash"
    file.write_text(script("bash"))
    code = f"""source {file}
COMP_WORDS=({words.replace("|", '""')}); COMP_CWORD=$((${{#COMP_WORDS[@]}} - 1))
_nightlab; printf '%s\\n' "${{COMPREPLY[@]}}" """
    ended = subprocess.run(["bash", "-c", code], capture_output=True, text=True, check=True, cwd=tmp_path)
    return set(ended.stdout.split())


def test_bash_offers_every_command_and_then_its_options(tmp_path: Path) -> None:
    assert {name.replace("_", "-") for name in COMMANDS} <= completed("nightlab |", tmp_path)
    assert completed("nightlab chec", tmp_path) == {"checkpoint"}
    assert "--json" in completed("nightlab -C there status --", tmp_path)
    assert "literature" in completed("nightlab go-back |", tmp_path)
    assert {"plan", "postdoc"} <= completed("nightlab note hello --to |", tmp_path)
    assert completed("nightlab --lang |", tmp_path) == {"en", "zh"}
    assert "send-back" in completed("nightlab answer |", tmp_path)


@pytest.mark.needs("zsh", "zsh")
def test_zsh_reads_its_script(tmp_path: Path) -> None:
    (tmp_path / "_nightlab").write_text(script("zsh"))
    code = f"autoload -Uz compinit; compinit -u -d {tmp_path}/dump; source {tmp_path}/_nightlab; whence -w _nightlab"
    ended = subprocess.run(["zsh", "-f", "-c", code], capture_output=True, text=True, check=False)
    assert "function" in ended.stdout, ended.stderr


@pytest.mark.needs("fish", "fish")
def test_fish_offers_the_commands(tmp_path: Path) -> None:
    (tmp_path / "nightlab.fish").write_text(script("fish"))
    code = f"source {tmp_path}/nightlab.fish; complete -C 'nightlab go-back pl'; complete -C 'nightlab sta'"
    ended = subprocess.run(["fish", "--no-config", "-c", code], capture_output=True, text=True, check=False)
    assert "plan" in ended.stdout and "status" in ended.stdout, ended.stderr
