"""What is said in Markdown is read without its marks: bold and italic are drawn, code stands as it was written."""

from __future__ import annotations

import time

import pytest

from state.rows import Turn
from tui.lines import Line
from tui.markdown import bare, told
from tui.panes.document import document
from tui.text import width
from tui.widgets.talk import asked, turn_lines


def plain(lines: list[Line]) -> list[str]:
    return [row.plain.strip() for row in lines]


def styled(lines: list[Line], style: str) -> list[str]:
    return [span.text for row in lines for span in row.spans if getattr(span, style)]


@pytest.mark.parametrize(
    ("text", "read", "bold", "italic"),
    [
        ("Take **five** seeds.", "Take five seeds.", ["five"], []),
        ("In *which* range?", "In which range?", [], ["which"]),
        ("***Both*** at once", "Both at once", ["Both"], ["Both"]),
        ("这是**重点**，*不是*别的", "这是重点，不是别的", ["重点"], ["不是"]),
        ("**a *b* c**", "a b c", ["a", "b", "c"], ["b"]),
        ("- **Metric**: steps", "- Metric: steps", ["Metric"], []),
    ],
)
def test_bold_and_italic_are_drawn(text: str, read: str, bold: list[str], italic: list[str]) -> None:
    lines = told(text, 60)
    assert plain(lines) == [read]
    assert styled(lines, "bold") == bold
    assert styled(lines, "italic") == italic


@pytest.mark.parametrize(
    "text",
    [
        "x**2 + y**2",
        "a * b * c",
        "2*3*4",
        "def f(*args, **kwargs):",
        "`x**2` and `**kwargs**`",
        "half **open",
        "one **\n\ntwo**",
        "__init__ and _x_",
    ],
)
def test_a_star_that_marks_nothing_stays(text: str) -> None:
    assert "\n".join(row.plain for row in told(text, 60)) == text
    assert bare(text) == text


def test_bold_goes_on_in_the_next_line_and_where_it_is_wrapped() -> None:
    lines = told("so **three words\nand four** more", 60)
    assert plain(lines) == ["so three words", "and four more"]
    assert styled(lines, "bold") == ["three words", "and four"]
    lines = told("**" + "words " * 30 + "end** more", 20)
    assert all(row.width <= 20 for row in lines)
    assert "".join(styled(lines, "bold")).replace(" ", "") == "words" * 30 + "end"


def test_code_stands_as_it_was_written() -> None:
    code = "    return x**2 + " + "y**2 + " * 20 + "1"
    for lines in (told(f"So:\n```python\n{code}\n```\nDone.", 60), document(f"So:\n```python\n{code}\n```\nDone.", 66)):
        said = "".join(row.plain.strip() for row in lines[1:-1])
        assert said.replace(" ", "") == code.replace(" ", ""), "nothing is cut or taken away"
        assert all(width(row.plain) <= 66 for row in lines)
    assert told(f"```\n{code}\n```", 60)[0].plain.startswith("    return")


def test_a_turn_of_the_talk_is_read_so_too() -> None:
    turn = Turn(1, "postdoc", 0, "# The plan\nTake **five** seeds.", None, {}, "plan@1/lead/1", "plan@1")
    _, *lines = turn_lines(turn, 60, 0)
    assert plain(lines) == ["The plan", "Take five seeds."]
    assert styled(lines, "bold") == ["The plan", "five"]


def test_what_a_tool_was_asked_keeps_the_stars_of_its_code() -> None:
    assert asked("python", {"code": "print(3**2, x**2)"}) == "python “print(3**2, x**2)”"
    assert asked("plan", {"text": "Take **five** seeds."}) == "plan “Take five seeds.”"


@pytest.mark.parametrize("text", ["**a ", "*a ", "`a ``", "****", "\n \n", "***a", "abcd", "权重，"])
def test_marks_without_end_are_no_work_without_end(text: str) -> None:
    began = time.process_time()
    told(text * 2000, 76)
    assert time.process_time() - began < 3
