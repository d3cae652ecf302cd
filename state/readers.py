"""What the tui and the command line read: plain sqlite3, read-only, frozen dataclasses.

A `Reader` never holds a transaction: each call fetches all and is done. `version()` moves whenever a commit was made
(PRAGMA data_version), `last_seq()` is the last event. Nothing here imports SQLModel, and nothing writes.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from state.errors import LabError
from state.opened import is_busy, opened
from state.rows import (
    EventRow,
    ExperimentRow,
    Facts,
    NoteRow,
    PaperRow,
    PhaseRow,
    ProductRow,
    ProgramRow,
    ResultRow,
    RunRow,
    Totals,
    VisitRow,
    WaitRow,
    listed,
    row_of,
)
from state.vocabulary import SCHEMA, Wait

LONG_RETRY_S = 10.0
"""A retry that waits this long is shown as a wait."""

_EXPERIMENTS = """WITH seen AS (
    SELECT experiment.*, max(lineage.superseded_seq IS NULL) AS live
    FROM experiment JOIN used ON used.experiment = experiment.id JOIN lineage ON lineage.visit = used.visit
    WHERE ? IS NULL OR lineage.run = ? GROUP BY experiment.id)"""


class NotYetError(sqlite3.OperationalError):
    """An engine has made the file and not yet its tables."""


class Reader:
    """Short reads of one project's database. Raises LabError store.newer, store.damaged; NotYetError for an instant."""

    def __init__(self, database: Path, blobs: Path) -> None:
        self.database = database
        self.blobs = blobs
        self._db = opened(database)
        self._db.row_factory = sqlite3.Row
        found = int(self._one("PRAGMA user_version")[0])
        if not 0 < found <= SCHEMA:
            self._db.close()
            if found == 0:
                raise NotYetError("no tables yet")
            raise LabError("store.newer", path=str(database), found=found, known=SCHEMA)

    def close(self) -> None:
        self._db.close()

    def _all(self, sql: str, *values: object) -> list[sqlite3.Row]:
        return self._db.execute(sql, values).fetchall()

    def rows(self, sql: str, *values: object) -> list[sqlite3.Row]:
        """For `talk.py`, `standstill.py` and `atwork.py`, which ask what only a talk, a notice or home needs."""
        return self._all(sql, *values)

    def _one(self, sql: str, *values: object) -> Any:
        return self._db.execute(sql, values).fetchone()

    def version(self) -> int:
        """Changes whenever another connection has committed; 10 µs."""
        return int(self._one("PRAGMA data_version")[0])

    def last_seq(self) -> int:
        return int(self._one("SELECT coalesce(max(seq), 0) FROM event")[0])

    # runs and phases

    def runs(self) -> list[RunRow]:
        return [_run(row) for row in self._all("SELECT * FROM run ORDER BY id")]

    def run(self, run: int) -> RunRow | None:
        row = self._one("SELECT * FROM run WHERE id = ?", run)
        return _run(row) if row else None

    def config(self, run: RunRow) -> Facts:
        """The snapshot of project.toml that a run works from."""
        return dict(json.loads((self.blobs / run.config).read_bytes()))

    def settings(self, run: int | None = None) -> Facts:
        """Live overrides and grants in force: of the project, and those of `run` over them."""
        rows = self._all("SELECT key, value FROM setting WHERE run IS NULL OR run IS ? ORDER BY seq", run)
        return {row["key"]: json.loads(row["value"]) for row in rows}

    def totals_of_project(self) -> tuple[int, int]:
        """Micros spent and GPU-seconds used over all runs and forks."""
        row = self._one("SELECT coalesce(sum(spent_micros), 0), coalesce(sum(gpu_s), 0) FROM run")
        return int(row[0]), int(row[1])

    def visits(self, run: int) -> list[VisitRow]:
        """The visits a run sees, in order, superseded ones too."""
        rows = self._all(
            """SELECT visit.*, lineage.place, lineage.superseded_seq,
                      (SELECT count(*) FROM step WHERE step.visit = visit.id AND kind = 'ask' AND state = 'done'
                         AND step.superseded_seq IS NULL) AS asks
               FROM lineage JOIN visit ON visit.id = lineage.visit WHERE lineage.run = ? ORDER BY place""",
            run,
        )
        return [row_of(VisitRow, row, state="superseded" if row["superseded_seq"] else row["state"]) for row in rows]

    def phases(self, run: RunRow) -> list[PhaseRow]:
        """The rail: every phase of the run with its state, time and cost."""
        visits, waits = self.visits(run.id), self.waits(run.id)
        found = []
        for phase in run.phases:
            mine = [visit for visit in visits if visit.phase == phase]
            last = next((visit for visit in reversed(mine) if visit.state != "superseded"), None)
            state, since, took = "not_begun", None, None
            if last is not None:
                held = [wait for wait in waits if wait.visit == last.id]
                person = [wait for wait in held if wait.needs_person]
                if person:
                    state, since = "waits_person", person[0].opened_at
                elif held:
                    state, since = "waits_world", held[0].opened_at
                elif last.state == "closed":
                    state = "done"
                else:
                    state, since = "at_work", last.opened_at
                if last.closed_at is not None:
                    took = sum((visit.closed_at or visit.opened_at) - visit.opened_at for visit in mine) / 1000
            found.append(
                PhaseRow(
                    phase,
                    state,
                    len(mine),
                    since,
                    took,
                    sum(visit.spent_micros for visit in mine),
                    sum(visit.asks for visit in mine),
                )
            )
        return found

    # waits and notes

    def waits(self, run: int | None = None, *, ended: bool = False) -> list[WaitRow]:
        """Open waits, oldest first, of one run or of all; with `ended` those that are over too.

        A retry that has its time is left out unless it is long.
        """
        rows = self._all(
            f"""SELECT wait.*, product.sha256, visit.phase FROM wait LEFT JOIN product ON product.id = wait.product
                LEFT JOIN visit ON visit.id = wait.visit
                WHERE (? IS NULL OR wait.run = ?) {"" if ended else "AND wait.closed_seq IS NULL"} ORDER BY wait.id""",
            run,
            run,
        )
        return [
            row_of(WaitRow, row, choices=listed(row["choices"]), facts=json.loads(row["facts"]))
            for row in rows
            if ended or row["why"] != Wait.BACKOFF or row["length_s"] >= LONG_RETRY_S
        ]

    def notes(self, run: int) -> list[NoteRow]:
        rows = self._all("SELECT * FROM note WHERE run = ? AND replaced_seq IS NULL ORDER BY rowid", run)
        return [row_of(NoteRow, row) for row in rows]

    # products

    def versions(self, run: int, phase: str | None = None) -> list[ProductRow]:
        """Versions of the products of a run's visits as the run sees them, superseded ones too, oldest first."""
        rows = self._all(
            """SELECT product.*, visit.label, visit.phase FROM lineage JOIN visit ON visit.id = lineage.visit
               JOIN product ON product.visit = visit.id
               WHERE lineage.run = ? AND (product.run IS NULL OR product.run = lineage.run)
               AND (? IS NULL OR visit.phase = ?) ORDER BY product.id""",
            run,
            phase,
            phase,
        )
        return [_product(row) for row in rows]

    def product(self, product: int) -> ProductRow | None:
        row = self._one(
            "SELECT product.*, visit.label, visit.phase FROM product JOIN visit ON visit.id = product.visit"
            " WHERE product.id = ?",
            product,
        )
        return _product(row) if row else None

    def files(self, sha256: str) -> dict[str, bytes]:
        """The files of a product or program, from its manifest."""
        return {name: self.blob(blob) for name, blob in json.loads(self.blob(sha256)).items()}

    def blob(self, sha256: str) -> bytes:
        return (self.blobs / sha256).read_bytes()

    # experiments

    def programs(self, run: int) -> list[ProgramRow]:
        """Programs of the run's visits, the kept ones first by rank, then in order of birth.

        One that another run made first is also this run's where its visits rest on an experiment with it.
        """
        rows = self._all(
            """SELECT program.*, step.path, step.role, step.ended_at AS made_at
               FROM program LEFT JOIN step ON step.id = program.step
               WHERE program.visit IN (SELECT visit FROM lineage WHERE run = ?) OR program.name IN
                 (SELECT experiment.program FROM lineage JOIN used ON used.visit = lineage.visit
                  JOIN experiment ON experiment.id = used.experiment WHERE lineage.run = ?)
               ORDER BY program.kept IS NULL, program.kept, program.id""",
            run,
            run,
        )
        return [row_of(ProgramRow, row, step=row["path"]) for row in rows]

    def experiments(self, run: int | None = None) -> list[ExperimentRow]:
        """Experiments that a run's visits rest on, inherited ones too; of the project without `run`."""
        rows = self._all(f"{_EXPERIMENTS} SELECT * FROM seen ORDER BY id", run, run)
        return [row_of(ExperimentRow, row, superseded=not row["live"]) for row in rows]

    def results(self, run: int) -> list[ResultRow]:
        rows = self._all(
            f"""{_EXPERIMENTS} SELECT result.*, seen.program, seen.seed, seen.live
                FROM seen JOIN result ON seen.id = result.experiment ORDER BY seen.id, dataset, metric""",
            run,
            run,
        )
        return [row_of(ResultRow, row, superseded=not row["live"]) for row in rows]

    def papers(self) -> list[PaperRow]:
        rows = self._all("SELECT * FROM paper ORDER BY key")
        return [row_of(PaperRow, row, authors=listed(row["authors"])) for row in rows]

    # what happened

    def events(self, after: int = 0, run: int | None = None, limit: int = 5000) -> list[EventRow]:
        rows = self._all(
            "SELECT * FROM event WHERE seq > ? AND (? IS NULL OR run IS NULL OR run = ?) ORDER BY seq LIMIT ?",
            after,
            run,
            run,
            limit,
        )
        return [
            EventRow(row["seq"], row["at"], row["run"], row["visit"], row["kind"], json.loads(row["facts"]))
            for row in rows
        ]

    def newest_events(self, run: int, limit: int = 5000) -> list[EventRow]:
        """The last events of a run and of the project, oldest first."""
        row = self._one(
            "SELECT seq FROM event WHERE run IS NULL OR run = ? ORDER BY seq DESC LIMIT 1 OFFSET ?", run, limit
        )
        return self.events(row["seq"] if row else 0, run, limit)

    def totals(self, run: int) -> Totals:
        row = self._one(
            """SELECT count(*) FILTER (WHERE attempt.state = 'done'), count(*) FILTER (WHERE attempt.state = 'doubt'),
                      coalesce(sum(input + cache_write), 0), coalesce(sum(cache_read), 0), coalesce(sum(output), 0),
                      coalesce(sum(estimated), 0)
               FROM visit JOIN step ON step.visit = visit.id JOIN attempt ON attempt.step = step.id
               WHERE visit.run = ? AND attempt.kind = 'call'""",
            run,
        )
        return Totals(*(int(value) for value in row))

    def attempts(self, kind: str, run: int | None = None) -> list[tuple[int, str, str]]:
        """(step, attempt, state) of calls or jobs, in the order they were made."""
        rows = self._all(
            """SELECT attempt.step, attempt.id, attempt.state FROM attempt JOIN step ON step.id = attempt.step
               JOIN visit ON visit.id = step.visit WHERE attempt.kind = ? AND (? IS NULL OR visit.run = ?)
               ORDER BY attempt.step, n""",
            kind,
            run,
            run,
        )
        return [(row[0], row[1], row[2]) for row in rows]

    def word(self, word: str) -> tuple[str, str | None] | None:
        """What became of a word, and why; None while nobody took it up."""
        row = self._one("SELECT outcome, why FROM word WHERE id = ?", word)
        return (row["outcome"], row["why"]) if row else None

    def run_begun_by(self, word: str) -> int | None:
        """The run that a word began: the first to begin after the word was taken up, in the same commit."""
        row = self._one(
            "SELECT run FROM event WHERE kind = 'run_began' AND seq > (SELECT seq FROM event WHERE kind = 'word_taken'"
            " AND json_extract(facts, '$.word') = ?) AND seq <= (SELECT taken_seq FROM word WHERE id = ?)"
            " ORDER BY seq LIMIT 1",
            word,
            word,
        )
        return int(row["run"]) if row else None

    def tier(self) -> str:
        """What keeps an experiment in, as the last engine found it; `basic`, which promises least, while none did."""
        row = self._one("SELECT value FROM lab WHERE key = 'tier'")
        return str(row["value"]) if row else "basic"

    def engines(self) -> list[Facts]:
        """Every engine that took the lock, newest last."""
        return [dict(row) for row in self._all("SELECT * FROM engine ORDER BY id")]


@contextmanager
def reading(database: Path, blobs: Path) -> Iterator[Reader | None]:
    """A Reader for one look, or None where no lab has worked yet."""
    if not database.exists():
        yield None
        return
    try:
        reader = Reader(database, blobs)
    except NotYetError:
        yield None
        return
    except sqlite3.DatabaseError as error:
        raise _refusal(error, database) from error
    try:
        yield reader
    except sqlite3.DatabaseError as error:  # a page that only this question came to
        raise _refusal(error, database) from error
    finally:
        reader.close()


def _refusal(error: sqlite3.DatabaseError, database: Path) -> LabError:
    key = "store.damaged"
    if isinstance(error, sqlite3.OperationalError):
        key = "store.busy" if is_busy(error) else "store.unreadable"
    return LabError(key, path=str(database), why=str(error))


def _run(row: sqlite3.Row) -> RunRow:
    return row_of(RunRow, row, phases=listed(row["phases"]))


def _product(row: sqlite3.Row) -> ProductRow:
    return row_of(
        ProductRow,
        row,
        handed_in=bool(row["handed_in"]),
        refusal=json.loads(row["refusal"]) if row["refusal"] else None,
        summary=json.loads(row["summary"]),
    )
