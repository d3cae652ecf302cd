"""The talk of a phase: who, when, what; a person's note in the accent with the time it was read.

It follows its end until someone scrolls up. A turn's lines are wrapped once and kept, so that the reply being written
costs only its own lines.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from tui import markdown
from tui.language import current, tr
from tui.lines import EMPTY, Line, Span, dim, ends, line
from tui.text import clean, clip, wrap
from tui.widgets.seeking import Seeking
from tui.words import addressee, clock, role_name

if TYPE_CHECKING:
    from state.rows import Turn

SPOKEN = ("text", "said", "message", "note")
ARGUMENT, PARTS = 160, 6
LONGEST, TAIL = 8000, 2000
"""Characters of a turn that are shown: the first ones once it is said, the last ones while it is being written, for
those are wrapped again four times a second."""
TEXT = 80
ENDS = (".", "。", "?", "？", ";", "；")


class Talk(Seeking):
    """Turns as lines, and where one reads."""

    def __init__(self) -> None:
        super().__init__()
        self.follows = True
        self._kept: dict[tuple[object, ...], list[Line]] = {}

    def show(self, turns: Sequence[Turn], cells: int, now: int, cut: bool = False) -> None:
        kept: dict[tuple[object, ...], list[Line]] = {}
        lines: list[Line] = []
        for turn in turns:
            key = (
                turn.step,
                turn.role,
                turn.at,
                turn.text,
                turn.tool,
                turn.read_at,
                turn.writing,
                turn.to,
                cells,
                current(),
                cut or turn.cut,
                clock(turn.at, now),
            )
            kept[key] = self._kept.get(key) or turn_lines(turn, cells, now, cut or turn.cut)
            lines += kept[key]
        self._kept, self.lines = kept, lines

    def move(self, rows: int) -> None:
        end = max(len(self.lines) - self.height, 0)
        if self.follows:
            self.top = end
        self.top = max(min(self.top + rows, end), 0)
        self.follows = rows > 0 and self.top == end

    def to_end(self, last: bool) -> None:
        self.follows = last
        if not last:
            self.top = 0

    def _seek(self, words: str, start: int, step: int) -> bool:
        found = super()._seek(words, start, step)
        self.follows = self.follows and not found
        return found

    def draw(self, cells: int, height: int) -> list[Line]:
        self.height = max(height, 1)
        end = max(len(self.lines) - height, 0)
        if self.follows:
            self.top = end
        self.top = min(self.top, end)
        return self.marked(self.lines[self.top : self.top + height])


def turn_lines(turn: Turn, cells: int, now: int, cut: bool = False) -> list[Line]:
    """One turn: a line with who and when, then what was said."""
    when = clock(turn.at, now)
    room = min(cells - 5, TEXT)
    if turn.role == "you":
        told = (
            tr("talk.read", time=when, read=clock(turn.read_at, now)) if turn.read_at else tr("talk.unread", time=when)
        )
        head = ends(cells, Span(f"◆ {tr('talk.you', to=addressee(turn.to))}", "you"), dim(told))
        return [head, *(line("   ", Span(row, "you")) for row in wrap(turn.text.strip(), room))]
    said = spoken(turn, room)
    if turn.writing:
        mark = "◇ " if cut else ""
        told = tr("talk.cut", time=when) if cut else tr("talk.writing", time=when)
        if cut and not said:  # nothing came of it
            told = tr("talk.to_be_asked")
        head = ends(cells, Span(mark + role_name(turn.role), "text", bold=True), Span(told, "text" if cut else "live"))
    else:
        head = ends(cells, Span(role_name(turn.role), "text", bold=True), dim(told_where(turn, when)))
    return [head, *(line("   ", row) if row != EMPTY else EMPTY for row in said)]


def told_where(turn: Turn, when: str) -> str:
    visit = turn.visit.partition("@")[2]
    return f"{tr('talk.visit', number=visit)} {when}" if visit not in ("", "1") else when


def spoken(turn: Turn, cells: int) -> list[Line]:
    """What a turn says: its text, what it handed to a tool as speech, or the tool and what it was asked."""
    words = [turn.text.strip()] if turn.text.strip() else []
    calls = ""
    if turn.tool:
        speech = next((turn.arguments[name] for name in SPOKEN if isinstance(turn.arguments.get(name), str)), None)
        if turn.tool == "dialogue" and speech:
            words.append(speech)
        else:
            calls = asked(turn.tool, turn.arguments)
    text = "\n".join(words)
    if turn.writing and len(text) > TAIL:
        head, tail = text[-TAIL : 40 - TAIL], text[40 - TAIL :]  # from the first whole word on, where words have blanks
        text = f"… {head.partition(' ')[2] or head}{tail}"
    told = markdown.told(text if len(text) <= LONGEST else f"{text[:LONGEST]}…", cells)
    return [*told, *(line(Span(row)) for row in wrap(clean(calls), cells) if calls)]


def asked(tool: str, arguments: dict[str, Any]) -> str:
    """`search_papers “variance preserving step size”`; what has several parts has a row for each, short ones first."""
    told: dict[str, str] = {}
    numbers = []
    for name, value in arguments.items():
        if isinstance(value, bool) or value in ("", [], {}, None):
            continue
        if isinstance(value, str):
            told[name] = clip(" ".join(markdown.bare(value).split()), ARGUMENT)
        elif isinstance(value, list) and all(isinstance(one, str) for one in value):
            joint = " · " if any(one.rstrip().endswith(ENDS) for one in value) else tr("word.list")
            told[name] = clip(joint.join(value), ARGUMENT)
        else:
            numbers.append(f"{name} {len(value) if isinstance(value, (list, dict)) else value}")
    if len(told) <= 1:
        return " ".join([tool, *(tr("talk.quoted", text=text) for text in told.values()), *numbers])
    rows = [f"{name}: {text}" for name, text in sorted(told.items(), key=lambda pair: len(pair[1]))]
    return "\n".join(["   ".join([tool, " · ".join(numbers)]).rstrip(), *rows[:PARTS]])
