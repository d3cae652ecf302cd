"""Shell completion for bash, zsh and fish, made from the parser, so that it cannot drift from it.

The scripts are static text: completing starts no Python. Phases, roles and choices are offered where they are meant.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass

from state.vocabulary import Phase, Role


@dataclass(frozen=True)
class Told:
    """A command: its help, its options with their help, and the words its first argument may be."""

    name: str
    help: str
    options: tuple[tuple[str, str], ...]
    words: tuple[str, ...]


PHASES = tuple(phase.short for phase in Phase)
ROLES = tuple(role.value.replace("_", "-") for role in Role)


def script(shell: str) -> str:
    """The script to source, for `bash`, `zsh` or `fish`."""
    from tui.commands import parser

    top = parser()
    return {"bash": _bash, "zsh": _zsh, "fish": _fish}[shell](commands(top), _options(top))


def commands(top: argparse.ArgumentParser) -> list[Told]:
    """Every command of the parser."""
    below = next(action for action in top._actions if isinstance(action, argparse._SubParsersAction))
    helps = {action.dest: action.help or "" for action in below._choices_actions}
    return [Told(name, helps.get(name, ""), _options(each), _words(name, each)) for name, each in below.choices.items()]


def _options(parser: argparse.ArgumentParser) -> tuple[tuple[str, str], ...]:
    return tuple((flag, action.help or "") for action in parser._actions for flag in action.option_strings)


def _words(name: str, parser: argparse.ArgumentParser) -> tuple[str, ...]:
    if name in ("go-back", "fork"):
        return PHASES
    first = next((action for action in parser._actions if not action.option_strings), None)
    return tuple(str(choice) for choice in first.choices) if first is not None and first.choices else ()


def _bash(told: list[Told], top: tuple[tuple[str, str], ...]) -> str:
    cases = "\n".join(
        f'    {each.name}) words="{" ".join([*each.words, *(flag for flag, _ in each.options)])}" ;;' for each in told
    )
    return f"""_nightlab() {{
  local here="${{COMP_WORDS[COMP_CWORD]}}" before="${{COMP_WORDS[COMP_CWORD-1]}}" command="" word words skip=0 i
  for ((i = 1; i < COMP_CWORD; i++)); do
    word="${{COMP_WORDS[i]}}"
    if ((skip)); then skip=0; elif [[ $word == -C || $word == --lang ]]; then skip=1
    elif [[ $word != -* ]]; then command="$word"; break; fi
  done
  case "$before" in
    -C) COMPREPLY=($(compgen -d -- "$here")); return ;;
    --lang) COMPREPLY=($(compgen -W "en zh" -- "$here")); return ;;
    --to) COMPREPLY=($(compgen -W "{" ".join([*PHASES, *ROLES])}" -- "$here")); return ;;
    --phase) COMPREPLY=($(compgen -W "{" ".join(PHASES)}" -- "$here")); return ;;
    --with|--form) COMPREPLY=($(compgen -f -- "$here")); return ;;
  esac
  case "$command" in
    "") words="{" ".join([*(each.name for each in told), *(flag for flag, _ in top)])}" ;;
{cases}
    *) words="" ;;
  esac
  COMPREPLY=($(compgen -W "$words" -- "$here"))
  [[ ${{#COMPREPLY[@]}} -eq 0 ]] && COMPREPLY=($(compgen -f -- "$here"))
}}
complete -F _nightlab nightlab"""


def _zsh(told: list[Told], top: tuple[tuple[str, str], ...]) -> str:
    names = "\n".join(f"    {_quoted(f'{each.name}:{each.help}')}" for each in told)
    cases = "\n".join(_zsh_case(each) for each in told)
    options = " ".join(_quoted(f"{flag}[{_plain(text)}]") for flag, text in top if flag not in ("-C", "--lang"))
    return f"""#compdef nightlab
_nightlab() {{
  local state line
  local -a commands
  commands=(
{names}
  )
  _arguments -C {options} '-C[]:folder:_files -/' '--lang[]:language:(en zh)' '1: :->command' '*:: :->rest'
  case $state in
    command) _describe command commands ;;
    rest)
      case $words[1] in
{cases}
      esac ;;
  esac
}}
compdef _nightlab nightlab"""


def _zsh_case(each: Told) -> str:
    values = {"--to": f"({' '.join([*PHASES, *ROLES])})", "--phase": f"({' '.join(PHASES)})", "--lang": "(en zh)"}
    values |= {"--with": "_files", "--form": "_files"}
    parts = [
        _quoted(f"{flag}[{_plain(text)}]" + (f":value:{values[flag]}" if flag in values else ""))
        for flag, text in each.options
    ]
    parts.append(_quoted(f"1:word:({' '.join(each.words)})") if each.words else "'*:file:_files'")
    return f"        {each.name}) _arguments {' '.join(parts)} ;;"


def _fish(told: list[Told], top: tuple[tuple[str, str], ...]) -> str:
    names = " ".join(each.name for each in told)
    rows = ["complete -c nightlab -f"]
    rows += [f"complete -c nightlab {_fish_flag(flag)} -d {_quoted(text)}" for flag, text in top]
    for each in told:
        first = f"not __fish_seen_subcommand_from {names}"
        within = f"__fish_seen_subcommand_from {each.name}"
        rows.append(f"complete -c nightlab -n {_quoted(first)} -a {each.name} -d {_quoted(each.help)}")
        if each.words:
            rows.append(f"complete -c nightlab -n {_quoted(within)} -a {_quoted(' '.join(each.words))}")
        for flag, text in each.options:
            row = f"complete -c nightlab -n {_quoted(within)} {_fish_flag(flag)} -d {_quoted(text)}"
            offered = {"--to": [*PHASES, *ROLES], "--phase": list(PHASES), "--lang": ["en", "zh"]}.get(flag)
            rows.append(row + (f" -x -a {_quoted(' '.join(offered))}" if offered else ""))
    return "\n".join(rows)


def _fish_flag(flag: str) -> str:
    return f"-l {flag[2:]}" if flag.startswith("--") else f"-s {flag[1:]}"


def _plain(text: str) -> str:
    return text.replace("[", "(").replace("]", ")").replace(":", "：" if not text.isascii() else ",")


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "'\\''") + "'"
