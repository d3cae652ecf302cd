"""The text of PDFs, page by page, read by a process of its own.

A PDF is a stranger's: what breaks, hangs or crashes the reader costs that file and nothing else. `read` gives pages or
says why there are none (`broken`, `locked`, `too_big`, `no_text`, `slow`). This file is also the program that reads: as
such it imports the standard library and pypdfium2 alone.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

SIZE_B = 64 << 20
PAGES = 200
PAGE_CHARS = 20_000
HEAD_CHARS = 4_000
"""As much of the first page is looked at for its title."""
FILE_S = 30
MEMORY_B = 3 << 30


@dataclass(frozen=True)
class Read:
    """What a PDF gave. `cut`: it has more pages, or longer ones, than were taken.

    `title` and `author` are what the file says of itself, `headline` what is set largest on its first page.
    """

    pages: tuple[str, ...] = ()
    title: str = ""
    author: str = ""
    headline: str = ""
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
            argv, stdin=subprocess.DEVNULL, capture_output=True, timeout=FILE_S * len(paths), check=False, env=_env()
        )
        output, why = done.stdout, "broken"
    except subprocess.TimeoutExpired as late:
        output, why = late.stdout or b"", "slow"
    whole = output[: output.rfind(b"\n") + 1].splitlines()
    told = [json.loads(line) for line in whole]
    return [Read(**{**one, "pages": tuple(one["pages"])}) for one in told], why


def _env() -> dict[str, str]:
    """Nothing of ours: whoever gets hold of the reader by a PDF finds no key."""
    return {name: value for name, value in os.environ.items() if name in ("PATH", "LANG", "LC_ALL", "LD_LIBRARY_PATH")}


# the reader's own process --------------------------------------------------------------------------------------------


def _main(paths: list[str]) -> None:
    import resource

    def hold(kind: int, most: int) -> None:
        """At most so much; where the person's shell allows less, that."""
        hard = resource.getrlimit(kind)[1]
        resource.setrlimit(kind, (most if hard == resource.RLIM_INFINITY else min(most, hard), hard))

    hold(resource.RLIMIT_AS, MEMORY_B)
    hold(resource.RLIMIT_CORE, 0)
    spent_s = 0.0
    for path in paths:
        hold(resource.RLIMIT_CPU, int(spent_s) + FILE_S)
        sys.stdout.write(json.dumps(_pages(path)) + "\n")
        sys.stdout.flush()
        usage = resource.getrusage(resource.RUSAGE_SELF)
        spent_s = usage.ru_utime + usage.ru_stime


def _pages(path: str) -> dict[str, object]:
    import pypdfium2

    told: dict[str, object] = {"pages": [], "why": ""}
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
        told |= {name.lower(): _clean(document.get_metadata_value(name))[:300] for name in ("Title", "Author")}
        headline = _headline(document[0]) if any(pages[:1]) else ""
        return told | {"pages": pages, "headline": headline, "cut": cut, "why": "" if any(pages) else "no_text"}
    finally:
        document.close()


def _headline(page: Any) -> str:
    """The words that are set largest on a page, clearly larger than most of it; "" where none are."""
    from pypdfium2 import raw

    text = page.get_textpage()
    signs: list[tuple[float, str]] = []
    way = raw.FS_MATRIX()
    for nth in range(min(text.count_chars(), HEAD_CHARS)):
        sign = chr(raw.FPDFText_GetUnicode(text, nth))
        if sign.isspace() or sign == "\ufffe":
            signs.append((0.0, sign))
        elif raw.FPDFText_GetMatrix(text, nth, way) and abs(way.b) < 0.1 * abs(way.a):  # no stamp along the margin
            signs.append((round(raw.FPDFText_GetFontSize(text, nth) * abs(way.d), 1), sign))
    heights = sorted(height for height, sign in signs if sign.isalnum())
    usual = heights[len(heights) // 2] if heights else 0
    for size in sorted({height for height in heights if height > 1.15 * usual}, reverse=True):
        runs = [""]
        for height, sign in signs:
            if sign.isspace() or sign == "\ufffe":
                runs[-1] += " " if sign.isspace() else sign
            elif abs(height - size) < 0.5:
                runs[-1] += sign
            else:
                runs.append("")
        best = max((" ".join(_clean(run).split()) for run in runs), key=len)
        if sum(sign.isalpha() for sign in best) > 8 and " " in best:
            return best[:300]
    return ""


def _clean(text: str) -> str:
    """U+FFFE stands where a word was broken at a line's end; other characters that no text has are gone."""
    joined = text.replace("\ufffe\r\n", "").replace("\ufffe\n", "").replace("\ufffe", "")
    joined = joined.replace("\r\n", "\n").replace("\r", "\n").encode("utf-8", "replace").decode()
    return "".join(char for char in joined if char.isprintable() or char in "\n\t").strip()


if __name__ == "__main__":
    _main(sys.argv[1:])
