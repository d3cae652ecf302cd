"""What roles answer, phase by phase, as tools: names are the commands that the published systems use.

What a model reads of them is their docstrings and field descriptions. Used by the phases (`seat.ask(answers=…)`); a
visit pins them all as they were when it opened.
"""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from engine.answering import Answer, Text, Texts, Words, listed
from state.products.refinement import Form
from state.vocabulary import Phase

# Everywhere ---------------------------------------------------------------------------------------------------------


class Dialogue(Answer):
    """Say something to your colleague. They answer, and you go on from there."""

    tool: ClassVar[str] = "dialogue"
    text: Words = Field(description="What you say, in the team's language.")


class SearchPapers(Answer):
    """Search the literature. Titles, years and abstracts of the nearest papers come back, each with its key."""

    tool: ClassVar[str] = "search_papers"
    query: Words = Field(description="A few technical words, in English.")


# Ideation -----------------------------------------------------------------------------------------------------------


class ProposeIdea(Answer):
    """Put one idea forward, or the improved version of the one you put forward before."""

    tool: ClassVar[str] = "propose_idea"
    name: Words = Field(description="Short, lower case, words joined by _; letters and digits only.")
    title: Words = Field(description="The title that a paper on it would have.")
    hypothesis: Words = Field(description="What you expect to be true, so that a measurement can show it false.")
    experiment: Words = Field(description="What is run, what is varied, what is measured; one machine, hours at most.")
    interestingness: int = Field(ge=1, le=10, description="1–10: who would change their mind or their code?")
    feasibility: int = Field(ge=1, le=10, description="1–10: can this machine show it in the time there is?")
    novelty: int = Field(ge=1, le=10, description="1–10: how far is it from what is known?")
    done: bool = Field(default=False, description="true when another round would not make it better.")


class DecideNovelty(Answer):
    """Say whether the idea is new, and name the papers on which you rest that."""

    tool: ClassVar[str] = "decide_novelty"
    verdict: Literal["novel", "known", "undecided"] = Field(
        description="known: a paper already answers it; undecided: the search could not settle it."
    )
    why: Words = Field(description="Two or three sentences that compare the idea with the nearest papers.")
    papers: Texts = Field(default=(), description="Keys of the papers it rests on, as the search gave them.")


# Literature review --------------------------------------------------------------------------------------------------


class Summary(Answer):
    """Search for papers. The five nearest come back with key, year and abstract."""

    tool: ClassVar[str] = "summary"
    query: Words = Field(description="A few technical words, in English.")


class FullText(Answer):
    """Have a paper read. A reader reads it once; notes with page numbers come back, never the whole text."""

    tool: ClassVar[str] = "full_text"
    paper: Words = Field(description="Its key, as a search gave it.")
    looking_for: Text = Field(default="", description="What you want to know from it.")


class AddPaper(Answer):
    """Put a paper on the shelf, with the reason why it belongs there."""

    tool: ClassVar[str] = "add_paper"
    paper: Words = Field(description="Its key, as a search gave it.")
    notes: Words = Field(description="What it shows, on what evidence, and what it means for our question.")


class ReadingNotes(Answer):
    """Give your notes on the paper you have read."""

    tool: ClassVar[str] = "reading_notes"
    notes: Words = Field(description="Claims, methods, numbers and limits, each with its page: (p. 4).")
    title: Text = Field(default="", description="Only where record_lacks names it: the title as printed.")
    authors: Texts = Field(default=(), description="Only where record_lacks names them: full names as printed.")
    year: int | None = Field(default=None, ge=1000, le=2999, description="Only where record_lacks names it.")


class LiteratureReview(Answer):
    """Hand in the review that you have written from the shelf."""

    tool: ClassVar[str] = "literature_review"
    text: Words = Field(description="Markdown. Cite papers as [@key]; only papers that stand on the shelf.")


# Plan formulation ---------------------------------------------------------------------------------------------------


class SubmitPlan(Answer):
    """Hand in the plan: its text, and beside it what the lab reads, metric, direction, data set, settings and so on."""

    tool: ClassVar[str] = "plan"
    text: Words = Field(description="Markdown: hypothesis, method, data, baseline, what would count against it, risks.")
    metric: Text | None = Field(default=None, description="Key of the primary metric in the results file: val_loss.")
    label: Text | None = Field(default=None, description="The same metric in words: steps to 95 % accuracy.")
    direction: Literal["lower", "higher"] | None = Field(default=None, description="Which way is better.")
    dataset: Text | None = Field(default=None, description="Key of the data set in the results file.")
    baseline: Text | None = Field(default=None, description="What everything is compared with, in a few words.")
    settings: Annotated[tuple[Text, ...] | None, BeforeValidator(lambda v: None if v is None else listed(v))] = Field(
        default=None, description="What is varied, one short line a setting."
    )
    seeds: int | None = Field(default=None, ge=1, le=1000, description="Seeds for the baseline and for every setting.")
    target: Text | None = Field(default=None, description='What ends the search: "val_acc >= 0.95"; "" for none.')
    stop: Text | None = Field(default=None, description="The stopping rule, in a few words.")
    requirements: Annotated[tuple[Text, ...] | None, BeforeValidator(lambda v: None if v is None else listed(v))] = (
        Field(default=None, description="What people asked for in their notes, one line each.")
    )
    estimate_experiments: int | None = Field(default=None, ge=0, description="How many experiments, all seeds counted.")
    estimate_minutes: float | None = Field(
        default=None, ge=0, description="How long they take together on this machine."
    )
    estimate_gpu_hours: float | None = Field(default=None, ge=0, description="How many GPU-hours; 0 without a GPU.")


# Data preparation ---------------------------------------------------------------------------------------------------


class SearchHF(Answer):
    """Search the Hugging Face Hub for data sets. Names, sizes and licences come back."""

    tool: ClassVar[str] = "search_hf"
    query: Words = Field(description="A few words.")


class Python(Answer):
    """Run a short program where the data lie, to look at them. It ends after 120 seconds."""

    tool: ClassVar[str] = "python"
    code: Words = Field(description="A whole Python program; what it prints comes back.")


class SubmitCode(Answer):
    """Hand in load_data.py. It is run; it counts only if it ends without an error within 60 seconds."""

    tool: ClassVar[str] = "submit_code"
    code: Words = Field(description="The whole of load_data.py.")
    card: Words = Field(
        description="Data card in Markdown: what the data are, where from, size, splits, licence, limits."
    )
    datasets: Texts = Field(default=(), description="Names of the data sets it provides, as in the results file.")


# Running experiments, and both solvers ------------------------------------------------------------------------------


class LineEdit(BaseModel):
    """Lines first..last are replaced by text; last = first - 1 puts text before first."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    first: int = Field(ge=1, description="First line that is replaced, as numbered.")
    last: int = Field(ge=0, description="Last line that is replaced; first - 1 to insert before first.")
    text: str = Field(description='The new lines, without numbers; "" deletes.')


class Edit(Answer):
    """Replace lines first..last of what you were shown by new ones. last = first - 1 inserts before first."""

    tool: ClassVar[str] = "edit"
    first: int = Field(ge=1, description="First line that is replaced, as numbered.")
    last: int = Field(ge=0, description="Last line that is replaced; first - 1 to insert before first.")
    text: str = Field(description='The new lines, without numbers; "" deletes.')
    why: Text = Field(default="", description="One line: what this changes.")


class Replace(Answer):
    """Replace the whole of it by a new text."""

    tool: ClassVar[str] = "replace"
    text: Words = Field(description="The whole new text, from its first line to its last.")
    name: Text = Field(default="", description="For a program: a short name, letters, digits and _.")
    why: Text = Field(default="", description="One line: what this changes.")


class Keep(Answer):
    """Keep the earlier programs: the plan still asks for them as they are."""

    tool: ClassVar[str] = "keep"
    why: Words = Field(description="One sentence.")


class Change(BaseModel):
    """One change to the program that you were shown: either line edits, or a whole new text."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    name: Words = Field(description="A short name for the program that results; letters, digits and _: wd_2.")
    why: Words = Field(description="One line: what it changes and what you expect.")
    edits: tuple[LineEdit, ...] = Field(default=(), description="Edits by the numbers shown; they may not overlap.")
    text: Text = Field(default="", description="A whole new program, where edits would be more than half of it.")


class Changes(Answer):
    """Propose changes to the program shown; each becomes a program of its own, and all are run side by side."""

    tool: ClassVar[str] = "changes"
    changes: tuple[Change, ...] = Field(min_length=1, max_length=5, description="One to five, each worth a run.")


class Grade(Answer):
    """Grade how well program and output serve the plan. The measured metric ranks; you catch what dodges the plan."""

    tool: ClassVar[str] = "grade"
    grade: float = Field(ge=0, le=1, description="0: dodges the plan; 0.5: runs but leaves parts out; 1: all of it.")
    why: Words = Field(description="One or two sentences.")


class Lesson(Answer):
    """Keep a short reflection for the steps that follow."""

    tool: ClassVar[str] = "lesson"
    text: Words = Field(description="At most three sentences; name programs and verdicts as they stand in the table.")


# Results interpretation ---------------------------------------------------------------------------------------------


class SubmitInterpretation(Answer):
    r"""Hand in the interpretation. Numbers stand in it by reference: \result{program/dataset/metric/mean}."""

    tool: ClassVar[str] = "interpretation"
    text: Words = Field(
        description=r"Markdown; each measured number as \result{…/mean}, \result{…/sd} or \result{…/n}."
    )
    hypothesis: Literal["holds", "holds_in_part", "fails", "undecided"] = Field(
        description="What the verdicts say about the plan's hypothesis."
    )


# Report writing -----------------------------------------------------------------------------------------------------


class DescribeFigure(Answer):
    """Say what a figure shows and whether it can be read."""

    tool: ClassVar[str] = "describe_figure"
    shows: Words = Field(description="What is to be seen, in two or three sentences: axes, what is drawn, how it runs.")
    legible: bool = Field(description="false if a reader could not read it as it is printed.")
    faults: Text = Field(default="", description="What cannot be read, or what misleads; one sentence.")


class Done(Answer):
    """Say that it is good as it is."""

    tool: ClassVar[str] = "done"
    why: Text = Field(default="", description="One sentence.")


class Readme(Answer):
    """Hand in the README of the finding."""

    tool: ClassVar[str] = "readme"
    text: Words = Field(description=r"Markdown, at most a page; measured numbers as \result{…}.")


# Report refinement --------------------------------------------------------------------------------------------------


class SubmitReview(Answer):
    """Hand in your review on the conference's form."""

    tool: ClassVar[str] = "review"
    summary: Words = Field(description="What the paper claims and how it supports it, in your words.")
    strengths: Texts = Field(default=(), description="One point each.")
    weaknesses: Texts = Field(default=(), description="One point each, specific enough to act on.")
    originality: int = Field(ge=1, le=4, description="1 low – 4 very high.")
    quality: int = Field(ge=1, le=4, description="1 low – 4 very high.")
    clarity: int = Field(ge=1, le=4, description="1 low – 4 very high.")
    significance: int = Field(ge=1, le=4, description="1 low – 4 very high.")
    questions: Texts = Field(default=(), description="What the authors should answer.")
    limitations: Texts = Field(default=(), description="What the paper should say about its limits.")
    ethical_concerns: bool = Field(default=False, description="true if it needs an ethics review.")
    soundness: int = Field(ge=1, le=4, description="1 poor – 4 excellent.")
    presentation: int = Field(ge=1, le=4, description="1 poor – 4 excellent.")
    contribution: int = Field(ge=1, le=4, description="1 poor – 4 excellent.")
    overall: int = Field(ge=1, le=10, description="1 very strong reject, 5 borderline, 6 weak accept, 10 award.")
    confidence: int = Field(ge=1, le=5, description="1 a guess – 5 certain, checked the details.")
    decision: Literal["accept", "reject"] = Field(description="accept or reject; nothing between.")

    @property
    def form(self) -> Form:
        return Form.model_validate(self.model_dump())


class MetaReview(Answer):
    """Sum the reviews up as area chair. The numbers are the reviews' means; you weigh the words."""

    tool: ClassVar[str] = "meta_review"
    text: Words = Field(description="What the reviewers agree on, where they differ, what decides it.")
    decision: Literal["accept", "reject"] = Field(description="Your recommendation.")


class Decide(Answer):
    """Decide what follows from the reviews: done, or back to one earlier phase with what has to change there."""

    tool: ClassVar[str] = "decide"
    decision: Literal["done", "back"] = Field(description="back only for what more work here can mend.")
    phase: Phase | None = Field(default=None, description="With back: the earliest phase that has to change.")
    reasons: Words = Field(description="What has to change there, or why it is good enough.")


EVERY: tuple[type[Answer], ...] = tuple(Answer.__subclasses__())
"""All of the above."""
