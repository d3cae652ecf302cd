"""What went wrong, as a key and facts; never a sentence.

Every error that a person may see is a `LabError`. The tui and the command line turn its key and facts into words in
the person's language (`tui/words.py`); the journal stores it as an outcome and raises it again in a replay.
"""

from __future__ import annotations

Plain = None | bool | int | float | str | list["Plain"] | dict[str, "Plain"]
"""What JSON can hold: the only values that facts, meanings and outcomes are made of."""


class LabError(Exception):
    """Something a person should know. `key` is a message key (`project.bad_value`), `facts` its parameters."""

    def __init__(self, key: str, **facts: Plain) -> None:
        super().__init__(key, facts)
        self.key = key
        self.facts: dict[str, Plain] = facts

    def __str__(self) -> str:
        told = " ".join(f"{name}={value!r}" for name, value in self.facts.items())
        return f"{self.key} {told}".rstrip()
