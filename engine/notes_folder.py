"""notes/: every Markdown file that a person saves there is a note.

A file counts once it has been still for two seconds; each content counts once. Dotfiles, editors' backups and swap
files, and other encodings are none. Nothing here is moved or edited by the lab.
"""

from __future__ import annotations

import hashlib
import stat
import time
from pathlib import Path

from state.durable import printable
from state.notes import take_saved_note
from state.store import Store
from state.vocabulary import Phase, Role

STILL_S = 2.0
LIMIT_B = 1 << 20


class NotesFolder:
    """Looks through one project's notes/."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._known: dict[str, tuple[int, int]] = {}  # name → (mtime_ns, size) that was taken
        self._seen: dict[str, tuple[tuple[int, int], float]] = {}  # the same, and since when it is seen unchanged

    def look(self, store: Store) -> bool:
        """Take up what is new and still; True if something was."""
        taken = False
        try:
            names = sorted(path.name for path in self.folder.iterdir())
        except OSError:  # not there, or not to be read: nothing was left
            return False
        for name in names:
            if not name.endswith(".md") or name.startswith((".", "#")) or "~" in name:
                continue
            path = self.folder / name
            try:
                told = path.stat()
                mark = (told.st_mtime_ns, told.st_size)
                if self._known.get(name) == mark or told.st_size > LIMIT_B or not stat.S_ISREG(told.st_mode):
                    continue
                if not self._still(name, mark):
                    continue
                data = path.read_bytes()
                text = data.decode("utf-8")
            except (OSError, UnicodeDecodeError):
                continue
            to, body = address(text)
            if body.strip():
                sha = hashlib.sha256(data).hexdigest()
                taken |= take_saved_note(store, printable(name), sha, body.strip(), to, told.st_mtime_ns // 1_000_000)
            self._known[name] = mark  # last: a disk that is full takes nothing up
        return taken

    def _still(self, name: str, mark: tuple[int, int]) -> bool:
        """Whether a file has not changed for two seconds, by its time or, where its time is no help, by our own."""
        before, since = self._seen.get(name, (None, 0.0))
        if before != mark:
            since = time.monotonic()
            self._seen[name] = (mark, since)
        return time.time() - mark[0] / 1e9 >= STILL_S or time.monotonic() - since >= STILL_S


def address(text: str) -> tuple[Phase | Role | None, str]:
    """`to: plan` on the first line, and the rest. A line that names nobody is the note's own: "To: be short, …"."""
    first, _, rest = text.lstrip("\ufeff").partition("\n")
    if not first.lower().startswith("to:"):
        return None, text
    word = first[3:].strip().lower().replace(" ", "_")
    phase = Phase.named(word)
    if phase is not None:
        return phase, rest
    try:
        return Role(word), rest
    except ValueError:
        return None, rest if word in ("", "team") else text
