"""Numbers of a paper: filled in from what was measured, and none typed."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.writing.references import Known, bound
from state.paper import Values, filled, gather, language_of, number, plain, printed, references, sections, worded
from state.vocabulary import Language, Verdict
from tests.engine.writing.papers import KNOWN, MEASURED, Value, paper

HEAD = "\\title{T}\n\\begin{document}\n"
NAMES = st.from_regex(r"[A-Za-z][A-Za-z0-9_]{0,8}", fullmatch=True)
DIGITS = st.sampled_from(["0123456789", "０１２３４５６７８９", "٠١٢٣٤٥٦٧٨٩"])


def faults(text: str, known: Known = KNOWN) -> list[tuple[int, str]]:
    return [(fault.line, fault.key) for fault in bound(HEAD + text, known, Language.EN)[1]]


def shown(text: str, language: Language = Language.EN) -> str:
    return bound(HEAD + text, KNOWN, language)[0].removeprefix(HEAD)


def test_a_reference_becomes_the_mean_with_its_spread() -> None:
    assert shown(r"after \result{wd_2/mod47/steps/mean} steps") == "after 2,310~±~120 steps"
    assert shown(r"\result{wd_2/mod47/steps/n} seeds") == "3 seeds"
    assert shown(r"sd \result{wd_2/mod47/steps/sd}") == "sd 120"
    assert shown(r"\result{wd_2/mod47/steps/delta}") == "$-$680"
    assert shown(r"\result{wd_03/mod47/steps/delta}") == "+910"
    assert shown(r"from \result{wd_2/mod47/steps/min} to \result{wd_2/mod47/steps/max}") == "from 2,190 to 2,430"


def test_a_writer_who_gives_the_spread_is_not_given_it_twice() -> None:
    both = r"\result{wd_2/mod47/steps/mean} $\pm$ \result{wd_2/mod47/steps/sd} steps"
    assert shown(both) == r"2,310 $\pm$ 120 steps"
    apart = r"It took \result{wd_2/mod47/steps/mean}. The sd was \result{wd_2/mod47/steps/sd}."
    assert shown(apart) == "It took 2,310~±~120. The sd was 120."


def test_within_math_a_reference_stays_math() -> None:
    assert shown(r"$t = \result{wd_2/mod47/steps/mean}$") == r"$t = \text{2,310} \pm  120$"


def test_a_missed_target_is_said_as_that_and_not_averaged() -> None:
    assert shown(r"\result{wd_4/mod47/steps/mean}") == "$>$~4,000"
    assert shown(r"\result{wd_4/mod47/steps/n}") == "0 of 3"
    assert shown(r"\result{wd_03/mod47/steps/mean} by \result{wd_03/mod47/steps/n}") == "3,900 by 1 of 3"
    assert shown(r"\result{wd_03/mod47/steps/n}", Language.ZH) == "1/3"
    missed = Values(missed=(3000.0, 4000.0))
    told = {stat: printed(stat, missed, baseline=Values((2950.0,))) for stat in ("mean", "min", "max", "sd", "delta")}
    assert told == {"mean": "> 4,000", "min": "> 4,000", "max": "> 4,000", "sd": "—", "delta": "—"}


@pytest.mark.parametrize("behind", [r"\%", r"~\%", r"\,\%", " per cent", " percentage points", "％", "个百分点"])
def test_a_share_of_one_is_not_printed_as_per_cent(behind: str) -> None:
    known = Known(
        {("wd_2", "mod47", "val_acc"): Values((0.95, 0.97)), ("wd_2", "mod47", "err_pct"): Values((0.5, 0.7))}
    )
    assert faults(rf"\result{{wd_2/mod47/val_acc/mean}}{behind} of the pairs", known) == [(3, "paper.not_percent")]
    assert faults(rf"\result{{wd_2/mod47/err_pct/mean}}{behind}", known) == []
    assert faults(r"\result{wd_2/mod47/val_acc/mean} of the pairs", known) == []
    assert faults(r"百分之\result{wd_2/mod47/val_acc/mean}", known) == [(3, "paper.not_percent")]
    of_a_hundred = Known({("wd_2", "mod47", "val_acc"): Values((95.0, 97.0))})
    assert faults(rf"\result{{wd_2/mod47/val_acc/mean}}{behind}", of_a_hundred) == []


def test_verdicts_are_the_harness_s_words_in_the_paper_s_language() -> None:
    assert shown(r"\verdict{wd_2} and \verdict{wd\_4}") == "better and target not reached"
    assert shown(r"\verdict{wd_2}", Language.ZH) == "更好"
    assert faults("a\n\\verdict{wd_9}") == [(4, "paper.unknown_verdict")]


def test_an_unknown_reference_fails_with_its_line_and_the_nearest_names() -> None:
    found = bound(HEAD + "\n\n\\result{wd_2/mod47/step/mean}", KNOWN, Language.EN)[1]
    assert [(fault.line, fault.key) for fault in found] == [(5, "paper.unknown_reference")]
    assert found[0].facts["near"][0] == "wd_2/mod47/steps/mean"  # type: ignore[index]  # a list of names
    assert "wd_2/mod47/steps/mean" in found[0].why


@pytest.mark.parametrize(
    "reference", ["wd_2/mod47/steps", "wd_2/mod47/steps/median", "", "a/b/c/mean/d", "//steps/mean"]
)
def test_a_reference_of_another_form_is_said_to_be_one(reference: str) -> None:
    assert faults(rf"\result{{{reference}}}") == [(3, "paper.bad_reference")]


@pytest.mark.parametrize(
    "text",
    [
        "it takes 2310 steps",
        "it takes 2,310 steps",
        r"95\,\% of the pairs",
        "达到95%的准确率",
        "达到９５％的准确率",
        "３ 个随机种子",
        r"$95\%$",
        "$p < 0.05$",
        r"$x^{0.5}$",
        r"\textbf{7}",
        r"\caption{after 300 steps}",
        r"a & 12 \\",
        r"\texttt{12}",
        "10x faster",
        "a 3-fold gain",
        "(2022)",
        "5--10",
        "1.",
        "about-\n7",
        r"\footnote{12}",
        "$0 . 1 2$",  # math prints no spaces
        r"$1\,2$ and \(1{,}2\)",
        r"$\mathrm{1}\mathrm{0}$",
        r"$1$$2$",
        r"$1\%$",
        r"$\frac{19}{20}$",
        "$n0.95$",
        r"acc95\%",
        r"\cite[acc 95.3]{power2022}",
        r"\cite[95\%]{power2022}",
        r"\begin{itemize}[label=0.95]\item x\end{itemize}",
        r"\begin{tabular}{l@{0.95}r}a & b\end{tabular}",
        r"\multicolumn{2}{c!{95}}{x}",
        "a \\\\$x$ 2 b $y$",  # the dollar after a row's end opens math
        "ninety-five percent",
        r"one hundred and two\,\%",
        "zero point nine",
        "百分之九十五",
        "提高了零点五",
        "一点五倍",
        "½ of them",
        "$10$",  # of a power only
        r"$\frac{302 - 152}{302}$",
        r"$\dfrac{302-\result{wd_2/mod47/steps/mean}}{302}$",
        r"$\frac{152\text{ steps}}{302}$",
        r"\begin{quote}[0.95] a\end{quote}",  # takes no options: they are printed
        r"\begin{equation}[0.95] x\end{equation}",
        r"\begin{tabular}{l@{\textbf{0.95}}r}a & b\end{tabular}",
        "twenty-three steps",
        "one hundred and fifty-two steps",
        "two thousand three hundred steps",
        "two point five times faster",
        "一百五十二步",
        "两千三百一十步",
        r"\given{2}\given{47}",  # printed, they are one number
        r"\given{2}.\given{47}",
        r"$1$\given{47}",
        r"\given{47}$1$",
    ],
)
def test_a_typed_number_fails_with_its_line(text: str) -> None:
    found = faults("fine\n" + text)
    assert found
    assert {key for _, key in found} == {"paper.typed_number"}
    assert found[0][0] == 4 + text.count("\n")


@pytest.mark.parametrize(
    "text",
    [
        "wd_2 and mod47, GPT-4, ResNet-18, AdamW2",
        r"\texttt{wd\_2}",
        r"\cite{power2022,nanda2023} \citep[see][]{x2020}",
        r"Table~\ref{tab:1} and \eqref{eq:2} \label{sec:3}",
        r"\includegraphics[width=0.8\linewidth]{figures/loss_2.png}",
        r"\begin{tabular}{p{3cm}r} \multicolumn{2}{c}{x} \\[2pt] \end{tabular}",
        r"\vspace{2mm} \url{http://x/1} \href{http://x/2}{x}",
        "% 12 of 13",
        r"$\frac{1}{2} x_{12}^{2} + 1$ and \(2x\)",
        r"\begin{equation} a_{10} = \sqrt{3} \end{equation}",
        r"\begin{figure}[t!]x\end{figure}",
        r"\citep[p.~5]{x2020} \begin{itemize}[leftmargin=1.5em]\item x\end{itemize}",
        r"$\{0, 1, 2\}$ $1 + 2$ $2 \cdot 1$ $2 (1 - x)$ $\begin{pmatrix} 1 & 0 \\ 0 & 1 \end{pmatrix}$",
        "one of three seeds, two thirds, a percent sign, 一点一滴, 三个种子, 这一点三者相同, 分之, 观点一致",
        "conditions one and two, hundreds of steps, a thousand tasks, from this point two follow, 万一, 百万, 千万不要",
        r"$10^{-3}$ $\frac{x}{12}$ $\frac{2\pi k}{97}$ $\frac{\given{2}}{\given{47}}$ $x_1$ \given{2}",
        r"\given{2}--\given{47} and \given{2}, \given{47}",
        r"\begin{figure*}[t!]x\end{figure*}",
        r"a \\$x_{12}$ b",
        r"\begin{tabular}{l@{\hspace{2pt}}r@{ }c}a & b & c\end{tabular}",
    ],
)
def test_digits_that_claim_nothing_stand(text: str) -> None:
    assert faults(text) == []


def test_a_typed_number_in_the_title_fails_too() -> None:
    assert [fault.line for fault in bound("\\title{3 ways}\n\\begin{document}", KNOWN, Language.EN)[1]] == [1]
    for date in ("2026-11-25", "November 25, 2026", "2026年11月25日", "2026"):
        assert bound(f"\\date{{{date}}}\n\\begin{{document}}", KNOWN, Language.EN)[1] == []


@pytest.mark.parametrize(
    "line",
    [
        r"\author{N 95\%}",
        r"\date{acc 0.95}",
        r"\date{95\%}",
        r"\title{Ninety percent}",
        "\\title{acc97\\%}",
        r"\title[x]{0.95}",
        r"\title{{{{0.95}}}}",
        r"\date[x]{0.95}",
    ],
)
def test_what_the_head_of_a_paper_prints_claims_nothing_either(line: str) -> None:
    found = bound(line + "\n\\begin{document}", KNOWN, Language.EN)[1]
    assert [(fault.line, fault.key) for fault in found] == [(1, "paper.typed_number")]


def test_a_setting_stands_if_it_was_chosen_and_is_no_way_round() -> None:
    assert shown(r"width \given{128}, \given{4,000} steps, \given{95\%}, \given{95}\,\% and p \given{47}") == (
        r"width 128, 4,000 steps, 95\%, 95\,\% and p 47"
    )
    assert faults(r"\given{95}\,\% and \given{95\%}") == []
    assert faults("x\n" + r"\given{2310}") == [(4, "paper.not_given")]
    assert faults(r"\given{96\%}") == [(3, "paper.not_given")]
    assert faults(r"\given{two hundred}") == [(3, "paper.not_given")]


@pytest.mark.parametrize(
    "text", [r"\given{\textbf{128}}", r"\given*{128}", r"\result{{95.3}}", r"\result*{95.3}", r"\verdict{{0.95}}"]
)
def test_what_is_written_by_reference_in_another_way_is_refused_and_does_not_vanish(text: str) -> None:
    assert faults(f"x\n{text}") == [(4, "paper.unknown_command")]


def test_a_number_of_full_width_signs_is_one_number() -> None:
    found = bound(HEAD + "达到０．９３％", KNOWN, Language.EN)[1]
    assert [fault.facts["found"] for fault in found] == ["０．９３"]


@given(st.lists(NAMES, min_size=0, max_size=5), st.integers(0, 10**7), DIGITS, st.integers(0, 6))
def test_no_number_in_prose_gets_by(words: list[str], value: int, digits: str, lines: int) -> None:
    typed = "".join(digits[int(one)] for one in str(value))
    text = "\n" * lines + " ".join([*words, typed, *words])
    assert faults(text) == [(3 + lines, "paper.typed_number")]


@given(st.lists(NAMES, min_size=1, max_size=8))
def test_no_name_is_taken_for_a_number(words: list[str]) -> None:
    assert faults(" ".join(words)) == []


@given(NAMES, NAMES, NAMES, st.lists(st.floats(-1e9, 1e9), min_size=1, max_size=6), st.integers(0, 5))
def test_a_reference_resolves_wherever_it_stands(
    program: str, dataset: str, metric: str, found: list[float], lines: int
) -> None:
    place = (program, dataset, metric)
    known = Known({place: Values(tuple(found))})
    reference = f"{'/'.join(place)}/n"
    text = f"{HEAD}{chr(10) * lines}so \\result{{{reference}}} in all"
    (one,) = references(text)
    assert (one.place, one.stat, one.line) == (place, "n", 3 + lines)
    filled_in, wrong = bound(text, known, Language.EN)
    assert not wrong
    assert filled_in.count("\n") == text.count("\n")
    assert f"so {len(found)} in all" in filled_in
    assert printed("mean", known.values[place]) is not None


@given(st.text(alphabet=st.sampled_from("\\{}$%&_^#[]~ \n12abé中resultgivensection"), max_size=120))
def test_no_text_breaks_the_reading_of_a_paper(text: str) -> None:
    filled_in, _ = bound(text, KNOWN, Language.EN)
    assert filled_in.count("\n") == text.count("\n")
    sections(text)
    plain(text)
    filled(text, KNOWN.values)


@pytest.mark.parametrize(
    ("value", "sd", "told"),
    [
        (2310.0, 95.0, "2,310 ± 95"),
        (0.98765, 0.0123, "0.988 ± 0.012"),
        (0.5, None, "0.5000"),
        (12.0, None, "12"),
        (-3.25, 0.5, "−3.25 ± 0.50"),
        (0.0000123, None, "1.230×10^-5"),
        (0.0, None, "0"),
        (float("nan"), None, "—"),
        (5e-324, None, "4.941×10^-324"),
        (0.00020015, 2.1e-7, "(2.0015 ± 0.0021)×10^-4"),
        (0.9, 8e-17, "0.900000 ± 8.0×10^-17"),  # not ± 0.000000: the seeds did differ
        (0.0000999996, None, "0.000100"),
        (99.996, None, "100.0"),
    ],
)
def test_a_number_has_as_many_digits_as_its_spread_bears(value: float, sd: float | None, told: str) -> None:
    assert number(value, sd, spread=sd is not None) == told


def test_the_later_of_two_experiments_with_a_seed_counts_and_what_is_no_number_does_not() -> None:
    rows = [
        Value("a", 1, 3.0, experiment=1),
        Value("a", 1, 5.0, experiment=2),
        Value("a", 2, float("nan"), experiment=3),
    ]
    assert gather(rows)["a", "mod47", "steps"].found == (5.0,)


def test_the_screen_says_the_same_numbers_as_the_pdf() -> None:
    text = filled(paper(), gather(MEASURED), baseline="base", verdicts={"wd_2": Verdict.BETTER}, mark=("‹", "›"))
    assert "after ‹2,310 ± 120› steps (‹3› seeds), which is better than the baseline" in text
    assert "\\result" not in text


def test_sections_have_their_words_and_numbers() -> None:
    told = {one.name: one for one in sections(paper())}
    assert list(told) == [
        *("abstract", "introduction", "related_work", "background", "methods", "model", "measure"),
        *("experimental_setup", "results", "discussion"),
    ]
    assert (told["abstract"].numbers, told["results"].numbers, told["discussion"].numbers) == (2, 10, 0)
    assert told["abstract"].words == 37
    assert told["model"].level == 2
    assert paper().splitlines()[told["results"].line - 1].startswith(r"\section{Results}")


def test_the_text_of_a_page_reads_like_a_page() -> None:
    told = {one.name: plain(filled(paper()[one.start : one.end], KNOWN.values)) for one in sections(paper())}
    assert told["introduction"].startswith("Grokking was described by [power2022grokking] and explained")
    assert "decay 1   2,990 ± 164   3   ?" in told["results"]
    assert "- weight decay 0.3, 1, 2 and 4;" in told["experimental_setup"]
    assert "{" not in "".join(told.values())


def test_the_screen_s_text_has_verdicts_in_the_paper_s_language() -> None:
    assert language_of(paper(Language.ZH)) is Language.ZH
    assert language_of(paper()) is Language.EN
    told = worded("a\n\\verdict{wd\\_2}, \\given{95\\%} and \\verdict{gone}", KNOWN.verdicts, Language.ZH)
    assert told == "a\n更好, 95\\% and ?"
