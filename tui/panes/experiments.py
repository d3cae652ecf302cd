"""Running experiments: the table of programs, and below it the experiment under the cursor.

Numbers are the harness's. `>` stands before a limit that was not reached, `—` where nothing was measured. Until the
person moves, the cursor stays on what is at work; ←→ goes through the seeds of a program.
"""

from __future__ import annotations

import re
from pathlib import PurePosixPath

from state.vocabulary import Phase
from tui.language import tr
from tui.lines import EMPTY, Line, Span, dim, ends, line
from tui.look import Look
from tui.panes import experiment
from tui.panes.pane import Pane, Reads
from tui.standings import Standing, at_median, standings
from tui.text import clip, fit, width
from tui.widgets.keyline import Key
from tui.widgets.logpane import LogPane
from tui.widgets.notice import notice_for
from tui.widgets.rows import Place, Row
from tui.words import NONE, decimals_for, signed, symbol

NAME, WIDE_NAME = 10, 18
METRIC, WIDE_METRIC = 19, 40
WIDE, ROOMY = 140, 88


class ExperimentsPane(Pane):
    VIEWS = ("table", "log", "figures", "tree", "talk")
    CHECK_VIEWS = ("table", "lessons", "figures", "tree", "talk")
    FOLDED = True

    def __init__(self) -> None:
        super().__init__(Phase.RUNNING_EXPERIMENTS)
        self.log = LogPane()
        self.in_log = False
        self.put: Place | None = None  # where the pane itself put the cursor
        self.seed: int | None = None  # the experiment that ←→ chose

    def experiment(self, look: Look) -> int | None:
        """The one that was chosen among its program's, else the newest at work, else the one in the middle."""
        place = self.rows("table").chosen
        if place is None:
            return None
        mine = [row for row in look.experiments if row.program == place.name]
        mine = [row for row in mine if not row.superseded] or mine
        if any(row.id == self.seed for row in mine):
            return self.seed
        running = [row for row in mine if row.state == "running"]
        middle = running[-1] if running else at_median(mine, look.results, look.measure.metric)
        return middle.id if middle is not None else None

    def side(self, look: Look, step: int) -> None:
        here, place = self.experiment(look), self.rows("table").chosen
        if here is None or place is None or self.open_view(look) not in ("table", "log"):
            return
        mine = sorted(row.id for row in look.experiments if row.program == place.name)
        self.seed = mine[min(max(mine.index(here) + step, 0), len(mine) - 1)]

    def reads(self, look: Look) -> Reads:
        view = self.open_view(look)
        return self.log if view == "log" or (view == "table" and self.in_log) else super().reads(look)

    def turn(self, look: Look, step: int = 1) -> None:
        self.in_log = not self.in_log and look.running is not None

    def sub(self, look: Look, view: str, cells: int) -> Line | None:
        if view == "talk" or not look.programs:
            return super().sub(look, view, cells) if view == "talk" else None
        measure = look.measure
        parts = []
        steps = look.counts.get("solver_steps")
        if steps:
            parts.append(tr("experiments.step", number=str(_steps(look)), limit=str(steps)))
        kept = sum(row.kept is not None for row in look.programs)
        parts.append(tr("experiments.kept", n=kept))
        if cells >= 85:
            parts.append(tr("experiments.target", target=measure.target or tr("word.none_set")))
        how = tr("experiments.how", direction=tr(f"experiments.is_better.{measure.direction}"))
        return ends(cells, dim(" · ".join(parts)), dim(how))

    # the table

    def body_table(self, look: Look, cells: int, rows: int) -> list[Line]:
        ranked = standings(look)
        if not ranked:
            self.rows("table").show([])
            return [EMPTY, line("   ", dim(tr("experiments.none_yet")))]
        table = self.rows("table")
        table.show([Row(self.head(look, cells)), *(self.row(look, standing, ranked, cells) for standing in ranked)])
        self.follow_work(look)
        roomy = rows >= 24
        lead = [EMPTY] if roomy or notice_for(look, self.phase) else []
        room = rows - len(lead) - 1
        least = 5 if room >= 12 else 2 * (look.running is not None)  # the table goes first where a notice took the rows
        height = min(len(table.rows), max(room - least, 3))
        below = experiment.below(look, self.log, cells, room - height, in_log=self.in_log)
        drawn = table.draw(cells, height, heads=True)
        if self.in_log:
            drawn = [Line(row.spans) for row in drawn]
        return [*lead, *drawn, EMPTY, *below]

    def follow_work(self, look: Look) -> None:
        """Put the cursor on the program at work, unless the person took it elsewhere."""
        table = self.rows("table")
        if self.put is not None and table.chosen != self.put:
            return
        running = [row for row in look.experiments if row.state == "running"]
        if running:
            table.choose(Place("program", running[-1].program))
        self.put = table.chosen

    def head(self, look: Look, cells: int) -> Line:
        name, metric = widths(look, cells)
        label = look.measure.label or look.measure.metric
        label = label if width(label) <= metric - 6 else clip(look.measure.metric, metric - 6)
        text = "     " + fit(tr("experiments.program"), name) + fit(label, metric - 6, right=True)
        text += fit(tr("experiments.seeds"), 8, right=True) + fit(tr("experiments.vs_base"), 9, right=True)
        text += "  " + fit(tr("experiments.verdict"), 13) + fit(tr("experiments.grade"), 6, right=True)
        text += f"  {fit(tr('experiments.experiments'), 13)}"
        return line(dim(f"{text}{tr('experiments.change')}" if cells >= WIDE else text.rstrip()))

    def row(self, look: Look, standing: Standing, ranked: list[Standing], cells: int) -> Row:
        mark, role = symbol(standing.state)
        rank = (
            str(standing.rank + 1 if look.programs and _from_zero(look) else standing.rank)
            if standing.rank is not None
            else " "
        )
        name, room = widths(look, cells)
        text = f" {rank} {fit(standing.name, name)}"
        metric = fit(self.metric(standing, ranked, room - 5), room - 5, right=False)
        seeds = fit(f"{standing.n}/{standing.seeds}", 7, right=True)
        versus = NONE if standing.difference is None else signed(standing.difference, _decimals(ranked))
        verdict = tr(f"verdict.{standing.verdict}")
        colour = "good" if standing.verdict == "better" else "lost" if standing.verdict == "failed" else "text"
        grade = NONE if standing.grade is None else f"{standing.grade:.2f}"
        drawn = line(
            " ",
            Span(mark, role),
            text,
            metric,
            seeds,
            fit(versus, 9, right=True),
            "  ",
            Span(fit(verdict, 13), colour),
            fit(grade, 6, right=True),
            f"  {fit(standing.span, 13) if cells >= WIDE else standing.span}",
            dim(clip(standing.change or NONE, cells - name - room - 61)) if cells >= WIDE else "",
        )
        return Row(drawn, Place("program", standing.name))

    def metric(self, standing: Standing, ranked: list[Standing], cells: int) -> str:
        """Mean ± sd with the `±` of all rows in one column."""
        places = _decimals(ranked)
        spreads = [f"{row.sd:,.{places}f}" for row in ranked if row.sd is not None]
        tail = max((width(text) for text in spreads), default=0)
        room = cells - (tail + 3 if tail else 0)
        if standing.mean is None:
            value = f"> {standing.censored:,.{places}f}" if standing.censored is not None else NONE
            return fit(value, room, right=True)
        text = fit(f"{standing.mean:,.{places}f}", room, right=True)
        return f"{text} ± {standing.sd:>{tail},.{places}f}" if standing.sd is not None else text

    # other views

    def body_tree(self, look: Look, cells: int, rows: int) -> list[Line]:
        ranked = standings(look)
        children: dict[str | None, list[Standing]] = {}
        names = {row.name for row in ranked}
        for row in ranked:
            children.setdefault(row.parent if row.parent in names else None, []).append(row)
        drawn: list[Row] = []

        def hang(parent: str | None, depth: int) -> None:
            for row in children.get(parent, []):
                mark, role = symbol(row.state)
                indent = "  " * depth
                told = f"{indent}{row.name}"
                text = line(" ", Span(mark, role), f" {fit(told, 24)}  ", dim(clip(row.change or "", cells - 46)))
                verdict = Span(f"  {tr(f'verdict.{row.verdict}')}", "good" if row.verdict == "better" else "text")
                drawn.append(Row(line(text, verdict), Place("program", row.name)))
                if depth < 40:
                    hang(row.name, depth + 1)

        hang(None, 0)
        table = self.rows("tree")
        table.show(drawn)
        return [EMPTY, *table.draw(cells, rows - 1)]

    def body_log(self, look: Look, cells: int, rows: int) -> list[Line]:
        self.log.show(look.running.log if look.running and look.running.log else look.engine_log)
        follows = experiment.follows(self.log)
        name = tr("log.of", experiment=f"e{look.running.experiment}") if look.running else "engine.log"
        return [EMPTY, ends(cells, dim(name), dim(follows)), *self.log.draw(cells, rows - 2)]

    def body_figures(self, look: Look, cells: int, rows: int) -> list[Line]:
        made = look.newest(self.phase)
        captions = made.product.captions if made is not None and made.product is not None else {}
        names = sorted(made.product.figures) if made is not None and made.product is not None else []
        table = self.rows("figures")
        folder = PurePosixPath("runs", str(look.run.id), "figures")
        drawn = []
        for name in names:
            told = clip(captions.get(name, str(folder / name)), cells - 36)
            drawn.append(Row(line(f"   {fit(name, 28)}  ", dim(told)), Place("figure", name)))
        table.show(drawn)
        if not names:
            return [EMPTY, line("   ", dim(tr("experiments.no_figures")))]
        return [EMPTY, *table.draw(cells, rows - 1)]

    def body_lessons(self, look: Look, cells: int, rows: int) -> list[Line]:
        return self.product_page("lessons", look, cells, rows)

    def keys(self, look: Look, *, folded: bool) -> list[Key]:
        keys = super().keys(look, folded=folded)
        others = all(wait.phase != self.phase for wait in look.waits)
        calm = others or self.wait(look) is not None  # else the keys that help stand alone
        if calm and self.open_view(look) == "table" and self.cells >= ROOMY and self.chosen(look) is not None:
            into = Key("Tab", "key.table" if self.in_log else "key.log", "act('part')")
            keys = [*keys[:-2], Key("←→", "key.seed"), into, *keys[-2:]]
        if self.wait(look) is None and self.chosen(look) is not None and others:
            into = Key("Enter", "key.open", "act('open')")
            spare = {"z"} if folded else set()
            spare |= {"c"} if look.engine_missing else set()
            keys = [key for key in keys if key.key not in spare]
            after = 2 if look.engine_missing else 0
            keys = [*keys[:after], into, *keys[after:]]
        return keys


def widths(look: Look, cells: int) -> tuple[int, int]:
    """Cells of a program's name and of the metric's column: the label is whole where there is room for it."""
    if cells < WIDE:
        return (NAME + cells - ROOMY + 5, METRIC) if cells >= ROOMY else (NAME, METRIC)
    label = width(look.measure.label or look.measure.metric) + 7
    return WIDE_NAME, min(max(label, METRIC), WIDE_METRIC)


def _steps(look: Look) -> int:
    """The highest solver step that made a program."""
    found = [re.search(r"step-(\d+)", row.step or "") for row in look.programs]
    return max((int(match[1]) for match in found if match), default=0)


def _from_zero(look: Look) -> int:
    """1 where ranks are counted from zero."""
    return int(any(row.kept == 0 for row in look.programs))


def _decimals(ranked: list[Standing]) -> int:
    values = [row.mean for row in ranked if row.mean is not None]
    values += [row.censored for row in ranked if row.censored is not None]
    return decimals_for(values, [row.sd for row in ranked if row.sd is not None])
