"""A paper from elsewhere, as the lab's reviewers get it: no phase makes it, a person asks for its review."""

from __future__ import annotations

from typing import Annotated, ClassVar, Self

from pydantic import Field

from state.errors import Plain
from state.front_matter import joined, split
from state.products.base import Files, Product, Text, needed, text_of


class Manuscript(Product):
    """The text of a person's file. `file` is its name, `sha256` that of its bytes; `cut`: it holds more than this."""

    name: ClassVar[str] = "manuscript"
    main: ClassVar[str] = "manuscript.md"
    file: str
    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    pages: Annotated[int, Field(ge=0)] = 0  # of a PDF
    cut: bool = False
    text: Text

    def files(self) -> dict[str, bytes]:
        head = self.model_dump(exclude={"text"})
        return {self.main: joined(head, self.text).encode()}

    @classmethod
    def of(cls, files: Files) -> Self:
        found = split(cls.main, text_of(files, cls.main))
        needed(found.body, cls.main, found.body_line, "text")
        values = {**found.values, "text": found.body}
        return found.holding(values).read(cls)

    @property
    def shown(self) -> str:
        return f"{self.text}\n\n[the rest of the file is left out]" if self.cut else self.text

    @property
    def summary(self) -> dict[str, Plain]:
        return {"file": self.file, "pages": self.pages, "words": len(self.text.split()), "cut": self.cut}
