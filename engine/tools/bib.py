"""Read and write BibTeX.

`parse` gives entries with their strings put in, and the places it could not read; one broken entry never costs the
others. `plain` is a field as a person reads it, `written` an entry that parses back to the same fields, `tex` text from
outside made harmless for LaTeX. Called for the papers a project brings and those that sources find.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass

_MONTHS = "January February March April May June July August September October November December"
_STRINGS = {month[:3].lower(): month for month in re.findall(r"\w+", _MONTHS)}
_NAME = re.compile(r"[^\s\"#%'(),={}@]+")
_SPACE = re.compile(r"\s+")
_AT = re.compile(r"^[ \t]*@", re.MULTILINE)


@dataclass(frozen=True)
class Entry:
    """One entry. Field names are lower case; values stand as written, strings put in, white space squeezed."""

    kind: str
    key: str
    fields: dict[str, str]
    line: int


@dataclass(frozen=True)
class Fault:
    """What could not be read: `unclosed`, `no_key`, `no_equals`, `no_value`, `twice`."""

    line: int
    why: str


def parse(text: str) -> tuple[list[Entry], list[Fault]]:
    """Entries in their order, and the faults."""
    entries: list[Entry] = []
    faults: list[Fault] = []
    strings = dict(_STRINGS)
    keys: set[str] = set()
    at, line, counted = text.find("@"), 1, 0
    while at >= 0:
        line += text.count("\n", counted, at)
        counted = at
        reader = _Reader(text, at + 1, strings)
        try:
            found = reader.thing(line)
            if found is not None and found.key in keys:
                faults.append(Fault(line, "twice"))
            elif found is not None:
                keys.add(found.key)
                entries.append(found)
            at = text.find("@", reader.at)
        except _Broken as broken:
            faults.append(Fault(line, str(broken)))
            next_one = _AT.search(text, at + 1)
            at = next_one.end() - 1 if next_one else -1
    return entries, faults


class _Broken(Exception):
    pass


class _Reader:
    """Reads what follows an @."""

    def __init__(self, text: str, at: int, strings: dict[str, str]) -> None:
        self.text, self.at, self.strings = text, at, strings

    def thing(self, line: int) -> Entry | None:
        """An entry; None for a comment, a string, a preamble, and an @ that begins nothing."""
        kind = self._name().lower()
        self._space()
        if not kind or self._peek() not in ("{", "("):
            return None
        if kind == "comment":
            if self._peek() == "{":
                self._braced()
            return None
        close = "}" if self._peek() == "{" else ")"
        self.at += 1
        if kind == "preamble":
            self._value()
            self._end(close)
            return None
        if kind == "string":
            self.strings |= self._fields(close)
            return None
        self._space()
        key = self._until(",", close)
        if not key or re.search(r"[\s={}\"]", key):
            raise _Broken("no_key")
        if self._peek() == ",":
            self.at += 1
        return Entry(kind, key, self._fields(close), line)

    def _fields(self, close: str) -> dict[str, str]:
        found: dict[str, str] = {}
        while True:
            self._space()
            if self._peek() == close:
                self.at += 1
                return found
            name = self._name().lower()
            self._space()
            if not name or self._peek() != "=":
                raise _Broken("no_equals" if self._peek() else "unclosed")
            self.at += 1
            found.setdefault(name, self._value())
            self._space()
            if self._peek() == ",":
                self.at += 1
            elif self._peek() != close:
                raise _Broken("unclosed")

    def _value(self) -> str:
        pieces = [self._piece()]
        self._space()
        while self._peek() == "#":
            self.at += 1
            pieces.append(self._piece())
            self._space()
        return _SPACE.sub(" ", "".join(pieces)).strip()

    def _piece(self) -> str:
        self._space()
        match self._peek():
            case "{":
                return self._braced()
            case '"':
                return self._quoted()
        name = self._name()
        if not name:
            raise _Broken("no_value" if self._peek() else "unclosed")
        return self.strings.get(name.lower(), name)

    def _braced(self) -> str:
        start, depth = self.at + 1, 0
        for found in re.compile(r"[{}]").finditer(self.text, self.at):
            depth += 1 if found[0] == "{" else -1
            if depth == 0:
                self.at = found.end()
                return self.text[start : found.start()]
        raise _Broken("unclosed")

    def _quoted(self) -> str:
        start, depth = self.at + 1, 0
        for found in re.compile(r'[{}"]').finditer(self.text, start):
            if found[0] == '"' and depth == 0:
                self.at = found.end()
                return self.text[start : found.start()]
            depth += {"{": 1, "}": -1}.get(found[0], 0)
            if depth < 0:
                break
        raise _Broken("unclosed")

    def _until(self, *ends: str) -> str:
        start = self.at
        while self.at < len(self.text):
            if self.text[self.at] in ends:
                return self.text[start : self.at].strip()
            self.at += 1
        raise _Broken("unclosed")

    def _end(self, close: str) -> None:
        self._space()
        if self._peek() != close:
            raise _Broken("unclosed")
        self.at += 1

    def _name(self) -> str:
        self._space()
        found = _NAME.match(self.text, self.at)
        if not found:
            return ""
        self.at = found.end()
        return found[0]

    def _space(self) -> None:
        while self.at < len(self.text) and self.text[self.at].isspace():
            self.at += 1

    def _peek(self) -> str:
        return self.text[self.at : self.at + 1]


# as a person reads it ------------------------------------------------------------------------------------------------

_ACCENTS = dict(
    zip(
        "\"'`^~=.uvHckrdb",
        "\u0308\u0301\u0300\u0302\u0303\u0304\u0307\u0306\u030c\u030b\u0327\u0328\u030a\u0323\u0331",
        strict=True,
    )
)
_LETTERS = {"ss": "ß", "ae": "æ", "AE": "Æ", "oe": "œ", "OE": "Œ", "o": "ø", "O": "Ø", "l": "ł", "L": "Ł"}
_LETTERS |= {"aa": "å", "AA": "Å", "i": "ı", "j": "ȷ", "DJ": "Đ", "dj": "đ", "DH": "Ð", "dh": "ð", "TH": "Þ", "th": "þ"}
_LETTERS |= {"textendash": "–", "textemdash": "—", "ldots": "…"}
_ACCENT = re.compile(
    r"\\(?:([\"'`^~=.])\s*|([uvHckrdb])(?:\s+|(?=\{)))(?:\{\s*(?:\\([ij])|([^\W\d_]))\s*\}|\\([ij])(?![A-Za-z])|([^\W\d_]))"
)
_LETTER = re.compile(rf"\\({'|'.join(_LETTERS)})(?![A-Za-z])(?:\{{\}}|\s+)?")
_COMMAND = re.compile(r"\\([A-Za-z]+)\s*|\\([&%$#_{}])|\\(.)", re.DOTALL)
_MATH = re.compile(r"(?<!\\)\$[^$]*(?<!\\)\$")


def letters(tex_text: str) -> str:
    """A text whose accents are letters, one on another too; all else stays as it is."""
    text = tex_text
    for _ in range(2):
        text = _ACCENT.sub(_accented, text)
    return _LETTER.sub(lambda found: _LETTERS[found[1]], text)


def plain(tex_text: str) -> str:
    """A field without its markup: accents are letters, braces are gone; mathematics between $ stays as it is."""
    pieces: list[str] = []
    at = 0
    for math in _MATH.finditer(tex_text):
        pieces += [_plain_words(tex_text[at : math.start()]), math[0]]
        at = math.end()
    pieces.append(_plain_words(tex_text[at:]))
    return _SPACE.sub(" ", "".join(pieces)).strip()


def _plain_words(text: str) -> str:
    text = _ACCENT.sub(_accented, text)
    text = text.replace("---", "—").replace("--", "–").replace("``", "“").replace("''", "”")
    kept = {"{": "\ue000", "}": "\ue001"}  # escaped braces stay, the others only group
    text = _COMMAND.sub(lambda m: kept.get(m[2], m[2]) if m[2] else _LETTERS.get(m[1] or "", "" if m[1] else " "), text)
    text = text.replace("~", " ").replace("{", "").replace("}", "")
    return text.replace("\ue000", "{").replace("\ue001", "}")


def _accented(found: re.Match[str]) -> str:
    letter = found[3] or found[4] or found[5] or found[6]
    return unicodedata.normalize("NFC", letter + _ACCENTS[found[1] or found[2]])


def names(value: str) -> tuple[str, ...]:
    """An author field as `First Last` names. `and` counts only outside braces."""
    found: list[str] = []
    depth, start = 0, 0
    for mark in re.finditer(r"[{}]|\s+and\s+", f"{value} and "):
        if mark[0] in "{}":
            depth += 1 if mark[0] == "{" else -1
        elif depth <= 0:
            found.append(value[start : mark.start()])
            start = mark.end()
    return tuple(name for one in found if (name := _turned(one)))


def _turned(name: str) -> str:
    if name.strip().startswith("{"):
        return plain(name)
    parts = [plain(part) for part in name.split(",")]
    return " ".join(part for part in [*parts[1:], parts[0]] if part) if len(parts) > 1 else parts[0]


# as LaTeX reads it ---------------------------------------------------------------------------------------------------

_SPECIAL = {char: f"\\{char}" for char in "&%#_$"} | {"\\": "\\textbackslash{}", "~": "\\textasciitilde{}"}
_SPECIAL |= {"^": "\\textasciicircum{}", "{": "\\{", "}": "\\}"}
_SAFE_MATH = re.compile(
    r"\$(?:[^$\\{}%#&]|\\[,;!]|\\(?:alpha|beta|gamma|delta|epsilon|varepsilon|lambda|mu|sigma|theta|pi|"
    r"rho|tau|phi|omega|ell|log|exp|sqrt|mathcal|mathbb|mathrm|mathbf|times|cdot|leq|geq|infty|to|"
    r"nabla|partial|sum|prod|tilde|hat|bar|sim|in|ldots|dots|O|Theta|Omega)(?![A-Za-z])|[{}])*\$"
)


def tex(text: str) -> str:
    """Text from outside as LaTeX that says the same and does nothing else. Mathematics of known commands stays."""
    text = "".join(char for char in text if char.isprintable() or char.isspace())
    pieces: list[str] = []
    at = 0
    for start, end in math_in(text):
        pieces += [_escaped(text[at:start]), text[start:end]]
        at = end
    pieces.append(_escaped(text[at:]))
    return _SPACE.sub(" ", "".join(pieces)).strip()


def math_in(text: str) -> list[tuple[int, int]]:
    """Where mathematics stands that does nothing but print."""
    return [
        math.span()
        for math in _SAFE_MATH.finditer(text)
        if balanced(math[0]) and "^^" not in math[0] and "__" not in math[0]  # ^^5c is a backslash
    ]


def _escaped(text: str) -> str:
    told = "".join(_SPECIAL.get(char, char) for char in text)
    return told if balanced(told) else told.replace("\\{", "").replace("\\}", "")


def balanced(text: str) -> bool:
    """Whether the braces close, as BibTeX counts them: escaped ones too."""
    depth = 0
    for char in text:
        depth += {"{": 1, "}": -1}.get(char, 0)
        if depth < 0:
            return False
    return depth == 0


def written(kind: str, key: str, fields: Mapping[str, str]) -> str:
    """An entry. Values stand as they are; where braces do not close they are left out, the words stay."""
    lines = [f"@{kind}{{{key},"]
    for name, value in fields.items():
        squeezed = _SPACE.sub(" ", value).strip()
        if not balanced(squeezed):
            squeezed = squeezed.replace("{", "").replace("}", "")
        if squeezed:
            lines.append(f"  {name} = {{{squeezed}}},")
    return "\n".join([*lines, "}"])
