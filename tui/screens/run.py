"""A run: the top line, the rail, one pane, the note box and the key line. Pane 0 is what happened since the last look.

Panes are made when first shown and then kept, so that a place is found again as it was left. Nothing here reads a
file or a database: the poller brings a `Look`, and everything is drawn from it.
"""

from __future__ import annotations

import asyncio
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from textual import events
from textual.app import ComposeResult
from textual.containers import Horizontal

from state.vocabulary import Phase
from tui import drafts, words
from tui.actions import bindings
from tui.language import tr
from tui.lines import Line, fitted, line
from tui.panes.pane import Pane, keys_now
from tui.panes.since import SincePane, happened, nothing_yet
from tui.screens.answering import Answering, has_form
from tui.screens.reading import Reading
from tui.screens.steering import Steering
from tui.text import clean, clip
from tui.widgets.canvas import Canvas
from tui.widgets.keyline import Key
from tui.widgets.rail import NARROW, WIDE, rail
from tui.widgets.rows import Place
from tui.widgets.topline import top_line

if TYPE_CHECKING:
    from tui.look import Look

PANES = {
    1: "ideation.IdeationPane",
    2: "literature.LiteraturePane",
    3: "plan.PlanPane",
    4: "data.DataPane",
    5: "experiments.ExperimentsPane",
    6: "results.ResultsPane",
    7: "report.ReportPane",
    8: "refinement.RefinementPane",
}
"""Where in tui/panes each phase's pane is; imported when it is first shown."""


def pane_of(number: int) -> Pane:
    """A new pane for a phase, by its number."""
    module, _, name = PANES[number].partition(".")
    made = getattr(import_module(f"tui.panes.{module}"), name)()
    assert isinstance(made, Pane)
    return made


class RunScreen(Answering, Steering, Reading):
    """One run of one project. `run` None: the newest, also one that is yet to begin."""

    BINDINGS = bindings("run")
    where: ClassVar[str] = "run"

    def __init__(self, folder: Path, run: int | None = None, look: Look | None = None) -> None:
        super().__init__(folder, look)
        self.run_id = run
        self.panes: dict[int, Pane] = {}
        self.since = SincePane()
        self.number: int | None = None
        self.folds = drafts.folds(folder)
        self.top = Canvas(self.draw_top, ground="side", id="top")
        self.rail_canvas = Canvas(self.draw_rail, ground="side", id="rail")
        self.pane_canvas = Canvas(self.draw_pane, id="pane")
        self.waiting: frozenset[int] = frozenset()
        self.looked_for = False  # whether the poller has said yet what lies there
        self.engine_up = True
        self.early = False
        self.experiment: int | None = None
        self.last_words: tuple[str, ...] = ()
        self.opening: set[Place] = set()

    def compose(self) -> ComposeResult:
        yield self.top
        with Horizontal(id="middle"):
            yield self.rail_canvas
            yield self.pane_canvas
        yield self.notebox
        yield self.key_canvas

    def on_screen_resume(self) -> None:
        self.follow()
        super().on_screen_resume()

    def on_mount(self) -> None:
        if self.look is not None:
            self.looked(self.look)

    # where one is

    @property
    def pane(self) -> Pane | SincePane:
        if not self.number:
            return self.since
        if self.number not in self.panes:
            pane = pane_of(self.number)
            self.panes[self.number] = pane
            if has_form(pane) and self.look is not None:
                from tui.screens import signing  # late, as its pane is

                pane.form = signing.kept(self.folder, self.look.run.id)
        return self.panes[self.number]

    @property
    def folded(self) -> bool:
        key = str(self.number or 0)
        if key in self.folds:
            return self.folds[key]
        pane = self.pane
        wants_width = pane.folds(self.look) if isinstance(pane, Pane) and self.look is not None else True
        if isinstance(pane, Pane) and pane.OUTLINES:
            return wants_width
        return wants_width and self.size.width < NARROW + 80

    def show(self, number: int) -> None:
        """Go to a pane. The mark *last looked* moves when pane 0 is left."""
        if self.number == 0 and number != 0:
            self.mark_looked()
        self.number = number
        self.lay_out()
        self.follow()

    def mark_looked(self) -> None:
        if self.look is not None:
            drafts.look_now(self.folder, self.look.run.id, self.look.now)

    def follow(self) -> None:
        """Tell the poller what is on screen."""
        phase = list(Phase)[self.number - 1].value if self.number else None
        pane = self.pane
        self.experiment = pane.experiment(self.look) if isinstance(pane, Pane) and self.look is not None else None
        self.lab.follow(self.folder, self.run_id, phase, self.experiment)

    def looked(self, look: Look) -> None:
        """News from the poller."""
        first = self.look is None or self.number is None
        self.say_refused(look)
        self.came, self.run_id = look, look.run.id
        look = self.look = self.decisions.seen(look)
        waits = frozenset(wait.id for wait in look.waits if wait.needs_word or wait.why in ("budget", "auth"))
        if waits - self.waiting and not first:
            self.lab.ring(tr("title.waits", run=look.title))
        elif not waits:
            self.lab.call_it(look.title)
        self.waiting = waits
        if first:
            self.open_first(look)
        elif (self.number or self.early) and not self.stays and look.at_work is not None:
            self.early = False
            number = Phase(look.at_work.phase).number
            if number != self.number:
                self.number = number
                self.follow()
        pane = self.pane
        if isinstance(pane, Pane):
            pane.edited = {
                wait.id: kept
                for wait in look.waits
                if (kept := drafts.draft(self.folder, f"edit-{wait.id}")) is not None
            }
        self.lay_out()

    def say_refused(self, look: Look) -> None:
        """A word left here that was not carried out, as soon as that is known: what was said of it holds no longer."""
        for event in reversed(look.events):
            if not self.lab.left:
                return
            word = event.facts.get("word")
            if word in self.lab.left and event.kind in ("word_taken", "word_refused"):
                self.lab.left.discard(str(word))
                self.decisions.over(str(word))
                if event.kind == "word_refused":
                    self.say_told(words.event(event.kind, event.facts))

    def nothing_yet(self, alive: bool, log: tuple[str, ...]) -> None:
        """The run is yet to begin."""
        self.looked_for, self.engine_up, self.last_words = True, alive, log
        self.repaint()

    def open_first(self, look: Look) -> None:
        """Pane 0 when something happened since the last look, else the phase at work."""
        busy = look.at_work or (look.phases[-1] if look.phases and look.run.state == "done" else None)
        self.early = busy is None and not happened(look)  # opened before its first phase began
        self.number = 0 if happened(look) or busy is None else Phase(busy.phase).number
        if not look.looked_at:
            drafts.look_now(self.folder, look.run.id, look.now)
        self.follow()

    # drawing

    def lay_out(self) -> None:
        """Widths of rail and pane; then draw."""
        width = WIDE if self.size.width >= 160 else NARROW
        self.rail_canvas.display = not self.folded and not self.too_small
        self.rail_canvas.styles.width = width
        self.call_after_refresh(self.repaint)
        self.repaint()

    def on_resize(self) -> None:
        self.lay_out()

    def repaint(self) -> None:
        super().repaint()
        pane = self.pane
        if isinstance(pane, Pane) and self.look is not None and pane.experiment(self.look) != self.experiment:
            self.follow()  # the cursor went to another experiment
        if isinstance(pane, Pane) and self.look is not None:
            self.open_inside(pane, self.look)
        if self.notebox.display:
            self.notebox.repaint()

    def open_inside(self, pane: Pane, look: Look) -> None:
        """Read the files that a pane shows inside itself, in a thread, those that it has not yet."""
        wanted = [place for place in pane.opens(look) if place not in pane.opened and place not in self.opening]
        if wanted and self.is_attached:
            self.opening.update(wanted)
            self.run_worker(self._open_inside(pane, look, wanted), group="inside")

    async def _open_inside(self, pane: Pane, look: Look, wanted: list[Place]) -> None:
        from tui.things import gather_inside

        try:
            pane.opened.update(await asyncio.to_thread(gather_inside, self.folder, look, wanted))
        finally:
            self.opening.difference_update(wanted)
        self.repaint()

    def draw_top(self, cells: int, rows: int) -> list[Line]:
        if self.too_small:
            return [self.too_small_line()]
        if self.look is None:
            return [line(" ", tr("run.beginning") if self.looked_for else clip(clean(self.folder.name), cells - 2))]
        return [top_line(self.look, cells)]

    def draw_rail(self, cells: int, rows: int) -> list[Line]:
        if self.look is None:
            return []
        here = list(Phase)[self.number - 1].value if self.number else None
        return rail(self.look, here, cells, rows)

    def draw_pane(self, cells: int, rows: int) -> list[Line]:
        if self.too_small:
            return []
        if self.look is None:
            return nothing_yet(self.engine_up, self.last_words, cells) if self.looked_for else []
        pane = self.pane
        if isinstance(pane, Pane):
            pane.quiet = self.notebox.display
        drawn = pane.draw(self.look, cells, rows, rail=not self.folded)
        return [fitted(row, cells - 1) for row in drawn]  # the last column stays empty

    def keys(self) -> list[Key]:
        if self.look is None:
            start = [] if self.engine_up or not self.last_words else [Key("p", "key.start_engine", "act('pause')")]
            return [*start, Key("?", "key.keys", "act('help')"), Key("q", "key.leave", "act('leave')")]
        pane = self.pane
        if not isinstance(pane, Pane):
            return pane.keys()
        return keys_now(pane, self.look, folded=self.folded)

    # going about

    def action_pane(self, number: str) -> None:
        self.stays = True
        self.show(int(number))

    def action_view(self, index: str) -> None:
        if isinstance(self.pane, Pane):
            self.pane.view = int(index)
            self.repaint()

    def action_act(self, ident: str) -> None:
        if ident.startswith("pane_"):
            self.stays = True
            self.show(int(ident[5:]))
        else:
            super().action_act(ident)

    def on_key(self, event: events.Key) -> None:
        pane = self.pane
        if has_form(pane) and pane.filling and self.question is None and self.prompt is None:
            from tui.screens import signing

            key = event.character if event.is_printable and event.character else event.key
            if signing.key_pressed(self, pane, key):
                event.stop()
                event.prevent_default()
            return
        super().on_key(event)

    def do_waits(self) -> None:
        """What waits, the next one on each press; else what works."""
        if self.look is None:
            return
        self.stays = False
        phases = [wait.phase for wait in self.look.undecided or self.look.waits if wait.phase]
        numbers = sorted({Phase(phase).number for phase in phases if phase})
        if numbers:
            self.show(next((number for number in numbers if number > (self.number or 0)), numbers[0]))
        elif self.look.at_work is not None:
            self.show(Phase(self.look.at_work.phase).number)

    def do_fold(self) -> None:
        folded = not self.folded
        self.folds[str(self.number or 0)] = folded
        drafts.fold(self.folder, str(self.number or 0), folded)
        self.lay_out()

    def do_open(self) -> None:
        if self.look is None:
            return
        pane = self.pane
        place = pane.chosen(self.look) if isinstance(pane, Pane) else self.since.table.chosen
        if place is not None:
            self.go(place)
        elif self.look.waits and self.open_wait() is None:
            self.answer_wait()

    def go(self, place: Place) -> None:
        """Where a row leads: a phase, an idea to pick, or a thing with a screen of its own."""
        if place.kind in ("phase", "event", "note"):
            phase = Phase.named(place.name) if place.name else None
            if phase is not None:
                self.show(phase.number)
        elif place.kind == "idea":
            self.pick(place.name)
        elif place.kind != "score":
            from tui.screens.thing import ThingScreen

            self.app.push_screen(ThingScreen(self.folder, self.look, place))

    def do_back_out(self) -> None:
        if self.number == 0:
            self.mark_looked()
        super().do_back_out()

    def leave(self) -> None:
        if self.number == 0:
            self.mark_looked()
        super().leave()
