"""Products: what is written reads back equal, and a person's slip is named with its line."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from state.errors import LabError
from state.products.base import Product
from state.products.data import Data
from state.products.experiments import Experiments, Program, Scored
from state.products.ideas import Idea, Ideas
from state.products.interpretation import Interpretation
from state.products.literature import Review, ShelfPaper, bib_entries
from state.products.manuscript import Manuscript
from state.products.plan import Plan
from state.products.refinement import Form, Refinement, Signed
from state.products.report import Report
from state.products.table import MADE_BY, PRODUCTS
from state.vocabulary import Phase, Role, Verdict
from tui.told import refusal

PROSE = st.text(st.characters(exclude_categories=["Cs"]), max_size=60)
WORDS = PROSE.filter(lambda text: bool(text.strip()))

IDEA = Idea(
    name="clock",
    title="Does weight decay set the clock?",
    hypothesis="Steps fall as decay grows.\n\n## Not a heading of ours",
    experiment="Four decays, five seeds.",
    interestingness=7,
    feasibility=9,
    novelty=5,
    verdict="novel",
    why="Nobody measured it.",
    papers=("power2022",),
)
PLAN = Plan(
    metric="steps",
    label="steps to 95 %",
    direction="lower",
    dataset="mod47",
    baseline="weight decay 1",
    settings=("weight decay 2", "weight decay 4"),
    seeds=5,
    target="steps <= 500",
    stop="after 6 solver steps",
    requirements=('Five seeds, "please"',),
    estimate_experiments=15,
    estimate_minutes=2.5,
    body="## Hypothesis\n\nIt falls.\n\n+++\n\nstill the body",
)
FORM = Form(
    summary="It claims little and shows it.",
    strengths=("honest",),
    weaknesses=("one modulus",),
    originality=2,
    quality=3,
    clarity=3,
    significance=2,
    soundness=3,
    presentation=3,
    contribution=2,
    overall=6,
    confidence=4,
    decision="accept",
)
ALL: list[Product] = [
    Ideas.ranked([IDEA, IDEA.model_copy(update={"name": "depth", "verdict": "known"})]),
    Review(
        review="Known since 2022 [@power2022].",
        papers=(
            ShelfPaper(
                key="power2022",
                title="Grokking",
                authors=("A. Power", "Y. Burda"),
                year=2022,
                source="arxiv",
                ident="2201.02177",
                abstract="We propose.",
                bibtex="@article{power2022,\n  title = {Grokking: {G}eneralization},\n  year = {2022}\n}",
                notes="Shows late generalisation (p. 4).",
            ),
            ShelfPaper(key="other", title="Other"),
        ),
    ),
    PLAN,
    Data(code="print(1)\n", card="Made, not found.", datasets=("mod47",), says="2209 rows"),
    Experiments(
        metric="steps",
        direction="lower",
        dataset="mod47",
        kept=("wd_2", "base"),
        baseline="base",
        programs=(
            Program(name="wd_2", code="x = 2\n", parent="base", change="weight decay 2"),
            Program(name="base", code="x = 1\n"),
        ),
        scores=(
            Scored(program="wd_2", verdict=Verdict.BETTER, n=5, seeds=5, mean=2310.0, sd=95.0, grade=0.83),
            Scored(program="base", verdict=Verdict.BASELINE, n=5, seeds=5, mean=2990.0, sd=180.0),
        ),
        lessons=("More decay, earlier.", "Enough is enough."),
        captions={"steps.png": "Steps by decay"},
        figures={"steps.png": b"\x89PNG"},
    ),
    Interpretation(hypothesis="holds_in_part", body=r"At 2 it takes \result{wd_2/mod47/steps/mean} steps."),
    Report(
        source="\\title{A clock}\n\\begin{document}\nhello\n\\end{document}\n",
        bibliography="@misc{a,\n title={b}\n}\n",
        figures={"a.png": b"\x89PNG"},
        pdf=b"%PDF-1.7",
        readme="It falls.",
        papers=(
            ShelfPaper(
                key="nanda2023",
                title="Progress",
                authors=("N. Nanda",),
                abstract='A "clock"\n\n+++\nwithin.',
                bibtex="@misc{nanda2023,\n title={P}\n}",
            ),
        ),
    ),
    Refinement(
        decision="back",
        phase=Phase.PLAN_FORMULATION,
        round=1,
        means={"overall": 5.67, "originality": 2.0},
        reviews=(
            Signed(reviewer=Role.REVIEWER_IMPACT, form=FORM),
            Signed(reviewer=Role.REVIEWER_NOVELTY, form=FORM.model_copy(update={"decision": "reject"})),
        ),
        meta="They agree.",
        reasons="Too few seeds.",
    ),
    Manuscript(file="theirs.pdf", sha256="a" * 64, pages=2, text="[page 1]\n\n+++\n\nA clock"),
]


@pytest.mark.parametrize("product", ALL, ids=lambda product: product.name)
def test_a_product_reads_back_as_it_was_written(product: Product) -> None:
    files = product.files()
    assert product.main in files
    assert type(product).of(files) == product
    assert product.shown.strip()
    assert product.summary


def test_every_phase_has_its_product() -> None:
    assert set(MADE_BY) == set(Phase)
    assert {product.name for product in ALL} == set(PRODUCTS)


@settings(max_examples=60)
@given(WORDS, st.lists(PROSE.filter(str.strip), max_size=3), st.integers(1, 50))
def test_any_plan_reads_back(body: str, requirements: list[str], seeds: int) -> None:
    try:
        plan = PLAN.model_copy(update={"requirements": tuple(requirements), "seeds": seeds})
        written = Plan.of({**plan.files()}).model_copy(update={"body": "x"})
        assert written == plan.model_copy(update={"body": "x"})
        again = Plan.parsed(body, **PLAN.model_dump(exclude={"body"}))
    except LabError as error:
        assert error.key.startswith("product.")
        return
    assert Plan.of(again.files()).files() == again.files()


@settings(max_examples=60)
@given(PROSE, PROSE, WORDS)
def test_prose_that_looks_like_a_mark_does_not_lose_a_part(notes: str, more: str, review: str) -> None:
    papers = (
        ShelfPaper(key="a", title="A", notes=f"{notes}\n## Notes on b\n{more}"),
        ShelfPaper(key="b", title="B", notes="the notes on b"),
    )
    product = Review(review=review, papers=papers)
    try:
        read = Review.of(product.files())
    except LabError as error:
        assert error.key == "product.empty"
        return
    assert read.papers[1].notes == "the notes on b"
    assert read.files() == product.files() or read.review.strip() == product.review.strip()


@pytest.mark.parametrize(
    ("old", "new", "key", "line"),
    [
        ("seeds = 5", "seeds = 0", "product.bad_value", 8),
        ("seeds = 5", "sedes = 5", "product.unknown_field", 8),
        ("seeds = 5", "seeds = ", "product.bad_toml", 8),
        ('direction = "lower"', 'direction = "down"', "product.bad_value", 4),
        ('metric = "steps"\n', "", "product.missing_field", 1),
        ("+++\nmetric", "metric", "product.no_head", 1),
    ],
)
def test_a_slip_in_a_plan_is_named_with_its_line(old: str, new: str, key: str, line: int) -> None:
    text = PLAN.files()["plan.md"].decode()
    assert old in text
    with pytest.raises(LabError) as caught:
        Plan.of({"plan.md": text.replace(old, new, 1).encode()})
    assert (caught.value.key, caught.value.facts["file"], caught.value.facts["line"]) == (key, "plan.md", line)


IDEAS = """\
+++
chosen = "clock"

[[idea]]
name = "clock"
title = "Does it?"
interestingness = 7
feasibility = 9
novelty = 5

[[idea]]
# novelty = 3, I would say
name = "depth"
title = "How deep?"
papers = [
  "power2022",
  2022,
]
interestingness = 11
feasibility = 9
novelty = 5
verdict = "new"
+++

## clock: hypothesis

It is.

## depth: hypothesis

Very.
"""


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("", "", 'line 17: idea.papers = 2022, but it must be "…".'),
        ("  2022,\n", "", "line 18: idea.interestingness = 11, but it must be 1 … 10."),
        ("  2022,\n]\ninterestingness = 11", "]", "line 11: idea.interestingness is missing."),
        (
            "  2022,\n]\ninterestingness = 11",
            "]\ninterestingness = 5",
            'line 21: idea.verdict = "new", but it must be "novel" | "known" | "undecided".',
        ),
        (
            "  2022,\n]\ninterestingness = 11\nfeasibility",
            "]\ninterestingness = 5\nfeasability",
            "line 11: idea.feasibility is missing.",
        ),
        ('title = "How deep?"', 'titel = "How deep?"\ntitle = ""', "line 14: no field idea.titel; meant title?"),
        ('name = "depth"', 'name = "clock"', "line 13: clock stands there twice."),
        ('name = "depth"', 'name = "its depth"', 'line 13: idea.name = "its depth", but it must be "[A-Za-z0-9]'),
        ('name = "depth"', 'name = "deep"', "line 24: ## deep: hypothesis is empty."),
        ("[[idea]]\n#", "[idea]\n#", "line 11: this stands twice."),
        ('chosen = "clock"', 'chosen = "clocks"', "line 2: chosen = clocks, but there are: clock, depth."),
    ],
)
def test_a_slip_in_one_of_several_tables_is_named_as_it_stands_in_the_file(old: str, new: str, said: str) -> None:
    text = IDEAS.replace(old, new, 1) if old else IDEAS
    if "chosen" in new or "deep" in new:
        for slip, right in (("  2022,\n", ""), ("interestingness = 11", "interestingness = 5"), ('"new"', '"known"')):
            text = text.replace(slip, right)
    with pytest.raises(LabError) as caught:
        Ideas.of({"ideas.md": text.encode()})
    assert refusal(caught.value).startswith(f"ideas.md {said}")


def test_one_table_where_a_list_of_them_belongs_is_not_passed_over() -> None:
    files = ALL[1].files()
    text = "+++\n[paper]\nkey = 'a'\n+++\n\nKnown.\n"
    with pytest.raises(LabError) as caught:
        Review.of({**files, "review.md": text.encode()})
    assert refusal(caught.value) == 'review.md line 2: paper = {"key": "a"}, but it must be [[paper]].'
    with pytest.raises(LabError) as caught:
        Ideas.of({"ideas.md": b"+++\nchosen = ''\n+++\n\n"})
    assert "but it must be [[idea]]." in refusal(caught.value)


def test_a_paper_found_while_writing_is_named_with_its_own_line() -> None:
    files = ALL[6].files()
    text = files["paper/found.md"].decode()
    text = text.replace("\n+++\n", '\n[[paper]]\nkey = "b"\ntitle = "B"\nyear = "soon"\n+++\n', 1)
    with pytest.raises(LabError) as caught:
        Report.of({**files, "paper/found.md": text.encode()})
    assert text.splitlines()[int(str(caught.value.facts["line"])) - 1] == 'year = "soon"'
    assert caught.value.facts["field"] == "paper.year"


def test_code_that_is_no_python_is_named_with_its_line() -> None:
    data = ALL[3]
    with pytest.raises(LabError) as caught:
        Data.of({**data.files(), "code/load_data.py": b"x = 1\nfor\n"})
    assert (caught.value.key, caught.value.facts["line"]) == ("product.bad_python", 2)


def test_a_program_that_is_not_there_cannot_be_kept() -> None:
    files = ALL[4].files()
    text = files["experiments.md"].decode().replace('baseline = "base"', 'baseline = "bose"')
    with pytest.raises(LabError) as caught:
        Experiments.of({**files, "experiments.md": text.encode()})
    assert caught.value.key == "product.no_such_program"
    assert text.split("\n")[int(str(caught.value.facts["line"])) - 1] == 'baseline = "bose"'


def test_a_reference_of_another_form_is_named_with_its_line() -> None:
    text = '+++\nhypothesis = "holds"\n+++\n\nfirst\n\n\\result{wd_2/steps}\n'
    with pytest.raises(LabError) as caught:
        Interpretation.of({"interpretation.md": text.encode()})
    assert (caught.value.key, caught.value.facts["line"]) == ("product.bad_reference", 7)


def test_going_back_needs_a_phase() -> None:
    files = ALL[7].files()
    text = files["reviews/decision.md"].decode().replace('phase = "plan_formulation"\n', "")
    with pytest.raises(LabError) as caught:
        Refinement.of({**files, "reviews/decision.md": text.encode()})
    assert caught.value.key == "product.decision_without_phase"


def test_a_review_with_a_score_out_of_range_is_named_with_file_and_line() -> None:
    files = ALL[7].files()
    name = "reviews/1-reviewer_impact.md"
    text = files[name].decode().replace("overall = 6", "overall = 11")
    with pytest.raises(LabError) as caught:
        Refinement.of({**files, name: text.encode()})
    assert caught.value.facts["file"] == name
    assert text.split("\n")[int(str(caught.value.facts["line"])) - 1] == "overall = 11"


def test_ideas_are_ranked_by_novelty_and_points_and_a_person_may_pick_another() -> None:
    ideas = ALL[0]
    assert isinstance(ideas, Ideas)
    assert [idea.name for idea in ideas.ideas] == ["clock", "depth"]
    assert ideas.picked("depth").choice.name == "depth"
    with pytest.raises(LabError):
        ideas.picked("nothing")


def test_bibtex_entries_are_told_apart_by_their_braces() -> None:
    text = "@a{x,\n t={A {B} c}\n}\n@b{y, t={z}}\n@broken{w, t={"
    assert list(bib_entries(text)) == ["x", "y"]
    assert bib_entries(text)["y"] == "@b{y, t={z}}"


def test_a_review_is_shown_with_notes_and_an_abstract_only_where_nobody_took_any() -> None:
    read = ShelfPaper(key="a1", title="One", authors=("Ada", "Bo"), year=2020, abstract="Long.", notes="Shows it.")
    unread = ShelfPaper(key="b2", title="Two", abstract="All that is known.")
    shown = Review(review="Known.", papers=(read, unread)).shown
    assert "### a1: One (Ada et al., 2020)\n\nShows it." in shown and "Long." not in shown
    assert "### b2: Two (n.d.)\n\nAll that is known." in shown


@pytest.mark.parametrize("code", ["-" * 100_000 + "1", "a" + ".b" * 50_000], ids=["signs", "dots"])
def test_code_that_python_cannot_parse_for_its_depth_is_no_python(code: str) -> None:
    data = ALL[3]
    with pytest.raises(LabError) as caught:
        Data.of({**data.files(), "code/load_data.py": code.encode()})
    assert caught.value.key == "product.bad_python"
