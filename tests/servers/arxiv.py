"""A double of arXiv: its Atom feed over a few papers, found by their words, and their PDFs."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from xml.sax.saxutils import escape

from tests.servers.loopback import Answer, Loopback, Request, serving


@dataclass(frozen=True)
class Entry:
    number: str
    title: str
    authors: tuple[str, ...]
    summary: str
    year: int = 2022
    doi: str = ""


GROKKING = Entry(
    "2201.02177v1",
    "Grokking: Generalization Beyond\n  Overfitting on Small Algorithmic Datasets",
    ("Alethea Power", "Yuri Burda"),
    "We study generalization on small algorithmically generated datasets.\n Weight decay helps.",
)
UMLAUT = Entry(
    "1301.00001v3", "Learning & 50% of $\\ell_2$ Norms", ("Jürgen Müller", "Zoë Ångström"), "About norms.", 2013
)
CLOCKS = Entry("2301.05217v2", "Progress measures for grokking", ("Neel Nanda",), "Circuits, not weight.", 2023)
SHELF = (GROKKING, UMLAUT, CLOCKS)


def feed(entries: list[Entry], total: int | None = None) -> bytes:
    told = "".join(_entry(one) for one in entries)
    return (
        '<?xml version="1.0" encoding="UTF-8"?><feed xmlns="http://www.w3.org/2005/Atom"'
        ' xmlns:opensearch="http://a9.com/-/spec/opensearch/1.1/" xmlns:arxiv="http://arxiv.org/schemas/atom">'
        f"<id>x</id><opensearch:totalResults>{len(entries) if total is None else total}</opensearch:totalResults>"
        f"<opensearch:startIndex>0</opensearch:startIndex>{told}</feed>\n"
    ).encode()


def _entry(one: Entry) -> str:
    authors = "".join(f"<author><name>{escape(name)}</name></author>" for name in one.authors)
    doi = f"<arxiv:doi>{one.doi}</arxiv:doi>" if one.doi else ""
    return (
        f"<entry><id>http://arxiv.org/abs/{one.number}</id><updated>{one.year}-02-01T00:00:00Z</updated>"
        f"<published>{one.year}-01-06T00:00:00Z</published><title>{escape(one.title)}</title>"
        f"<summary>{escape(one.summary)}</summary>{authors}{doi}"
        '<arxiv:primary_category term="cs.LG"/><category term="cs.LG"/></entry>'
    )


def answer(request: Request, shelf: tuple[Entry, ...], pdf: bytes) -> Answer:
    if request.path.startswith("/pdf/"):
        return Answer(pdf, "application/pdf")
    numbers = {number for text in request.query.get("id_list", []) for number in text.split(",") if number}
    asked = request.query.get("search_query", [""])[0]
    words = re.findall(r'all:"?([\w-]+)', asked)
    every = all if " AND " in asked else any
    found = [
        one
        for one in shelf
        if (one.number.split("v")[0] in numbers if numbers else False)
        or (words and every(word.lower() in f"{one.title} {one.summary}".lower() for word in words))
    ]
    start, most = int(request.query["start"][0]), int(request.query["max_results"][0])
    return Answer(feed(found[start : start + most], len(found)), "application/atom+xml; charset=UTF-8")


@contextmanager
def arxiv(shelf: tuple[Entry, ...] = SHELF, pdf: bytes = b"") -> Iterator[Loopback]:
    with serving(lambda request: answer(request, shelf, pdf)) as served:
        yield served
