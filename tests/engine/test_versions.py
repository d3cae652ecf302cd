"""Versions of a product: the same bytes twice are one, a person's is the person's run's own, and facts are noted."""

from __future__ import annotations

import json
from collections.abc import Callable

from engine import versions
from engine.answering import Refusal
from state import lineage
from state.products.experiments import Experiments, Program, Scored
from state.products.literature import Review
from state.vocabulary import Phase, Verdict
from tests.engine.conftest import Laid

Lay = Callable[..., Laid]
REFUSED = Refusal("too short", "refusal.rules", {"lines": 3})


def kept(
    laid: Laid, text: str, *, handed_in: bool = False, refusal: Refusal | None = None, person: int | None = None
) -> versions.Version:
    product = Review(review=text)
    sha = versions.put(laid.store, product.files())
    with laid.store.transaction() as tx:
        return versions.insert(tx, laid.visit.id, product, sha, handed_in=handed_in, refusal=refusal, person=person)


def rows(laid: Laid) -> list[tuple[object, ...]]:
    return [
        tuple(row)
        for row in laid.store.rows("SELECT version, author, run, handed_in, refusal FROM product ORDER BY id")
    ]


def test_the_same_bytes_again_are_the_same_version_with_its_newest_fate(lay: Lay) -> None:
    laid = lay()
    first = kept(laid, "One.", refusal=REFUSED)
    ((number, author, run, handed_in, told),) = rows(laid)
    assert (number, author, run, handed_in) == (1, "lab", None, 0)
    assert json.loads(str(told)) == {"key": "refusal.rules", "facts": {"lines": 3}, "why": "too short"}
    assert kept(laid, "One.", handed_in=True) == first
    assert rows(laid) == [(1, "lab", None, 1, None)]
    assert kept(laid, "Two.").number == 2
    assert kept(laid, "One.").number == 3  # what was before the newest is a new one: it stands last


def test_a_person_s_version_is_their_own_also_where_it_says_the_same(lay: Lay) -> None:
    laid = lay()
    with laid.store.transaction() as tx:
        other = lineage.begin_run(tx, laid.store.put(b"{}"), [*Phase], "co-pilot")
    numbers = [kept(laid, "One.", person=person).number for person in (None, laid.run, laid.run, other)]
    assert numbers == [1, 2, 2, 3]
    assert [row[1:3] for row in rows(laid)] == [("lab", None), ("person", laid.run), ("person", other)]


def test_how_programs_stand_is_noted_of_each_by_its_name(lay: Lay) -> None:
    laid = lay()
    with laid.store.transaction() as tx:
        for name in ("base", "wide", "deep", "other"):
            tx.execute("INSERT INTO program (name, visit, sha256) VALUES (?,?,'')", (name, laid.visit.id))
        scores = (
            Scored(program="base", verdict=Verdict.BASELINE),
            Scored(program="wide", verdict=Verdict.BETTER, grade=0.9),
            Scored(program="deep", verdict=Verdict.WORSE, grade=0.2),
        )
        programs = tuple(Program(name=name, code="") for name in ("base", "wide", "deep"))
        product = Experiments(
            metric="loss", direction="lower", dataset="d", kept=("wide", "base"), baseline="base",
            programs=programs, scores=scores,
        )  # fmt: skip
        versions.note_facts(tx, laid.desk().bench, product)
    assert [tuple(row) for row in laid.store.rows("SELECT name, verdict, grade, kept FROM program ORDER BY id")] == [
        ("base", "baseline", None, 2),
        ("wide", "better", 0.9, 1),
        ("deep", "worse", 0.2, None),
        ("other", None, None, None),
    ]
