"""Search everywhere a paper may be: the project's folder first, then the sources online.

What could not be asked comes back beside what was found, so that a role never takes silence for "nothing found". The
result is the same for the same answers. Called by the phases' literature step.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import chain, zip_longest
from pathlib import Path

from engine.tools import arxiv, papers, scholar
from engine.tools.asking import Why
from engine.tools.paper import Paper, Text, distinct, merged
from state.errors import LabError

SOURCES = (arxiv.NAME, scholar.NAME)
_SEARCH = {arxiv.NAME: arxiv.search, scholar.NAME: scholar.search}


@dataclass(frozen=True)
class Found:
    """Papers, nearest first, without pages; (source, why) that could not be asked; (file, why) that cannot be read."""

    papers: tuple[Paper, ...] = ()
    could_not: tuple[tuple[str, str], ...] = ()
    unreadable: tuple[tuple[str, str], ...] = ()


async def search(
    query: str,
    folder: Path | None,
    online: bool,
    sources: Sequence[str] = SOURCES,
    *,
    limit: int = 5,
    known: Iterable[Paper] = (),
) -> Found:
    """At most `limit` papers. Where the sources have many, the folder's nearest keep a good half of the places.

    Keys are unique among these and the `known` ones, and the same paper keeps its known key.
    """
    own = await asyncio.to_thread(papers.search, query, folder, limit) if folder is not None else papers.Folder()
    answers: list[list[Paper]] = []
    silent: list[tuple[str, str]] = []
    if online:
        asked = await asyncio.gather(*(_SEARCH[name](query, limit) for name in sources), return_exceptions=True)
        for name, answer in zip(sources, asked, strict=True):
            if isinstance(answer, LabError):
                silent.append((name, str(answer.facts["why"])))
            elif isinstance(answer, BaseException):
                raise answer
            else:
                answers.append(answer)
    else:
        silent = [(name, Why.OFFLINE.value) for name in sources]
    far = [one for one in chain(*zip_longest(*answers)) if one is not None]
    near = merged([*own.papers, *far])
    theirs = [one for one in near if one.source != "folder"]
    ours = [one for one in near if one.source == "folder"][: max(limit - len(theirs), (limit + 1) // 2)]
    return Found(tuple(distinct([*ours, *theirs][:limit], known)), tuple(silent), own.unreadable)


async def full_text(paper: Paper, folder: Path | None, online: bool) -> Text:
    """The pages of a paper, or its abstract where no PDF can be had; never an error for want of a network.

    A paper of the folder is what lies in the folder; it is not looked for elsewhere.
    """
    if paper.source == "folder":
        return await asyncio.to_thread(papers.text, paper, folder) if folder else Text((paper.abstract,), False)
    if not paper.arxiv:
        return Text((paper.abstract,), False, "no_pdf")
    if not online:
        return Text((paper.abstract,), False, Why.OFFLINE.value)
    try:
        read = await arxiv.pages(paper.arxiv)
    except LabError as error:
        return Text((paper.abstract,), False, str(error.facts["why"]))
    return Text((paper.abstract,), False, read.why) if read.why else Text(read.pages, True, "cut" if read.cut else "")
