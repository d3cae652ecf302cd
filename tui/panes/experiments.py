"""Running experiments: the table of programs, and the curve, facts and log of the experiment under the cursor.

Numbers are the harness's. `>` stands before a limit that was not reached, `—` where nothing was measured.
"""

from __future__ import annotations

import re
from pathlib import PurePosixPath

from state.readers import ExperimentRow
from state.vocabulary import Phase
from tui.language import tr
from tui.lines import EMPTY, Line, Span, beside, dim, ends, line
from tui.look import Look
from tui.panes.pane import Pane, Reads
from tui.standings import Standing, standings
from tui.text import clip, fit, width
from tui.widgets.keyline import Key
from tui.widgets.logpane import LogPane
from tui.widgets.notice import notice_for
from tui.widgets.plot import plot
from tui.widgets.rows import Place, Row
from tui.words import NONE, clock, decimals_for, signed, span, symbol

NAME = 10
METRIC = 29
FACTS = 28


class ExperimentsPane(Pane):
    VIEWS = ("table", "log", "figures", "tree", "talk")
    CHECK_VIEWS = ("table", "lessons", "figures", "tree", "talk")
    FOLDED = True

    def __init__(self) -> None:
        super().__init__(Phase.RUNNING_EXPERIMENTS)
        self.log = LogPane()
        self.in_log = False

    def reads(self, look: Look) -> Reads:
        view = self.open_view(look)
        return self.log if view == "log" or (view == "table" and self.in_log) else super().reads(look)

    def turn(self, look: Look) -> None:
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
        roomy = rows >= 24
        lead = [EMPTY] if roomy or notice_for(look, self.phase) else []
        below = self.below(look, cells, rows - len(lead) - len(table.rows) - 1)
        height = min(len(table.rows), max(rows - len(lead) - len(below) - 1, 3))
        drawn = table.draw(cells, height)
        if self.in_log:
            drawn = [Line(row.spans) for row in drawn]
        return [*lead, *drawn, EMPTY, *below]

    def head(self, look: Look, cells: int) -> Line:
        label = clip(look.measure.label or look.measure.metric, METRIC - NAME - 3)
        text = "     " + fit(tr("experiments.program"), NAME) + fit(label, METRIC - NAME - 6, right=True)
        text += fit(tr("experiments.seeds"), 8, right=True) + fit(tr("experiments.vs_base"), 9, right=True)
        text += "  " + fit(tr("experiments.verdict"), 13) + fit(tr("experiments.grade"), 6, right=True)
        return line(dim(f"{text}  {tr('experiments.experiments')}"))

    def row(self, look: Look, standing: Standing, ranked: list[Standing], cells: int) -> Row:
        mark, role = symbol(standing.state)
        rank = (
            str(standing.rank + 1 if look.programs and _from_zero(look) else standing.rank)
            if standing.rank is not None
            else " "
        )
        text = f" {rank} {fit(standing.name, NAME)}"
        metric = fit(self.metric(standing, ranked), METRIC - NAME - 5, right=False)
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
            f"  {standing.span}",
        )
        return Row(drawn, Place("program", standing.name))

    def metric(self, standing: Standing, ranked: list[Standing]) -> str:
        """Mean ± sd with the `±` of all rows in one column."""
        places = _decimals(ranked)
        spreads = [f"{row.sd:,.{places}f}" for row in ranked if row.sd is not None]
        tail = max((width(text) for text in spreads), default=0)
        room = METRIC - NAME - 5 - (tail + 3 if tail else 0)
        if standing.mean is None:
            value = f"> {standing.censored:,.{places}f}" if standing.censored is not None else NONE
            return fit(value, room, right=True)
        text = fit(f"{standing.mean:,.{places}f}", room, right=True)
        return f"{text} ± {standing.sd:>{tail},.{places}f}" if standing.sd is not None else text

    # below the table

    def below(self, look: Look, cells: int, rows: int) -> list[Line]:
        running = [row for row in look.experiments if row.state == "running"]
        shows_slots = rows >= 1 and cells < 85 and (running or look.slots)
        lines = [self.slots_line(look, running, cells)] if shows_slots else []
        shown = look.running
        if shown is None:
            return lines
        log_rows = 3 if rows < 18 else max(rows // 3, 4)
        curve_rows = rows - len(lines) - 1 - log_rows - (1 if rows >= 18 else 0)
        experiment = next((row for row in look.experiments if row.id == shown.experiment), None)
        if curve_rows >= 5 and shown.curve.points:
            curves = [shown.curve] + ([look.best_curve] if look.best_curve else [])
            legend = f"{tr('experiments.curve', name=shown.curve.name)}   ⠤⠤ e{shown.experiment}"
            if look.best_curve:
                legend += f"   ⠄⠄ {tr('experiments.at_median', program=look.best_curve.name)}"
            lines.append(line(" ", dim(legend)))
            room = min(cells - FACTS, 70)
            curve = plot(curves, room - 2, min(curve_rows - 1, 14))
            lines += beside(curve, self.experiment_facts(look, experiment), room, FACTS)
            if rows >= 18:
                lines.append(EMPTY)
        room = rows - len(lines) - 1
        if room >= 1 and shown.log is not None:
            self.log.show(shown.log)
            follows = tr("log.follows") if not self.log.behind else f"+{self.log.behind}"
            head = tr("log.of", experiment=f"e{shown.experiment}")
            lines.append(ends(cells, Span(head, "text" if self.in_log else "dim"), dim(follows)))
            lines += self.log.draw(cells, min(room, log_rows))
        return lines

    def slots_line(self, look: Look, running: list[ExperimentRow], cells: int) -> Line:
        slots = tr("experiments.slots", running=str(len(running)), slots=str(max(look.slots, len(running))))
        names = ", ".join(f"e{row.id}" for row in running)
        what = ""
        if running:
            seeds = ", ".join(str(row.seed) for row in running)
            same = len({row.program for row in running}) == 1
            what = tr("experiments.running", names=names, program=running[0].program, seeds=seeds) if same else names
        return line(" ", dim(slots), "   ", what)

    def experiment_facts(self, look: Look, experiment: ExperimentRow | None) -> list[Line]:
        if experiment is None or look.running is None:
            return []
        values = list(look.running.values.items())
        pairs = [
            (f"e{experiment.id}", tr("experiments.program_seed", program=experiment.program, seed=str(experiment.seed)))
        ]
        pairs += [(name, f"{value:,g}") for name, value in values[:3]]
        pairs.append((tr("experiments.begun"), clock(experiment.begun_at, look.now)))
        if experiment.ended_at is None:
            until = clock(experiment.begun_at + experiment.limit_s * 1000, look.now)
            pairs.append(
                (tr("experiments.limit"), tr("experiments.limit_until", limit=span(experiment.limit_s), time=until))
            )
        else:
            pairs.append((tr("experiments.took"), span((experiment.ended_at - experiment.begun_at) / 1000)))
        label = max(max(width(name) for name, _ in pairs) + 2, 11)
        return [line(dim(fit(name, label)), clip(value, FACTS - label - 1)) for name, value in pairs]

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
        follows = tr("log.follows") if not self.log.behind else f"+{self.log.behind}"
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
        if self.wait(look) is None and self.chosen(look) is not None and not look.waits and not look.engine_missing:
            keys = [Key("Enter", "key.open", "act('open')"), *(key for key in keys if key.key != "z" or not folded)]
        return keys


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
