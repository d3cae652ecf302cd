"""`nightlab review PAPER`: reviewers on any paper, with real engines, a model behind the wire and a person's files."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import typst

from state import lock, places
from state.readers import reading
from state.status import report
from state.vocabulary import Language, Phase
from tests.servers.messages import Json, MessagesServer
from tui import language
from tui.gather import Gatherer
from tui.homes import Beside
from tui.look import Look

NIGHTLAB = Path(sys.executable).with_name("nightlab")
FORM = {
    "summary": "It counts sheep.",
    "strengths": ["it says how"],
    "weaknesses": ["one flock"],
    "originality": 2,
    "quality": 3,
    "clarity": 3,
    "significance": 2,
    "soundness": 3,
    "presentation": 3,
    "contribution": 2,
    "overall": 5,
    "confidence": 4,
    "decision": "reject",
}
META = "They agree that one flock is few."
PAPER = "# Sheep counted\n\nWe counted 1,204 sheep at the zinc gate.\n"


def answer(body: Json) -> Json:
    """Whatever form is asked for."""
    names = [tool["name"] for tool in body["tools"]]
    name = next(name for name in ("review", "meta_review") if name in names)
    given = FORM if name == "review" else {"text": META, "decision": "reject"}
    use = {"type": "tool_use", "id": f"toolu_{len(body['messages'])}", "name": name, "input": given}
    return {"content": [use]}


def texts(server: MessagesServer) -> str:
    return json.dumps([asked.body for asked in server.asked])


def shown(folder: Path) -> Look:
    """What the screens see of the only run."""
    where = places.places(folder)
    with reading(where.database, where.blobs) as reader:
        assert reader is not None
        look = Gatherer(folder, where, reader).look(1, Phase.REPORT_REFINEMENT, 0, Beside())
    assert look is not None
    return look


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A project with a key; no engine of it is left afterwards."""
    monkeypatch.setenv("NIGHTLAB_IDLE_S", "1")
    monkeypatch.setenv("ANTHROPIC_API_KEY", "key")
    folder = tmp_path / "q"
    folder.mkdir()
    (folder / "project.toml").write_text('question = "Does it?"\n[papers]\nonline = false\n')
    yield folder
    end_engine(folder)


def end_engine(folder: Path) -> None:
    until = time.monotonic() + 20
    while (holder := lock.look(places.places(folder).lock)) is not None and time.monotonic() < until:
        if holder.pid is not None:
            os.kill(holder.pid, signal.SIGKILL)
        time.sleep(0.05)


def reviewed(folder: Path, paper: Path, server: MessagesServer | None = None) -> subprocess.CompletedProcess[str]:
    env = os.environ | ({"ANTHROPIC_BASE_URL": server.url} if server else {})
    return subprocess.run(
        [NIGHTLAB, "-C", folder, "review", paper],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        env=env,
    )


def test_a_pdf_from_elsewhere_is_reviewed_by_three_and_the_reviews_folder_is_the_last_line(
    folder: Path, tmp_path: Path
) -> None:
    (tmp_path / "theirs.typ").write_text("= Sheep counted\nWe counted 1,204 sheep at the zinc gate.")
    paper = tmp_path / "theirs.pdf"
    typst.compile(str(tmp_path / "theirs.typ"), output=str(paper))
    with MessagesServer(answer) as server:
        ended = reviewed(folder, paper, server)
        assert ended.returncode == 0, ended.stderr
        assert server.count == 7  # three reviews, each looked at once more, and the meta-review
        asked = texts(server)
    assert "zinc gate" in asked and "[page 1]" in asked and '"decide"' not in asked
    lines = ended.stdout.splitlines()
    assert lines[0] == "# theirs.pdf" and META in ended.stdout and ended.stdout.count("It counts sheep.") == 3
    assert "decision: " in ended.stdout.split("It counts sheep.")[0], "the area chair's stands with the meta-review"
    assert lines[-1] == str(folder / "runs" / "1" / "reviews")
    assert sorted(path.name for path in Path(lines[-1]).iterdir()) == [
        "1-reviewer_experiments.md",
        "2-reviewer_impact.md",
        "3-reviewer_novelty.md",
        "decision.md",
    ]
    told = report(folder)
    assert (told["state"], told["phases"], told["calls"]["repeated"]) == ("done", ["report_refinement"], 0)


def test_a_review_whose_engine_was_killed_goes_on_with_the_text_it_began_with(folder: Path, tmp_path: Path) -> None:
    paper = tmp_path / "theirs.md"
    paper.write_text(PAPER)
    killed: list[int] = []
    seen: list[Look] = []

    def once(body: Json) -> Json:
        if len(server.asked) == 4 and not killed:
            paper.write_text("Something else altogether.")
            seen.append(shown(folder))
            holder = lock.look(places.places(folder).lock)
            assert holder is not None and holder.pid is not None
            killed.append(holder.pid)
            os.kill(holder.pid, signal.SIGKILL)
        return answer(body)

    with MessagesServer(once) as server:
        ended = reviewed(folder, paper, server)
        assert ended.returncode == 0, ended.stderr
        asked = texts(server)
    assert killed and seen[0].newest(Phase.REPORT_REFINEMENT) is None  # what it began with is not what it made
    made = shown(folder).newest(Phase.REPORT_REFINEMENT)
    assert made is not None and made.row.name == "refinement"
    assert META in ended.stdout
    assert "Something else" not in asked
    assert report(folder)["calls"]["repeated"] == 0
    where = places.places(folder)
    with reading(where.database, where.blobs) as reader:
        assert reader is not None
        assert reader.engines()[0]["why"] == "died"
        assert [row.name for row in reader.versions(1)] == ["manuscript", "refinement"]


def test_a_paper_that_holds_no_text_stops_the_run_and_says_why(folder: Path, tmp_path: Path) -> None:
    paper = tmp_path / "theirs.pdf"
    paper.write_bytes(b"%PDF-1.7 and nothing that follows")
    with MessagesServer(answer) as server:
        ended = reviewed(folder, paper, server)
        assert server.count == 0
    assert ended.returncode == 3
    assert f"{paper} is no PDF that can be read." in ended.stderr
    assert ended.stdout == ""


def test_what_is_no_paper_or_cannot_be_judged_is_refused_before_anything_begins(folder: Path, tmp_path: Path) -> None:
    picture = tmp_path / "theirs.png"
    picture.write_bytes(b"\x89PNG")
    paper = tmp_path / "theirs.md"
    paper.write_text(PAPER)
    assert reviewed(folder, picture).returncode == 2
    assert reviewed(folder, tmp_path / "none.md").returncode == 2
    outside = reviewed(tmp_path, paper)
    assert outside.returncode == 2 and "nightlab new" in outside.stderr
    (folder / "project.toml").write_text('question = "Does it?"\n[models]\ndefault = "rehearsal"\n')
    rehearsed = reviewed(folder, paper)
    assert rehearsed.returncode == 2 and "nightlab set models.default" in rehearsed.stderr
    assert report(folder)["runs"] == []


@pytest.mark.parametrize("spoken", list(Language))
def test_every_reason_that_a_paper_cannot_be_read_for_has_its_words(spoken: Language) -> None:
    language.use(spoken)
    for why in ("broken", "locked", "too_big", "no_text", "slow"):
        assert language.has(f"error.manuscript.{why}")
