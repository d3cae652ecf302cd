"""What report refinement makes: reviews on the conference's form, the meta-review, and the decision."""

from __future__ import annotations

import re
from typing import Annotated, ClassVar, Literal, Self

from pydantic import Field

from state.errors import LabError, Plain
from state.front_matter import joined, parts, split, under
from state.products.base import Files, Part, Product, Text, text_of
from state.vocabulary import Phase, Role

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
    """The reviews, their means, the meta-review, and what follows: done, or back to an earlier phase with reasons.

    `recommends` is the area chair's word on the paper, as the reviewers' own `decision` is theirs.
    """

    name: ClassVar[str] = "refinement"
    main: ClassVar[str] = "reviews/decision.md"
    decision: Literal["done", "back"]
    phase: Phase | None = None
    round: Annotated[int, Field(ge=1)] = 1
    means: dict[str, float] = Field(default_factory=dict)
    reviews: tuple[Signed, ...] = ()
    meta: Text = ""
    recommends: Literal["accept", "reject"] | None = None
    reasons: Text = ""

    def files(self) -> dict[str, bytes]:
        head = {
            "decision": self.decision,
            "phase": self.phase.value if self.phase else None,
            "round": self.round,
            "means": self.means,
            "recommends": self.recommends,
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
        found = split(cls.main, text_of(files, cls.main))
        texts = parts(found.body, ["## Meta-review", "## Reasons"], found.body_line)
        reviews = []
        for name in sorted(files, key=_by_number):
            if not re.fullmatch(r"reviews/\d+-[a-z_]+\.md", name):
                continue
            sheet = split(name, text_of(files, name))
            values = dict(sheet.values)
            signed = {"reviewer": values.pop("reviewer", None), "round": values.pop("round", 1)}
            form = sheet.holding({**values, "summary": sheet.body}).read(Form)
            whole = sheet.holding({**signed, "form": form})
            reviews.append(whole.read(Signed))
        values = {
            **found.values,
            "meta": texts.get("## Meta-review", ("", 1))[0],
            "reasons": texts.get("## Reasons", ("", 1))[0],
            "reviews": reviews,
        }
        product = found.holding(values).read(cls)
        if (product.decision == "back") != (product.phase is not None):
            line = found.line_of("phase") if product.phase else found.line_of("decision")
            raise LabError("product.decision_without_phase", file=cls.main, line=line, decision=product.decision)
        return product

    @property
    def summary(self) -> dict[str, Plain]:
        means: dict[str, Plain] = {**self.means}
        told: dict[str, Plain] = {"decision": self.decision, "round": self.round, "reviews": len(self.reviews)}
        told |= {"recommends": self.recommends} if self.recommends else {}
        return {**told, "phase": self.phase.value if self.phase else None, "means": means}


def _by_number(name: str) -> tuple[int, str]:
    found = re.match(r"reviews/(\d+)-", name)
    return (int(found[1]) if found else 0, name)
