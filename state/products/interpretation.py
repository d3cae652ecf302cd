"""What results interpretation makes: what the numbers say about the hypothesis. They stand in it by reference."""

from __future__ import annotations

from typing import ClassVar, Literal, Self

from state.errors import LabError, Plain
from state.front_matter import joined, split
from state.paper import STATS, Reference, references
from state.products.base import Files, Product, Text, needed, text_of


def references_in(markdown: str) -> list[Reference]:
    """The references of a text that is no LaTeX: there a percent sign begins no comment."""
    return references(markdown.replace("%", " "))


class Interpretation(Product):
    """What the numbers say about the hypothesis. Numbers stand in it by reference."""

    name: ClassVar[str] = "interpretation"
    main: ClassVar[str] = "interpretation.md"
    hypothesis: Literal["holds", "holds_in_part", "fails", "undecided"]
    body: Text

    @property
    def references(self) -> list[str]:
        return [one.text for one in references_in(self.body)]

    def files(self) -> dict[str, bytes]:
        return {self.main: joined({"hypothesis": self.hypothesis}, self.body).encode()}

    @classmethod
    def of(cls, files: Files) -> Self:
        found = split(cls.main, text_of(files, cls.main))
        needed(found.body, cls.main, found.body_line, "interpretation")
        for one in references_in(found.body):
            if one.stat not in STATS:
                line = found.body_line + one.line - 1
                raise LabError("product.bad_reference", file=cls.main, line=line, reference=one.text)
        values = {**found.values, "body": found.body}
        return found.holding(values).read(cls)

    @property
    def summary(self) -> dict[str, Plain]:
        return {"hypothesis": self.hypothesis, "references": len(self.references)}
