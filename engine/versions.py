"""Versions of a phase's product: kept to look at, or handed in, which closes the visit in that very commit.

The bytes lie in blobs before the commit that names them; what is rendered under runs/ comes after it and can be made
again. Used by the desk and, for a person's edits, by the lab.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial

from engine import render
from engine.answering import Refusal
from engine.bench import Bench
from state.errors import Plain
from state.events import Event, ProductKept, ProductRefused, VisitClosed
from state.journal import fingerprint
from state.products.base import Product
from state.products.experiments import Experiments
from state.products.literature import Review, ShelfPaper
from state.products.report import Report
from state.store import Store, Transaction, canonical
from state.vocabulary import Role, VisitState

READ = ", ".join(f"{name} = excluded.{name}" for name in ("title", "authors", "year", "bibtex", "notes"))
"""What a paper's reader may add to the row of a paper that was found."""


@dataclass(frozen=True)
class Version:
    """One version of a product: its row, its number within the visit, the hash of its manifest."""

    id: int
    number: int
    sha256: str


def put(store: Store, files: Mapping[str, bytes]) -> str:
    """Keep a product's files and their manifest; the manifest's hash."""
    manifest: dict[str, Plain] = {name: store.put(data) for name, data in sorted(files.items())}
    return store.put(canonical(manifest).encode())


def insert(
    tx: Transaction,
    visit: int,
    product: Product,
    sha: str,
    *,
    handed_in: bool = False,
    refusal: Refusal | None = None,
    person: int | None = None,
) -> Version:
    """A new version's row. One with the same bytes as the newest of its visit is that one.

    `person` is the run whose person made it: other runs that share the visit do not see it.
    """
    row = tx.execute(
        "SELECT id, version, sha256, run FROM product WHERE visit = ? AND name = ? ORDER BY version DESC LIMIT 1",
        (visit, product.name),
    ).fetchone()
    told = canonical({"key": refusal.key, "facts": refusal.facts, "why": refusal.why}) if refusal else None
    if row is not None and row[2] == sha and row[3] == person:
        tx.execute("UPDATE product SET handed_in = ?, refusal = ? WHERE id = ?", (handed_in, told, row[0]))
        return Version(row[0], row[1], sha)
    number = row[1] + 1 if row else 1
    id = tx.insert(
        "INSERT INTO product (visit, run, name, version, sha256, author, handed_in, refusal, summary, seq)"
        " VALUES (?,?,?,?,?,?,?,?,?,(SELECT max(seq) FROM event))",
        (
            visit,
            person,
            product.name,
            number,
            sha,
            "lab" if person is None else "person",
            handed_in,
            told,
            canonical(product.summary),
        ),
    )
    return Version(id, number, sha)


async def keep_version(bench: Bench, path: str, product: Product, told: list[Event]) -> Version:
    """A version that the phase shows but does not hand in."""
    sha = await bench.with_room(lambda: put(bench.store, product.files()))
    mark = fingerprint(["keep", product.name, sha])
    found = bench.journal.recall(path, mark, [product.name, sha])
    if found is None:
        version = await bench.commit(_keep, bench, path, mark, product, sha, told)
        await bench.with_room(partial(_render, bench, version, product))
        bench.bell.ring()
    else:
        told_outcome = found.value()
        assert isinstance(told_outcome, list)
        version = Version(*told_outcome)  # type: ignore[arg-type]  # as `_keep` returned it
    told.clear()
    return version


def _keep(
    tx: Transaction, bench: Bench, path: str, mark: str, product: Product, sha: str, told: list[Event]
) -> Version:
    version = insert(tx, bench.visit.id, product, sha)
    event = ProductKept(product.name, version.number)
    bench.journal.recorded(tx, path, "keep", mark, [version.id, version.number, sha], [*told, event])
    note_facts(tx, bench, product)
    return version


async def hand_in(bench: Bench, path: str, product: Product, seated: set[Role], told: list[Event]) -> Refusal | None:
    """Close the visit with `product`, unless a note is unread: then the reason, and the phase goes on."""
    sha = await bench.with_room(lambda: put(bench.store, product.files()))
    mark = fingerprint(["submit", product.name, sha])
    found = bench.journal.recall(path, mark, [product.name, sha])
    if found is not None:
        told.clear()
        outcome = found.value()
        return Refusal(**outcome) if isinstance(outcome, dict) else None  # type: ignore[arg-type]  # its fields
    await bench.gate()
    refusal, version = await bench.commit(_hand_in, bench, path, mark, product, sha, seated, told)
    told.clear()
    await bench.with_room(partial(_render, bench, version, product))
    bench.bell.ring()
    return refusal


def _render(bench: Bench, version: Version, product: Product) -> None:
    render.product(bench.store, bench.places, bench.run, version.id, product.files())


def _hand_in(
    tx: Transaction,
    bench: Bench,
    path: str,
    mark: str,
    product: Product,
    sha: str,
    seated: set[Role],
    told: list[Event],
) -> tuple[Refusal | None, Version]:
    unread = bench.unread_notes(seated)
    refusal = None
    if unread:
        refusal = Refusal(
            "a person's note came in: read it first, then hand in",
            "refusal.unread_note",
            {"notes": len(unread), "words": [*unread]},
        )
    version = insert(tx, bench.visit.id, product, sha, handed_in=refusal is None, refusal=refusal)
    if refusal is not None:
        outcome: Plain = {"why": refusal.why, "key": refusal.key, "facts": refusal.facts}
        event: Event = ProductRefused(product.name, refusal.key)
        bench.journal.recorded(tx, path, "submit", mark, outcome, [*told, event])
        return refusal, version
    event = VisitClosed(bench.phase.value, bench.visit.label, version.number, sha)
    bench.journal.recorded(tx, path, "submit", mark, None, [*told, event])
    tx.execute(
        "UPDATE visit SET state = ?, closed_seq = ?, closed_at = ? WHERE id = ?",
        (VisitState.CLOSED.value, tx.seq, tx.at, bench.visit.id),
    )
    note_facts(tx, bench, product)
    return None, version


def note_facts(tx: Transaction, bench: Bench, product: Product) -> None:
    """What a product says that other tables answer for: the papers on the shelf and beyond, how programs stand."""
    match product:
        case Review():
            for paper in product.papers:
                _note_paper(tx, bench, paper, f"UPDATE SET {READ}")
        case Report():
            for paper in product.papers:
                _note_paper(tx, bench, paper, "NOTHING")  # what a reader noted stands
        case Experiments():
            for score in product.scores:
                kept = product.kept.index(score.program) + 1 if score.program in product.kept else None
                tx.execute(
                    "UPDATE program SET verdict = ?, grade = ?, kept = ? WHERE name = ?",
                    (score.verdict.value, score.grade, kept, score.program),
                )
        case _:
            pass


def _note_paper(tx: Transaction, bench: Bench, paper: ShelfPaper, known: str) -> None:
    """A paper's row; `known` is what becomes of one that stands there."""
    tx.execute(
        "INSERT INTO paper (key, source, ident, title, authors, year, abstract, bibtex, url, notes, visit)"
        f" VALUES (?,?,?,?,?,?,?,?,?,?,?) ON CONFLICT (key) DO {known}",
        (
            paper.key,
            paper.source,
            paper.ident,
            paper.title,
            canonical([*paper.authors]),
            paper.year,
            paper.abstract,
            paper.bibtex,
            paper.url,
            paper.notes,
            bench.visit.id,
        ),
    )
