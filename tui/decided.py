"""What a page says of a decision that was left and is not carried out yet."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from state.vocabulary import Choice
from tui.language import tr
from tui.words import symbol

if TYPE_CHECKING:
    from state.rows import WaitRow
    from tui.look import Look


@dataclass(frozen=True)
class Told:
    """What a page says of a decision: symbol, colour role, one sentence."""

    mark: str
    role: str
    text: str


def decision(look: Look, wait: WaitRow) -> Told | None:
    """What was decided at a wait, and whether anyone is there to take it up; None where nothing was."""
    choice = look.decided.get(wait.id)
    if choice is None:
        return None
    answer = choice_told(choice)
    if look.engine_missing:
        return Told(*symbol("lost"), tr("decided.engine_gone", answer=answer))
    if wait.word is not None:
        return Told(*symbol("waits_world"), tr("decided.checked"))
    return Told(*symbol("waits_world"), tr("decided.waits", answer=answer))


def choice_told(choice: str) -> str:
    """A choice as it is told once it is made."""
    return tr("decided.approve") if choice == Choice.APPROVE else tr(f"answer.{choice}")
