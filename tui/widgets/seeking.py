"""Looking for words in lines that one reads: while one types, then the next place and the one before, round the end.

The place that was found is remembered by its row, for in the last screenful no row can become the first one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from tui.lines import Line, Span


class Seeking:
    """Mixed into what has `lines` and shows `height` of them from `top` on."""

    def __init__(self) -> None:
        self.lines: list[Line] = []
        self.top = 0
        self.height = 1
        self.sought = ""
        self._found = -1

    def seek(self, words: str, step: int = 1) -> bool:
        """Go to the next line that holds `words`; False if none does."""
        here = self._found if self.top <= self._found < self.top + self.height else self.top
        return self._seek(words, here + step, step)

    def sought_from(self, top: int, words: str) -> None:
        """While one types: the first line from `top` on that holds what stands there so far."""
        self._found = -1
        if not words or not self._seek(words, top, 1):
            self.top = top

    def marked(self, rows: Sequence[Line]) -> list[Line]:
        """The rows with what one looks for in the accent."""
        return [_marked(row, self.sought) for row in rows] if self.sought else list(rows)

    def _seek(self, words: str, start: int, step: int) -> bool:
        self.sought = words
        for away in range(len(self.lines)):
            row = (start + step * away) % len(self.lines)
            if words.casefold() in self.lines[row].plain.casefold():
                self.top = self._found = row
                return True
        return False


def _marked(row: Line, sought: str) -> Line:
    spans: list[Span] = []
    for span in row.spans:
        start = span.text.casefold().find(sought.casefold())
        if start < 0 or len(span.text.casefold()) != len(span.text):
            spans.append(span)
            continue
        stop = start + len(sought)
        spans.append(replace(span, text=span.text[:start]))
        spans.append(replace(span, text=span.text[start:stop], role="you", bold=True, under=True))
        spans.append(replace(span, text=span.text[stop:]))
    return Line(tuple(span for span in spans if span.text), row.pick)
