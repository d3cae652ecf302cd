"""A paper as every source gives it, and the key by which it is cited.

A `Paper` is frozen and survives JSON. Its key is ASCII and made of the paper alone (first author, year, first word), so
the same paper has the same key in every search; `distinct` keeps keys apart where two papers meet. Made by the folder,
arXiv and Semantic Scholar; used by the literature's phases.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal, cast

from engine.tools import bib
from state.errors import Plain

Source = Literal["folder", "arxiv", "scholar"]
KEY = re.compile(r"[A-Za-z0-9][A-Za-z0-9_:./+-]*")
SMALL = frozenset(
    re.findall(
        r"\w+",
        "a an the on of for in to from with and or not is are be by as at do does can how what why when which it its"
        " that this these those we our their toward towards via using use",
    )
)
"""Words that tell no paper from another."""


@dataclass(frozen=True)
class Paper:
    """`ident` is the paper at its source; `pages` are texts page by page, or None where nobody has read it."""

    key: str
    source: Source
    ident: str
    title: str
    authors: tuple[str, ...] = ()
    year: int | None = None
    abstract: str = ""
    bibtex: str = ""
    pages: tuple[str, ...] | None = None
    url: str = ""
    arxiv: str = ""  # its arXiv number without the version, where it has one
    doi: str = ""

    def plain(self) -> dict[str, Plain]:
        """As JSON has it."""
        told = asdict(self)
        told["authors"] = list(self.authors)
        told["pages"] = None if self.pages is None else list(self.pages)
        return cast(dict[str, Plain], told)

    @classmethod
    def of(cls, plain: Plain) -> Paper:
        """The paper that `plain` was made from."""
        told: dict[str, Any] = dict(cast(dict[str, Any], plain))
        pages = told.pop("pages")
        return cls(**{**told, "authors": tuple(told["authors"])}, pages=None if pages is None else tuple(pages))

    @property
    def names(self) -> frozenset[str]:
        """What it is known by anywhere: two papers that share one of these are the same."""
        title = "".join(char for char in self.title.casefold() if char.isalnum())
        own = self.ident if self.ident.lower().endswith(".pdf") else ""  # its reader may have mended the title
        known = {f"title:{title}", f"arxiv:{self.arxiv}", f"doi:{self.doi.casefold()}", f"folder:{own}"}
        return frozenset(name for name in known if not name.endswith(":"))

    def keyed(self, key: str) -> Paper:
        """The same paper under another key, its BibTeX too."""
        head = re.compile(r"(@\w+\{)" + re.escape(self.key) + ",")
        return replace(self, key=key, bibtex=head.sub(lambda found: f"{found[1]}{key},", self.bibtex, count=1))


@dataclass(frozen=True)
class Text:
    """What can be read of a paper. `whole`: the pages are its PDF's, so their numbers can be cited; else `why` not."""

    pages: tuple[str, ...]
    whole: bool
    why: str = ""


def key_of(authors: tuple[str, ...], year: int | None, title: str, ident: str) -> str:
    """`power2022grokking`; where nothing of the name or the title is ASCII, a hash of the ident stands in."""
    surname = _ascii(authors[0].split()[-1]) if authors and authors[0].split() else ""
    words = [_ascii(word) for word in re.split(r"[\s\-–—:/]+", bib.plain(title))]
    word = next((word for word in words if word and word not in SMALL), "")
    stem = f"{surname or 'anon'}{year or ''}{word}"
    return stem if surname and word else f"{stem}{hashlib.sha256(f'{ident}{title}'.encode()).hexdigest()[:6]}"


def _ascii(word: str) -> str:
    letters = unicodedata.normalize("NFKD", word).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]", "", letters)[:24]


def entry(kind: str, key: str, title: str, authors: tuple[str, ...], year: int | None, **more: str) -> str:
    """BibTeX of a paper that a source described in plain words; `more` fields that are empty are left out."""
    fields = {"title": f"{{{bib.tex(title)}}}", "author": " and ".join(_written(name) for name in authors)}
    fields |= {"year": str(year) if year else ""}
    fields |= {
        name: re.sub(r"[\s\\{}]", "", value) if name in ("url", "doi") else bib.tex(value)
        for name, value in more.items()
    }
    return bib.written(kind, key, fields)


def _written(name: str) -> str:
    """A name that holds an `and` is one name."""
    told = bib.tex(name)
    return f"{{{told}}}" if re.search(r"\band\b|,", told) else told


def merged(papers: Iterable[Paper]) -> list[Paper]:
    """Each paper once, the first of its kind; what a later one adds (an arXiv number, an abstract) is kept."""
    found: list[Paper] = []
    at: dict[str, int] = {}  # a name → where its first paper stands; a shelf may hold thousands
    for paper in papers:
        nth = min((at[name] for name in paper.names if name in at), default=len(found))
        if nth == len(found):
            found.append(paper)
        else:
            one = found[nth]
            better = {name: getattr(one, name) or getattr(paper, name) for name in ("arxiv", "doi", "abstract", "url")}
            found[nth] = replace(one, **better)
        for name in found[nth].names:
            at[name] = min(at.get(name, nth), nth)
    return found


def distinct(papers: Iterable[Paper], known: Iterable[Paper] = ()) -> list[Paper]:
    """`papers` with keys of their own: one that is `known` gets the known key, a stranger with a taken key a suffix."""
    fresh: list[Paper] = []
    taken: set[str] = set()
    of: dict[str, tuple[int, str]] = {}  # a name → place and key of the first paper that has it

    def shelved(paper: Paper) -> None:
        taken.add(paper.key)
        for name in paper.names:
            of.setdefault(name, (len(of), paper.key))

    for one in known:
        shelved(one)
    for paper in papers:
        same = min((of[name] for name in paper.names if name in of), default=None)
        key, nth = same[1] if same else paper.key, 1
        while same is None and key in taken:
            nth += 1
            key = f"{paper.key}-{nth}"
        fresh.append(paper if key == paper.key else paper.keyed(key))
        shelved(fresh[-1])
    return fresh
