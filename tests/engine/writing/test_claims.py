"""What a reader takes for a measured number, however it is written; and what looks like one and claims nothing."""

from __future__ import annotations

from dataclasses import replace

import pytest

from engine.writing.references import Known, bound
from state.paper import Values
from state.vocabulary import Language
from tests.engine.writing.papers import KNOWN

HEAD = "\\title{T}\n\\begin{document}\n"


def faults(text: str, known: Known = KNOWN) -> list[tuple[int, str]]:
    return [(fault.line, fault.key) for fault in bound(HEAD + text, known, Language.EN)[1]]


@pytest.mark.parametrize(
    "text",
    [
        r"\cite[acc 97]{power2022}",
        r"\citep[see][97 of them]{power2022}",
        r"\cite[p.~95.3]{power2022}",
        r"\cite[p.~95\%]{power2022}",
        r"\cite[Table 4, accuracy 97]{power2022}",
        r"\cite[ninety percent]{power2022}",
        r"\cite[Theorem 0.95]{power2022}",
        r"\citet[2310]{power2022}",
        r"\cite[第3页，准确率 97]{power2022}",
    ],
)
def test_in_a_citation_s_brackets_stand_the_numbers_of_places_and_no_others(text: str) -> None:
    assert faults(f"x\n{text}") == [(4, "paper.typed_number")]


PLACES = (
    r"p.~3; pp.~3--5; pages 3, 5 and 7; Sec. 2; Section~2.1; \S~4.2; §3; Table 4; Tables 1--2; Theorem 2.1; Thm.~3;"
    r" ch. 3; Fig.~3a; Figure 12; Eq.~(7); Appendix A.2; Chapter 10; Lemma 4; Algorithm 1, line 7; Prop. 3.2; vol.~2;"
    r" p.\ 12; p.\,12; Def. 1.1; their Table 4; their Fig. 3 (left); e.g.;"
    " 第 3 页; 第3--5页; 第 2.1 节; 表 4; 图3; 定理 2.1; 式（7）; 附录 A.2"
)


@pytest.mark.parametrize("place", PLACES.split("; "))
def test_a_place_in_a_cited_work_is_named_by_its_number(place: str) -> None:
    assert faults(rf"\citep[{place}]{{power2022}} and \citep[see][{place}]{{power2022}}") == []


@pytest.mark.parametrize(
    "text",
    [
        "acc-95.3",
        "reaches accuracy-0.953 there",
        "acc0.95",
        r"\texttt{acc\_0.95}",
        "steps-2,310",
        "loss-9.5e-3",
        r"GPT-4 \%",
        r"acc-95\,\%",
        "acc-95 percent",
        "acc-95 percentage points",
        "acc-95个百分点",
        r"mod47{\%}",
        r"mod47\textbf{\%}",
        r"mod47$^{\%}$",
    ],
)
def test_a_word_before_a_number_makes_no_name_of_a_decimal_or_of_a_share(text: str) -> None:
    assert faults(f"x\n{text}") == [(4, "paper.typed_number")]


def test_names_stand_and_those_with_a_decimal_where_they_were_read_or_chosen() -> None:
    assert faults("GPT-4, Adam-8bit, CIFAR-10, ResNet-50, layer-2, CIFAR-10-C, wd_2, GPT-4 percentages") == []
    read = replace(KNOWN, read=("Power et al. compare GPT-3.5, Llama-3.1-8B and ViT-B/16.",))
    text = "GPT-3.5, GPT-3.5's, Llama-3.1-8B and ViT-B/16"
    assert faults(text, read) == []
    assert set(faults(text)) == {(3, "paper.typed_number")}
    assert faults("x\nGPT-3.57", read) == [(4, "paper.typed_number")]
    assert faults("x\n" + r"GPT-3.5\%", read) == [(4, "paper.typed_number")]


@pytest.mark.parametrize(
    "text",
    [
        "a tenfold gain",
        "it is three-fold faster",
        "a hundred-fold gain",
        "thirtyfold",
        "ten times faster",
        "three times as many steps",
        "five times fewer",
        "fifteen seeds",
        "from seventy to ninety",
        "two million steps",
        "twelve hundredths",
        "half a percent",
        r"ten$\%$",
        "ten％",
        r"ten\textbf{\%}",
        "准确率九成五",
        "九成以上的样本",
        "约两成",
        "快了三倍",
        "提高了十二倍",
        "步数减少到三百步",
        "三百万步",
        "二十步",
        "十五个种子",
        "百分百",
        "万分之三",
        "二〇二二年",
        "⁹⁵％",
        "达到 ²³ 步",
        "₉₅",
    ],
)
def test_a_number_in_words_or_other_signs_is_typed_too(text: str) -> None:
    found = faults(f"x\n{text}")
    assert found
    assert set(found) == {(4, "paper.typed_number")}


@pytest.mark.parametrize(
    "text",
    [
        "The reasons are twofold; twice as fast, double, half of them, three quarters, manifold, scaffold, unfold it.",
        "ten-fold cross-validation and tenfold cross validation",
        "Four times the decay, three tenths of it; run three times, as a check ten times",
        "twelve seeds, a hundred tasks, thousands of steps, a million, a percent, order of ten",
        "近一半，一半以上，加到四倍，减到十分之三，两倍，一倍半，一成不变，分成三成员组，第二成功的，两成分，三成立",
        "十二个种子，几十，数百，上千，万一",
        "R² and x₁₂",
    ],
)
def test_counts_up_to_twelve_and_everyday_shares_are_no_claims(text: str) -> None:
    assert faults(text) == []


@pytest.mark.parametrize(
    "text",
    [
        r"$_{95}$\%",
        r"$x^{95}\%$",
        r"$10^{-3}$\,\%",
        r"$\frac{x}{12}\%$",
        r"$x_{2,310}$",
        r"\ref{sec:results}\%",
        r"Table~\ref{tab:a} \%",
        r"\cite{power2022}\%",
    ],
)
def test_what_stands_for_a_place_or_an_index_is_made_no_share(text: str) -> None:
    assert {key for _, key in faults(text)} == {"paper.typed_number"}


@pytest.mark.parametrize("behind", [r"\%", r"{\%}", r"\textbf{\%}", r"$^{\%}$", " percent", "个百分点"])
def test_what_is_no_percentage_is_printed_as_none(behind: str) -> None:
    known = Known(
        {
            ("wd_2", "mod47", "steps"): Values((2310.0, 2190.0)),
            ("wd_2", "mod47", "acc"): Values((95.0, 97.0)),
            ("wd_2", "mod47", "growth_pct"): Values((195.0, 197.0)),
        }
    )
    assert faults(rf"\result{{wd_2/mod47/acc/n}}{behind}", known) == [(3, "paper.not_percent")]
    assert faults(rf"\result{{wd_2/mod47/growth_pct/n}}{behind}", known) == [(3, "paper.not_percent")]
    assert faults(rf"\result{{wd_2/mod47/steps/mean}}{behind}", known) == [(3, "paper.not_percent")]
    assert faults(rf"\result{{wd_2/mod47/acc/mean}}{behind}", known) == []
    assert faults(rf"\result{{wd_2/mod47/growth_pct/mean}}{behind}", known) == []


CHOSEN = Known({}, settings=("for hour in range(24): layers of width 128",))


@pytest.mark.parametrize(
    "text",
    [
        r"$h\in\{0,\dots,23\}$",
        r"$h \in \{0, 1, \ldots, 23\}$",
        r"$i = 1,\dots,128$",
        r"$\{0,\dots,\given{23}\}$",
        r"$\{0,\dots,\given{24}\}$",
        r"\begin{equation} h = 1, 2, \cdots, 24 \end{equation}",
        r"$x_{1,2} + x_{i,3} + w_{12,3}$",
    ],
)
def test_a_series_ends_where_something_was_chosen(text: str) -> None:
    assert faults(text, CHOSEN) == []


@pytest.mark.parametrize(
    ("text", "key"),
    [
        (r"$h\in\{0,\dots,22\}$", "paper.typed_number"),
        (r"$\{0,\dots,\given{22}\}$", "paper.not_given"),
        (r"$\{0, 23\}$", "paper.typed_number"),
        (r"$\{5,\dots,23\}$", "paper.typed_number"),
        (r"$0,\dots,23\%$", "paper.typed_number"),
        (r"$0,\dots,23.5$", "paper.typed_number"),
        (r"\given{23} hours", "paper.not_given"),
        (r"0,\dots,23", "paper.typed_number"),
    ],
)
def test_a_series_is_no_way_round(text: str, key: str) -> None:
    assert {found for _, found in faults(text, CHOSEN)} == {key}
