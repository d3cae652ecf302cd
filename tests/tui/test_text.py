"""Text in cells: nothing too wide, no half character, no line that begins with a closing mark."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui.lines import Line, Span, ends, fitted, line
from tui.text import CLOSERS, clean, clip, fit, letters, width, wrap

LATIN = st.text("abcXYZ09_-./", min_size=1, max_size=12)
HAN = st.text("的一是在不了有和人这中大为上个国我以要他", min_size=1, max_size=12)
MARKS = st.sampled_from(["，", "。", "、", "；", "：", "）", "」", "？"])
OPEN = st.sampled_from(["（", "「"])
EMOJI = st.sampled_from(["🙂", "👩‍🔬", "é", "e\u0301", "①", "…"])
PIECES = st.lists(
    st.one_of(LATIN, st.tuples(HAN, MARKS).map("".join), HAN, st.tuples(OPEN, HAN).map("".join), EMOJI), max_size=30
)
TEXTS = st.builds(lambda parts, gaps: "".join(p + g for p, g in zip(parts, gaps, strict=False)), PIECES, st.lists(st.sampled_from(["", " "]), min_size=30, max_size=30))  # fmt: skip  # noqa: E501
ANY = st.text(max_size=80)


@given(TEXTS, st.integers(20, 80))
def test_no_wrapped_line_is_wider_than_asked(text: str, cells: int) -> None:
    assert all(width(row) <= cells for row in wrap(text, cells))


@given(ANY, st.integers(4, 80))
def test_no_text_whatever_makes_a_line_too_wide(text: str, cells: int) -> None:
    assert all(width(row) <= cells for row in wrap(text, cells))


@given(TEXTS, st.integers(20, 80))
def test_wrapping_loses_no_letter(text: str, cells: int) -> None:
    squeezed = "".join(clean(text).split())
    assert "".join("".join(wrap(text, cells)).split()) == squeezed


@given(TEXTS, st.integers(26, 80))
def test_no_line_begins_with_a_closing_mark_or_ends_with_an_opening_one(text: str, cells: int) -> None:
    rows = wrap(text, cells)
    assert not any(row and row[0] in "，。、；：）」？" for row in rows[1:])
    assert not any(row and row[-1] in "（「" for row in rows[:-1])


@given(st.lists(LATIN, min_size=1, max_size=12), st.integers(14, 60))
def test_no_latin_word_is_cut_that_fits_a_line(words: list[str], cells: int) -> None:
    text = "的".join(words)
    assert set(words) <= {part for row in wrap(text, cells) for part in row.replace("的", " ").split()}


@given(ANY, st.integers(0, 60), st.booleans())
def test_fit_is_exact_and_cuts_no_character_in_half(text: str, cells: int, right: bool) -> None:
    text = clean(text).replace("\n", " ")
    assert width(fit(text, cells, right=right)) == cells
    kept = clip(text, cells, "")
    assert letters(kept) == letters(text)[: len(letters(kept))]


@given(ANY)
def test_what_a_stranger_wrote_cannot_command_the_terminal(text: str) -> None:
    assert not any(
        (ord(char) < 32 and char != "\n") or 127 <= ord(char) < 160 for char in clean(f"\x1b[2J\r{text}\x07")
    )


def test_an_operator_stays_with_its_number() -> None:
    assert wrap("with val_acc ≥ 0.95 here", 15) == ["with val_acc", "≥ 0.95 here"]


@pytest.mark.parametrize("mark", sorted(CLOSERS))
def test_every_closing_mark_sticks_to_what_it_closes(mark: str) -> None:
    assert wrap("一二三四" + mark, 8) != ["一二三四", mark]


@given(ANY, ANY, st.integers(20, 80))
def test_a_line_with_two_ends_is_exactly_as_wide_as_asked(left: str, right: str, cells: int) -> None:
    left, right = clean(left).replace("\n", " "), clip(clean(right).replace("\n", " "), 10)
    assert ends(cells, left, right).width == cells


@given(st.lists(ANY, max_size=6), st.integers(0, 60))
def test_a_fitted_line_is_exactly_as_wide_as_asked(texts: list[str], cells: int) -> None:
    spans = [Span(clean(text).replace("\n", " ")) for text in texts]
    assert fitted(line(*spans), cells).width == cells
    assert fitted(Line(), cells).width == cells
