"""Figures are looked at, where a model sees pictures: what is to be seen in each, and whether it can be read.

What a program saved and nobody could read stays out of the paper. Its writer, who reads only words, is told what the
others show. Used by report writing; refinement's reviewers are shown the paper's own figures.
"""

from __future__ import annotations

from engine.answering import Refusal
from engine.answers import DescribeFigure
from engine.desk import Desk
from engine.experiments import png
from engine.models.base import Picture
from state.products.experiments import Experiments
from state.vocabulary import Role

SHOWN_B = 16 << 20
"""So much is shown in one turn: a request may hold 32 MB, in which pictures are a third larger."""
SHOWN_PX = 8000
"""Larger ones an endpoint does not take."""


async def looked_at(desk: Desk, experiments: Experiments) -> Experiments:
    """The experiments with what was seen in each figure; pictures of a program that cannot be read are left out."""
    if not desk.frame.sees:
        return experiments
    names = [name for name, drawn in sorted(experiments.figures.items()) if can_be_shown(drawn)]
    seen = await desk.all(
        *(desk.start(f"figure-{nth}", look, name, experiments) for nth, name in enumerate(names, start=1))
    )
    told = {name: one for name, one in zip(names, seen, strict=True) if isinstance(one, DescribeFigure)}
    left_out = {name for name, one in told.items() if not one.legible and not drawn_here(name, experiments)}
    captions = experiments.captions | {
        name: caption(experiments.captions.get(name, ""), one) for name, one in told.items()
    }
    return experiments.model_copy(
        update={
            "figures": {name: drawn for name, drawn in experiments.figures.items() if name not in left_out},
            "captions": {name: words for name, words in captions.items() if name not in left_out},
        }
    )


def can_be_shown(drawn: bytes) -> bool:
    size = png.size_of(drawn)
    return size is not None and max(size) <= SHOWN_PX


async def look(desk: Desk, name: str, experiments: Experiments) -> DescribeFigure | Refusal:
    """One figure, seen by who will write about it; where nothing comes that can be used, it stays as it was drawn."""
    eyes = desk.seat(Role.PHD_STUDENT, "look", figure=name, drawn=experiments.captions.get(name, ""))
    return await eyes.attempt(answers=(DescribeFigure,), pictures=[Picture(name, experiments.figures[name])])


def drawn_here(name: str, experiments: Experiments) -> bool:
    """Whether the lab drew it from measured values, which no program did."""
    return not any(name.startswith(f"{program.name}-") for program in experiments.programs)


def caption(told: str, seen: DescribeFigure) -> str:
    """What a figure is, what was seen in it, and what cannot be read or misleads."""
    fault = "Misleading" if seen.legible else "Hard to read"
    words = [told, f"Seen: {seen.shows}", f"{fault}: {seen.faults}" if seen.faults else ""]
    return " ".join(one if one.endswith(".") else f"{one}." for one in words if one)


def shown(desk: Desk, source: str) -> list[Picture]:
    """The figures that a paper shows, for a reader who sees them."""
    if not desk.frame.sees or desk.inputs.manuscript:
        return []
    pictures, left_b = list[Picture](), SHOWN_B
    for name, drawn in desk.inputs.report.figures.items():
        if f"figures/{name}" in source and len(drawn) <= left_b and can_be_shown(drawn):
            pictures.append(Picture(name, drawn))
            left_b -= len(drawn)
    return pictures
