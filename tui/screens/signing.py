"""A person's form while it is filled in: digits give scores, `e` writes words, Enter asks to sign, Esc keeps the draft.

The form lives in the pane of refinement; here it becomes a draft with every key, and one word for the lab when signed.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from state.vocabulary import WordKind
from tui import drafts, reviewform
from tui.language import tr
from tui.panes.refinement import RefinementPane, form_body
from tui.screens.editor import edited_elsewhere
from tui.screens.words_left import Says
from tui.widgets.keyline import Answer, Question
from tui.widgets.rows import Place


def key_pressed(screen: Says, pane: RefinementPane, key: str) -> bool:
    """A key while the form is filled in; True if it was meant for it."""
    if key.isdecimal() and len(key) == 1:  # full width too, but no ²
        if pane.score(int(key)):
            save(screen, pane)
        else:
            screen.say("said.not_a_score")
    elif key in ("backspace", "delete"):
        pane.clear()
        save(screen, pane)
    elif key == "enter":
        ask_to_sign(screen, pane)
    elif key == "escape":
        pane.filling = False
    else:
        return False
    screen.repaint()
    return True


async def write(screen: Says, pane: RefinementPane) -> None:
    """The words of the form, in the person's own editor."""
    text = await edited_elsewhere(screen, reviewform.written(pane.form), ".md")
    if text is None:
        return
    pane.form = {name: value for name, value in pane.form.items() if name not in reviewform.PARTS}
    pane.form |= reviewform.read(text)
    save(screen, pane)
    screen.repaint()


def kept(folder: Path, run: int) -> dict[str, Any]:
    """The form as it was left; one that cannot be read is none."""
    try:
        form = json.loads(drafts.draft(folder, f"form-{run}") or b"{}")
    except (ValueError, RecursionError):
        return {}
    return form if isinstance(form, dict) else {}


def save(screen: Says, pane: RefinementPane) -> None:
    drafts.save_draft(screen.folder, f"form-{screen.run_number}", json.dumps(pane.form).encode())


def ask_to_sign(screen: Says, pane: RefinementPane) -> None:
    if pane.missing:
        pane.rows("reviews").choose(Place("score", pane.missing[0]))
        names = tr("word.list").join(tr(f"reviews.{field}") for field in pane.missing)
        screen.say("said.form_incomplete", missing=names)
        return

    def yes() -> None:
        screen.leave_word(WordKind.REVIEW, {"form": form_body(pane.form)})
        pane.filling = False
        screen.say("said.signed")

    screen.ask(Question(lambda: tr("question.sign"), (Answer("y", "question.sign_yes", yes),), "question.not_yet"))
