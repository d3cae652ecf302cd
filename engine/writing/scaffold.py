"""A paper's scaffold and its sections: made from our template, filled one section at a time.

A section is found by the label that the scaffold gives its heading (`sec:results`), so that a rewritten heading is
still that section; abstract and title by their own commands. Used by report writing.
"""

from __future__ import annotations

import re
from itertools import takewhile
from pathlib import Path

from state.paper import sections, uncommented
from state.vocabulary import Language

TEMPLATES = Path(__file__).parent / "templates"
PARTS = (
    "abstract",
    "introduction",
    "related_work",
    "background",
    "methods",
    "experimental_setup",
    "results",
    "discussion",
)
"""The sections of a paper by name, in order; a name is its label too (`sec:results`)."""

TITLES: dict[Language, dict[str, str]] = {
    Language.EN: {name: name.replace("_", " ").capitalize() for name in PARTS},
    Language.ZH: dict(
        zip(PARTS, ("摘要", "引言", "相关工作", "背景", "方法", "实验设置", "结果", "讨论"), strict=True)
    ),
}


def scaffold(title: str, language: Language, *, date: str = "", author: str = "Nightlab") -> str:
    """A paper with every section empty. `date` is printed as given; a paper asks no clock."""
    text = (TEMPLATES / f"paper.{language.value}.tex").read_text("utf-8")
    headings = "\n\n".join(
        f"\\section{{{heading}}}\\label{{sec:{name}}}\n"
        for name, heading in TITLES[language].items()
        if name != "abstract"
    )
    for name, value in (("TITLE", title.strip()), ("AUTHOR", author), ("DATE", date), ("SECTIONS", headings)):
        text = text.replace(f"@{name}@", value)
    return text


def section(source: str, name: str) -> str:
    """The body of a section, without its heading; `title` gives the title. Empty where it is not there."""
    if name == "title":
        found = re.search(r"\\title\{((?:[^{}]|\{[^{}]*\})*)\}", uncommented(source))
        return found[1].strip() if found else ""
    spot = _span(source, name)
    return source[spot[0] : spot[1]].strip() if spot else ""


def with_section(source: str, name: str, body: str) -> str:
    """The source with the body of a section replaced, subsections included. ValueError for a section it lacks."""
    body = _bare(body, name)
    if name == "title":
        found = re.search(r"\\title\{((?:[^{}]|\{[^{}]*\})*)\}", uncommented(source))
        if found is None:
            raise ValueError(name)
        return source[: found.start(1)] + " ".join(body.split()) + source[found.end(1) :]
    spot = _span(source, name)
    if spot is None:
        raise ValueError(name)
    return source[: spot[0]] + "\n" + body + ("\n" if name == "abstract" else "\n\n") + source[spot[1] :].lstrip("\n")


def _span(source: str, name: str) -> tuple[int, int] | None:
    told = sections(source)
    for nth, one in enumerate(told):
        if one.name == name and one.level == 1:
            within = list(takewhile(lambda other: other.level > 1, told[nth + 1 :]))
            return one.start, within[-1].end if within else one.end
    return None


def _bare(body: str, name: str) -> str:
    """A body as it was asked for: models like to send the heading or the environment along."""
    body = body.strip()
    if name == "abstract":
        body = re.sub(r"^\\begin\{abstract\}|\\end\{abstract\}$", "", body).strip()
    elif name == "title":
        body = re.sub(r"^\\title\{(.*)\}$", r"\1", body, flags=re.DOTALL)
    return re.sub(r"^\\section\*?\{(?:[^{}]|\{[^{}]*\})*\}\s*(?:\\label\{sec:[^{}]*\})?\s*", "", body).strip()
