"""Whether a paper's source keeps to the LaTeX that every way of typesetting understands, said with the line.

The source is a stranger's until it has passed: what reads or writes files, runs a program, defines commands or changes
how characters are read is refused by name, what is unknown too, what does not balance, and what points nowhere.
Called by the build before anything runs, and by the check of a paper that a person edited.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator

from engine.writing import subset
from engine.writing.faults import Fault
from engine.writing.references import nearest
from engine.writing.scan import GROUP, Scan
from state.errors import Plain
from state.paper import sections

FIGURES = "figures/"
_FLOAT = re.compile(r"\\begin\{(figure|table)(\*?)\}(?:(?!\\begin\{\1).)*?\\end\{\1\2\}", re.DOTALL)
_SWALLOWS = re.compile(
    r"(?:\d|\\(?:given|result)\{[^{}]*\})[ ~]?%[ \t]*\S|\\(?:url|href)[ \t]*\{[^{}\s%]{0,300}(?<!\\)%\S"
)
"""A percent sign that was meant to be printed: it makes the rest of its line a comment."""
_FILES = re.compile(r"\\(bibliography|bibliographystyle)\s*\{([^{}]*)\}")
_LINK = re.compile(r"\\(?:url|href)\s*\{([^{}]*)")
"""A reader runs `run:` and opens `file:`."""

_NOTELESS = re.compile(
    rf"\\(?:title|(?:sub){{0,2}}section\*?|paragraph|caption|footnote)\s*(?:\[[^\]]{{0,300}}\]\s*)?({GROUP})"
)
"""Where a footnote would lose its text, or end TeX."""

_AFTER_HEADING = re.compile(rf"\\(?:sub){{0,2}}section\s*{GROUP}\s*\Z")


def faults(source: str, figures: Collection[str]) -> list[Fault]:
    """Every breach, by line. `figures` are the names of the files that will lie in figures/."""
    scan = Scan(source)
    found = [*_parts(scan), *_commands(scan), *_environments(scan), *_braces(scan), *_math(scan)]
    found += [*_labels(scan), *_figures(scan, figures), *_signs(scan)]
    return sorted(found, key=lambda fault: fault.line)


def _parts(scan: Scan) -> Iterator[Fault]:
    """What a paper cannot do without, and only once."""
    for needed in (r"\documentclass", r"\begin{document}", r"\title{", r"\maketitle", r"\end{document}"):
        if scan.text.count(needed) != 1:
            yield Fault(scan.source.count("\n") + 1, "paper.no_part", {"found": f"{needed} once"})


def _commands(scan: Scan) -> Iterator[Fault]:
    packages: list[Plain] = [*sorted(subset.PACKAGES)]
    for at, name in scan.commands():
        line = scan.line(at)
        said = f"\\{name}"
        if at < scan.body and name in subset.PREAMBLE:
            if name == "usepackage":
                names = re.match(r"\\usepackage\s*(?:\[([^\]]{0,300})\])?\s*\{([^{}]*)\}", scan.text[at:])
                if names and re.search(r"[/\\{}]", names[1] or ""):
                    yield Fault(line, "paper.forbidden_command", {"found": f"[{names[1]}]"})
                for package in names[2].split(",") if names else [""]:
                    if package.strip() not in subset.PACKAGES:
                        yield Fault(line, "paper.unknown_package", {"found": package.strip(), "allowed": packages})
        elif name in subset.FORBIDDEN or name.startswith(("pdf", "lua", "XeTeX", "immediate")):
            yield Fault(line, "paper.forbidden_command", {"found": said})
        elif at < scan.body and name.isalpha() and name not in subset.IN_TEXT:
            yield Fault(line, "paper.unknown_command", {"found": said, "hint": ""})
        elif not _allowed(name, math=scan.in_math(at)):
            yield Fault(line, "paper.unknown_command", {"found": said, "hint": subset.HINTS.get(name, "")})
    for found in re.finditer(r"\\documentclass", scan.text):
        if not re.compile(r"(?:\[[\w, ]*\])?\{article\}").match(scan.text, found.end()):
            article: list[Plain] = ["article"]
            yield Fault(
                scan.line(found.start()), "paper.unknown_package", {"found": "documentclass", "allowed": article}
            )
    for holder in _NOTELESS.finditer(scan.text):
        if note := re.search(r"\\footnote(?![A-Za-z])", holder[1]):
            hint = ": no heading, caption or footnote has one; put its words into the text"
            yield Fault(
                scan.line(holder.start(1) + note.start()), "paper.unknown_command", {"found": note[0], "hint": hint}
            )
    for found in re.finditer(r"\^\^", scan.text):
        yield Fault(scan.line(found.start()), "paper.forbidden_command", {"found": "^^"})
    for found in _FILES.finditer(scan.text):
        if found[2].strip() not in subset.FILES[found[1]]:
            yield Fault(scan.line(found.start()), "paper.forbidden_command", {"found": found[0]})
    for found in _LINK.finditer(scan.text):
        if not re.match(r"\s*(?:https?://|mailto:)", found[1]):
            yield Fault(scan.line(found.start()), "paper.forbidden_command", {"found": found[0]})


def _allowed(name: str, *, math: bool) -> bool:
    if not name.isalpha() or not name.isascii():
        return name in subset.SIGNS or name in subset.ACCENTS
    return name in (subset.IN_MATH if math else subset.IN_TEXT) or (not math and name in subset.ACCENTS)


def _environments(scan: Scan) -> Iterator[Fault]:
    """Each is known, and each that begins ends, in order."""
    known = subset.ENVIRONMENTS | subset.MATH_ENVIRONMENTS | subset.WITHIN_MATH
    allowed: list[Plain] = [*sorted(known)]
    opened: list[tuple[str, int]] = []
    for mark in re.finditer(r"\\(begin|end)\s*\{([^{}]*)\}", scan.text):
        line, name = scan.line(mark.start()), mark[2]
        if name not in known:
            yield Fault(line, "paper.unknown_environment", {"found": name, "allowed": allowed})
        if mark[1] == "begin" and name == "tabular" and "tabular" in (one for one, _ in opened):
            yield Fault(line, "paper.unknown_environment", {"found": "tabular within tabular", "allowed": allowed})
        if mark[1] == "begin":
            opened.append((name, line))
        elif opened and opened[-1][0] == name:
            opened.pop()
        else:
            yield Fault(line, "paper.unbalanced", {"found": mark[0]})
            return
    for name, line in opened[-1:]:
        yield Fault(line, "paper.unbalanced", {"found": f"\\begin{{{name}}}"})


def _braces(scan: Scan) -> Iterator[Fault]:
    opened: list[int] = []
    for mark in re.finditer(r"\\.|[{}]", scan.text, re.DOTALL):
        if mark[0] == "{":
            opened.append(mark.start())
        elif mark[0] == "}" and not opened:
            yield Fault(scan.line(mark.start()), "paper.unbalanced", {"found": "}"})
            return
        elif mark[0] == "}":
            opened.pop()
    if opened:
        yield Fault(scan.line(opened[-1]), "paper.unbalanced", {"found": "{"})


def _math(scan: Scan) -> Iterator[Fault]:
    """Dollar signs pair within a paragraph; a sign that belongs to math or a table does not stand in text."""
    for paragraph in re.finditer(r"(?:[^\n]+\n?)+", scan.text):
        dollars = [mark.start() for mark in re.finditer(r"\\.|\$", paragraph[0], re.DOTALL) if mark[0] == "$"]
        if len(dollars) % 2:
            yield Fault(scan.line(paragraph.start() + dollars[-1]), "paper.unbalanced", {"found": "$"})
            return
    for mark in re.finditer(r"[_^]", scan.visible[scan.body :]):
        at = scan.body + mark.start()
        if scan.text[at] == mark[0] and scan.text[at - 1] != "\\" and not scan.in_math(at):
            yield Fault(scan.line(at), "paper.unbalanced", {"found": f"{mark[0]} outside math (write \\{mark[0]})"})
    for mark in re.finditer(r"(?<!\\)#", scan.text[scan.body :]):
        line = scan.line(scan.body + mark.start())
        yield Fault(line, "paper.unbalanced", {"found": r"# (write \#)"})
    for mark in _SWALLOWS.finditer(scan.source, scan.body):
        if scan.text[mark.start()] == mark[0][0]:  # and does not stand in a comment itself
            yield Fault(scan.line(mark.start()), "paper.unbalanced", {"found": r"% (write \%)"})
    for mark in re.finditer(r"\[@[A-Za-z0-9][^\]\n]*\]|\*\*[^*\n]+\*\*", scan.text[scan.body :]):
        hint = r": write \cite{key}" if mark[0].startswith("[@") else r": write \textbf{words}"
        yield Fault(scan.line(scan.body + mark.start()), "paper.unknown_command", {"found": mark[0], "hint": hint})


def _labels(scan: Scan) -> Iterator[Fault]:
    """Each is given once, and what is referred to is there; while sections are still empty, it may be to come."""
    given: dict[str, int] = {}
    floats = [one.span() for one in _FLOAT.finditer(scan.text)]
    for mark in re.finditer(r"\\label\s*\{([^{}]*)\}", scan.text):
        line = scan.line(mark.start())
        if mark[1] in given:
            yield Fault(line, "paper.label_twice", {"found": mark[1], "first": given[mark[1]]})
        given.setdefault(mark[1], line)
        at = mark.start()
        heading = _AFTER_HEADING.search(scan.text[max(0, at - 400) : at])
        if not (heading or scan.in_math(at) or any(start < at < end for start, end in floats)):
            yield Fault(line, "paper.label_on_nothing", {"found": mark[1]})
    if unfinished(scan.source):
        return
    for mark in re.finditer(r"\\(?:eq)?ref\s*\{([^{}]*)\}", scan.text):
        if mark[1] not in given:
            near = nearest(mark[1], given)
            yield Fault(scan.line(mark.start()), "paper.unknown_label", {"found": mark[1], "near": near})


def unfinished(source: str) -> bool:
    """Whether a section is still as empty as the scaffold made it."""
    told = sections(source)
    after = [*(one.level for one in told[1:]), 1]
    return any(one.level == next_level == 1 and not one.words for one, next_level in zip(told, after, strict=False))


def _figures(scan: Scan, figures: Collection[str]) -> Iterator[Fault]:
    for mark in re.finditer(r"\\includegraphics\s*(?:\[[^\]]{0,300}\])?\s*\{([^{}]*)\}", scan.text):
        name = mark[1].strip().removeprefix(FIGURES)
        if not mark[1].strip().startswith(FIGURES) or name not in figures:
            near: list[Plain] = [FIGURES + one for one in sorted(figures)]
            yield Fault(scan.line(mark.start()), "paper.unknown_figure", {"found": mark[1].strip(), "near": near})


def _signs(scan: Scan) -> Iterator[Fault]:
    """Control characters and signs that no font of a paper has: emoji, private use, scripts that we cannot set."""
    for nth, line in enumerate(scan.source.split("\n"), 1):
        for sign in dict.fromkeys(line):
            if not printable(sign):
                yield Fault(
                    nth, "paper.no_glyph", {"found": sign if sign.isprintable() else "", "code": f"U+{ord(sign):04X}"}
                )


RANGES = (
    (0x20, 0x7E), (0xA0, 0x24F), (0x250, 0x2FF), (0x384, 0x3FF), (0x400, 0x4FF), (0x1E00, 0x1EFF), (0x2010, 0x2027),
    (0x2030, 0x2040), (0x2042, 0x2042), (0x2044, 0x2052), (0x2054, 0x205E), (0x2070, 0x2071), (0x2074, 0x208E),
    (0x2090, 0x209C), (0x20A0, 0x20BF), (0x2100, 0x211E), (0x2126, 0x214F), (0x2190, 0x21FF), (0x2200, 0x22FF),
    (0x25A0, 0x25FF), (0x2713, 0x2714), (0x2717, 0x2717), (0x3000, 0x3029), (0x3030, 0x303F), (0x3400, 0x4DBF),
    (0x4E00, 0x9FFF), (0xFF01, 0xFF5E),
)  # fmt: skip
_UNASSIGNED = frozenset("\u038b\u038d\u03a2")


def printable(sign: str) -> bool:
    """Whether a paper's fonts have it: Latin, Greek, Cyrillic, Chinese, punctuation, arrows and mathematics."""
    return sign == "\t" or (sign not in _UNASSIGNED and any(first <= ord(sign) <= last for first, last in RANGES))
