"""What running experiments makes: programs, how each stands in the harness's words, and what was learned."""

from __future__ import annotations

import re
from hashlib import sha256
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import Field

from state.errors import LabError, Plain
from state.front_matter import joined, parts, split, under
from state.products.base import Files, Name, Part, Product, Text, check_python, text_of
from state.vocabulary import Verdict


class Program(Part):
    """A program that experiments run: `experiment.py`. `change` is one line in its author's words."""

    name: Name
    code: str
    parent: str = ""
    change: str = ""

    @property
    def sha(self) -> str:
        return sha256(self.code.encode()).hexdigest()

    @property
    def file(self) -> str:
        return f"code/{self.name}/experiment.py"


class Scored(Part):
    """How a program stands, in the harness's words: mean and sd over the `n` seeds of `seeds` that gave a number."""

    program: Name
    verdict: Verdict
    n: int = 0
    seeds: int = 0
    mean: float | None = None
    sd: float | None = None
    censored: float | None = None
    difference: float | None = None
    grade: float | None = None
    why: str = ""
    error: str = ""


class Experiments(Product):
    """The programs that were kept, best first, the baseline, every program's standing, and what was learned."""

    name: ClassVar[str] = "experiments"
    main: ClassVar[str] = "experiments.md"
    metric: str
    direction: Literal["lower", "higher"]
    dataset: str
    kept: Annotated[tuple[str, ...], Field(min_length=1)]
    baseline: str
    programs: Annotated[tuple[Program, ...], Field(min_length=1)]
    scores: tuple[Scored, ...] = ()
    lessons: tuple[Text, ...] = ()
    captions: dict[str, str] = Field(default_factory=dict)
    figures: dict[str, bytes] = Field(default_factory=dict)

    @property
    def best(self) -> Program:
        return self.program(self.kept[0])

    def program(self, name: str) -> Program:
        return next(program for program in self.programs if program.name == name)

    def files(self) -> dict[str, bytes]:
        head = {
            **self.model_dump(mode="json", include={"metric", "direction", "dataset", "kept", "baseline", "captions"}),
            "program": [program.model_dump(exclude={"code"}) for program in self.programs],
            "score": [score.model_dump(mode="json") for score in self.scores],
        }
        marks = [f"## Lesson {n}" for n in range(1, len(self.lessons) + 1)]
        told = [under(mark, lesson, marks) for mark, lesson in zip(marks, self.lessons, strict=True)]
        return {
            self.main: joined(head, "\n\n".join(["# What was learned", *told])).encode(),
            **{program.file: program.code.encode() for program in self.programs},
            **{f"figures/{name}": figure for name, figure in sorted(self.figures.items())},
        }

    @classmethod
    def of(cls, files: Files) -> Self:
        found = split(cls.main, text_of(files, cls.main))
        programs = []
        for nth, row in enumerate(found.rows("program")):
            name = row.get("name")
            if not isinstance(name, str):
                line = found.line_of("program", nth, "name")
                raise LabError("product.missing_field", file=cls.main, line=line, field="program.name")
            file = f"code/{name}/experiment.py"
            code = text_of(files, file)
            check_python(file, code)
            programs.append({**row, "code": code})
        count = len(re.findall(r"^## Lesson \d+\s*$", found.body, re.MULTILINE))
        marks = [f"## Lesson {n}" for n in range(1, count + 1)]
        texts = parts(found.body, marks, found.body_line)
        values: dict[str, Any] = {
            **found.values,
            "programs": programs,
            "scores": found.rows("score"),
            "lessons": [texts[mark][0] for mark in marks if mark in texts],
            "figures": {name.removeprefix("figures/"): raw for name, raw in files.items() if name[:8] == "figures/"},
        }
        for old in ("program", "score"):
            values.pop(old, None)
        called = {"programs": "program", "scores": "score"}
        product = found.holding(values).read(cls, called)
        known = {program.name for program in product.programs}
        named = [(("kept", nth), name) for nth, name in enumerate(product.kept)]
        for path, name in [*named, (("baseline",), product.baseline)]:
            if name not in known:
                line = found.line_of(*path)
                raise LabError("product.no_such_program", file=cls.main, line=line, program=name)
        return product

    @property
    def summary(self) -> dict[str, Plain]:
        best = next((score for score in self.scores if score.program == self.kept[0]), None)
        kept: list[Plain] = [*self.kept]
        told: dict[str, Plain] = {"kept": kept, "baseline": self.baseline, "programs": len(self.scores)}
        if best is not None:
            told |= {"best": best.program, "verdict": best.verdict, "mean": best.mean, "sd": best.sd, "n": best.n}
        return told
