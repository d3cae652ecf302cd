"""From the database, the lock and the folders to a `Look`: what one run of a project is at this instant.

Called from the poller's thread alone. Reads are short and hold nothing; what a program wrote is read size-capped and
without following links. Products that were parsed once are kept by their hash.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from state import standstill, talk
from state.decided import Inbox, decided
from state.durable import read_beneath
from state.errors import LabError
from state.places import Places
from state.readers import Reader
from state.rows import ExperimentRow, ProductRow, ProgramRow, ResultRow, RunRow, Turn, newest
from state.vocabulary import Phase
from tui import drafts
from tui.builds import Build, Builds
from tui.curves import Metrics
from tui.engineseen import EngineSeen
from tui.homes import Beside
from tui.logfile import LogFile
from tui.look import Look, Made, Measure, Running
from tui.machine import Watch
from tui.pauses import pause
from tui.standings import at_median
from tui.widgets.plot import Curve
from tui.written import Written, code_of, newest_run, written

MANUSCRIPT = "manuscript"
PART_LIMIT_B = 256 << 10
BESIDE = 3
KEPT = 4


class Gatherer:
    """Makes Looks of one project; keeps what is dear: parsed products, indexes of logs."""

    def __init__(self, folder: Path, where: Places, reader: Reader) -> None:
        self.folder, self.where, self.reader = folder, where, reader
        self._made: dict[tuple[str, str], Made] = {}
        self._logs: dict[Path, LogFile] = {}
        self._curves: dict[str, tuple[tuple[float, float], ...]] = {}
        self._metrics: Metrics | None = None
        self._written: dict[tuple[str, str | None], Written] = {}
        self._builds = Builds(where, reader)
        self._machine = Watch()
        self.inbox = Inbox(where)
        self.engine = EngineSeen(where, reader)

    def look(
        self, run: int | None, phase: str | None, now: int, elsewhere: Beside, experiment: int | None = None
    ) -> Look | None:
        """The run, or the newest; None where there is none yet. `experiment`: whose curve and log are wanted."""
        left = self.inbox.words()  # before the waits: a word is committed first and goes from the inbox then
        runs = self.reader.runs()
        row = next((one for one in runs if one.id == run), None) or newest(runs)
        if row is None:
            return None
        reader = self.reader
        config, settings = reader.config(row), reader.settings(row.id)
        versions = reader.versions(row.id)
        made = {name: tuple(self.made(one) for one in found) for name, found in _newest(versions).items()}
        experiments = tuple(reader.experiments(row.id))
        measure = _measure(config, made)
        micros, gpu_s = reader.totals_of_project()
        money = standstill.limit(reader, row, standstill.MONEY)
        hours = standstill.limit(reader, row, standstill.GPU_HOURS)
        waits = tuple(reader.waits(row.id))
        model = _model(config)
        results, programs = tuple(reader.results(row.id)), tuple(reader.programs(row.id))
        running = self.running(experiments, measure, experiment)
        busy = any(one.state == "running" for one in experiments)
        machine = self._machine.look(busy=busy)
        phases = tuple(reader.phases(row))
        return Look(
            project=self.folder.name,
            folder=self.folder,
            now=now,
            run=row,
            phases=phases,
            visits=tuple(reader.visits(row.id)),
            waits=waits,
            decided=decided(left, row.id, waits),
            ended_waits=tuple(reader.waits(row.id, ended=True)),
            notes=tuple(reader.notes(row.id)),
            engine=self.engine.look(now, row.id),
            unread=self.inbox.unread(),
            limit_micros=round(money.value * 1_000_000),
            limit_gpu_s=hours.value * 3600,
            spent_micros=row.spent_micros if money.source == "run" else micros,
            gpu_s=row.gpu_s if hours.source == "run" else gpu_s,
            rehearsal=model == "rehearsal",
            tier=reader.tier(),
            model=model,
            checkpoints=_checkpoints(config, row),
            counts=config["phases"],
            rounds=int(config["rounds"]),
            elsewhere=elsewhere.waiting,
            judged=elsewhere.judged,
            turns={phase: self.turns(row, phase)} if phase else {},
            made=made,
            programs=programs,
            written=self.written(programs, experiments),
            experiments=experiments,
            results=results,
            papers=tuple(reader.papers()),
            built=self.built(row, made),
            events=tuple(reader.newest_events(row.id)),
            deaths=self.engine.deaths(),
            measure=measure,
            running=running,
            beside=self.beside(programs, experiments, results, running, measure),
            engine_log=self.log(self.where.log),
            standstill=pause(self.folder, reader, row, waits, int(config["phases"].get("solver_steps", 0))),
            looked_at=drafts.looked_at(self.folder, row.id),
            slots=int(standstill.in_force(reader, row, standstill.SLOTS)[0].value)
            or (len(machine.gpus) or cores() if busy else 0),
            machine=machine,
            shelf=_shelf(made),
            forms=(settings["review"],) if isinstance(settings.get("review"), dict) else (),
        )

    def made(self, row: ProductRow) -> Made:
        """A version with its files, parsed where it can be."""
        key = row.name, row.sha256
        kept = self._made.get(key)
        if kept is not None and kept.row == row:
            return kept
        if kept is not None:
            return Made(row, kept.files, kept.product)
        from state.products.table import PRODUCTS

        files = self.reader.files(row.sha256)
        kind = PRODUCTS.get(row.name)
        try:
            product = kind.of(files) if kind is not None else None
        except LabError:  # a person's edit that does not parse is shown as the text it is
            product = None
        self._made[key] = Made(row, files, product)
        return self._made[key]

    def turns(self, run: RunRow, phase: str) -> tuple[Turn, ...]:
        """The talk of a phase; of a reply under way what has come so far."""
        found = []
        for turn in talk.turns(self.reader, run.id, phase):
            if turn.writing and turn.attempt:
                turn = self._under_way(turn, run)
            found.append(turn)
        return tuple(found)

    def _under_way(self, turn: Turn, run: RunRow) -> Turn:
        """A reply with what has come of it; one that broke off stays in sight until its second asking brings words."""
        for one in standstill.unanswered(self.reader, run.id):
            if one.step == turn.step:
                text = _part(_text_of(self.where.calls, f"{one.attempt}/part", PART_LIMIT_B))
                if text:
                    cut = one.state != "flying"
                    return replace(turn, text=text, cut=cut, at=one.ended_at or turn.at if cut else turn.at)
        return replace(turn, text="")

    def part_sizes(self, look: Look) -> tuple[int, ...]:
        """Sizes of what grows outside the database: replies under way, curves, logs. A change asks for a new Look."""
        found = []
        for turns in look.turns.values():
            for turn in turns:
                if turn.writing and turn.attempt:
                    found.append(_size(self.where.calls / turn.attempt / "part"))
        if look.running is not None and look.running.log is not None:
            found.append(_size(look.running.log.path))
        if self._metrics is not None and self._metrics.path is not None:
            found.append(_size(self._metrics.path))
        found.append(_size(self.where.log))
        return tuple(found)

    def built(self, run: RunRow, made: Mapping[str, tuple[Made, ...]]) -> tuple[Build | None, Build | None]:
        """How the paper was typeset, once there is one or it is at work."""
        paper = made.get(Phase.REPORT_WRITING, ())
        return self._builds.of(run.id, paper[-1].row.summary.get("pdf_sha256")) if paper else (None, None)

    # experiments

    def written(
        self, programs: tuple[ProgramRow, ...], experiments: tuple[ExperimentRow, ...]
    ) -> Mapping[str, Written]:
        """What the code of each says of itself, read once for each experiment that runs it."""
        rows = {row.name: row for row in programs}
        found = {}
        for row in programs:
            parent = rows.get(row.parent or "")
            key = newest_run(row, experiments), newest_run(parent, experiments) if parent is not None else None
            if not key[0]:
                continue
            if key not in self._written:
                code = code_of(self.where.jobs, row, experiments, self.reader.blob)
                before = code_of(self.where.jobs, parent, experiments, self.reader.blob) if parent is not None else None
                if code is not None:
                    self._written[key] = written(code, before)
            if key in self._written:
                found[row.name] = self._written[key]
        return found

    def running(self, experiments: tuple[ExperimentRow, ...], measure: Measure, wanted: int | None) -> Running | None:
        """The experiment that is wanted, else the newest at work, else the last one, with its curve."""
        alive = [row for row in experiments if row.state == "running"]
        chosen = next((row for row in experiments if row.id == wanted), None)
        chosen = chosen or next(reversed(alive or experiments), None)
        if chosen is None:
            return None
        job = self.where.jobs / chosen.attempt
        if self._metrics is None or (self._metrics.job, self._metrics.metric) != (job, measure.metric):
            self._metrics = Metrics(job, measure.metric)
        self._metrics.look()
        return Running(chosen.id, self._metrics.curve(), self._metrics.values, self.log(job / "out.log"))

    def beside(
        self,
        programs: tuple[ProgramRow, ...],
        experiments: tuple[ExperimentRow, ...],
        results: tuple[ResultRow, ...],
        shown: Running | None,
        measure: Measure,
    ) -> tuple[Curve, ...]:
        """Curves of other programs, each at the seed in its middle: the best, the baseline, the others kept."""
        own = next((row.program for row in experiments if shown is not None and row.id == shown.experiment), None)
        kept = sorted((row for row in programs if row.kept is not None), key=lambda row: row.kept or 0)
        base = [row for row in programs if row.verdict == "baseline"]
        found: list[Curve] = []
        for name in dict.fromkeys(row.name for row in [*kept[:1], *base, *kept[1:]]):
            mine = [row for row in experiments if row.program == name and row.state == "finished"]
            middle = at_median([row for row in mine if not row.superseded], results, measure.metric)
            if name == own or middle is None or len(found) == BESIDE:
                continue
            if middle.attempt not in self._curves:  # an experiment that is over grows no more
                whole = Metrics(self.where.jobs / middle.attempt, measure.metric)
                whole.look()
                self._curves[middle.attempt] = whole.curve().points
            if points := self._curves[middle.attempt]:
                found.append(Curve(name, points))
        return tuple(found)

    def log(self, path: Path) -> LogFile:
        log = self._logs.setdefault(path, LogFile(path))
        log.update()
        return log


def _newest(versions: list[ProductRow]) -> dict[str, list[ProductRow]]:
    """By phase its last versions, oldest first: enough to find one that reads otherwise than the newest.

    A paper from elsewhere is what a visit began with, not what it made.
    """
    found: dict[str, list[ProductRow]] = {}
    for row in versions:
        if row.name == MANUSCRIPT:
            continue
        found.setdefault(row.phase, []).append(row)
    return {phase: rows[-KEPT:] for phase, rows in found.items()}


def cores() -> int:
    """How many experiments the engine runs at a time where the project says nothing and there is no GPU."""
    return len(os.sched_getaffinity(0))


def _measure(config: Mapping[str, Any], made: Mapping[str, tuple[Made, ...]]) -> Measure:
    told = made.get(Phase.PLAN_FORMULATION, ())
    facts = told[-1].row.summary if told else {}
    experiments = made.get(Phase.RUNNING_EXPERIMENTS, ())
    baseline = experiments[-1].row.summary.get("baseline") if experiments else ""
    return Measure(
        metric=str(facts.get("metric") or ""),
        label=str(facts.get("label") or facts.get("metric") or ""),
        direction=str(facts.get("direction") or "lower"),
        dataset=str(facts.get("dataset") or ""),
        seeds=int(facts.get("seeds") or config["experiments"]["seeds"]),
        target=str(facts.get("target") or config["experiments"]["target"]),
        baseline=str(baseline or ""),
    )


def _model(config: Mapping[str, Any]) -> str:
    return str(config["models"].get("default", "anthropic"))


def _checkpoints(config: Mapping[str, Any], run: RunRow) -> tuple[str, ...]:
    named = config["checkpoints"]
    return tuple(run.phases) if named == "all" else tuple(named)


def _shelf(made: Mapping[str, tuple[Made, ...]]) -> tuple[str, ...]:
    told = made.get(Phase.LITERATURE_REVIEW, ())
    keys = told[-1].row.summary.get("keys") if told else None
    return tuple(str(key) for key in keys) if isinstance(keys, list) else ()


def _part(text: str) -> str:
    """The text of a reply under way: what lies in `part` is text, or JSON lines with `text`."""
    told = []
    for row in text.splitlines():
        try:
            found = json.loads(row)
        except ValueError:
            return text
        if isinstance(found, dict):
            told.append(str(found.get("text", "")))
        elif isinstance(found, str):
            told.append(found)
    return "".join(told)


def _text_of(folder: Path, name: str, limit_b: int) -> str:
    try:
        return read_beneath(folder, name, limit_b).decode("utf-8", "replace")
    except (OSError, LabError):  # gone since, or larger than is shown
        return ""


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0
