"""The paper's LaTeX source, read without a LaTeX engine: its numbers by reference, its sections, its text.

`\\result{program/dataset/metric/stat}` becomes the measured value by the same rules on the screen and in the PDF, so
the two cannot say different numbers; `\\verdict{program}` the harness's word, `\\given{…}` a setting that was chosen.
Pure functions of text and measured values, standard library only. Used by the build, the reviewers and the screens.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from math import floor, isfinite, log10
from statistics import fmean, stdev
from typing import Protocol

from state.vocabulary import Language, Verdict

STATS = ("mean", "sd", "n", "min", "max", "delta")
"""`delta` is the mean less the baseline's."""

DECIMALS = 6

RESULT = re.compile(r"\\result\s*\{([^{}]*)\}")
VERDICT = re.compile(r"\\verdict\s*\{([^{}]*)\}")
GIVEN = re.compile(r"\\given\s*\{((?:[^{}\\]|\\[%,_])*)\}")
COMMENT = re.compile(r"(?<!\\)((?:\\\\)*)%[^\n]*")

Where = tuple[str, str, str]
"""Program, data set, metric."""


class Row(Protocol):
    """One measured value of one experiment. A missed target has no value but `censored`, the limit not reached."""

    @property
    def program(self) -> str: ...
    @property
    def dataset(self) -> str: ...
    @property
    def metric(self) -> str: ...
    @property
    def seed(self) -> int: ...
    @property
    def value(self) -> float | None: ...
    @property
    def censored(self) -> float | None: ...
    @property
    def experiment(self) -> int: ...


@dataclass(frozen=True)
class Values:
    """What was measured at one place, a value a seed. `found` are the numbers, `missed` the limits not reached."""

    found: tuple[float, ...] = ()
    missed: tuple[float, ...] = ()
    experiments: tuple[int, ...] = ()

    @property
    def n(self) -> int:
        """The seeds that gave a number."""
        return len(self.found)

    @property
    def mean(self) -> float | None:
        return fmean(self.found) if self.found else None

    @property
    def sd(self) -> float | None:
        return stdev(self.found) if len(self.found) > 1 else None


def gather(rows: Iterable[Row]) -> dict[Where, Values]:
    """Measured values by place; of two experiments with the same seed the later one counts."""
    seeds: dict[Where, dict[int, Row]] = {}
    for row in sorted(rows, key=lambda row: row.experiment):
        seeds.setdefault((row.program, row.dataset, row.metric), {})[row.seed] = row
    told = {}
    for place, found in sorted(seeds.items()):
        ordered = [found[seed] for seed in sorted(found)]
        numbers = tuple(row.value for row in ordered if row.value is not None and isfinite(row.value))
        missed = tuple(row.censored for row in ordered if row.value is None and row.censored is not None)
        told[place] = Values(numbers, missed, tuple(row.experiment for row in ordered))
    return told


@dataclass(frozen=True)
class Reference:
    """A `\\result{…}` in the source. `alone`: its spread is referred to beside it, so a mean is printed without one."""

    text: str
    start: int
    end: int
    line: int
    alone: bool = False

    @property
    def parts(self) -> tuple[str, ...]:
        return tuple(part.strip() for part in self.text.replace("\\_", "_").split("/"))

    @property
    def place(self) -> Where:
        program, dataset, metric = (*self.parts, "", "", "")[:3]
        return program, dataset, metric

    @property
    def stat(self) -> str:
        return self.parts[3] if len(self.parts) == 4 else ""


def references(source: str) -> list[Reference]:
    """Every reference in reading order, comments left out. Offsets and lines (from 1) are those of `source`."""
    text = uncommented(source)
    found = [
        Reference(one[1], one.start(), one.end(), text.count("\n", 0, one.start()) + 1) for one in RESULT.finditer(text)
    ]
    return [_with_company(one, found, text) for one in found]


def _with_company(one: Reference, found: Sequence[Reference], text: str) -> Reference:
    """A sentence or a table's row that gives the sd itself is not given it twice."""
    if one.stat != "mean":
        return one
    stop = re.search(r"\\\\|\n\s*\n|[.!?]\s|[。！？；;]", text[one.end :])
    end = one.end + stop.start() if stop else len(text)
    alone = any(other.place == one.place and other.stat == "sd" and one.end <= other.start < end for other in found)
    return Reference(one.text, one.start, one.end, one.line, alone)


def uncommented(source: str) -> str:
    """The source with every comment as spaces: offsets and lines stay."""
    return COMMENT.sub(lambda found: found[1] + " " * (len(found[0]) - len(found[1])), source)


# numbers ------------------------------------------------------------------------------------------------------------


def printed(
    stat: str,
    values: Values | None,
    *,
    baseline: Values | None = None,
    language: Language = Language.EN,
    alone: bool = False,
) -> str | None:
    """The number as it is printed: `2,310 ± 95`; `> 4,000` where no seed got there; None where nothing was measured.

    A mean carries its spread unless `alone`. n is `2 of 3` where seeds missed their target. `—` where a spread needs
    more than one number, or a difference two means.
    """
    if values is None or stat not in STATS or not (values.found or values.missed):
        return None
    if stat == "n":
        asked = values.n + len(values.missed)
        return (
            str(asked)
            if not values.missed
            else f"{values.n}/{asked}"
            if language is Language.ZH
            else f"{values.n} of {asked}"
        )
    if not values.found:
        return f"> {number(max(values.missed))}" if stat in ("mean", "min", "max") else "—"
    mean, sd = fmean(values.found), values.sd
    if stat == "mean":
        return number(mean, sd, spread=sd is not None and not alone, like=values.found)
    if stat == "sd":
        return "—" if sd is None else number(sd, sd, like=values.found)
    if stat in ("min", "max"):
        return number((min if stat == "min" else max)(values.found))
    if baseline is None or baseline.mean is None:
        return "—"
    return number(mean - baseline.mean, sd or baseline.sd, like=(*values.found, *baseline.found), signed=True)


def number(
    value: float, sd: float | None = None, *, spread: bool = False, signed: bool = False, like: Sequence[float] = ()
) -> str:
    """A number with thousands separators and as many decimals as its spread has two digits, else four digits in all."""
    if not isfinite(value):
        return "—"
    power = _power(value)
    needed = 1 - floor(log10(sd)) if sd else 0
    if value and (power < -4 or power > 8 or needed > DECIMALS >= needed + power):
        inner = number(_shifted(value, -power), _shifted(sd, -power) if sd else None, spread=spread, signed=signed)
        return f"({inner})×10^{power}" if spread else f"{inner}×10^{power}"
    decimals = _decimals(value, sd, like or (value,))
    sign = "−" if value < 0 and float(f"{value:.{decimals}f}") != 0 else "+" if signed else ""
    told = f"{sign}{abs(value):,.{decimals}f}"
    if not spread or sd is None:
        return told
    whole = not sd or float(f"{sd:.{decimals}f}")
    return f"{told} ± {sd:,.{decimals}f}" if whole else f"{told} ± {number(sd, sd)}"  # no spread reads as none


def _shifted(value: float, power: int) -> float:
    """`value` × 10^`power`, also where that power is no float."""
    return float(Decimal(value).scaleb(power))


def _power(value: float) -> int:
    """The power of ten of the number as it is printed: that of 9.9999 is 1."""
    return int(f"{value:.3e}".partition("e")[2])


def _decimals(value: float, sd: float | None, like: Sequence[float]) -> int:
    if sd:
        return max(0, min(DECIMALS, 1 - floor(log10(sd))))
    if all(float(one).is_integer() for one in like):
        return 0
    return max(0, min(DECIMALS, 3 - _power(value))) if value else 2


VERDICTS: dict[Language, dict[Verdict, str]] = {
    Language.EN: {
        Verdict.BETTER: "better",
        Verdict.WORSE: "worse",
        Verdict.INSIDE_NOISE: "inside the noise",
        Verdict.TOO_FEW_SEEDS: "undecided for want of seeds",
        Verdict.UNMEASURED: "not measured",
        Verdict.BASELINE: "the baseline",
        Verdict.CENSORED: "target not reached",
        Verdict.FAILED: "failed",
    },
    Language.ZH: {
        Verdict.BETTER: "更好",
        Verdict.WORSE: "更差",
        Verdict.INSIDE_NOISE: "在噪声范围内",
        Verdict.TOO_FEW_SEEDS: "因种子过少而无法判断",
        Verdict.UNMEASURED: "未测得",
        Verdict.BASELINE: "基线",
        Verdict.CENSORED: "未达到目标",
        Verdict.FAILED: "运行失败",
    },
}
"""The harness's words as the paper says them, in the paper's language."""


# sections and text --------------------------------------------------------------------------------------------------

_HEADING = re.compile(
    r"\\(?P<kind>(?:sub){0,2}section)\*?\s*\{(?P<title>(?:[^{}]|\{[^{}]*\})*)\}[ \t]*(?:\\label\{(?P<label>[^{}]*)\})?"
    r"|\\begin\{(?P<abstract>abstract)\}"
)


@dataclass(frozen=True)
class Section:
    """A section of the paper: `name` from its label (`sec:results` → `results`), text from `start` to `end`."""

    name: str
    title: str
    level: int  # 1 section and abstract, 2 subsection
    line: int
    start: int
    end: int
    words: int
    numbers: int


def sections(source: str) -> list[Section]:
    """The sections in order; a subsection stands after the section it is in, whose own text ends where it begins."""
    text = uncommented(source)
    body = text.find(r"\begin{document}")
    stop = re.search(r"\\bibliography\w*\s*\{|\\end\{document\}", text)
    end = stop.start() if stop else len(text)
    marks = [one for one in _HEADING.finditer(text) if body < one.start() < end]
    told = []
    for nth, mark in enumerate(marks):
        until = marks[nth + 1].start() if nth + 1 < len(marks) else end
        if mark["abstract"]:
            closes = text.find(r"\end{abstract}", mark.end())
            until = closes if closes >= 0 else until
        raw = text[mark.end() : until]
        title = plain(mark["title"] or "") or "abstract"
        label = (mark["label"] or "").removeprefix("sec:")
        told.append(
            Section(
                name="abstract" if mark["abstract"] else label or title.lower(),
                title=title,
                level=1 + (mark["kind"] or "").count("sub"),
                line=text.count("\n", 0, mark.start()) + 1,
                start=mark.end(),
                end=until,
                words=words(plain(raw)),
                numbers=len(RESULT.findall(raw)),
            )
        )
    return told


def words(text: str) -> int:
    """Words of a text: of Chinese, the characters."""
    han = len(re.findall(r"[\u3400-\u9fff]", text))
    return han + len(re.findall(r"[^\W_](?:[^\s\u3400-\u9fff]*[^\W_])?", re.sub(r"[\u3400-\u9fff]", " ", text)))


_SILENT = re.compile(
    r"\\(?:label|includegraphics|vspace|hspace|bibliography|bibliographystyle)\*?(?:\[[^\]]{0,300}\])?\{[^{}]*\}"
    r"|\\(?:centering|maketitle|toprule|midrule|bottomrule|hline|noindent|small|footnotesize|appendix)(?![A-Za-z])"
)
_SIGNS = {
    "times": "×", "pm": "±", "leq": "≤", "le": "≤", "geq": "≥", "ge": "≥", "neq": "≠", "approx": "≈", "cdot": "·",
    "infty": "∞", "sum": "Σ", "to": "→", "ldots": "…", "dots": "…", "sim": "∼", "in": "∈", "quad": " ", "qquad": " ",
    "alpha": "α", "beta": "β", "gamma": "γ", "delta": "δ", "epsilon": "ε", "eta": "η", "theta": "θ", "kappa": "κ",
    "lambda": "λ", "mu": "μ", "pi": "π", "rho": "ρ", "sigma": "σ", "tau": "τ", "phi": "φ", "omega": "ω", "Delta": "Δ",
    "log": "log", "exp": "exp", "min": "min", "max": "max", "item": "\n- ",
}  # fmt: skip


def filled(
    source: str,
    values: Mapping[Where, Values],
    *,
    baseline: str = "",
    verdicts: Mapping[str, Verdict] | None = None,
    language: Language = Language.EN,
    mark: tuple[str, str] = ("", ""),
) -> str:
    """The source with its numbers as printed, verdicts and settings in words; `?` where nothing was measured.

    Each number stands between the two texts of `mark`, so that a screen can find it again. For readers, not for a
    build: what does not resolve is no error here.
    """
    at, told = 0, []
    for one in references(source):
        base = values.get((baseline, *one.place[1:]))
        shown = printed(one.stat, values.get(one.place), baseline=base, language=language, alone=one.alone) or "?"
        told += [source[at : one.start], mark[0], shown, mark[1]]
        at = one.end
    return worded("".join([*told, source[at:]]), verdicts or {}, language)


def worded(source: str, verdicts: Mapping[str, Verdict], language: Language) -> str:
    """The source with its verdicts in words and its settings bare, on the lines where they stood."""

    def word(found: re.Match[str]) -> str:
        verdict = verdicts.get(found[1].replace("\\_", "_").strip())
        return VERDICTS[language][verdict] if verdict is not None else "?"

    return GIVEN.sub(lambda found: found[1], VERDICT.sub(word, source))


def language_of(source: str) -> Language:
    """The paper's language, by what its preamble loads."""
    return Language.ZH if re.search(r"\\usepackage(?:\[[^\]]{0,300}\])?\{[^{}]*ctex", source) else Language.EN


def plain(source: str) -> str:
    """LaTeX as a reader sees it, near enough: paragraphs, lists, tables row by row."""
    text = re.sub(r"[ \t]+", " ", uncommented(source))
    text = _SILENT.sub("", text)
    text = RESULT.sub(lambda found: found[1], GIVEN.sub(lambda found: found[1], text))
    text = re.sub(r"\\cite[a-z]*\*?(?:\[[^\]]{0,300}\])*\{([^{}]*)\}", r"[\1]", text)
    text = re.sub(r"\\(?:eq)?ref\{([^{}]*)\}", lambda found: found[1].split(":")[-1], text)
    text = re.sub(r"\\begin\{(?:tabular|array)\*?\}(?:\[[^\]]{0,300}\])?\{[^{}]*\}", "", text)
    text = re.sub(r"\\begin\{[^{}]*\}(?:\[[^\]]{0,300}\])?|\\end\{[^{}]*\}", "\n\n", text)
    text = re.sub(r"\\\\(?:\[[^\]]{0,300}\])?", "\n\v", text)
    text = re.sub(r"(?<!\\)&", "   ", text)
    text = re.sub(r"\\frac\{([^{}]*)\}\{([^{}]*)\}", r"\1/\2", text)
    for _ in range(4):
        text = re.sub(r"\\[A-Za-z]+\*?\{([^{}]*)\}", r"\1", text)
    text = re.sub(r"\\([A-Za-z]+)\*?[ \t]*", lambda found: _SIGNS.get(found[1], ""), text)
    text = re.sub(r"\\([%&#$_{}])", r"\1", re.sub(r"\\[,;:! ]", " ", text))
    text = re.sub(r"(?<!\\)[${}]", "", text).replace("~", " ").replace("``", "“").replace("''", "”")
    paragraphs = (_paragraph(part) for part in re.split(r"\n[ \t]*\n", text))
    return "\n\n".join(part for part in paragraphs if part)


def _paragraph(part: str) -> str:
    """Lines run on, but for list items and a table's rows."""
    told: list[str] = []
    for row in part.split("\n"):
        squeezed = re.sub(r" {4,}", "   ", row.strip("\v \t"))
        if squeezed and (not told or row.startswith(("\v", "- "))):
            told.append(squeezed)
        elif squeezed:
            told[-1] = f"{told[-1]} {squeezed}"
    return "\n".join(told)
