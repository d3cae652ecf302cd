"""The paper on screen: its numbers one by one, the five files behind each, notes that carry their place, and tallies
that are counted, not taken for granted."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest

from state import places
from state.store import Store
from state.vocabulary import Language, WordKind
from tests.tui import scenes
from tests.tui.screens import rows_of, shown
from tests.tui.test_doing import settle, words
from tui import language
from tui.look import Look, Made
from tui.panes import chain
from tui.panes.papertext import Number
from tui.panes.report import ReportPane
from tui.panes.results import ResultsPane

WIDE = (200, 50)


@pytest.fixture
def lab(project: Path) -> Iterator[tuple[Path, Look]]:
    """A project with the code of the best program in its store and the results file of its first seed on disk."""
    where = places.prepare(project)
    store = Store(where.database, where.blobs)
    code = store.put(b"".join(f"LINE = {number}\n".encode() for number in range(1, 200)))
    look = replace(scenes.paper_at_work(), folder=project)
    programs = tuple(replace(row, sha256=code) if row.name in ("base", "wd_2") else row for row in look.programs)
    row = next(one for one in look.results if one.program == "wd_2")
    attempt = next(one.attempt for one in look.experiments if one.id == row.experiment)
    file = where.jobs / attempt / "work" / row.file
    file.parent.mkdir(parents=True)
    file.write_text('{\n "mod47": {\n  "means": {\n   "steps": 2430\n  }\n }\n}\n')
    yield project, replace(look, programs=programs)
    store.close()


def with_source(look: Look, source: str) -> Look:
    (made,) = look.made["report_writing"]
    other = Made(made.row, {**made.files, "paper/paper.tex": source.encode()}, SimpleNamespace(source=source, main=""))
    return replace(look, made={"report_writing": (other,)})


async def test_tab_goes_from_number_to_number_and_back() -> None:
    async with shown(scenes.paper_at_work(), 7) as (pilot, screen):
        assert any("number 1 of 7" in row for row in rows_of(screen.lab))
        await pilot.press("tab", "tab")
        await pilot.pause()
        assert any("number 3 of 7" in row for row in rows_of(screen.lab))
        await pilot.press("shift+tab")
        await pilot.pause()
        assert any("number 2 of 7" in row for row in rows_of(screen.lab))


async def test_a_wide_screen_has_the_five_files_open_at_their_lines(lab: tuple[Path, Look]) -> None:
    async with shown(lab[1], 7, WIDE) as (pilot, screen):
        await settle(screen, pilot)
        rows = "\n".join(rows_of(screen.lab))
        assert r"5  Weight decay 2 takes \result{wd_2/mod47/steps/mean}" in rows
        assert '4     "steps": 2430' in rows
        await pilot.press("down", "down", "down")
        await pilot.pause()
        rows = "\n".join(rows_of(screen.lab))
        assert "experiment.py" in rows
        assert "LINE = 8" in rows
        assert "LINE = 150" not in rows


async def test_the_arrows_scroll_the_chosen_file_to_its_end(lab: tuple[Path, Look]) -> None:
    async with shown(lab[1], 7, WIDE) as (pilot, screen):
        await settle(screen, pilot)
        await pilot.press("down", "down", "down", "right", "G")
        await pilot.pause()
        rows = "\n".join(rows_of(screen.lab))
        assert "LINE = 199" in rows
        assert "▌" in rows
        await pilot.press("left", "down")
        await pilot.pause()
        pane = screen.pane
        assert isinstance(pane, ReportPane)
        assert pane.rows("chain").cursor == 4
        assert "▌" not in "\n".join(rows_of(screen.lab))


async def test_a_note_at_the_paper_carries_section_and_line(lab: tuple[Path, Look]) -> None:
    async with shown(lab[1], 7) as (pilot, screen):
        await pilot.press("tab", "tab", "n")
        await pilot.pause()
        assert any("paper v2, Results, line 11" in row for row in rows_of(screen.lab))
        await pilot.press(*"too bold", "enter")
        await settle(screen, pilot)
    ((kind, body),) = words(lab[0])
    assert kind is WordKind.NOTE
    assert body["text"] == "paper v2, Results, line 11: too bold"
    assert body["to"] == "report_writing"


async def test_a_note_at_the_source_carries_the_line_at_its_top(lab: tuple[Path, Look]) -> None:
    long = scenes.TEX.replace("Networks generalise", "\n".join(f"% {n}" for n in range(40)) + "\nNetworks generalise")
    async with shown(with_source(lab[1], long), 7) as (pilot, screen):
        await pilot.press("right_square_bracket", "pagedown")
        await pilot.pause()
        first = next(row.split()[0] for row in rows_of(screen.lab)[2:] if row.split()[:1] and row.split()[0].isdigit())
        assert int(first) > 8
        await pilot.press("n")
        await pilot.pause()
        assert any(f"paper v2, Introduction, line {first}" in row for row in rows_of(screen.lab))


async def test_what_is_tied_is_counted() -> None:
    look = scenes.paper_at_work()
    source = scenes.TEX.replace(r"\end{document}", r"\result{none/mod47/steps/mean} \cite{nobody} \end{document}")
    source = source.replace(r"\section{Results}", r"\section{Results}\includegraphics{figures/lost}")
    async with shown(with_source(look, source), 7) as (_, screen):
        rows = rows_of(screen.lab)
    assert any("citations" in row and "1 of 2 ✗" in row for row in rows)
    assert any("numbers" in row and "7 of 8 ✗" in row for row in rows)
    assert any("figures" in row and "1 of 2 ✗" in row for row in rows)


async def test_no_section_that_the_lab_writes_is_cut_in_the_outline() -> None:
    titles = ("Introduction", "Related work", "Background", "Methods", "Experimental setup", "Results", "Discussion")
    text = "".join(rf"\section{{{title}}} Words. " for title in titles)
    source = rf"\documentclass{{article}}\begin{{document}}\begin{{abstract}}A.\end{{abstract}}{text}\end{{document}}"
    for cells, setup in ((80, "setup"), (200, "experimental setup")):
        async with shown(with_source(scenes.paper_at_work(), source), 7, (cells, 50)) as (_, screen):
            outline = [row.partition("│")[0] for row in rows_of(screen.lab)]
        assert any(f"✓ {setup} " in row for row in outline), outline
        assert not any("…" in row for row in outline)


async def test_the_columns_of_a_table_stand_under_each_other() -> None:
    async with shown(scenes.paper_at_work(), 7) as (pilot, screen):
        await pilot.press("tab", "tab", "tab", "tab", "tab", "tab")
        await pilot.pause()
        rows = rows_of(screen.lab)
    one, two = (next(row for row in rows if name in row) for name in ("decay 1  ", "decay 1.5  "))
    assert one.index("2,990") == two.replace("‹", "").index("2,905")


async def test_a_citation_shows_its_stored_abstract_and_then_the_notes() -> None:
    look = scenes.paper_at_work()
    noted = replace(look, papers=tuple(replace(row, notes="p. 3: the curve") for row in look.papers))
    async with shown(noted, 7) as (pilot, screen):
        await pilot.press("right_square_bracket", "right_square_bracket")
        await pilot.pause()
        rows = "\n".join(rows_of(screen.lab))
    assert rows.index("Late generalisation.") < rows.index("p. 3: the curve")


async def test_a_long_line_of_the_source_is_folded_and_nothing_of_it_is_cut() -> None:
    words = " ".join(f"word{number}" for number in range(40))
    look = with_source(scenes.paper_at_work(), scenes.TEX.replace("Networks generalise", words))
    async with shown(look, 7) as (pilot, screen):
        await pilot.press("right_square_bracket")
        await pilot.pause()
        rows = "\n".join(rows_of(screen.lab))
    assert all(f"word{number}" in rows for number in range(40))


async def test_the_log_is_the_newest_build_s_from_its_end() -> None:
    look = scenes.paper_at_work()
    newest, kept = look.built
    assert newest is not None
    log = "\n".join(f"line {number}" for number in range(100)) + "\n! Undefined control sequence."
    async with shown(replace(look, built=(replace(newest, ok=False, log=log), kept)), 7) as (pilot, screen):
        await pilot.press(*["right_square_bracket"] * 3)
        await pilot.pause()
        rows = "\n".join(rows_of(screen.lab))
        assert "! Undefined control sequence." in rows
        assert "no PDF" in rows
        await pilot.press("g")
        await pilot.pause()
        assert "line 0" in "\n".join(rows_of(screen.lab))


def test_a_per_cent_sign_in_prose_is_no_comment_and_the_talk_has_the_measured_values() -> None:
    look = scenes.experiments_at_work()
    text = r"At 95 % of the pairs: \result{wd_2/mod47/steps/mean} steps, \result{none/mod47/steps/mean}"
    pane = ResultsPane()
    assert pane.readable(look, text) == "At 95 % of the pairs: 2,310 ± 95 steps, ?"
    turn = scenes.said("postdoc", "18:27", text)
    (told,) = pane.said(look, [replace(turn, tool="interpretation", arguments={"text": text, "n": 3})])
    assert told.text == told.arguments["text"] == "At 95 % of the pairs: 2,310 ± 95 steps, ?"


async def test_changes_are_told_against_the_last_version_that_reads_otherwise() -> None:
    look = scenes.paper_at_work()
    (made,) = look.made["report_writing"]
    first = replace(made, files={**made.files, "paper/paper.tex": scenes.TEX.replace("late", "early").encode()})
    same = replace(made, row=replace(made.row, version=3))
    waits = (scenes.wait("checkpoint", "report_writing", "19:20"),)
    versions = (replace(first, row=replace(made.row, version=1)), made, same)
    async with shown(replace(look, made={"report_writing": versions}, waits=waits), 7) as (pilot, screen):
        await pilot.press("right_square_bracket", "right_square_bracket")
        await pilot.pause()
        rows = "\n".join(rows_of(screen.lab))
    assert "against v1" in rows
    assert r"- Networks generalise early \cite{power2022}." in rows
    assert r"+ Networks generalise late \cite{power2022}." in rows


async def test_a_number_is_found_as_one_types_it() -> None:
    async with shown(scenes.paper_at_work(), 7) as (pilot, screen):
        assert not any("\u00a0" in row for row in rows_of(screen.lab))
        await pilot.press("/", *"2,990 ± 180")
        await pilot.pause()
        assert any("baseline 2,990 ± 180." in row for row in rows_of(screen.lab))  # the first, however one types
        pane = screen.pane
        assert isinstance(pane, ReportPane)
        assert pane.page("paper").top <= 3


def at_its_checkpoint() -> Look:
    look = scenes.paper_at_work()
    done = (scenes.phase(number, "done", took_m=5, cents=10) for number in range(1, 7))
    return replace(
        look,
        run=scenes.run("waiting"),
        phases=scenes.phases(*done, scenes.phase(7, "waits_person", "19:15", cents=94)),
        waits=(scenes.wait("checkpoint", "report_writing", "19:15", {"next": "report_refinement"}),),
    )


def page_rows(rows: list[str]) -> int:
    """Rows of the paper's own text, right of the outline."""
    return sum("│" in row for row in rows)


async def test_at_a_checkpoint_the_links_give_way_to_the_page() -> None:
    """80×24: one link at a time, the one that the arrows chose; the choices stand as everywhere."""
    async with shown(at_its_checkpoint(), 7) as (pilot, screen):
        rows = rows_of(screen.app)
        assert page_rows(rows) == 11
        assert any("where it comes from, 1 of 5" in row for row in rows)
        assert any(row.startswith("▸  written as") for row in rows)
        assert not any("experiments   e6" in row for row in rows)
        assert any("a approve" in row for row in rows) and any("Nothing goes on" in row for row in rows)
        await pilot.press("down", "down")
        await pilot.pause()
        rows = rows_of(screen.app)
        assert any("where it comes from, 3 of 5" in row for row in rows)
        assert any(row.startswith("▸  experiments   e6") for row in rows)
        assert not any("written as" in row for row in rows)
        language.use(Language.ZH)
        await pilot.pause()
        (row,) = (row for row in rows_of(screen.app) if "数字的来处，3/5" in row)
        assert "…" not in row


@pytest.mark.parametrize(("height", "page", "links"), [(24, 11, 1), (26, 12, 2), (29, 12, 5), (36, 19, 5)])
async def test_links_come_back_as_there_is_room(height: int, page: int, links: int) -> None:
    async with shown(at_its_checkpoint(), 7, (80, height)) as (_, screen):
        rows = rows_of(screen.app)
        names = ("written as", "results   ", "experiments   e", "program   ", "step   ")
        assert (page_rows(rows), sum(row[1:].strip().startswith(names) for row in rows)) == (page, links)
        assert any(("where it comes from, 1 of 5" if links < 5 else "where it comes from ") in row for row in rows)


async def test_a_paper_at_work_has_twelve_rows_and_all_its_links() -> None:
    async with shown(scenes.paper_at_work(), 7) as (_, screen):
        rows = rows_of(screen.app)
        assert page_rows(rows) == 12 and any("step   " in row for row in rows)


def test_what_was_superseded_makes_no_number_and_stands_behind_none() -> None:
    look, number = scenes.paper_at_work(), Number("wd_2/mod47/steps/mean", 5)
    before, behind = chain.value(look, number), chain.measured_by(look, number)
    over = tuple(replace(row, value=9e6, superseded=True) for row in look.results if row.program == "wd_2")
    later = replace(look, results=(*look.results, *(replace(row, experiment=row.experiment + 90) for row in over)))
    assert chain.value(later, number) == before
    assert chain.measured_by(later, number) == behind
