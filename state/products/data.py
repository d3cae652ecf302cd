"""What data preparation makes: `load_data.py`, which ran, and the data card."""

from __future__ import annotations

from typing import ClassVar, Self

from state.errors import Plain
from state.front_matter import joined, split
from state.products.base import Files, Product, Text, check_python, needed, text_of


class Data(Product):
    """`load_data.py`, which ran, and a card that says what the data are. `says` is what it printed when it ran."""

    name: ClassVar[str] = "data"
    main: ClassVar[str] = "code/load_data.py"
    code: str
    card: Text
    datasets: tuple[str, ...] = ()
    says: Text = ""

    def files(self) -> dict[str, bytes]:
        head = {"datasets": list(self.datasets), "says": self.says}
        return {self.main: self.code.encode(), "data.md": joined(head, self.card).encode()}

    @classmethod
    def of(cls, files: Files) -> Self:
        code = needed(text_of(files, cls.main), cls.main, 1, "code")
        check_python(cls.main, code)
        found = split("data.md", text_of(files, "data.md"))
        needed(found.body, "data.md", found.body_line, "card")
        values = {**found.values, "code": code, "card": found.body}
        return found.holding(values).read(cls)

    @property
    def shown(self) -> str:
        return f"{self.card}\n\n# load_data.py\n\n{self.code}"

    @property
    def summary(self) -> dict[str, Plain]:
        datasets: list[Plain] = [*self.datasets]
        return {"datasets": datasets, "lines": self.code.count("\n")}
