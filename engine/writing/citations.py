"""Citations resolve to papers that were found, and only what is cited stands in the bibliography.

`shelf` is BibTeX by key, of papers on the shelf or found while writing. An entry is rewritten under its key with plain
fields: an entry from the network cannot bring a command along. Called by the build and by report writing.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from engine.tools import bib
from engine.writing.faults import AROUND, Fault
from engine.writing.references import nearest
from engine.writing.scan import Scan

CITE = re.compile(r"\\cite[a-z]*\*?\s*(?:\[[^\]]{0,300}\]\s*)*\{([^{}]*)\}")
_FIELDS = (
    "author title year month journal booktitle volume number pages publisher school institution editor series edition"
    " address eprint archiveprefix primaryclass doi url note howpublished key"
)
TITLE_WORDS = 6
_KINDS = {
    *("article", "book", "incollection", "inproceedings", "mastersthesis"),
    *("misc", "phdthesis", "proceedings", "techreport", "unpublished"),
}
_ADDRESSES = frozenset({"url", "doi", "eprint"})
_ACCENT = re.compile(
    r"\\(?:['`^\"~=.]|[cvuHkdbr](?![A-Za-z])|(?:aa|AA|ae|AE|oe|OE|ss|o|O|l|L|i|j)(?![A-Za-z])|[&%$#_]|text(?:asciicircum|asciitilde|backslash)(?![A-Za-z]))"
)


LETTERS = {"DJ": "Đ", "dj": "đ", "DH": "Ð", "dh": "ð", "TH": "Þ", "th": "þ", "NG": "Ŋ", "ng": "ŋ"}
"""Those that only some fonts have a command for."""
_LETTER = re.compile(rf"\\({'|'.join(LETTERS)})(?![A-Za-z])[ \t]*")


def cited(source: str) -> list[tuple[int, str]]:
    """Line and key of every citation in reading order; a key may stand there often."""
    scan = Scan(source)
    return [
        (scan.line(found.start()), key.strip())
        for found in CITE.finditer(scan.text)
        for key in found[1].split(",")
        if key.strip()
    ]


def faults(source: str, shelf: Mapping[str, str]) -> list[Fault]:
    """A key that no found paper has; an entry that cannot be read, at the line of its first citation."""
    told: list[Fault] = []
    seen: set[str] = set()
    for line, key in cited(source):
        if key not in shelf:
            told.append(Fault(line, "paper.unknown_citation", {"found": key, "near": nearest(key, shelf)}))
        elif key not in seen and entry(key, shelf[key]) is None:
            told.append(Fault(line, "paper.bad_citation", {"found": key, "reason": "no whole entry with a title"}))
        seen.add(key)
    scan = Scan(source)
    for one in re.finditer(r"\\cite", scan.text):
        found = CITE.match(scan.text, one.start())
        if found is None or not found[1].strip(", \n\t"):
            said = scan.text[one.start() : one.start() + AROUND].split("\n")[0]
            told.append(
                Fault(scan.line(one.start()), "paper.unknown_citation", {"found": said, "near": [*sorted(shelf)[:5]]})
            )
    return told


def bibliography(source: str, shelf: Mapping[str, str]) -> str:
    """references.bib: the entries that the source cites, by key. Keys without an entry are left out (see `faults`)."""
    keys = sorted({key for _, key in cited(source)} & set(shelf))
    return "".join(f"{found}\n\n" for key in keys if (found := entry(key, shelf[key])) is not None)


def entry(key: str, bibtex: str) -> str | None:
    """One entry under `key`, with the fields we know and none of their commands but accents; None without a title."""
    head = re.search(r"@([A-Za-z]+)\s*\{\s*[^,\s{}]*\s*,", bibtex)
    if head is None:
        return None
    kind = head[1].lower() if head[1].lower() in _KINDS else "misc"
    fields = _fields(bibtex[head.end() :])
    if not fields.get("title"):
        return None
    if not re.fullmatch(r"\d{4}", fields.get("year", "")):
        year = re.search(r"\d{4}", fields.pop("year", ""))
        fields |= {"year": year[0]} if year else {}
    if not fields.get("author") and (short := _short(fields["title"])):
        fields["key"] = short  # what TeX calls it by; without one, three letters of its key
    rows = [f"  {name} = {{{fields[name]}}}," for name in _FIELDS.split() if fields.get(name)]
    return "\n".join([f"@{kind}{{{key},", *rows, "}"])


def _short(title: str) -> str:
    """A title up to its first stop, or its first words, without its braces; "" where it holds more than words."""
    words = re.split(r"[:.?!—]", re.sub(r"[{}]", "", title))[0].split()[:TITLE_WORDS]
    return "" if any(re.search(r"[\\$]", word) for word in words) else " ".join(words)


def _fields(text: str) -> dict[str, str]:
    told: dict[str, str] = {}
    at = 0
    while found := re.compile(r"\s*,?\s*([A-Za-z_-]+)\s*=\s*").match(text, at):
        value, at = _value(text, found.end())
        name = found[1].lower()
        told[name] = _address(value) if name in _ADDRESSES else _clean(value)
    return told


def _value(text: str, at: int) -> tuple[str, int]:
    """A braced, quoted or bare value, and where it ends."""
    if text[at : at + 1] not in ("{", '"'):
        bare = re.compile(r"[^,}]*").match(text, at)
        end = bare.end() if bare else at
        return text[at:end].strip(), end
    closing, depth, start = ("}" if text[at] == "{" else '"'), 0, at + 1
    for nth in range(start, len(text)):
        if text[nth - 1] == "\\":
            continue
        if depth == 0 and text[nth] == closing:
            return text[start:nth], nth + 1
        depth += {"{": 1, "}": -1}.get(text[nth], 0)
    return text[start:], len(text)


def _clean(value: str) -> str:
    """Spaces squeezed, braces balanced, no command but accents and plain math, nothing that TeX or BibTeX would read
    as its own: `^^5c` is a backslash too."""
    text = "".join(sign for sign in " ".join(value.split()) if sign.isprintable() and sign != "@")
    text = _LETTER.sub(lambda found: LETTERS[found[1]], text)
    whole = _told(text)
    if not bib.balanced(whole):  # without its braces it may read as other commands: it is looked at anew
        whole = _told(text.replace("{", "").replace("}", ""))
    return " ".join(whole.split())


def _told(text: str) -> str:
    """Math as it stands, words as words."""
    kept, at = [], 0
    for start, end in bib.math_in(text):
        kept += [_words(text[at:start]), text[start:end]]
        at = end
    return "".join([*kept, _words(text[at:])])


def _words(text: str) -> str:
    """Text outside math: what means something to TeX is escaped, a command that is no accent falls away."""
    told, at = "", 0
    for found in re.finditer(r"\\(?:[A-Za-z]+|.|$)", text):
        told += _escaped(text[at : found.start()])
        at = found.end()
        if _ACCENT.match(found[0]):
            told += found[0]
        elif re.search(r"\\[A-Za-z]+\Z", told):
            told += " "  # what stood between fell away: `\i\1nput` is no command that reads a file
    return told + _escaped(text[at:])


def _escaped(text: str) -> str:
    return re.sub(r"[&%#_$]", lambda found: f"\\{found[0]}", text).replace("^", "\\textasciicircum{}")


def _address(value: str) -> str:
    """A URL or a number of a paper: it is printed letter by letter."""
    text = "".join(sign for sign in value if sign.isprintable() and sign not in "\\{}^@ ")
    return re.sub(r"[&%#]", lambda found: f"\\{found[0]}", text)
