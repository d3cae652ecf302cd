"""Markdown as lines: headings and `**bold**` bold, `*italic*` italic, lists hanging, code as it was written.

A star marks something only where it stands at the edge of a word: `x**2` and `a * b` are left alone. Whoever shows
what a model or a product says calls it; there is no colour here but the one that is asked for.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from tui.lines import EMPTY, Line, Span, line
from tui.text import clean, clip, folded, wrap

# patterns, compiled when the first of them is asked for: the first frame has no Markdown
WITHIN = r"(?:(?!\n\s*\n).){1,400}?"
"""What may stand between two marks: it ends with its paragraph, and a mark without a fellow is not sought for ever."""
INLINE = (
    rf"(?P<ticks>`+)(?!`){WITHIN}(?<!`)(?P=ticks)(?!`)"
    rf"|(?<![A-Za-z0-9_*\\])(?P<stars>\*{{1,3}})(?![\s*])(?P<inside>{WITHIN})(?<![\s*])(?P=stars)(?![A-Za-z0-9_*])"
)
FENCE = r"^[ \t]*```.*$\n?"
HEADING = r"#{1,6} +(.*)"
ITEM = r"( *(?:[-*+]|\d+[.)]) +)(.*)"


def told(text: str, cells: int, role: str = "text") -> list[Line]:
    """The text in lines of at most `cells` cells; blank lines one at a time, and one above each heading."""
    lines: list[Line] = []
    for row, code in _rows(text, role):
        said = row.plain
        if code:
            lines += [Line((Span(part, role),)) for part in folded(said, cells)]
        elif said.lstrip().startswith("|"):
            lines.append(Line((Span(clip(said, cells), role),)))
        elif not said.strip():
            lines += [EMPTY] if lines and lines[-1] != EMPTY else []
        elif heading := re.match(HEADING, said):
            lines += [EMPTY] if lines and lines[-1] != EMPTY else []
            lines += [Line((Span(part, role, bold=True),)) for part in wrap(heading[1], cells)]
        else:
            lines += _dressed(item(said, cells), row)
    return lines


def bare(text: str) -> str:
    """The text without the stars that mark something."""
    return "".join(span.text for span in _inline(text, Span("")))


def item(row: str, cells: int) -> list[str]:
    """A paragraph, or a list item whose further lines stand under its text."""
    found = re.match(ITEM, row)
    if not found or len(found[1]) > cells // 2:
        return wrap(row, cells)
    first, *rest = wrap(found[2], cells - len(found[1])) or [""]
    return [found[1] + first, *(" " * len(found[1]) + part for part in rest)]


def _rows(text: str, role: str) -> Iterator[tuple[Line, bool]]:
    """Each row with its marks turned into styles, and whether it is code."""
    blocks = re.split(FENCE, clean(text), flags=re.MULTILINE)
    for nth, block in enumerate(blocks):
        block = block if nth == len(blocks) - 1 else block.removesuffix("\n")
        if nth % 2:
            yield from ((line(Span(row, role)), True) for row in block.split("\n"))
        elif block:
            yield from ((row, False) for row in _split(_inline(block, Span("", role))))


def _inline(text: str, like: Span) -> Iterator[Span]:
    at = 0
    for found in re.finditer(INLINE, text, re.DOTALL):
        if not found["stars"]:  # code keeps its ticks, and the stars between them
            continue
        yield replace(like, text=text[at : found.start()])
        bold, italic = like.bold or len(found["stars"]) > 1, like.italic or len(found["stars"]) != 2
        yield from _inline(found["inside"], replace(like, bold=bold, italic=italic))
        at = found.end()
    yield replace(like, text=text[at:])


def _split(spans: Iterable[Span]) -> Iterator[Line]:
    """One line of spans as its rows."""
    row: list[Span] = []
    for span in spans:
        first, *rest = span.text.split("\n")
        row.append(replace(span, text=first))
        for part in rest:
            yield line(*row)
            row = [replace(span, text=part)]
    yield line(*row)


def _dressed(rows: Sequence[str], source: Line) -> list[Line]:
    """Rows that a text was wrapped into, each letter as it is in `source`; blanks between letters that are alike are as
    they are. Wrapping moves blanks and nothing else."""
    plain = Span("", source.spans[0].role)
    if all(_alike(span, plain) for span in source.spans):
        return [Line((replace(plain, text=row),)) for row in rows]
    styles = (span for span in source.spans for char in span.text if not char.isspace())
    lines = []
    for row in rows:
        spans: list[Span] = []
        text, style = "", plain
        for blanks, char in re.findall(r"(\s*)(\S)", row):
            after = next(styles)
            if _alike(after, style):
                text += blanks + char
                continue
            spans += [replace(style, text=text), replace(plain, text=blanks)]
            text, style = char, after
        lines.append(line(*spans, replace(style, text=text)))
    return lines


def _alike(one: Span, two: Span) -> bool:
    return (one.bold, one.italic) == (two.bold, two.italic)
