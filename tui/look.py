"""What the screens show of a project at one instant: frozen, gathered by the poller, drawn by the panes.

The rows are those of `state/readers.py`; beside them stand the products as they were parsed, the engine's lock, the
limits in force and the curves. A pane is a function of a `Look` and of where its cursor is.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from state.errors import LabError
from tui.logfile import LogFile
from tui.machine import Host, Machine

if TYPE_CHECKING:  # the first frame waits for none of these
    from state.rows import (
        EventRow,
        ExperimentRow,
        NoteRow,
        PaperRow,
        PhaseRow,
        ProductRow,
        ProgramRow,
        ResultRow,
        RunRow,
        Turn,
        VisitRow,
        WaitRow,
    )
    from state.standstill import Ahead, Limit
    from tui.builds import Build
    from tui.widgets.plot import Curve
    from tui.written import Written


def nothing_ahead() -> Ahead:
    from state.standstill import Ahead

    return Ahead()


@dataclass(frozen=True)
class Engine:
    """The engine as its lock tells: at work since, or gone since, and why."""

    alive: bool = False
    pid: int | None = None
    since_at: int | None = None
    gone_at: int | None = None
    why: str = ""
    """How it ended: idle, stopped, reboot, signal, code, or died where nothing tells."""
    number: int = 0
    """The signal, or the exit code."""
    version: str = ""
    """The engine's version where it is another than this screen's; empty where they are the same."""
    doubtful: int = 0
    """Calls that were in flight when it went; `doubtful_micros` is the most that they cost."""
    doubtful_micros: int = 0


@dataclass(frozen=True)
class Death:
    """An engine that died: heard of last, and followed by another; `reboot`: the machine was started anew between."""

    pid: int
    last_at: int
    back_at: int
    reboot: bool = False


@dataclass(frozen=True)
class Standstill:
    """What the notice of a pause says in numbers: the limit that was met and its line in project.toml (0: not there),
    what is still to come, and how many replies were cut and what it costs at most to ask for them again."""

    limit: Limit | None = None
    line: int = 0
    ahead: Ahead = field(default_factory=nothing_ahead)
    again: int = 0
    again_micros: int = 0


@dataclass(frozen=True, repr=False)
class Made:
    """A version of a product: its row, its files, and what they parse to (None where they do not)."""

    row: ProductRow
    files: Mapping[str, bytes]
    product: Any = None

    @property
    def text(self) -> str:
        """The file that a person edits, as text."""
        name = self.main
        return self.files.get(name, b"").decode("utf-8", "replace") if name else ""

    @property
    def main(self) -> str:
        named = getattr(self.product, "main", "")
        return named or next(iter(self.files), "")


@dataclass(frozen=True)
class Measure:
    """What is measured: the metric's key and words, which way is better, and in which dataset."""

    metric: str = ""
    label: str = ""
    direction: str = "lower"
    dataset: str = ""
    seeds: int = 0
    target: str = ""
    baseline: str = ""


@dataclass(frozen=True)
class Running:
    """The experiment that a curve is shown of: what its last line said, and its log."""

    experiment: int
    curve: Curve
    values: Mapping[str, float]
    log: LogFile | None = None


@dataclass(frozen=True, repr=False)
class Look:
    """One run of one project, and what concerns it. It is named by its title alone, for it holds a whole run."""

    project: str
    folder: Path
    now: int
    run: RunRow
    phases: tuple[PhaseRow, ...] = ()
    visits: tuple[VisitRow, ...] = ()
    waits: tuple[WaitRow, ...] = ()
    ended_waits: tuple[WaitRow, ...] = ()
    decided: Mapping[int, str] = field(default_factory=dict)
    """By open wait the choice that was left for it and that is not carried out yet."""
    notes: tuple[NoteRow, ...] = ()
    engine: Engine = Engine()
    unread: int = 0
    """Words that lie in the inbox for longer than an engine takes to read them."""
    limit_micros: int = 10_000_000
    limit_gpu_s: float = 86_400
    spent_micros: int = 0
    gpu_s: float = 0
    rehearsal: bool = False
    tier: str = "basic"
    """How experiments are kept apart; `basic`, which is no sandbox, until one is proven."""
    model: str = ""
    checkpoints: tuple[str, ...] = ()
    counts: Mapping[str, int] = field(default_factory=dict)
    rounds: int = 2
    elsewhere: int = 0
    turns: Mapping[str, tuple[Turn, ...]] = field(default_factory=dict)
    made: Mapping[str, tuple[Made, ...]] = field(default_factory=dict)
    programs: tuple[ProgramRow, ...] = ()
    written: Mapping[str, Written] = field(default_factory=dict)
    """By program what its code says of itself."""
    experiments: tuple[ExperimentRow, ...] = ()
    results: tuple[ResultRow, ...] = ()
    papers: tuple[PaperRow, ...] = ()
    built: tuple[Build | None, Build | None] = (None, None)
    """The newest typesetting of the paper, and the one that made the PDF which is kept."""
    events: tuple[EventRow, ...] = ()
    """The newest of them."""
    deaths: tuple[Death, ...] = ()
    measure: Measure = Measure()
    running: Running | None = None
    beside: tuple[Curve, ...] = ()
    """Other programs at their median: the best, the baseline, then as they rank; each named for its program."""
    engine_log: LogFile | None = None
    standstill: Standstill = Standstill()
    looked_at: int = 0
    slots: int = 0
    machine: Machine = field(default_factory=Machine)
    shelf: tuple[str, ...] = ()
    forms: tuple[Mapping[str, Any], ...] = ()
    judged: tuple[tuple[float, float], ...] = ()
    """The lab's overall and this person's, a pair for each paper that they judged before."""

    def __repr__(self) -> str:
        return f"Look({self.title})"

    @property
    def title(self) -> str:
        return f"{self.project}/{self.run.id}"

    def phase(self, phase: str) -> PhaseRow | None:
        return next((row for row in self.phases if row.phase == phase), None)

    @property
    def at_work(self) -> PhaseRow | None:
        """The phase at work or waiting; None before the first and after the last."""
        busy = ("at_work", "waits_person", "waits_world", "lost", "stopped")
        return next((row for row in self.phases if row.state in busy), None)

    def wait_of(self, phase: str) -> WaitRow | None:
        """The open wait that stands in a phase."""
        return next((wait for wait in self.waits if wait.phase == phase), None)

    @property
    def undecided(self) -> tuple[WaitRow, ...]:
        """The open waits that nobody answered yet, oldest first."""
        return tuple(wait for wait in self.waits if wait.id not in self.decided)

    def newest(self, phase: str) -> Made | None:
        made = self.made.get(phase, ())
        return made[-1] if made else None

    @property
    def engine_missing(self) -> bool:
        """Work is under way or waits for the world, or words lie unread, and nobody is there."""
        if self.engine.alive:
            return False
        world = any(wait.why in ("network", "backoff") for wait in self.waits)
        return self.run.state == "running" or bool(self.unread) or (self.run.state == "paused" and world)


@dataclass(frozen=True)
class HomeRow:
    """A run as home shows it: `key` and `facts` are the sentence, so that it speaks either language."""

    folder: Path
    project: str
    run: int
    group: str  # waits, at_work, at_rest
    symbol: str
    key: str
    facts: Mapping[str, Any]
    since_at: int | None
    micros: int | None
    gpu_s: float | None
    question: str = ""
    autonomy: str = ""
    error: LabError | None = None
    """Why a project cannot be read."""
    every: bool = True
    """Whether every phase ends at a checkpoint; else `stops` of them do."""
    stops: int = 0
    following: str | None = None
    """The phase of the next checkpoint, `after` the one that waits; empty: none before the end, None: it is over."""
    after: bool = False
    took_s: tuple[float, float] | None = None
    limit_micros: int = 0
    limit_gpu_s: float = 0

    @property
    def title(self) -> str:
        return f"{self.project}/{self.run}" if self.run else self.project


@dataclass(frozen=True)
class Home:
    """All projects that this person knows, and the machine."""

    now: int
    host: str
    zone: str
    rows: tuple[HomeRow, ...] = ()
    machine: Host = field(default_factory=Host)
