"""Running experiments, the ML engineer's search (mle-solver): the baseline first, then steps of changes.

A step changes one of the best programs in several ways at once, runs each with every seed, and keeps the three best; a
failure goes back for at most three repairs. After each step a short reflection is kept. What a role cannot give, a
step, a grade, a reflection, is done without, and said. It ends when the steps are used up, the plan's target is met, or
the person says enough.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from functools import partial

from engine import artefact
from engine.answering import Answer, Refusal
from engine.answers import Change, Changes, Edit, Grade, Keep, Lesson, Replace
from engine.desk import Desk
from engine.experiments.contract import Ending
from engine.phases import news, standing
from engine.phases.illustrate import illustrated
from engine.phases.measure import complaint, measure, reading
from engine.phases.scoring import Ranked, Tried, ranked, reached
from engine.search.base import chance
from engine.search.choose import policy
from state.events import ProgramScored
from state.products.base import Product
from state.products.experiments import Experiments, Program, Scored
from state.products.plan import Plan
from state.vocabulary import ExperimentState, Role, Verdict

REPAIRS = 3


async def run(desk: Desk) -> Experiments | None:
    """Baseline first; then steps of changes, runs, repairs, scores; the best are kept."""
    plan, frame = desk.inputs.plan, desk.frame
    search = policy(frame.policy)
    first, graded = await begin(desk.within("baseline"), plan)
    starts = (desk.start(f"start-{one.name}", attempt, plan, one, graded.get(one.name)) for one in first)
    tried = await desk.all(*starts)
    if not tried[0].measured:
        return None  # without a baseline nothing can be compared
    before = desk.inputs.before(Experiments) if frame.edition else None
    lessons = [*before.lessons] if before and graded else []  # they speak of the programs that were kept
    async for turn in desk.rounds(frame.solver_steps + 1):
        table = ranked(plan, tried)
        kept = search.keep(table)
        if turn.last or reached(plan, kept):
            product = handed(plan, kept, table, tried[0], lessons)
            product = await illustrated(desk.within(f"figures-{turn.n}"), plan, product, kept, tried[0])
            if await desk.submit(product) is None:
                return product  # else: a note is unread, one more step reads it
        here = desk.within(f"step-{turn.n}")
        parent = search.choose(kept, chance(desk.inputs.question, turn.n)).program
        engineer = here.seat(
            Role.ML_ENGINEER,
            "improve",
            step=turn.n,
            steps=frame.solver_steps,
            run_time=f"{frame.run_time_s:g} s",
            plan=plan,
            data=desk.inputs.prepared,
            sent_back_because=desk.inputs.reasons,
            program=news.program(parent),
            scores=standing.table([one.score for one in table]),
            lessons=lessons,
        )
        asked = await engineer.attempt(answers=(Changes,), check=partial(misfits, parent))
        changes, nothing = asked.changes if isinstance(asked, Changes) else (), without(asked)
        fresh = await named(here, parent, changes, tried)
        tried += await here.all(*(here.start(one.name, attempt, plan, one) for one in fresh))
        table = ranked(plan, tried)
        now = [one.score for one in table if one.name in {program.name for program in fresh}]
        for score in now:
            desk.tell(ProgramScored(score.program, score.verdict.value, score.n))
        reflecting = here.seat(
            Role.ML_ENGINEER,
            "reflect",
            step=turn.n,
            plan=plan,
            tried=standing.table(now) or nothing,
            scores=standing.table([one.score for one in table if one.score not in now]),
        )
        lesson = await reflecting.attempt(answers=(Lesson,))
        lessons += [lesson.text] if isinstance(lesson, Lesson) else []
        await desk.keep(handed(plan, search.keep(table), table, tried[0], lessons))
    return None


async def begin(desk: Desk, plan: Plan) -> tuple[list[Program], dict[str, Scored]]:
    """The baseline; where the plan still asks for them as they are, also the visit before's programs and grades."""
    earlier, frame = desk.inputs.before(Experiments), desk.frame
    first = earlier.program(earlier.baseline) if earlier else None
    engineer = desk.seat(
        Role.ML_ENGINEER,
        "baseline",
        run_time=f"{frame.run_time_s:g} s",
        packages=desk.inputs.packages,
        plan=plan,
        data=desk.inputs.prepared,
        earlier_program=news.program(first) if first else None,
        sent_back_because=desk.inputs.reasons,
    )
    answers: tuple[type[Answer], ...] = (Replace, Keep) if earlier else (Replace,)
    match await engineer.ask(answers=answers, check=unparsed):
        case Replace() as draft:
            code = artefact.tidy(draft.text)
            return [await christened(desk, draft.name or "base", code, "", draft.why or plan.baseline)], {}
        case _:
            assert earlier is not None
            ran = {one.program: one for one in earlier.scores if one.verdict is not Verdict.FAILED}
            rest = [one for one in earlier.programs if one.name in ran and one.name != earlier.baseline]
            return [earlier.program(earlier.baseline), *rest], ran


async def attempt(desk: Desk, plan: Plan, program: Program, before: Scored | None = None) -> Tried:
    """One seed to see whether it runs; a failure goes back at most three times; then every seed, side by side.

    A program that was graded before keeps its grade.
    """
    first, asked = plan.seed_list[0], program.code
    for repair in range(REPAIRS + 1):
        here = desk.within(f"try-{repair}")
        ending = await measure(here, program, first)
        wrong = complaint(here, plan, ending)
        if not wrong or repair == REPAIRS or ending.state is ExperimentState.STOPPED:
            break
        mended = await repaired(here, program, ending, wrong)
        if mended is None:
            break
        program = mended
    if wrong:
        return Tried(program, asked, (ending,), error=wrong)
    seeds = plan.seed_list[1:]
    rest = await desk.all(*(desk.start(f"seed-{seed}", measure, program, seed) for seed in seeds))
    endings = (ending, *rest)
    readings = tuple(reading(desk, plan, one, seed) for seed, one in zip(plan.seed_list, endings, strict=True))
    if before is not None and before.grade is not None:
        return Tried(program, asked, endings, readings, grade=before.grade, why=before.why)
    professor = desk.seat(
        Role.PROFESSOR,
        "grade",
        plan=plan,
        data=desk.inputs.prepared,
        sent_back_because=desk.inputs.reasons,
        change=program.change,
        program=news.program(program),
        output=news.tail(ending.tail),
    )
    grade = await professor.attempt(answers=(Grade,))
    if isinstance(grade, Refusal):  # the metric ranks all the same
        return Tried(program, asked, endings, readings, why=f"not graded: {grade.why}")
    return Tried(program, asked, endings, readings, grade=grade.grade, why=grade.why)


def without(asked: Changes | Refusal) -> str:
    """Why a step tried nothing."""
    if isinstance(asked, Refusal):
        return f"nothing: no change came that can be made ({asked.why})"
    return "nothing new: these programs had been tried before"


async def repaired(desk: Desk, program: Program, ending: Ending, wrong: str) -> Program | None:
    """The program as its author mended it; None where no change came that can be made."""
    error, output = news.failed(wrong, ending.tail)
    engineer = desk.seat(
        Role.ML_ENGINEER,
        "repair",
        packages=desk.inputs.packages,
        plan=desk.inputs.plan,
        data=desk.inputs.prepared,
        change=program.change,
        run_time=f"{desk.frame.run_time_s:g} s",
        program=news.program(program),
        error=error,
        output=output,
    )
    answers: tuple[type[Edit] | type[Replace], ...] = (Edit, Replace)
    answer = await engineer.attempt(answers=answers, check=partial(misfit, program))
    if isinstance(answer, Refusal):
        return None
    code = after(program, answer)
    return program.model_copy(update={"code": code})  # a repair keeps the name: what failed measured nothing


async def named(desk: Desk, parent: Program, changes: Sequence[Change], tried: Sequence[Tried]) -> list[Program]:
    """The programs that the changes make, without those that were tried before under whatever name."""
    known = {code for one in tried for code in (one.program.code, one.asked)}
    names = {one.program.name for one in tried}
    fresh = []
    for nth, change in enumerate(changes, 1):
        code = changed(parent, change)
        if code in known:
            continue
        known.add(code)
        here = desk.within(f"change-{nth}")
        program = await christened(here, change.name, code, parent.name, change.why)
        while program.name in names:  # one of that name became another program by its repairs
            here = here.within("again")
            program = await christened(here, f"{program.name}_b", code, parent.name, change.why, anew=True)
        names.add(program.name)
        fresh.append(program)
    return fresh


async def christened(desk: Desk, wanted: str, code: str, parent: str, change: str, *, anew: bool = False) -> Program:
    """A program under a name that no other one has."""
    plain = re.sub(r"[^A-Za-z0-9_-]+", "_", wanted).strip("_-")[:40] or "program"
    program = Program(name=plain, code=code, parent=parent, change=" ".join(change.split()))
    name = await desk.name(plain, program.sha, parent or None, program.change, anew=anew)
    return program.model_copy(update={"name": name})


def after(program: Program, answer: Edit | Replace) -> str:
    """The code that an edit or a replacement makes of a program."""
    if isinstance(answer, Edit):
        return artefact.edited(program.code, [answer])
    return artefact.tidy(answer.text)


def changed(parent: Program, change: Change) -> str:
    return artefact.edited(parent.code, change.edits) if change.edits else artefact.tidy(change.text)


def misfits(parent: Program, answer: Changes) -> Refusal | None:
    """Why a set of changes cannot be run; the first reason found."""
    for change in answer.changes:
        if change.edits and (why := artefact.misfit(parent.code, change.edits)):
            return Refusal(f"{change.name}: {why}", "change.misfit")
        if bool(change.edits) == bool(change.text.strip()):
            return Refusal(f"{change.name}: give either edits or text", "change.empty")
        if (refusal := _unparsed(changed(parent, change))) is not None:
            return replace(refusal, why=f"{change.name}: {refusal.why}")
    return None


def misfit(program: Program, answer: Edit | Replace) -> Refusal | None:
    """Why an edit does not fit the program shown, or changes nothing."""
    if isinstance(answer, Edit) and (why := artefact.misfit(program.code, [answer])):
        return Refusal(why, "change.misfit")
    code = after(program, answer)
    if code == program.code:
        return Refusal("this changes nothing: the program failed as it is", "change.nothing")
    return _unparsed(code)


def unparsed(answer: Answer) -> Refusal | None:
    return _unparsed(artefact.tidy(answer.text)) if isinstance(answer, Replace) else None


def _unparsed(code: str) -> Refusal | None:
    return news.unparsed("experiment.py", code)


def handed(
    plan: Plan, kept: Sequence[Ranked], table: Sequence[Ranked], baseline: Tried, lessons: Sequence[str]
) -> Experiments:
    """The product as it stands: the kept programs, every program's standing best first, what was learned."""
    return Experiments(
        metric=plan.metric,
        direction=plan.direction,
        dataset=plan.dataset,
        kept=tuple(one.name for one in kept),
        baseline=baseline.program.name,
        programs=tuple(one.program for one in table),
        scores=tuple(one.score for one in table),
        lessons=tuple(lessons),
    )


async def check(desk: Desk, product: Product) -> Refusal | None:
    """Kept programs are those that ran: a program that a person wrote would need a run of its own."""
    assert isinstance(product, Experiments)
    measured = {one.program for one in product.scores if one.mean is not None or one.censored is not None}
    for name in product.kept:
        if name not in measured:
            return Refusal(f"{name} measured nothing", "experiments.not_measured", {"program": name})
    return None
