"""The lab on screen: home below, a run above it, lists and things over that. Holds theme, language, poller and bell.

Widgets and screens draw; the poller's messages arrive here and go to the screen they are for. Words for the lab leave
from a thread, so that a slow disk stops no key.
"""

from __future__ import annotations

import asyncio
import gc
import os
import time
from collections.abc import Callable, Mapping
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from textual.app import App
from textual.binding import BindingType

from state.errors import LabError
from state.vocabulary import Language, WordKind
from tui import drafts, language
from tui.poller import CannotLook, HomeLooked, Looked, NothingYet, Poller, Wanted
from tui.screens.frame import LabScreen
from tui.screens.lab import TheLab
from tui.theme import COLOURS, THEMES, Palette, poor_terminal, textual_theme

if TYPE_CHECKING:  # of these two the first frame needs one only, and waits for the import of no other
    from tui.screens.home import HomeScreen
    from tui.screens.run import RunScreen


LOWEST = 2
"""Screens that are there with only one of ours: Textual has one of its own below."""


class Lab(App[None], inherit_bindings=False):
    """Opens on `project`'s run (the newest without a number), or on home."""

    CSS_PATH = "nightlab.tcss"
    ENABLE_COMMAND_PALETTE = False
    BINDINGS: ClassVar[list[BindingType]] = []
    TITLE = "Nightlab"

    def __init__(self, project: Path | None = None, run: int | None = None, *, polls: bool = True) -> None:
        super().__init__()
        kept = drafts.interface()
        self.project, self.first_run = project, run
        self.plain_symbols = kept.get("symbols", "ascii" if poor_terminal() else "full") == "ascii"
        self.palette = Palette(kept["theme"] if kept.get("theme") in THEMES else "dark", self.console.color_system)
        chosen = kept.get("language")
        language.use(Language(chosen) if chosen in set(Language) else language.of_environment())
        for name in COLOURS:
            self.register_theme(textual_theme(name))
        self.theme = f"nightlab-{self.palette.worn}"
        self.polls, self.looking = polls, False
        self.poller = Poller(self.post_message, self.now)
        self.left: set[str] = set()  # words of this terminal that nobody took up yet

    @staticmethod
    def now() -> int:
        return time.time_ns() // 1_000_000

    def on_mount(self) -> None:
        language.on_switch.append(self.repaint_all)
        if self.project is None:
            self.push_screen(self.home)
        else:
            drafts.know(self.project)
            self.open_run(self.project, self.first_run)

    @cached_property
    def home(self) -> HomeScreen:
        """Made when it is first shown: below a run that was opened at once there is none until one goes back to it."""
        from tui.screens.home import HomeScreen

        return HomeScreen()

    def open_run(self, folder: Path, run: int | None = None) -> None:
        """A run on a screen of its own, over what is there."""
        from tui.screens.run import RunScreen

        self.push_screen(RunScreen(folder, run))
        self.follow(folder, run)

    def back_out(self) -> None:
        """To the screen below; from the lowest, home."""
        if len(self.screen_stack) > LOWEST:
            self.pop_screen()
        elif self.screen is not self.home:
            self.switch_screen(self.home)

    def post_display_hook(self) -> None:
        """After a frame. The poller starts after the first one, which what it imports would hold up."""
        if self.polls and not self.looking and isinstance(self.screen, LabScreen):
            self.looking = True
            gc.freeze()
            gc.enable()
            self.poller.start()

    def on_unmount(self) -> None:
        if self.repaint_all in language.on_switch:
            language.on_switch.remove(self.repaint_all)
        self.poller.stop()

    # theme and language

    def wear(self, name: str) -> None:
        """Another theme."""
        self.palette = Palette(name, self.console.color_system)
        self.theme = f"nightlab-{self.palette.worn}"
        self.repaint_all()
        self.refresh(repaint=True)

    def repaint_all(self) -> None:
        """Draw again what is on screen, and what lies below once it comes up: language, theme or symbols changed."""
        for screen in self.screen_stack:
            if isinstance(screen, LabScreen):
                screen.forget()
                if screen.is_current:
                    screen.repaint()
                    screen.refresh()

    # what the poller saw

    def follow(
        self, folder: Path | None, run: int | None = None, phase: str | None = None, experiment: int | None = None
    ) -> None:
        self.poller.follow(Wanted(folder, run, phase, experiment))

    def hurry(self) -> None:
        """Look now."""
        self.poller.hurry()

    def follow_home(self, beside: tuple[Path, int] | None) -> None:
        """Home is on screen, with a run beside its list."""
        self.poller.follow(Wanted(beside=beside))

    def on_looked(self, event: Looked) -> None:
        shown = self.runs_of(event.look.folder)
        for screen in shown:
            screen.looked(event.look)
        if not shown and self.screen is self.home:
            self.home.looked_at(event.look)

    def on_nothing_yet(self, event: NothingYet) -> None:
        for screen in self.runs_of(event.folder):
            screen.nothing_yet(event.alive, event.log)

    def runs_of(self, folder: Path) -> list[RunScreen]:
        """The screens that show a run of a project."""
        from tui.screens.run import RunScreen

        return [each for each in self.screen_stack if isinstance(each, RunScreen) and each.folder == folder]

    def on_home_looked(self, event: HomeLooked) -> None:
        self.home.looked(event.home)

    def on_cannot_look(self, event: CannotLook) -> None:
        self.refuse(event.error)

    def refuse(self, error: LabError) -> None:
        """Say in the key line what could not be done."""
        from tui.told import refusal  # with every event's class, which the first frame does not wait for

        if isinstance(self.screen, LabScreen):
            self.screen.say_told(refusal(error))

    # words for the lab

    def leave_word(
        self, folder: Path, kind: WordKind, body: Mapping[str, Any], done: Callable[[str | None], object] | None = None
    ) -> None:
        """Leave a word in the inbox and see that an engine takes it up; then `done` with the word's name, or with None
        where it could not be left."""

        async def leave() -> None:
            from tui import launch

            word = None
            try:
                word = await asyncio.to_thread(launch.give, folder, kind, body)
                self.left.add(word)
                self.poller.hurry()
            except LabError as error:
                self.refuse(error)
            except (OSError, ValueError) as error:
                self.refuse(LabError("word.not_left", why=_why(error)))
            if done is not None:
                done(word)

        self.run_worker(leave(), name="word")

    def start_engine(self, folder: Path) -> None:
        """Start an engine where none works."""

        async def start() -> None:
            from tui import launch

            await self._about_an_engine(launch.start_engine, folder)

        self.run_worker(start(), name="engine", exclusive=True)

    def restart_engine(self, folder: Path) -> None:
        """An engine of this version in place of the one that works."""

        async def restart() -> None:
            from tui import launch

            done = await self._about_an_engine(launch.restart_engine, folder)
            if done is not None and isinstance(self.screen, LabScreen):
                self.screen.say("said.restarted" if done else "said.not_restarted")

        self.run_worker(restart(), name="engine", exclusive=True)

    async def _about_an_engine(self, do: Callable[[Path], Any], folder: Path) -> Any:
        """What `do` answers; None where the system does not let it, which is said."""
        try:
            return await asyncio.to_thread(do, folder)
        except LabError as error:
            self.refuse(error)
        except OSError as error:
            self.refuse(LabError("engine.not_started", why=_why(error)))
        finally:
            self.poller.hurry()
        return None

    def begin(self, do: Callable[..., None], folder: Path, *more: str) -> None:
        """Begin a project or the demo in `folder`, then open it."""

        async def begin() -> None:
            try:
                await asyncio.to_thread(do, folder, *more)
            except LabError as error:
                self.refuse(error)
                return
            except OSError as error:
                self.refuse(LabError("word.not_left", why=_why(error)))
                return
            drafts.know(folder)
            self.open_run(folder)

        self.run_worker(begin(), name="begin", exclusive=True)

    # the terminal

    def ring(self, title: str) -> None:
        """One BEL and the window's title: something begins to wait."""
        self.bell()
        self.call_it(title)

    def call_it(self, title: str) -> None:
        """The window's title, written only when it is another one."""
        if title != self.sub_title and self._driver is not None and not self.is_headless:
            self.sub_title = title
            clean = "".join(char for char in title if char.isprintable())
            self._driver.write(f"\x1b]0;{clean}\x07")

    def copy(self, text: str) -> None:
        """To the clipboard: through tmux where one is in between, else by OSC 52."""

        async def through_tmux() -> None:
            process = await asyncio.create_subprocess_exec(
                "tmux", "load-buffer", "-w", "-", stdin=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL
            )
            await process.communicate(text.encode())
            if isinstance(self.screen, LabScreen):
                self.screen.say("copy.tmux" if process.returncode == 0 else "copy.failed")

        if os.environ.get("TMUX"):
            self.run_worker(through_tmux(), name="copy")
            return
        self.copy_to_clipboard(text)
        if isinstance(self.screen, LabScreen):
            self.screen.say("copy.done")


if TYPE_CHECKING:

    def as_screens_ask(lab: Lab) -> TheLab:
        """Screens know the app by a protocol alone: here it is checked that the app is that."""
        return lab


def _why(error: Exception) -> str:
    """The system's own words, without number and path."""
    return (error.strerror if isinstance(error, OSError) else None) or str(error)
