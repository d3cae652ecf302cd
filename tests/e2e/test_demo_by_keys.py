"""A newcomer's first minutes: the demo at a terminal, driven by the keys that its foot offers and by nothing else.

Every phase from ideation to refinement is seen, every checkpoint approved, the plan sent back once with a note; at the
end the paper stands on the screen and on disk. Prints the seconds from the first frame to the end.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
from pathlib import Path

import pypdfium2
import pytest

from tests.e2e.terminal import Terminal

NIGHTLAB = Path(sys.executable).with_name("nightlab")
PHASES = (
    *("ideation", "literature review", "plan formulation", "data preparation", "running experiments"),
    *("results interpretation", "report writing", "refinement"),
)
TITLE = re.compile(rf"\b([1-8]) ({'|'.join(PHASES)})")
STRIP = re.compile(r"\b[1-8]\S(?= |$)")
KEY = re.compile(r"(?:^| {2,})(\S+) (?=\S)")
NOTE = "five seeds, please"
PATIENCE_S = 600


class Newcomer:
    """Somebody who reads the foot and presses what stands there."""

    def __init__(self, terminal: Terminal) -> None:
        self.terminal = terminal
        self.seen: list[str] = []
        self.approved: list[str] = []
        self.sent_back = False
        self.first_frame_at: float | None = None

    def go_on_until_done(self) -> float:
        """Decide whatever waits, until the run is done; returns the seconds since the first frame."""
        end = time.monotonic() + PATIENCE_S
        while "✓ done" not in self.terminal.rows[0]:
            assert time.monotonic() < end, self.terminal.text
            self.terminal.settle()
            self.look()
            offers = KEY.findall(self.terminal.rows[-1])
            assert len(set(offers)) == len(offers), f"one key, two meanings: {self.terminal.rows[-1]}"
            if "a" in self.terminal.offered:
                self.decide()
            elif "w" in self.terminal.offered:
                self.terminal.press("w")
        assert self.first_frame_at is not None
        return time.monotonic() - self.first_frame_at

    def look(self) -> str:
        """Which phase's pane stands there, "" for none."""
        found = TITLE.search(self.terminal.rows[1])
        if found is None:
            return ""
        self.first_frame_at = self.first_frame_at or time.monotonic()
        if found[2] not in self.seen:
            self.seen.append(found[2])
        return found[2]

    def decide(self) -> None:
        """Approve, but send the plan back the first time."""
        terminal, phase = self.terminal, self.look()
        if phase == "plan formulation" and not self.sent_back:
            self.sent_back = True
            terminal.press("b")
            terminal.until(lambda: terminal.offered.get("Enter") == "send", 30, "the note box")
            terminal.send(NOTE)
            terminal.until(lambda: NOTE in terminal.text, 30, "the note as it is typed")
            terminal.press("Enter")
            terminal.until(lambda: "visit 2" in terminal.rows[1], 60, "the plan that answers the note")
        else:
            terminal.press("a")
            terminal.until(lambda: terminal.offered.get("y") == "approve", 30, "the question")
            now = self.waiting
            self.approved.append(self.look())  # the next checkpoint may have opened since the key was read
            terminal.press("y")
            terminal.until(lambda: self.waiting != now, 60, "what comes after a decision")

    @property
    def waiting(self) -> tuple[str, ...]:
        """What waits, as the top line and the strip of phases tell it."""
        return (self.terminal.rows[0].partition("$")[0], *STRIP.findall(self.terminal.rows[1]))


@pytest.mark.slow
@pytest.mark.timeout(PATIENCE_S + 60)
def test_a_newcomer_goes_from_topic_to_paper_with_the_keys_on_the_screen(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "demo"
    env = {**os.environ, "NIGHTLAB_IDLE_S": "1", "TZ": "UTC"}
    terminal = Terminal([NIGHTLAB, "demo", folder], env)
    try:
        newcomer = Newcomer(terminal)
        took_s = newcomer.go_on_until_done()
        with capsys.disabled():
            sys.stdout.write(f"\nfrom the first frame to the end of the demo: {took_s:.0f} s\n")

        assert newcomer.seen == list(PHASES)
        assert newcomer.approved == list(PHASES)
        terminal.until(lambda: terminal.offered.get("7") == "the paper", 30, "the way to the paper")
        terminal.press("7")
        terminal.until(lambda: "7 report writing" in terminal.rows[1], 30, "the paper's pane")
        terminal.until(lambda: "[paper]" in terminal.rows[1], 30, "the paper")
        terminal.until(lambda: "number 1 of" in terminal.text, 30, "where a number comes from")
        assert "rehearsal" in terminal.rows[0]
        terminal.press("q")
        terminal.until_gone(20)
    finally:
        terminal.close()

    paper = pypdfium2.PdfDocument(folder / "runs" / "1" / "paper" / "paper.pdf")
    first_page = paper[0].get_textpage().get_text_range()
    assert "A rehearsal: its words were scripted" in " ".join(first_page.split()), first_page

    told = json.loads(
        subprocess.run([NIGHTLAB, "-C", folder, "status", "--json"], capture_output=True, check=True, env=env).stdout
    )
    assert told["state"] == "done" and told["waiting_for"] == []
    assert told["notes"] == {"left": 1, "read": 1}
    assert told["experiments"]["finished"] >= 25  # five settings with the five seeds that the note asked for
    assert told["experiments"]["started_twice"] == 0 and told["calls"]["repeated"] == 0
    plan = (folder / told["products"]["plan"]).read_text("utf-8")
    assert re.search(r"^seeds = 5$", plan, re.MULTILINE), plan
