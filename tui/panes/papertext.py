"""The paper as text: sections, words and bound numbers, made from the LaTeX source with the PDF's own references.

No LaTeX engine is asked. `\\result{program/dataset/metric/stat}` becomes the measured value, so that the screen and
the PDF cannot say different numbers.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import PurePosixPath

from state import paper
from tui.language import tr

RESULT = paper.RESULT
BREAK = re.compile(r"\\(?:section|subsection)\*?\{([^{}]*)\}|\\begin\{(abstract)\}")
SILENT = re.compile(
    r"\\(?:label|includegraphics|centering|vspace|hspace|bibliography\w*|maketitle)\*?(?:\[[^\]]*\])?(?:\{[^{}]*\})?"
)
OPEN, CLOSE = "\ue000", "\ue001"


@dataclass(frozen=True)
class Number:
    """A bound number: which, and the line of the source that it stands in. `alone`: its spread stands beside it."""

    reference: str
    line: int
    alone: bool = False

    @property
    def parts(self) -> tuple[str, str, str, str]:
        """Program, dataset, metric, and mean, sd or n."""
        named = [part.strip() for part in self.reference.replace("\\_", "_").split("/")]
        found = [*named, "", "", "", ""][:4]
        return found[0], found[1], found[2], found[3]


@dataclass(frozen=True)
class Section:
    """`text` holds each number as OPEN index CLOSE; `first` is the index of its first, `line` that of its heading.
    The abstract has no title."""

    title: str
    text: str
    words: int
    first: int
    count: int
    top: bool
    line: int = 1

    @property
    def name(self) -> str:
        """Its title; the abstract, which has none, by what it is."""
        return self.title or tr("report.abstract")

    @property
    def heading(self) -> str:
        """As it stands over its text."""
        return self.title or self.name.capitalize()


def numbers(source: str) -> list[Number]:
    """Every bound number in reading order."""
    body = _body(source)
    return [Number(one.text, one.line, one.alone) for one in paper.references(source) if one.start >= body]


def sections(source: str) -> list[Section]:
    """The paper's sections as text."""
    source = paper.uncommented(source)
    before = source[: _body(source)].count("\n") + 1
    source = source[_body(source) :].partition(r"\end{document}")[0]
    marks = list(BREAK.finditer(source))
    found: list[Section] = []
    first = 0
    for index, mark in enumerate(marks):
        stop = marks[index + 1].start() if index + 1 < len(marks) else len(source)
        raw = source[mark.end() : stop]
        count = len(RESULT.findall(raw))
        text = plain(raw, first)
        top = not mark[0].startswith(r"\sub")
        title = plain(mark[1], 0) if mark[1] else ""
        words = paper.words(re.sub(f"{OPEN}.*?{CLOSE}", "0", text))
        at = before + source.count("\n", 0, mark.start())
        found.append(Section(title, text, words, first, count, top, at))
        first += count
    return found


def cited(source: str) -> set[str]:
    """The keys that the text cites."""
    found = re.findall(r"\\cite[a-z]*\*?(?:\[[^\]]*\])*\{([^{}]*)\}", paper.uncommented(source))
    return {key.strip() for keys in found for key in keys.split(",") if key.strip()}


def pictured(source: str) -> set[str]:
    """The figures that the text shows, without folder and ending."""
    found = re.findall(r"\\includegraphics\*?(?:\[[^\]]*\])?\{([^{}]*)\}", paper.uncommented(source))
    return {PurePosixPath(name.strip()).stem for name in found}


def plain(raw: str, first: int = 0) -> str:
    """LaTeX as a reader sees it, near enough: text, lists, tables row by row, numbers marked."""
    index = first

    def number(_: re.Match[str]) -> str:
        nonlocal index
        index += 1
        return f"{OPEN}{index - 1}{CLOSE}"

    text = RESULT.sub(number, raw)
    text = SILENT.sub("", text)
    text = re.sub(r"\\cite[tp]?\*?(?:\[[^\]]*\])*\{([^{}]*)\}", r"[\1]", text)
    text = re.sub(r"\\(?:eq)?ref\{([^{}]*)\}", lambda found: found[1].split(":")[-1], text)
    text = re.sub(r"\\begin\{(?:tabular|array)\w*\*?\}(?:\{[^{}]*\})*", "", text)
    text = re.sub(r"\\(?:begin|end)\{[^{}]*\}(?:\[[^\]]*\])?", "\n", text)
    text = re.sub(r"\\(?:top|mid|bottom)rule|\\hline", "", text)
    text = re.sub(r"\\\\(?:\[[^\]]*\])?[ \t]*\n?", "\n", text)
    text = re.sub(r"\s*(?<!\\)&\s*", "   ", text)
    text = re.sub(r"\\item\s*", "\n- ", text)
    text = re.sub(r"\\pm\b", "±", re.sub(r"\\[,;:! ]", " ", text))
    for _ in range(4):
        text = re.sub(r"\\[A-Za-z]+\*?\{([^{}]*)\}", r"\1", text)
    text = re.sub(r"\\(?:geq?)\b", "≥", re.sub(r"\\(?:leq?)\b", "≤", re.sub(r"\\times\b", "×", text)))
    text = re.sub(r"\\([A-Za-z]+)\*?", lambda found: GREEK.get(found[1], ""), text)
    text = re.sub(r"\\([%&#$_{}])", r"\1", text).replace("~", " ").replace("``", "“").replace("''", "”")
    text = re.sub(r"(?<!\\)\$", "", text).replace("{", "").replace("}", "")
    paragraphs = [_paragraph(part) for part in re.split(r"\n\s*\n", text)]
    return "\n\n".join(part for part in paragraphs if part)


GREEK = {"lambda": "λ", "alpha": "α", "beta": "β", "gamma": "γ", "eta": "η", "sigma": "σ", "mu": "μ", "theta": "θ"}


def _paragraph(part: str) -> str:
    rows = [" ".join(row.split()) if "   " not in row.strip() else row.strip() for row in part.split("\n")]
    told = ""
    for row in rows:
        if not row:
            continue
        keeps = "   " in row or row.startswith("- ")
        told += ("\n" if keeps or told.rsplit("\n", 1)[-1].count("   ") else " ") + row if told else row
    return told


def _body(source: str) -> int:
    """Where the document's text begins."""
    found = source.find(r"\begin{document}")
    return found + len(r"\begin{document}") if found >= 0 else 0
