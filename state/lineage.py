"""Which visits a run sees: opening them, superseding them, sharing them with a fork.

A run's lineage is a list of places, each naming a visit. Sending back and going back supersede the visits of a phase
and of all later ones, in this run alone; a fork copies the places up to its cut, so that nothing is paid twice.
"""

from __future__ import annotations

import json
import sqlite3
from dataclasses import dataclass

from state.errors import Plain
from state.events import RunBegan, SettingChanged, VisitOpened, VisitSuperseded
from state.ledger import OWN_LIMITS
from state.store import Store, Transaction, canonical
from state.vocabulary import Phase, RunState, VisitState, Wait

REVIEW_ONLY = canonical([Phase.REPORT_REFINEMENT.value])
"""`run.phases` of a run that only reviews a paper from elsewhere."""


@dataclass(frozen=True)
class Visit:
    id: int
    run: int  # that opened it
    label: str
    phase: Phase
    inputs: dict[str, int]
    frame: str
    state: VisitState
    opened_by: int | None

    @classmethod
    def of(cls, row: sqlite3.Row) -> Visit:
        return cls(
            row["id"],
            row["run"],
            row["label"],
            Phase(row["phase"]),
            json.loads(row["inputs"]),
            row["frame"],
            VisitState(row["state"]),
            row["opened_by"],
        )


def visits(store: Store, run: int) -> list[Visit]:
    """The run's visits in order, superseded ones left out."""
    rows = store.rows(
        "SELECT visit.* FROM lineage JOIN visit ON visit.id = lineage.visit"
        " WHERE lineage.run = ? AND superseded_seq IS NULL ORDER BY place",
        (run,),
    )
    return [Visit.of(row) for row in rows]


def current(store: Store, run: int) -> Visit | None:
    found = visits(store, run)
    return found[-1] if found else None


def begin_run(tx: Transaction, config: str, phases: list[Phase], autonomy: str, parent: int | None = None) -> int:
    """A new run; `config` is the blob of the snapshot it works from."""
    run = tx.insert(
        "INSERT INTO run (parent, phases, state, config, autonomy, begun_at, inherited_micros, spent_micros,"
        " reserved_micros, gpu_s, gpu_reserved_s) VALUES (?,?,?,?,?,?,0,0,0,0,0)",
        (parent, canonical([phase.value for phase in phases]), RunState.RUNNING.value, config, autonomy, tx.at),
    )
    tx.event(RunBegan(run, parent), run)
    return run


def open_visit(
    tx: Transaction, run: int, phase: Phase, inputs: dict[str, int], frame: str, opened_by: int | None
) -> int:
    """A new visit at the end of a run's lineage. Whatever it replaces is superseded in the same commit."""
    for row in tx.execute(
        "SELECT place, visit.id, visit.phase, visit.label FROM lineage JOIN visit ON visit.id = lineage.visit"
        " WHERE lineage.run = ? AND superseded_seq IS NULL ORDER BY place",
        (run,),
    ).fetchall():
        place, visit, its_phase, label = row
        if Phase(its_phase).number >= phase.number:
            seq = tx.event(VisitSuperseded(its_phase, label), run, visit)
            tx.execute("UPDATE lineage SET superseded_seq = ? WHERE run = ? AND place = ?", (seq, run, place))
            for (wait,) in tx.execute(
                "SELECT id FROM wait WHERE run = ? AND visit = ? AND why != ? AND closed_seq IS NULL",
                (run, visit, Wait.PERSON.value),  # a pause is the run's: it holds the new visit too
            ).fetchall():
                close_wait(tx, wait)
    before = tx.execute("SELECT count(*), coalesce(max(place), 0) FROM lineage WHERE run = ?", (run,)).fetchone()
    labels = tx.execute(
        "SELECT label FROM lineage JOIN visit ON visit.id = lineage.visit WHERE lineage.run = ? AND visit.phase = ?",
        (run, phase.value),
    ).fetchall()
    label = f"{phase.short}@{max((int(each[0].split('@')[1]) for each in labels), default=0) + 1}"
    visit = tx.insert(
        "INSERT INTO visit (run, label, phase, opened_by, inputs, frame, state, opened_seq, opened_at, spent_micros,"
        " gpu_s) VALUES (?,?,?,?,?,?,?,?,?,0,0)",
        (run, label, phase.value, opened_by, canonical(dict(inputs)), frame, VisitState.OPEN.value, 0, tx.at),
    )
    tx.execute("INSERT INTO lineage (run, place, visit) VALUES (?,?,?)", (run, before[1] + 1, visit))
    seq = tx.event(VisitOpened(phase.value, label), run, visit)
    tx.execute("UPDATE visit SET opened_seq = ? WHERE id = ?", (seq, visit))
    tx.execute(
        "UPDATE wait SET visit = ? WHERE run = ? AND why = ? AND closed_seq IS NULL", (visit, run, Wait.PERSON.value)
    )
    return visit


def fork(tx: Transaction, run: int, visit: int) -> int:
    """A new run that shares every visit of `run` up to and with `visit`, by reference.

    Unread notes go to both, what a person set for `run` alone is in force for the new one too, and so is their review
    of a paper that both share.
    """
    row = tx.execute("SELECT phases, config, autonomy FROM run WHERE id = ?", (run,)).fetchone()
    phases = [Phase(each) for each in json.loads(row[0])]
    child = begin_run(tx, row[1], phases, row[2], parent=run)
    shared = tx.execute(
        "SELECT place, visit.id, visit.spent_micros FROM lineage JOIN visit ON visit.id = lineage.visit"
        " JOIN visit AS cut ON cut.id = ?"
        " WHERE lineage.run = ? AND (superseded_seq IS NULL OR superseded_seq > cut.opened_seq)"
        " AND place <= (SELECT max(place) FROM lineage WHERE run = ? AND visit = ?) ORDER BY place",
        (visit, run, run, visit),
    ).fetchall()
    for place, (_, each, _) in enumerate(shared, start=1):
        tx.execute("INSERT INTO lineage (run, place, visit) VALUES (?,?,?)", (child, place, each))
    tx.execute(
        "UPDATE run SET cut = ?, inherited_micros = ? WHERE id = ?", (visit, sum(each[2] for each in shared), child)
    )
    tx.execute(  # what the run's person made of a product is shared too; what they make of it later is not
        "INSERT INTO product (visit, run, name, version, sha256, author, handed_in, refusal, summary, seq)"
        " SELECT visit, ?, name, (SELECT max(version) + 1 FROM product AS other WHERE other.visit = product.visit"
        " AND other.name = product.name), sha256, author, handed_in, refusal, summary, ? FROM product WHERE id IN"
        " (SELECT max(product.id) FROM lineage JOIN product ON product.visit = lineage.visit"
        " WHERE lineage.run = ? AND product.run = ? GROUP BY product.visit, product.name) ORDER BY id",
        (child, tx.seq, child, run),
    )
    tx.execute(
        "INSERT INTO note (word, run, phase, role, text, left_at) SELECT word, ?, phase, role, text, left_at FROM note"
        " WHERE run = ? AND read_seq IS NULL AND replaced_seq IS NULL ORDER BY rowid",
        (child, run),
    )
    _share_settings(tx, run, child)
    _share_review(tx, run, child)
    return child


def _share_review(tx: Transaction, run: int, child: int) -> None:
    """A person's own form speaks of the paper that was the newest when they signed: who shares it is judged by it."""
    form = tx.execute(
        "SELECT seq, value, word FROM setting WHERE run = ? AND key = 'review' ORDER BY seq DESC LIMIT 1", (run,)
    ).fetchone()
    if form is None:
        return
    shared = tx.execute(
        "SELECT 1 FROM lineage WHERE run = ? AND visit = (SELECT visit.id FROM lineage JOIN visit"
        " ON visit.id = lineage.visit WHERE lineage.run = ? AND visit.phase = ? AND visit.opened_seq < ?"
        " ORDER BY place DESC LIMIT 1)",
        (child, run, Phase.REPORT_WRITING.value, form[0]),
    ).fetchone()
    if shared is not None:
        seq = tx.event(SettingChanged("review", None), child)
        tx.execute(
            "INSERT INTO setting (seq, run, key, value, word) VALUES (?,?,'review',?,?)", (seq, child, *form[1:])
        )


def _share_settings(tx: Transaction, run: int, child: int) -> None:
    """What was set for `run` alone is set for `child`, unless something later is in force instead.

    A limit of its own holds beside the project's: no later one of the project takes its place.
    """
    over = {
        change["key"]: seq
        for seq, facts in tx.execute(
            "SELECT seq, facts FROM event WHERE run IS NULL AND kind = 'project_changed' ORDER BY seq"
        ).fetchall()
        for change in json.loads(facts)["changes"]
        if change["when"] == "now"
    }
    own: dict[str, tuple[int, str, str | None]] = {}
    for seq, of, key, value, word in tx.execute(
        "SELECT seq, run, key, value, word FROM setting WHERE (run IS NULL OR run = ?)"
        " AND key NOT IN ('review', 'manuscript') ORDER BY seq",
        (run,),
    ).fetchall():
        if of is not None:
            own[key] = (seq, value, word)
        elif key not in OWN_LIMITS:
            over[key] = max(seq, over.get(key, 0))
    for key, (seq, value, word) in own.items():
        if key in OWN_LIMITS or seq > over.get(key, 0):
            now = tx.event(SettingChanged(key, json.loads(value)), child)
            tx.execute(
                "INSERT INTO setting (seq, run, key, value, word) VALUES (?,?,?,?,?)", (now, child, key, value, word)
            )


def open_wait(
    tx: Transaction,
    run: int,
    why: Wait,
    choices: list[str],
    facts: dict[str, Plain],
    *,
    visit: int | None = None,
    step: int | None = None,
    product: int | None = None,
    until_at: int | None = None,
    length_s: float | None = None,
) -> int:
    """Record why a run stands still; the event comes with it."""
    from state.events import WaitOpened

    row = tx.execute("SELECT phase FROM visit WHERE id = ?", (visit,)).fetchone() if visit else None
    wait = tx.insert(
        "INSERT INTO wait (run, visit, step, why, product, choices, facts, until_at, length_s, opened_seq, opened_at)"
        " VALUES (?,?,?,?,?,?,?,?,?,0,?)",
        (run, visit, step, why.value, product, canonical(list(choices)), canonical(facts), until_at, length_s, tx.at),
    )
    seq = tx.event(WaitOpened(wait, why.value, row[0] if row else None), run, visit, step)
    tx.execute("UPDATE wait SET opened_seq = ? WHERE id = ?", (seq, wait))
    refresh(tx, run)
    return wait


def close_wait(
    tx: Transaction, wait: int, choice: str | None = None, *, word: str | None = None, answer: Plain = None
) -> None:
    """The wait is over: by a word, or because its reason is gone."""
    from state.events import WaitClosed

    run, visit, why = tx.execute("SELECT run, visit, why FROM wait WHERE id = ?", (wait,)).fetchone()
    seq = tx.event(WaitClosed(wait, why, choice), run, visit)
    tx.execute(
        "UPDATE wait SET closed_seq = ?, closed_at = ?, choice = ?, word = ?, answer = ? WHERE id = ?",
        (seq, tx.at, choice, word, canonical(answer), wait),
    )
    refresh(tx, run)


def reopen_wait(tx: Transaction, wait: int) -> None:
    """A person said to go on, and nothing had changed: the run stands still since when it did."""
    from state.events import WaitOpened

    run, visit, why, phase = tx.execute(
        "SELECT wait.run, visit, why, phase FROM wait LEFT JOIN visit ON visit.id = wait.visit WHERE wait.id = ?",
        (wait,),
    ).fetchone()
    tx.event(WaitOpened(wait, why, phase), run, visit)
    tx.execute(
        "UPDATE wait SET closed_seq = NULL, closed_at = NULL, choice = NULL, word = NULL, answer = NULL WHERE id = ?",
        (wait,),
    )
    refresh(tx, run)


def close_budget_waits(tx: Transaction) -> None:
    """A limit is another one now: whoever waits for money or GPU-hours looks again."""
    for (wait,) in tx.execute(
        "SELECT id FROM wait WHERE why = ? AND closed_seq IS NULL", (Wait.BUDGET.value,)
    ).fetchall():
        close_wait(tx, wait)


def refresh(tx: Transaction, run: int) -> None:
    """A run's state follows from its open waits, unless it is over or stopped."""
    state = tx.execute("SELECT state FROM run WHERE id = ?", (run,)).fetchone()[0]
    if state in (RunState.DONE, RunState.STOPPED, RunState.FAILED):
        return
    open_waits = [
        Wait(row[0])
        for row in tx.execute("SELECT why FROM wait WHERE run = ? AND closed_seq IS NULL", (run,)).fetchall()
    ]
    if any(why.needs_word for why in open_waits):
        new = RunState.WAITING
    elif any(why is not Wait.BACKOFF for why in open_waits):
        new = RunState.PAUSED
    else:
        new = RunState.RUNNING
    if new != state:
        tx.execute("UPDATE run SET state = ? WHERE id = ?", (new.value, run))
