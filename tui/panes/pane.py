"""A phase's pane: a title with its views, a notice where something is wrong, a body, and choices where it waits.

A pane holds where one reads and which view is open; what it shows comes from the `Look` it is drawn with. Each phase
has a file of its own with its bodies: methods `body_<view>` that fill the rows they are given.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, ClassVar, Protocol

from state.vocabulary import Choice, Phase
from tui.decided import decision
from tui.language import current, tr
from tui.lines import EMPTY, Line, Part, Span, beside, bold, dim, ends, exactly, line
from tui.panes.code import code_changes
from tui.panes.document import body_of, changes, document, facts_block, merged
from tui.panes.turns import turn_of
from tui.text import clip
from tui.widgets.choices import choices, forecast, yours
from tui.widgets.keyline import Key
from tui.widgets.notice import last_words, notice_for, notice_lines, under
from tui.widgets.page import Page
from tui.widgets.rail import strip
from tui.widgets.rows import Place, Rows
from tui.widgets.talk import Talk
from tui.words import phase_name

if TYPE_CHECKING:
    from state.rows import Turn, WaitRow
    from tui.look import Look, Made
    from tui.things import Thing

BESIDE = 140
TALK = 96
"""Cells of a talk at most; its times stand at the end of them."""
HOLDS_UP = frozenset({"network", "auth", "budget", "disk", "trouble"})
"""While one of these is waited for no call is made, so nobody writes."""


class Reads(Protocol):
    """What arrows and pages move."""

    def move(self, rows: int) -> None: ...
    def to_end(self, last: bool) -> None: ...


class Pane:
    """One phase on screen. `edited` holds a person's own version of the product that waits, by wait."""

    VIEWS: ClassVar[tuple[str, ...]] = ("talk",)
    CHECK_VIEWS: ClassVar[tuple[str, ...]] = ()
    FOLDED: ClassVar[bool] = False
    OUTLINES: ClassVar[bool] = False
    """It has an outline of its own in the rail's place: the rail starts folded at every width."""
    PRODUCT: ClassVar[str] = ""
    """The view that a phase which is over opens on."""
    BRIEF: ClassVar[bool] = False
    HAS_FORM: ClassVar[bool] = False
    NARROW: ClassVar[frozenset[str]] = frozenset(
        {"talk", "draft", "plan", "interpretation", "review", "card", "code", "ideas"}
    )
    TALKS: ClassVar[frozenset[str]] = frozenset({"talk"})

    def __init__(self, phase: Phase) -> None:
        self.phase = phase
        self.view = 0
        self.talk = Talk()
        self.pages: dict[str, Page] = {}
        self.lists: dict[str, Rows] = {}
        self.edited: Mapping[int, bytes] = {}
        self.quiet = False
        self.cells = 0
        self.in_second = False
        self.opened: dict[Place, Thing] = {}
        self._had_wait = False
        self._opened = False

    # what is open

    def wait(self, look: Look) -> WaitRow | None:
        wait = look.wait_of(self.phase)
        return wait if wait is not None and wait.why == "checkpoint" else None

    def undecided(self, look: Look) -> WaitRow | None:
        """The checkpoint that stands here, while nobody decided."""
        wait = self.wait(look)
        return wait if wait is not None and wait.id not in look.decided else None

    def views(self, look: Look) -> tuple[str, ...]:
        return self.CHECK_VIEWS if self.CHECK_VIEWS and self.wait(look) else self.VIEWS

    def open_view(self, look: Look) -> str:
        views = self.views(look)
        waits = self.wait(look) is not None
        row = look.phase(self.phase)
        if not self._opened and row is not None:
            self._opened = True
            if row.state == "done" and not waits and self.PRODUCT in views and look.newest(self.phase):
                self.view = views.index(self.PRODUCT)
        if waits != self._had_wait:
            self._had_wait, self.view = waits, 0
        self.view %= len(views)
        return views[self.view]

    def turn_view(self, look: Look, step: int) -> None:
        self.open_view(look)
        self.view = self._following(look) if step > 0 else (self.view + step) % len(self.views(look))
        self.in_second = False

    def next_view(self, look: Look) -> str:
        return self.views(look)[self._following(look)]

    def _following(self, look: Look) -> int:
        """The view after the open one; after both of them where the next one stands beside it."""
        count = len(self.views(look))
        both = self.stands_beside(look) and count > 2 and self.wait(look) is None
        return (self.view + 1 + both) % count

    def stands_beside(self, look: Look) -> bool:
        """Whether a second view stands beside the open one."""
        return self.cells >= BESIDE and self.open_view(look) in self.NARROW and len(self.views(look)) > 1

    def second_view(self, look: Look) -> str:
        """What stands beside the open view where there is room for two: the talk beside a product that waits."""
        views, view = self.views(look), self.open_view(look)
        if self.wait(look) is not None and "talk" in views and view != "talk":
            return "talk"
        return views[(self.view + 1) % len(views)]

    def page(self, name: str) -> Page:
        return self.pages.setdefault(name, Page())

    def rows(self, name: str) -> Rows:
        return self.lists.setdefault(name, Rows())

    def reads(self, look: Look) -> Reads:
        """What the arrows move in the open view, or in the one beside it."""
        view = self.open_view(look)
        if self.in_second and self.stands_beside(look):
            view = self.second_view(look)
        if view in self.TALKS:
            return self.talk
        return self.lists[view] if view in self.lists else self.page(view)

    def searched(self, look: Look) -> Reads:
        """What `/` looks through."""
        return self.reads(look)

    def turn_page(self, look: Look, step: int, rows: int) -> None:
        """PgUp and PgDn: `rows` is about a screenful."""
        self.reads(look).move(step * rows)

    def chosen(self, look: Look) -> Place | None:
        reads = self.reads(look)
        return reads.chosen if isinstance(reads, Rows) else None

    def folds(self, look: Look) -> bool:
        """Whether the rail starts folded here below 100 columns."""
        return self.FOLDED or self.wait(look) is not None

    def opens(self, look: Look) -> tuple[Place, ...]:
        """The things that this pane shows inside itself: whoever reads files puts them into `opened`."""
        return ()

    def here(self, look: Look) -> str:
        """Where in a long text one reads, for a note that is left there; empty where there is no such place."""
        return ""

    def experiment(self, look: Look) -> int | None:
        """The experiment whose curve and log this pane shows, where it shows any."""
        return None

    def turn(self, look: Look, step: int = 1) -> None:
        """Tab: the next part; here the view that stands beside the open one."""
        self.in_second = not self.in_second and self.stands_beside(look)

    def side(self, look: Look, step: int) -> None:
        """←→: columns or branches, where there are any."""

    # what it looks like

    def draw(self, look: Look, cells: int, rows: int, *, rail: bool) -> list[Line]:
        self.cells = cells
        view = self.open_view(look)
        lines = [self.title(look, cells, rail)]
        notice = notice_for(look, self.phase)
        sub = self.sub(look, view, cells)
        told = sub is not None and (notice is None or rail)
        if told:
            lines.append(EMPTY)
        if notice is not None:
            lines += [EMPTY, *notice_lines(notice, cells)]
            lines += under(look, notice, cells, rows - len(lines))
        foot = self.foot(look, cells, view)
        foot = [*last_words(look, notice, cells, rows - len(lines) - len(foot)), *foot]
        room = max(rows - len(lines) - len(foot), 0)
        body = exactly(self.body(look, view, cells, room), room)
        if told:  # only now is it known which lines of the text are seen
            lines[1] = self.sub(look, view, cells) or EMPTY
        return [*lines, *body, *foot]

    def body(self, look: Look, view: str, cells: int, rows: int) -> list[Line]:
        """The open view; where there is room for two, the next one beside it."""
        one: Callable[[Look, int, int], list[Line]] = getattr(self, f"body_{view}")
        if not self.stands_beside(look):
            return one(look, cells, rows)
        half = cells // 2
        two: Callable[[Look, int, int], list[Line]] = getattr(self, f"body_{self.second_view(look)}")
        return beside(exactly(one(look, min(half, 84), rows), rows), two(look, cells - half, rows), half, cells - half)

    def title(self, look: Look, cells: int, rail: bool) -> Line:
        name = tr("pane.title", number=str(self.phase.number), name=phase_name(self.phase))
        name += self.title_more(look)
        views: list[Part] = []
        open_view, second = self.open_view(look), self.second_view(look) if self.stands_beside(look) else ""
        for index, view in enumerate(self.views(look)):
            label = tr(f"view.{view}")
            press = f"view({index})"
            arrows = view == (second if second and self.in_second else open_view)
            shown = view in (open_view, second)
            views += [
                "  " if index else "",
                Span(f"[{label}]", "text", press, arrows) if shown else Span(label, "dim", press),
            ]
        if rail:
            return ends(cells, bold(name), line(*views))
        folded = strip(look)
        room = cells - folded.width - 4
        while len(views) > 4 and line(bold(name), "   ", *views).width > room:
            views = views[:-2] if self.view < len(views) // 2 - 1 else ["", *views[3:]]
        return ends(cells, line(bold(name), "   ", *views), folded)

    def title_more(self, look: Look) -> str:
        """Which visit this is, where there were several."""
        row = look.phase(self.phase)
        return tr("pane.visit", number=str(row.visits)) if row is not None and row.visits > 1 else ""

    def sub(self, look: Look, view: str, cells: int) -> Line | None:
        """The row under the title: turns and who leads, or which version waits."""
        wait = self.wait(look)
        if wait is not None and view == self.CHECK_VIEWS[0] if self.CHECK_VIEWS else False:
            return self.version_line(look, wait, cells)
        row = look.phase(self.phase)
        if view != "talk" or row is None:
            return None
        turns = turn_of(look, row)
        lead = tr(f"pane.lead.{self.phase}")
        return line(" ", dim(f"{turns} · {lead}" if turns else lead))

    def version_line(self, look: Look, wait: WaitRow | None, cells: int) -> Line:
        made = look.newest(self.phase)
        name = tr(f"product.{self.phase}")
        text = tr("check.version", product=name, version=str(made.row.version if made else 1))
        edited = self.edits(wait, made)
        if made is not None and edited is not None:
            added, taken = changes(made.text, edited)
            text += tr("check.edited", added=str(added), taken=str(taken))
        if wait is not None and wait.facts.get("refusal"):
            text += tr("check.refused")
        elif wait is not None and wait.facts.get("unfinished"):
            text += tr("check.unfinished")
        page = self.pages.get(self.views(look)[self.view])
        where = ""
        if page is not None and len(page.lines) > page.height:
            first, last, total = page.span
            where = tr("page.lines", first=str(first), last=str(last), total=str(total))
        return ends(cells, dim(text), dim(where))

    def edits(self, wait: WaitRow | None, made: Made | None) -> str | None:
        """The person's own version of the product that waits, if there is one."""
        if wait is None or made is None or wait.id not in self.edited:
            return None
        return self.edited[wait.id].decode("utf-8", "replace")

    def foot(self, look: Look, cells: int, view: str) -> list[Line]:
        wait = self.wait(look)
        if self.quiet:
            return [EMPTY]
        if wait is None:
            return []
        if (left := decision(look, wait)) is not None:
            return [EMPTY, line(" ", Span(f"{left.mark} ", left.role), Span(clip(left.text, cells - 4), left.role))]
        if self.BRIEF:
            return [EMPTY, *yours(wait, cells), *choices(wait, cells, brief=True)]
        return [EMPTY, *forecast(wait, cells), *yours(wait, cells), *choices(wait, cells)]

    def keys(self, look: Look, *, folded: bool) -> list[Key]:
        """The keys that the key line offers, in order."""
        middle = []
        if len(self.views(look)) > 1:
            middle.append(Key("]", f"view.{self.next_view(look)}", "act('view_next')"))
        if self.stands_beside(look):
            middle.append(Key("Tab", "key.beside", "act('part')"))
        fold = Key("z", "key.open_rail" if folded else "key.fold_rail", "act('fold')")
        last = [Key("?", "key.keys", "act('help')"), Key("q", "key.leave", "act('leave')")]
        if self.wait(look) is not None:
            reads = [Key("↑↓", "key.read"), *middle, fold, Key("/", "key.search", "act('search')")]
            if self.chosen(look) is not None:
                reads = [Key("Enter", "key.open", "act('open')"), Key("↑↓", "key.row"), *middle, fold]
            start = [Key("p", pause_label(look), "act('pause')")] if look.engine_missing else []
            return [*start, *reads, Key("y", "key.copy", "act('copy')"), *last]
        pause = [Key("p", pause_label(look), "act('pause')")]
        if look.run.state in ("done", "failed") or (look.waits and not look.undecided and not look.engine_missing):
            pause = []
        asked = next((one for one in look.undecided if one.why != "checkpoint" and one.needs_word), None)
        if asked is not None and not look.engine_missing and asked.why != "budget":
            answer = Key("a", "key.answer", "act('approve')")
            return [answer, *pause, Key("n", "key.note", "act('note')"), *middle, fold, *last]
        if look.run.state in ("done", "failed"):
            return [Key("n", "key.note", "act('note')"), *middle, fold, Key("f", "key.fork", "act('fork')"), *last]
        note, call = Key("n", "key.note", "act('note')"), Key("c", "key.checkpoint", "act('checkpoint')")
        if look.engine_missing or (look.waits and look.waits[0].why == "network"):
            return [*pause, note, call, *middle, fold, *last]
        if (open_ := look.undecided) and open_[0].why == "budget" and Choice.RAISE.value in open_[0].choices:
            limit = Key("m", "key.limit", "act('limit')")
            return [limit, call, Key("s", "key.stop", "act('stop')"), note, *middle, *last]
        return [note, call, *pause, *middle, fold, *last]

    # bodies that several phases share

    def body_talk(self, look: Look, cells: int, rows: int) -> list[Line]:
        cut = any(wait.why in HOLDS_UP for wait in look.waits)
        said = self.said(look, look.turns.get(self.phase, ()))
        self.talk.show(said, min(cells, TALK), look.now, cut or look.engine_missing)
        return [EMPTY, *self.talk.draw(cells, rows - 1)]

    def said(self, look: Look, turns: Sequence[Turn]) -> Sequence[Turn]:
        """The turns as they are read."""
        return turns

    def product_page(self, name: str, look: Look, cells: int, rows: int, *, only_changes: bool = False) -> list[Line]:
        """The newest product as a page, with the person's edits, or how it changed since the version before."""
        made = look.newest(self.phase)
        if made is None:
            return [EMPTY, line("   ", dim(tr("page.nothing_yet")))]
        page = self.page(name)
        edited = self.edits(self.wait(look), made)
        earlier = look.made.get(self.phase, ())[:-1]
        other = next((one for one in reversed(earlier) if one.text != made.text), earlier[0] if earlier else None)
        before = other.text if other is not None else None

        def make(width: int) -> list[Line]:
            text = self.readable(look, body_of(made.text))
            if only_changes:
                old, new = (text, body_of(edited)) if edited is not None else (body_of(before or ""), text)
                if edited is None and before is None:
                    return [EMPTY, line("   ", dim(tr("page.first_version")))]
                role = "you" if edited is not None else "text"
                version = made.row.version if edited is not None else other.row.version if other is not None else 0
                same = old == new
                head = line(" ", dim(tr("page.unchanged" if same else "page.against", version=str(version))))
                if made.main.endswith((".py", ".tex")):
                    return [head, EMPTY, *code_changes(old, new, width, role)]
                return [head, EMPTY, *merged(old, new, width, whole=False, role=role)]
            block = facts_block(self.facts(look, made), width)
            told = merged(text, body_of(edited), width) if edited is not None else document(text, width)
            return [EMPTY, *block, *([EMPTY] if block else []), *told]

        page.show((name, made.row.sha256, edited, before, current()), cells, make)
        return page.draw(cells, rows)

    def readable(self, look: Look, text: str) -> str:
        """The text as it is read: what stands in it by reference is filled in."""
        return text

    def facts(self, look: Look, made: Made) -> list[tuple[str, str]]:
        """What the harness reads of a product, label and value."""
        return []


def keys_now(pane: Pane, look: Look, *, folded: bool) -> list[Key]:
    """The pane's keys; before them the one that leads on: to the paper of a finished run, to what waits elsewhere."""
    keys = pane.keys(look, folded=folded)
    if look.run.state == "done" and pane.phase != Phase.REPORT_WRITING and not look.run.reviews_only:
        return [Key("7", "key.paper", "pane(7)"), *keys]
    elsewhere = [wait for wait in look.undecided if wait.phase and wait.phase != pane.phase]
    if elsewhere and look.wait_of(pane.phase) is None:
        return [Key("w", "key.what_waits", "act('waits')"), *keys]
    return keys


def pause_label(look: Look) -> str:
    """What `p` does now."""
    if look.engine_missing:
        return "key.start_engine"
    if look.waits and look.waits[0].why in ("network", "backoff", "auth", "disk"):
        return "key.try_now"
    if any(Choice.RETRY.value in wait.choices for wait in look.waits):
        return "key.go_on"
    return "key.go_on" if look.run.state in ("paused", "stopped") else "key.pause"
