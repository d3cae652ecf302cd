"""The folder that a project brings: .bib files and PDFs, read whole, searched by words, never fatal."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from engine.tools import papers, pdf
from engine.tools.paper import Paper, distinct, key_of, merged
from tests.engine.tools.pdfs import pdf_of

ROOT = Path(__file__).parents[3]
BIB = r"""
@misc{power2022, title={Grokking: Generalization Beyond Overfitting}, author={Power, Alethea}, year=2022,
  eprint={2201.02177}, archiveprefix={arXiv}, abstract={Small transformers on binary tables. Weight decay helps.},
  note={p. 4: weight decay halves the steps.}}
@article{loshchilov2019, title={Decoupled Weight Decay Regularization}, author={Loshchilov, Ilya and Hutter, Frank},
  year={2019}, journal={ICLR}, abstract={Adam and decay apart.}, note={to appear}}
@article{张2021, title={神经网络的权重衰减研究}, author={张三 and 李四}, year={2021}, abstract={我们研究正则化与泛化。}}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "refs.bib").write_text(BIB, encoding="utf-8")
    return tmp_path


def keys(found: papers.Folder) -> list[str]:
    return [one.key for one in found.papers]


def test_the_nearest_paper_comes_first_and_the_same_search_gives_the_same_list(folder: Path) -> None:
    first = papers.search("grokking and weight decay", folder)
    assert keys(first) == ["power2022", "loshchilov2019"]
    assert papers.search("grokking and weight decay", folder) == first
    assert all(one.pages is None for one in first.papers)


def test_a_chinese_question_finds_a_chinese_paper(folder: Path) -> None:
    (found,) = papers.search("权重衰减对泛化的影响", folder).papers
    assert found.title == "神经网络的权重衰减研究"
    assert found.key.isascii()
    assert f"{{{found.key}," in found.bibtex


def test_nothing_that_fits_is_an_empty_list_and_so_is_a_folder_that_is_not_there(folder: Path) -> None:
    assert papers.search("protein folding", folder).papers == ()
    assert papers.search("the of and", folder).papers == ()
    assert papers.search("grokking", folder / "none") == papers.Folder()


def test_files_named_in_another_encoding_are_read_and_named(tmp_path: Path) -> None:
    """As an archive from elsewhere unpacks them."""
    for name, data in ((b"\xc2\xdb\xce\xc4.bib", b"@misc{a"), (b"\xc2\xdb\xce\xc4.pdf", b"no PDF")):
        Path(os.fsdecode(bytes(tmp_path) + b"/" + name)).write_bytes(data)
    whole = pdf_of("A study of decay that is long enough", "Weight decay sets the clock of grokking.")
    Path(os.fsdecode(bytes(tmp_path) + b"/\xc8\xab.pdf")).write_bytes(whole)
    found = papers.read(tmp_path)
    assert (len(found.papers), len(found.unreadable)) == (1, 2)
    (one,) = found.papers
    assert "\n".join([one.ident, *found.whole, *(name for name, _ in found.unreadable)]).encode()
    assert papers.text(one, tmp_path).whole


def test_without_a_pdf_abstract_and_notes_are_the_text_and_no_page_numbers_are_claimed(folder: Path) -> None:
    (paper,) = papers.search("grokking", folder).papers
    text = papers.text(paper, folder)
    assert text.pages == (paper.abstract, "p. 4: weight decay halves the steps.")
    assert (text.whole, text.why) == (False, "no_pdf")


def test_the_bibtex_of_an_entry_keeps_what_is_cited_and_loses_abstract_and_notes(folder: Path) -> None:
    power, loshchilov = papers.read(folder).papers[:2]
    assert "abstract" not in power.bibtex
    assert "p. 4" not in power.bibtex
    assert "eprint = {2201.02177}" in power.bibtex
    assert "note = {to appear}" in loshchilov.bibtex


@pytest.mark.parametrize(
    "name", ["power2022.pdf", "2201.02177.pdf", "Grokking - Generalization beyond overfitting.pdf", "scan7.pdf"]
)
def test_a_pdf_belongs_to_the_entry_that_its_name_or_its_title_tells(folder: Path, name: str) -> None:
    data = pdf_of("First page.", "On page two: seeds.", title="Grokking: Generalization Beyond Overfitting")
    (folder / name).write_bytes(data)
    assert len(papers.read(folder).papers) == 3
    (paper,) = papers.search("grokking generalization", folder).papers
    text = papers.text(paper, folder)
    assert (text.pages, text.whole) == (("First page.", "On page two: seeds."), True)


def test_a_pdf_that_no_entry_names_is_a_paper_and_is_found_by_its_text(folder: Path) -> None:
    (folder / "deep").mkdir()
    (folder / "deep" / "thesis.pdf").write_bytes(pdf_of("Tropical semirings in practice\nby someone", "Zebra stripes."))
    (paper,) = papers.search("zebra stripes", folder).papers
    assert (paper.key, paper.ident, paper.title) == ("thesis", "deep/thesis.pdf", "Tropical semirings in practice")
    assert papers.text(paper, folder).pages[1] == "Zebra stripes."


def test_what_cannot_be_read_is_listed_and_costs_nothing_else(folder: Path) -> None:
    whole = pdf_of("A readable page about owls")
    (folder / "a.pdf").write_bytes(b"%PDF-1.4\nno more of it")
    (folder / "b.pdf").write_bytes(whole)
    (folder / "c.pdf").write_bytes(pdf_of(""))
    (folder / "broken.bib").write_text("@misc{x, title = {Fine}}\n@misc{y, title = {never\n")
    found = papers.read(folder)
    assert set(found.unreadable) == {("a.pdf", "broken"), ("c.pdf", "no_text"), ("broken.bib:2", "unclosed")}
    assert {"x", "b", "power2022"} <= {one.key for one in found.papers}


def faulty_reader(tmp_path: Path, fault: str) -> str:
    """The real reader, but for b.pdf."""
    wrapper = tmp_path / "reader"
    wrapper.write_text(
        f"#!{sys.executable}\nimport os, signal, subprocess, sys\n"
        "for path in sys.argv[4:]:\n"
        f"    if path.endswith('b.pdf'): {fault}\n"
        f"    subprocess.run([{sys.executable!r}, *sys.argv[1:4], path])\n"
    )
    wrapper.chmod(0o755)
    return str(wrapper)


def test_a_file_that_kills_its_reader_loses_itself_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pdf.sys, "executable", faulty_reader(tmp_path, "os.kill(os.getpid(), signal.SIGSEGV)"))
    for name in ("a", "b", "c"):
        (tmp_path / f"{name}.pdf").write_bytes(pdf_of(f"page of {name}"))
    read = pdf.read([tmp_path / name for name in ("a.pdf", "b.pdf", "c.pdf")])
    assert {path.name: one.pages or one.why for path, one in read.items()} == {
        "a.pdf": ("page of a",),
        "b.pdf": "broken",
        "c.pdf": ("page of c",),
    }


def test_a_file_that_holds_its_reader_up_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pdf.sys, "executable", faulty_reader(tmp_path, "signal.pause()"))
    monkeypatch.setattr(pdf, "FILE_S", 0.3)
    file = tmp_path / "b.pdf"
    file.write_bytes(pdf_of("b"))
    assert pdf.read([file])[file].why == "slow"


def test_a_shell_with_limits_of_its_own_reads_too(tmp_path: Path) -> None:
    file = tmp_path / "b.pdf"
    file.write_bytes(pdf_of("page of b"))
    code = (
        "import resource as of, sys\nfrom pathlib import Path\nfrom engine.tools import pdf\n"
        "of.setrlimit(of.RLIMIT_AS, (2 << 30, 2 << 30))\nof.setrlimit(of.RLIMIT_CPU, (20, 20))\n"
        "print(pdf.read([Path(sys.argv[1])])[Path(sys.argv[1])].pages)"
    )
    done = subprocess.run([sys.executable, "-c", code, file], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "('page of b',)"


def test_a_reader_is_given_no_key_of_ours(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANTHROPIC_API_KEY", "sk-secret")
    told = tmp_path / "environment"
    reader = faulty_reader(tmp_path, f"open({str(told)!r}, 'w').write(str(dict(os.environ)))")
    monkeypatch.setattr(pdf.sys, "executable", reader)
    file = tmp_path / "b.pdf"
    file.write_bytes(pdf_of("b"))
    pdf.read([file])
    assert "PATH" in told.read_text()
    assert "sk-secret" not in told.read_text()


def test_long_pdfs_are_cut_and_say_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    long = tmp_path / "long.pdf"
    long.write_bytes(pdf_of(*["page"] * (pdf.PAGES + 1)))
    read = pdf.read([long])[long]
    assert (len(read.pages), read.cut) == (pdf.PAGES, True)
    monkeypatch.setattr(pdf, "SIZE_B", 10)
    assert pdf.read([long])[long].why == "too_big"


def test_a_changed_file_is_read_again(folder: Path) -> None:
    file = folder / "notes.pdf"
    file.write_bytes(pdf_of("about owls and nothing else"))
    assert keys(papers.search("owls", folder)) == ["notes"]
    file.write_bytes(pdf_of("about larks and nothing else at all"))
    assert papers.search("owls", folder).papers == ()
    assert keys(papers.search("larks", folder)) == ["notes"]


def test_a_paper_survives_json() -> None:
    paper = Paper("k", "folder", "k", "T", ("A B",), 2020, "abstract", "@misc{k,\n}", ("one", "two"), "u", "2201.02177")
    assert Paper.of(paper.plain()) == paper
    bare = Paper("k", "scholar", "k", "T")
    assert Paper.of(bare.plain()) == bare


def test_keys_are_ascii_and_made_of_the_paper_alone() -> None:
    assert key_of(("Alethea Power", "X Y"), 2022, "The Grokking: Why?", "1") == "power2022grokking"
    assert key_of(("Jürgen Müller",), 2013, "On $\\ell_2$ Norms", "1") == "muller2013ell2"
    chinese = key_of(("张三",), 2021, "神经网络", "1")
    assert chinese.isascii()
    assert chinese != key_of(("张三",), 2021, "另一篇", "2")


def test_two_papers_with_one_key_are_told_apart_and_a_known_paper_keeps_its_key() -> None:
    one = Paper("a2020on", "arxiv", "1", "On owls", bibtex="@misc{a2020on,\n}", arxiv="2001.00001")
    two = Paper("a2020on", "arxiv", "2", "On larks", bibtex="@misc{a2020on,\n}", arxiv="2001.00002")
    assert [paper.key for paper in distinct([one, two])] == ["a2020on", "a2020on-2"]
    (second,) = distinct([two], known=[one])
    assert second.bibtex == "@misc{a2020on-2,\n}"
    assert distinct([two], known=[one, second]) == [second]


def test_the_same_paper_from_two_sources_is_one_and_keeps_what_each_knew() -> None:
    folder = Paper("power2022", "folder", "power2022", "Grokking!")
    online = Paper("p", "scholar", "d0c1", "grokking", abstract="a", arxiv="2201.02177")
    (paper,) = merged([folder, online])
    assert (paper.key, paper.source, paper.abstract, paper.arxiv) == ("power2022", "folder", "a", "2201.02177")


def test_a_library_of_thousands_is_read_soon_and_a_file_of_nothing_but_faults_tells_fifty(tmp_path: Path) -> None:
    """What compares every paper with every other takes minutes for a library as people really export it."""
    entries = (
        f'@article{{k{n}, title={{Number {n} of {{\\"U}}ber things}}, author={{Ann B{n} and Cee D}}, year=2020}}\n'
        for n in range(4_000)
    )
    (tmp_path / "library.bib").write_text("".join(entries))
    (tmp_path / "torn.bib").write_text("@a{k,\n" * 60_000)
    began = time.process_time()
    found = papers.read(tmp_path)
    assert time.process_time() - began < 8
    assert len(found.papers) == 4_000
    assert [why for _, why in found.unreadable] == ["no_equals"] * 50 + ["too_many"]


def test_a_bare_pdf_has_the_title_that_is_set_largest_though_it_runs_over_two_lines(tmp_path: Path) -> None:
    page = "Journal of Owls, volume 3\n*A Field Guide to Owls and\n*Their Habits\nAnna Berg\n" + "Owls fly. " * 9
    (tmp_path / "scan.pdf").write_bytes(pdf_of(page))
    assert [one.title for one in papers.read(tmp_path).papers] == ["A Field Guide to Owls and Their Habits"]


def test_a_bare_pdf_has_the_authors_that_it_names_if_they_stand_on_its_first_page(tmp_path: Path) -> None:
    page = "A Field Guide to Owls\nAnna Berg and Bo Li\nOwls fly."
    (tmp_path / "a.pdf").write_bytes(pdf_of(page, title="A Field Guide to Owls", author="Anna Berg; Bo Li"))
    (tmp_path / "b.pdf").write_bytes(pdf_of("Another paper of moths\nby Cid", title="Untitled file", author="User"))
    told = {one.key: (one.title, one.authors) for one in papers.read(tmp_path).papers}
    assert told == {"a": ("A Field Guide to Owls", ("Anna Berg", "Bo Li")), "b": ("Another paper of moths", ())}


def test_a_bare_pdf_is_told_by_a_name_that_a_reference_manager_gave_it(tmp_path: Path) -> None:
    (tmp_path / "Berg et al. - 2019 - A Field Guide to Owls.pdf").write_bytes(pdf_of("1 of 12\nOwls fly."))
    (one,) = papers.read(tmp_path).papers
    assert (one.authors, one.year, one.title) == (("Berg", "others"), 2019, "A Field Guide to Owls")
    assert "author = {Berg and others}" in one.bibtex and "year = {2019}" in one.bibtex and one.key == "berg2019field"
