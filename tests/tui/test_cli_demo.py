"""`nightlab demo`: a whole copy of the sample or none, continued where it stands, a new run where it is done."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from state import inbox, lineage, lock, places, project
from state.errors import LabError
from state.store import Store
from state.vocabulary import Autonomy, Language, Phase, RunState, Wait, WordKind
from tui import sample

NIGHTLAB = Path(sys.executable).with_name("nightlab")


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """A fresh copy of the sample, its lock held: no engine starts."""
    folder = tmp_path / "nightlab-demo"
    sample.copy(folder, autopilot=False, language=None, model=None)
    with lock.take(places.prepare(folder).lock) or pytest.fail("the lock is taken"):
        yield folder


def words(folder: Path) -> list[inbox.Word]:
    return [inbox.read(path) for path in inbox.pending(folder)]


def begin(folder: Path, state: RunState, why: Wait | None = None) -> int:
    where = places.places(folder)
    store = Store(where.database, where.blobs)
    with store.transaction() as tx:
        run = lineage.begin_run(tx, store.put(b"{}"), list(Phase), "co-pilot")
        if why is not None:
            lineage.open_wait(tx, run, why, ["retry"], {})
        else:
            tx.execute("UPDATE run SET state = ? WHERE id = ?", (state.value, run))
    store.close()
    return run


def test_the_copy_is_a_project_with_the_language_and_mode_that_were_asked_for(tmp_path: Path) -> None:
    folder = tmp_path / "a" / "demo"
    sample.copy(folder, autopilot=True, language="zh", model="ollama/qwen3:8b")
    config = project.load(folder).config
    assert config.autonomy is Autonomy.AUTOPILOT
    assert (config.languages.team, config.languages.paper) == (Language.ZH, Language.ZH)
    assert config.model_for(None, None) == "ollama/qwen3:8b"
    shipped = (sample.SAMPLE / "project.toml").read_text()
    text = (folder / "project.toml").read_text()
    assert [line for line in shipped.splitlines() if line.startswith("#") and line not in text] == []
    assert (folder / "rehearsal").is_dir() and (folder / "papers").is_dir()
    assert not list(folder.parent.glob(".demo.*"))


def test_as_it_is_it_asks_at_every_checkpoint_and_rehearses(folder: Path) -> None:
    config = project.load(folder).config
    assert config.autonomy is Autonomy.CO_PILOT and config.checkpoints == "all"
    assert config.model_for(None, None) == "rehearsal"


def test_a_folder_that_holds_something_else_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").write_text("mine")
    with pytest.raises(LabError, match=r"demo\.not_empty"):
        sample.copy(tmp_path, autopilot=False, language=None, model=None)
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.tex"]


def test_the_first_time_a_run_begins_and_an_interrupted_first_time_leaves_one_word(folder: Path) -> None:
    assert sample.go_on(folder, autopilot=False) is None
    assert sample.go_on(folder, autopilot=False) is None
    assert [word.kind for word in words(folder)] == [WordKind.RUN]


@pytest.mark.parametrize(
    ("state", "why", "left"),
    [
        (RunState.DONE, None, [WordKind.RUN]),
        (RunState.STOPPED, None, [WordKind.RESUME]),
        (RunState.RUNNING, None, []),
        (RunState.WAITING, Wait.CHECKPOINT, []),
        (RunState.PAUSED, Wait.PERSON, [WordKind.RESUME]),
        (RunState.PAUSED, Wait.NETWORK, [WordKind.RESUME]),
        (RunState.PAUSED, Wait.BUDGET, []),
    ],
)
def test_an_existing_demo_goes_on_from_where_it_stands(
    folder: Path, state: RunState, why: Wait | None, left: list[WordKind]
) -> None:
    run = begin(folder, state, why)
    number = sample.go_on(folder, autopilot=False)
    assert number == (None if state is RunState.DONE else run)
    assert [word.kind for word in words(folder)] == left


def test_autopilot_for_an_existing_demo_is_a_word_that_approves_nothing(folder: Path) -> None:
    run = begin(folder, RunState.WAITING, Wait.CHECKPOINT)
    sample.go_on(folder, autopilot=True)
    (word,) = words(folder)
    assert word.body == inbox.SetBody(run=run, key="autonomy", value="autopilot")


def test_a_demo_whose_project_file_was_broken_says_so_and_starts_nothing(folder: Path) -> None:
    (folder / "project.toml").write_text("topic = 3\n")
    ended = subprocess.run([NIGHTLAB, "demo", folder], capture_output=True, text=True, check=False)
    assert ended.returncode == 2
    assert "line 1" in ended.stderr
    assert words(folder) == []


def test_what_is_no_word_in_the_inbox_keeps_no_demo_from_beginning(folder: Path) -> None:
    path = places.places(folder).inbox / "0-by-hand.json"
    path.write_text("{")
    assert sample.go_on(folder, autopilot=False) is None
    path.unlink()
    assert [word.kind for word in words(folder)] == [WordKind.RUN]


def test_a_word_that_is_taken_up_while_the_demo_looks_has_begun_its_run(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    inbox.leave(folder, WordKind.RUN, {})
    begun = []

    def gone(path: Path) -> inbox.Word:
        path.unlink()
        begun.append(begin(folder, RunState.RUNNING))
        raise LabError("inbox.refused", file=path.name, why="file.missing")

    monkeypatch.setattr(inbox, "read", gone)
    assert sample.go_on(folder, autopilot=False) == begun[0]
    assert inbox.pending(folder) == []
