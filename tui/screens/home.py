"""Home: what waits for me, what works, what rests; below it the chosen run and the machine.

With no project yet it is two rows: play the demo, or begin a project of one's own.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from textual.app import ComposeResult

from state.vocabulary import WordKind
from tui import drafts
from tui.actions import bindings
from tui.begin import begin_demo, begin_project
from tui.language import has, tr
from tui.lines import EMPTY, Line, Span, beside, bold, dim, ends, exactly, line
from tui.panes.since import beside_home
from tui.screens.frame import LabScreen, Prompt
from tui.screens.moving import Moving
from tui.text import clip, fit, width, wrap
from tui.widgets.canvas import Canvas
from tui.widgets.keyline import Key
from tui.widgets.rows import Place, Row, Rows
from tui.words import clock, gpu_hours, marked, money, of_limits, phase_short, place_name, symbol

if TYPE_CHECKING:
    from tui.look import Home, HomeRow, Look
    from tui.machine import Held, Host

WIDE, LIST = 160, 80
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
        self.look: Look | None = None
        self.beside: tuple[Path, int] | None = None
        self.top = Canvas(self.draw_top, ground="side", id="top")
        self.list = Canvas(self.draw_list, id="list")

    def compose(self) -> ComposeResult:
        yield self.top
        yield self.list
        yield self.key_canvas

    def on_screen_resume(self) -> None:
        if self.app.screen is self:  # not when a run was opened above it meanwhile
            self.lab.follow_home(self.beside)
        super().on_screen_resume()

    def looked(self, home: Home) -> None:
        self.home = home
        if self.is_mounted:
            self.repaint()

    def looked_at(self, look: Look) -> None:
        """News of the run beside the list."""
        self.look = look
        self.list.repaint()

    def repaint(self) -> None:
        super().repaint()
        if self.app.screen is not self:
            return
        row = self.chosen() if self.size.width >= WIDE and not self.too_small else None
        beside = (row.folder, row.run) if row is not None and row.run else None
        if beside != self.beside:  # the cursor went to another run
            self.beside, self.look = beside, None
            self.lab.follow_home(beside)

    def on_resize(self) -> None:
        self.repaint()

    # drawing

    def draw_top(self, cells: int, rows: int) -> list[Line]:
        if self.too_small:
            return [self.too_small_line()]
        counts = {group: sum(row.group == group for row in self.rows()) for group in GROUPS}
        parts: list[Span | str] = [bold("Nightlab")]
        if counts["waits"]:
            parts += ["  ", marked("waits_person", tr("home.top_waits", n=counts["waits"]))]
        if counts["at_work"]:
            parts += ["  ", marked("at_work", tr("home.top_at_work", n=counts["at_work"]))]
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
            drawn.append(Row(self.head(group, first=not drawn, cells=min(cells, LIST))))
            drawn += [self.row(row, min(cells, LIST)) for row in mine]
        self.table.show(drawn)
        below = self.below(min(cells, LIST))
        room = rows - len(below)
        drawn_rows = [*exactly(self.table.draw(min(cells, LIST), room), room), *below]
        if cells < WIDE or self.look is None:
            return drawn_rows
        right = beside_home(self.look, min(cells - LIST - 3, 100), rows)
        return beside(drawn_rows, [line(Span("│ ", "line"), row) for row in exactly(right, rows)], LIST, cells - LIST)

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
        title = row.title
        now = self.home.now if self.home is not None else 0
        since = clock(row.since_at, now) if row.since_at else "—"
        numbers = fit(since, 6, right=True) + fit(money(row.micros), 8, right=True)
        numbers += fit(gpu_hours(row.gpu_s), 8, right=True)
        text = clip(told(row), cells - 45)
        shown = line(" ", Span(mark, role), f" {fit(title, 16)} ", fit(text, cells - 44), numbers)
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
            room = cells - 16
            about = (
                wrap(broken(row), room)[:3] if row.error is not None else [row.question, mode(row), costs(row, room)]
            )
            for index, text in enumerate(fact for fact in about if fact):
                lead = fit(row.title if index == 0 else "", 12)
                role = "text" if index == 0 or row.error is not None else "dim"
                lines.append(line(" ", bold(lead), " ", Span(clip(text, room), role)))
            lines += [EMPTY] * (5 - len(lines))
        if self.home is not None and self.home.machine.cores:
            label = fit(tr("home.machine"), 12)
            for text in machine(self.home.machine, cells - 16):
                lines.append(line(" ", dim(label), " ", dim(clip(text, cells - 16))))
                label = fit("", 12)
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
        row = self.chosen()
        return [
            Key("Enter", "key.open" if row is None or row.error is None else "key.edit_project", "act('open')"),
            Key("+", "key.new", "act('new')"),
            Key("n", "key.note", "act('note')"),
            Key("/", "key.find", "act('search')"),
            *last,
        ]

    # doing

    def redraw(self) -> None:
        self.repaint()

    def pressed_row(self, canvas: Canvas, row: int) -> None:
        if canvas is self.list:
            self.table.click(row)
            self.list.repaint()

    def do_open(self) -> None:
        place = self.table.chosen
        if place is None:
            return
        row = self.chosen()
        if row is not None and row.error is not None:
            self.mend(row)
        elif place.kind == "run":
            self.lab.open_run(Path(place.name), place.number or None)
        elif place.kind == "demo":
            self.do_demo()
        else:
            self.do_new()

    def mend(self, row: HomeRow) -> None:
        """A project whose project.toml is wrong: that file in the person's own editor. Nothing else is mended so."""
        file = row.folder / "project.toml"
        if row.error is None or not row.error.key.startswith("project.") or not file.is_file():
            self.say_told(broken(row))
            return

        async def mend() -> None:
            from tui.screens.editor import opened_elsewhere

            await opened_elsewhere(self, file)
            self.lab.hurry()

        self.run_worker(mend(), name="editor", exclusive=True)

    def do_search(self) -> None:
        def typed(text: str) -> None:
            self.sought = text

        self.ask_text(Prompt("/", typed, typed, left=lambda: typed("")))

    def do_note(self) -> None:
        row = self.chosen()
        if row is None or not row.run:
            return

        draft = f"note-{row.run}"  # the same that the run's own note box keeps
        kept = drafts.draft(row.folder, draft)

        def typed(text: str) -> None:
            drafts.save_draft(row.folder, draft, text.encode())

        def done(text: str) -> None:
            def left(word: str | None) -> None:
                if word is not None:  # what could not be left stays a draft
                    drafts.drop_draft(row.folder, draft)

            if text.strip():
                self.lab.leave_word(row.folder, WordKind.NOTE, {"run": row.run, "text": text.strip()}, left)
                self.say("said.note_left")

        text = " ".join(kept.decode("utf-8", "replace").split()) if kept else ""
        keys = "prompt.keys_note"
        self.ask_text(Prompt(tr("home.note_to", run=row.title), typed, done, text=text, keys=keys))

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
    """What a run does or waits for, in words; why a project cannot be read, in few."""
    facts = {name: phase_short(value) if name == "phase" else value for name, value in row.facts.items()}
    if has(row.key):
        return tr(row.key, **facts)
    return broken(row) if row.error is not None else row.key


def broken(row: HomeRow) -> str:
    """Why a project cannot be read, in whole sentences."""
    from tui.told import refusal  # with every event's class, which the first frame does not wait for

    return refusal(row.error) if row.error is not None else ""


def mode(row: HomeRow) -> str:
    """`co-pilot, every checkpoint · after this one: data, about 5 min after you approve`."""
    if not row.autonomy:
        return ""
    parts = [tr(f"autonomy.{row.autonomy}")]
    if row.autonomy == "co-pilot":
        parts[0] += tr("home.every_checkpoint") if row.every else tr("home.some_checkpoints", n=row.stops)
    if row.following is not None and (row.autonomy == "co-pilot" or row.after):
        stop = tr(f"product.{row.following}") if row.following else tr("rail.next.end")
        next_one = tr("home.after" if row.after else "home.next", stop=stop)
        if row.took_s:
            next_one += tr("word.comma") + tr("home.minutes", n=max(round(sum(row.took_s) / 120), 1))
        parts.append(next_one)
    return " · ".join(parts)


def costs(row: HomeRow, cells: int) -> str:
    """What the run cost of its limits, and where it lies, as far as there is room."""
    folder = place_name(row.folder)
    if not row.run:
        return folder
    spent = tr("home.costs", **of_limits(row.micros, row.limit_micros, row.gpu_s, row.limit_gpu_s))
    with_folder = f"{spent} · {folder}"
    return with_folder if width(with_folder) <= cells else spent


def machine(host: Host, cells: int) -> list[str]:
    """The cards, as many beside each other as there is room for; then cores, disk and sandbox."""
    cards = [card(held) for held in host.gpus] or [tr("home.no_gpu")]
    rows = [cards[0]]
    for told in cards[1:]:
        beside = f"{rows[-1]}     {told}"
        rows[-1:] = [beside] if width(beside) <= cells else [rows[-1], told]
    facts = tr("home.machine_free", free=str(host.free_cores), cores=str(host.cores), disk=f"{host.disk_gb:,.0f}")
    facts += f" · {tr('rail.sandbox')} {tr(f'tier.{host.tier}')}" if host.tier else ""
    if not host.gpus and width(f"{cards[0]} · {facts}") <= cells:
        return [f"{cards[0]} · {facts}"]
    return [*rows[:4], facts]


def card(held: Held) -> str:
    """`GPU 0 H100 80 GB: lr-warmup e14, 31 GB`, or who else is there, or that it is free."""
    gpu = held.gpu
    name = tr("home.gpu", index=str(gpu.index), name=gpu.name, memory=str(gpu.memory_gb))
    if held.who:
        return name + tr("home.gpu_by", who=held.who, used=str(gpu.used_gb))
    if held.leased:
        return name + tr("home.gpu_by", who=tr("home.gpu_leased"), used=str(gpu.used_gb))
    return name + (
        tr("home.gpu_by", who=tr("home.gpu_others"), used=str(gpu.used_gb)) if gpu.used_gb >= 1 else tr("home.gpu_free")
    )
