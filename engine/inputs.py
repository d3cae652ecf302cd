"""What a visit starts from, frozen when it opens: the question, the accepted products, the measured values.

The lab builds it from the visit's row; phases read it as `desk.inputs`. A product that the run does not have is a
`LabError`, because a phase that needs it cannot do without.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from state.errors import LabError
from state.products.base import Product
from state.products.data import Data
from state.products.experiments import Experiments
from state.products.ideas import Ideas
from state.products.interpretation import Interpretation
from state.products.literature import Review
from state.products.manuscript import Manuscript
from state.products.plan import Plan
from state.products.report import Report
from state.results import Measured

P = TypeVar("P", bound=Product)


@dataclass(frozen=True)
class Inputs:
    """`products` are the accepted ones of earlier phases by name; `earlier` is this phase's of the visit before, if the
    work was sent back, and `reasons` what refinement's decision said about it.

    `round` counts refinement from 1. `data` names the person's folders; `python`, `packages` and `gpu` say what
    experiments run with.
    `archive` holds the ideas of earlier runs with what became of them, one text each.
    """

    asked: str = ""
    topic: str = ""
    products: Mapping[str, Product] = field(default_factory=dict)
    measured: tuple[Measured, ...] = ()
    earlier: Product | None = None
    reasons: str = ""
    round: int = 1
    archive: tuple[str, ...] = ()
    data: Mapping[str, str] = field(default_factory=dict)
    identities: Mapping[str, str] = field(default_factory=dict)
    python: str = sys.executable
    gpu: bool = False
    packages: tuple[str, ...] = ()

    @property
    def question(self) -> str:
        """The project's question, or the idea that ideation ended with."""
        return self.ideas.choice.question if "ideas" in self.products else self.asked or self.topic

    @property
    def brought(self) -> list[str]:
        """The person's data as programs find them, each with the name that it has on the disk."""
        names = ((name, Path(path).name) for name, path in self.data.items())
        return [f"data/{name}" + (f" ({own})" if own != name else "") for name, own in names]

    @property
    def ideas(self) -> Ideas:
        return self._product(Ideas)

    @property
    def review(self) -> Review:
        return self._product(Review)

    @property
    def plan(self) -> Plan:
        return self._product(Plan)

    @property
    def prepared(self) -> Data:
        return self._product(Data)

    @property
    def experiments(self) -> Experiments:
        return self._product(Experiments)

    @property
    def interpretation(self) -> Interpretation:
        return self._product(Interpretation)

    @property
    def report(self) -> Report:
        return self._product(Report)

    @property
    def manuscript(self) -> Manuscript | None:
        """The paper from elsewhere, where the run only reviews one."""
        return self._product(Manuscript) if Manuscript.name in self.products else None

    def before(self, kind: type[P]) -> P | None:
        """This phase's product of the visit before, where the work was sent back."""
        return self.earlier if isinstance(self.earlier, kind) else None

    def _product(self, kind: type[P]) -> P:
        found = self.products.get(kind.name)
        if not isinstance(found, kind):
            raise LabError("inputs.missing", product=kind.name)
        return found
