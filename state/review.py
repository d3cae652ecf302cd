"""The reviewer's form in numbers: means, decision, a person's own form, and how far the lab is from that person.

A person's form stands first: signed, it replaces the mean in the decision; without one the mean is uncalibrated.
The forms themselves are `products.Form` (a reviewer's) and `inbox.ReviewForm` (a person's, with three ratings of the
work). Used by refinement, by the screens and by the command line.
"""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean, stdev
from typing import Any, Literal

from pydantic import ValidationError

from state import notation
from state.errors import LabError, Plain
from state.inbox import ReviewForm
from state.products.refinement import SCORES, Form
from state.toml_text import fault_of, line_at, loads

Decision = Literal["accept", "reject"]
RANGES: dict[str, int] = {name: 10 if name == "overall" else 5 if name == "confidence" else 4 for name in SCORES}
"""The highest of each score; the lowest is 1."""
RATINGS = ("experiment_quality", "report_quality", "usefulness")
"""What a person rates besides, 1 to 5."""
TEXTS = ("strengths", "weaknesses", "questions", "limitations")


@dataclass(frozen=True)
class Meta:
    """What several reviews come to. `calibrated`: a person signed, and the decision is theirs."""

    means: dict[str, float]
    decision: Decision
    reviews: int
    calibrated: bool


def meta(forms: Sequence[Form], person: ReviewForm | None = None) -> Meta:
    """Means to two decimals; the decision is the person's, else the majority's, else (a tie) the mean overall's: 6 and
    more is accept. ValueError without any form."""
    means = {name: round(fmean(getattr(form, name) for form in forms), 2) for name in SCORES}
    if person is not None:
        return Meta(means, person.decision, len(forms), calibrated=True)
    accepted = sum(form.decision == "accept" for form in forms)
    tie = 2 * accepted == len(forms)
    accepts = means["overall"] >= 6 if tie else 2 * accepted > len(forms)
    return Meta(means, "accept" if accepts else "reject", len(forms), calibrated=False)


@dataclass(frozen=True)
class Distance:
    """The lab's overall less the person's, over `n` papers; sd where there are two and more."""

    mean: float
    sd: float | None
    n: int


def distance(pairs: Sequence[tuple[float, float]]) -> Distance | None:
    """How far the lab's reviewer is from a person: pairs of (lab's overall, person's overall), a paper each."""
    apart = [lab - person for lab, person in pairs]
    if not apart:
        return None
    return Distance(fmean(apart), stdev(apart) if len(apart) > 1 else None, len(apart))


def filled_in(form: Mapping[str, Any]) -> tuple[int, int]:
    """How much of a draft is filled in: scores, decision and ratings, of all of them."""
    asked = [*SCORES, "decision", *RATINGS]
    return sum(form.get(name) is not None for name in asked), len(asked)


def toml(form: Mapping[str, Any], says: Mapping[str, str] | None = None) -> str:
    """A form as a file to fill in: what is missing stands there as a comment. `says` has a remark a field, or none."""
    remarks = says or {}
    rows = [f"# {remarks['']}"] if "" in remarks else []
    rows.append(_row("summary", form.get("summary") or "", remarks))
    rows += [_row(name, list(form.get(name) or ()), remarks) for name in TEXTS]
    rows.append(_row("ethical_concerns", bool(form.get("ethical_concerns", False)), remarks))
    rows.append("")
    for name, most in (*RANGES.items(), ("decision", 0), *((name, 5) for name in RATINGS)):
        bounds = f"1 … {most}" if most else '"accept" | "reject"'
        remark = f"{remarks[name]}: {bounds}" if name in remarks else bounds
        value = form.get(name)
        rows.append(f"# {name} =   # {remark}" if value is None else f"{name} = {_written(value)}   # {remark}")
    return "\n".join(rows) + "\n"


def _row(name: str, value: object, remarks: Mapping[str, str]) -> str:
    remark = f"   # {remarks[name]}" if name in remarks else ""
    return f"{name} = {_written(value)}{remark}"


def _written(value: object) -> str:
    """JSON's notation is TOML's for strings, lists of strings, whole numbers and truth; but for DEL."""
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def read(text: str, file: str) -> ReviewForm:
    """A person's form from its file; LabError `review.bad_*`, `.missing`, `.unknown` or `.not_toml` with its line."""
    text = text.removeprefix("\ufeff")
    try:
        values = loads(text)
    except tomllib.TOMLDecodeError as error:
        line, reason = fault_of(text, error)
        raise LabError("review.not_toml", file=file, line=line, reason=reason) from None
    try:
        return ReviewForm.model_validate(values)
    except ValidationError as error:
        faults = error.errors(include_url=False)
    first = min(faults, key=lambda each: _line(text, each["loc"]))
    where: dict[str, Plain] = {"file": file, "line": _line(text, first["loc"]), "option": str(first["loc"][0])}
    match first["type"]:
        case "missing":
            raise LabError("review.missing", **where, allowed=notation.allowed(ReviewForm, first["loc"]))
        case "extra_forbidden":
            raise LabError("review.unknown", **where, nearest=notation.nearest(ReviewForm, first["loc"]))
        case _:
            told = notation.allowed(ReviewForm, first["loc"])
            raise LabError("review.bad_form", **where, allowed=told, value=notation.shown(first["input"]))


def _line(text: str, loc: tuple[int | str, ...]) -> int:
    """Where it stands, or waits to be filled in as a comment; the last line where it does neither."""
    waits = re.search(rf"^\s*#\s*{re.escape(str(loc[0]))}\s*=", text, re.MULTILINE)
    last = text.rstrip().count("\n") + 1
    return line_at(text, loc, otherwise=text.count("\n", 0, waits.end()) + 1 if waits else last)


def markdown(form: Form | ReviewForm, names: Mapping[str, str] | None = None) -> str:
    """A review to read: the words, then the scores as a table. `names` says the fields in the reader's language."""
    said = {name: (names or {}).get(name, name) for name in ("summary", *TEXTS, *SCORES, "decision", *RATINGS)}
    told = [f"## {said['summary']}\n\n{form.summary}"] if form.summary else []
    for name in TEXTS:
        points = getattr(form, name)
        told += (
            [f"## {said[name]}\n\n" + "\n".join(f"- {' '.join(point.split())}" for point in points)] if points else []
        )
    rows = [f"| {said[name]} | {getattr(form, name)} | 1–{most} |" for name, most in RANGES.items()]
    rows += [
        f"| {said[name]} | {value} | 1–5 |" for name in RATINGS if (value := getattr(form, name, None)) is not None
    ]
    rows.append(f"| {said['decision']} | {form.decision} | |")
    return "\n\n".join([*told, "\n".join(["| | | |", "|---|---:|---|", *rows])]) + "\n"
