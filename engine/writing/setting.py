"""What the ways of typesetting share: what one is, how it fails, how it calls a program.

The paper lies in the working folder of its job under the names below. Used by typesetting with TeX and with Typst.
"""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from engine.writing import tables

SOURCE, BIB, PDF = "paper.tex", "references.bib", "paper.pdf"
EPOCH = {"SOURCE_DATE_EPOCH": "0", "FORCE_SOURCE_DATE": "1", "TZ": "UTC"}
PROBE_S, BUILD_S = 30, 180


@dataclass
class Failed(Exception):
    """The paper cannot be set: why, and the line of paper.tex where it can be told. `sign` where no font has it."""

    reason: str
    line: int = 0
    log: str = ""
    sign: str = ""


@dataclass(frozen=True)
class Setting:
    """A way of typesetting: its name, what sets `source`, returning its log, and whether it could set anything."""

    name: str
    run: Callable[[str, dict[str, Any]], str]
    works: Callable[[], bool] = lambda: True


def on_page(source: str, *, tex: bool) -> str:
    """With tables that stand on the page; one that cannot is a failure of its line."""
    try:
        return tables.fitted(source, tex=tex)
    except tables.TooWide as wide:
        why = f"this table is wider than the page by {wide.share:.0%}: give it fewer columns, or two tables"
        raise Failed(why, wide.line) from None


_UNNUMBERED = re.compile(
    r"\\\[(?P<bracket>(?:(?!\\\]).)*?)\\\]|\$\$(?P<dollars>[^$]*)\$\$"
    r"|\\begin\{(?P<name>equation|align|gather|displaymath|math)(?P<star>\*?)\}"
    r"(?P<inner>(?:(?!\\begin\{(?P=name)).)*?)\\end\{(?P=name)\*?\}",
    re.DOTALL,
)


def numbered(source: str) -> str:
    """With a number for every equation that has a label: where it has none, TeX's reference is the section's."""

    def one(found: re.Match[str]) -> str:
        name = found["name"] or "displaymath"
        inner = found["inner"] or found["bracket"] or found["dollars"] or ""
        if r"\label" not in inner or (name not in ("displaymath", "math") and not found["star"]):
            return found[0]
        name = name if name in ("align", "gather") else "equation"
        return rf"\begin{{{name}}}{inner}\end{{{name}}}"

    return _UNNUMBERED.sub(one, source)


def line_of(source: str, text: str) -> int:
    at = source.find(text) if text else -1
    return source.count("\n", 0, at) + 1 if at >= 0 else 0


def called(line: list[str], folder: Path, wall_s: int) -> subprocess.CompletedProcess[str] | None:
    """What a program said and how it ended; None past its time."""
    try:
        return subprocess.run(
            line,
            check=False,
            cwd=folder,
            env={**os.environ, **EPOCH},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            errors="replace",
            timeout=wall_s,
        )
    except subprocess.TimeoutExpired:
        return None
