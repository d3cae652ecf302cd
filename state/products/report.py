"""What report writing makes: the paper's source, its PDF and what belongs to them."""

from __future__ import annotations

import re
from hashlib import sha256
from typing import ClassVar, Self

from pydantic import Field

from state.errors import LabError, Plain
from state.front_matter import joined, split
from state.paper import references
from state.products.base import Files, Product, Text, needed, text_of
from state.products.literature import ShelfPaper


class Report(Product):
    """LaTeX source, bibliography, figures, the PDF that was built from them, and a README of the finding.

    `papers` are those that it cites beyond the shelf: they were found while it was written.
    """

    name: ClassVar[str] = "report"
    main: ClassVar[str] = "paper/paper.tex"
    beyond: ClassVar[str] = "paper/found.md"
    source: str
    bibliography: str = ""
    figures: dict[str, bytes] = Field(default_factory=dict)
    pdf: bytes = b""
    readme: Text = ""
    papers: tuple[ShelfPaper, ...] = ()

    def files(self) -> dict[str, bytes]:
        told = {
            self.main: self.source.encode(),
            "paper/references.bib": self.bibliography.encode(),
            "paper/README.md": f"{self.readme}\n".encode(),
            **{f"paper/figures/{name}": figure for name, figure in sorted(self.figures.items())},
        }
        if self.papers:
            rows = [paper.model_dump(exclude={"notes"}) for paper in self.papers]
            told[self.beyond] = joined({"paper": rows}, "# Papers found while writing").encode()
        return {**told, "paper/paper.pdf": self.pdf} if self.pdf else told

    @classmethod
    def of(cls, files: Files) -> Self:
        folder = "paper/figures/"
        source = needed(text_of(files, cls.main), cls.main, 1, "paper")
        for mark in (r"\begin{document}", r"\end{document}"):
            if mark not in source:
                raise LabError("product.empty", file=cls.main, line=source.count("\n") + 1, part=mark)
        return cls(
            source=source,
            bibliography=text_of(files, "paper/references.bib") if "paper/references.bib" in files else "",
            figures={name.removeprefix(folder): raw for name, raw in files.items() if name.startswith(folder)},
            pdf=files.get("paper/paper.pdf", b""),
            readme=text_of(files, "paper/README.md") if "paper/README.md" in files else "",
            papers=_papers(files, cls.beyond) if cls.beyond in files else (),
        )

    @property
    def title(self) -> str:
        found = re.search(r"\\title\{((?:[^{}]|\{[^{}]*\})*)\}", self.source)
        return re.sub(r"\\[A-Za-z]+\s*|[{}]", "", found[1]).strip() if found else ""

    @property
    def shown(self) -> str:
        return self.source

    @property
    def summary(self) -> dict[str, Plain]:
        return {
            "title": self.title,
            "words": len(re.sub(r"\\[A-Za-z]+\*?|[{}]", " ", self.source).split()),
            "references": len(references(self.source)),
            "citations": len(re.findall(r"^@", self.bibliography, re.MULTILINE)),
            "figures": len(self.figures),
            "pdf_sha256": sha256(self.pdf).hexdigest() if self.pdf else None,
        }


def _papers(files: Files, name: str) -> tuple[ShelfPaper, ...]:
    found = split(name, text_of(files, name))
    return tuple(
        found.holding(row).read(ShelfPaper, below=("paper", nth)) for nth, row in enumerate(found.rows("paper"))
    )
