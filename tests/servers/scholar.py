"""A double of Semantic Scholar's paper search."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from tests.servers.loopback import Answer, Loopback, Request, serving

Plain = dict[str, object]

GROKKING: Plain = {
    "paperId": "d0c1",
    "title": "Grokking: Generalization Beyond Overfitting on Small Algorithmic Datasets",
    "abstract": "Small datasets, long training.",
    "year": 2022,
    "venue": "arXiv.org",
    "url": "https://www.semanticscholar.org/paper/d0c1",
    "externalIds": {"ArXiv": "2201.02177", "DOI": "10.48550/arXiv.2201.02177"},
    "authors": [{"authorId": "1", "name": "Alethea Power"}],
}
OMNIGROK: Plain = {
    "paperId": "e2f3",
    "title": "Omnigrok: Grokking Beyond Algorithmic Data",
    "abstract": None,
    "year": 2023,
    "venue": "ICLR",
    "url": "https://www.semanticscholar.org/paper/e2f3",
    "externalIds": None,
    "authors": [{"authorId": "2", "name": "Ziming Liu"}, {"authorId": "3", "name": "Max Tegmark"}],
}
SHELF = (GROKKING, OMNIGROK)


def answer(request: Request, shelf: tuple[Plain, ...]) -> Answer:
    if request.path != "/graph/v1/paper/search":
        return Answer.json({"error": "not found"}, 404)
    words = request.query["query"][0].lower().split()
    found = [one for one in shelf if any(word in str(one["title"]).lower() for word in words)]
    if not found:
        return Answer.json({"total": 0, "offset": 0})
    most = int(request.query["limit"][0])
    fields = {"paperId", *request.query["fields"][0].split(",")}
    page = [{name: value for name, value in one.items() if name in fields} for one in found[:most]]
    return Answer.json({"total": len(found), "offset": 0, "next": len(page), "data": page})


@contextmanager
def scholar(shelf: tuple[Plain, ...] = SHELF) -> Iterator[Loopback]:
    with serving(lambda request: answer(request, shelf)) as served:
        yield served
