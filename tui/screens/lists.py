"""The lists that fill the window: all keys and actions, the palette, the options. Made from the registry of actions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual import events
from textual.app import ComposeResult

from state.vocabulary import Language
from tui import drafts
from tui.actions import GROUPS, REGISTRY, Action, bindings, shown_keys
from tui.language import current, told, tr, use
from tui.lines import EMPTY, Line, Span, bold, dim, ends, line
from tui.screens.frame import LabScreen, Prompt
from tui.screens.moving import Moving
from tui.text import fit
from tui.theme import THEMES
from tui.widgets.canvas import Canvas
from tui.widgets.keyline import Key
from tui.widgets.rows import Place, Row, Rows


class ListScreen(Moving, LabScreen):
    """A title and a list in the whole window; Enter does what the row says, Esc closes."""

    BINDINGS = bindings("list")
    where: ClassVar[str] = "list"
    title_key = ""
    finds = False
    """Whether `/` narrows the list."""

    def __init__(self) -> None:
        super().__init__()
        self.table = Rows()
        self.canvas = Canvas(self.draw_list, id="list")

    def compose(self) -> ComposeResult:
        yield self.canvas
        yield self.key_canvas

    def entries(self) -> list[Row]:
        return []

    def chose(self, place: Place) -> None:
        """Enter on a row."""

    def draw_list(self, cells: int, rows: int) -> list[Line]:
        if self.too_small:
            return [self.too_small_line()]
        self.table.show(self.entries())
        return [ends(cells, bold(tr(self.title_key))), EMPTY, *self.table.draw(cells, rows - 2)]

    def keys(self) -> Sequence[Key]:
        find = [Key("/", "key.find", "act('search')")] if self.finds else []
        return (
            Key("↑↓", "key.choose"),
            Key("Enter", "key.do", "act('open')"),
            *find,
            Key("Esc", "key.close", "act('back_out')"),
        )

    def do_back_out(self) -> None:
        self.dismiss()

    do_leave = do_back_out

    def do_open(self) -> None:
        if self.table.chosen is not None:
            self.chose(self.table.chosen)

    def redraw(self) -> None:
        self.canvas.repaint()

    def pressed_row(self, canvas: Canvas, row: int) -> None:
        if canvas is self.canvas and row >= 2:
            self.table.click(row - 2)
            self.canvas.repaint()
            self.do_open()


class ActionsScreen(ListScreen):
    """Actions of the screen below; choosing one does it there."""

    finds = True

    def __init__(self, of: str) -> None:
        super().__init__()
        self.of = of
        self.sought = ""

    def actions(self) -> list[Action]:
        return [one for one in REGISTRY if self.of in one.where and self.matches(one)]

    def matches(self, one: Action) -> bool:
        """Found by a part of its name in either language."""
        names = " ".join(told(language, one.label).casefold() for language in Language)
        return all(word in names for word in self.sought.casefold().split())

    def row_of(self, one: Action) -> Row:
        return Row(line("   ", Span(fit(shown_keys(one), 16), "you"), tr(one.label)), Place("action", one.id))

    def chose(self, place: Place) -> None:
        below = self.app.screen_stack[-2]
        self.dismiss()
        if isinstance(below, LabScreen):
            self.app.call_later(below.action_act, place.name)

    def do_search(self) -> None:
        self.ask_text(Prompt("/", self.typed, self.typed, left=lambda: self.typed("")))

    def typed(self, text: str) -> None:
        self.sought = text
        self.table.to_end(False)


class HelpScreen(ActionsScreen):
    """All keys that work on the screen below, in groups."""

    title_key = "help.title"

    def entries(self) -> list[Row]:
        rows: list[Row] = []
        for group in GROUPS:
            mine = [one for one in self.actions() if one.group == group and one.keys]
            if mine:
                rows += [*([Row(EMPTY)] if rows else []), Row(line(" ", dim(tr(f"help.{group}"))))]
                rows += [self.row_of(one) for one in mine]
        return rows


class PaletteScreen(ActionsScreen):
    """Every action, found by typing a part of its name."""

    title_key = "palette.title"

    def on_mount(self) -> None:
        self.do_search()

    def entries(self) -> list[Row]:
        return [self.row_of(one) for one in self.actions()]

    def do_search(self) -> None:
        keys = "prompt.keys_palette"
        self.ask_text(Prompt(tr("palette.prompt"), self.typed, lambda _: self.do_open(), keys=keys))

    def prompted(self, event: events.Key) -> None:
        if event.key in ("up", "down"):
            self._moved(1 if event.key == "down" else -1)
        elif event.key == "escape":
            self.do_back_out()
        else:
            super().prompted(event)


class OptionsScreen(ListScreen):
    """Language, theme, symbols; chosen at once and kept for the next time."""

    title_key = "options.title"

    def entries(self) -> list[Row]:
        kept = drafts.interface()
        rows = [Row(line(" ", dim(tr("options.language"))))]
        rows += [self._row("language", one.value, current() == one) for one in Language]
        rows += [Row(EMPTY), Row(line(" ", dim(tr("options.theme"))))]
        rows += [self._row("theme", name, self.lab.palette.name == name) for name in THEMES]
        rows += [Row(EMPTY), Row(line(" ", dim(tr("options.symbols"))))]
        plain = "ascii" if self.lab.plain_symbols else kept.get("symbols", "full")
        rows += [self._row("symbols", name, plain == name) for name in ("full", "ascii")]
        rows += [Row(EMPTY), Row(line(" ", dim(tr("options.more"))))]
        rows += [Row(line("   ", tr("options.limits"))), Row(line("   ", tr("options.models")))]
        return rows

    def _row(self, name: str, value: str, chosen: bool) -> Row:
        mark = Span("◆", "you") if chosen else Span(" ")
        return Row(line(" ", mark, " ", tr(f"options.{name}.{value}")), Place(name, value))

    def chose(self, place: Place) -> None:
        drafts.choose(place.kind, place.name)
        if place.kind == "language":
            use(Language(place.name))
        elif place.kind == "theme":
            self.lab.wear(place.name)
        else:
            self.lab.plain_symbols = place.name == "ascii"
        self.lab.repaint_all()


__all__ = ["HelpScreen", "OptionsScreen", "PaletteScreen"]
