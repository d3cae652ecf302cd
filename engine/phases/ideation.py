"""Ideation: the PhD student proposes ideas on the project's topic, thinks each over, and checks whether it is new.

It ends with a ranking, best first; the run goes on with the first, or with the one that a person picks. A project that
brings a question has no ideation.
"""

from __future__ import annotations

import re

from engine.answering import Answer
from engine.answers import DecideNovelty, ProposeIdea, SearchPapers
from engine.desk import Desk
from engine.phases.literature import searched
from engine.phases.news import with_last
from engine.prompt import Shown, tag
from engine.seat import Seat
from state.products.base import Product
from state.products.ideas import Idea, Ideas
from state.vocabulary import Role

FOUND = 10


async def run(desk: Desk) -> Ideas | None:
    """Ideas one after the other; each is improved, then searched for; then all are ranked."""
    inputs, frame = desk.inputs, desk.frame
    student = desk.seat(
        Role.PHD_STUDENT,
        "propose",
        topic=inputs.topic,
        data_folders=inputs.brought,
        archive=inputs.archive,
        earlier_version=inputs.earlier,
        sent_back_because=inputs.reasons,
    )
    ideas: list[Idea] = []
    heard = Shown("")
    async for turn in desk.rounds(frame.ideas + 1):
        if ideas and turn.last:
            product = Ideas.ranked(ideas)
            if (refusal := await desk.submit(product)) is None:
                return product
            heard = refusal.shown
        here = desk.within(f"idea-{turn.n}")
        wanted = tag("idea_wanted", f"{turn.n} of {frame.ideas}" if turn.n <= frame.ideas else "one more")
        proposed = await proposal(student, with_last(turn, heard, wanted), frame.reflections)
        ideas.append(await checked(here, proposed, taken={idea.name for idea in ideas}))
        heard = Shown("")
        await desk.keep(Ideas.ranked(ideas))
    return None


async def proposal(student: Seat, wanted: Shown, reflections: int) -> ProposeIdea:
    """One idea, thought over until it is done or the reflections are used up."""
    proposed = await student.ask(wanted, answers=(ProposeIdea,))
    for nth in range(1, reflections + 1):
        if proposed.done:
            break
        proposed = await student.ask(tag("reflection", f"{nth} of {reflections}"), answers=(ProposeIdea,))
    return proposed


async def checked(desk: Desk, proposed: ProposeIdea, taken: set[str]) -> Idea:
    """The idea with its novelty verdict and the papers it rests on."""
    idea = Idea(**proposed.model_dump(exclude={"done", "name"}), name=plain_name(proposed.name, taken))
    student = desk.seat(Role.PHD_STUDENT, "novelty", idea=idea.question).with_tools(SearchPapers, DecideNovelty)
    heard, known = Shown(""), set[str]()
    async for turn in desk.rounds(desk.frame.novelty_rounds + 1):
        answers: tuple[type[Answer], ...] = (DecideNovelty,) if turn.last else (SearchPapers, DecideNovelty)
        match await student.ask(with_last(turn, heard), answers=answers):
            case SearchPapers(query=query):
                found = await searched(desk.within(f"search-{turn.n}"), query, FOUND)
                known |= set(found.papers)
                heard = found.shown
            case DecideNovelty() as decided:
                rests_on = tuple(key for key in decided.papers if key in known)
                return idea.model_copy(update={"verdict": decided.verdict, "why": decided.why, "papers": rests_on})
    return idea


def plain_name(wanted: str, taken: set[str]) -> str:
    """A name of letters, digits and _ that no other idea has."""
    stem = re.sub(r"[^A-Za-z0-9]+", "_", wanted).strip("_").lower()[:40] or "idea"
    name, nth = stem, 1
    while name in taken:
        nth += 1
        name = f"{stem}_{nth}"
    return name


async def check(desk: Desk, product: Product) -> None:
    """Ideas that parsed can be gone on with."""
