"""A paper set without TeX: pandoc makes Typst of it with the lab's template and filter, Typst the PDF.

What either would read in another way than TeX is said so beforehand that it cannot err; lines stay. Called by the
typesetting job.
"""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from engine.tools.bib import letters
from engine.writing.glyphs import covered, fonts
from engine.writing.setting import BIB, BUILD_S, PDF, Failed, Setting, called, line_of, numbered, on_page
from state.paper import plain

NAME = "typst"
TEMPLATES = Path(__file__).parent / "templates"


def ways() -> Iterator[Setting]:
    """The way of this file, where pandoc and Typst are here."""
    if pandoc() is not None and importlib.util.find_spec("typst") is not None:
        yield Setting(NAME, with_typst)


def pandoc() -> str | None:
    """The pandoc that came with the lab, else the machine's."""
    found = importlib.util.find_spec("pypandoc")
    for folder in (found.submodule_search_locations or []) if found else []:
        file = Path(folder) / "files" / "pandoc"
        if os.access(file, os.X_OK):
            return str(file)
    return shutil.which("pandoc")


def with_typst(source: str, setup: dict[str, Any]) -> str:
    """LaTeX to Typst by pandoc with the lab's template and filter, then to PDF."""
    chinese = setup["language"] == "zh"
    cited = Path(BIB).is_file() and bool(Path(BIB).read_text("utf-8").strip())
    paths = fonts()
    check_glyphs(source + (Path(BIB).read_text("utf-8") if cited else ""), paths)
    fitted = on_page(numbered(source), tex=False)
    Path("typst.tex").write_text(for_pandoc(told_by_name(fitted, setup["language"])), "utf-8")
    if cited:
        Path(BIB).write_text(for_typst(Path(BIB).read_text("utf-8"), setup["language"]), "utf-8")
    flags = [f"--metadata=mark:{setup['mark']}"] if setup["mark"] else []
    flags += ["--variable=chinese:1"] if chinese else []
    flags += ["--variable=references:1"] if cited else []
    line = [pandoc() or "pandoc", "--sandbox", "-f", "latex-auto_identifiers+smart", "-t", "typst", "--wrap=none"]
    line += [f"--template={TEMPLATES / 'paper.typ'}", f"--lua-filter={TEMPLATES / 'filter.lua'}", *flags]
    done = called([*line, "-o", "paper.typ", "typst.tex"], Path(), BUILD_S)
    if done is None:
        raise Failed(f"pandoc did not end within {BUILD_S} s")
    if done.returncode != 0:
        raise pandoc_failed(done.stdout)
    if lost := re.search(r"Could not convert TeX math (.+?), rendering as TeX", done.stdout, re.DOTALL):
        raise Failed(f"this math is not understood: {lost[1][:200]}", line_of(source, lost[1].strip()), done.stdout)
    import typst

    try:
        pdf = typst.compile(
            "paper.typ", root=".", font_paths=[str(path) for path in paths], ignore_system_fonts=bool(paths)
        )
    except typst.TypstError as error:
        raise Failed(str(error.message), bib_line(str(error.message), source), str(error.diagnostic or "")) from None
    Path(PDF).write_bytes(pdf)
    return done.stdout


def for_pandoc(source: str) -> str:
    """What pandoc understands in another way than TeX, said so that it cannot err. Lines stay."""
    labels = set(re.findall(r"\\label\s*\{([^{}]*)\}", source))
    text = re.sub(r"\\(?:eq)?ref\s*\{([^{}]*)\}", lambda found: found[0] if found[1] in labels else "?", source)
    text = re.sub(r"(\\(?:sub){0,2}section\*?\{[^{}]*\})(\s+)(\\label\{[^{}]*\})", r"\1\3\2", text)
    text = re.sub(r"\\usepackage(?:\[[^\]]*\])?\{[^{}]*\}", "", text)
    text = re.sub(r"\\bibliography(?:style)?\{[^{}]*\}", "", text)
    text = re.sub(r"\\(?:small|med|big)skip(?![A-Za-z])|\\[vh]space\*?\{[^{}]*\}|\\noindent(?![A-Za-z])", "", text)
    text = re.sub(r"\\(?:tiny|scriptsize|footnotesize|small|normalsize|large|raggedright)(?![A-Za-z])", "", text)
    text = re.sub(r"\\!", "", text)
    text = re.sub(r"\\item\s*\[([^\]]{0,300})\]", r"\\item \\textbf{\1} ", text).replace("{description}", "{itemize}")
    text = re.sub(
        r"\\begin\{(figure|table)\*\}", r"\\begin{\1}", re.sub(r"\\end\{(figure|table)\*\}", r"\\end{\1}", text)
    )
    return re.sub(r"\\hline(?![A-Za-z])", r"\\midrule", text)


def for_typst(bib: str, language: str) -> str:
    """The bibliography so that Typst prints what TeX does: its styles leave out the year of whatever is `misc` and has
    an address, read math in a title as letters, and an escaped sign in an address as two."""
    text = re.sub(r"(?<!\\)\$([^$]*?)(?<!\\)\$", lambda found: plain(found[0]), bib)
    text = letters(text)
    text = re.sub(r"(?m)^(  (?:url|doi) = )(.*)$", lambda found: found[1] + re.sub(r"\\([%#&])", r"\1", found[2]), text)

    def dressed(found: re.Match[str]) -> str:
        key, rows = found.groups()
        number = re.search(r"(?m)^  eprint = \{(.*)\},$", rows)
        if number and re.search(r"(?mi)^  archiveprefix = \{arxiv\},$", rows):
            return f"@article{{{key},\n{rows}  journal = {{arXiv:{number[1]}}},\n}}"
        return found[0] if language == "zh" or "\n  url = " not in rows else f"@unpublished{{{key},\n{rows}}}"

    return re.sub(r"@misc\{([^,]+),\n((?:  .*\n)*)\}", dressed, text)


def told_by_name(source: str, language: str) -> str:
    """`\\citet` as the authors' names and a citation: numbered styles of Typst give every author's name."""
    bib = Path(BIB).read_text("utf-8") if Path(BIB).is_file() else ""
    names = {
        key: surnames(people, language) for key, people in re.findall(r"@\w+\{([^,]+),\s*author = \{(.*)\},\n", bib)
    } | dict(re.findall(r"@\w+\{([^,]+),\n(?:  (?!author).*\n)*?  key = \{(.*)\},\n", bib))

    def one(found: re.Match[str]) -> str:
        keys = [key.strip() for key in found[2].split(",") if key.strip()]
        places = [*[""] * (len(keys) - 1), found[1].strip()]
        told = [
            f"{names[key]}~\\citep{place}{{{key}}}" if key in names else f"\\citep{place}{{{key}}}"
            for key, place in zip(keys, places, strict=True)
        ]
        return ("、" if language == "zh" else ", ").join(told)

    return re.sub(r"\\citet\*?\s*((?:\[[^\]]{0,300}\]\s*)*)\{([^{}]*)\}", one, source)


def surnames(people: str, language: str) -> str:
    """`Power et al.`, `Nanda and Chan`; Power 等."""
    each = re.split(r"\s+and\s+", people)
    last = [one.split(",")[0].strip() if "," in one else one.split()[-1] if one.split() else "" for one in each]
    if len(last) > 2 or "others" in last:
        return f"{last[0]} 等" if language == "zh" else f"{last[0]} et al."
    return (" 和 " if language == "zh" else " and ").join(last)


def pandoc_failed(said: str) -> Failed:
    found = re.search(r"line (\d+), column \d+\)?:?\s*(.*)", said, re.DOTALL)
    if found is None:
        return Failed(said.strip()[:300], 0, said)
    return Failed(" ".join(found[2].split())[:300], int(found[1]), said)


def bib_line(message: str, source: str) -> int:
    """Where what a message quotes stands in the source; 0 where it quotes nothing of it."""
    for quoted in re.findall(r"[`<\"]([^`<>\"]{2,})[`>\"]", message):
        if line := line_of(source, quoted):
            return line
    return 0


def check_glyphs(text: str, folders: list[Path]) -> None:
    """Every Chinese sign has a glyph in the fonts at hand: Typst sets an empty box without a word."""
    wanted = {sign for sign in text if ord(sign) >= 0x2E80}
    if not wanted or not folders:
        return
    ranges = [span for folder in folders for file in sorted(folder.glob("*Serif*.otf")) for span in covered(file)]
    for sign in sorted(wanted):
        if not any(first <= ord(sign) <= last for first, last in ranges):
            raise Failed(f"no font has {sign} (U+{ord(sign):04X})", line_of(text, sign), "", sign)
