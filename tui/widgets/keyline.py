"""The last row: the keys that work here, or a question that took their place.

A question takes the keys without moving the focus. `y` says yes; Enter and Esc say no, so a held key approves nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from tui.language import tr
from tui.lines import Line, Span, dim, ends, line


@dataclass(frozen=True)
class Key:
    """A key that works here: what is printed, the message id of its label, and the action a click does."""

    key: str
    label: str
    action: str = ""
    facts: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Answer:
    """A key that answers a question; `label` is a message id; `do` is called after the question closed."""

    key: str
    label: str
    do: Callable[[], object]


@dataclass(frozen=True)
class Question:
    """Asked in place of the key line. `text` is already in words; `refusal` labels Esc."""

    text: Callable[[], str]
    answers: tuple[Answer, ...]
    refusal: str = "question.no"
    turn: Callable[[int], object] | None = None


def key_line(keys: Sequence[Key], cells: int) -> Line:
    """As many keys as fit whole, three blanks apart; the last two (`?` and `q`) always stand."""
    shown = list(keys)
    while len(shown) > 2 and _keys(shown).width > cells - 2:
        del shown[-3]
    return ends(cells, _keys(shown))


def _keys(keys: Sequence[Key]) -> Line:
    parts: list[Span | str] = []
    for index, key in enumerate(keys):
        if index:
            parts.append("   ")
        parts += [Span(key.key, "text", key.action, True), Span(f" {tr(key.label, **key.facts)}", "dim", key.action)]
    return line(*parts)


def question_line(question: Question, cells: int) -> Line:
    """`◆ text?   y yes   Esc no`."""
    answers: list[Span | str] = []
    for answer in question.answers:
        answers += [Span(answer.key, "you", f"answer('{answer.key}')", True), dim(f" {tr(answer.label)}"), "   "]
    answers += [Span("Esc", "text", "answer('escape')", True), dim(f" {tr(question.refusal)}")]
    return ends(cells, Span(f"◆ {question.text()}", "you"), line(*answers))
