"""What ideation makes: ideas, ranked, with the novelty check's verdict and the papers that it rests on."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal, Self

from pydantic import Field

from state.errors import LabError, Plain
from state.front_matter import joined, parts, split, under
from state.products.base import Files, Name, Part, Product, Text, needed, text_of

Points = Annotated[int, Field(ge=1, le=10)]


class Idea(Part):
    """Something to find out. Points are 1–10; `verdict` is the novelty check's, with the papers it rests on."""

    name: Name
    title: str
    hypothesis: Text = ""
    experiment: Text = ""
    interestingness: Points
    feasibility: Points
    novelty: Points
    verdict: Literal["novel", "known", "undecided"] = "undecided"
    why: Text = ""
    papers: tuple[str, ...] = ()

    @property
    def rank(self) -> tuple[int, int]:
        """Known ones last; then the sum of the points, highest first."""
        return (self.verdict == "known", -(self.interestingness + self.feasibility + self.novelty))

    @property
    def question(self) -> str:
        return f"{self.title}\n\nHypothesis: {self.hypothesis}\n\nExperiment: {self.experiment}"


class Ideas(Product):
    """Ranked ideas, best first. `chosen` names the one that the run goes on with: the first, or a person's pick."""

    name: ClassVar[str] = "ideas"
    main: ClassVar[str] = "ideas.md"
    ideas: Annotated[tuple[Idea, ...], Field(min_length=1)]
    chosen: str = ""

    @property
    def choice(self) -> Idea:
        return next((idea for idea in self.ideas if idea.name == self.chosen), self.ideas[0])

    def picked(self, name: str) -> Ideas:
        """With a person's pick; LabError `product.no_such_idea`."""
        names: list[Plain] = [idea.name for idea in self.ideas]
        if name not in names:
            raise LabError("product.no_such_idea", idea=name, allowed=names)
        return self.model_copy(update={"chosen": name})

    @classmethod
    def ranked(cls, ideas: list[Idea]) -> Ideas:
        best = tuple(sorted(ideas, key=lambda idea: idea.rank))
        return cls(ideas=best, chosen=best[0].name)

    def files(self) -> dict[str, bytes]:
        rows = [idea.model_dump(exclude={"hypothesis", "experiment", "why"}) for idea in self.ideas]
        marks = _idea_marks([idea.name for idea in self.ideas])
        told = [under("", "# Ideas", marks)]
        for idea in self.ideas:
            for part in ("hypothesis", "experiment", "why"):
                told.append(under(_mark(idea.name, part), getattr(idea, part), marks))
        return {self.main: joined({"chosen": self.choice.name, "idea": rows}, "\n\n".join(told)).encode()}

    @classmethod
    def of(cls, files: Files) -> Self:
        found = split(cls.main, text_of(files, cls.main))
        rows = found.rows("idea")
        names = [str(row.get("name", "")) for row in rows]
        for nth, name in enumerate(names):
            if name in names[:nth]:
                raise LabError("product.twice", file=cls.main, line=found.line_of("idea", nth, "name"), what=name)
        texts = parts(found.body, _idea_marks(names), found.body_line)
        whole = [
            {**row, **{part: texts.get(_mark(str(row.get("name")), part), ("", 1))[0] for part in _IDEA_PARTS}}
            for row in rows
        ]
        values = {**found.values, "ideas": whole}
        values.pop("idea", None)
        product = found.holding(values).read(cls, {"ideas": "idea"})
        for mark in (_mark(name, "hypothesis") for name in names):
            text, line = texts.get(mark, ("", found.body_line))
            needed(text, cls.main, line, mark)
        if product.chosen and product.chosen not in names:
            allowed: list[Plain] = [*names]
            line = found.line_of("chosen")
            raise LabError("product.no_such_choice", file=cls.main, line=line, idea=product.chosen, allowed=allowed)
        return product

    @property
    def summary(self) -> dict[str, Plain]:
        return {"ideas": len(self.ideas), "chosen": self.choice.name, "title": self.choice.title}


_IDEA_PARTS = ("hypothesis", "experiment", "why")


def _mark(name: str, part: str) -> str:
    return f"## {name}: {part}"


def _idea_marks(names: list[str]) -> list[str]:
    return [_mark(name, part) for name in names for part in _IDEA_PARTS]
