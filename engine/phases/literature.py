"""The literature as phases ask for it: searched once a step, read once a paper, and never mistaken for silence.

A search shows what was found and, beside it, which sources could not be asked. Used by ideation, the literature review
and report writing.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from engine.answering import Refusal
from engine.answers import ReadingNotes
from engine.desk import Desk
from engine.prompt import Shown, lines, tag
from engine.tools import shelf
from engine.tools.paper import Paper, Text, entry
from engine.tools.papers import stands_in
from state.errors import Plain
from state.events import SourceUnreachable
from state.products.literature import ShelfPaper
from state.vocabulary import Role

READ_CHARACTERS = 120_000
"""As much of a paper as its reader is shown; the rest is named as left out."""

ABSTRACT_CHARACTERS = 1_500

FRONT = 2
"""Pages on which a paper prints what it is."""


@dataclass(frozen=True)
class Found:
    """What a search brought: the papers by key, and how a model is shown them."""

    papers: Mapping[str, ShelfPaper]
    shown: Shown


async def searched(desk: Desk, query: str, limit: int, known: Mapping[str, ShelfPaper] | None = None) -> Found:
    """Search the project's folder and the sources online, once; what could not be asked is told beside the rest."""
    frame = desk.frame
    earlier: list[Plain] = [_paper(one).plain() for one in (known or {}).values()]
    told = await desk.step("search", partial(_search, _folder(desk)), query, frame.online, limit, earlier)
    papers = {one.key: _shelved(one) for one in told.papers}
    for source, why in told.could_not if frame.online else ():  # what the project switched off is no news
        desk.tell(SourceUnreachable(source, why))
    shown = [paper(one) for one in papers.values()] or [tag("found", "no paper")]
    silent = [tag("source_unreachable", why, name=source) for source, why in told.could_not]
    unread = [tag("file_unreadable", why, name=file) for file, why in told.unreadable]
    return Found(papers, lines(*shown, *silent, *unread))


async def _search(folder: Path, query: str, online: bool, limit: int, known: list[Plain]) -> shelf.Found:
    """Where the folder lies is no part of the question: a project that was moved recalls its searches."""
    return await shelf.search(query, folder, online, limit=limit, known=[Paper.of(one) for one in known])


async def read(desk: Desk, one: ShelfPaper, looking_for: str) -> ShelfPaper:
    """The paper with a reader's notes, each with its page; where only the abstract can be had, that is said.

    A PDF of the folder that came without a record gets the one that is printed on it.
    """
    text = await desk.step("pages", partial(_pages, _folder(desk)), _paper(one).plain(), desk.frame.online)
    pages = [tag("page", page, n=number) for number, page in enumerate(text.pages, 1)] if text.whole else []
    told, left = lines(*pages) if pages else tag("abstract", "\n".join(text.pages) or one.abstract), ""
    if len(told) > READ_CHARACTERS:
        kept, size = [], 0
        for page in pages:
            size += len(page)
            if size > READ_CHARACTERS:
                break
            kept.append(page)
        left = f"pages {len(kept) + 1} to {len(pages)} are left out"
        told = lines(*kept)
    about = lines(tag("title", one.title), tag("only_abstract", text.why) if not text.whole else "", told)
    bare = text.whole and one.source == "folder" and not one.authors
    reader = desk.seat(
        Role.READER,
        "reader",
        record_lacks="title, authors, year" if bare else None,
        looking_for=looking_for,
        paper=tag("paper", lines(about, tag("left_out", left) if left else ""), key=one.key),
    )
    front = "\n".join(text.pages[:FRONT]) if bare else ""
    given = await reader.ask(answers=(ReadingNotes,), check=partial(unprinted, front) if bare else None)
    read = one.model_copy(update={"notes": given.notes})
    return recorded(read, given, front) if bare and given.authors else read


def unprinted(front: str, given: ReadingNotes) -> Refusal | None:
    """Why a record is not the paper's: its words do not stand on the first pages."""
    strangers = [name for name in given.authors if not any(stands_in(word, front) for word in name.split())]
    if given.title and not stands_in(given.title, front):
        strangers.append(given.title)
    if strangers:
        return Refusal(f"not printed on the paper's first pages: {'; '.join(strangers)}; leave out what is not there")
    return None


def recorded(one: ShelfPaper, given: ReadingNotes, front: str) -> ShelfPaper:
    """The paper under the record that its reader found printed on it."""
    title, year = given.title or one.title, given.year if stands_in(str(given.year), front) else one.year
    arxiv = _paper(one).arxiv
    made = entry("misc", one.key, title, given.authors, year, eprint=arxiv, archiveprefix="arXiv" if arxiv else "")
    return one.model_copy(update={"title": title, "authors": given.authors, "year": year, "bibtex": made})


async def _pages(folder: Path, paper: dict[str, Plain], online: bool) -> Text:
    return await shelf.full_text(Paper.of(paper), folder, online)


def paper(one: ShelfPaper) -> Shown:
    """A paper as a search result: its key, title, year and abstract."""
    authors = ", ".join(one.authors[:3]) + (" et al." if len(one.authors) > 3 else "")
    head = f"{one.title} ({authors or 'unknown authors'}, {one.year or 'n.d.'})"
    return tag("paper", f"{head}\n{one.abstract[:ABSTRACT_CHARACTERS]}".strip(), key=one.key)


def cited(text: str) -> list[str]:
    """The keys that a Markdown text cites, [@key] or [@one; @two], in order."""
    groups = re.findall(r"\[([^\[\]]*@[^\[\]]*)\]", text)
    keys = [key for group in groups for key in re.findall(r"@([A-Za-z0-9][A-Za-z0-9_:./+-]*)", group)]
    return list(dict.fromkeys(key.rstrip(".:") for key in keys))


def _folder(desk: Desk) -> Path:
    return desk.bench.places.folder / desk.frame.papers_folder


def _shelved(one: Paper) -> ShelfPaper:
    return ShelfPaper(
        key=one.key,
        title=one.title,
        authors=one.authors,
        year=one.year,
        source=one.source,
        ident=one.ident,
        url=one.url or (f"https://arxiv.org/abs/{one.arxiv}" if one.arxiv else ""),
        abstract=one.abstract,
        bibtex=one.bibtex,
    )


def _paper(one: ShelfPaper) -> Paper:
    arxiv = re.fullmatch(r"https?://arxiv\.org/abs/(.+?)(v\d+)?", one.url)
    return Paper(
        key=one.key,
        source=one.source or "folder",  # type: ignore[arg-type]  # written by _shelved, or by a person
        ident=one.ident,
        title=one.title,
        authors=one.authors,
        year=one.year,
        abstract=one.abstract,
        bibtex=one.bibtex,
        url=one.url,
        arxiv=arxiv[1] if arxiv else "",
    )
