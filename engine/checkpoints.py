"""After a phase has handed in: the checkpoint, what is decided there, and which visit comes next.

Where the run waits for people a checkpoint is opened with what approving would cost; silence never approves. On
autopilot the run goes on by itself, and refinement's own decision is followed while rounds are left. Called by `lab.py`
whenever a run's newest visit is closed; reads everything from the database, so it may be called again at any time.
"""

from __future__ import annotations

import importlib
import json
import logging
import sqlite3
from dataclasses import dataclass

from engine import opening, render, versions
from engine.answering import Refusal
from engine.visiting import Surroundings, lay
from state import lineage
from state.errors import LabError, Plain
from state.events import FileKept, ProductRefused
from state.lineage import Visit
from state.products.ideas import Ideas
from state.products.refinement import Refinement
from state.products.table import PRODUCTS
from state.vocabulary import Autonomy, Choice, Phase, Wait

log = logging.getLogger("engine")


@dataclass(frozen=True)
class Next:
    """What follows a closed visit: a phase to open (None: the run is done), by which wait, because of what."""

    phase: Phase | None
    opened_by: int | None = None
    because: int | None = None


async def after(around: Surroundings, run: int, visit: Visit) -> Next | None:
    """What follows a closed visit; None while a person has not decided."""
    row = around.store.row(
        "SELECT * FROM wait WHERE run = ? AND visit = ? AND why = 'checkpoint'"
        " AND coalesce(json_extract(facts, '$.called'), 0) = 0 AND (closed_seq IS NULL OR choice IS NOT NULL)"
        " ORDER BY id DESC LIMIT 1",
        (run, visit.id),
    )
    if row is None:
        if _passes(around, run, visit):
            _snapshot(around)
            return _onward(around, run, visit, None)
        _open(around, run, visit)
        return None
    if row["closed_seq"] is None:
        answer = json.loads(row["answer"]) if row["answer"] else None
        if answer and "edited" in answer:
            await _check_edit(around, run, visit, int(row["id"]), int(row["product"]), answer["edited"], row["word"])
            return await after(around, run, visit)
        _offer_files(around, run, visit, row)
        return None
    choice, answer = Choice(row["choice"]), json.loads(row["answer"] or "{}") or {}
    match choice:
        case Choice.APPROVE:
            return _onward(around, run, visit, int(row["id"]), accepted=True)
        case Choice.PICK:
            _pick(around, run, visit, str(answer.get("pick")))
            return _onward(around, run, visit, int(row["id"]), accepted=True)
        case Choice.SEND_BACK | Choice.GO_BACK:
            return Next(Phase(answer["phase"]), int(row["id"]), _refinement(around, run, visit))
        case _:
            return None


def _passes(around: Surroundings, run: int, visit: Visit) -> bool:
    """Whether nobody is asked here: autopilot, or a phase whose checkpoint the project does not name."""
    row = around.store.row("SELECT autonomy FROM run WHERE id = ?", (run,))
    assert row is not None
    if row["autonomy"] == Autonomy.AUTOPILOT:
        return True
    config = around.live.of(run).model_copy(update={"autonomy": Autonomy.CO_PILOT})
    return not config.stops_at(visit.phase)


def _onward(around: Surroundings, run: int, visit: Visit, wait: int | None, *, accepted: bool = False) -> Next:
    """The phase after this one. A refinement that nobody accepted by hand is followed while rounds are left."""
    row = around.store.row("SELECT phases FROM run WHERE id = ?", (run,))
    assert row is not None
    phases = [Phase(each) for each in json.loads(row["phases"])]
    if visit.phase is Phase.REPORT_REFINEMENT and not accepted:
        product = newest(around, run, visit)
        decided = opening.load(around.store, product) if product is not None else None
        if isinstance(decided, Refinement) and decided.decision == "back" and decided.phase is not None:
            rounds = around.store.row(
                "SELECT count(*) AS n FROM lineage JOIN visit ON visit.id = lineage.visit WHERE lineage.run = ?"
                " AND visit.phase = ?",
                (run, Phase.REPORT_REFINEMENT.value),
            )
            assert rounds is not None
            if rounds["n"] <= around.live.of(run).rounds:
                return Next(decided.phase, wait, product)
    later = [phase for phase in phases if phase.number > visit.phase.number]
    return Next(later[0] if later else None, wait)


def newest(around: Surroundings, run: int, visit: Visit) -> int | None:
    """The product that a closed visit handed in, as this run sees it."""
    row = around.store.row(
        "SELECT max(id) AS id FROM product WHERE visit = ? AND handed_in AND (run IS NULL OR run = ?)", (visit.id, run)
    )
    return int(row["id"]) if row and row["id"] is not None else None


def _refinement(around: Surroundings, run: int, visit: Visit) -> int | None:
    return newest(around, run, visit) if visit.phase is Phase.REPORT_REFINEMENT else None


def _open(around: Surroundings, run: int, visit: Visit) -> None:
    """Wait for the person, with what approving would lead to."""
    choices = [Choice.APPROVE, Choice.SEND_BACK, Choice.GO_BACK, Choice.FORK, Choice.STOP]
    if visit.phase is Phase.IDEATION:
        choices.insert(1, Choice.PICK)
    facts = _forecast(around, run, visit)
    if yours := _persons_files(around, run, newest(around, run, visit)):
        facts["yours"] = yours
    with around.store.transaction() as tx:
        lineage.open_wait(
            tx,
            run,
            Wait.CHECKPOINT,
            [choice.value for choice in choices],
            facts,
            visit=visit.id,
            product=newest(around, run, visit),
        )
    _snapshot(around)
    around.bell.ring()


def _persons_files(around: Surroundings, run: int, product: int | None) -> list[Plain]:
    """A person's own versions of the files of the product that waits: kept where they lie, and offered."""
    row = around.store.row("SELECT sha256 FROM product WHERE id = ?", (product,))
    return [*render.persons(around.store, around.places, run, row["sha256"])] if row else []


def _offer_files(around: Surroundings, run: int, visit: Visit, wait: sqlite3.Row) -> None:
    """What a person saved under runs/ while the checkpoint is open belongs in its box too."""
    facts = json.loads(wait["facts"])
    before, now = facts.get("yours", []), _persons_files(around, run, wait["product"])
    if now == before:
        return
    with around.store.transaction() as tx:
        tx.execute("UPDATE wait SET facts = ? WHERE id = ?", (json.dumps(facts | {"yours": now}), wait["id"]))
        for path in now:
            if path not in before:
                tx.event(FileKept(str(path)), run, visit.id)


def _snapshot(around: Surroundings) -> None:
    """Where the project lies on a share and the database does not: a whole copy goes there."""
    if around.places.kind is None:
        return
    try:
        around.store.snapshot(around.places.snapshot)
    except (OSError, sqlite3.Error) as error:  # the share is full or away: the copy before stays
        log.warning("no copy on the share: %s", error)


def _forecast(around: Surroundings, run: int, visit: Visit) -> dict[str, Plain]:
    """What comes after a yes: the next phase, and what it took in earlier visits of this project, if any."""
    onward = _onward(around, run, visit, None, accepted=True).phase
    facts: dict[str, Plain] = {"next": onward.value if onward else None}
    advised = _onward(around, run, visit, None).phase
    if advised is not onward and advised is not None:
        facts["advised"] = advised.value  # approving takes the paper as it is, whatever its authors decided
    if onward is not None:
        row = around.store.row(
            "SELECT count(*) AS n, min(closed_at - opened_at) AS least, max(closed_at - opened_at) AS most,"
            " min(spent_micros) AS low, max(spent_micros) AS high FROM visit WHERE phase = ? AND state = 'closed'",
            (onward.value,),
        )
        assert row is not None
        if row["n"]:
            facts |= {
                "took_s": [row["least"] / 1000, row["most"] / 1000],
                "usd": [row["low"] / 1e6, row["high"] / 1e6],
            }
    if visit.phase is Phase.PLAN_FORMULATION:
        product = newest(around, run, visit)
        row = around.store.row("SELECT summary FROM product WHERE id = ?", (product,))
        summary = json.loads(row["summary"]) if row else {}
        for key in ("estimate_experiments", "estimate_minutes", "estimate_gpu_hours"):
            if summary.get(key):
                facts[key] = summary[key]
    return facts


def _pick(around: Surroundings, run: int, visit: Visit, name: str) -> None:
    """A person's pick of an idea is a version of theirs."""
    product = newest(around, run, visit)
    assert product is not None
    ideas = opening.load(around.store, product)
    assert isinstance(ideas, Ideas)
    try:
        picked = ideas.picked(name)
    except LabError:
        log.warning("no idea is called %r: the ranked first stays", name)
        return
    if picked == ideas:
        return
    sha = versions.put(around.store, picked.files())
    with around.store.transaction() as tx:
        versions.insert(tx, visit.id, picked, sha, handed_in=True, person=run)


async def _check_edit(
    around: Surroundings,
    run: int,
    visit: Visit,
    wait: int,
    product: int,
    edited: dict[str, str],
    word: str | None,
) -> None:
    """The product's own check on a person's edits: it counts only if it holds, else the checkpoint says why."""
    row = around.store.row("SELECT name, sha256 FROM product WHERE id = ?", (product,))
    assert row is not None
    kind = PRODUCTS[row["name"]]
    files = opening.files_of(around.store, row["sha256"])
    files |= {name: around.store.get(blob) for name, blob in edited.items()}
    refusal: Refusal | None = None
    try:
        whole = kind.of(files)
    except LabError as error:
        refusal = Refusal.of(error)
    else:
        desk = lay(around, run, visit)
        desk.bench.past = wait
        desk.path = f"{visit.label}/edit-{word}"
        check = getattr(importlib.import_module(f"engine.phases.{visit.phase.value}"), "check", None)
        if check is not None:
            try:
                found = await check(desk, whole)
            except LabError as error:
                found = Refusal.of(error)
            if isinstance(found, Refusal):
                refusal = found
            elif found is not None:
                whole = found  # rebuilt: a paper with its new PDF
    if refusal is not None:
        with around.store.transaction() as tx:
            facts = json.loads(tx.execute("SELECT facts FROM wait WHERE id = ?", (wait,)).fetchone()[0])
            facts["refusal"] = {"key": refusal.key, "facts": refusal.facts, "why": refusal.why}
            tx.execute("UPDATE wait SET answer = NULL, word = NULL, facts = ? WHERE id = ?", (json.dumps(facts), wait))
            tx.execute("UPDATE word SET outcome = 'refused', why = ? WHERE id = ?", (refusal.key, word))
            tx.event(ProductRefused(row["name"], refusal.key), run, visit.id)
        around.bell.ring()
        return
    sha = versions.put(around.store, whole.files())
    with around.store.transaction() as tx:
        version = versions.insert(tx, visit.id, whole, sha, handed_in=True, person=run)
        tx.execute("UPDATE wait SET product = ? WHERE id = ?", (version.id, wait))
        lineage.close_wait(tx, wait, Choice.APPROVE.value, word=word)
    render.taken(around.store, around.places, run, version.id, edited)
    render.product(around.store, around.places, run, version.id, whole.files())
    around.bell.ring()
