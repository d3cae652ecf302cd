"""How often TeX is run for a paper, played by a TeX that only notes what it was asked."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from engine.writing import by_tex, by_typst, typeset

CITES = "@misc{a, title={A}}"
PAPER = "\\documentclass{article}\n\\begin{document}\nText.\n\\end{document}\n"


class Tex:
    """Programs that are there, and how they end: 1 for a paper that cannot be set, or for any text at all."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
        self.there, self.broken, self.sets_nothing = {"pdflatex", "bibtex"}, False, False
        self.files: set[str] = set()
        self.said = "./paper.tex:3: Undefined control sequence.\n"
        self.ran: list[list[str]] = []
        monkeypatch.chdir(folder)
        monkeypatch.setattr(by_tex, "called", self.called)
        monkeypatch.setattr(typeset, "pages", lambda pdf: 1)
        monkeypatch.setattr(shutil, "which", lambda name: name if name in self.there else None)
        monkeypatch.setattr(by_typst, "with_typst", lambda source, setup: "said by Typst")
        Path("setup.json").write_text(json.dumps({"language": "en", "mark": "", "tex": True}))
        Path("paper.tex").write_text(PAPER)
        Path("references.bib").write_text(CITES)

    def called(self, line: list[str], folder: Path, wall_s: int) -> subprocess.CompletedProcess[str]:
        if line[0] == "kpsewhich":
            return subprocess.CompletedProcess(line, int(not {*line[1:]} <= self.files), "")
        self.ran.append([line[0], *line[-1:], *[word for word in line if word in by_tex.NO_PAGES.values()]])
        fails = self.sets_nothing or (self.broken and line[-1] == "paper.tex")
        if not fails and len(self.ran[-1]) == 2:
            (folder / line[-1]).with_suffix(".pdf").write_text("")
        return subprocess.CompletedProcess(line, int(fails), self.said)

    def build(self) -> dict[str, object]:
        typeset.main()
        told: dict[str, object] = json.loads(Path("build.json").read_text())
        return told


@pytest.fixture
def tex(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Tex:
    return Tex(monkeypatch, tmp_path)


DRAFT = ["pdflatex", "paper.tex", "-draftmode"]


def test_only_the_last_of_three_runs_makes_pages_and_nothing_is_tried_before(tex: Tex) -> None:
    assert tex.build()["ok"] is True
    assert tex.ran == [DRAFT, ["bibtex", "paper"], DRAFT, ["pdflatex", "paper.tex"]]


def test_a_paper_that_cites_nothing_yet_needs_two_runs(tex: Tex) -> None:
    Path("references.bib").write_text("\n")
    assert tex.build()["ok"] is True
    assert tex.ran == [DRAFT, ["pdflatex", "paper.tex"]]


def test_a_paper_at_fault_is_not_set_in_another_way(tex: Tex) -> None:
    tex.broken = True
    told = tex.build()
    assert (told["ok"], told["engine"], told["line"]) == (False, "pdflatex", 3)
    assert tex.ran == [DRAFT, ["pdflatex", "probe.tex"]]
    assert not Path("probe").exists()


def test_where_a_tex_sets_nothing_the_next_one_is_asked_and_typst_last(tex: Tex) -> None:
    tex.there.add("xelatex")
    tex.sets_nothing = True
    told = tex.build()
    assert (told["ok"], told["engine"], told["log"]) == (True, "typst", "said by Typst")
    assert [row[:2] for row in tex.ran] == [
        [name, file] for name in ("pdflatex", "xelatex") for file in ("paper.tex", "probe.tex")
    ]


def test_a_tex_without_a_package_of_the_paper_is_not_even_tried(tex: Tex) -> None:
    tex.there |= {"kpsewhich", "xelatex"}
    tex.files = {"article.cls", "amsmath.sty", "lmodern.sty"}
    Path("paper.tex").write_text(PAPER.replace("\n", "\n\\usepackage[x]{amsmath, ctex}\n", 1))
    assert tex.build()["engine"] == "typst" and tex.ran == []
    tex.files.add("ctex.sty")
    assert tex.build()["engine"] == "pdflatex"


@pytest.mark.parametrize("file", ["paper.tex", "paper.bbl"])
def test_a_sign_that_no_font_of_tex_has_is_set_by_typst(tex: Tex, file: str) -> None:
    """It may stand in the name of a cited author, whom the paper's writer does not name otherwise."""
    tex.there.add("xelatex")
    tex.broken, tex.said = True, f"./{file}:3: LaTeX Error: Unicode character ặ (U+1EB7)\n"
    told = tex.build()
    assert (told["ok"], told["engine"], told["sign"], told["line"]) == (True, "typst", "", 0)
    assert [row[0] for row in tex.ran] == ["pdflatex", "pdflatex"]


def test_a_sign_that_nothing_here_sets_is_told(tex: Tex, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(by_typst, "ways", list)
    tex.broken, tex.said = True, "./paper.tex:3: LaTeX Error: Unicode character ặ (U+1EB7)\n"
    told = tex.build()
    assert (told["ok"], told["engine"], told["sign"], told["line"]) == (False, "pdflatex", "ặ", 3)
