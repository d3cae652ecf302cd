"""Ideation and literature review on a real desk, over a folder of papers that the project brings."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from engine.phases import ideation, literature, literature_review
from engine.phases.literature import cited, read, searched
from engine.tools import shelf
from engine.tools.paper import Paper
from state import lineage
from state.errors import LabError
from state.events import SourceUnreachable
from state.products.ideas import Ideas
from state.products.literature import Review
from state.vocabulary import Choice, Phase
from tests.engine.conftest import Laid
from tests.engine.phases.played import Cast, inputs_with, last, play, tagged
from tests.engine.tools.pdfs import pdf_of

BIB = """\
@misc{power2022, title = {Grokking: Generalization beyond overfitting}, author = {Power, Alethea}, year = {2022},
  abstract = {Small networks learn modular addition late; weight decay helps.}}
@misc{gromov2023, title = {Grokking modular arithmetic}, author = {Gromov, Andrey}, year = {2023},
  abstract = {A quadratic network groks modular addition without weight decay.}}
@misc{smith2020, title = {Optimizers compared}, author = {Smith, Ann}, year = {2020},
  abstract = {Momentum and decay of optimizers.}}
"""
NOTES = {"notes": "Late generalisation is shown (p. 4)."}


def with_papers(laid: Laid) -> Laid:
    folder = laid.places.folder / "papers"
    folder.mkdir()
    (folder / "shelf.bib").write_text(BIB)
    return laid


async def test_papers_are_searched_read_shelved_and_reviewed(lay: Callable[..., Laid]) -> None:
    laid = with_papers(lay(Phase.LITERATURE_REVIEW))
    cast = Cast(
        summary=[{"query": "grokking modular addition"}, lambda text: None],
        full_text=[
            lambda text: {"paper": "power2022", "looking_for": "decay"} if '<paper key="power2022">' in text else None,
            lambda text: None,
        ],
        reading_notes=[lambda text: NOTES if "weight decay helps" in text and "<only_abstract" in text else None],
        add_paper=[
            lambda text: {"paper": "power2022", "notes": "The question comes from here."} if "<notes" in text else None,
            {"paper": "gromov2023", "notes": "The objection."},
        ],
        literature_review=[{"text": "Known since [@power2022]; see [@nobody]."}, {"text": "Since [@power2022]."}],
    )
    review = await literature_review.run(play(laid, cast, inputs_with(), papers=2, online=False))
    assert review is not None and [paper.key for paper in review.papers] == ["power2022", "gromov2023"]
    assert review.papers[0].notes == "Late generalisation is shown (p. 4).\n\nThe question comes from here."
    assert "@misc{power2022," in review.papers[0].bibtex
    assert "not on the shelf: nobody" in tagged(last(cast.asked[-1]), "refusal")[0]
    assert '<source_unreachable name="arxiv">offline</source_unreachable>' in "".join(cast.shown)
    assert Review.of(review.files()) == review
    assert laid.store.row("SELECT title FROM paper WHERE key = 'gromov2023'") is not None


async def test_the_reader_of_a_bare_pdf_gives_the_record_that_is_printed_on_it(lay: Callable[..., Laid]) -> None:
    laid = lay(Phase.LITERATURE_REVIEW)
    folder = laid.places.folder / "papers"
    folder.mkdir()
    front = "Proceedings of Owls\nOwls at night\nAnna Berg, Bo Li\nSpringer 2019\nOwls fly at night."
    (folder / "scan7.pdf").write_bytes(pdf_of(front))
    record = {**NOTES, "title": "Owls at night", "authors": ["Anna Berg", "Bo Li"], "year": 2019}
    cast = Cast(
        summary=[{"query": "owls night"}, lambda text: None],
        full_text=[{"paper": "scan7"}, lambda text: None],
        reading_notes=[{**record, "authors": ["Cid Moth"]}, record],
        add_paper=[lambda text: {"paper": "scan7", "notes": "All there is."} if "<notes" in text else None],
        literature_review=[{"text": "Seen in [@scan7]."}],
    )
    review = await literature_review.run(play(laid, cast, inputs_with(), papers=1, online=False))
    assert review is not None
    (paper,) = review.papers
    assert (paper.title, paper.authors, paper.year) == ("Owls at night", ("Anna Berg", "Bo Li"), 2019)
    assert laid.store.row("SELECT year FROM paper WHERE key = 'scan7'")["year"] == 2019  # type: ignore[index]  # it is there
    assert "author = {Anna Berg and Bo Li}" in paper.bibtex and "year = {2019}" in paper.bibtex
    readers = [request for request in cast.asked if tagged(request.system, "seat") == ["reader"]]
    assert tagged(readers[0].system, "record_lacks") == ["title, authors, year"]
    assert "Cid Moth" in tagged(last(readers[1]), "refusal")[0]


async def test_a_record_that_a_source_gave_is_not_asked_for_and_stays(lay: Callable[..., Laid]) -> None:
    laid = with_papers(lay(Phase.LITERATURE_REVIEW))
    cast = Cast(
        summary=[{"query": "grokking modular addition"}, lambda text: None],
        full_text=[{"paper": "power2022"}, lambda text: None],
        reading_notes=[{**NOTES, "authors": ["Somebody Else"]}],
        add_paper=[lambda text: {"paper": "power2022", "notes": "x"} if "<notes" in text else None],
        literature_review=[{"text": "Seen in [@power2022]."}],
    )
    review = await literature_review.run(play(laid, cast, inputs_with(), papers=1, online=False))
    assert review is not None and review.papers[0].authors == ("Alethea Power",)
    assert not any(tagged(request.system, "record_lacks") for request in cast.asked)


async def test_what_could_not_be_asked_or_read_is_told_beside_what_was_not_found(
    lay: Callable[..., Laid], monkeypatch: pytest.MonkeyPatch
) -> None:
    laid = with_papers(lay(Phase.LITERATURE_REVIEW))
    (laid.places.folder / "papers" / "scan.pdf").write_bytes(b"%PDF-1.7")

    async def busy(query: str, limit: int) -> list[Paper]:
        raise LabError("literature.could_not_ask", source="arxiv", why="busy", status=503)

    async def nothing(query: str, limit: int) -> list[Paper]:
        return []

    monkeypatch.setattr(shelf, "_SEARCH", {"arxiv": busy, "scholar": nothing})
    desk = play(laid, Cast(), inputs_with(), online=True)
    found = await searched(desk, "owls at night", 5)
    assert not found.papers
    assert "<found>no paper</found>" in found.shown
    assert '<source_unreachable name="arxiv">busy</source_unreachable>' in found.shown and "scholar" not in found.shown
    assert '<file_unreadable name="scan.pdf">' in found.shown
    assert [(told.source, told.why) for told in desk.told if isinstance(told, SourceUnreachable)] == [("arxiv", "busy")]
    near = await searched(desk.within("again"), "grokking modular addition", 5)
    assert "<found>" not in near.shown and '<source_unreachable name="arxiv">' in near.shown


async def test_of_a_long_paper_the_reader_is_told_what_was_left_out(
    lay: Callable[..., Laid], monkeypatch: pytest.MonkeyPatch
) -> None:
    laid = with_papers(lay(Phase.LITERATURE_REVIEW))
    pages = (f"Page {n}: owls fly at night." for n in ("one", "two", "three", "four"))
    (laid.places.folder / "papers" / "power2022.pdf").write_bytes(pdf_of(*pages))
    monkeypatch.setattr(literature, "READ_CHARACTERS", 120)
    cast = Cast(reading_notes=[NOTES])
    desk = play(laid, cast, inputs_with())
    known = (await searched(desk, "grokking", 5)).papers
    await read(desk, known["power2022"], "owls")
    assert tagged(cast.shown[0], "left_out") == ["pages 3 to 4 are left out"]
    assert "Page two" in cast.shown[0] and "Page three" not in cast.shown[0]


async def test_an_unknown_paper_and_a_second_copy_are_refused(lay: Callable[..., Laid]) -> None:
    laid = with_papers(lay(Phase.LITERATURE_REVIEW))
    cast = Cast(
        summary=[{"query": "grokking modular addition"}, lambda text: None],
        add_paper=[
            {"paper": "invented2024", "notes": "x"},
            {"paper": "power2022", "notes": "x"},
            {"paper": "power2022", "notes": "again"},
            {"paper": "gromov2023", "notes": "y"},
        ],
        literature_review=[{"text": "Read."}],
    )
    review = await literature_review.run(play(laid, cast, inputs_with(), papers=2, online=False))
    assert review is not None and len(review.papers) == 2
    refusals = [tagged(last(request), "refusal") for request in cast.asked]
    assert [words[0].split(" ")[0] for words in refusals if words] == ["no", "power2022"]


async def test_an_empty_shelf_is_never_handed_in(lay: Callable[..., Laid]) -> None:
    laid = lay(Phase.LITERATURE_REVIEW)
    cast = Cast(summary=[{"query": "nothing like it"}])
    assert await literature_review.run(play(laid, cast, inputs_with(), turns=4, online=False)) is None
    assert "<found>no paper</found>" in cast.shown[-1]
    assert laid.store.rows("SELECT 1 FROM product") == []


async def test_a_search_that_finds_no_more_opens_the_review_and_the_person_says_if_it_is_enough(
    lay: Callable[..., Laid],
) -> None:
    laid = with_papers(lay(Phase.LITERATURE_REVIEW))

    def searched_again(text: str) -> dict[str, object] | None:
        return {"query": "grokking"} if "2 of 5" in text and text.count("<paper key") < 4 else None

    cast = Cast(
        summary=[{"query": "grokking modular addition"}, searched_again],
        add_paper=[
            {"paper": "power2022", "notes": "x"},
            {"paper": "gromov2023", "notes": "y"},
            lambda text: None,
        ],
        literature_review=[{"text": "Since [@power2022]; nothing more was found."}],
    )
    playing = asyncio.ensure_future(
        literature_review.run(play(laid, cast, inputs_with(), papers=5, turns=50, online=False))
    )
    async with asyncio.timeout(60):
        while (row := laid.store.row("SELECT id, facts FROM wait WHERE why = 'trouble'")) is None:
            await asyncio.sleep(0.01)
            assert not playing.done()
    assert '"papers":2' in row["facts"] and '"wanted":5' in row["facts"]
    with laid.store.transaction() as tx:
        lineage.close_wait(tx, row["id"], Choice.ENOUGH.value)
    laid.bell.ring()
    review = await playing
    assert review is not None and len(review.papers) == 2
    assert [bool(tagged(last(request), "open_now")) for request in cast.asked] == [True] * (len(cast.asked) - 1) + [
        False
    ]


async def test_whether_a_short_shelf_is_enough_is_asked_also_on_autopilot(lay: Callable[..., Laid]) -> None:
    laid = with_papers(lay(Phase.LITERATURE_REVIEW))
    with laid.store.transaction() as tx:
        tx.execute("UPDATE run SET autonomy = 'autopilot'")
    cast = Cast(
        summary=[{"query": "grokking modular addition"}, lambda text: None],
        add_paper=[{"paper": "power2022", "notes": "x"}],
        literature_review=[{"text": "Since [@power2022]."}],
    )
    desk = play(laid, cast, inputs_with(), papers=2, turns=3, online=False)
    playing = asyncio.ensure_future(literature_review.run(desk))
    async with asyncio.timeout(60):
        while (row := laid.store.row("SELECT id, facts FROM wait WHERE why = 'trouble'")) is None:
            await asyncio.sleep(0.01)
            assert not playing.done()
    assert '"papers":1' in row["facts"] and '"wanted":2' in row["facts"]
    with laid.store.transaction() as tx:
        lineage.close_wait(tx, row["id"], Choice.ENOUGH.value)
    laid.bell.ring()
    review = await playing
    assert review is not None and len(review.papers) == 1


def idea(name: str, **more: object) -> dict[str, object]:
    told = {"name": name, "title": f"On {name}", "hypothesis": "It falls.", "experiment": "Vary it."}
    return {**told, "interestingness": 7, "feasibility": 8, "novelty": 5, **more}


async def test_ideas_are_thought_over_checked_and_ranked(lay: Callable[..., Laid]) -> None:
    laid = with_papers(lay(Phase.IDEATION))
    cast = Cast(
        propose_idea=[
            idea("Table share", novelty=9),
            idea("Table share", novelty=8, done=True),
            idea("decay clock", done=True),
        ],
        search_papers=[{"query": "grokking modular addition"}, lambda text: None],
        decide_novelty=[
            lambda text: (
                {"verdict": "known", "why": "Power did.", "papers": ["power2022", "invented"]}
                if "<paper" in text
                else None
            ),
            {"verdict": "undecided", "why": "The search was small."},
        ],
    )
    inputs = inputs_with(topic="grokking")
    ideas = await ideation.run(play(laid, cast, inputs, ideas=2, online=False))
    assert ideas is not None and [one.name for one in ideas.ideas] == ["decay_clock", "table_share"]
    assert ideas.ideas[1].novelty == 8 and ideas.ideas[1].papers == ("power2022",)
    assert ideas.choice.name == "decay_clock"
    assert Ideas.of(ideas.files()) == ideas
    assert tagged(last(cast.asked[1]), "reflection") == ["1 of 3"]


def test_citations_are_told_from_mail_addresses_and_brackets() -> None:
    assert cited("As [@power2022; @gromov2023, p. 4] and [see @a-b.c.] say, me@x.org [x] [@power2022]") == [
        "power2022",
        "gromov2023",
        "a-b.c",
    ]
