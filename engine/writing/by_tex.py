"""A paper set by the TeX of this machine: latexmk, pdflatex, xelatex or tectonic.

`ways` tells which of them are here, `tex_works` whether one that failed could set anything; a paper is set with outline
fonts, and with its figures before the references. Called by the typesetting job.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

from engine.writing.setting import (
    BIB,
    BUILD_S,
    PDF,
    PROBE_S,
    SOURCE,
    Failed,
    Setting,
    called,
    line_of,
    numbered,
    on_page,
)

NO_PAGES = {"pdflatex": "-draftmode", "xelatex": "-no-pdf"}
SIGNS: dict[str, str] = dict(
    re.findall(
        r"(\S)(\S+)",
        r"α\alpha β\beta γ\gamma δ\delta ε\varepsilon ζ\zeta η\eta θ\theta ι\iota κ\kappa λ\lambda μ\mu ν\nu"
        r" ξ\xi π\pi ρ\rho σ\sigma τ\tau υ\upsilon φ\varphi χ\chi ψ\psi ω\omega Γ\Gamma Δ\Delta Θ\Theta"
        r" Λ\Lambda Ξ\Xi Π\Pi Σ\Sigma Φ\Phi Ψ\Psi Ω\Omega ≤\leq ≥\geq ≠\neq ≈\approx ≡\equiv ∼\sim ∝\propto"
        r" ∈\in ∉\notin ⊂\subset ⊆\subseteq ∪\cup ∩\cap ∀\forall ∃\exists ∅\emptyset ∞\infty ∂\partial ∇\nabla"
        r" ∑\sum ∏\prod ∫\int →\rightarrow ←\leftarrow ↔\leftrightarrow ⇒\Rightarrow ⇔\Leftrightarrow ×\times"
        r" ±\pm ·\cdot ÷\div −- ⋅\cdot ∘\circ ⊕\oplus ⊗\otimes ∥\parallel ∧\wedge ∨\vee ¬\neg ℝ\mathbb{R}",
    )
)
SIGNS |= {sign: f"{{}}^{{{nth}}}" for nth, sign in enumerate("⁰¹²³⁴⁵⁶⁷⁸⁹")} | {"⁻": "{}^{-}", "₋": "{}_{-}"}
SIGNS |= {sign: f"{{}}_{{{nth}}}" for nth, sign in enumerate("₀₁₂₃₄₅₆₇₈₉")}
"""Greek and mathematics as TeX writes them."""

ALL_SET = (
    r"\makeatletter\def\allset{\par\begingroup\let\@elt\relax\edef\x{\@deferlist\@dbldeferlist}\ifx\x\@empty\else"
    r"\ifx\@fltovf\relax\clearpage\else\newpage\let\@fltovf\relax\allset\fi\fi\endgroup}\makeatother"
    r"\renewcommand{\topfraction}{0.85}\renewcommand{\textfraction}{0.1}\renewcommand{\floatpagefraction}{0.75}"
)
"""For TeX: what floats still is set before anything else, at the top of the next page, and rarely on one of its own."""


def ways(source: str, setup: dict[str, Any]) -> Iterator[Setting]:
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
    text = afloat(on_page(numbered(keyed(outlined(source))), tex=True))
    text = signed(text) if name == "pdflatex" else text
    (folder / SOURCE).write_text(marked(text, setup["mark"]), "utf-8")
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
    """The first error of a TeX log with its line, and the sign that it is about."""
    lacks = re.search(r"Unicode character (\S) \(U\+", log)
    sign = lacks[1] if lacks else ""
    found = re.search(r"^(?:\./)?paper\.tex:(\d+): (.+)", log, re.MULTILINE) or re.search(r"^! (.+)", log, re.MULTILINE)
    if found is None:
        return Failed(lacks[0] if lacks else log.strip()[-300:] or "no log", 0, log, sign)
    if len(found.groups()) == 2:
        return Failed(found[2].strip(), int(found[1]), log, sign)
    at = re.search(r"^l\.(\d+)", log[found.end() :], re.MULTILINE)
    return Failed(found[1].strip(), int(at[1]) if at else 0, log, sign)


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


def keyed(source: str) -> str:
    """With the keys of a citation side by side: TeX reads a space behind one as part of it, and a last comma as a key
    that is empty. Lines stay."""

    def one(found: re.Match[str]) -> str:
        keys = ",".join(key.strip() for key in found[2].split(",") if key.strip())
        return f"{found[1]}{{{keys}}}" + "%\n" * found[2].count("\n")

    return re.sub(r"(\\cite[a-z]*\*?\s*(?:\[[^\]]{0,300}\]\s*)*)\{([^{}]*)\}", one, source)


def signed(source: str) -> str:
    """With the Greek and the mathematics that are typed as they are read: pdfTeX's fonts for text have neither."""
    told = "".join(
        rf"\DeclareUnicodeCharacter{{{ord(sign):04X}}}{{\ensuremath{{{name}}}}}"
        for sign, name in SIGNS.items()
        if sign in source
    )
    return source.replace(r"\begin{document}", told + r"\begin{document}", 1)


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
