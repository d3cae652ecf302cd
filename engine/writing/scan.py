"""A LaTeX source seen as a reader's text and its math: what is not printed becomes spaces, so offsets and lines stay.

`visible` is where the search for typed numbers looks; `commands` and `groups` are what the check of the allowed subset
walks over. Pure functions of strings.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from engine.writing.subset import MATH_ENVIRONMENTS
from state.paper import uncommented

COMMAND = re.compile(r"\\([A-Za-z]+|[^A-Za-z])(\*?)", re.DOTALL)
GROUP = r"\{(?:[^{}\\]|\\.|\{(?:[^{}\\]|\\.|\{[^{}]*\})*\})*\}"
CITE = rf"\\cite[a-z]*\*?\s*(?:\[[^\]]{{0,300}}\]\s*)*{GROUP}"

_NUMBER = r"(?:[A-Z]\.?)?[1-9]\d{0,3}(?:\.\d{1,2}){0,2}[a-z]?(?![\w.]*\d)"
_MARK = r"[\s~]*(?:\\[, ]\s*)?[(（]?"
_LOCATED = re.compile(
    rf"""
    (?:(?<![A-Za-z])(?:secs?|sects?|sections?|ch|chaps?|chapters?|app|appx|appendix|appendices|tabs?|tables?|figs?
      |figures?|eqs?|eqns?|equations?|thms?|theorems?|lemmas?|lem|cors?|corollary|props?|propositions?|defs?
      |definitions?|algs?|algorithms?|vol|volume|no|notes?|fn|ex|examples?|remark|part|lines?|pp?|pages?)\.?
     |\\S(?![A-Za-z])|§+|[表图式章节]|公式|定理|引理|命题|推论|定义|附录|算法|第)
    {_MARK}{_NUMBER}[)）]?
    (?:\s*(?:-{{1,3}}|[–,;&、，至到和]|and|or)\s*[(（]?{_NUMBER}[)）]?)*
    (?!\s*(?:\\,\s*)?(?:\\?[%％‰]|per[\s-]?cent))
    """,
    re.VERBOSE | re.IGNORECASE,
)
"""A place in a cited work: p.~3, Secs. 2 and 4, Theorem 2.1; 第 3 页."""
_PAGES = re.compile(r"(?:pp?\.?|pages?)[\s~]*(?:\\[, ]\s*)?\d+\.\d", re.IGNORECASE)

_NOT_PRINTED = re.compile(
    rf"""
    {CITE}
  | \\includegraphics\*?\s*(?:\[[^\]]{{0,300}}\]\s*)*{GROUP}
  | \\(?:ref|eqref|label|url|result|verdict|given|bibliography|bibliographystyle|vspace|hspace|date)\*?\s*{GROUP}
  | \\(?:documentclass|usepackage)\s*(?:\[[^\]]{{0,300}}\])?\s*{GROUP}
  | \\href\s*{GROUP}
  | \\multicolumn\s*{GROUP}\s*{GROUP}
  | \\begin\s*\{{(?:tabular|array)\}}\s*(?:\[[^\]]{{0,300}}\])?\s*{GROUP}
  | \\begin\s*\{{(?:figure|table)\*?\}}\s*\[[^\]]{{0,300}}\]
  | \\begin\s*\{{(?:itemize|enumerate|description)\}}\s*\[(?![^\]]{{0,300}}?label)[^\]]{{0,300}}\]
  | \\(?:begin|end)\s*\{{[^{{}}]*\}}
  | \\\\\*?\s*\[\s*[-0-9.]+\s*[a-z]{{2}}\s*\]
    """,
    re.VERBOSE,
)

_DOLLAR = r"(?:(?<!\\)|(?<=(?<!\\)\\\\))\$"
"""One that is not escaped; after the end of a table's row it is not."""

_MATH = re.compile(
    rf"{_DOLLAR}\$(?P<display>.*?){_DOLLAR}\$|{_DOLLAR}(?P<inline>.*?){_DOLLAR}"
    r"|\\\[(?P<bracket>.*?)\\\]|\\\((?P<round>.*?)\\\)"
    r"|\\begin\{(?P<env>" + "|".join(re.escape(name) for name in sorted(MATH_ENVIRONMENTS)) + r")\}"
    r"(?P<inner>(?:(?!\\begin\{(?P=env)\}).)*?)\\end\{(?P=env)\}",
    re.DOTALL,
)


def blank(text: str) -> str:
    """As many spaces, the same lines."""
    return re.sub(r"[^\n]", " ", text)


def _printed_of(text: str) -> str:
    """What stands beside a citation's key, but for places in the cited work; of all else nothing."""
    if not text.startswith("\\cite") or "[" not in text:
        return blank(text)
    start, end = text.index("["), text.rindex("{")
    beside = _LOCATED.sub(lambda found: found[0] if _PAGES.match(found[0]) else blank(found[0]), text[start:end])
    return blank(text[:start]) + beside + blank(text[end:])


@dataclass(frozen=True)
class Scan:
    """A source without its comments; where its math stands; the line of an offset."""

    source: str

    @cached_property
    def text(self) -> str:
        return uncommented(self.source)

    @cached_property
    def body(self) -> int:
        """Where the document begins; the end of the text where it does not."""
        found = self.text.find(r"\begin{document}")
        return found if found >= 0 else len(self.text)

    @cached_property
    def math(self) -> list[tuple[int, int]]:
        """Start and end of each stretch of math, in order."""
        return [found.span() for found in _MATH.finditer(self.text)]

    @cached_property
    def _starts(self) -> list[int]:
        return [0, *(found.end() for found in re.finditer("\n", self.source))]

    def line(self, at: int) -> int:
        return bisect_right(self._starts, at)

    def in_math(self, at: int) -> bool:
        nth = bisect_right(self.math, (at, len(self.text) + 1)) - 1
        return nth >= 0 and self.math[nth][0] <= at < self.math[nth][1]

    @cached_property
    def visible(self) -> str:
        """What is printed as it is typed: no commands, no arguments that are names, lengths or bound values."""
        text = _NOT_PRINTED.sub(lambda found: _printed_of(found[0]), self.text)
        text = text.replace("\\_", "__").replace("\\%", " %")
        return COMMAND.sub(lambda found: blank(found[0]), text)

    def commands(self) -> Iterator[tuple[int, str]]:
        """Offset and name of each command; a sign for `\\%` and its like."""
        for found in COMMAND.finditer(self.text):
            yield found.start(), found[1]
