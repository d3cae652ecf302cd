"""What every screen of the lab shares: its keys from the registry, the key line with its questions, prompts and
messages, and the actions that work everywhere.

A question or a prompt takes the keys without moving the focus; when it closes everything is where it was.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import ClassVar, cast

from textual import events
from textual.screen import Screen
from textual.widget import Widget

from tui import drafts
from tui.actions import of_keys
from tui.language import current, tr, use
from tui.lines import EMPTY, Line, Span, dim, ends, line
from tui.screens.lab import TheLab
from tui.widgets.canvas import Canvas
from tui.widgets.keyline import Key, Question, key_line, question_line

NEEDS = (80, 24)
SAID_S = 4.0
TYPED = frozenset({"enter", "escape", "tab", "shift+tab", "f4", "ctrl+j"})
"""Besides letters, the keys that the note box takes."""


@dataclass
class Prompt:
    """Typing into the key line: a search, a name. `typed` hears every change, `done` the end (Enter), `left` that it
    was left (Esc). `keys`: the message that says what the keys do."""

    label: str
    typed: Callable[[str], object]
    done: Callable[[str], object]
    again: Callable[[int], object] | None = None
    text: str = ""
    left: Callable[[], object] | None = None
    keys: str = "prompt.keys"


class LabScreen(Screen[None], inherit_bindings=False):
    """Base of home, run, thing and the lists. `where` names it in the registry of actions."""

    where: ClassVar[str] = "run"
    ESCAPE_TO_MINIMIZE = False
    AUTO_FOCUS = ""

    def __init__(self) -> None:
        super().__init__()
        self.question: Question | None = None
        self.prompt: Prompt | None = None
        self.message = ""
        self.key_canvas = Canvas(self.draw_keys, ground="side", id="keys")

    @property
    def lab(self) -> TheLab:
        return cast("TheLab", self.app)

    # drawing

    def keys(self) -> Sequence[Key]:
        """What the key line offers now."""
        return ()

    def draw_keys(self, cells: int, rows: int) -> list[Line]:
        if self.question is not None:
            return [question_line(self.question, cells)]
        if self.prompt is not None:
            typed = line(Span(f"{self.prompt.label} ", "you"), self.prompt.text, Span("▏", "you"))
            return [ends(cells, typed, Span(self.message, "you") if self.message else dim(tr(self.prompt.keys)))]
        if self.message:
            return [ends(cells, Span(self.message, "you"))]
        return [EMPTY] if self.too_small else [key_line(self.keys(), cells)]

    @property
    def too_small(self) -> bool:
        return self.size.width < NEEDS[0] or self.size.height < NEEDS[1]

    def too_small_line(self) -> Line:
        return line(" ", tr("screen.too_small", width=str(self.size.width), height=str(self.size.height)))

    def repaint(self) -> None:
        """Draw everything again; only what differs is written."""
        for canvas in self.query(Canvas):
            canvas.repaint()

    def forget(self) -> None:
        """The same lines look otherwise now: the next drawing writes them all."""
        for canvas in self.query(Canvas):
            canvas.forget()

    def on_screen_resume(self) -> None:
        self.repaint()

    # questions, prompts, messages

    def ask(self, question: Question) -> None:
        self.question, self.message = question, ""
        self.key_canvas.repaint()

    def ask_text(self, prompt: Prompt) -> None:
        self.prompt, self.message = prompt, ""
        self.key_canvas.repaint()

    def say(self, key: str, **facts: object) -> None:
        """A message in the key line, until the next key or for a few seconds: then the keys stand there again."""
        self.say_told(tr(key, **facts))

    def say_told(self, text: str) -> None:
        """A sentence that is in words already."""
        self.message = text
        self.key_canvas.repaint()
        self.set_timer(SAID_S, partial(self.unsay, self.message))

    def unsay(self, said: str) -> None:
        if self.message == said:
            self.message = ""
            self.key_canvas.repaint()

    def types_into(self) -> Widget | None:
        """Where the keys go although it has no focus yet: what one of them just opened."""
        return self.app.screen if self.app.screen is not self else None

    def on_key(self, event: events.Key) -> None:
        """Act on a key here and now. Textual would look for its action only after the keys behind it came here too, and
        keys come together where the line is slow or the machine is busy."""
        if self.focused is None and (opened := self.types_into()) is not None:
            event.stop()
            event.prevent_default()
            if isinstance(opened, Screen) or event.is_printable or event.key in TYPED:  # others would come back here
                opened.post_message(events.Key(event.key, event.character))
            return
        if self.message:
            self.message = ""
            self.key_canvas.repaint()
        if self.question is not None:
            event.stop()
            event.prevent_default()
            self.answered(event.character if event.is_printable and event.character else event.key)
        elif self.prompt is not None:
            event.stop()
            event.prevent_default()
            self.prompted(event)
        elif self.focused is None and (ident := of_keys(self.where).get(event.key)) is not None:
            event.stop()
            event.prevent_default()
            self.action_act(ident)

    def on_paste(self, event: events.Paste) -> None:
        """What is pasted is text where one types, and no key anywhere."""
        if self.prompt is not None:
            event.stop()
            self.prompt.text += " ".join(event.text.split())
            self.prompt.typed(self.prompt.text)
            self.repaint()

    def answered(self, key: str) -> None:
        """A key while a question stands: one of its answers, a turn of its amount, or no."""
        question = self.question
        if question is None:
            return
        key = narrow(key)
        if key in ("up", "down") and question.turn is not None:
            question.turn(1 if key == "up" else -1)
            self.key_canvas.repaint()
            return
        answer = next((answer for answer in question.answers if answer.key == key), None)
        if answer is None and key not in ("escape", "enter"):
            return
        self.question = None
        self.key_canvas.repaint()
        if answer is not None:
            answer.do()

    def action_answer(self, key: str) -> None:
        self.answered(key)

    def prompted(self, event: events.Key) -> None:
        prompt = self.prompt
        if prompt is None:
            return
        if event.key == "escape":
            self.prompt = None
            if prompt.left is not None:
                prompt.left()
        elif event.key == "enter":
            if prompt.again is not None and prompt.text:
                prompt.again(1)
            else:
                self.prompt = None
                prompt.done(prompt.text)
        elif event.key == "up" and prompt.again is not None:
            prompt.again(-1)
        elif event.key == "backspace":
            prompt.text = prompt.text[:-1]
            prompt.typed(prompt.text)
        elif event.is_printable and event.character:
            prompt.text += event.character
            prompt.typed(prompt.text)
        self.repaint()

    # actions

    def action_act(self, ident: str) -> None:
        """An action of the registry, by id."""
        if self.too_small and ident not in ("leave", "how_to_leave"):
            return
        do = getattr(self, f"do_{ident}", None)
        if do is not None:
            do()

    def on_canvas_pressed(self, event: Canvas.Pressed) -> None:
        if event.action:
            name, _, rest = event.action.partition("(")
            argument = rest.rstrip(")").strip("'")
            getattr(self, f"action_{name}")(argument)
        else:
            self.pressed_row(event.canvas, event.row)

    def pressed_row(self, canvas: Canvas, row: int) -> None:
        """A click on a row that is no action."""

    def do_help(self) -> None:
        from tui.screens.lists import HelpScreen

        self.app.push_screen(HelpScreen(self.where))

    def do_palette(self) -> None:
        from tui.screens.lists import PaletteScreen

        self.app.push_screen(PaletteScreen(self.where))

    def do_options(self) -> None:
        from tui.screens.lists import OptionsScreen

        self.app.push_screen(OptionsScreen())

    def do_language(self) -> None:
        other = next(one for one in type(current()) if one != current())
        use(other)
        drafts.choose("language", other.value)

    def do_how_to_leave(self) -> None:
        self.say("leave.how")

    def do_leave(self) -> None:
        self.app.exit()

    def do_back_out(self) -> None:
        self.lab.back_out()


def narrow(key: str) -> str:
    """A full-width character as the key it stands on."""
    if len(key) == 1 and 0xFF01 <= ord(key) <= 0xFF5E:
        return chr(ord(key) - 0xFEE0)
    return key
