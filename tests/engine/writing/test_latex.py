"""The LaTeX a paper may be written in, its scaffold, and its citations."""

from __future__ import annotations

import time

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from engine.writing import citations, latex
from engine.writing.faults import SAID, Fault, why
from engine.writing.references import bound
from engine.writing.scaffold import PARTS, scaffold, section, with_section
from state.paper import plain
from state.products.literature import bib_entries
from state.vocabulary import Language
from tests.engine.writing.papers import FIGURES, KNOWN, SHELF, paper

BROKEN = "Here.\n\n{}\n\nThere."


def breaches(text: str) -> list[tuple[str, str]]:
    """Key and fact of each breach, all in the line where the text stands."""
    source = paper(discussion=BROKEN.format(text))
    line = source[: source.index("Here.")].count("\n") + 3
    found = latex.faults(source, FIGURES)
    assert {fault.line for fault in found} <= {line, *range(line, line + text.count("\n") + 1)}
    return [(fault.key.removeprefix("paper."), str(fault.facts.get("found"))) for fault in found]


@pytest.mark.parametrize("language", Language)
def test_a_paper_that_keeps_to_the_subset_has_no_faults(language: Language) -> None:
    assert latex.faults(paper(language), FIGURES) == []
    assert latex.faults(scaffold("A title", language), []) == []


@pytest.mark.parametrize(
    "text",
    [
        r"\input{/etc/passwd}",
        r"\include{x}",
        r"\write18{id}",
        r"\immediate\write18{id}",
        r"\openout1=x",
        r"\newcommand{\x}{y}",
        r"\def\x{y}",
        r"\catcode`\@=11",
        r"\csname input\endcsname",
        r"\directlua{os.execute('id')}",
        r"\usepackage{shellesc}",
        r"\lstinputlisting{/etc/passwd}",
        r"\pdfobj file {/etc/passwd}",
        r"\luadirect{x}",
        r"\pdffiledump{/etc/passwd}",
        r"$\input{/etc/passwd}$",
        r"^^5cinput{/etc/passwd}",
        r"\bibliography{/home/somebody/private}",
        r"\bibliographystyle{../style}",
        r"\href{run:/bin/sh}{x}",
        r"\url{file:///etc/passwd}",
    ],
)
def test_what_reads_writes_runs_or_redefines_is_refused_with_its_line(text: str) -> None:
    assert "forbidden_command" in {key for key, _ in breaches(text)}


@pytest.mark.parametrize(
    ("text", "key", "found"),
    [
        (r"\cref{fig:bars}", "unknown_command", r"\cref"),
        (r"\alpha", "unknown_command", r"\alpha"),
        (r"$\section{x}$", "unknown_command", r"\section"),
        (r"\begin{tikzpicture}\end{tikzpicture}", "unknown_environment", "tikzpicture"),
        (r"\begin{itemize}", "unbalanced", r"\end{document}"),
        (r"\end{itemize}", "unbalanced", r"\end{itemize}"),
        ("}", "unbalanced", "}"),
        ("one $ two", "unbalanced", "$"),
        ("one { two", "unbalanced", "{"),
        ("one # two", "unbalanced", r"# (write \#)"),
        (r"\label{sec:nowhere}", "label_on_nothing", "sec:nowhere"),
        (r"\maketitle", "no_part", r"\maketitle once"),
        (r"\end{document}", "no_part", r"\end{document} once"),
        (r"\includegraphics{bars.png}", "unknown_figure", "bars.png"),
        (r"\begin{thebibliography}", "unknown_environment", "thebibliography"),
        (r"\bibitem{invented}", "unknown_command", r"\bibitem"),
        (r"\begin{filecontents}", "unknown_environment", "filecontents"),
        (r"\section{A\footnote{x}}", "unknown_command", r"\footnote"),
        (r"x\footnote{a \footnote{b}}", "unknown_command", r"\footnote"),
        (
            r"\begin{tabular}{l}\begin{tabular}{l}x\end{tabular}\end{tabular}",
            "unknown_environment",
            "tabular within tabular",
        ),
        (r"\url{http://x.org/a%20b}", "unbalanced", r"% (write \%)"),
        ("a_b", "unbalanced", r"_ outside math (write \_)"),
        (r"Table~\ref{tab:none}", "unknown_label", "tab:none"),
        (r"\label{fig:bars}", "label_twice", "fig:bars"),
        (r"\includegraphics{figures/none.png}", "unknown_figure", "figures/none.png"),
        (r"\includegraphics{../../secret.png}", "unknown_figure", "../../secret.png"),
        (r"\includegraphics{/etc/passwd}", "unknown_figure", "/etc/passwd"),
        ("\U0001f600", "no_glyph", "\U0001f600"),
        ("a\x07b", "no_glyph", ""),
    ],
)
def test_a_breach_is_named(text: str, key: str, found: str) -> None:
    source = paper(discussion=BROKEN.format(text))
    told = latex.faults(source, FIGURES)
    assert (f"paper.{key}", found) in [(fault.key, str(fault.facts.get("found"))) for fault in told]
    assert all(fault.line and fault.why for fault in told)


def test_a_paper_without_a_title_is_none() -> None:
    source = paper().replace(r"\maketitle", "")
    assert [(fault.key, fault.facts["found"]) for fault in latex.faults(source, FIGURES)] == [
        ("paper.no_part", r"\maketitle once")
    ]


def test_packages_and_the_class_are_ours() -> None:
    source = paper().replace(r"\usepackage{booktabs}", r"\usepackage{booktabs,minted}")
    assert [(fault.line, fault.key) for fault in latex.faults(source, FIGURES)] == [(7, "paper.unknown_package")]
    source = paper().replace("{article}", "{/etc/passwd}")
    assert [(fault.line, fault.key) for fault in latex.faults(source, FIGURES)] == [(1, "paper.unknown_package")]
    source = paper().replace(r"\usepackage{booktabs}", r"\usepackage[config=/etc/passwd]{booktabs}")
    assert [(fault.line, fault.key) for fault in latex.faults(source, FIGURES)] == [(7, "paper.forbidden_command")]
    source = paper().replace(r"\title{", r"\hypersetup{colorlinks}\title{")
    assert [fault.key for fault in latex.faults(source, FIGURES)] == ["paper.unknown_command"]
    source = paper().replace(r"\title{", r"\immediate\title{")
    assert [fault.key for fault in latex.faults(source, FIGURES)] == ["paper.forbidden_command"]


def test_a_comment_is_no_breach_and_an_escaped_percent_sign_begins_none() -> None:
    assert breaches(r"% \input{/etc/passwd}") == []
    assert breaches("\\% \\input{x}")[0][0] == "forbidden_command"


@given(st.text(alphabet=st.sampled_from("\\{}$%&_^#[]~ \n1é中begindocumentitemz"), max_size=150))
def test_any_text_is_answered_with_faults_and_never_breaks_the_check(text: str) -> None:
    source = paper(discussion=text)
    for fault in latex.faults(source, FIGURES):
        assert 1 <= fault.line <= source.count("\n") + 1
        assert fault.why


def test_every_fault_has_a_sentence_and_an_error_for_people() -> None:
    for key in SAID:
        facts = dict.fromkeys(
            ("found", "reference", "near", "allowed", "program", "reason", "hint", "first", "shown"), "x"
        )
        fault = Fault(3, key, {**facts, "engine": "x", "code": "x"})
        assert fault.why.startswith("line 3: ")
        assert fault.error.facts["line"] == 3
    assert why([Fault(1, "paper.no_part", {"found": "x"})] * 15, most=2).endswith("and 13 more")


# the scaffold -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("language", Language)
def test_a_section_that_is_put_in_is_found_again_and_changes_no_other(language: Language) -> None:
    source = scaffold("Title", language, date="x")
    bodies = {
        name: f"Text of {name.replace('_', ' ')}.\n\n\\subsection{{More}}\nText below."
        for name in PARTS
        if name != "abstract"
    }
    for name, body in {**bodies, "abstract": "One paragraph.", "title": "A better title"}.items():
        source = with_section(source, name, "will be replaced")
        source = with_section(source, name, body)
    for name, body in {**bodies, "abstract": "One paragraph.", "title": "A better title"}.items():
        assert section(source, name) == body
    assert latex.faults(source, []) == []


def test_a_body_may_come_with_its_heading_or_environment() -> None:
    source = with_section(paper(), "results", "\\section{Results}\\label{sec:results}\nAll is well.")
    assert section(source, "results") == "All is well."
    assert section(with_section(source, "abstract", "\\begin{abstract}\nX\n\\end{abstract}"), "abstract") == "X"
    with pytest.raises(ValueError, match="nowhere"):
        with_section(source, "nowhere", "x")


# citations ----------------------------------------------------------------------------------------------------------


def test_a_key_that_resolves_to_no_found_paper_cannot_get_in() -> None:
    source = paper(discussion="See\n\\cite{power2022grokking,invented2024}.")
    (fault,) = citations.faults(source, SHELF)
    assert (source.splitlines()[fault.line - 1], fault.key) == (
        r"\cite{power2022grokking,invented2024}.",
        "paper.unknown_citation",
    )
    assert "nanda2023progress" in fault.why
    assert "invented2024" not in citations.bibliography(source, SHELF)


@pytest.mark.parametrize("form", [r"\cite{{invented2024}}", r"\citep[{}]{{invented2024}}".format("see " * 90)])
def test_a_citation_in_a_form_that_hides_its_key_is_refused(form: str) -> None:
    source = paper(discussion=f"See\n{form}.")
    (fault,) = citations.faults(source, SHELF)
    assert fault.key == "paper.unknown_citation"
    assert source.splitlines()[fault.line - 1] == f"{form}."


def test_the_bibliography_holds_what_is_cited_under_its_key() -> None:
    source = scaffold("T", Language.EN)
    text = citations.bibliography(with_section(source, "discussion", r"\cite{nanda2023progress}"), SHELF)
    assert list(bib_entries(text)) == ["nanda2023progress"]
    assert "author = {Nanda, Neel and Chan, Lawrence and Lieberum, Tom}," in text


def test_what_is_cited_in_a_comment_is_not_cited() -> None:
    source = with_section(scaffold("T", Language.EN), "discussion", "One. % \\cite{nanda2023progress,invented2024}")
    assert (citations.faults(source, SHELF), citations.bibliography(source, SHELF)) == ([], "")


def test_an_entry_is_of_a_kind_and_has_fields_that_every_style_knows() -> None:
    theirs = "@software{x, title={T}, year={2020}, abstract={Long.}, file={/home/me/x.pdf}, crossref={y}}"
    assert citations.entry("k", theirs) == "@misc{k,\n  title = {T},\n  year = {2020},\n  key = {T},\n}"


def test_an_entry_from_the_network_brings_no_command_along() -> None:
    hostile = (
        r"@article{x, title={A \input{/etc/passwd} \write18{id} of G{\"o}del}, author={M\'{e}, A}, year={c. 2020},}"
    )
    told = citations.entry("k", hostile)
    assert told is not None
    assert "input" not in told
    assert "write" not in told
    assert r"title = {A {/etc/passwd} 18{id} of G{\"o}del}" in told
    assert "year = {2020}" in told


@pytest.mark.parametrize(
    ("title", "told"),
    [
        (r"^^5cinput{/etc/passwd}", r"\textasciicircum{}\textasciicircum{}5cinput{/etc/passwd}"),
        (r"$^^5cinput{x}$", r"\$\textasciicircum{}\textasciicircum{}5cinput{x}\$"),
        (r"The wd_2 trick, 5^2, costs $5 & more", r"The wd\_2 trick, 5\textasciicircum{}2, costs \$5 \& more"),
        (r"$\beta$-VAE and $x_1^2$", r"$\beta$-VAE and $x_1^2$"),
        (r"$\input{x}$ \_ \$3", r"\${x}\$ \_ \$3"),
        (r"\i\1nput /etc/passwd", r"\i nput /etc/passwd"),
        (r"\b\1a", r"\b a"),
    ],
)
def test_an_entry_s_words_are_printed_and_mean_nothing_to_tex(title: str, told: str) -> None:
    found = citations.entry("k", f"@misc{{k, title={{{title}}}, url={{http://x/a_b%41#f^^5cx}}}}")
    assert found is not None
    assert f"title = {{{told}}}," in found
    assert r"url = {http://x/a_b\%41\#f5cx}," in found


@pytest.mark.parametrize("bibtex", ["", "not bibtex", "@article{x, author={A}}", "@article{x, title={}}"])
def test_an_entry_without_a_title_is_a_fault_where_it_is_cited(bibtex: str) -> None:
    source = with_section(scaffold("T", Language.EN), "discussion", r"\cite{k}")
    assert [fault.key for fault in citations.faults(source, {"k": bibtex})] == ["paper.bad_citation"]


def test_braces_that_do_not_close_leave_no_command_behind() -> None:
    found = citations.entry("k", '@misc{k, title="\\i}nput x"}')
    assert found is None or "\\input" not in found


@given(st.text(alphabet=st.sampled_from('@{}"\\=, \nabtitleauthor1é'), max_size=100))
@example("\\b\\1a")
def test_any_bibtex_gives_one_whole_entry_or_none(text: str) -> None:
    told = citations.entry("key", f"@misc{{x, title = {{{text}}}}}")
    if told is not None:
        assert list(bib_entries(told)) == ["key"]
        assert citations.entry("key", told) == told


@pytest.mark.parametrize(
    "bad",
    [
        "{",
        "}",
        "\\",
        "$ ",
        r"\begin{equation}",
        r"\cite[",
        r"\label{a}",
        "%",
        r"\begin{figure}",
        r"$\frac{",
        "1.",
        "& ",
    ],
)
def test_a_source_of_nonsense_is_answered_soon(bad: str) -> None:
    """100,000 characters of it, as a model may send; what grows with the square of that takes half a minute."""
    source = paper(discussion=bad * (100_000 // len(bad)))
    began = time.process_time()
    latex.faults(source, FIGURES)
    bound(source, KNOWN, Language.EN)
    citations.faults(source, SHELF)
    plain(source)
    assert time.process_time() - began < 8


def test_a_percent_sign_that_would_swallow_the_rest_of_its_line_is_refused() -> None:
    assert breaches(r"we change \given{40}% of the labels") == [("unbalanced", r"% (write \%)")]
    assert not breaches(r"we change \given{40}\% of the labels % as planned, 40% of them")


@pytest.mark.parametrize("typed", ["[@power2022]", "**large**"])
def test_markdown_in_a_paper_is_refused(typed: str) -> None:
    assert breaches(f"as was shown {typed} before") == [("unknown_command", typed)]


def test_a_fault_quotes_the_words_around_it() -> None:
    told = why([Fault(2, "paper.typed_number", {"found": "0.93"})], "One.\nIt reached an accuracy of 0.93 in the end.")
    assert told.endswith("[It reached an accuracy of 0.93 in the end.]")


@pytest.mark.parametrize("form", [r"\cite{}", r"\citep[see][]{ , }"])
def test_a_citation_without_a_key_is_refused(form: str) -> None:
    (fault,) = citations.faults(paper(discussion=form), SHELF)
    assert fault.key == "paper.unknown_citation"


def test_letters_of_names_and_signs_by_their_commands_are_allowed() -> None:
    assert breaches(r"\'{\i}, \L{}ukasz, \o, \ss, \aa, \ae, \textasciitilde{} and \textasciicircum{}") == []


def test_letters_that_no_accent_makes_stay_in_a_name() -> None:
    told = citations.entry("k", r"@misc{k, title={T}, author={{\DJ}or{\dj}evi{\'c}, \TH{}or and \DH x, A}}")
    assert told is not None and r"author = {{Đ}or{đ}evi{\'c}, Þ{}or and Ðx, A}" in told
