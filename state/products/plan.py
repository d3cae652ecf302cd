"""What plan formulation makes: what will be measured and what would count, fixed before it is measured."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal, Self

from pydantic import Field

from state.errors import Plain
from state.front_matter import Document, has_head, joined, split
from state.products.base import Files, Product, Text, needed, text_of


class Plan(Product):
    """What will be measured and what would count, fixed before it is measured.

    `metric` is the key in the results file, `label` says it in words; `target` ends the search (`steps <= 2000`);
    `estimate_*` is for all experiments together.
    """

    name: ClassVar[str] = "plan"
    main: ClassVar[str] = "plan.md"
    metric: Annotated[str, Field(min_length=1, pattern=r"^[A-Za-z0-9_.@%+-]+$")]
    label: str = ""
    direction: Literal["lower", "higher"]
    dataset: Annotated[str, Field(min_length=1)]
    baseline: Annotated[str, Field(min_length=1)]
    settings: tuple[str, ...] = ()
    seeds: Annotated[int, Field(ge=1, le=1000)] = 3
    target: Annotated[str, Field(pattern=r"^$|^\S+\s*(>=|<=|>|<)\s*[-+]?\d+(\.\d*)?([eE][-+]?\d+)?$")] = ""
    stop: Annotated[str, Field(min_length=1)]
    requirements: tuple[str, ...] = ()
    estimate_experiments: Annotated[int, Field(ge=0)] = 0
    estimate_minutes: Annotated[float, Field(ge=0)] = 0.0
    estimate_gpu_hours: Annotated[float, Field(ge=0)] = 0.0
    body: Text

    @property
    def seed_list(self) -> list[int]:
        return list(range(1, self.seeds + 1))

    @property
    def higher(self) -> bool:
        return self.direction == "higher"

    def files(self) -> dict[str, bytes]:
        return {self.main: joined(self.model_dump(exclude={"body"}), self.body).encode()}

    @classmethod
    def of(cls, files: Files) -> Self:
        text = text_of(files, cls.main)
        split(cls.main, text)  # a file needs its head; a draft may go without
        return cls.parsed(text)

    @classmethod
    def parsed(cls, text: str, **over: Plain) -> Self:
        """From a text, with or without its head; what `over` names beats the head."""
        found = split(cls.main, text) if has_head(text) else Document(cls.main, "", {}, text.strip("\n"), 1)
        needed(found.body, cls.main, found.body_line, "plan")
        values = {**found.values, **{key: value for key, value in over.items() if value is not None}}
        values["body"] = found.body
        return found.holding(values).read(cls)

    @property
    def summary(self) -> dict[str, Plain]:
        told: dict[str, Plain] = self.model_dump(mode="json", exclude={"body"})
        return told
