"""Turns paper.tex in the working folder into paper.pdf: the program of a typesetting job, run apart from the lab.

TeX where this machine has one that can set this paper (latexmk, xelatex, pdflatex, tectonic), else pandoc and Typst
with the lab's own template, the same text either way. It writes `build.json`: ok, engine, pages, and what failed in
which line. Nothing of the clock enters. Run as `python -m engine.writing.typeset` by the job that pdf.py makes.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from engine.writing import by_tex, by_typst
from engine.writing.setting import PDF, SOURCE, Failed, Setting

SETUP, BUILD = "setup.json", "build.json"
LOG_B = 64 << 10


def main() -> int:
    setup: dict[str, Any] = json.loads(Path(SETUP).read_text("utf-8"))
    source = Path(SOURCE).read_text("utf-8")
    told: dict[str, Any] = {"ok": False, "engine": "", "pages": 0, "log": "", "reason": "", "line": 0, "sign": ""}
    for setting in settings(source, setup):
        if told["sign"] and setting.name != by_typst.NAME:
            continue  # another TeX has the same fonts
        told["engine"] = setting.name
        try:
            log = setting.run(source, setup)
        except Failed as failed:
            if not setting.works():  # asked only now: a trial costs as much as a short paper
                continue
            told |= {"reason": failed.reason, "line": failed.line, "log": failed.log[-LOG_B:], "sign": failed.sign}
            if failed.sign:
                continue
        else:
            told |= {"ok": True, "log": log[-LOG_B:], "pages": pages(Path(PDF)), "reason": "", "line": 0, "sign": ""}
        break
    else:
        if not told["sign"]:
            told |= {"engine": "", "reason": "no way of typesetting works here"}
    Path(BUILD).write_text(json.dumps(told, ensure_ascii=False, sort_keys=True), "utf-8")
    if not told["ok"]:
        where = f"line {told['line']}: " if told["line"] else ""
        sys.stderr.write(f"{where}{told['reason']}\n")
    return 0 if told["ok"] else 1


def settings(source: str, setup: dict[str, Any]) -> Iterator[Setting]:
    """The ways of typesetting that are here, best first."""
    if setup.get("tex", True):
        yield from by_tex.ways(source, setup)
    yield from by_typst.ways()


def pages(pdf: Path) -> int:
    import pypdfium2

    document = pypdfium2.PdfDocument(pdf)
    try:
        return len(document)
    finally:
        document.close()


if __name__ == "__main__":
    sys.exit(main())
