"""BibTeX is read as BibTeX reads it, and what we write is read back as it was."""

from __future__ import annotations

import string

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.tools import bib

WORDS = st.text(alphabet=string.ascii_letters + string.digits + ' "#@,=%\\&$é\n张三研究', max_size=30)
VALUES = st.recursive(
    WORDS, lambda inner: st.lists(inner.map(lambda text: f"{{{text}}}") | WORDS, max_size=4).map("".join)
)
FIELDS = st.dictionaries(st.text(alphabet=string.ascii_lowercase, min_size=1, max_size=8), VALUES, max_size=5)
KEYS = st.text(alphabet=string.ascii_letters + string.digits + "_:./+-张", min_size=1, max_size=12)


@settings(max_examples=100, deadline=None)
@given(st.dictionaries(KEYS, FIELDS, max_size=4))
def test_what_is_written_is_read_back_as_it_was(entries: dict[str, dict[str, str]]) -> None:
    text = "\n% a comment\n\n".join(bib.written("article", key, fields) for key, fields in entries.items())
    read, faults = bib.parse(text)
    assert not faults
    assert [one.key for one in read] == list(entries)
    for one in read:
        squeezed = {name: " ".join(value.split()) for name, value in entries[one.key].items()}
        assert one.fields == {name: value for name, value in squeezed.items() if value}


@settings(max_examples=100, deadline=None)
@given(st.text(alphabet='@{}()",=#% \n\\abcé张', max_size=80))
def test_no_text_breaks_the_reader_or_the_entry_behind_it(noise: str) -> None:
    entries, _ = bib.parse(f"{noise}\n@misc{{last, title = {{The last}}}}")
    assert len({one.key for one in entries}) == len(entries)
    alone, faults = bib.parse("@misc{last, title = {The last}}")
    assert alone[0].fields == {"title": "The last"}
    assert not faults


@settings(max_examples=100, deadline=None)
@given(st.text(max_size=60))
def test_text_from_outside_stays_text_in_latex(text: str) -> None:
    made = bib.tex(text)
    assert bib.balanced(made)
    (entry,), faults = bib.parse(bib.written("misc", "k", {"x": "y", "title": made}))
    assert not faults
    assert entry.fields.get("title", "") == made


@pytest.mark.parametrize(
    "command", ["input{/etc/passwd}", "write18{ls}", "csname x", "catcode`@", "def\\x", "input x % $"]
)
def test_no_command_of_a_title_survives_outside_or_inside_mathematics(command: str) -> None:
    for text in (f"A \\{command} B", f"A $x \\{command}$ B"):
        assert "^^" not in bib.tex("A $x^^5cinput$").replace("\\textasciicircum{}", "")
        assert f"\\{command.split('{')[0].split()[0]}" not in bib.tex(text).replace("\\textbackslash", "")


def test_strings_are_put_in_joined_and_months_are_known() -> None:
    text = '@String{nips = "Neural Information"}\n@misc(a, booktitle = nips # " " # {Systems}, month = jan, year = 99)'
    (entry,), faults = bib.parse(text)
    assert not faults
    assert entry.fields == {"booktitle": "Neural Information Systems", "month": "January", "year": "99"}


def test_comments_preambles_and_stray_at_signs_are_no_entries() -> None:
    text = 'mail a@b.c\n@comment{@misc{no, title={x}}}\n@preamble{"\\newcommand" # {x}}\n@misc{yes, title={y}}'
    entries, faults = bib.parse(text)
    assert [one.key for one in entries] == ["yes"]
    assert not faults


def test_braces_nest_and_a_quote_within_braces_ends_nothing() -> None:
    (entry,), _ = bib.parse('@misc{a, title = "The {"}quoted{"} {B{E}RT}", note = {a "b" {c}},}')
    assert entry.fields == {"title": 'The {"}quoted{"} {B{E}RT}', "note": 'a "b" {c}'}


@pytest.mark.parametrize(
    ("broken", "why"),
    [
        ("@misc{a, title = {never closed\n", "unclosed"),
        ("@misc{a, title {x}}\n", "no_equals"),
        ("@misc{a, title = }\n", "no_value"),
        ("@misc{, title = {x}}\n", "no_key"),
        ("@misc{good, title = {again}}\n", "twice"),
    ],
)
def test_a_broken_entry_is_named_by_its_line_and_costs_no_other(broken: str, why: str) -> None:
    entries, faults = bib.parse(f"@misc{{good, title = {{One}}}}\n\n{broken}@misc{{also, title = {{Two}}}}")
    assert [one.key for one in entries] == ["good", "also"]
    assert faults == [bib.Fault(3, why)]


@pytest.mark.parametrize(
    ("written", "read"),
    [
        (r"{\"O}zg{\"u}r M{\"{u}}ller", "Özgür Müller"),
        (r"Fran\c{c}ois, \'{E}mile, \v{S}, {\L}ukasz, \o, stra{\ss}e", "François, Émile, Š, Łukasz, ø, straße"),
        (r"{\'\i} na\"{\i}ve", "í naïve"),
        (r"A \& B: 50\% {GPU}s -- \emph{fast}", "A & B: 50% GPUs – fast"),
        (r"On $\alpha_{1}$-{Norms}~I", r"On $\alpha_{1}$-Norms I"),
        (r"{基于}深度学习的\textbf{研究}", "基于深度学习的研究"),
    ],
)
def test_a_field_reads_as_a_person_would_read_it(written: str, read: str) -> None:
    assert bib.plain(written) == read


def test_names_are_turned_round_and_split_outside_braces_only() -> None:
    value = r"Power, Alethea and Yuri Burda and {Barnes and Noble} and M{\"u}ller, Jr., J\"org and 张三"
    assert bib.names(value) == ("Alethea Power", "Yuri Burda", "Barnes and Noble", "Jr. Jörg Müller", "张三")
