"""Data preparation: the software engineer leads, the ML engineer says what training needs; it ends when the code runs.

The product is `load_data.py`, which ran within its limit, and a data card.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypedDict

from engine.answering import Answer, Refusal
from engine.answers import Dialogue, Python, SearchHF, SubmitCode
from engine.artefact import tidy
from engine.desk import Desk
from engine.inputs import Inputs
from engine.phases import news
from engine.phases.news import said, tail, with_last
from engine.prompt import Shown
from engine.tools import hub, python
from state.front_matter import clean
from state.products.base import Product
from state.products.data import Data
from state.vocabulary import Role


class WithData(TypedDict):
    """What a program of this phase runs with."""

    data: Mapping[str, str]
    python: str
    identities: Mapping[str, str]


async def run(desk: Desk) -> Data | None:
    """The software engineer looks, asks, tries, and submits code; it counts once it has run."""
    inputs = desk.inputs
    asks_hub = desk.frame.online or not desk.frame.edition
    offered: tuple[type[Answer], ...] = (Dialogue, *((SearchHF,) if asks_hub else ()), Python, SubmitCode)
    lead = desk.seat(
        Role.SOFTWARE_ENGINEER,
        "lead",
        plan=inputs.plan,
        packages=inputs.packages,
        data_folders=inputs.brought if desk.frame.edition else [f"data/{name}" for name in inputs.data],
        earlier_version=inputs.earlier,
        sent_back_because=inputs.reasons,
    ).with_tools(*offered)
    engineer = desk.seat(Role.ML_ENGINEER, "engineer", plan=inputs.plan)
    heard = Shown("")
    async for turn in desk.rounds(desk.frame.turns):
        here = desk.within(f"turn-{turn.n}")
        answers: tuple[type[Answer], ...] = (SubmitCode,) if turn.last else offered
        match await lead.ask(with_last(turn, heard), answers=answers, check=unparsed):
            case Dialogue(text=text):
                answer = await engineer.ask(said(Role.SOFTWARE_ENGINEER, text), answers=(Dialogue,))
                heard = said(Role.ML_ENGINEER, answer.text)
            case SearchHF(query=query):
                heard = await hub.search(here, query)
            case Python(code=code):
                heard = python.shown(await here.run("look", python.snippet(tidy(code), **with_data(inputs))))
            case SubmitCode() as handed:
                data = Data(code=tidy(handed.code), card=handed.card, datasets=handed.datasets)
                ending = await here.run("load-data", python.load_data(data.code, **with_data(inputs)))
                if not ending.ok:
                    heard = python.shown(ending)
                    continue
                data = data.model_copy(update={"says": clean(tail(ending.tail))})
                if (refusal := await desk.submit(data)) is None:
                    return data
                heard = refusal.shown
    return None


def with_data(inputs: Inputs) -> WithData:
    """The person's folders, and the interpreter that experiments will run with."""
    return {"data": inputs.data, "python": inputs.python, "identities": inputs.identities}


def unparsed(answer: Answer) -> Refusal | None:
    """Code that is no Python is not run."""
    if not isinstance(answer, SubmitCode | Python):
        return None
    return news.unparsed("load_data.py" if isinstance(answer, SubmitCode) else "look.py", tidy(answer.code))


async def check(desk: Desk, product: Product) -> Refusal | None:
    """`load_data.py` as a person edited it still runs."""
    assert isinstance(product, Data)
    ending = await desk.run("load-data", python.load_data(product.code, **with_data(desk.inputs)))
    if ending.ok:
        return None
    return Refusal(ending.error, "data.does_not_run", {"file": Data.main, "reason": tail(ending.error)})
