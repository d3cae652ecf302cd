"""Tables that are wider than the page, both ways of typesetting."""

from __future__ import annotations

from pathlib import Path

import pypdfium2
import pytest

from engine.writing import tables
from tests.engine.writing.papers import paper
from tests.engine.writing.test_pdf import ready, texts, typeset_in

BOTH = pytest.mark.parametrize("tex", [False, pytest.param(True, marks=pytest.mark.needs("xelatex", "texlive-xetex"))])
HEADS = (
    (
        "Program",
        "Encoding of the hour",
        "Interaction with the weekend",
        "Weather features",
        "Regularisation",
        "Optimiser",
    ),
    (r"\texttt{base}", "one column an hour", "yes, every column doubled", "temperature, wind", "ridge", "closed form"),
    (r"\texttt{wd\_2}", "sine and cosine of its period", "yes, every one doubled", "temperature", "ridge", "endword"),
)
WORDS = "\n".join(
    (
        *(r"\begin{table}", r"\centering", r"\caption{Settings.}", r"\begin{tabular}{llllll}", r"\toprule"),
        *(rf"{' & '.join(row)} \\" for row in HEADS),
        *(r"\bottomrule", r"\end{tabular}", r"\end{table}"),
    )
)


def numbers(columns: int, cell: str = r"\result{wd_2/mod47/steps/mean}") -> str:
    """A table of measured values, a column each."""
    rows = (" & ".join([name] * columns) for name in ("Steps", cell))
    head, row = rows
    return (
        f"\\begin{{table}}\n\\centering\n\\caption{{Many.}}\n\\begin{{tabular}}{{{'r' * columns}}}\n\\toprule\n{head}"
        f" \\\\\n\\midrule\n{row} \\\\\n\\bottomrule\n\\end{{tabular}}\n\\end{{table}}"
    )


def right_edge(file: Path) -> float:
    """How far to the right anything is printed, as a share of the page."""
    document = pypdfium2.PdfDocument(file)
    edges = []
    for page in document:
        text = page.get_textpage()
        edges += [text.get_charbox(nth)[2] / page.get_width() for nth in range(text.count_chars())]
    document.close()
    return max(edges)


@BOTH
async def test_a_table_of_words_is_broken_within_its_cells(tmp_path: Path, tex: bool) -> None:
    prepared = ready(source=paper(discussion=WORDS))
    assert prepared.faults == ()
    _, built = await typeset_in(tmp_path / "job", prepared, tex=tex)
    assert built.fault is None
    file = tmp_path / "job" / "work" / "paper.pdf"
    assert "endword" in " ".join(texts(file))
    assert right_edge(file) < 0.9


@BOTH
async def test_a_table_of_many_columns_is_set_smaller_within_the_page(tmp_path: Path, tex: bool) -> None:
    prepared = ready(source=paper(discussion=numbers(8)))
    assert prepared.faults == ()
    _, built = await typeset_in(tmp_path / "job", prepared, tex=tex)
    assert built.fault is None
    assert right_edge(tmp_path / "job" / "work" / "paper.pdf") < 0.9


@BOTH
async def test_a_table_that_cannot_be_brought_onto_the_page_goes_back_with_its_line(tmp_path: Path, tex: bool) -> None:
    source = paper(discussion="Before it.\n\n" + numbers(14))
    _, built = await typeset_in(tmp_path / "job", ready(source=source), tex=tex)
    assert built.fault is not None
    assert "wider than the page" in str(built.fault.facts["reason"])
    assert source.splitlines()[built.fault.line - 1].startswith(r"\begin{tabular}")


def test_a_table_that_fits_and_one_whose_author_gave_widths_stay_as_they_are() -> None:
    given = WORDS.replace("llllll", r"lp{0.2\linewidth}llll")
    for source in (numbers(4, "2,310~±~120"), given):
        assert tables.fitted(source, tex=True) == tables.fitted(source, tex=False) == source


def test_lines_of_the_source_stay() -> None:
    for tex in (True, False):
        assert tables.fitted(WORDS, tex=tex).count("\n") == WORDS.count("\n")


def test_chinese_counts_double_and_may_be_broken_anywhere() -> None:
    least, most = tables.widths(r"方法 & 每个小时一列 \\ 甲 & $a + b$", 2)
    assert (least, most) == ([2.0, 3.0], [4.0, 12.0])


@BOTH
async def test_every_figure_stands_before_the_references(tmp_path: Path, tex: bool) -> None:
    each = "\n\n".join(
        f"\\begin{{figure}}\n\\centering\n\\includegraphics[width=0.8\\linewidth]{{figures/{name}.png}}\n"
        f"\\caption{{The last one, {name}.}}\n\\end{{figure}}"
        for name in ("curves", "bars")
    )
    _, built = await typeset_in(tmp_path / "job", ready(source=paper(discussion=f"It ends.\n\n{each}")), tex=tex)
    assert built.fault is None
    pages = texts(tmp_path / "job" / "work" / "paper.pdf")
    told = {nth for nth, page in enumerate(pages) if "The last one" in page}
    assert told and max(told) <= next(nth for nth, page in enumerate(pages) if "References" in page)


@BOTH
async def test_nothing_stands_above_the_title(tmp_path: Path, tex: bool) -> None:
    source = paper(introduction=f"It begins.\n\n{numbers(2)}\n\n{numbers(3)}")
    _, built = await typeset_in(tmp_path / "job", ready(source=source), tex=tex)
    assert built.fault is None
    first = texts(tmp_path / "job" / "work" / "paper.pdf")[0]
    assert first.index("Nightlab") < first.index("Abstract") < first.index("Many.")


@BOTH
async def test_an_abstract_longer_than_a_page_is_all_there(tmp_path: Path, tex: bool) -> None:
    long = "This abstract goes on and on about the hour. " * 200
    _, built = await typeset_in(tmp_path / "job", ready(source=paper(abstract=f"{long}Lastword.")), tex=tex)
    assert built.fault is None
    assert "Lastword" in " ".join(texts(tmp_path / "job" / "work" / "paper.pdf"))
