"""What a screen asks of the app that it stands in: to look, to leave words, to start an engine, to use the terminal.

The app is above its screens and knows them by their classes; they know it by this alone.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Protocol

from state.errors import LabError
from state.vocabulary import WordKind
from tui.widgets.canvas import Wearer


class TheLab(Wearer, Protocol):
    """`tui.app.Lab`, as far as screens go."""

    left: set[str]
    """Words of this terminal that nobody took up yet."""

    def now(self) -> int: ...

    def follow(
        self, folder: Path | None, run: int | None = None, phase: str | None = None, experiment: int | None = None
    ) -> None: ...

    def follow_home(self, beside: tuple[Path, int] | None) -> None: ...

    def hurry(self) -> None: ...

    def open_run(self, folder: Path, run: int | None = None) -> None: ...

    def back_out(self) -> None: ...

    def leave_word(
        self, folder: Path, kind: WordKind, body: Mapping[str, Any], done: Callable[[str | None], object] | None = None
    ) -> None: ...

    def start_engine(self, folder: Path) -> None: ...

    def restart_engine(self, folder: Path) -> None: ...

    def begin(self, do: Callable[..., None], folder: Path, *more: str) -> None: ...

    def refuse(self, error: LabError) -> None: ...

    def wear(self, name: str) -> None: ...

    def repaint_all(self) -> None: ...

    def ring(self, title: str) -> None: ...

    def call_it(self, title: str) -> None: ...

    def copy(self, text: str) -> None: ...
