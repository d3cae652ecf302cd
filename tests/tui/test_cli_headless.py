"""Screen or progress lines: where there is no terminal to show one on, or it is a dumb one, the run is followed."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from state import project
from tui import follow, launch, offer, terminal
from tui.commands import perform

PLACES = [
    (True, True, "xterm", True),
    (True, False, "xterm", False),
    (False, True, "xterm", False),
    (True, True, "dumb", False),
    (True, True, "", False),
]


class Stream(io.StringIO):
    def __init__(self, terminal: bool) -> None:
        super().__init__()
        self.terminal = terminal

    def isatty(self) -> bool:
        return self.terminal


@pytest.fixture
def done(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What a command does in the end; no engine is started and no screen is shown."""
    did: list[str] = []

    def says(what: str, code: int) -> int:
        did.append(what)
        return code

    monkeypatch.setattr(follow, "follow", lambda *_, **__: says("followed", 3))
    monkeypatch.setattr(follow, "begun_by", lambda *_: 1)
    monkeypatch.setattr(terminal, "open_lab", lambda *_: says("shown", 0))
    monkeypatch.setattr(offer, "ask", lambda: did.append("asked"))
    for name in ("start_engine", "take_up"):
        monkeypatch.setattr(launch, name, lambda folder: None)
    return did


def stand(monkeypatch: pytest.MonkeyPatch, reads: bool, shows: bool, term: str) -> None:
    monkeypatch.setattr("sys.stdin", Stream(reads))
    monkeypatch.setattr("sys.stdout", Stream(shows))
    if term:
        monkeypatch.setenv("TERM", term)
    else:
        monkeypatch.delenv("TERM", raising=False)


@pytest.mark.parametrize(("reads", "shows", "term", "screen"), PLACES)
def test_a_demo_without_a_terminal_is_followed_on_autopilot_and_asks_nothing(
    tmp_path: Path, done: list[str], monkeypatch: pytest.MonkeyPatch, reads: bool, shows: bool, term: str, screen: bool
) -> None:
    stand(monkeypatch, reads, shows, term)
    assert perform(["demo", str(tmp_path / "d")]) == (0 if screen else 3)
    assert done == (["asked", "shown"] if screen else ["followed"])
    assert project.load(tmp_path / "d").config.autonomy == ("co-pilot" if screen else "autopilot")


@pytest.mark.parametrize(
    ("option", "autonomy", "end"), [("--headless", "co-pilot", "followed"), ("--autopilot", "autopilot", "shown")]
)
def test_what_a_terminal_does_is_asked_for_one_by_one(
    tmp_path: Path, done: list[str], monkeypatch: pytest.MonkeyPatch, option: str, autonomy: str, end: str
) -> None:
    stand(monkeypatch, True, True, "xterm")
    perform(["demo", str(tmp_path / "d"), option])
    assert done == ["asked", end]
    assert project.load(tmp_path / "d").config.autonomy == autonomy


@pytest.mark.parametrize(("reads", "shows", "term", "screen"), PLACES)
@pytest.mark.parametrize("option", [[], ["--headless"]])
def test_a_run_is_shown_on_a_terminal_and_followed_elsewhere_or_where_that_was_asked_for(
    tmp_path: Path,
    done: list[str],
    monkeypatch: pytest.MonkeyPatch,
    option: list[str],
    reads: bool,
    shows: bool,
    term: str,
    screen: bool,
) -> None:
    (tmp_path / "project.toml").write_text('question = "Does it?"\n')
    stand(monkeypatch, reads, shows, term)
    perform(["-C", str(tmp_path), "run", *option])
    assert done == ["shown" if screen and not option else "followed"]
