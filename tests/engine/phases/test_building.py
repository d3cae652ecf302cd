"""The paper on its way to a PDF, and the README beside it: the rehearsal's words are marked, no number is typed."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import replace

import pypdfium2
import pytest

from engine.experiments.contract import Ending, File, Job
from engine.models.base import Request
from engine.phases import building, measure, report_writing
from engine.phases.building import Draft
from engine.prompt import Shown
from engine.writing import pdf
from engine.writing.references import bound
from engine.writing.scaffold import scaffold
from state.vocabulary import ExperimentState, Language, Phase
from tests.engine.conftest import Laid
from tests.engine.phases.played import DATA, PLAN, REVIEW, Cast, interpreted, last, play, tagged

Lay = Callable[..., Laid]
INPUTS = interpreted()


def first_page(told: bytes) -> str:
    document = pypdfium2.PdfDocument(io.BytesIO(told))
    text = " ".join(document[0].get_textpage().get_text_range().split())
    document.close()
    return text


async def test_the_paper_of_a_rehearsal_says_so_on_its_first_page_and_no_other(lay: Lay) -> None:
    laid = lay(Phase.REPORT_WRITING)
    for rehearsal in (True, False):
        desk = play(laid, Cast(), INPUTS, rehearsal=rehearsal).within(f"rehearsal-{rehearsal}")
        built = await building.build(desk, Draft(scaffold("Decay", Language.EN)), {})
        assert isinstance(built, Draft)
        assert (pdf.MARKS[Language.EN] in first_page(built.pdf)) is rehearsal


@pytest.fixture
def marks(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The marks of the papers that were built, in order."""
    told: list[str] = []
    job = pdf.job

    def seen(prepared: pdf.Prepared, *, mark: str = "", tex: bool = True) -> Job:
        told.append(mark)
        return job(prepared, mark=mark, tex=False)

    monkeypatch.setattr(pdf, "job", seen)
    return told


@pytest.mark.parametrize("scripted", [True, False])
async def test_what_the_rehearsal_wrote_in_a_visit_that_began_with_a_model_says_so_from_then_on(
    lay: Lay, marks: list[str], scripted: bool
) -> None:
    laid = lay(Phase.REPORT_WRITING)
    desk = play(laid, Cast(), INPUTS, rehearsal=False)
    cast = Cast(replace=[{"text": "Decay"}, {"text": "A study of decay."}, {"text": "Decay is old."}])

    def answer(request: Request) -> object:
        reply = cast(request)
        switched = scripted and len(cast.asked) == 2  # a person set the model to the rehearsal, and back again
        return replace(reply, model="rehearsal") if switched else reply

    laid.player.replies = [answer] * 3  # type: ignore[list-item]  # it answers with replies
    draft, found = Draft(scaffold("?", Language.EN)), report_writing.citable(desk, None)
    for part in ("title", "abstract", "introduction"):
        writer = report_writing.seated(desk.within(f"seat-{part}"), Shown(""))
        draft = await report_writing.written(desk.within(part), writer, draft, part, found)
    assert [bool(mark) for mark in marks] == [False, scripted, scripted]


async def test_a_persons_edit_of_what_the_rehearsal_wrote_keeps_the_mark(lay: Lay, marks: list[str]) -> None:
    laid = lay(Phase.REPORT_WRITING)
    desk = play(laid, Cast(), INPUTS, rehearsal=False)
    report = Draft(scaffold("Decay", Language.EN)).report
    await report_writing.check(desk.within("before"), report)
    laid.player.replies = [Cast(replace=[{"text": "Decay"}])]
    await report_writing.written(
        desk.within("title"), report_writing.seated(desk, Shown("")), Draft(report.source), "title", {}
    )
    with laid.store.transaction() as tx:
        tx.execute("UPDATE attempt SET model = 'rehearsal/rehearsal' WHERE kind = 'call'")
    await report_writing.check(desk.within("after"), report)
    assert [bool(mark) for mark in marks] == [False, False, True]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("It took 152 steps.", r"line 1: 152 is typed"),
        (r"It took \result{wd_9/toy/steps/mean} steps.", "wd_9"),
        ("It is forty-four per cent faster.", "forty-four per cent is typed in words"),
    ],
)
async def test_the_readme_of_the_finding_types_no_measured_number(lay: Lay, text: str, why: str) -> None:
    laid = lay(Phase.REPORT_WRITING)
    cast = Cast(readme=[{"text": text}, {"text": r"It took \result{wd_2/toy/steps/mean} steps."}])
    assert await report_writing.readme(play(laid, cast, INPUTS)) == "It took 152.0 ± 1.0 steps."
    assert why in tagged(last(cast.asked[1]), "refusal")[0]


def test_a_setting_is_what_plan_data_or_a_program_names_and_no_other_number(lay: Lay) -> None:
    card = DATA.model_copy(update={"card": "97 pairs.", "code": "ROWS = 4_000\n"})
    inputs = interpreted(card)
    known = building.known(play(lay(Phase.REPORT_WRITING), Cast(), inputs))

    def refused(number: str) -> bool:
        source = "\\begin{document}\n" + rf"\given{{{number}}}"
        return bool(bound(source, known, Language.EN)[1])

    assert [refused(number) for number in ("100", "97", "4,000", "2", "152", "44")] == [False] * 4 + [True] * 2


def test_a_name_with_a_decimal_in_it_is_one_that_question_review_or_a_cited_title_has(lay: Lay) -> None:
    review = REVIEW.model_copy(update={"review": "GPT-3.5 was asked."})
    inputs = replace(interpreted(review), asked="Does Phi-2.7 grok?")
    desk = play(lay(Phase.REPORT_WRITING), Cast(), inputs)
    found = {"x": REVIEW.papers[0].model_copy(update={"title": "Llama-3.1-8B"})}
    named = replace(building.known(desk), read=building.read(desk, found))
    names = ("GPT-3.5", "Phi-2.7", "Llama-3.1-8B", "Acc-3.1")
    told = [bool(bound(f"\\begin{{document}}\n{name}", named, Language.EN)[1]) for name in names]
    assert told == [False, False, False, True]


def test_a_program_that_failed_after_it_wrote_its_results_measured_nothing(lay: Lay) -> None:
    laid = lay(Phase.RUNNING_EXPERIMENTS)
    blob = laid.store.put(b'{"toy": {"means": {"steps": 9.0}}}')
    desk, files = laid.desk(), {measure.RESULTS: File(blob, 34)}
    whole = Ending(ExperimentState.FINISHED, 0, files=files)
    assert measure.reading(desk, PLAN, whole, 1) == measure.Reading(1, 9.0)
    for state in (ExperimentState.FAILED, ExperimentState.LIMIT, ExperimentState.LOST):
        assert measure.reading(desk, PLAN, replace(whole, state=state), 1) == measure.Reading(1)
        assert measure.complaint(desk, PLAN, replace(whole, state=state))
