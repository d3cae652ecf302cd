"""Numbers typed into a Markdown text of the lab, where a measured one stands by reference.

What may be typed is what somebody chose or read: a number that question, review, plan, data or a program name, and a
count up to twelve. Every other number is either measured, then it has a reference, or it rests on nothing. Used by
results interpretation and for the README of the finding.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from engine.answering import Refusal
from engine.inputs import Inputs
from engine.phases import standing
from engine.writing.chosen import in_name, names_in, not_chosen, numbers_in
from engine.writing.said import SAID
from state import paper
from state.paper import Values, Where

COUNT = 12
"""Up to here a whole number may count things: two of three seeds."""
TOLD = 5
"""So many are named at once."""
AROUND = 30
IN_WORDS = "a measured number is a reference; one that was chosen is written in digits"

_SILENT = re.compile(
    r"```.*?```|`[^`\n]*`|\\result\s*\{[^{}]*\}|\[[^\]\n]*@[^\]\n]*\]|https?://\S+"
    r"|^[ \t]*(?:#+[ \t]*)?\d+(?:\.\d+)*[.)]?[ \t]+(?=\S)",
    re.DOTALL | re.MULTILINE,
)
_NUMBER = re.compile(r"(?<![\d.])\d(?:[\d.,_]*\d)?(?:[eE][+-]?\d+)?")
_PERCENT = re.compile(r"\s*(?:\\?[%％]|个百分点|per ?cent)")


def refused(inputs: Inputs, text: str, file: str) -> Refusal | None:
    """Why the numbers of a text do not stand: each with its line, the words around it, and what to write."""
    spoken = spoken_of(inputs)
    chosen = {number for told in spoken for number in numbers_in(told)}
    names = {name for told in spoken for name in names_in(told)}
    values = paper.gather(standing.measured(inputs))
    visible = _SILENT.sub(lambda found: re.sub(r"[^\n]", " ", found[0]), text)
    faults: list[tuple[int, str, str]] = []
    for found in _NUMBER.finditer(visible):
        number, at, end = found[0], found.start(), found.end()
        percent = _PERCENT.match(visible, end)
        if not percent and (in_name(visible, found, names) or (number.isdecimal() and int(number) <= COUNT)):
            continue
        if not not_chosen(number + (r"\%" if percent else ""), chosen):
            continue
        around = text[max(at - AROUND, 0) : end + AROUND].replace("\n", " ")
        line = text.count("\n", 0, at) + 1
        faults.append(
            (line, number, f"line {line}: {number} is typed [{around}]; {advice(number, percent, values, inputs)}")
        )
    for found in SAID.finditer(visible):
        line = text.count("\n", 0, found.start()) + 1
        around = text[max(found.start() - AROUND, 0) : found.end() + AROUND].replace("\n", " ")
        faults.append((line, found[0], f"line {line}: {found[0]} is typed in words [{around}]; {IN_WORDS}"))
    if not faults:
        return None
    faults.sort(key=lambda one: one[0])
    told = [why for _, _, why in faults[:TOLD]]
    rest = [f"and {len(faults) - TOLD} more"] if len(faults) > TOLD else []
    line, number, _ = faults[0]
    return Refusal("\n".join([*told, *rest]), "reference.typed", {"file": file, "line": line, "found": number})


def spoken_of(inputs: Inputs) -> list[str]:
    """The texts whose numbers were chosen or read, not measured here."""
    review = inputs.products.get("review")
    return [
        inputs.question,
        inputs.plan.shown,
        inputs.prepared.card,
        inputs.prepared.code,
        *(program.code for program in inputs.experiments.programs),
        *([review.shown] if review else []),
    ]


def advice(number: str, percent: object, values: Mapping[Where, Values], inputs: Inputs) -> str:
    """What to write in its place: the reference that prints so, where there is one."""
    digits = number.replace(",", "").replace("_", "")
    try:
        value = float(digits) / (100 if percent else 1)
    except ValueError:
        value = float("nan")
    decimals = len(digits.partition(".")[2]) + (2 if percent else 0)
    for place, found in values.items():
        for stat, measured in stats(found, values.get((inputs.experiments.baseline, *place[1:]))):
            if measured is not None and abs(abs(measured) - value) <= 0.5001 * 10**-decimals:
                return rf"it is \result{{{'/'.join((*place, stat))}}}"
    return (
        "no measured value prints so, and neither question, review, plan, data nor a program names it: refer to a"
        " measured value, or say it in words"
    )


def stats(found: Values, base: Values | None) -> list[tuple[str, float | None]]:
    """The numbers of a place, as references name them."""
    told: list[tuple[str, float | None]] = [("mean", found.mean), ("sd", found.sd)]
    if found.found:
        told += [("min", min(found.found)), ("max", max(found.found))]
    if found.mean is not None and base is not None and base.mean is not None:
        told.append(("delta", found.mean - base.mean))
    return told
