"""The log pane: a window on a `LogFile` that follows the end until someone scrolls up.

While one reads above the end its first line stays where it is, whatever is appended; `behind` says how many are new.
"""

from __future__ import annotations

from tui.lines import Line, Span, line
from tui.logfile import LogFile
from tui.text import clean, clip


class LogPane:
    def __init__(self) -> None:
        self.file: LogFile | None = None
        self.top = 0
        self.follows = True
        self.height = 1
        self.seen = 0

    def show(self, file: LogFile | None) -> None:
        if file is not self.file:
            self.file, self.follows, self.top = file, True, 0

    @property
    def behind(self) -> int:
        """Lines that came since one left the end."""
        return 0 if self.follows or self.file is None else max(len(self.file) - self.seen, 0)

    def move(self, rows: int) -> None:
        if self.file is None:
            return
        end = max(len(self.file) - self.height, 0)
        if self.follows:
            self.top, self.seen = end, len(self.file)
        self.top = max(min(self.top + rows, end), 0)
        self.follows = rows > 0 and self.top == end

    def to_end(self, last: bool) -> None:
        self.follows = last
        if not last:
            self.top, self.seen = 0, len(self.file) if self.file else 0

    def draw(self, cells: int, height: int) -> list[Line]:
        self.height = max(height, 1)
        if self.file is None:
            return []
        if self.follows:
            self.top = max(len(self.file) - height, 0)
        return [line(" ", Span(clip(clean(row), cells - 2))) for row in self.file.lines(self.top, height)]
