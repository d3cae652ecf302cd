"""What each phase makes: models, files, checks that need no engine.

A product is frozen, renders to the files that lie in runs/N/ (`files`), and is read back from them (`of`), also after a
person edited one by hand: what is wrong then is a `LabError` with file and line. `shown` is what a model is shown,
`summary` the facts that a screen shows first. Checks that need the world (the code runs, the paper builds) are the
phases'. Used by the phases, the lab, the tui and the export.
"""

from __future__ import annotations

import ast
import re
from abc import abstractmethod
from collections.abc import Mapping
from hashlib import sha256
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from state.errors import LabError, Plain
from state.front_matter import Document, clean, decoded, has_head, joined, parts, split, under
from state.paper import STATS, Reference, references
from state.vocabulary import Phase, Role, Verdict

Text = Annotated[str, AfterValidator(clean)]
Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]{0,47}$")]
Files = Mapping[str, bytes]


class Part(BaseModel):
    """Something within a product: frozen, nothing unknown."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Product(Part):
    """Base of the eight. `name` is the product's name in the lab, `main` the file that `edit` opens."""

    name: ClassVar[str]
    main: ClassVar[str]

    @abstractmethod
    def files(self) -> dict[str, bytes]:
        """File name below runs/N/ → bytes. Equal products give equal bytes."""

    @classmethod
    @abstractmethod
    def of(cls, files: Files) -> Self:
        """The opposite of `files`; LabError `product.*` with file and line."""

    @property
    @abstractmethod
    def shown(self) -> str:
        """What a model is shown of it."""

    @property
    @abstractmethod
    def summary(self) -> dict[str, Plain]:
        """The facts a screen shows first."""


def _read(files: Files, name: str) -> str:
    if name not in files:
        raise LabError("product.missing_file", file=name)
    return decoded(name, files[name])


def _needed(text: str, file: str, line: int, part: str) -> str:
    if not clean(text).strip():
        raise LabError("product.empty", file=file, line=line, part=part)
    return text


def check_python(file: str, code: str) -> None:
    """LabError `product.bad_python` with its line where `code` does not parse."""
    try:
        ast.parse(code)
    except (SyntaxError, ValueError) as error:
        line = getattr(error, "lineno", None) or 1
        raise LabError("product.bad_python", file=file, line=line, reason=getattr(error, "msg", str(error))) from None


# 1 ideation ---------------------------------------------------------------------------------------------------------

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
        found = split(cls.main, _read(files, cls.main))
        rows = found.values.get("idea", [])
        names = [str(row.get("name", "")) for row in rows if isinstance(row, dict)]
        for nth, name in enumerate(names):
            if name in names[:nth]:
                raise LabError("product.twice", file=cls.main, line=found.line_of("name", nth), what=name)
        texts = parts(found.body, _idea_marks(names), found.body_line)
        whole = [
            {**row, **{part: texts.get(_mark(str(row.get("name")), part), ("", 1))[0] for part in _IDEA_PARTS}}
            for row in rows
            if isinstance(row, dict)
        ]
        for row in whole:
            at = texts.get(_mark(str(row.get("name")), "hypothesis"), ("", found.body_line))
            _needed(at[0], cls.main, at[1], f"{row.get('name')}: hypothesis")
        values = {**found.values, "ideas": whole}
        values.pop("idea", None)
        product = Document(cls.main, found.head, values, found.body, found.body_line).read(cls)
        if product.chosen and product.chosen not in names:
            allowed: list[Plain] = [*names]
            line = found.line_of("chosen")
            raise LabError("product.no_such_idea", file=cls.main, line=line, idea=product.chosen, allowed=allowed)
        return product

    @property
    def shown(self) -> str:
        return self.files()[self.main].decode()

    @property
    def summary(self) -> dict[str, Plain]:
        return {"ideas": len(self.ideas), "chosen": self.choice.name, "title": self.choice.title}


_IDEA_PARTS = ("hypothesis", "experiment", "why")


def _mark(name: str, part: str) -> str:
    return f"## {name}: {part}"


def _idea_marks(names: list[str]) -> list[str]:
    return [_mark(name, part) for name in names for part in _IDEA_PARTS]


# 2 literature review ------------------------------------------------------------------------------------------------


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
        found = split(cls.main, _read(files, cls.main))
        rows = [row for row in found.values.get("paper", []) if isinstance(row, dict)]
        keys = [str(row.get("key", "")) for row in rows]
        for nth, key in enumerate(keys):
            if key in keys[:nth]:
                raise LabError("product.twice", file=cls.main, line=found.line_of("key", nth), what=key)
        texts = parts(found.body, [f"## Notes on {key}" for key in keys], found.body_line)
        bib = bib_entries(_read(files, cls.bib)) if cls.bib in files else {}
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
        _needed(texts[""][0], cls.main, found.body_line, "review")
        return Document(cls.main, found.head, values, found.body, found.body_line).read(cls)

    @property
    def shown(self) -> str:
        return self.files()[self.main].decode()

    @property
    def summary(self) -> dict[str, Plain]:
        keys: list[Plain] = [paper.key for paper in self.papers]
        return {"papers": len(self.papers), "keys": keys, "words": len(self.review.split())}


# 3 plan formulation -------------------------------------------------------------------------------------------------


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
        text = _read(files, cls.main)
        split(cls.main, text)  # a file needs its head; a draft may go without
        return cls.parsed(text)

    @classmethod
    def parsed(cls, text: str, **over: Plain) -> Self:
        """From a text, with or without its head; what `over` names beats the head."""
        found = split(cls.main, text) if has_head(text) else Document(cls.main, "", {}, text.strip("\n"), 1)
        _needed(found.body, cls.main, found.body_line, "plan")
        values = {**found.values, **{key: value for key, value in over.items() if value is not None}}
        values["body"] = found.body
        return Document(cls.main, found.head, values, found.body, found.body_line).read(cls)

    @property
    def shown(self) -> str:
        return self.files()[self.main].decode()

    @property
    def summary(self) -> dict[str, Plain]:
        told: dict[str, Plain] = self.model_dump(mode="json", exclude={"body"})
        return told


# 4 data preparation -------------------------------------------------------------------------------------------------


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
        code = _needed(_read(files, cls.main), cls.main, 1, "code")
        check_python(cls.main, code)
        found = split("data.md", _read(files, "data.md"))
        _needed(found.body, "data.md", found.body_line, "card")
        values = {**found.values, "code": code, "card": found.body}
        return Document("data.md", found.head, values, found.body, found.body_line).read(cls)

    @property
    def shown(self) -> str:
        return f"{self.card}\n\n# load_data.py\n\n{self.code}"

    @property
    def summary(self) -> dict[str, Plain]:
        datasets: list[Plain] = [*self.datasets]
        return {"datasets": datasets, "lines": self.code.count("\n")}


# 5 running experiments ----------------------------------------------------------------------------------------------


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
    captions: dict[str, str] = {}
    figures: dict[str, bytes] = {}

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
        found = split(cls.main, _read(files, cls.main))
        programs = []
        for nth, row in enumerate(found.values.get("program", [])):
            name = row.get("name") if isinstance(row, dict) else None
            if not isinstance(name, str):
                line = found.line_of("name", nth)
                raise LabError("product.missing_field", file=cls.main, line=line, field=f"program.{nth}.name")
            file = f"code/{name}/experiment.py"
            code = _read(files, file)
            check_python(file, code)
            programs.append({**row, "code": code})
        count = len(re.findall(r"^## Lesson \d+\s*$", found.body, re.MULTILINE))
        marks = [f"## Lesson {n}" for n in range(1, count + 1)]
        texts = parts(found.body, marks, found.body_line)
        values: dict[str, Any] = {
            **found.values,
            "programs": programs,
            "scores": found.values.get("score", []),
            "lessons": [texts[mark][0] for mark in marks if mark in texts],
            "figures": {name.removeprefix("figures/"): raw for name, raw in files.items() if name[:8] == "figures/"},
        }
        for old in ("program", "score"):
            values.pop(old, None)
        product = Document(cls.main, found.head, values, found.body, found.body_line).read(cls)
        known = {program.name for program in product.programs}
        for field, name in [("kept", name) for name in product.kept] + [("baseline", product.baseline)]:
            if name not in known:
                line = found.line_of(field)
                raise LabError("product.no_such_program", file=cls.main, line=line, program=name)
        return product

    @property
    def shown(self) -> str:
        return self.files()[self.main].decode()

    @property
    def summary(self) -> dict[str, Plain]:
        best = next((score for score in self.scores if score.program == self.kept[0]), None)
        kept: list[Plain] = [*self.kept]
        told: dict[str, Plain] = {"kept": kept, "baseline": self.baseline, "programs": len(self.scores)}
        if best is not None:
            told |= {"best": best.program, "verdict": best.verdict, "mean": best.mean, "sd": best.sd, "n": best.n}
        return told


def references_in(markdown: str) -> list[Reference]:
    """The references of a text that is no LaTeX: there a percent sign begins no comment."""
    return references(markdown.replace("%", " "))


# 6 results interpretation -------------------------------------------------------------------------------------------


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
        found = split(cls.main, _read(files, cls.main))
        _needed(found.body, cls.main, found.body_line, "interpretation")
        for one in references_in(found.body):
            if one.stat not in STATS:
                line = found.body_line + one.line - 1
                raise LabError("product.bad_reference", file=cls.main, line=line, reference=one.text)
        values = {**found.values, "body": found.body}
        return Document(cls.main, found.head, values, found.body, found.body_line).read(cls)

    @property
    def shown(self) -> str:
        return self.files()[self.main].decode()

    @property
    def summary(self) -> dict[str, Plain]:
        return {"hypothesis": self.hypothesis, "references": len(self.references)}


# 7 report writing ---------------------------------------------------------------------------------------------------


class Report(Product):
    """LaTeX source, bibliography, figures, the PDF that was built from them, and a README of the finding."""

    name: ClassVar[str] = "report"
    main: ClassVar[str] = "paper/paper.tex"
    source: str
    bibliography: str = ""
    figures: dict[str, bytes] = {}
    pdf: bytes = b""
    readme: Text = ""

    def files(self) -> dict[str, bytes]:
        told = {
            self.main: self.source.encode(),
            "paper/references.bib": self.bibliography.encode(),
            "paper/README.md": f"{self.readme}\n".encode(),
            **{f"paper/figures/{name}": figure for name, figure in sorted(self.figures.items())},
        }
        return {**told, "paper/paper.pdf": self.pdf} if self.pdf else told

    @classmethod
    def of(cls, files: Files) -> Self:
        folder = "paper/figures/"
        source = _needed(_read(files, cls.main), cls.main, 1, "paper")
        for mark in (r"\begin{document}", r"\end{document}"):
            if mark not in source:
                raise LabError("product.empty", file=cls.main, line=source.count("\n") + 1, part=mark)
        return cls(
            source=source,
            bibliography=_read(files, "paper/references.bib") if "paper/references.bib" in files else "",
            figures={name.removeprefix(folder): raw for name, raw in files.items() if name.startswith(folder)},
            pdf=files.get("paper/paper.pdf", b""),
            readme=_read(files, "paper/README.md") if "paper/README.md" in files else "",
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


# 8 report refinement ------------------------------------------------------------------------------------------------

Four = Annotated[int, Field(ge=1, le=4)]


class Form(Part):
    """The reviewer's form, as a reviewer, the area chair or a person fills it in."""

    summary: Text = ""
    strengths: tuple[str, ...] = ()
    weaknesses: tuple[str, ...] = ()
    originality: Four
    quality: Four
    clarity: Four
    significance: Four
    questions: tuple[str, ...] = ()
    limitations: tuple[str, ...] = ()
    ethical_concerns: bool = False
    soundness: Four
    presentation: Four
    contribution: Four
    overall: Annotated[int, Field(ge=1, le=10)]
    confidence: Annotated[int, Field(ge=1, le=5)]
    decision: Literal["accept", "reject"]


SCORES = (
    "originality quality clarity significance soundness presentation contribution overall confidence".split()  # noqa: SIM905 (reads as the form does)
)


class Signed(Part):
    """A form and who filled it in."""

    reviewer: Role
    round: int = 1
    form: Form


class Refinement(Product):
    """The reviews, their means, the meta-review, and what follows: done, or back to an earlier phase with reasons."""

    name: ClassVar[str] = "refinement"
    main: ClassVar[str] = "reviews/decision.md"
    decision: Literal["done", "back"]
    phase: Phase | None = None
    round: Annotated[int, Field(ge=1)] = 1
    means: dict[str, float] = {}
    reviews: tuple[Signed, ...] = ()
    meta: Text = ""
    reasons: Text = ""

    def files(self) -> dict[str, bytes]:
        head = {
            "decision": self.decision,
            "phase": self.phase.value if self.phase else None,
            "round": self.round,
            "means": self.means,
        }
        marks = ["## Meta-review", "## Reasons"]
        body = "\n\n".join([under(marks[0], self.meta, marks), under(marks[1], self.reasons, marks)])
        told = {self.main: joined(head, body).encode()}
        for nth, signed in enumerate(self.reviews, 1):
            values = {"reviewer": signed.reviewer.value, "round": signed.round, **signed.form.model_dump()}
            summary = values.pop("summary")
            told[f"reviews/{nth}-{signed.reviewer.value}.md"] = joined(values, summary).encode()
        return told

    @classmethod
    def of(cls, files: Files) -> Self:
        found = split(cls.main, _read(files, cls.main))
        texts = parts(found.body, ["## Meta-review", "## Reasons"], found.body_line)
        reviews = []
        for name in sorted(files, key=_by_number):
            if not re.fullmatch(r"reviews/\d+-[a-z_]+\.md", name):
                continue
            sheet = split(name, _read(files, name))
            values = dict(sheet.values)
            signed = {"reviewer": values.pop("reviewer", None), "round": values.pop("round", 1)}
            form = Document(name, sheet.head, {**values, "summary": sheet.body}, sheet.body, sheet.body_line).read(Form)
            whole = Document(name, sheet.head, {**signed, "form": form}, sheet.body, sheet.body_line)
            reviews.append(whole.read(Signed))
        values = {
            **found.values,
            "meta": texts.get("## Meta-review", ("", 1))[0],
            "reasons": texts.get("## Reasons", ("", 1))[0],
            "reviews": reviews,
        }
        product = Document(cls.main, found.head, values, found.body, found.body_line).read(cls)
        if (product.decision == "back") != (product.phase is not None):
            line = found.line_of("phase") if product.phase else found.line_of("decision")
            raise LabError("product.decision_without_phase", file=cls.main, line=line, decision=product.decision)
        return product

    @property
    def shown(self) -> str:
        return self.files()[self.main].decode()

    @property
    def summary(self) -> dict[str, Plain]:
        means: dict[str, Plain] = {**self.means}
        told: dict[str, Plain] = {"decision": self.decision, "round": self.round, "reviews": len(self.reviews)}
        return {**told, "phase": self.phase.value if self.phase else None, "means": means}


def _by_number(name: str) -> tuple[int, str]:
    found = re.match(r"reviews/(\d+)-", name)
    return (int(found[1]) if found else 0, name)


MADE_BY: dict[Phase, type[Product]] = {
    Phase.IDEATION: Ideas,
    Phase.LITERATURE_REVIEW: Review,
    Phase.PLAN_FORMULATION: Plan,
    Phase.DATA_PREPARATION: Data,
    Phase.RUNNING_EXPERIMENTS: Experiments,
    Phase.RESULTS_INTERPRETATION: Interpretation,
    Phase.REPORT_WRITING: Report,
    Phase.REPORT_REFINEMENT: Refinement,
}

PRODUCTS: dict[str, type[Product]] = {made.name: made for made in MADE_BY.values()}
