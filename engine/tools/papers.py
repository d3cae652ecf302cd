"""The folder `papers/` that a project brings: .bib files and PDFs, searched without a network.

An entry of a .bib is a paper; its PDF is the one that its `file` field, its key, its number or its title names. Without
one, its `abstract`, `summary` and `note` are its text. A PDF that no entry names is a paper too. What cannot be read is
listed and costs nothing else. Search is by words (pairs of characters in Chinese) and gives the same order every time.
"""

from __future__ import annotations

import math
import os
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from engine.tools import bib, pdf
from engine.tools.paper import KEY, SMALL, Paper, Text, distinct, entry, key_of, merged
from state.durable import printable

BIB_B = 16 << 20
ENTRIES = 5_000
FAULTS = 50
"""So many of one file are told."""
PDFS = 300
_NOTED = ("abstract", "summary", "note", "annote", "annotation")
_NOT_CITED = frozenset((*_NOTED, "file", "keywords", "timestamp", "owner"))
_ARXIV = re.compile(r"(?:arxiv[:/.]|arxiv\.org/(?:abs|pdf)/)\s*([a-z.-]+/\d{7}|\d{4}\.\d{4,5})", re.IGNORECASE)
_FILED = re.compile(r"(\D{2,80}?)\s+-\s+(\d{4})\s+-\s+(.{4,})")
"""Author, year and title, as Zotero and Mendeley name a file."""

_NO_TITLE = re.compile(r"\.(?:tex|dvi|docx?|indd)$|^Microsoft Word|^untitled", re.IGNORECASE)
_LETTERS = re.compile(r"[^\W_]+")
_NUMBER = re.compile(r"(?:[a-z.-]+/\d{7}|\d{4}\.\d{4,5})(?:v\d+)?", re.IGNORECASE)


@dataclass(frozen=True)
class Folder:
    """What lies in the folder: papers in the order of their files, and what could not be read, with the reason.

    `whole` names, by ident, the papers whose pages are those of a PDF.
    """

    papers: tuple[Paper, ...] = ()
    unreadable: tuple[tuple[str, str], ...] = ()
    whole: frozenset[str] = frozenset()


def read(folder: Path) -> Folder:
    """All papers with their pages. A folder that is not there has none."""
    bibs, pdfs, unreadable = _listed(folder)
    papers: list[Paper] = []
    claimed: set[Path] = set()
    whole: set[str] = set()
    texts = _texts(pdfs)
    for path in bibs:
        name = _called(path, folder)
        try:
            with path.open("rb") as file:
                text = file.read(BIB_B + 1)
        except OSError:
            unreadable.append((name, "broken"))
            continue
        if len(text) > BIB_B:
            unreadable.append((name, "too_big"))
            continue
        entries, faults = bib.parse(text.decode("utf-8-sig", "replace"))
        unreadable += [(f"{name}:{fault.line}", fault.why) for fault in faults[:FAULTS]]
        unreadable += [(f"{name}:{faults[FAULTS].line}", "too_many")] if len(faults) > FAULTS else []
        for one in entries[:ENTRIES]:
            own = _pdf_of(one, pdfs, claimed)
            if own is not None:
                claimed.add(own)
            pages = texts[own].pages if own and not texts[own].why else None
            papers.append(_of_entry(one, pages))
            whole |= {one.key} if pages else set()
    for path in pdfs:
        name = _called(path, folder)
        if texts[path].why:
            unreadable.append((name, texts[path].why))
        elif path not in claimed:
            own_title = _of_pdf(name, texts[path])
            nth = next((n for n, one in enumerate(papers) if one.names & own_title.names), len(papers))
            papers[nth:] = [
                replace(papers[nth], pages=own_title.pages) if nth < len(papers) else own_title,
                *papers[nth + 1 :],
            ]
            whole.add(papers[nth].ident)
    return Folder(tuple(distinct(merged(papers))), tuple(unreadable), frozenset(whole))


def _listed(folder: Path) -> tuple[list[Path], list[Path], list[tuple[str, str]]]:
    bibs: list[Path] = []
    pdfs: list[Path] = []
    if not folder.is_dir():
        return bibs, pdfs, []
    for here, below, names in os.walk(folder):
        below[:] = sorted(name for name in below if not name.startswith("."))
        for name in sorted(names):
            path = Path(here) / name
            if name.startswith(".") or not path.is_file():
                continue
            if path.suffix.lower() == ".bib":
                bibs.append(path)
            elif path.suffix.lower() == ".pdf":
                pdfs.append(path)
    left = [(_called(path, folder), "too_many") for path in pdfs[PDFS:]]
    return bibs, pdfs[:PDFS], left


def _called(path: Path, folder: Path) -> str:
    return printable(path.relative_to(folder).as_posix())


_KNOWN: dict[tuple[str, int, int], pdf.Read] = {}


def _texts(paths: list[Path]) -> dict[Path, pdf.Read]:
    """What the PDFs say. A file that has not changed is read once by a process."""
    marks: dict[Path, tuple[str, int, int]] = {}
    for path in paths:
        try:
            stat = path.stat()
        except OSError:
            continue
        marks[path] = (str(path.absolute()), stat.st_size, stat.st_mtime_ns)
    new = pdf.read([path for path, mark in marks.items() if mark not in _KNOWN])
    _KNOWN.update({marks[path]: text for path, text in new.items()})
    return {path: _KNOWN[marks[path]] if path in marks else pdf.Read(why="broken") for path in paths}


def _pdf_of(one: bib.Entry, pdfs: list[Path], claimed: set[Path]) -> Path | None:
    """The entry's PDF: named in `file` (as Zotero and JabRef write it), or by key, number or title."""
    named = {part.replace("\\", "/").rsplit("/", 1)[-1] for part in re.split(r"[:;]", one.fields.get("file", ""))}
    numbers = {one.fields.get("eprint", ""), one.fields.get("doi", "").replace("/", "_")}
    stems = {_letters(name) for name in (one.key, *numbers, bib.plain(one.fields.get("title", ""))) if name}
    free = [path for path in pdfs if path not in claimed]
    return next((path for path in free if path.name in named), None) or next(
        (path for path in free if _letters(path.stem) in stems), None
    )


def _letters(text: str) -> str:
    return "".join(char for char in unicodedata.normalize("NFKC", text).casefold() if char.isalnum())


def _of_entry(one: bib.Entry, pages: tuple[str, ...] | None) -> Paper:
    fields = one.fields
    title, authors = bib.plain(fields.get("title", "")), bib.names(fields.get("author", fields.get("editor", "")))
    dated = re.search(r"\d{4}", fields.get("year") or fields.get("date", ""))
    year = int(dated[0]) if dated else None
    eprint = fields.get("eprint", "")
    kind = fields.get("archiveprefix", fields.get("eprinttype", "arxiv")).lower()
    number = _ARXIV.search(" ".join(fields.get(name, "") for name in ("url", "journal", "note", "doi", "number")))
    arxiv = eprint if kind == "arxiv" and _NUMBER.fullmatch(eprint) else number[1] if number else ""
    key = one.key if KEY.fullmatch(one.key) else key_of(authors, year, title, one.key)
    notes = [bib.plain(fields[name]) for name in _NOTED[1:] if fields.get(name)]
    abstract = bib.plain(fields.get("abstract", ""))
    return Paper(
        key=key,
        source="folder",
        ident=one.key,
        title=title,
        authors=authors,
        year=year,
        abstract=abstract or "\n\n".join(notes),
        bibtex=bib.written(one.kind, key, {n: v for n, v in fields.items() if n not in _NOT_CITED or _cited(n, v)}),
        pages=pages or tuple(text for text in (abstract, *notes) if text),
        url=fields.get("url", "") or (f"https://arxiv.org/abs/{arxiv}" if arxiv else ""),
        arxiv=re.sub(r"v\d+$", "", arxiv),
        doi=fields.get("doi", "").removeprefix("https://doi.org/"),
    )


def _cited(name: str, value: str) -> bool:
    """A short `note` ("to appear") belongs to the citation; notes on what stands in the paper do not."""
    return name == "note" and len(value) <= 60 and not re.search(r"\bpp?\. ?\d|第 ?\d+ ?页", value)


def _of_pdf(name: str, text: pdf.Read) -> Paper:
    """What a bare PDF tells of itself: as its first page has it, or the name that a reference manager gave the file."""
    stem, front = Path(name).stem, "\n".join(text.pages[:1])
    filed = _FILED.fullmatch(stem)
    number = _NUMBER.fullmatch(stem)
    arxiv = re.sub(r"v\d+$", "", stem) if number else ""
    first = next((line.strip() for line in front.splitlines() if len(line.strip()) > 8), stem)
    own = text.title if len(text.title) > 8 and not _NO_TITLE.search(text.title) else ""
    printed = own if stands_in(own, front) else ""
    title = (printed or text.headline or (filed[3] if filed else "") or own or first)[:300]
    authors = tuple(one for one in re.split(r"\s*(?:;|,|\band\b|&)\s*", text.author) if one)
    if not all(stands_in(one, front) for one in authors):
        authors = ()  # whoever made the file
    year = int(f"20{arxiv[:2]}") if re.match(r"\d{4}\.", arxiv) else None
    if filed:
        authors = authors or _filed_under(filed[1])
        year = year or int(filed[2])
    key = stem if KEY.fullmatch(stem) and not number else key_of(authors, year, title, name)
    made = entry("misc", key, title, authors, year, eprint=arxiv, archiveprefix="arXiv" if arxiv else "")
    abstract = re.sub(r"\s+", " ", text.pages[0])[:1500]
    return Paper(key, "folder", name, title, authors, year, abstract, made, text.pages, "", arxiv)


def stands_in(words: str, text: str) -> bool:
    """Whether each word of `words` stands in the text, whatever is between them."""
    there = set(_LETTERS.findall(text.casefold()))
    return all(word in there for word in _LETTERS.findall(words.casefold()))


def _filed_under(names: str) -> tuple[str, ...]:
    """`Berg et al.`, `Berg and Li`."""
    told = [one for one in re.split(r"\s*(?:,|\band\b|&)\s*", re.sub(r"\s+et al\.?", ", others", names)) if one]
    return tuple(told)


# search --------------------------------------------------------------------------------------------------------------

_SMALL = SMALL | {"paper", "papers", "study", "method", "methods"}
_WORD = re.compile(r"[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]+|[^\W_]+")
_CJK = re.compile(r"[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]")


def terms(text: str) -> Iterator[str]:
    """Words without their plural; Chinese as pairs of characters."""
    for found in _WORD.finditer(unicodedata.normalize("NFKC", text).casefold()):
        for word in re.split(
            r"(?<=[\u3400-\u9fff])(?=[^\u3400-\u9fff])|(?<=[^\u3400-\u9fff])(?=[\u3400-\u9fff])", found[0]
        ):
            if _CJK.match(word):
                yield from (word[n : n + 2] for n in range(max(1, len(word) - 1)))
            elif word not in _SMALL:
                yield word[:-1] if len(word) > 3 and word.endswith("s") and not word.endswith("ss") else word


def ranked(query: str, papers: Iterable[Paper], limit: int) -> list[Paper]:
    """The papers that speak of the query, best first; equal ones by key.

    A paper counts where its title, authors or abstract hold a word of the query, or its pages at least half of them.
    """
    asked = list(dict.fromkeys(terms(query)))
    shelf = list(papers)
    near = [
        Counter(terms(f"{one.title} {one.title} {' '.join(one.authors)} {one.year} {one.abstract}")) for one in shelf
    ]
    far = [Counter(terms(" ".join(one.pages or ()))) for one in shelf]
    scored: list[tuple[float, str, Paper]] = []
    rarity = {
        term: math.log(1 + len(shelf) / (1 + sum(term in a or term in b for a, b in zip(near, far, strict=True))))
        for term in asked
    }
    for paper, close, text in zip(shelf, near, far, strict=True):
        held = [term for term in asked if term in close or term in text]
        if not held or (not any(term in close for term in held) and 2 * len(held) < len(asked)):
            continue
        score = 0.0
        for term in held:
            weight = 3 * close[term] + min(text[term], 20) / 4
            score += rarity[term] * weight / (weight + 2)
        scored.append((-round(score, 9), paper.key, paper))
    return [paper for _, _, paper in sorted(scored, key=lambda one: one[:2])[:limit]]


def search(query: str, folder: Path, limit: int = 5) -> Folder:
    """The nearest papers of the folder, without their pages, and what could not be read in it."""
    found = read(folder)
    return replace(found, papers=tuple(replace(one, pages=None) for one in ranked(query, found.papers, limit)))


def text(paper: Paper, folder: Path) -> Text:
    """The pages of its PDF, else abstract and notes; where it lies there no more, the abstract that was found."""
    found = read(folder)
    one = next((one for one in found.papers if one.ident == paper.ident), None)
    if one is None:
        return Text((paper.abstract,), False, "gone")
    return Text(one.pages or (), one.ident in found.whole, "" if one.ident in found.whole else "no_pdf")
