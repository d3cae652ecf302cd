"""What a phase tells a role between its answers, in tags that the prompts' README names."""

from __future__ import annotations

from engine.answering import Refusal
from engine.artefact import numbered, rows
from engine.desk import Round
from engine.prompt import Shown, lines, tag
from state.errors import LabError
from state.products.base import check_python
from state.products.experiments import Program
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


def failed(wrong: str, output: str) -> tuple[str, str]:
    """What a run failed with, and what it printed beyond that: nothing is shown twice."""
    told, printed = tail(wrong), tail(output)
    last = printed.rsplit("Traceback (most recent call last):", 1)
    if len(last) == 2 and last[1].strip() in told:
        printed = last[0].rstrip()
    return told, "" if printed.strip() in told else printed


def unparsed(file: str, code: str) -> Refusal | None:
    """Why a program is none, with the line as it stands."""
    try:
        check_python(file, code)
    except LabError as error:
        number, reason = error.facts["line"], error.facts["reason"]
        wrong = rows(code)[int(str(number)) - 1 : int(str(number))]
        quoted = f": {wrong[0].strip()[:200]}" if wrong else ""
        return Refusal(f"{file}, line {number}: {reason}{quoted}", error.key, error.facts)
    return None
