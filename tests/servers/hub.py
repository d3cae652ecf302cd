"""A double of the Hugging Face Hub's list of data sets."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from tests.servers.loopback import Answer, Loopback, Request, serving

Plain = dict[str, object]

DIGITS: Plain = {
    "id": "someone/digits",
    "downloads": 1200,
    "likes": 7,
    "tags": ["license:mit", "size_categories:1K<n<10K"],
    "description": "Digits,\n\tsmall ones.",
    "gated": False,
    "mainSize": 2_500_000,
    "usedStorage": 9_000_000,
}
CRAWL: Plain = {
    "id": "someone/digits-crawl",
    "downloads": 90,
    "likes": 1,
    "tags": [],
    "gated": "auto",
    "usedStorage": 5_000_000_000,
}
SHELF = (DIGITS, CRAWL)


def answer(request: Request, shelf: tuple[Plain, ...]) -> Answer:
    if request.path != "/api/datasets":
        return Answer.json({"error": "not found"}, 404)
    words = request.query["search"][0].lower().split()
    found = [one for one in shelf if all(word in str(one["id"]) for word in words)]
    return Answer.json(found[: int(request.query["limit"][0])])


@contextmanager
def hub(shelf: tuple[Plain, ...] = SHELF) -> Iterator[Loopback]:
    with serving(lambda request: answer(request, shelf)) as served:
        yield served
