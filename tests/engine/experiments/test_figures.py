"""Figures are drawn by a job, from numbers, the same bytes each time, also with Chinese words."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

from engine.experiments import figures, png
from engine.experiments.contract import Ending
from engine.experiments.figures import Bar, Bars, Curves, Series
from engine.experiments.local.place import Local
from state.curve import Curve, Point

LINES = Series("wd_2", (((0, 1.0), (1, 0.5), (2, 0.2)), ((0, 1.1), (1, 0.6), (2, 0.4))))


def drawn(words: str) -> list[Curves | Bars]:
    return [
        Curves("curves.png", words, "step", "loss", (LINES, Series("empty", ((),)))),
        Bars("bars.png", words, "steps", (Bar("wd_2", 2300, 120, None, "n=3"), Bar("wd_0", None, None, 4000, ">4000"))),
        Curves("nothing.png", words, "step", "loss", (Series("empty", ((),)),)),
    ]


async def draw(folder: Path, words: str) -> Ending:
    place = Local()
    await place.submit(folder, figures.job(drawn(words)))
    return await place.wait(folder)


async def test_the_same_numbers_give_the_same_bytes_and_chinese_has_its_glyphs(tmp_path: Path) -> None:
    first, second = await draw(tmp_path / "jobs" / "a", "权重衰减"), await draw(tmp_path / "jobs" / "b", "权重衰减")
    assert first.ok, first.error
    assert sorted(first.files) == ["bars.png", "curves.png"]
    assert first.files == second.files
    assert "missing from" not in first.tail  # what matplotlib says of a glyph that no font has
    for name in first.files:
        size = png.size_of((tmp_path / "jobs" / "a" / "work" / name).read_bytes())
        assert size is not None
        assert size[0] > 800


async def test_the_fonts_of_this_machine_are_looked_for_once_for_all_projects(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    endings = [await draw(tmp_path / project / "jobs" / "a", "steps") for project in ("one", "two")]
    assert all(ending.ok for ending in endings)
    assert [path.parent.name for path in tmp_path.rglob("fontlist-*.json")] == ["matplotlib"]
    assert "building the font cache" not in endings[1].tail


async def test_whatever_a_program_calls_its_metric_and_however_large_it_is_the_figure_is_drawn(tmp_path: Path) -> None:
    name = "cost in $ \\frac{ _^ %"
    line = Series("wd_2", (((0, 1e100), (1e15, -1e100)),))
    bar = Bar(name, 1e100, 1e99, None, "n=3")
    place = Local()
    await place.submit(
        tmp_path / "a", figures.job([Curves("c.png", name, "step", name, (line,)), Bars("b.png", name, name, (bar,))])
    )
    ending = await place.wait(tmp_path / "a")
    assert ending.ok, ending.error
    assert sorted(ending.files) == ["b.png", "c.png"]


def test_a_long_curve_is_thinned_and_keeps_its_ends() -> None:
    points = [(float(n), float(-n)) for n in range(10_000)]
    thin = figures.thinned(points)
    assert (len(thin) <= figures.POINTS, thin[0], thin[-1]) == (True, points[0], points[-1])


def test_a_series_takes_one_metric_of_the_curves() -> None:
    curve = Curve((Point(1, {"loss": 2.0}), Point(2, {"acc": 1.0})), 0)
    assert Series.of("p", "loss", [curve]).seeds == (((1, 2.0),),)


async def test_a_line_that_ends_early_is_seen_upon_the_one_it_is_a_part_of(tmp_path: Path) -> None:
    whole = ((0, 1.0), (1, 0.8), (2, 0.6), (3, 0.4))
    early, late = Series("early", (whole[:2],)), Series("late", (whole,))
    pictures = []
    for nth, series in enumerate([(early, late), (late,)]):
        folder = tmp_path / "jobs" / str(nth)
        place = Local()
        await place.submit(folder, figures.job([Curves("c.png", "", "step", "loss", series)]))
        assert (await place.wait(folder)).ok
        pictures.append(Image.open(folder / "work" / "c.png").convert("RGB"))
    first = (0, 114, 178)  # the first colour: the early line's in one picture, the late line's in the other
    seen = [{colour: n for n, colour in picture.getcolors(1 << 24) or []}[first] for picture in pictures]
    assert seen[0] > seen[1] / 4
