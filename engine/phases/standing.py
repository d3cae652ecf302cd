"""How programs stand, as models are shown it: the harness's verdicts, the numbers beside them, and what may be cited.

Verdicts and numbers come from the experiments' product; nothing is computed here.
"""

from __future__ import annotations

from collections.abc import Sequence

from engine.answering import Refusal
from engine.inputs import Inputs
from engine.prompt import Shown, lines, tag
from engine.workshop import mark_of
from engine.writing.references import nearest
from state import paper
from state.products.experiments import Experiments, Scored
from state.products.interpretation import references_in
from state.results import Measured
from state.vocabulary import Verdict


def table(scores: Sequence[Scored]) -> Shown:
    """A `<verdict>` and a `<score>` a program, in the order given."""
    return lines(*(lines(tag("verdict", one.verdict.value, program=one.program), line(one)) for one in scores))


def line(one: Scored) -> Shown:
    """The numbers of one program in a line."""
    told = []
    if one.mean is not None:
        told.append(f"mean {one.mean:.6g}" + (f", sd {one.sd:.3g}" if one.sd is not None else ""))
    if one.censored is not None and one.n < one.seeds:
        told.append(f"{one.seeds - one.n} of {one.seeds} seeds not reached within {one.censored:g}")
    told.append(f"n {one.n} of {one.seeds}")
    if one.difference is not None:
        told.append(f"{one.difference:+.6g} against the baseline")
    if one.verdict is Verdict.TOO_FEW_SEEDS:
        told.append("one seed each: the noise is not known, and nothing can be called better or worse")
    if one.grade is not None:
        told.append(f"grade {one.grade:.2f}")
    if one.why:
        told.append(one.why)
    if one.error:
        told.append(f"failed: {one.error.strip().splitlines()[-1][:200]}")
    return tag("score", "; ".join(told), program=one.program)


def best(experiments: Experiments) -> Shown:
    """The program that ranks first, with its verdict."""
    name = experiments.kept[0]
    verdict = next((one.verdict.value for one in experiments.scores if one.program == name), "unmeasured")
    return tag("best", name, verdict=verdict)


def references(measured: Sequence[Measured], baseline: str = "") -> list[str]:
    """What may be cited, a line a place: the reference to its mean and how it prints, its difference, its seeds."""
    told, values = [], paper.gather(measured)
    for place, found in values.items():
        name = "/".join(place)
        line = rf"\result{{{name}/mean}} prints {paper.printed('mean', found)}"
        if place[0] != baseline and (base := values.get((baseline, *place[1:]))) is not None:
            line += f", /delta {paper.printed('delta', found, baseline=base)}"
        told.append(f"{line}, /n {paper.printed('n', found)}")
    return told


def measured(inputs: Inputs) -> list[Measured]:
    """What the programs of the accepted experiments measured, as they are after their repairs."""
    experiments = inputs.experiments
    known = {score.program for score in experiments.scores}
    marks = {program.name: mark_of(program.sha) for program in experiments.programs}
    found = [one for one in inputs.measured if one.program in known]
    own = {one.program for one in found if one.code == marks.get(one.program)}
    return [one for one in found if one.program not in own or one.code == marks[one.program]]


def citable(inputs: Inputs) -> list[str]:
    """The references that exist for this run, with what they print."""
    return references(measured(inputs), inputs.experiments.baseline)


def unknown_reference(inputs: Inputs, text: str, file: str = "") -> Refusal | None:
    """The first reference of a Markdown text that points to no measured value, in words for its author."""
    places = paper.gather(measured(inputs))
    for one in references_in(text):
        if one.stat not in paper.STATS or one.place not in places:
            near = nearest("/".join(one.place), ["/".join(place) for place in places])
            exist = " ".join(rf"\result{{{place}/mean}}" for place in near) or "none"
            return Refusal(
                rf"\result{{{one.text}}} points to no measured value. The nearest that exist: {exist}; after the last"
                f" stroke stands one of {', '.join(paper.STATS)}",
                "reference.unknown",
                {"file": file, "line": one.line, "reference": one.text},
            )
    return None
