"""Notes as the runs see them: for a phase, a role, or whoever is at work.

A note is one word for each run; a file in notes/ is one for each content. It is read by being listed in the intent of
an `ask`, which is the engine's part. Called while words are taken up.
"""

from __future__ import annotations

from state import lineage
from state.events import NoteTaken, WordTaken
from state.store import Store, Transaction, canonical
from state.vocabulary import Phase, Role, VisitState, WordKind

NEXT_RUN = 0
"""Where notes stand that were left before any run: the next one gets them."""


def run_at_work(tx: Transaction) -> int | None:
    """The newest run that is not over, else the newest; one that only reviews a paper comes after all of its kind."""
    row = tx.execute(
        "SELECT id FROM run ORDER BY state = 'done', phases = ?, id DESC LIMIT 1", (lineage.REVIEW_ONLY,)
    ).fetchone()
    return int(row[0]) if row else None


def note(
    tx: Transaction, word: str, run: int | None, phase: Phase | None, role: Role | None, text: str, left_at: int
) -> None:
    """A note for a run. One for a phase that is over goes to the phase at work, one for a run that is done to the next
    run: nobody in a done run would ever read it."""
    if run is not None and tx.execute("SELECT state FROM run WHERE id = ?", (run,)).fetchone() == ("done",):
        run = None
    if run is not None and phase is not None:
        row = tx.execute(
            "SELECT visit.phase, visit.state FROM lineage JOIN visit ON visit.id = lineage.visit"
            " WHERE lineage.run = ? AND superseded_seq IS NULL ORDER BY place DESC LIMIT 1",
            (run,),
        ).fetchone()
        if row is not None:
            at = Phase(row[0])
            if at.number > phase.number or (at is phase and row[1] != VisitState.OPEN):
                phase = None
    tx.execute(
        "INSERT OR IGNORE INTO note (word, run, phase, role, text, left_at) VALUES (?,?,?,?,?,?)",
        (word, run or NEXT_RUN, phase.value if phase else None, role.value if role else None, text, left_at),
    )
    tx.event(NoteTaken(word, (phase or role or None)), run)


def hand_on(tx: Transaction, run: int) -> None:
    """Give a run that begins the notes that waited for one."""
    tx.execute("UPDATE note SET run = ? WHERE run = ?", (run, NEXT_RUN))


def take_saved_note(store: Store, name: str, sha: str, text: str, to: Phase | Role | None, left_at: int) -> bool:
    """A file in notes/, one note for each content: a changed text replaces an unread one, and so does
    one that is changed back. False if known."""
    word = f"{name}@{sha}"
    with store.transaction() as tx:
        known = tx.execute("SELECT 1 FROM word WHERE id = ?", (word,)).fetchone() is not None
        replaced = tx.execute(
            "SELECT 1 FROM note WHERE word = ? AND read_seq IS NULL AND replaced_seq IS NOT NULL", (word,)
        ).fetchone()
        if known and replaced is None:
            return False
        run = run_at_work(tx)
        tx.event(WordTaken(word, WordKind.NOTE.value), run)
        tx.execute(
            "UPDATE note SET replaced_seq = ? WHERE word GLOB ? AND read_seq IS NULL AND replaced_seq IS NULL",
            (tx.seq, f"{_glob(name)}@*"),
        )
        if known:
            tx.execute("UPDATE note SET replaced_seq = NULL WHERE word = ? AND read_seq IS NULL", (word,))
            return True
        tx.execute(
            "INSERT INTO word (id, kind, body, taken_seq, outcome) VALUES (?,?,?,?,'taken')",
            (word, WordKind.NOTE.value, canonical({"text": text, "to": to.value if to else None}), tx.seq),
        )
        phase = to if isinstance(to, Phase) else None
        role = to if isinstance(to, Role) else None
        note(tx, word, run, phase, role, text, left_at)
    return True


def _glob(name: str) -> str:
    return "".join(f"[{each}]" if each in "*?[" else each for each in name)
