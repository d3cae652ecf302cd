"""What the literature review makes: the shelf of papers with a reader's notes, and the review written from it."""

from __future__ import annotations

import re
from typing import Annotated, Any, ClassVar, Self

from pydantic import Field

from state.errors import LabError, Plain
from state.front_matter import joined, parts, split, under
from state.products.base import Files, Part, Product, Text, needed, text_of


class ShelfPaper(Part):
    """A paper on the shelf, really found. `notes` are a reader's, with the pages they stand on."""

    key: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_:./+-]*$")]
    title: str
    authors: tuple[str, ...] = ()
    year: int | None = None
    source: str = ""
    ident: str = ""
    url: str = ""
    abstract: Text = ""
    bibtex: Text = ""
    notes: Text = ""


def bib_entries(text: str) -> dict[str, str]:
    """The entries of a BibTeX text by key, in order; what is no whole entry is left out."""
    found: dict[str, str] = {}
    for start in re.finditer(r"^[ \t]*@[A-Za-z]+\s*\{\s*([^,\s{}]+)\s*,", text, re.MULTILINE):
        depth, at = 1, start.end()
        while at < len(text) and depth:
            depth += {"{": 1, "}": -1}.get(text[at], 0)
            at += 1
        if not depth:
            found.setdefault(start[1], text[start.start() : at].strip())
    return found


class Review(Product):
    """The shelf and the review that was written from it. The papers' BibTeX lies beside it in `references.bib`."""

    name: ClassVar[str] = "review"
    main: ClassVar[str] = "review.md"
    bib: ClassVar[str] = "references.bib"
    review: Text
    papers: tuple[ShelfPaper, ...] = ()

    def files(self) -> dict[str, bytes]:
        marks = [f"## Notes on {paper.key}" for paper in self.papers]
        told = [under("", self.review, marks)]
        told += [under(mark, paper.notes, marks) for mark, paper in zip(marks, self.papers, strict=True)]
        rows = [paper.model_dump(exclude={"notes", "bibtex"}) for paper in self.papers]
        bib = "".join(f"{paper.bibtex}\n\n" for paper in self.papers if paper.bibtex)
        return {self.main: joined({"paper": rows}, "\n\n".join(told)).encode(), self.bib: bib.encode()}

    @classmethod
    def of(cls, files: Files) -> Self:
        found = split(cls.main, text_of(files, cls.main))
        rows = found.rows("paper")
        keys = [str(row.get("key", "")) for row in rows]
        for nth, key in enumerate(keys):
            if key in keys[:nth]:
                raise LabError("product.twice", file=cls.main, line=found.line_of("paper", nth, "key"), what=key)
        texts = parts(found.body, [f"## Notes on {key}" for key in keys], found.body_line)
        bib = bib_entries(text_of(files, cls.bib)) if cls.bib in files else {}
        papers = [
            {
                **row,
                "notes": texts.get(f"## Notes on {row.get('key')}", ("", 1))[0],
                "bibtex": bib.get(str(row.get("key")), ""),
            }
            for row in rows
        ]
        values: dict[str, Any] = {**found.values, "papers": papers, "review": texts[""][0]}
        values.pop("paper", None)
        needed(texts[""][0], cls.main, found.body_line, "review")
        return found.holding(values).read(cls, {"papers": "paper"})

    @property
    def shown(self) -> str:
        """The review, then each paper with its notes; its abstract only where nobody took any."""
        told = [self.review, "## The shelf"]
        for paper in self.papers:
            by = f"{paper.authors[0]}{' et al.' if len(paper.authors) > 1 else ''}, " if paper.authors else ""
            told += [f"### {paper.key}: {paper.title} ({by}{paper.year or 'n.d.'})", paper.notes or paper.abstract]
        return "\n\n".join(piece for piece in told if piece) + "\n"

    @property
    def summary(self) -> dict[str, Plain]:
        keys: list[Plain] = [paper.key for paper in self.papers]
        return {"papers": len(self.papers), "keys": keys, "words": len(self.review.split())}
