"""paper-solver on a real desk: every section is built into the PDF before it is kept."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from engine import versions
from engine.answering import Refusal
from engine.phases import report_writing
from engine.phases.reviewing import points
from engine.writing.scaffold import section
from state.products.base import Product
from state.products.literature import Review
from state.products.refinement import Form
from state.products.report import Report
from state.readers import reading
from state.vocabulary import Phase
from tests.engine.conftest import Laid
from tests.engine.experiments.test_png import png
from tests.engine.phases.played import (
    REVIEW,
    Cast,
    experiments,
    inputs_with,
    interpreted,
    last,
    play,
    tagged,
    values,
    visited_again,
)
from tests.engine.phases.test_report_refinement import FORM

INPUTS = interpreted()
at_once, typst = pytest.mark.usefixtures("at_once"), pytest.mark.usefixtures("typst")
README = {"text": r"At 100 % of the table it took \result{wd_2/toy/steps/mean} steps."}


def writes(text: str) -> dict[str, Any]:
    """The section that was asked for last."""
    part = tagged(text, "section")[-1]
    if part == "title":
        return {"text": "Does decay set the clock?"}
    if part == "results":
        return {"text": r"With more decay it took \result{wd_2/toy/steps/mean} steps, which is \verdict{wd_2}."}
    if part == "related work":
        return {"text": r"Late generalisation was seen before \cite{power2022}."}
    return {"text": f"This is the {part}, with a decay of \\given{{2}}."}


@typst
async def test_a_paper_is_written_section_by_section_and_its_numbers_are_measured(lay: Callable[..., Laid]) -> None:
    laid = lay(Phase.REPORT_WRITING)
    cast = Cast(replace=[writes], review=[FORM], readme=[README], done=[{"why": "good"}])
    report = await report_writing.run(play(laid, cast, INPUTS, report_steps=0))
    assert report is not None and report.pdf.startswith(b"%PDF")
    assert report.title == "Does decay set the clock?"
    assert r"\result{wd_2/toy/steps/mean}" in section(report.source, "results")
    assert list(report.bibliography.split("{")[1:2]) == ["power2022,\n  author = "]
    assert report.readme == "At 100 % of the table it took 152.0 ± 1.0 steps."
    assert Report.of(report.files()) == report
    asked = [tagged(text, "section")[-1] for text in map(last, cast.asked) if tagged(text, "section")]
    assert asked[0] == "title" and asked[-1] == "discussion" and len(asked) == 9


@at_once
async def test_the_writer_is_told_what_was_seen_and_offered_no_picture_that_nobody_can_read(
    lay: Callable[..., Laid],
) -> None:
    drawn = experiments().model_copy(update={"figures": {"wd_2-a.png": png(64, 48), "wd_2-b.png": png(8, 6)}})
    inputs = interpreted(drawn)

    def sees(text: str) -> dict[str, Any]:
        return {"shows": "Lines that fall.", "legible": "<figure>wd_2-a.png" in text}

    cast = Cast(describe_figure=[sees], replace=[writes], review=[FORM], readme=[README], done=[{}], edit=[])
    await report_writing.run(play(lay(Phase.REPORT_WRITING), cast, inputs, report_steps=1, sees=True))
    for wanted in ("<section>", "<read_as>"):
        text = next(text for text in cast.shown if wanted in text)
        assert tagged(text, "figures") == ['<item file="figures/wd_2-a.png">Seen: Lines that fall.</item>'], wanted


@at_once
async def test_a_typed_number_goes_back_with_its_line(lay: Callable[..., Laid]) -> None:
    laid = lay(Phase.REPORT_WRITING)

    def slips(text: str) -> dict[str, Any]:
        if tagged(text, "section")[-1] == "abstract" and "<error>" not in text:
            return {"text": "It took 152 steps."}
        return writes(text)

    cast = Cast(replace=[slips], review=[FORM], readme=[README], done=[{}])
    report = await report_writing.run(play(laid, cast, INPUTS, report_steps=0))
    assert report is not None and "152" not in report.source
    errors = [tagged(last(request), "error")[0] for request in cast.asked if tagged(last(request), "error")]
    assert len(errors) == 1 and "152 is typed" in errors[0] and errors[0].startswith("line ")


@at_once
async def test_a_title_with_a_typed_number_goes_back_before_the_next_section(lay: Callable[..., Laid]) -> None:
    laid = lay(Phase.REPORT_WRITING)

    def slips(text: str) -> dict[str, Any]:
        first = tagged(text, "section")[-1] == "title" and "<error>" not in text
        return {"text": "A decay of 2.5"} if first else writes(text)

    cast = Cast(replace=[slips], review=[FORM], readme=[README], done=[{}])
    report = await report_writing.run(play(laid, cast, INPUTS, report_steps=0))
    assert report is not None and report.title == "Does decay set the clock?"
    asked = [tagged(last(request), "section")[0] for request in cast.asked if tagged(last(request), "section")]
    assert asked[:3] == ["title", "title", "abstract"]


@at_once
async def test_an_edit_that_does_not_build_goes_back_within_its_step(lay: Callable[..., Laid]) -> None:
    laid = lay(Phase.REPORT_WRITING)

    def edits(text: str) -> dict[str, Any]:
        rows = tagged(text, "paper")[-1].split("\n") if tagged(text, "paper") else []
        told.append(tagged(text, "error"))
        lines.extend(n for n, row in enumerate(rows, 1) if "This is the discussion" in row)
        return {"first": lines[0], "last": lines[0], "text": "Mended." if tagged(text, "error") else "Mended by 42.\n"}

    lines: list[int] = []
    told: list[list[str]] = []
    reads = [FORM, {**FORM, "overall": 9}]
    cast = Cast(replace=[writes], review=reads, readme=[README], edit=[edits])
    report = await report_writing.run(play(laid, cast, INPUTS, report_steps=1))
    assert report is not None and "Mended." in report.source
    assert told[0] == [] and "42 is typed" in told[1][0] and "[Mended by 42.]" in told[1][0]


@at_once
async def test_an_edit_that_never_fits_is_a_step_that_brought_nothing(lay: Callable[..., Laid]) -> None:
    laid = lay(Phase.REPORT_WRITING)
    cast = Cast(replace=[writes], review=[FORM], edit=[{"first": 9000, "last": 9000, "text": "x"}], readme=[README])
    report = await report_writing.run(play(laid, cast, INPUTS, report_steps=1))
    assert report is not None and laid.store.row("SELECT 1 FROM wait") is None


@at_once
async def test_an_edit_is_kept_only_if_the_paper_reads_better(lay: Callable[..., Laid]) -> None:
    laid = lay(Phase.REPORT_WRITING)

    def edits(text: str) -> dict[str, Any]:
        rows = tagged(text, "paper")[-1].split("\n")
        line = next(n for n, row in enumerate(rows, 1) if "This is the discussion" in row)
        step = tagged(text, "step")[-1]
        return {"first": line, "last": line, "text": f"This is the discussion after step wd-{'abc'[int(step) - 1]}.\n"}

    def reads(text: str) -> dict[str, Any]:
        return {**FORM, "overall": 7 if "wd-a" in text else 4 if "wd-b" in text else 5}

    cast = Cast(replace=[writes], review=[reads], readme=[README], edit=[edits])
    report = await report_writing.run(play(laid, cast, INPUTS, report_steps=2))
    assert report is not None
    assert "wd-a" in report.source and "wd-b" not in report.source


@at_once
async def test_an_edit_that_nobody_can_score_is_not_kept_and_nobody_is_asked(lay: Callable[..., Laid]) -> None:
    laid = lay(Phase.REPORT_WRITING)

    def edits(text: str) -> dict[str, Any]:
        rows = tagged(text, "paper")[-1].split("\n")
        line = next(n for n, row in enumerate(rows, 1) if "This is the discussion" in row)
        return {"first": line, "last": line, "text": "This is the discussion after an edit.\n"}

    cast = Cast(replace=[writes], review=[FORM, {**FORM, "overall": 99}], readme=[README], edit=[edits])
    report = await report_writing.run(play(laid, cast, INPUTS, report_steps=2))
    assert report is not None and "after an edit" not in report.source
    attempts = [tagged(text, "last_attempt")[0] for text in cast.shown if tagged(text, "last_attempt")]
    assert attempts and "nobody could score it: wrong arguments for review" in attempts[0]
    assert laid.store.row("SELECT 1 FROM wait") is None


@at_once
async def test_a_paper_that_nobody_can_score_is_handed_in_as_it_was_written(lay: Callable[..., Laid]) -> None:
    laid = lay(Phase.REPORT_WRITING)
    cast = Cast(replace=[writes], review=[{**FORM, "overall": 99}], readme=[README], edit=[])
    report = await report_writing.run(play(laid, cast, INPUTS, report_steps=2))
    assert report is not None and report.readme and "This is the discussion" in report.source
    assert laid.store.row("SELECT 1 FROM wait") is None


async def test_work_sent_back_may_keep_a_section_as_it_was(lay: Callable[..., Laid]) -> None:
    laid = lay(Phase.REPORT_WRITING)
    cast = Cast(replace=[writes], review=[FORM], readme=[README], done=[{}])
    first = await report_writing.run(play(laid, cast, INPUTS, report_steps=0))
    assert first is not None
    visited_again(laid, Phase.REPORT_WRITING)
    cast = Cast(keep=[{"why": "nothing there has changed"}], review=[FORM], readme=[README], done=[{}])
    inputs = inputs_with(*INPUTS.products.values(), measured=values(mean=140.0), earlier=first)
    again = await report_writing.run(play(laid, cast, inputs, report_steps=0))
    assert again is not None and again.source == first.source
    assert again.readme == "At 100 % of the table it took 140.0 ± 1.0 steps."


@typst
async def test_a_persons_edit_is_built_again_or_refused_with_its_line(lay: Callable[..., Laid]) -> None:
    laid = lay(Phase.REPORT_WRITING)
    cast = Cast(replace=[writes], review=[FORM], readme=[README], done=[{}])
    report = await report_writing.run(play(laid, cast, INPUTS, report_steps=0))
    assert report is not None
    desk = play(laid, cast, INPUTS)
    wrong = report.model_copy(update={"source": report.source.replace(r"\verdict{wd_2}", "42 times better")})
    refusal = await report_writing.check(desk.within("wrong"), wrong)
    assert isinstance(refusal, Refusal)
    assert refusal.key == "paper.typed_number"
    assert "42" in wrong.source.split("\n")[int(str(refusal.facts["line"])) - 1]
    right = report.model_copy(update={"source": report.source.replace("This is the", "Here is the"), "pdf": b""})
    rebuilt: Refusal | Product = await report_writing.check(desk.within("right"), right)
    assert isinstance(rebuilt, Report) and rebuilt.pdf.startswith(b"%PDF") and rebuilt.readme == report.readme


def test_overall_counts_most_in_the_one_number_that_papers_are_compared_by() -> None:
    form = Form.model_validate({**FORM, "strengths": ("honest",)})
    best = form.model_copy(update=dict.fromkeys(("originality", "quality", "clarity", "significance"), 4))
    full = best.model_copy(
        update={"soundness": 4, "presentation": 4, "contribution": 4, "overall": 10, "confidence": 5}
    )
    assert points(full) == 10
    assert points(form.model_copy(update={"overall": 6})) - points(form) > points(best) - points(
        best.model_copy(update={"originality": 3})
    )


@at_once
async def test_a_paper_found_while_writing_may_be_cited_and_is_known_by_its_abstract_from_then_on(
    lay: Callable[..., Laid],
) -> None:
    laid = lay(Phase.REPORT_WRITING)
    papers = laid.places.folder / "papers"
    papers.mkdir()
    for key, abstract in (("nanda2023", "A clock within the weights."), ("power2022", "Another abstract.")):
        who = f" author = {{A. {key[:-4]}}},\n year = {{{key[-4:]}}},\n"
        entry = f"@article{{{key},\n title = {{Progress}},\n{who} abstract = {{{abstract}}}\n}}\n"
        (papers / f"{key}.bib").write_text(entry)
    with laid.store.transaction() as tx:
        versions.note_facts(tx, laid.desk().bench, REVIEW)

    def cites(text: str) -> dict[str, Any]:
        if tagged(text, "section")[-1] == "discussion":
            return {"text": r"It is a clock \cite{nanda2023, power2022}."}
        return writes(text)

    def searches(text: str) -> dict[str, Any] | None:
        return (
            {"query": "progress"}
            if tagged(text, "section")[-1] == "discussion" and "A clock within" not in text
            else None
        )

    cast = Cast(
        search_papers=[searches],
        replace=[lambda text: None if searches(text) else cites(text)],
        review=[FORM],
        readme=[README],
        done=[{}],
    )
    report = await report_writing.run(play(laid, cast, INPUTS, report_steps=0, papers_folder="papers"))
    assert report is not None
    assert [(paper.key, paper.abstract) for paper in report.papers] == [("nanda2023", "A clock within the weights.")]
    assert Report.of(report.files()) == report
    with reading(laid.places.database, laid.places.blobs) as reader:
        assert reader is not None
        noted = {paper.key: (paper.abstract, paper.notes) for paper in reader.papers()}
    assert noted == {
        "nanda2023": ("A clock within the weights.", ""),
        "power2022": ("", "Shows late generalisation (p. 4)."),
    }
    read_by_another = report.papers[0].model_copy(update={"notes": "Read by another run (p. 2)."})
    with laid.store.transaction() as tx:
        versions.note_facts(tx, laid.desk().bench, Review(review="x", papers=(read_by_another,)))
        versions.note_facts(tx, laid.desk().bench, report)
    row = laid.store.row("SELECT notes FROM paper WHERE key = 'nanda2023'")
    assert row is not None and row["notes"] == read_by_another.notes
    edited = report.model_copy(update={"source": report.source.replace("It is a clock", "This is a clock")})
    checked = await report_writing.check(play(laid, cast, INPUTS).within("edit"), edited)
    assert isinstance(checked, Report) and checked.papers == report.papers
