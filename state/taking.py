"""Taking words up: the engine's half of the inbox.

Each word is taken in one transaction, in the order of the files' names: its row under its name, its effect, and only
then is the file removed. So it counts once, also when the engine dies between commit and removal. A decision that comes
too late or that saw another product changes nothing; its text is kept as a note. Called by `engine/lab.py`.
"""

from __future__ import annotations

import json
import sqlite3
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from state import inbox, ledger, lineage
from state.durable import fsync_dir, printable
from state.errors import LabError, Plain
from state.events import (
    AutonomyChanged,
    NoteTaken,
    RunPaused,
    RunResumed,
    RunStopped,
    SettingChanged,
    WordRefused,
    WordTaken,
)
from state.notes import hand_on, note, run_at_work
from state.project import Project, for_one_run, with_set
from state.store import Store, Transaction, canonical
from state.vocabulary import Autonomy, Choice, Phase, Role, RunState, VisitState, Wait, WordKind


@dataclass(frozen=True)
class Taken:
    """A word that was taken up: what the lab may have to do about it now."""

    id: str
    kind: WordKind | None
    run: int | None
    outcome: str  # taken, late, refused, known
    why: str | None = None


class Refused(Exception):
    """The word cannot be carried out, for a reason that is a message key."""


def take(store: Store, path: Path, project: Project, config: str) -> Taken:
    """Take up the inbox file at `path`. `config` is the blob of the project.toml that a new run would work from."""
    try:
        word = inbox.read(path)
    except LabError as error:
        return _refuse_file(store, path, str(error.facts.get("why", error.key)))
    with store.transaction() as tx:
        if tx.execute("SELECT 1 FROM word WHERE id = ?", (word.id,)).fetchone():
            taken = Taken(word.id, word.kind, None, "known")
        else:
            taken = _carry_out(store, tx, word, project, config)
    path.unlink(missing_ok=True)
    fsync_dir(path.parent)
    return taken


def _refuse_file(store: Store, path: Path, why: str) -> Taken:
    """What cannot be read is moved aside and shown."""
    name = printable(path.name)
    with store.transaction() as tx:
        tx.event(WordRefused(name, "file", printable(why)))
    refused = path.parent / "refused"
    refused.mkdir(mode=0o700, exist_ok=True)
    path.replace(refused / path.name)
    return Taken(name, None, None, "refused", why)


def _carry_out(store: Store, tx: Transaction, word: inbox.Word, project: Project, config: str) -> Taken:
    tx.event(WordTaken(word.id, word.kind.value))
    run = word.body.run or run_at_work(tx)
    try:
        if word.body.run and not tx.execute("SELECT 1 FROM run WHERE id = ?", (word.body.run,)).fetchone():
            run = None  # left by hand, or before the database was put back to an earlier day
            raise Refused("word.no_such_run")
        run, outcome, why = _effect(store, tx, word, run, project, config)
    except (Refused, LabError) as error:
        outcome, why = "refused", error.key if isinstance(error, LabError) else str(error)
        tx.event(WordRefused(word.id, word.kind.value, why), run)
    tx.execute(
        "INSERT INTO word (id, kind, body, taken_seq, outcome, why) VALUES (?,?,?,?,?,?)",
        (
            word.id,
            word.kind.value,
            canonical(word.body.model_dump(mode="json", exclude={"edited"})),
            tx.seq,
            outcome,
            why,
        ),
    )
    return Taken(word.id, word.kind, run, outcome, why)


def _effect(
    store: Store, tx: Transaction, word: inbox.Word, run: int | None, project: Project, config: str
) -> tuple[int | None, str, str | None]:
    """Do what a word says; (run, outcome, why)."""
    body = word.body
    match body:
        case inbox.NoteBody():
            phase = body.to if isinstance(body.to, Phase) else None
            role = body.to if isinstance(body.to, Role) else None
            note(tx, word.id, run, phase, role, body.text, _ms(word.left_at))
        case inbox.DecisionBody():
            return _decide(store, tx, word, body)
        case inbox.RunBody():
            run = begin_run(tx, project, config, body.autonomy)
        case inbox.ResumeBody():
            resume(tx, _known(run), word.id)
        case inbox.PauseBody():
            pause(tx, _known(run))
        case inbox.StopBody():
            stop(tx, _known(run))
        case inbox.CheckpointBody():
            call_checkpoint(tx, _known(run), body.experiments)
        case inbox.ForkBody():
            run = _fork(tx, _known(run), body)
        case inbox.SetBody():
            _set(tx, word.id, run, body, project)
        case inbox.ReviewBody(paper=str(paper)):
            run = review_paper(tx, word.id, config, str(project.folder / paper))
        case inbox.ReviewBody():
            _review(store, tx, word.id, _known(run), body)
    return run, "taken", None


def _known(run: int | None) -> int:
    if run is None:
        raise Refused("word.no_run")
    return run


def _ms(at: datetime) -> int:
    return int(at.timestamp() * 1000)


# decisions


def _decide(
    store: Store, tx: Transaction, word: inbox.Word, body: inbox.DecisionBody
) -> tuple[int | None, str, str | None]:
    tx.db.row_factory = sqlite3.Row
    wait = tx.execute(
        "SELECT wait.*, product.sha256, visit.phase AS at_phase FROM wait"
        " LEFT JOIN product ON product.id = wait.product LEFT JOIN visit ON visit.id = wait.visit WHERE wait.id = ?",
        (body.wait,),
    ).fetchone()
    tx.db.row_factory = None
    if wait is None:
        raise Refused("word.no_such_wait")
    run, phase = int(wait["run"]), Phase(wait["at_phase"]) if wait["at_phase"] else None
    target = body.phase or phase
    left_at = _ms(word.left_at)
    if wait["closed_seq"] is not None or wait["word"] is not None:  # decided, or its edits are being checked
        if body.note:
            note(tx, word.id, run, None, None, body.note, left_at)
        tx.event(WordRefused(word.id, word.kind.value, "word.too_late"), run, wait["visit"])
        return run, "late", "word.too_late"
    if body.sha256 is not None and wait["sha256"] is not None and body.sha256 != wait["sha256"]:
        if body.note:
            note(tx, word.id, run, None, None, body.note, left_at)
        raise Refused("word.product_changed")
    if body.choice.value not in json.loads(wait["choices"]):
        raise Refused("word.not_offered")
    match body.choice:
        case Choice.FORK:
            child = lineage.fork(tx, run, int(wait["visit"]))
            hand_on(tx, child)
            if body.note:
                note(tx, word.id, child, None, None, body.note, left_at)
            return child, "taken", None
        case Choice.STOP:
            if body.note:
                note(tx, word.id, run, None, None, body.note, left_at)
            stop(tx, run)
            return run, "taken", None
        case Choice.APPROVE if body.edited:
            if wait["product"] is None:  # a checkpoint that was called: nothing is handed in yet that could be edited
                raise Refused("word.not_offered")
            if body.note:
                note(tx, word.id, run, None, None, body.note, left_at)
            edited: dict[str, Plain] = {name: store.put(data) for name, data in body.edited_bytes.items()}
            tx.execute(
                "UPDATE wait SET answer = ?, word = ? WHERE id = ?", (canonical({"edited": edited}), word.id, body.wait)
            )
            return run, "taken", None
        case Choice.RAISE:
            _raise_limits(tx, word.id, run, body, json.loads(wait["facts"]))
        case Choice.ENOUGH:
            facts = json.loads(wait["facts"])
            if "enough_usd" in facts:  # handing in takes a few more turns: the person was shown what they may cost
                tx.event(SettingChanged("limits.money_usd", facts["enough_usd"]))
                own = run if facts.get("own") else None
                ledger.grant(tx, "limits.money_usd", float(facts["enough_usd"]), word.id, own)
        case Choice.BASIC:
            seq = tx.event(SettingChanged("experiments.sandbox", "basic"), run)
            tx.execute(
                "INSERT INTO setting (seq, run, key, value, word) VALUES (?,NULL,'experiments.sandbox','\"basic\"',?)",
                (seq, word.id),
            )
        case Choice.GO_BACK | Choice.SEND_BACK:
            if target is None or (phase is not None and target.number > phase.number):
                raise Refused("word.no_such_phase")
            if target.value not in json.loads(tx.execute("SELECT phases FROM run WHERE id = ?", (run,)).fetchone()[0]):
                raise Refused("word.no_such_phase")
    answer: dict[str, Plain] = {"phase": target.value if target else None, "pick": body.pick}
    lineage.close_wait(tx, body.wait, body.choice.value, word=word.id, answer=answer)
    if body.note:
        # the note belongs to the visit that the decision opens, so it is not bent to "the phase at work"
        to = target if body.choice in (Choice.GO_BACK, Choice.SEND_BACK) else None
        tx.execute(
            "INSERT OR IGNORE INTO note (word, run, phase, role, text, left_at) VALUES (?,?,?,NULL,?,?)",
            (word.id, run, to.value if to else None, body.note, left_at),
        )
        tx.event(NoteTaken(word.id, to), run)
    if body.choice is Choice.RAISE:
        lineage.close_budget_waits(tx)  # another run may have met the same limit
    if wait["why"] == Wait.TROUBLE and body.choice is Choice.RETRY:
        _forget_deaths(tx, run)
    return run, "taken", None


def _raise_limits(tx: Transaction, word: str, run: int, body: inbox.DecisionBody, facts: dict[str, Plain]) -> None:
    """A grant is what the wait said was the limit, and as much more as the person gave; of another limit nothing is
    known here."""
    given = [
        (key, float(now) + more)
        for key, more, now in (
            ("limits.money_usd", body.money_usd, facts.get("limit_usd")),
            ("limits.gpu_hours", body.gpu_hours, facts.get("limit_gpu_hours")),
        )
        if more is not None and isinstance(now, int | float)
    ]
    if not given:
        raise Refused("word.no_amount")
    for key, value in given:
        tx.event(SettingChanged(key, value))
        ledger.grant(tx, key, value, word, run if facts.get("own") else None)


# runs


def begin_run(tx: Transaction, project: Project, config: str, autonomy: str | None = None) -> int:
    """A new run of the project as its project.toml is now. Notes left before it are its own."""
    phases = [phase for phase in Phase if phase is not Phase.IDEATION or not project.config.question]
    run = lineage.begin_run(tx, config, phases, autonomy or project.config.autonomy.value)
    hand_on(tx, run)
    return run


def review_paper(tx: Transaction, word: str, config: str, paper: str) -> int:
    """A run that does nothing but review a paper from elsewhere, by itself: nobody's research waits for it."""
    run = lineage.begin_run(tx, config, [Phase.REPORT_REFINEMENT], Autonomy.AUTOPILOT.value)
    seq = tx.event(SettingChanged("manuscript", paper), run)
    tx.execute(
        "INSERT INTO setting (seq, run, key, value, word) VALUES (?,?,'manuscript',?,?)",
        (seq, run, canonical(paper), word),
    )
    return run


def pause(tx: Transaction, run: int) -> None:
    held = tx.execute(
        "SELECT 1 FROM wait WHERE run = ? AND why = ? AND closed_seq IS NULL", (run, Wait.PERSON.value)
    ).fetchone()
    state = tx.execute("SELECT state FROM run WHERE id = ?", (run,)).fetchone()[0]
    if held or state in (RunState.DONE, RunState.STOPPED):
        return
    lineage.open_wait(tx, run, Wait.PERSON, [Choice.RETRY.value, Choice.STOP.value], {}, visit=_visit(tx, run))
    tx.event(RunPaused(run), run)


def stop(tx: Transaction, run: int) -> None:
    """The run and its experiments end; `resume` undoes it."""
    state = tx.execute("SELECT state FROM run WHERE id = ?", (run,)).fetchone()[0]
    if state in (RunState.DONE, RunState.STOPPED):
        return
    tx.execute("UPDATE run SET state = ?, ended_at = ? WHERE id = ?", (RunState.STOPPED.value, tx.at, run))
    tx.event(RunStopped(run), run)


def resume(tx: Transaction, run: int, word: str) -> None:
    """Go on after a pause, a stop, a failure or trouble; whatever waits for the world is tried at once.

    A trouble that asks something else than to try again stays open: to go on is no answer to it.
    """
    state = tx.execute("SELECT state FROM run WHERE id = ?", (run,)).fetchone()[0]
    if state == RunState.DONE:
        return
    if state in (RunState.STOPPED, RunState.FAILED):
        tx.execute("UPDATE run SET state = ?, ended_at = NULL WHERE id = ?", (RunState.RUNNING.value, run))
    for (wait,) in tx.execute(
        "SELECT id FROM wait WHERE run = ? AND closed_seq IS NULL AND why IN"
        " ('person', 'trouble', 'network', 'auth', 'disk', 'backoff', 'budget')"
        " AND (why != ? OR EXISTS (SELECT 1 FROM json_each(choices) WHERE value = ?))",
        (run, Wait.TROUBLE.value, Choice.RETRY.value),
    ).fetchall():
        lineage.close_wait(tx, wait, Choice.RETRY.value, word=word)
    lineage.refresh(tx, run)
    _forget_deaths(tx, run)
    tx.event(RunResumed(run), run)


def call_checkpoint(tx: Transaction, run: int, experiments: bool) -> None:
    """A checkpoint in mid-phase: the step at work ends, then every choice stands; approving means enough."""
    visit = _visit(tx, run)
    row = tx.execute("SELECT state FROM visit WHERE id = ?", (visit,)).fetchone() if visit else None
    if row is None or row[0] != VisitState.OPEN:
        raise Refused("word.no_phase_at_work")
    if tx.execute(
        "SELECT 1 FROM wait WHERE run = ? AND visit = ? AND why = 'checkpoint' AND closed_seq IS NULL", (run, visit)
    ).fetchone():
        raise Refused("word.checkpoint_open")
    choices = [Choice.APPROVE, Choice.SEND_BACK, Choice.GO_BACK, Choice.FORK, Choice.STOP, Choice.RETRY]
    lineage.open_wait(
        tx,
        run,
        Wait.CHECKPOINT,
        [choice.value for choice in choices if choice is not Choice.FORK],
        {"called": True, "experiments": experiments},
        visit=visit,
    )


def _fork(tx: Transaction, run: int, body: inbox.ForkBody) -> int:
    row = tx.execute(
        "SELECT visit.id, visit.state FROM lineage JOIN visit ON visit.id = lineage.visit WHERE lineage.run = ?"
        " AND (? IS NULL OR visit.label = ?) AND (? IS NULL OR visit.phase = ?)"
        " AND visit.state = 'closed' ORDER BY superseded_seq IS NOT NULL, place DESC LIMIT 1",
        (run, body.visit, body.visit, body.phase, body.phase),
    ).fetchone()
    if row is None:
        raise Refused("word.no_such_checkpoint")
    child = lineage.fork(tx, run, int(row[0]))
    hand_on(tx, child)
    return child


def _set(tx: Transaction, word: str, run: int | None, body: inbox.SetBody, project: Project) -> None:
    value: Plain = list(body.value) if isinstance(body.value, list) else body.value
    with_set(project.config, body.key, value)  # refuses what cannot be set
    if body.run is not None:
        for_one_run(body.key)
    tx.event(SettingChanged(body.key, value), run)
    tx.execute(
        "INSERT INTO setting (seq, run, key, value, word) VALUES (?,?,?,?,?)",
        (tx.seq, body.run, body.key, canonical(value), word),
    )
    if body.key.startswith("limits."):
        lineage.close_budget_waits(tx)
    if body.key == "autonomy" and run is not None:
        tx.execute("UPDATE run SET autonomy = ? WHERE id = ?", (body.value, run))
        tx.event(AutonomyChanged(run, str(body.value)), run)


def _review(store: Store, tx: Transaction, word: str, run: int, body: inbox.ReviewBody) -> None:
    """A person's own form stands first, and its weaknesses go to the writer as notes."""
    if body.form is None:
        raise Refused("word.no_form")
    form = body.form.model_dump(mode="json")
    seq = tx.event(SettingChanged("review", None), run)
    tx.execute(
        "INSERT INTO setting (seq, run, key, value, word) VALUES (?,?,'review',?,?)", (seq, run, canonical(form), word)
    )
    if body.form.weaknesses:
        text = "\n".join(body.form.weaknesses)
        tx.execute(
            "INSERT OR IGNORE INTO note (word, run, phase, role, text, left_at) VALUES (?,?,?,NULL,?,?)",
            (word, run, Phase.REPORT_WRITING.value, text, tx.at),
        )


def _visit(tx: Transaction, run: int) -> int | None:
    row = tx.execute(
        "SELECT visit FROM lineage WHERE run = ? AND superseded_seq IS NULL ORDER BY place DESC LIMIT 1", (run,)
    ).fetchone()
    return int(row[0]) if row else None


def _forget_deaths(tx: Transaction, run: int) -> None:
    tx.execute(
        "UPDATE step SET deaths = 0 WHERE state = 'intent' AND visit IN (SELECT visit FROM lineage WHERE run = ?)",
        (run,),
    )
