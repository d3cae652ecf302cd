"""Literature review: the PhD student searches, has papers read, and puts those that matter on the shelf.

It ends when as many papers stand there as the project wants, with a review written from them. A paper is read once, by
a reader whose notes alone come back. Once a search finds no more, the review may come sooner; whether the short shelf
is enough is for the person to say. An empty shelf is never passed on.
"""

from __future__ import annotations

from functools import partial

from engine.answering import Answer, Refusal
from engine.answers import AddPaper, FullText, LiteratureReview, Summary
from engine.desk import Desk
from engine.phases.literature import cited, read, searched
from engine.phases.news import with_last
from engine.prompt import Shown, tag
from state.events import PaperFound
from state.products.base import Product
from state.products.literature import Review, ShelfPaper
from state.vocabulary import Choice, Role, Wait

ABSTRACTS = 5


async def run(desk: Desk) -> Review | None:
    """Search, read, shelve; when the shelf is full, write."""
    inputs, wanted = desk.inputs, desk.frame.papers
    student = desk.seat(
        Role.PHD_STUDENT,
        "student",
        question=inputs.question,
        papers_wanted=wanted,
        earlier_version=inputs.earlier,
        sent_back_because=inputs.reasons,
    ).with_tools(Summary, FullText, AddPaper, LiteratureReview)
    known = shelf_before(inputs.before(Review))
    shelf: dict[str, ShelfPaper] = {}
    heard = Shown("")
    asked = exhausted = False
    async for turn in desk.rounds(desk.frame.turns):
        if turn.last and not shelf and not known:
            return None
        if turn.n == desk.frame.turns and 0 < len(shelf) < wanted and not asked:
            await too_few(desk, len(shelf), wanted)
            asked = True
        here = desk.within(f"turn-{turn.n}")
        full = len(shelf) >= wanted or (turn.last and bool(shelf))
        answers: tuple[type[Answer], ...] = (Summary, FullText, AddPaper)
        if full:
            answers = (LiteratureReview,)
        elif turn.last:
            answers = (AddPaper,)
        elif exhausted:
            answers = (Summary, FullText, AddPaper, LiteratureReview)
        news = with_last(turn, heard, tag("write_review") if full else Shown(""))
        match await student.ask(news, answers=answers, check=partial(out_of_reach, known, shelf)):
            case Summary(query=query):
                found = await searched(here, query, ABSTRACTS, known)
                known |= {key: paper for key, paper in found.papers.items() if key not in known}
                exhausted = bool(shelf) and found.papers.keys() <= shelf.keys()
                heard = found.shown
            case FullText(paper=key, looking_for=looking_for):
                known[key] = await read(here, known[key], looking_for)
                heard = tag("notes", known[key].notes, paper=key)
            case AddPaper(paper=key, notes=notes):
                shelf[key] = known[key].model_copy(update={"notes": together(known[key].notes, notes)})
                desk.tell(PaperFound(key, known[key].title))
                heard = tag("shelf", f"{len(shelf)} of {wanted}")
            case LiteratureReview(text=text):
                if len(shelf) < wanted and not turn.last and not asked:
                    await too_few(desk, len(shelf), wanted)
                    asked = True
                review = Review(review=text, papers=tuple(shelf.values()))
                if (refusal := await desk.submit(review)) is None:
                    return review
                heard = refusal.shown
    return None


async def too_few(desk: Desk, papers: int, wanted: int) -> None:
    """Turns or finds are used up: whether a short shelf is enough is for a person to say, also on autopilot."""
    choices = (Choice.ENOUGH, Choice.SEND_BACK, Choice.GO_BACK, Choice.STOP)
    await desk.hold("short-shelf", Wait.TROUBLE, *choices, what="shelf_short", papers=papers, wanted=wanted)


def shelf_before(review: Review | None) -> dict[str, ShelfPaper]:
    """The papers of the visit before can be taken up again without a search."""
    return {paper.key: paper for paper in review.papers} if review else {}


def together(read_notes: str, reason: str) -> str:
    """A reader's notes, then why the paper stands on the shelf."""
    return f"{read_notes}\n\n{reason}" if read_notes and reason not in read_notes else reason


def out_of_reach(known: dict[str, ShelfPaper], shelf: dict[str, ShelfPaper], answer: Answer) -> Refusal | None:
    """Why a command cannot be carried out: an unknown paper, one that stands there already, a citation of none."""
    match answer:
        case FullText(paper=key) | AddPaper(paper=key) if key not in known:
            return Refusal(f"no search gave a paper with the key {key}", "paper.unknown", {"paper": key})
        case AddPaper(paper=key) if key in shelf:
            return Refusal(f"{key} stands on the shelf already", "paper.twice", {"paper": key})
        case LiteratureReview(text=text):
            return uncited(text, shelf)
    return None


def uncited(text: str, shelf: dict[str, ShelfPaper]) -> Refusal | None:
    """A review cites papers on its shelf and no others."""
    strangers = [key for key in cited(text) if key not in shelf]
    if strangers:
        told = f"not on the shelf: {', '.join(strangers)}; there stand {', '.join(shelf)}"
        return Refusal(told, "review.not_on_shelf", {"paper": strangers[0]})
    return None


async def check(desk: Desk, product: Product) -> Refusal | None:
    """A review that a person edited cites no paper that is not on its shelf."""
    assert isinstance(product, Review)
    return uncited(product.review, {paper.key: paper for paper in product.papers})
