"""Papers as PDFs: set in a real job, looked at page by page."""

from __future__ import annotations

import ctypes
import json
import re
from dataclasses import replace
from pathlib import Path

import pypdfium2
import pytest
import typst
from pypdfium2 import raw
from ulid import ULID

from engine.experiments.contract import Ending
from engine.experiments.local.place import Local
from engine.writing import by_tex, glyphs, latex, pdf
from engine.writing.pdf import MARKS, Built, Prepared
from engine.writing.scaffold import scaffold, with_section
from state.vocabulary import Language
from tests.engine.writing.papers import FIGURES, KNOWN, SHELF, figure, paper


def ready(language: Language = Language.EN, source: str | None = None) -> Prepared:
    text = paper(language) if source is None else source
    return pdf.prepared(text, KNOWN, SHELF, FIGURES, language)


async def typeset_in(folder: Path, prepared: Prepared, *, mark: str = "", tex: bool = False) -> tuple[Ending, Built]:
    """Set in a job whose own folder, as a lab's, has a name that no other job has; what it left goes to `folder`."""
    final, folder = folder, folder.parent / str(ULID())
    place = Local()
    await place.submit(folder, pdf.job(prepared, mark=mark, tex=tex))
    ending = await place.wait(folder)
    final.symlink_to(folder)
    build = folder / "work" / "build.json"
    return ending, pdf.built(build.read_bytes() if build.is_file() else None, ending.error)


def texts(file: Path) -> list[str]:
    """The text of each page, on one line."""
    document = pypdfium2.PdfDocument(file)
    told = [" ".join(page.get_textpage().get_text_range().split()) for page in document]
    document.close()
    return told


both_ways = pytest.mark.parametrize(
    "tex", [False, pytest.param(True, marks=pytest.mark.needs("xelatex", "texlive-xetex"))]
)
"""Set by Typst, and by TeX where there is one."""


@pytest.mark.parametrize("language", Language)
async def test_a_paper_becomes_a_pdf_with_its_numbers_and_its_mark_on_the_first_page(
    tmp_path: Path, language: Language
) -> None:
    prepared = ready(language)
    assert prepared.faults == ()
    ending, built = await typeset_in(tmp_path / "job", prepared, mark=MARKS[language])
    assert (ending.ok, built.ok, built.engine) == (True, True, "typst"), ending
    assert set(ending.files) == {"paper.pdf", "build.json"}
    pages = texts(tmp_path / "job" / "work" / "paper.pdf")
    assert len(pages) == built.pages >= 2
    assert MARKS[language].replace(" ", "") in pages[0].replace(" ", "")
    assert not any(MARKS[language].replace(" ", "") in page.replace(" ", "") for page in pages[1:])
    whole = " ".join(pages)
    assert "2,310 ± 120" in whole
    assert "> 4,000" in whole
    assert ("References" if language is Language.EN else "参考文献") in whole
    assert "Progress measures for grokking" in whole


async def test_references_are_numbered_and_lead_where_they_say(tmp_path: Path) -> None:
    await typeset_in(tmp_path / "job", ready())
    whole = " ".join(texts(tmp_path / "job" / "work" / "paper.pdf"))
    assert "Section 6 has the numbers, Figure 1 the curves, and Equation (1) the loss." in whole
    assert "Power et al. [1] and explained in part by [2], [3]" in whole
    assert "Table 1 has the steps to the target." in whole
    assert "Table 1. Steps to the target" in whole
    assert "Figures 1 and 2 show" in whole
    assert "By Equation (3) the decay" in whole
    assert "The best seed took 2,190." in whole
    for stray in ("\\", "[eq:", "fig:", "sec:", "result", "given"):
        assert stray not in whole


async def test_every_chinese_sign_is_set_in_a_chinese_font(tmp_path: Path) -> None:
    """An empty box has its sign's text too: the font that it was taken from tells."""
    await typeset_in(tmp_path / "job", ready(Language.ZH), mark=MARKS[Language.ZH])
    document = pypdfium2.PdfDocument(tmp_path / "job" / "work" / "paper.pdf")
    fonts: dict[str, set[str]] = {}
    for page in document:
        text = page.get_textpage()
        for nth in range(text.count_chars()):
            sign = text.get_text_range(nth, 1)
            if "\u3400" <= sign <= "\u9fff":
                name = ctypes.create_string_buffer(128)
                raw.FPDFText_GetFontInfo(text.raw, nth, name, 128, None)
                fonts.setdefault(name.value.decode(), set()).add(sign)
    document.close()
    assert sum(len(signs) for signs in fonts.values()) > 100
    assert all("SC" in name for name in fonts), fonts


async def test_the_same_paper_gives_the_same_bytes(tmp_path: Path) -> None:
    for name in ("one", "two"):
        await typeset_in(tmp_path / name, ready())
    one, two = ((tmp_path / name / "work" / "paper.pdf").read_bytes() for name in ("one", "two"))
    assert one == two
    assert b"CreationDate" not in one


async def test_what_a_sign_lacks_is_told_with_its_line(tmp_path: Path) -> None:
    prepared = replace(ready(), source=paper(discussion="One\n\n\u4dc0 two"))
    ending, built = await typeset_in(tmp_path / "job", prepared)
    assert not ending.ok
    assert built.fault is not None
    assert (built.fault.key, built.fault.facts["found"]) == ("paper.no_glyph", "\u4dc0")
    assert prepared.source.splitlines()[built.fault.line - 1] == "\u4dc0 two"


async def test_what_the_compiler_refuses_is_told_with_its_line(tmp_path: Path) -> None:
    """A source that was never checked, so that pandoc is the one that stumbles."""
    source = paper(discussion="One\n\n\\begin{itemize} \\item x").replace(r"\end{document}", "")
    ending, built = await typeset_in(tmp_path / "job", replace(ready(), source=source))
    assert not ending.ok
    assert "line" in ending.error
    assert built.fault is not None
    assert built.fault.key == "paper.build_failed"
    assert built.fault.line >= source[: source.index(r"\begin{itemize} \item x")].count("\n")


async def test_math_that_nobody_understands_is_a_fault_and_not_printed_as_it_stands(tmp_path: Path) -> None:
    source = paper(discussion="One\n\n$\\frac{a$ two")
    _, built = await typeset_in(tmp_path / "job", replace(ready(), source=source))
    assert built.fault is not None
    assert not built.ok


async def test_a_figure_that_is_no_picture_is_a_failure_with_a_reason(tmp_path: Path) -> None:
    _, built = await typeset_in(tmp_path / "job", replace(ready(), figures={"curves.png": b"no", "bars.png": figure()}))
    assert built.fault is not None
    assert "curves.png" in str(built.fault.facts["reason"]) or "image" in str(built.fault.facts["reason"])


def test_only_figures_that_are_shown_go_into_the_job() -> None:
    prepared = pdf.prepared(paper(), KNOWN, SHELF, {**FIGURES, "other.png": b"x"}, Language.EN)
    assert set(prepared.figures) == set(FIGURES)


def test_faults_of_numbers_commands_and_citations_come_together_by_line() -> None:
    source = paper(discussion="It takes 2310 steps.\n\n\\input{x}\n\n\\cite{nobody}\n\n\\result{a/b/c/mean}")
    found = pdf.prepared(source, KNOWN, SHELF, FIGURES, Language.EN).faults
    assert [fault.key.removeprefix("paper.") for fault in found] == [
        *("typed_number", "forbidden_command", "unknown_citation", "unknown_reference")
    ]
    assert [source.splitlines()[fault.line - 1] for fault in found] == [
        *("It takes 2310 steps.", r"\input{x}", r"\cite{nobody}", r"\result{a/b/c/mean}")
    ]


def test_the_same_paper_is_the_same_job_wherever_the_lab_lies() -> None:
    meaning = json.dumps(pdf.job(ready()).meaning())
    assert meaning == json.dumps(pdf.job(ready()).meaning())
    assert str(Path(pdf.__file__).parent) not in meaning
    assert meaning != json.dumps(pdf.job(ready(), mark="x").meaning())


@pytest.mark.parametrize("build", [None, b"", b"[]", b"{", b'{"ok": 1}', b"\xff", b'{"ok": true' + b" " * (2 << 20)])
def test_a_build_report_that_is_none_is_a_failure(build: bytes | None) -> None:
    told = pdf.built(build, "it ran out of time")
    assert not told.ok
    assert told.fault is not None


def test_a_tex_log_gives_up_its_first_error_and_line() -> None:
    told = by_tex.tex_failed("blah\n./paper.tex:12: Undefined control sequence.\nl.12 \\x\n./paper.tex:13: More\n")
    assert (told.reason, told.line) == ("Undefined control sequence.", 12)
    told = by_tex.tex_failed("! Missing $ inserted.\n<inserted text>\nl.7 a_b\n")
    assert (told.reason, told.line) == ("Missing $ inserted.", 7)


@pytest.mark.needs("xelatex", "texlive-xetex")
async def test_tex_sets_the_same_numbers_where_there_is_one(tmp_path: Path) -> None:
    _, built = await typeset_in(tmp_path / "job", ready(), mark=MARKS[Language.EN], tex=True)
    assert built.ok
    assert "tex" in built.engine
    pages = texts(tmp_path / "job" / "work" / "paper.pdf")
    assert "A rehearsal" in pages[0]
    assert "2,310" in " ".join(pages)


def test_every_sign_that_a_paper_may_use_has_a_glyph(tmp_path: Path) -> None:
    """A page a sign, beside the page of one that no font has: a page that looks like that one shows an empty box."""
    signs = [
        chr(code) for first, last in latex.RANGES for code in range(first, last + 1) if not 0x3400 <= code <= 0x9FFF
    ]
    signs = [sign for sign in signs if latex.printable(sign) and not sign.isspace()]
    head = '#set page(width: 40pt, height: 40pt)\n#set text(font: ("Libertinus Serif", "Noto Serif SC"), size: 20pt)\n'
    each = "#pagebreak()\n".join(f'#text("\\u{{{ord(sign):x}}}")\n' for sign in ["\u4dc0", *signs])
    (tmp_path / "signs.typ").write_text(head + each, "utf-8")
    folders = [str(folder) for folder in glyphs.fonts()]
    made = typst.compile(str(tmp_path / "signs.typ"), font_paths=folders, ignore_system_fonts=True)
    document = pypdfium2.PdfDocument(made)
    pictures = [page.render(scale=1).to_numpy().tobytes() for page in document]
    document.close()
    assert len(pictures) == len(signs) + 1
    assert [sign for sign, picture in zip(signs, pictures[1:], strict=True) if picture == pictures[0]] == []


WAYS = [
    (Language.EN, False),
    (Language.ZH, False),
    pytest.param(Language.EN, True, marks=pytest.mark.needs("xelatex", "texlive-xetex")),
]


@pytest.mark.parametrize(("where", "numbers"), [("t", ("one", "two", "three", "four")), ("!b", ("one",))])
@pytest.mark.parametrize(("language", "tex"), WAYS)
async def test_no_figure_stands_after_the_references(
    tmp_path: Path, language: Language, tex: bool, where: str, numbers: tuple[str, ...]
) -> None:
    """Neither one of many, which a typesetter keeps for later pages, nor one at the foot of the last."""
    each = (
        f"\\begin{{figure}}[{where}]\n\\centering\n\\includegraphics[width=\\linewidth]{{figures/curves.png}}\n"
        f"\\caption{{Caption {nth}.}}\n\\end{{figure}}"
        for nth in numbers
    )
    prepared = ready(language, paper(language, discussion="It holds.\n\n" + "\n\n".join(each)))
    assert prepared.faults == ()
    _, built = await typeset_in(tmp_path / "job", prepared, tex=tex)
    assert built.fault is None and ("tex" in built.engine) == tex
    whole = " ".join(texts(tmp_path / "job" / "work" / "paper.pdf"))
    title = whole.rindex("References" if language is Language.EN else "参考文献")
    assert whole.rindex("It holds.") < title and whole.index(f"Caption {numbers[-1]}") < title


CONSTRUCTS = (Path(__file__).parent / "constructs.tex").read_text("utf-8")


def constructs() -> Prepared:
    """A paper of everything that the subset allows and that two ways of typesetting could see differently."""
    return ready(source=with_section(scaffold("T", Language.EN), "results", CONSTRUCTS))


async def test_all_that_the_subset_allows_is_set(tmp_path: Path) -> None:
    prepared = constructs()
    assert prepared.faults == ()
    _, built = await typeset_in(tmp_path / "job", prepared)
    assert built.fault is None
    whole = " ".join(texts(tmp_path / "job" / "work" / "paper.pdf"))
    for told in (
        "In 6.1: % & _ # $ { } — – “q” ‘s’",
        "a @b *c* =d e /f g*h [x] (y) //z /* c */ -x +y.",
        "see (2), 3, (4), (5) and (1).",
        "Power et al. [1], Nanda et al. [2]",
        "Tables 1, 2 and 3;",
        "Figures 1, 2 and 3.",
        "And 6.1.1: 2,310",
        "Run in.",
    ):
        assert told in whole, (told, whole)


async def test_a_paper_under_way_may_refer_to_what_is_still_to_come(tmp_path: Path) -> None:
    """It is written section by section: the introduction names a figure of the results before they are there."""
    source = with_section(scaffold("T", Language.EN), "introduction", r"See Figure~\ref{fig:later}.")
    _, built = await typeset_in(tmp_path / "job", ready(source=source))
    assert ready(source=source).faults == ()
    assert built.ok
    assert "See Figure ?." in texts(tmp_path / "job" / "work" / "paper.pdf")[0]
    assert [fault.key for fault in ready(source=paper(introduction=r"\ref{fig:later}")).faults] == [
        "paper.unknown_label"
    ]


EQUATIONS = r"""
\begin{align} a &= b \label{eq:a} \\ c &= \begin{cases} d & \text{if } e \\ f \end{cases} \\
 &= g \notag \\[2pt] h \label{eq:b} \end{align}
\begin{equation} u = v \nonumber \end{equation} \[ w = x \label{eq:c} \]
\begin{gather} p = q \\ r = \begin{vmatrix} s \end{vmatrix} \label{eq:d} \end{gather}
\begin{align*} y &= z \\ &= a \label{eq:e} \end{align*}
\begin{equation*} y = z \label{eq:f} \end{equation*} \begin{align*} n &= o \end{align*}
Equations \eqref{eq:a}, \eqref{eq:b}, \eqref{eq:c}, \ref{eq:d}, \eqref{eq:e}, \eqref{eq:f}."""


@both_ways
async def test_each_line_of_an_aligned_equation_has_its_own_number(tmp_path: Path, tex: bool) -> None:
    """And what is referred to has one, also where its author wrote it without."""
    prepared = ready(source=with_section(scaffold("T", Language.EN), "results", EQUATIONS))
    assert prepared.faults == ()
    _, built = await typeset_in(tmp_path / "job", prepared, tex=tex)
    assert built.fault is None
    whole = " ".join(texts(tmp_path / "job" / "work" / "paper.pdf"))
    assert "Equations (1), (3), (4), 6, (8), (9)." in whole


@pytest.mark.needs("xelatex", "texlive-xetex")
async def test_tex_sets_all_that_the_subset_allows_and_draws_no_font_for_it(tmp_path: Path) -> None:
    _, built = await typeset_in(tmp_path / "job", constructs(), tex=True)
    assert built.fault is None
    assert "tex" in built.engine
    assert list((tmp_path / "job").rglob("*pk")) == []  # a bitmap font takes seconds, and is drawn for each build anew


@pytest.mark.needs("xelatex", "texlive-xetex")
async def test_tex_sets_greek_and_mathematics_that_are_typed_as_they_are_read(tmp_path: Path) -> None:
    source = paper(discussion="α ≤ β, $α × γ ∈ ℝ$, × ± and $x² ≈ −y₁$, R².")
    _, built = await typeset_in(tmp_path / "job", ready(source=source), tex=True)
    assert built.ok and "tex" in built.engine
    whole = " ".join(texts(tmp_path / "job" / "work" / "paper.pdf"))
    assert "α≤β,α×γ∈R,×±andx2≈−y1,R2." in whole.replace(" ", "")


CITED = (
    r"\cite{ power2022grokking , nanda2023progress } and \citet[Sec.~2]{power2022grokking} and"
    r" \citet*{nanda2023progress}."
)


@both_ways
async def test_keys_with_spaces_and_subjects_with_places_are_cited(tmp_path: Path, tex: bool) -> None:
    prepared = ready(source=with_section(scaffold("T", Language.EN), "results", CITED))
    assert prepared.faults == ()
    _, built = await typeset_in(tmp_path / "job", prepared, tex=tex)
    assert built.fault is None
    whole = " ".join(texts(tmp_path / "job" / "work" / "paper.pdf")).replace("], [", ", ")
    assert "[1, 2] and Power et al. [1, Sec. 2] and Nanda" in whole


@both_ways
async def test_a_cited_author_keeps_every_letter_of_the_name(tmp_path: Path, tex: bool) -> None:
    entry = (
        r"@article{odd, title={An \'Etude on \o-calculus}, author={{\DJ}or{\dj}evi{\'c}, {\v{Z}}eljko}, year={2020}}"
    )
    source = paper(discussion=r"\citet{odd} \'{\i} \L{}")
    prepared = pdf.prepared(source, KNOWN, SHELF | {"odd": entry}, FIGURES, Language.EN)
    assert prepared.faults == ()
    _, built = await typeset_in(tmp_path / "job", prepared, tex=tex)
    assert built.fault is None
    whole = " ".join(texts(tmp_path / "job" / "work" / "paper.pdf"))
    assert re.search(r"[ĐÐ]orđević \[\d\] .{1,2} ?Ł", whole) and re.search(r"(?i)étude on ø-calculus", whole), whole


ITEMS = (
    r"A \begin{tabular}{l}bare\end{tabular} \begin{description}\item[Term one] first \item[Due] second\end{description}"
    r" \begin{table}\begin{tabular}{l}told\end{tabular}\caption{Cap.}\label{tab:x}\end{table} In Table~\ref{tab:x}."
)


@both_ways
async def test_terms_are_printed_and_only_what_has_a_caption_is_counted(tmp_path: Path, tex: bool) -> None:
    prepared = ready(source=with_section(scaffold("T", Language.EN), "results", ITEMS))
    assert prepared.faults == ()
    _, built = await typeset_in(tmp_path / "job", prepared, tex=tex)
    assert built.fault is None
    whole = " ".join(texts(tmp_path / "job" / "work" / "paper.pdf"))
    assert "Term one first" in whole and "In Table 1." in whole


ODD = {
    "odd": r"@misc{odd, title={The wd_2 trick of $\beta$-VAE: 5^2 & ^^5cinput{paper.tex}, costs $5}, author={Quux, J."
    r" and Frob, S}, year=2020, url={http://x.org/a_b%41}}",
    "arx": r"@misc{arx, title={Another}, author={Zed, Q.}, year=2019, eprint={1901.00001}, archiveprefix={arXiv},"
    r" url={https://arxiv.org/abs/1901.00001}}",
}


@both_ways
async def test_a_work_without_authors_is_the_subject_of_a_sentence_by_its_title(tmp_path: Path, tex: bool) -> None:
    shelf = SHELF | {"fpp": "@misc{fpp, title={The {Owl} Handbook: A Guide in Three Parts}, year=2020}"}
    source = paper(discussion=r"\citet{fpp} says so.")
    _, built = await typeset_in(tmp_path / "job", pdf.prepared(source, KNOWN, shelf, FIGURES, Language.EN), tex=tex)
    assert built.fault is None
    whole = " ".join(texts(tmp_path / "job" / "work" / "paper.pdf"))
    assert re.search(r"The Owl Handbook \[\d\] says so", whole), whole


@both_ways
async def test_what_stands_at_a_citation_is_printed_whatever_it_means_elsewhere(tmp_path: Path, tex: bool) -> None:
    """In the brackets of a citation, and in a bibliography, what looks like code of either typesetter is text."""
    cite = r"\citep[see][eq. 3*x \#sys.version \$n]{odd} and \citep[\#read(paper)]{odd} and \cite{arx}"
    source = paper(discussion=f"It holds {cite}.")
    prepared = pdf.prepared(source, KNOWN, SHELF | ODD, FIGURES, Language.EN)
    assert prepared.faults == ()
    _, built = await typeset_in(tmp_path / "job", prepared, tex=tex)
    assert built.fault is None
    whole = " ".join(texts(tmp_path / "job" / "work" / "paper.pdf"))
    assert "see" in whole
    assert "eq. 3*x #sys.version $n" in whole
    assert "#read(paper)" in whole
    assert "documentclass" not in whole
    assert re.search(r"trick of β\s?-\s?vae: 5.2 & ..5cinputpaper.tex, costs \$5", whole, re.IGNORECASE)
    whole = whole.replace(" ", "")  # addresses are broken anywhere
    assert re.search(r"Quux.*2020.*http://x.org/a_b%41", whole)
    assert re.search(r"Zed.*2019.*1901.00001|Zed.*1901.00001.*2019", whole)
