"""Report writing (paper-solver): the PhD student writes the paper section by section, the professor reads it.

Each section is built into the paper before it is kept; then the paper is improved by edits, each kept only if a reader
on the conference's form scores the result higher. It ends when the steps are used up or the score no longer rises,
with a README of the finding; where nobody can score the paper, as it was written.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from functools import partial
from itertools import count

from engine import artefact
from engine.answering import Refusal
from engine.answers import Done, Edit, Keep, Readme, Replace, SearchPapers, SubmitReview
from engine.desk import Desk, Round
from engine.phases import news, reading, standing, typed
from engine.phases.building import Draft, build, readable
from engine.phases.literature import searched
from engine.phases.looking import looked_at
from engine.phases.news import with_last
from engine.phases.reviewing import points, shown_form
from engine.prompt import Shown, lines, tag
from engine.seat import Seat, Tool
from engine.writing import scaffold
from state.events import SectionKept
from state.products.base import Product
from state.products.experiments import Experiments
from state.products.literature import ShelfPaper
from state.products.refinement import Form
from state.products.report import Report
from state.vocabulary import Choice, Language, Role, Wait

REPAIRS = 3
STALLS = 2
"""After so many steps in a row that brought nothing, the score counts as no longer rising."""
FOUND = 10
TITLE_CHARACTERS = 200


async def run(desk: Desk) -> Report | None:
    """Title, then section by section; then improvements by edit; then the README."""
    inputs, frame = desk.inputs, desk.frame
    found = citable(desk, inputs.before(Report))
    language = Language(frame.paper_language)
    experiments = await looked_at(desk, inputs.experiments)
    pictured = figures(experiments)
    draft = Draft(scaffold.scaffold("?", language, date=await desk.step("date", today)), dict(experiments.figures))
    writer = seated(desk, pictured)
    for part in ("title", *scaffold.PARTS):
        draft = await written(desk.within(part), writer, draft, part, found)
        desk.tell(SectionKept(part))
        await desk.keep(draft.report)
    first = await read(desk.within("first-reading"), draft, found)
    form = first if isinstance(first, Form) else None
    stalled, last_attempt = 0, Shown("")
    async for turn in desk.rounds(frame.report_steps + 1):
        here = desk.within(f"step-{turn.n}")
        if turn.last or stalled >= STALLS or form is None:
            report = draft.report.model_copy(update={"readme": await readme(here)})
            if await desk.submit(report) is None:
                return report  # else: a note is unread, one more step reads it
        better, score, last_attempt = await improved(here, turn, draft, form, last_attempt, found, pictured)
        if better is None:
            stalled += 1
        else:
            draft, form, stalled = better, score, 0
            await desk.keep(draft.report)
    return None


def citable(desk: Desk, report: Report | None) -> dict[str, ShelfPaper]:
    """What may be cited by its key: the shelf, and what an earlier version found beyond it."""
    return {paper.key: paper for paper in (*(report.papers if report else ()), *desk.inputs.review.papers)}


async def today() -> str:
    """The date that the paper bears."""
    return datetime.now(UTC).date().isoformat()


def seated(desk: Desk, pictured: Shown) -> Seat:
    """The writer, with everything the paper rests on."""
    inputs = desk.inputs
    experiments = inputs.experiments
    return desk.seat(
        Role.PHD_STUDENT,
        "write",
        paper_language=desk.frame.paper_language,
        question=inputs.question,
        review=inputs.review,
        plan=inputs.plan,
        data_card=inputs.prepared.card,
        programs=programs(experiments),
        scores=standing.table(experiments.scores),
        best=standing.best(experiments),
        references=standing.citable(inputs),
        keys=keys(inputs.review.papers),
        interpretation=inputs.interpretation,
        figures=pictured,
        earlier_version=inputs.earlier,
        sent_back_because=inputs.reasons,
    )


def programs(experiments: Experiments) -> Shown:
    """The baseline's code, and what each other program changed."""
    baseline = experiments.program(experiments.baseline)
    others = (tag("change", one.change, program=one.name) for one in experiments.programs if one.name != baseline.name)
    return lines(tag("code", baseline.code.strip("\n"), program=baseline.name), *others)


def figures(experiments: Experiments) -> Shown:
    """The figures that there are, with what each shows."""
    return lines(
        *(tag("item", experiments.captions.get(name, ""), file=f"figures/{name}") for name in experiments.figures)
    )


def keys(papers: Iterable[ShelfPaper]) -> list[str]:
    """What may be cited."""
    return [f"{paper.key}: {paper.title}" for paper in papers]


async def written(desk: Desk, writer: Seat, draft: Draft, part: str, found: dict[str, ShelfPaper]) -> Draft:
    """The paper with one more part, which was built; where it fails the compiler's words go back."""
    earlier = desk.inputs.before(Report)
    answers: tuple[type[Replace] | type[Keep], ...] = (Replace, Keep) if earlier else (Replace,)
    heard = Shown("")
    for attempt in count(1):
        here = desk.within(f"try-{attempt}")
        wanted = tag("section", part.replace("_", " "))
        match await writer.ask(lines(heard, wanted), answers=answers, tools=[search_tool(found)]):
            case Replace(text=text):
                body = text
            case _:
                body = scaffold.section(earlier.source, part) if earlier else ""
        tried = draft.with_source(scaffold.with_section(draft.source, part, body), rehearsed=writer.rehearsed)
        built = (untitled(body) if part == "title" else None) or await build(here, tried, found)
        if isinstance(built, Draft):
            return built
        heard = news.error(built.why)
        if attempt % (REPAIRS + 1) == 0:
            await desk.hold(
                f"not-built-{attempt}", Wait.TROUBLE, Choice.RETRY, Choice.STOP, what="section_failed", why=built.why
            )
    raise AssertionError("count() does not end")


def untitled(title: str) -> Refusal | None:
    """Why a title is none: it is one line of bare words."""
    if len(title) > TITLE_CHARACTERS or r"\cite" in title:
        return Refusal(f"a title is one line of bare words: at most {TITLE_CHARACTERS} characters, nothing cited")
    return None


async def improved(
    desk: Desk,
    turn: Round,
    draft: Draft,
    form: Form | None,
    last_attempt: Shown,
    found: dict[str, ShelfPaper],
    pictured: Shown,
) -> tuple[Draft | None, Form | None, Shown]:
    """The paper after one edit, if it builds and reads better, with how it reads; else what became of the attempt.

    Without a `form` nobody could score the paper as it is.
    """
    writer = desk.seat(
        Role.PHD_STUDENT,
        "improve",
        step=turn.n,
        paper_language=desk.frame.paper_language,
        paper=artefact.numbered(draft.source),
        read_as=shown_form(form) if form else "",
        scores=standing.table(desk.inputs.experiments.scores),
        references=standing.citable(desk.inputs),
        keys=keys(found.values()),
        figures=pictured,
        last_attempt=last_attempt,
    )
    answers: tuple[type[Edit] | type[Done], ...] = (Edit, Done)
    heard = Shown("")
    for attempt in range(REPAIRS + 1):
        match await writer.attempt(with_last(turn, heard), answers=answers, check=partial(misfit, draft)):
            case Edit() as edit:
                tried = draft.with_source(artefact.edited(draft.source, [edit]), rehearsed=writer.rehearsed)
            case Refusal() as refusal:
                return None, form, news.error(refusal.why)
            case _:
                return None, form, Shown("")
        built = await build(desk.within(f"try-{attempt}"), tried, found)
        if isinstance(built, Draft):
            break
        heard = news.error(built.why)
    if isinstance(built, Refusal):
        return None, form, lines(edit.why, news.error(built.why))
    score = await read(desk, built, found)
    if isinstance(score, Refusal):
        return None, form, lines(edit.why, news.error(f"nobody could score it: {score.why}"))
    if form is None or points(score) > points(form):
        return built, score, Shown("")
    return None, form, lines(edit.why, f"scored {points(score):.2f}, not above {points(form):.2f}: not kept")


async def read(desk: Desk, draft: Draft, found: dict[str, ShelfPaper]) -> Form | Refusal:
    """How the paper reads on the conference's form, its numbers filled in; or why nobody could say."""
    critic = desk.seat(
        Role.PROFESSOR,
        "critic",
        paper_language=desk.frame.paper_language,
        paper=readable(desk, draft.source),
        cited=reading.references(draft.source, found.values()),
        figures=reading.figures(draft.source, desk.inputs.experiments),
    )
    answer = await critic.attempt(answers=(SubmitReview,))
    return answer.form if isinstance(answer, SubmitReview) else answer


async def readme(desk: Desk) -> str:
    """The README of the finding, its numbers filled in."""
    inputs = desk.inputs
    professor = desk.seat(
        Role.PROFESSOR,
        "readme",
        paper_language=desk.frame.paper_language,
        question=inputs.question,
        interpretation=inputs.interpretation,
        scores=standing.table(inputs.experiments.scores),
        best=standing.best(inputs.experiments),
        references=standing.citable(inputs),
    )
    answer = await professor.ask(answers=(Readme,), check=partial(unfounded, desk))
    return readable(desk, answer.text, markdown=True)


def unfounded(desk: Desk, answer: Readme) -> Refusal | None:
    """Why a README's numbers do not stand."""
    refusal = standing.unknown_reference(desk.inputs, answer.text)
    if refusal is None and desk.frame.edition:
        return typed.refused(desk.inputs, answer.text, "README.md")
    return refusal


def search_tool(found: dict[str, ShelfPaper]) -> Tool[SearchPapers]:
    """Searching while writing; what was found may be cited."""

    async def search(desk: Desk, asked: SearchPapers) -> Shown:
        result = await searched(desk, asked.query, FOUND, found)
        for key, paper in result.papers.items():
            found.setdefault(key, paper)
        return result.shown

    return Tool("search_papers", SearchPapers, search)


def misfit(draft: Draft, answer: Edit | Done) -> Refusal | None:
    """Why an edit does not fit the paper shown."""
    if isinstance(answer, Edit) and (why := artefact.misfit(draft.source, [answer])):
        return Refusal(why, "change.misfit")
    return None


async def check(desk: Desk, product: Product) -> Refusal | Product:
    """A paper that a person edited, built again; or why it does not build."""
    assert isinstance(product, Report)
    draft = Draft(product.source, product.figures, product.bibliography, rehearsed=desk.rehearsed)
    built = await build(desk, draft, citable(desk, product))
    if isinstance(built, Refusal):
        return built
    return built.report.model_copy(update={"readme": product.readme})
