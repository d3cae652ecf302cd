"""A person's paper is read whole or to a mark, and what cannot be read says why."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from engine import manuscript
from state.errors import LabError
from state.products.manuscript import Manuscript


def test_a_long_text_is_cut_and_the_reviewers_are_told(tmp_path: Path) -> None:
    paper = tmp_path / "theirs.tex"
    paper.write_text("\\section{Sheep}\n" + "x" * manuscript.TEXT_CHARS)
    found = manuscript.read(paper)
    assert found.cut and len(found.text) == manuscript.TEXT_CHARS
    assert found.shown.endswith("[the rest of the file is left out]")
    assert Manuscript.of(found.files()) == found
    paper.write_text("\ufeffShort.\r\n")
    short = manuscript.read(paper)
    assert (short.shown, short.cut, short.file) == ("Short.", False, "theirs.tex")


def test_what_cannot_be_read_says_why(tmp_path: Path) -> None:
    def why(name: str) -> str:
        with pytest.raises(LabError) as caught:
            manuscript.read(tmp_path / name)
        return caught.value.key.removeprefix("manuscript.")

    (tmp_path / "picture.txt").write_bytes(b"\x89PNG\xff")
    (tmp_path / "blank.md").write_text(" \n\n")
    (tmp_path / "broken.pdf").write_bytes(b"%PDF-1.7")
    with (tmp_path / "huge.md").open("wb") as file:
        file.truncate(manuscript.TEXT_B + 1)
    os.mkfifo(tmp_path / "pipe.md")  # would never end
    found = {name: why(name) for name in ("picture.txt", "blank.md", "broken.pdf", "huge.md", "pipe.md", "none.md")}
    assert list(found.values()) == ["not_utf8", "no_text", "broken", "too_big", "gone", "gone"]
