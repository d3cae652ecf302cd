"""Playing a phase on a real desk: products to start from, and a model that answers by the tools it is offered."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import replace

from engine import opening
from engine.desk import Desk
from engine.inputs import Inputs
from engine.models.base import Message, Reply, Request, ToolSpec, ToolUse, Usage
from state import lineage, profiles
from state.products.base import Product
from state.products.data import Data
from state.products.experiments import Experiments, Program, Scored
from state.products.interpretation import Interpretation
from state.products.literature import Review, ShelfPaper
from state.products.plan import Plan
from state.results import Measured
from state.vocabulary import Phase, Verdict
from tests.engine.conftest import Laid

Arguments = dict[str, object]
Answering = Callable[[str], Arguments | None] | Arguments


class Cast:
    """Answers with the first offered tool that has an answer; an answer may be a function of the request's text."""

    def __init__(self, **answers: Sequence[Answering]) -> None:
        self.answers = {tool: list(given) for tool, given in answers.items()}
        self.asked: list[Request] = []

    def __call__(self, request: Request) -> Reply:
        self.asked.append(request)
        for tool in open_now(request):
            left = self.answers.get(tool.name)
            if not left:
                continue
            given = left[0]
            arguments = given(seen(request)) if callable(given) else given
            if arguments is None:
                continue
            if len(left) > 1:
                left.pop(0)
            use = ToolUse(f"toolu_{tool.name}_{len(self.asked)}", tool.name, arguments)  # type: ignore[arg-type]
            return Reply(Message("assistant", (use,)), "tool_use", Usage(100, 0, 0, 20), "played")
        raise AssertionError(f"no answer for {[tool.name for tool in request.tools]} to\n{last(request)}")

    @property
    def shown(self) -> list[str]:
        """The text of every request."""
        return [seen(request) for request in self.asked]


def open_now(request: Request) -> list[ToolSpec]:
    """The tools that may be called in this turn."""
    named = [name for one in tagged(last(request), "open_now") for name in one.split(", ")]
    return [tool for tool in request.tools if not named or tool.name in named]


def seen(request: Request) -> str:
    """All the text of a request, its own answers left out."""
    told = [request.system]
    for message in request.messages:
        if message.role == "user":
            told += [block if isinstance(block, str) else getattr(block, "text", "") for block in message.blocks]
    return "\n".join(told)


def last(request: Request) -> str:
    """What the last turn says."""
    blocks = request.messages[-1].blocks
    return "\n".join(block if isinstance(block, str) else getattr(block, "text", "") for block in blocks)


def tagged(text: str, name: str) -> list[str]:
    """What stands in the tags of a name."""
    return [found.strip("\n") for found in re.findall(rf"<{name}(?: [^>]*)?>(.*?)</{name}>", text, re.DOTALL)]


def play(laid: Laid, cast: Cast, inputs: Inputs, **frame: object) -> Desk:
    """A desk of the visit with these inputs, played by the cast."""
    laid.player.replies = [cast] * 500
    desk = laid.desk()
    desk.inputs = inputs
    desk.bench.frame = replace(desk.bench.frame, **frame)  # type: ignore[arg-type]
    if desk.frame.sees:
        desk.line.choose = lambda role: profiles.parse("anthropic")
    return desk


def visited_again(laid: Laid, phase: Phase) -> None:
    """Open the phase's next visit, as sending back does."""
    with laid.store.transaction() as tx:
        opening.begin(tx, laid.run, phase, laid.visit.frame, None)
    visit = lineage.current(laid.store, laid.run)
    assert visit is not None
    laid.visit = visit


REVIEW = Review(
    review="Late generalisation was seen by [@power2022].",
    papers=(
        ShelfPaper(
            key="power2022",
            title="Grokking",
            bibtex="@article{power2022,\n  title = {Grokking},\n  author = {Power, A.},\n  year = {2022}\n}",
            notes="Shows late generalisation (p. 4).",
        ),
    ),
)
PLAN = Plan(
    metric="steps",
    label="steps to the target",
    direction="lower",
    dataset="toy",
    baseline="decay 1",
    seeds=3,
    stop="after the steps",
    body="Decay sets the clock. Decay 1 against 2; target 100.",
)
DATA = Data(code="OFFSET = 0\n\nif __name__ == '__main__':\n    print('ready')\n", card="Made up.", datasets=("toy",))


def inputs_with(*products: Product, **more: object) -> Inputs:
    whole = {product.name: product for product in products}
    return Inputs(asked="Does decay set the clock?", products=whole, **more)  # type: ignore[arg-type]


def interpreted(*products: Product, **more: object) -> Inputs:
    """What a phase after interpretation begins with; `products` replace those of their name, or stand beside."""
    before = (REVIEW, PLAN, DATA, experiments(), INTERPRETATION)
    return inputs_with(*before, *products, **({"measured": values()} | more))


def experiments(verdict: Verdict = Verdict.BETTER, mean: float = 152.0) -> Experiments:
    return Experiments(
        metric="steps",
        direction="lower",
        dataset="toy",
        kept=("wd_2", "base") if verdict is Verdict.BETTER else ("base", "wd_2"),
        baseline="base",
        programs=(Program(name="wd_2", code="DECAY = 2\n", parent="base"), Program(name="base", code="DECAY = 1\n")),
        scores=(
            Scored(program="wd_2", verdict=verdict, n=3, seeds=3, mean=mean, sd=1.0, grade=0.8),
            Scored(program="base", verdict=Verdict.BASELINE, n=3, seeds=3, mean=302.0, sd=1.0, grade=0.8),
        ),
        lessons=("More decay, fewer steps.",),
    )


def values(mean: float = 152.0) -> tuple[Measured, ...]:
    told = [("wd_2", mean), ("base", 302.0)]
    return tuple(
        Measured(program, "toy", "steps", seed, middle + seed - 2, None, None, 10 * nth + seed)
        for nth, (program, middle) in enumerate(told)
        for seed in (1, 2, 3)
    )


INTERPRETATION = Interpretation(hypothesis="holds", body=r"It took \result{wd_2/toy/steps/mean} steps.")
