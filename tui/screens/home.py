"""Home: what waits for me, what works, what rests; below it the chosen run and the machine.

With no project yet it is two rows: play the demo, or begin a project of one's own.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar

from textual.app import ComposeResult

from state.vocabulary import WordKind
from tui import drafts
from tui.actions import bindings
from tui.begin import begin_demo, begin_project
from tui.language import has, tr
from tui.lines import EMPTY, Line, Span, bold, dim, ends, line
from tui.look import Home, HomeRow
from tui.screens.frame import LabScreen, Prompt
from tui.screens.moving import Moving
from tui.text import clip, fit
from tui.widgets.canvas import Canvas
from tui.widgets.keyline import Key
from tui.widgets.rows import Place, Row, Rows
from tui.words import clock, gpu_hours, money, phase_short, symbol

GROUPS = ("waits", "at_work", "at_rest")


class HomeScreen(Moving, LabScreen):
    """All runs of all projects."""

    BINDINGS = bindings("home")
    where: ClassVar[str] = "home"

    def __init__(self, home: Home | None = None) -> None:
        super().__init__()
        self.home = home
        self.table = Rows()
        self.sought = ""
        self.top = Canvas(self.draw_top, ground="side", id="top")
        self.list = Canvas(self.draw_list, id="list")

    def compose(self) -> ComposeResult:
        yield self.top
        yield self.list
        yield self.key_canvas

    def on_screen_resume(self) -> None:
        if self.is_current:  # not when a run was opened above it meanwhile
            self.lab.follow(None)
        super().on_screen_resume()

    def looked(self, home: Home) -> None:
        self.home = home
        if self.is_mounted:
            self.repaint()

    # drawing

    def draw_top(self, cells: int, rows: int) -> list[Line]:
        if self.too_small:
            return [self.too_small_line()]
        counts = {group: sum(row.group == group for row in self.rows()) for group in GROUPS}
        parts: list[Span | str] = [bold("Nightlab")]
        if counts["waits"]:
            parts += ["  ", Span(f"◆ {tr('home.top_waits', n=counts['waits'])}", "you")]
        if counts["at_work"]:
            parts += ["  ", Span(f"● {tr('home.top_at_work', n=counts['at_work'])}", "live")]
        where = tr("home.where", host=self.home.host, zone=self.home.zone) if self.home else ""
        return [ends(cells, line(*parts), dim(where))]

    def rows(self) -> Sequence[HomeRow]:
        found = self.home.rows if self.home is not None else ()
        words = self.sought.casefold().split()
        return [row for row in found if all(word in f"{row.project} {told(row)}".casefold() for word in words)]

    def draw_list(self, cells: int, rows: int) -> list[Line]:
        if self.too_small or self.home is None:
            return []
        if not self.home.rows:
            return self.draw_first(cells, rows)
        drawn: list[Row] = []
        for group in GROUPS:
            mine = [row for row in self.rows() if row.group == group]
            if not mine:
                continue
            if drawn:
                drawn.append(Row(EMPTY))
            drawn.append(Row(self.head(group, first=not drawn, cells=min(cells, 80))))
            drawn += [self.row(row, min(cells, 80)) for row in mine]
        self.table.show(drawn)
        below = self.below(min(cells, 80))
        room = rows - len(below)
        table = self.table.draw(cells, room)
        return [*table, *([EMPTY] * (room - len(table))), *below]

    def draw_first(self, cells: int, rows: int) -> list[Line]:
        """No project yet."""
        self.table.show(
            [
                Row(line("   ", Span(fit("d", 4), "you"), tr("home.play_demo")), Place("demo")),
                Row(line("   ", Span(fit("+", 4), "you"), tr("home.new_project")), Place("new")),
            ]
        )
        return [EMPTY, *self.table.draw(cells, 2)]

    def head(self, group: str, *, first: bool, cells: int) -> Line:
        right = ""
        if first:
            right = (
                fit(tr("home.since"), 5, right=True) + fit("$", 8, right=True) + fit(tr("home.gpu_h"), 8, right=True)
            )
        return ends(cells, dim(tr(f"home.group.{group}")), dim(f"{right} ") if right else "")

    def row(self, row: HomeRow, cells: int) -> Row:
        mark, role = symbol(row.symbol)
        title = f"{row.project}/{row.run}" if row.run else row.project
        now = self.home.now if self.home is not None else 0
        since = clock(row.since_at, now) if row.since_at else "—"
        numbers = fit(since, 6, right=True) + fit(money(row.micros), 8, right=True)
        numbers += fit(gpu_hours(row.gpu_s), 8, right=True)
        text = clip(told(row), cells - 46)
        shown = line(" ", Span(mark, role), f" {fit(title, 16)} ", fit(text, cells - 45), numbers)
        return Row(shown, Place("run", str(row.folder), row.run))

    def chosen(self) -> HomeRow | None:
        place = self.table.chosen
        if place is None or place.kind != "run":
            return None
        return next((row for row in self.rows() if (str(row.folder), row.run) == (place.name, place.number)), None)

    def below(self, cells: int) -> list[Line]:
        """The chosen run in three lines, and the machine."""
        row = self.chosen()
        lines: list[Line] = [EMPTY]
        if row is not None:
            title = f"{row.project}/{row.run}" if row.run else row.project
            facts = [row.question, tr(f"autonomy.{row.autonomy}") if row.autonomy else "", str(row.folder)]
            for index, text in enumerate(fact for fact in facts if fact):
                lead = fit(title if index == 0 else "", 12)
                lines.append(line(" ", bold(lead), " ", Span(clip(text, cells - 16), "text" if index == 0 else "dim")))
            lines.append(EMPTY)
        if self.home is not None and self.home.cores:
            free = tr("home.machine_free", cores=str(self.home.cores), disk=f"{self.home.disk_gb:,.0f}")
            lines.append(line(" ", dim(fit(tr("home.machine"), 12)), " ", dim(clip(free, cells - 16))))
        return lines

    def keys(self) -> Sequence[Key]:
        last = [
            Key("o", "key.options", "act('options')"),
            Key("?", "key.keys", "act('help')"),
            Key("q", "key.leave", "act('leave')"),
        ]
        if self.home is None or not self.home.rows:
            begin = [Key("d", "key.demo", "act('demo')"), Key("+", "key.new", "act('new')")]
            return [Key("Enter", "key.open", "act('open')"), *begin, *last]
        return [
            Key("Enter", "key.open", "act('open')"),
            Key("+", "key.new", "act('new')"),
            Key("n", "key.note", "act('note')"),
            Key("/", "key.find", "act('search')"),
            *last,
        ]

    # doing

    def redraw(self) -> None:
        self.list.repaint()

    def pressed_row(self, canvas: Canvas, row: int) -> None:
        if canvas is self.list:
            self.table.click(row)
            self.list.repaint()

    def do_open(self) -> None:
        place = self.table.chosen
        if place is None:
            return
        if place.kind == "run":
            self.open_run(Path(place.name), place.number or None)
        elif place.kind == "demo":
            self.do_demo()
        else:
            self.do_new()

    def open_run(self, folder: Path, run: int | None = None) -> None:
        from tui.screens.run import RunScreen

        self.app.push_screen(RunScreen(folder, run))
        self.lab.follow(folder, run)

    def do_search(self) -> None:
        def typed(text: str) -> None:
            self.sought = text

        self.ask_text(Prompt("/", typed, typed))

    def do_note(self) -> None:
        row = self.chosen()
        if row is None or not row.run:
            return

        draft = f"note-{row.run}"  # the same that the run's own note box keeps
        kept = drafts.draft(row.folder, draft)

        def typed(text: str) -> None:
            drafts.save_draft(row.folder, draft, text.encode())

        def done(text: str) -> None:
            if text.strip():
                drafts.drop_draft(row.folder, draft)
                self.lab.leave_word(row.folder, WordKind.NOTE, {"run": row.run, "text": text.strip()})
                self.say("said.note_left")

        text = " ".join(kept.decode("utf-8", "replace").split()) if kept else ""
        self.ask_text(Prompt(tr("home.note_to", run=f"{row.project}/{row.run}"), typed, done, text=text))

    def do_demo(self) -> None:
        self.lab.begin(begin_demo, Path.cwd() / "nightlab-demo")

    def do_new(self) -> None:
        def named(name: str) -> None:
            if name.strip():
                prompt = Prompt(tr("home.new_question"), lambda _: None, lambda question: asked(name.strip(), question))
                self.ask_text(prompt)

        def asked(name: str, question: str) -> None:
            if question.strip():
                self.lab.begin(begin_project, Path.cwd() / name, question.strip())

        self.ask_text(Prompt(tr("home.new_folder"), lambda _: None, named))


def told(row: HomeRow) -> str:
    """What a run does or waits for, in words."""
    facts = {name: phase_short(value) if name == "phase" else value for name, value in row.facts.items()}
    return tr(row.key, **facts) if has(row.key) else row.key
