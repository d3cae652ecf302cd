"""Turns paper.tex in the working folder into paper.pdf: the program of a typesetting job, run apart from the lab.

TeX where this machine has one that can set this paper (latexmk, xelatex, pdflatex, tectonic), else pandoc and Typst
with the lab's own template, the same text either way. It writes `build.json`: ok, engine, pages, and what failed in
which line. Nothing of the clock enters. Run as `python -m engine.writing.typeset` by the job that pdf.py makes.
"""

from __future__ import annotations

import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from engine.writing import tables
from engine.writing.glyphs import covered, fonts
from state.paper import plain

TEMPLATES = Path(__file__).parent / "templates"
SOURCE, BIB, PDF, SETUP, BUILD = "paper.tex", "references.bib", "paper.pdf", "setup.json", "build.json"
EPOCH = {"SOURCE_DATE_EPOCH": "0", "FORCE_SOURCE_DATE": "1", "TZ": "UTC"}
PROBE_S, BUILD_S = 30, 180
LOG_B = 64 << 10
NO_PAGES = {"pdflatex": "-draftmode", "xelatex": "-no-pdf"}


ALL_SET = (
    r"\makeatletter\def\allset{\par\begingroup\let\@elt\relax\edef\x{\@deferlist\@dbldeferlist}\ifx\x\@empty\else"
    r"\ifx\@fltovf\relax\clearpage\else\newpage\let\@fltovf\relax\allset\fi\fi\endgroup}\makeatother"
    r"\renewcommand{\topfraction}{0.85}\renewcommand{\textfraction}{0.1}\renewcommand{\floatpagefraction}{0.75}"
)
"""For TeX: what floats still is set before anything else, at the top of the next page, and rarely on one of its own."""


@dataclass
class Failed(Exception):
    """The paper cannot be set: why, and the line of paper.tex where it can be told. `sign` where no font has it."""

    reason: str
    line: int = 0
    log: str = ""
    sign: str = ""


@dataclass(frozen=True)
class Setting:
    """A way of typesetting: its name, what sets `source`, returning its log, and whether it could set anything."""

    name: str
    run: Callable[[str, dict[str, Any]], str]
    works: Callable[[], bool] = lambda: True


def main() -> int:
    setup: dict[str, Any] = json.loads(Path(SETUP).read_text("utf-8"))
    source = Path(SOURCE).read_text("utf-8")
    told: dict[str, Any] = {"ok": False, "engine": "", "pages": 0, "log": "", "reason": "", "line": 0, "sign": ""}
    for setting in settings(source, setup):
        told["engine"] = setting.name
        try:
            log = setting.run(source, setup)
        except Failed as failed:
            if not setting.works():  # asked only now: a trial costs as much as a short paper
                continue
            told |= {"reason": failed.reason, "line": failed.line, "log": failed.log[-LOG_B:], "sign": failed.sign}
        else:
            told |= {"ok": True, "log": log[-LOG_B:], "pages": pages(Path(PDF)), "reason": "", "line": 0}
        break
    else:
        told |= {"engine": "", "reason": "no way of typesetting works here"}
    Path(BUILD).write_text(json.dumps(told, ensure_ascii=False, sort_keys=True), "utf-8")
    if not told["ok"]:
        where = f"line {told['line']}: " if told["line"] else ""
        sys.stderr.write(f"{where}{told['reason']}\n")
    return 0 if told["ok"] else 1


def settings(source: str, setup: dict[str, Any]) -> Iterator[Setting]:
    """The ways of typesetting that are here, best first."""
    if setup.get("tex", True):
        yield from tex_settings(source, setup)
    if pandoc() is not None and importlib.util.find_spec("typst") is not None:
        yield Setting("typst", with_typst)


# TeX ----------------------------------------------------------------------------------------------------------------


def tex_settings(source: str, setup: dict[str, Any]) -> Iterator[Setting]:
    chinese = setup["language"] == "zh"
    lacks = shutil.which("kpsewhich") is not None and not tex_has("article.cls", *packages(source))
    for name in ("xelatex", "tectonic") if chinese else ("pdflatex", "xelatex", "tectonic"):
        if shutil.which(name) is not None and (name == "tectonic" or not lacks):  # tectonic fetches its own
            label = f"latexmk, {name}" if shutil.which("latexmk") and name != "tectonic" else name
            yield Setting(label, partial(with_tex, name), partial(tex_works, name, source, chinese))


def packages(source: str) -> list[str]:
    """The files of the packages that a source uses."""
    used = re.findall(r"\\usepackage\s*(?:\[[^\]]*\])?\s*\{([^{}]*)\}", source)
    return [f"{name.strip()}.sty" for names in used for name in names.split(",") if name.strip()]


def tex_works(name: str, source: str, chinese: bool) -> bool:
    """Whether TeX can set a word under the paper's own preamble: where it cannot, the paper is not at fault."""
    preamble = outlined(source.partition(r"\begin{document}")[0])
    sample = "中文" if chinese else "text"
    folder = Path("probe")
    folder.mkdir(exist_ok=True)
    (folder / "probe.tex").write_text(f"{preamble}\n\\begin{{document}}\n{sample}\n\\end{{document}}\n", "utf-8")
    done = called(tex_line(name, "probe.tex"), folder, PROBE_S)
    works = done is not None and done.returncode == 0 and (folder / "probe.pdf").is_file()
    shutil.rmtree(folder)
    return works


def tex_line(name: str, *words: str) -> list[str]:
    if name == "tectonic":
        return ["tectonic", "--untrusted", "--keep-logs", *words]
    return [name, "-interaction=nonstopmode", "-halt-on-error", "-file-line-error", "-no-shell-escape", *words]


def with_tex(name: str, source: str, setup: dict[str, Any]) -> str:
    """A run for the text, one for the bibliography, two for the references; latexmk decides where it is there.

    Only the last run makes pages: reading figures and writing them takes half of each run's time.
    """
    folder = Path("tex")
    shutil.rmtree(folder, ignore_errors=True)  # another TeX has failed there
    shutil.copytree("figures", folder / "figures") if Path("figures").is_dir() else folder.mkdir()
    (folder / SOURCE).write_text(marked(afloat(on_page(outlined(source), tex=True)), setup["mark"]), "utf-8")
    if Path(BIB).is_file():
        shutil.copy(BIB, folder / BIB)
    if name == "tectonic":
        lines = [tex_line(name, SOURCE)]
    elif shutil.which("latexmk"):
        kind = "-pdf" if name == "pdflatex" else "-xelatex"
        lines = [["latexmk", kind, "-norc", *tex_line(name, SOURCE)[1:]]]
    else:
        cited = Path(BIB).is_file() and bool(Path(BIB).read_text("utf-8").strip())
        draft = tex_line(name, NO_PAGES[name], SOURCE)
        again = [["bibtex", "paper"], draft] if cited and shutil.which("bibtex") else []
        lines = [draft, *again, tex_line(name, SOURCE)]
    said = ""
    for line in lines:
        done = called(line, folder, BUILD_S)
        said = done.stdout if done is not None else f"{line[0]} did not end within {BUILD_S} s"
        if done is None or (done.returncode != 0 and line[0] != "bibtex"):
            raise tex_failed(said)
    shutil.move(folder / PDF, PDF)
    if missing := re.search(r"Missing character: There is no (\S+)", said):
        raise Failed(f"no font has {missing[1]}", line_of(source, missing[1]), said, missing[1])
    return said


def tex_failed(log: str) -> Failed:
    """The first error of a TeX log with its line."""
    found = re.search(r"^(?:\./)?paper\.tex:(\d+): (.+)", log, re.MULTILINE) or re.search(r"^! (.+)", log, re.MULTILINE)
    if found is None:
        return Failed(log.strip()[-300:] or "no log", 0, log)
    if len(found.groups()) == 2:
        return Failed(found[2].strip(), int(found[1]), log)
    at = re.search(r"^l\.(\d+)", log[found.end() :], re.MULTILINE)
    return Failed(found[1].strip(), int(at[1]) if at else 0, log)


def marked(source: str, mark: str) -> str:
    """The source with the mark of the first page, on the line of its title."""
    if not mark:
        return source
    text = re.sub(r"([\\{}%&#$_^~])", lambda found: "" if found[1] in "\\{}^~" else f"\\{found[1]}", mark)
    box = rf"\begin{{center}}\fbox{{\parbox{{0.9\linewidth}}{{\centering\small {text}}}}}\end{{center}}"
    return source.replace(r"\maketitle", r"\maketitle" + box, 1)


def outlined(source: str) -> str:
    """With outline fonts: Latin Modern where it is there, else the older encoding, else T1's letters are bitmaps."""
    encoding = r"\usepackage[T1]{fontenc}"
    if tex_has("lmodern.sty"):
        return source.replace(encoding, encoding + r"\usepackage{lmodern}", 1)
    return source if tex_has("sfrm1000.pfb") else source.replace(encoding, "", 1)


def on_page(source: str, *, tex: bool) -> str:
    """With tables that stand on the page; one that cannot is a failure of its line."""
    try:
        return tables.fitted(source, tex=tex)
    except tables.TooWide as wide:
        why = f"this table is wider than the page by {wide.share:.0%}: give it fewer columns, or two tables"
        raise Failed(why, wide.line) from None


def afloat(source: str) -> str:
    """With figures and tables where they are mentioned if there is room, and none of them after the references.

    None at the foot of a page either: on the last one the references would stand above it.
    """

    def one(found: re.Match[str]) -> str:
        return f"{found[1]}[{(found[2] or 'h').replace('b', '')}tp]"

    text = re.sub(r"(\\begin\{(?:figure|table)\*?\})(?:[ \t]*\[([!htbp \t]*)\])?", one, source)
    text = text.replace(
        r"\begin{document}", ALL_SET + r"\usepackage{array}\setlength{\belowcaptionskip}{5pt}\begin{document}", 1
    )
    return re.sub(r"\\bibliography(?:style)?\{", lambda found: rf"\allset{found[0]}", text, count=1)


def tex_has(*files: str) -> bool:
    """Whether TeX has the files, all of them."""
    done = called(["kpsewhich", *files], Path(), PROBE_S) if shutil.which("kpsewhich") else None
    return done is not None and done.returncode == 0


# Typst --------------------------------------------------------------------------------------------------------------


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
    fitted = on_page(source, tex=False)
    Path("typst.tex").write_text(for_pandoc(named(fitted, setup["language"])), "utf-8")
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
    text = re.sub(
        r"\\begin\{(figure|table)\*\}", r"\\begin{\1}", re.sub(r"\\end\{(figure|table)\*\}", r"\\end{\1}", text)
    )
    return re.sub(r"\\hline(?![A-Za-z])", r"\\midrule", text)


def for_typst(bib: str, language: str) -> str:
    """The bibliography so that Typst prints what TeX does: its styles leave out the year of whatever is `misc` and has
    an address, read math in a title as letters, and an escaped sign in an address as two."""
    text = re.sub(r"(?<!\\)\$([^$]*?)(?<!\\)\$", lambda found: plain(found[0]), bib)
    text = re.sub(r"(?m)^(  (?:url|doi) = )(.*)$", lambda found: found[1] + re.sub(r"\\([%#&])", r"\1", found[2]), text)

    def dressed(found: re.Match[str]) -> str:
        key, rows = found.groups()
        number = re.search(r"(?m)^  eprint = \{(.*)\},$", rows)
        if number and re.search(r"(?mi)^  archiveprefix = \{arxiv\},$", rows):
            return f"@article{{{key},\n{rows}  journal = {{arXiv:{number[1]}}},\n}}"
        return found[0] if language == "zh" or "\n  url = " not in rows else f"@unpublished{{{key},\n{rows}}}"

    return re.sub(r"@misc\{([^,]+),\n((?:  .*\n)*)\}", dressed, text)


def named(source: str, language: str) -> str:
    """`\\citet` as the authors' names and a citation: numbered styles of Typst give every author's name."""
    bib = Path(BIB).read_text("utf-8") if Path(BIB).is_file() else ""
    names = {
        key: surnames(people, language) for key, people in re.findall(r"@\w+\{([^,]+),\s*author = \{(.*)\},\n", bib)
    } | dict(re.findall(r"@\w+\{([^,]+),\n(?:  (?!author).*\n)*?  key = \{(.*)\},\n", bib))

    def one(found: re.Match[str]) -> str:
        keys = [key.strip() for key in found[1].split(",")]
        told = [f"{names[key]}~\\cite{{{key}}}" if key in names else f"\\cite{{{key}}}" for key in keys]
        return ("、" if language == "zh" else ", ").join(told)

    return re.sub(r"\\citet\*?\s*\{([^{}]*)\}", one, source)


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


def line_of(source: str, text: str) -> int:
    at = source.find(text) if text else -1
    return source.count("\n", 0, at) + 1 if at >= 0 else 0


# fonts and pages ----------------------------------------------------------------------------------------------------


def check_glyphs(text: str, folders: list[Path]) -> None:
    """Every Chinese sign has a glyph in the fonts at hand: Typst sets an empty box without a word."""
    wanted = {sign for sign in text if ord(sign) >= 0x2E80}
    if not wanted or not folders:
        return
    ranges = [span for folder in folders for file in sorted(folder.glob("*Serif*.otf")) for span in covered(file)]
    for sign in sorted(wanted):
        if not any(first <= ord(sign) <= last for first, last in ranges):
            raise Failed(f"no font has {sign} (U+{ord(sign):04X})", line_of(text, sign), "", sign)


def pages(pdf: Path) -> int:
    import pypdfium2

    document = pypdfium2.PdfDocument(pdf)
    try:
        return len(document)
    finally:
        document.close()


def called(line: list[str], folder: Path, wall_s: int) -> subprocess.CompletedProcess[str] | None:
    """What a program said and how it ended; None past its time."""
    try:
        return subprocess.run(
            line,
            check=False,
            cwd=folder,
            env={**os.environ, **EPOCH},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            errors="replace",
            timeout=wall_s,
        )
    except subprocess.TimeoutExpired:
        return None


if __name__ == "__main__":
    sys.exit(main())
