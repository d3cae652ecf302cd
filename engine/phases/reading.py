"""What a reader of the paper is shown beside its source: the references as they will be listed, the figures in words.

A model that reads LaTeX sees neither the bibliography nor the pictures; what they say comes from the papers that were
found and from the experiments' scores. Used by the critic of report writing and the reviewers of refinement.
"""

from __future__ import annotations

from collections.abc import Iterable

from engine.phases.illustrate import file_name
from engine.prompt import Shown, lines, tag
from engine.writing.citations import cited
from state.paper import number
from state.products.experiments import Experiments, Scored
from state.products.literature import ShelfPaper

AUTHORS = 3
"""How many authors are named before the rest are others."""


def references(source: str, papers: Iterable[ShelfPaper]) -> Shown:
    """An item a paper that the source cites, in the order of its first citation."""
    known = {paper.key: paper for paper in papers}
    keys = dict.fromkeys(key for _, key in cited(source) if key in known)
    return lines(*(tag("item", entry(known[key]), key=key) for key in keys))


def entry(paper: ShelfPaper) -> str:
    """Authors (year). Title."""
    authors = ", ".join(paper.authors[:AUTHORS]) + (" and others" if len(paper.authors) > AUTHORS else "")
    year = f" ({paper.year})" if paper.year else ""
    return f"{authors or 'unknown authors'}{year}. {paper.title}"


def figures(source: str, experiments: Experiments) -> Shown:
    """An item a figure that the source shows: what is drawn in it, with the numbers of the bars."""
    shown = [name for name in experiments.figures if f"figures/{name}" in source]
    return lines(*(tag("item", drawn(name, experiments), file=f"figures/{name}") for name in shown))


def drawn(name: str, experiments: Experiments) -> str:
    """What a figure shows, in words."""
    told = experiments.captions.get(name, "")
    if name != f"{file_name(experiments.metric)}.png":
        return told
    bars = "; ".join(bar(one) for one in experiments.scores if one.mean is not None or one.censored is not None)
    return f"{told}: {bars}" if bars else told


def bar(one: Scored) -> str:
    """A bar as the paper prints it."""
    if one.mean is None:
        return f"{one.program} not reached within {one.censored:g}"
    return f"{one.program} {number(one.mean, one.sd, spread=one.sd is not None)} (n {one.n})"
