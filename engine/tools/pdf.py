"""The text of PDFs, page by page, read by a process of its own.

A PDF is a stranger's: what breaks, hangs or crashes the reader costs that file and nothing else. `read` gives pages or
says why there are none (`broken`, `locked`, `too_big`, `no_text`, `slow`). This file is also the program that reads: as
such it imports the standard library and pypdfium2 alone.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

SIZE_B = 64 << 20
PAGES = 200
PAGE_CHARS = 20_000
FILE_S = 30
MEMORY_B = 3 << 30


@dataclass(frozen=True)
class Read:
    """What a PDF gave. `cut`: it has more pages, or longer ones, than were taken."""

    pages: tuple[str, ...] = ()
    title: str = ""
    cut: bool = False
    why: str = ""


def read(paths: Iterable[Path]) -> dict[Path, Read]:
    """Every file with what it gave. A file that ends the reader is `broken`, the rest goes to a new one."""
    found: dict[Path, Read] = {}
    waiting: list[Path] = []
    for path in paths:
        try:
            size_b = path.stat().st_size
        except OSError:
            found[path] = Read(why="broken")
            continue
        if size_b > SIZE_B:
            found[path] = Read(why="too_big")
        else:
            waiting.append(path)
    while waiting:
        answers, why = _answers(waiting)
        found |= dict(zip(waiting, answers, strict=False))
        waiting = waiting[len(answers) :]
        if waiting:
            found[waiting.pop(0)] = Read(why=why)
    return found


def _answers(paths: list[Path]) -> tuple[list[Read], str]:
    """One reader's answers in order, as far as it came, and what the next file is called that stopped it."""
    argv = [sys.executable, "-P", "-E", __file__, *(str(path.absolute()) for path in paths)]
    try:
        done = subprocess.run(
            argv, stdin=subprocess.DEVNULL, capture_output=True, timeout=FILE_S * len(paths), check=False
        )
        output, why = done.stdout, "broken"
    except subprocess.TimeoutExpired as late:
        output, why = late.stdout or b"", "slow"
    whole = output[: output.rfind(b"\n") + 1].splitlines()
    told = [json.loads(line) for line in whole]
    return [Read(tuple(one["pages"]), one["title"], one["cut"], one["why"]) for one in told], why


# the reader's own process --------------------------------------------------------------------------------------------


def _main(paths: list[str]) -> None:
    import resource

    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_B, MEMORY_B))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    spent_s = 0.0
    for path in paths:
        resource.setrlimit(resource.RLIMIT_CPU, (int(spent_s) + FILE_S, resource.RLIM_INFINITY))
        sys.stdout.write(json.dumps(_pages(path)) + "\n")
        sys.stdout.flush()
        usage = resource.getrusage(resource.RUSAGE_SELF)
        spent_s = usage.ru_utime + usage.ru_stime


def _pages(path: str) -> dict[str, object]:
    import pypdfium2

    told: dict[str, object] = {"pages": [], "title": "", "cut": False, "why": ""}
    try:
        document = pypdfium2.PdfDocument(path)
    except pypdfium2.PdfiumError as error:
        return told | {"why": "locked" if "password" in str(error).lower() else "broken"}
    try:
        pages: list[str] = []
        cut = len(document) > PAGES
        for nth in range(min(len(document), PAGES)):
            try:
                text = document[nth].get_textpage().get_text_bounded()
            except pypdfium2.PdfiumError:
                text = ""  # one page that cannot be read; its number stays
            cut = cut or len(text) > PAGE_CHARS
            pages.append(_clean(text)[:PAGE_CHARS])
        title = _clean(document.get_metadata_value("Title"))[:300]
        return told | {"pages": pages, "title": title, "cut": cut, "why": "" if any(pages) else "no_text"}
    finally:
        document.close()


def _clean(text: str) -> str:
    """U+FFFE stands where a word was broken at a line's end; other characters that no text has are gone."""
    joined = text.replace("\ufffe\r\n", "").replace("\ufffe\n", "").replace("\ufffe", "")
    joined = joined.replace("\r\n", "\n").replace("\r", "\n").encode("utf-8", "replace").decode()
    return "".join(char for char in joined if char.isprintable() or char in "\n\t").strip()


if __name__ == "__main__":
    _main(sys.argv[1:])
