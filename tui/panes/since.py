"""0, since you last looked: what waits, what was found, what went on, what went wrong, what became of my notes.

Each row is a place; a section shows its last four rows and then how many more there are.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from state.vocabulary import Phase
from tui.decided import decision
from tui.language import has, tr
from tui.lines import EMPTY, Line, Span, beside, bold, dim, ends, line, lost
from tui.standings import Standing, standings
from tui.text import clean, clip, fit, width
from tui.widgets.keyline import Key
from tui.widgets.rail import state_shown, strip
from tui.widgets.rows import Place, Row, Rows
from tui.words import (
    NONE,
    addressee,
    clock,
    day_clock,
    decimals_for,
    event,
    gpu_hours,
    length,
    money,
    phase_short,
    sentence,
    shown,
    signed,
    span,
    symbol,
    unit,
    wait_symbol,
)

if TYPE_CHECKING:
    from state.rows import EventRow, PhaseRow, WaitRow
    from tui.look import Death, Look
    from tui.panes.experiments import ExperimentsPane

LAST = 4
WIDE, LIST = 140, 80
HAPPENED = frozenset({"visit_closed", "wait_opened", "run_done", "engine_died", "run_stopped", "program_scored"})
"""Events that make the run open on this pane."""
TROUBLE = ("engine_died", "source_unreachable", "word_refused", "project_broken")


def happened(look: Look) -> bool:
    """Whether something ended, waited or broke since the last look."""
    return bool(look.looked_at) and any(row.at > look.looked_at for row in look.events if row.kind in HAPPENED)


def nothing_yet(engine_up: bool, last_words: Sequence[str], cells: int) -> list[Line]:
    """A run that is yet to begin: its engine is on its way, or did not come, and what it said last."""
    if engine_up or not last_words:
        return [EMPTY, line("   ", dim(tr("run.waits_for_engine")))]
    told = [line("   ", dim(clip(clean(row), cells - 5))) for row in last_words]
    return [EMPTY, line("   ", lost(tr("run.engine_did_not_come"))), EMPTY, *told]


class SincePane:
    """The run since the person last looked."""

    def __init__(self) -> None:
        self.table = Rows()
        self.look: Look | None = None

    def draw(self, look: Look, cells: int, rows: int, *, rail: bool) -> list[Line]:
        self.look = look
        title, look = title_line(look, cells, rail=rail), told_of(look)
        if cells < WIDE:
            self.table.show(since_rows(look, cells, rows=rows - 2))
            return [title, EMPTY, *self.table.draw(cells, rows - 2)]
        from tui.panes.changed import beside_it
        from tui.panes.experiments import ExperimentsPane

        whole = ExperimentsPane() if looked_at_experiments(look) else None
        self.table.show(since_rows(look, LIST, whole, rows=rows - 2))
        room = cells - LIST - 3
        both = beside(self.table.draw(LIST, rows - 2), beside_it(look, room, rows - 3), LIST + 1, room)
        return [title, EMPTY, *both]

    def keys(self) -> list[Key]:
        first, look = [Key("Enter", "key.open", "act('open')")], self.look
        if look is not None and look.run.state == "done" and not look.run.reviews_only:
            first.append(Key("7", "key.paper", "pane(7)"))
        if look is not None and look.undecided:
            first.append(Key("w", "key.what_waits", "act('waits')"))
        return [
            *first,
            Key("n", "key.note", "act('note')"),
            Key("1–8", "key.phase"),
            Key("?", "key.keys", "act('help')"),
            Key("q", "key.leave", "act('leave')"),
        ]


def title_line(look: Look, cells: int, *, rail: bool) -> Line:
    since = day_clock(look.looked_at, look.now) if look.looked_at else ""
    name = tr("since.title_first")
    if since:
        name = tr("since.title" if anything_new(look) else "since.title_nothing_new", time=since)
    return ends(cells, bold(name), line("") if rail else strip(look))


def anything_new(look: Look) -> bool:
    """Whether there is anything to tell of since the last look."""
    return bool(
        look.waits
        or looked_at_experiments(look)
        or any(_moved(look, row) for row in look.phases)
        or trouble_rows(look, 80)
        or note_rows(look, 80)
    )


def told_of(look: Look) -> Look:
    """What is told: what is new, or the whole run where nothing is."""
    return look if not look.looked_at or anything_new(look) else replace(look, looked_at=0)


def beside_home(look: Look, cells: int, rows: int) -> list[Line]:
    """The same as one reads it beside home's list, where the cursor is."""
    told = since_rows(told_of(look), cells, rows=rows - 2)
    return [title_line(look, cells, rail=False), EMPTY, *(row.line for row in told[: rows - 2])]


def since_rows(look: Look, cells: int, whole: ExperimentsPane | None = None, *, rows: int = 0) -> list[Row]:
    """All sections that have something to say, a blank row between them; `whole`: what was found as its table.

    Of a section its last four rows stand, and how many more there are; all of them where `rows` are enough.
    """
    found = found_rows(look, cells) if whole is None else found_table(look, cells, whole)
    sections = [
        (line(dim(f" {tr('since.waits')}")), [wait_row(look, wait, cells) for wait in look.waits]),
        (line(dim(f" {tr('since.found')}")), found),
        (went_head(cells), [went_row(look, row, cells) for row in look.phases if _moved(look, row)]),
        (line(dim(f" {tr('since.trouble')}")), trouble_rows(look, cells)),
        (line(dim(f" {tr('since.notes')}")), note_rows(look, cells)),
    ]
    sections = [(head, told) for head, told in sections if told]
    roomy = sum(len(told) + 2 for _, told in sections) - 1 <= rows
    drawn: list[Row] = []
    for head, told in sections:
        if drawn:
            drawn.append(Row(EMPTY))
        drawn += [Row(head), *(told if roomy or (told is found and whole is not None) else _last(told))]
    return drawn or [Row(line("   ", dim(tr("since.nothing"))), Place("phase", "", 0))]


def wait_row(look: Look, wait: WaitRow, cells: int) -> Row:
    mark, role = wait_symbol(wait)
    text = wait_told(look, wait)
    if (left := decision(look, wait)) is not None:
        mark, role, text = left.mark, left.role, left.text
    text = clip(text, cells - 12)
    drawn = line(" ", Span(mark, role), f" {fit(clock(wait.opened_at, look.now), 5)}  ", Span(text))
    return Row(drawn, Place("phase", wait.phase or "", wait.id))


def wait_told(look: Look, wait: WaitRow) -> str:
    """What a wait asks, in one sentence."""
    if wait.facts.get("called"):
        return tr("since.wait.called")
    if wait.why == "checkpoint" and wait.phase == Phase.REPORT_REFINEMENT:
        made = look.newest(wait.phase)
        means = made.row.summary.get("means") if made is not None else None
        if made is not None and isinstance(means, dict) and "overall" in means:
            count = int(made.row.summary.get("reviews", 0) or 0)
            return tr("since.wait.reviews", n=count, number=number_word(count), mean=f"{float(means['overall']):.1f}")
    key = f"since.wait.{wait.phase}" if wait.why == "checkpoint" else f"since.wait.{wait.why}"
    facts = {name: shown(name, value) for name, value in wait.facts.items() if not isinstance(value, dict)}
    return tr(key, **facts)


def number_word(count: int) -> str:
    return tr(f"number.{count}") if 1 <= count <= 5 else str(count)


def looked_at_experiments(look: Look) -> bool:
    """Whether an experiment ended since the last look."""
    return any((row.ended_at or 0) > look.looked_at for row in look.experiments)


def found_table(look: Look, cells: int, pane: ExperimentsPane) -> list[Row]:
    """The table of *running experiments*: every program, the best first."""
    ranked = standings(look)
    return [Row(pane.head(look, cells)), *(pane.row(look, one, ranked, cells) for one in ranked)] if ranked else []


def found_rows(look: Look, cells: int) -> list[Row]:
    """The two best programs against the baseline, and how many more there are."""
    if not looked_at_experiments(look):
        return []
    ranked = standings(look)
    base = next((row for row in ranked if row.verdict == "baseline"), None)
    best = [row for row in ranked if row is not base and row.mean is not None and row.rank is not None][:2]
    if not best:
        return []
    spreads = [row.sd for row in [*best, *([base] if base else [])] if row.sd is not None]
    places = decimals_for([row.mean for row in best if row.mean is not None], spreads)
    tail = max((len(f"{spread:,.{places}f}") for spread in spreads), default=0)
    measures = [_spread(row, places, tail) for row in best]
    if base is not None and base.mean is not None:
        facts = {"metric": unit(look.measure.metric), "base": _spread(base, places, tail)}
        measures[0] = tr("since.against", measured=measures[0], **facts)
    name = max(8, *(min(width(row.name), 14) + 2 for row in best))
    measure = max(47 - name, *(width(measured) + 2 for measured in measures))
    rows = []
    for row, measured in zip(best, measures, strict=True):
        verdict = tr(f"verdict.{row.verdict}")
        if row.verdict in ("better", "worse") and row.difference is not None:
            difference = signed(row.difference, places)
            verdict = tr("since.verdict_with", verdict=verdict, difference=difference, n=row.n)
        role = "good" if row.verdict == "better" else "text"
        text = line("   ", fit(clip(row.name, name - 2), name), fit(measured, measure), Span(verdict, role))
        rows.append(Row(text, Place("program", row.name)))
    rest = [row for row in ranked if row not in best and row is not base]
    if rest:
        counted = Counter("at_work" if row.verdict == "to_come" else row.verdict for row in rest)
        parts = [tr(f"since.counted.{name}", count=str(counted[name])) for name in _by_count(counted)]
        more = tr("since.more_programs", n=len(rest), counts=tr("word.comma").join(parts))
        rows.append(Row(line("   ", more), Place("phase", Phase.RUNNING_EXPERIMENTS)))
    return rows


def went_head(cells: int) -> Line:
    columns = fit(tr("since.took"), 7, right=True) + fit("$", 7, right=True) + fit(tr("since.gpu_h"), 7, right=True)
    return ends(cells, dim(tr("since.went_on")), dim(columns))


def went_row(look: Look, row: PhaseRow, cells: int) -> Row:
    mark, role = symbol(state_shown(look, row.phase, row.state))
    time = clock(row.since_at if row.state != "done" else ended_at(look, row), look.now)
    name = f"{Phase(row.phase).number} {phase_short(row.phase)}"
    took = span(row.took_s)
    gpu = _gpu_of(look, row.phase)
    columns = fit(took, 7, right=True) + fit(money(row.micros), 7, right=True)
    columns += fit(gpu_hours(gpu) if gpu else NONE, 7, right=True)
    columns = columns.lstrip()
    text = clip(went_told(look, row), max(cells - 25 - len(columns) - 3, 8))
    drawn = line(" ", Span(mark, role), f" {fit(time, 5)}  {fit(name, 13)}  ", text)
    return Row(ends(cells, drawn, dim(columns), lead=0), Place("phase", row.phase))


def went_told(look: Look, row: PhaseRow) -> str:
    """What came of a phase, from the facts of its newest product."""
    if row.phase == Phase.RUNNING_EXPERIMENTS and look.experiments:
        states = Counter(one.state for one in look.experiments)
        counts = {"done": states["finished"], "failed": states["failed"] + states["limit"], "lost": states["lost"]}
        key = "went.experiments" if counts["lost"] else "went.experiments_none_lost"
        return tr(key, **{name: str(count) for name, count in counts.items()})
    if row.phase == Phase.REPORT_REFINEMENT:
        made = look.newest(row.phase)
        number = made.row.summary.get("round", row.visits) if made else max(row.visits, 1)
        return tr("went.round", round=str(number), of=str(look.rounds))
    made = look.newest(row.phase)
    if made is None:
        return tr("went.turns", n=row.asks)
    told = str(made.row.summary.get("told") or "")
    key = f"went.{row.phase}"
    return told or (sentence(key, {**made.row.summary, "version": made.row.version}) if has(key) else "")


def trouble_rows(look: Look, cells: int) -> list[Row]:
    """Pauses that are over, engines that died, sources that could not be asked."""
    found: list[tuple[int, str, str, str]] = []
    for wait in look.ended_waits:
        if wait.closed_at is None or wait.closed_at <= look.looked_at or wait.why == "checkpoint":
            continue
        took = length((wait.closed_at - wait.opened_at) / 1000)
        key = f"trouble.{wait.why}"
        if has(key):
            found.append((wait.opened_at, "✓", tr(key, took=took), wait.phase or ""))
    for row in look.events:
        if row.at > look.looked_at and row.kind in TROUBLE:
            death = _death(look, row) if row.kind == "engine_died" else None
            at = death.last_at if death is not None else row.at
            found.append((at, "✓" if row.kind == "engine_died" else "✗", _trouble(look, row, death), ""))
    found.sort()
    return [
        Row(
            line(
                " ",
                Span(mark, "text" if mark == "✓" else "lost"),
                f" {fit(clock(at, look.now), 5)}  ",
                clip(text, cells - 12),
            ),
            Place("event", phase, at),
        )
        for at, mark, text, phase in found
    ]


def _death(look: Look, row: EventRow) -> Death | None:
    """The death that an event tells of: the newest of that engine that was over by then, or this instant."""
    mine = [one for one in look.deaths if one.pid == row.facts.get("pid") and one.back_at <= row.at]
    return mine[-1] if mine else None


def _trouble(look: Look, row: EventRow, death: Death | None) -> str:
    if row.kind != "engine_died":
        return event(row.kind, row.facts)
    back = clock(death.back_at if death is not None else row.at, look.now)
    why = tr("trouble.reboot") if death is not None and death.reboot else ""
    cut, micros = int(row.facts.get("doubtful", 0)), int(row.facts.get("micros", 0))
    if not cut:
        return tr("trouble.engine_died_clean", time=back, why=why)
    key = "trouble.engine_died" if micros else "trouble.engine_died_free"
    return tr(key, time=back, why=why, n=cut, cost=money(micros))


def note_rows(look: Look, cells: int) -> list[Row]:
    rows = []
    for note in look.notes:
        if max(note.left_at, note.read_at or 0) <= look.looked_at:
            continue
        mark = "✓" if note.read_at else "◆"
        to = addressee(note.phase or note.role)
        read = tr("since.note_read", time=clock(note.read_at, look.now)) if note.read_at else tr("since.note_unread")
        text = tr("since.note", to=to, read=read, text=" ".join(note.text.split()))
        drawn = line(" ", Span(mark, "you" if mark == "◆" else "text"), f" {fit(clock(note.left_at, look.now), 5)}  ")
        rows.append(Row(line(drawn, clip(text, cells - 12)), Place("note", note.word)))
    return rows


def ended_at(look: Look, row: PhaseRow) -> int | None:
    """When a phase that is done ended."""
    return max((visit.closed_at or 0 for visit in look.visits if visit.phase == row.phase), default=0) or None


def _last(rows: Sequence[Row]) -> list[Row]:
    if len(rows) <= LAST:
        return list(rows)
    return [*rows[-LAST:], Row(line("   ", dim(tr("since.more", n=len(rows) - LAST))))]


def _moved(look: Look, row: PhaseRow) -> bool:
    """Whether a phase ended or began since the last look."""
    if row.state == "not_begun":
        return False
    if not look.looked_at:
        return True
    return row.state != "done" or (ended_at(look, row) or 0) > look.looked_at


def _spread(row: Standing, places: int, tail: int) -> str:
    if row.mean is None:
        return NONE
    return f"{row.mean:,.{places}f} ± {row.sd:>{tail},.{places}f}" if row.sd is not None else f"{row.mean:,.{places}f}"


def _by_count(counted: Counter[str]) -> list[str]:
    order = ["censored", "inside_noise", "too_few_seeds", "worse", "better", "unmeasured", "at_work", "failed"]
    return [name for name in order if counted[name]]


def _gpu_of(look: Look, phase: str) -> float:
    return sum(visit.gpu_s for visit in look.visits if visit.phase == phase)
