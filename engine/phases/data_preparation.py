"""Data preparation: the software engineer leads, the ML engineer says what training needs; it ends when the code runs.

The product is `load_data.py`, which ran within its limit, and a data card.
"""

from __future__ import annotations

from engine.answers import Answer, Dialogue, Python, Refusal, SearchHF, SubmitCode
from engine.artefact import tidy
from engine.desk import Desk
from engine.experiments.contract import GB, Ending, Job, Limits
from engine.phases.news import error, said, tail, with_last
from engine.prompt import Shown, lines, tag
from engine.tools import hub
from state.errors import LabError
from state.front_matter import clean
from state.products import Data, Product, check_python
from state.vocabulary import Role

LOOK_S = 120.0
SUBMIT_S = 60.0


async def run(desk: Desk) -> Data | None:
    """The software engineer looks, asks, tries, and submits code; it counts once it has run."""
    inputs = desk.inputs
    lead = desk.seat(
        Role.SOFTWARE_ENGINEER,
        "lead",
        plan=inputs.plan,
        data_folders=[f"data/{name}" for name in inputs.data],
        earlier_version=inputs.earlier,
        sent_back_because=inputs.reasons,
    )
    engineer = desk.seat(Role.ML_ENGINEER, "engineer", plan=inputs.plan)
    heard = Shown("")
    async for turn in desk.rounds(desk.frame.turns):
        here = desk.within(f"turn-{turn.n}")
        answers: tuple[type[Answer], ...] = (SubmitCode,) if turn.last else (Dialogue, SearchHF, Python, SubmitCode)
        match await lead.ask(with_last(turn, heard), answers=answers, check=unparsed):
            case Dialogue(text=text):
                answer = await engineer.ask(said(Role.SOFTWARE_ENGINEER, text), answers=(Dialogue,))
                heard = said(Role.ML_ENGINEER, answer.text)
            case SearchHF(query=query):
                heard = await hub.search(here, query)
            case Python(code=code):
                heard = ended(await run_code(here, "look.py", tidy(code), LOOK_S))
            case SubmitCode() as handed:
                data = Data(code=tidy(handed.code), card=handed.card, datasets=handed.datasets)
                ending = await run_code(here, "load_data.py", data.code, SUBMIT_S)
                if not ending.ok:
                    heard = ended(ending)
                    continue
                data = data.model_copy(update={"says": clean(tail(ending.tail))})
                if (refusal := await desk.submit(data)) is None:
                    return data
                heard = refusal.shown
    return None


async def run_code(desk: Desk, file: str, code: str, limit_s: float) -> Ending:
    """Run a program where the person's data lie."""
    job = Job(
        kind="python",
        argv=(desk.inputs.python, file),
        limits=Limits(wall_s=limit_s, memory_b=4 * GB),
        files={file: code.encode()},
        data=dict(desk.inputs.data),
        identities=dict(desk.inputs.identities),
    )
    return await desk.run("run", job)


def ended(ending: Ending) -> Shown:
    """What a run of code tells its author."""
    output = tag("output", tail(ending.tail))
    return output if ending.ok else lines(output, error(tail(ending.error) or ending.state.value))


def unparsed(answer: Answer) -> Refusal | None:
    """Code that is no Python is not run."""
    if not isinstance(answer, SubmitCode | Python):
        return None
    try:
        check_python("load_data.py" if isinstance(answer, SubmitCode) else "look.py", tidy(answer.code))
    except LabError as error:
        return Refusal.of(error)
    return None


async def check(desk: Desk, product: Product) -> Refusal | None:
    """`load_data.py` as a person edited it still runs."""
    assert isinstance(product, Data)
    ending = await run_code(desk, "load_data.py", product.code, SUBMIT_S)
    if ending.ok:
        return None
    return Refusal(ending.error, "data.does_not_run", {"file": Data.main, "reason": tail(ending.error)})
