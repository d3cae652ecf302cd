"""Read a person's paper for review: a PDF by a process of its own, LaTeX, Markdown and plain text as they are.

What cannot be read is a `LabError` that names the file and says why; the run then waits for the person. Called when the
visit that reviews it opens, which pins the text: a file that changes afterwards changes nothing.
"""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path

from engine.tools import pdf
from state.errors import LabError
from state.front_matter import clean
from state.products.manuscript import Manuscript

TEXT_B = 8 << 20
TEXT_CHARS = 300_000
"""What a reviewer is shown at most: some eighty thousand tokens."""


def read(path: Path) -> Manuscript:
    """The paper at `path`; LabError `manuscript.*` where there is none to read."""
    if not path.is_file():
        raise LabError("manuscript.gone", file=str(path))
    is_pdf = path.suffix.lower() == ".pdf"
    limit_b = pdf.SIZE_B if is_pdf else TEXT_B
    try:
        with path.open("rb") as file:
            data = file.read(limit_b + 1)
    except OSError as error:
        raise LabError("manuscript.unreadable", file=str(path), why=error.strerror or str(error)) from None
    if len(data) > limit_b:
        raise LabError("manuscript.too_big", file=str(path), limit_mb=limit_b >> 20)
    if not is_pdf:
        try:
            text, pages, cut = clean(data.decode("utf-8-sig")), 0, False
        except UnicodeDecodeError:
            raise LabError("manuscript.not_utf8", file=str(path)) from None
    else:
        found = pdf.read([path])[path]
        if found.why:
            raise LabError(f"manuscript.{found.why}", file=str(path))
        text = "\n\n".join(f"[page {nth}]\n\n{page}" for nth, page in enumerate(found.pages, 1))
        pages, cut = len(found.pages), found.cut
    if not text.strip():
        raise LabError("manuscript.no_text", file=str(path))
    return Manuscript(
        file=path.name,
        sha256=sha256(data).hexdigest(),
        pages=pages,
        cut=cut or len(text) > TEXT_CHARS,
        text=text[:TEXT_CHARS],
    )
