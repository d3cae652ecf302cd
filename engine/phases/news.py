"""What a phase tells a role between its answers, in tags that the prompts' README names."""

from __future__ import annotations

from engine.artefact import numbered
from engine.desk import Round
from engine.prompt import Shown, lines, tag
from state.products import Program
from state.vocabulary import Role

OUTPUT_LINES = 60
"""How much of a program's output a model is shown: the last lines."""


def said(role: Role, text: str) -> Shown:
    return tag("said", text, by=role.value)


def error(text: str) -> Shown:
    return tag("error", text)


def with_last(turn: Round, *news: Shown) -> Shown:
    """The news, and the word that the phase must end where this is one of its last turns."""
    return lines(*news, tag("last") if turn.last else Shown(""))


def program(one: Program) -> Shown:
    """A program with numbered lines, under its name."""
    return tag("program", numbered(one.code), name=one.name)


def tail(text: str) -> str:
    """The last lines of an output."""
    return "\n".join(text.rstrip().split("\n")[-OUTPUT_LINES:])
