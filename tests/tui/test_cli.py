"""The command line: what is decided here lies in the inbox as if the terminal had written it; exit codes by state."""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from state import inbox, lineage, lock, places
from state.products.ideas import Idea, Ideas
from state.store import Store
from state.vocabulary import Choice, Phase, Role, RunState, Wait

NIGHTLAB = Path(sys.executable).with_name("nightlab")
CHECKPOINT = [choice.value for choice in (Choice.APPROVE, Choice.SEND_BACK, Choice.GO_BACK, Choice.FORK, Choice.STOP)]


@dataclass
class Said:
    code: int
    out: str
    err: str


@dataclass
class Lab:
    """A project with a real database. Its lock is held here, so no command starts an engine."""

    folder: Path
    store: Store

    def say(self, *words: str, stdin: str = "", **environment: str) -> Said:
        ended = subprocess.run(
            [NIGHTLAB, "-C", self.folder, *words],
            input=stdin,
            capture_output=True,
            text=True,
            timeout=60,
            env=os.environ | environment,
            check=False,
        )
        return Said(ended.returncode, ended.stdout, ended.stderr)

    def run(self, *phases: Phase) -> int:
        with self.store.transaction() as tx:
            return lineage.begin_run(tx, self.store.put(b"{}"), list(phases or Phase), "co-pilot")

    def visit(self, run: int, phase: Phase, *, closed: bool = False) -> int:
        with self.store.transaction() as tx:
            visit = lineage.open_visit(tx, run, phase, {}, "", None)
            if closed:
                tx.execute("UPDATE visit SET state = 'closed', closed_at = opened_at WHERE id = ?", (visit,))
            return visit

    def checkpoint(self, run: int, phase: Phase, files: dict[str, bytes]) -> tuple[int, str]:
        """A phase that handed in `files` and waits; the wait and the product's hash."""
        visit = self.visit(run, phase, closed=True)
        manifest = self.store.put(json.dumps({name: self.store.put(data) for name, data in files.items()}).encode())
        with self.store.transaction() as tx:
            product = tx.insert(
                "INSERT INTO product (visit, name, version, sha256, author, handed_in, summary, seq)"
                " VALUES (?,?,1,?,'lab',1,'{}',0)",
                (visit, phase.short, manifest),
            )
            wait = lineage.open_wait(tx, run, Wait.CHECKPOINT, CHECKPOINT, {}, visit=visit, product=product)
        return wait, manifest

    def wait(self, run: int, why: Wait, *choices: Choice, **facts: object) -> int:
        with self.store.transaction() as tx:
            return lineage.open_wait(tx, run, why, [each.value for each in choices], facts)  # type: ignore[arg-type]  # JSON facts

    def left(self) -> inbox.Word:
        """The one word that was left."""
        (path,) = inbox.pending(self.folder)
        return inbox.read(path)


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[Lab]:
    folder = tmp_path / "my-question"
    folder.mkdir()
    (folder / "project.toml").write_text('question = "Does it?"\n')
    where = places.prepare(folder)
    held = lock.take(where.lock)
    assert held is not None
    store = Store(where.database, where.blobs)
    yield Lab(folder, store)
    store.close()
    held.release()


def test_approve_names_the_checkpoint_and_the_product_that_stands_there(lab: Lab) -> None:
    wait, sha = lab.checkpoint(lab.run(), Phase.PLAN_FORMULATION, {"plan.md": b"# Plan\n"})
    assert lab.say("approve").code == 0
    body = lab.left().body
    assert isinstance(body, inbox.DecisionBody)
    assert (body.wait, body.choice, body.sha256, body.edited) == (wait, Choice.APPROVE, sha, None)


def test_approve_with_a_file_sends_the_edited_bytes_under_the_products_own_name(lab: Lab, tmp_path: Path) -> None:
    lab.checkpoint(lab.run(), Phase.PLAN_FORMULATION, {"plan.md": b"# Plan\n"})
    mine = tmp_path / "mine.txt"
    mine.write_bytes("# 计划\n".encode())
    assert lab.say("approve", "--with", str(mine)).code == 0
    body = lab.left().body
    assert isinstance(body, inbox.DecisionBody) and body.edited is not None
    assert {name: base64.b64decode(data) for name, data in body.edited.items()} == {"plan.md": "# 计划\n".encode()}


def test_of_files_with_one_name_the_one_in_the_same_folder_is_meant(lab: Lab) -> None:
    names = ("code/base/experiment.py", "code/wd_2/experiment.py")
    lab.checkpoint(lab.run(), Phase.RUNNING_EXPERIMENTS, dict.fromkeys(names, b"x = 1\n"))
    mine = lab.folder / "runs" / "1" / "code" / "wd_2" / "experiment.py"
    mine.parent.mkdir(parents=True)
    mine.write_text("x = 2\n")
    assert lab.say("approve", "--with", str(mine)).code == 0
    body = lab.left().body
    assert isinstance(body, inbox.DecisionBody) and body.edited is not None
    assert list(body.edited) == ["code/wd_2/experiment.py"]


def test_approve_with_a_file_that_the_product_has_not_leaves_no_word(lab: Lab, tmp_path: Path) -> None:
    lab.checkpoint(lab.run(), Phase.REPORT_WRITING, {"paper/paper.tex": b"x", "paper/references.bib": b""})
    (tmp_path / "other.tex").write_text("x")
    said = lab.say("approve", "--with", str(tmp_path / "other.tex"))
    assert said.code == 2
    assert "paper/paper.tex" in said.err
    assert inbox.pending(lab.folder) == []


def test_a_bare_approve_with_nothing_open_is_wrong_usage(lab: Lab) -> None:
    lab.run()
    said = lab.say("approve")
    assert said.code == 2
    assert said.err.startswith("nightlab: ") and len(said.err.splitlines()) == 1
    assert inbox.pending(lab.folder) == []


def test_approve_with_two_runs_waiting_asks_which(lab: Lab) -> None:
    lab.checkpoint(lab.run(), Phase.PLAN_FORMULATION, {"plan.md": b"1"})
    wait, _ = lab.checkpoint(lab.run(), Phase.PLAN_FORMULATION, {"plan.md": b"2"})
    assert lab.say("approve").code == 2
    assert lab.say("approve", "--run", "2").code == 0
    body = lab.left().body
    assert isinstance(body, inbox.DecisionBody) and body.wait == wait


def test_send_back_and_go_back_carry_their_note(lab: Lab) -> None:
    run = lab.run()
    lab.checkpoint(run, Phase.PLAN_FORMULATION, {"plan.md": b"1"})
    assert lab.say("send-back").code == 2  # a note is needed
    assert lab.say("go-back", "literature", "--note", "Read Power et al.").code == 0
    body = lab.left().body
    assert isinstance(body, inbox.DecisionBody)
    assert (body.choice, body.phase, body.note) == (Choice.GO_BACK, Phase.LITERATURE_REVIEW, "Read Power et al.")
    inbox.pending(lab.folder)[0].unlink()
    assert lab.say("send-back", "--note", "Five seeds.").code == 0
    body = lab.left().body
    assert isinstance(body, inbox.DecisionBody) and body.choice is Choice.SEND_BACK
    assert lab.say("go-back", "nowhere", "--note", "x").code == 2


@pytest.mark.parametrize(
    ("to", "meant"),
    [("plan", Phase.PLAN_FORMULATION), ("3", Phase.PLAN_FORMULATION), ("ml-engineer", Role.ML_ENGINEER), (None, None)],
)
def test_a_note_goes_to_a_phase_a_role_or_whoever_is_at_work(lab: Lab, to: str | None, meant: object) -> None:
    said = lab.say("note", "Five", "seeds, please.", *(["--to", to] if to else []))
    assert said.code == 0
    body = lab.left().body
    assert isinstance(body, inbox.NoteBody)
    assert (body.text, body.to) == ("Five seeds, please.", meant)


def test_a_note_is_read_from_stdin_and_an_empty_one_is_none(lab: Lab) -> None:
    assert lab.say("note", "-", stdin="一\n二\n").code == 0
    assert lab.left().body == inbox.NoteBody(text="一\n二")
    assert lab.say("note", "-", stdin=" \n").code == 2
    assert lab.say("note", "x", "--to", "nobody").code == 2


def test_a_question_of_money_is_answered_with_an_amount(lab: Lab) -> None:
    wait = lab.wait(lab.run(), Wait.BUDGET, Choice.ENOUGH, Choice.RAISE, Choice.STOP)
    assert lab.say("answer", "raise").code == 2
    assert lab.say("answer", "raise", "--money", "-3").code == 2
    assert lab.say("answer", "approve").code == 2  # not offered here
    assert lab.say("answer", "raise", "--money", "5").code == 0
    body = lab.left().body
    assert isinstance(body, inbox.DecisionBody)
    assert (body.wait, body.choice, body.money_usd) == (wait, Choice.RAISE, 5)


def test_an_idea_is_picked_by_name_or_number_among_those_of_the_product(lab: Lab) -> None:
    points = {"interestingness": 5, "feasibility": 5, "novelty": 5}
    ideas = [Idea(name=name, title=name, hypothesis="It is.", **points) for name in ("clock", "slingshot")]
    wait, sha = lab.checkpoint(lab.run(), Phase.IDEATION, Ideas.ranked(ideas).files())
    with lab.store.transaction() as tx:
        tx.execute('UPDATE wait SET choices = \'["approve", "pick"]\' WHERE id = ?', (wait,))
    for wrong in ("3", "0", "slingshoot"):
        said = lab.say("pick", wrong)
        assert said.code == 2 and "clock, slingshot" in said.err
    assert inbox.pending(lab.folder) == []
    for named in ("2", "slingshot"):
        assert lab.say("pick", named).code == 0
    words = [inbox.read(path).body for path in inbox.pending(lab.folder)]
    assert [word.pick for word in words if isinstance(word, inbox.DecisionBody)] == ["slingshot"] * 2
    assert [word.sha256 for word in words if isinstance(word, inbox.DecisionBody)] == [sha] * 2


def test_set_sends_the_value_in_its_type_and_refuses_what_is_not_live(lab: Lab) -> None:
    lab.run()
    for words in (["rounds", "3"], ["limits.money_usd", "much"], ["limits.mony_usd", "3"]):
        assert lab.say("set", *words).code == 2
    assert inbox.pending(lab.folder) == []
    assert lab.say("set", "limits.money_usd", "15").code == 0
    assert lab.left().body == inbox.SetBody(key="limits.money_usd", value=15.0)


def test_a_fork_names_a_checkpoint_that_is_behind_the_run(lab: Lab) -> None:
    run = lab.run()
    lab.visit(run, Phase.PLAN_FORMULATION, closed=True)
    lab.visit(run, Phase.DATA_PREPARATION)
    assert lab.say("fork", "data").code == 2  # not handed in yet
    assert lab.say("fork", "plan@2").code == 2
    with lab.store.transaction() as tx:
        tx.execute("UPDATE run SET state = 'waiting'")
        lineage.open_wait(tx, run, Wait.NOTE, ["retry"], {})
    from tui.here import closed_visit

    assert closed_visit(lab.folder, run, None, Phase.PLAN_FORMULATION) == "plan@1"


def test_a_form_is_filled_in_and_left_and_a_wrong_one_is_answered_with_its_line(lab: Lab, tmp_path: Path) -> None:
    lab.run()
    empty = lab.say("review").out
    form = tmp_path / "form.toml"
    four = ["originality", "quality", "clarity", "significance", "soundness", "presentation", "contribution"]
    filled = empty + "".join(f"{name} = 3\n" for name in four) + 'overall = 4\nconfidence = 5\ndecision = "reject"\n'
    form.write_text(filled.replace("weaknesses = []", 'weaknesses  = ["One modulus."]'))
    assert lab.say("review", "--form", str(form)).code == 0
    body = lab.left().body
    assert isinstance(body, inbox.ReviewBody) and body.form is not None
    assert (body.form.overall, body.form.weaknesses) == (4, ["One modulus."])
    form.write_text(form.read_text().replace("clarity = 3", "clarity = 9"))
    said = lab.say("review", "--form", str(form))
    assert said.code == 2
    line = form.read_text().splitlines().index("clarity = 9") + 1
    assert f"form.toml line {line}" in said.err


@pytest.mark.parametrize(
    ("state", "code"),
    [(RunState.DONE, 0), (RunState.STOPPED, 6), (RunState.FAILED, 5), (RunState.WAITING, 3), (RunState.PAUSED, 4)],
)
def test_following_ends_with_the_exit_code_of_the_runs_state(lab: Lab, state: RunState, code: int) -> None:
    from tui import follow

    run = lab.run()
    if state is RunState.WAITING:
        lab.checkpoint(run, Phase.PLAN_FORMULATION, {"plan.md": b"1"})
    elif state is RunState.PAUSED:
        lab.wait(run, Wait.NETWORK, Choice.RETRY)
    else:
        with lab.store.transaction() as tx:
            tx.execute("UPDATE run SET state = ?", (state.value,))
    assert follow.follow(lab.folder, run) == code


def test_following_prints_progress_on_stderr_and_the_paper_last_on_stdout(
    lab: Lab, capsys: pytest.CaptureFixture[str]
) -> None:
    from tui import follow

    run = lab.run()
    lab.visit(run, Phase.PLAN_FORMULATION)
    paper = lab.folder / "runs" / "1" / "paper" / "paper.pdf"
    paper.parent.mkdir(parents=True)
    paper.write_bytes(b"%PDF")
    with lab.store.transaction() as tx:
        tx.execute("UPDATE run SET state = 'done'")
    assert follow.follow(lab.folder, run) == 0
    said = capsys.readouterr()
    assert said.out == f"{paper}\n"
    assert len(said.err.splitlines()) == 2  # the run began, the phase began


def test_status_as_json_is_the_versioned_object_also_before_any_run(lab: Lab) -> None:
    told = json.loads(lab.say("status", "--json").out)
    assert (told["version"], told["state"], told["runs"]) == (1, "new", [])
    lab.checkpoint(lab.run(), Phase.PLAN_FORMULATION, {"plan.md": b"1"})
    told = json.loads(lab.say("status", "--json").out)
    assert told["state"] == "waiting"
    assert told["waiting_for"][0]["what"] == "checkpoint"
    for language in ("en", "zh"):
        lines = lab.say("--lang", language, "status").out
        assert "wait.what" not in lines and "status." not in lines


def test_outside_a_project_the_way_in_is_named(tmp_path: Path) -> None:
    ended = subprocess.run([NIGHTLAB, "status"], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert ended.returncode == 2
    assert "nightlab new DIR" in ended.stderr


def test_a_wrong_project_file_is_answered_in_one_line_with_its_line_number(lab: Lab) -> None:
    (lab.folder / "project.toml").write_text('question = "x"\nrouns = 3\n')
    said = lab.say("run", "--headless")
    assert said.code == 2
    assert "line 2" in said.err and "rounds" in said.err and len(said.err.splitlines()) == 1
    assert inbox.pending(lab.folder) == []


def test_every_command_explains_itself_in_both_languages() -> None:
    from tui.commands import COMMANDS

    for language in ("en", "zh"):
        code = (
            "import contextlib, io\nfrom tui.commands import COMMANDS, perform\n"
            "for name in COMMANDS:\n    with contextlib.suppress(SystemExit):\n"
            f"        perform(['--lang', {language!r}, name.replace('_', '-'), '--help'])\n"
        )
        ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd="/")
        assert "cli." not in ended.stdout and "argparse." not in ended.stdout
        assert ended.stdout.count("usage: " if language == "en" else "用法：") == len(COMMANDS)


def test_a_new_project_reads_back_and_is_not_made_twice(tmp_path: Path) -> None:
    argv = [NIGHTLAB, "--lang", "zh", "new", tmp_path / "q", "-q", 'Is "it" so?', "--autopilot"]
    assert subprocess.run(argv, capture_output=True, check=False).returncode == 0
    from state.project import load

    config = load(tmp_path / "q").config
    assert (config.question, config.autonomy, config.languages.paper) == ('Is "it" so?', "autopilot", "zh")
    assert subprocess.run(argv, capture_output=True, check=False).returncode == 2


def test_the_file_that_new_writes_shows_the_defaults_as_they_are() -> None:
    from state.config import Config
    from state.project import read
    from tui.ownproject import DEFAULTS

    assert read(DEFAULTS.read_text().replace("QUESTION", 'question = "x"')) == Config(question="x")


def test_what_the_system_refuses_is_told_in_one_line(lab: Lab, tmp_path: Path) -> None:
    said = lab.say("new", str(lab.folder / "project.toml" / "below"), "-q", "x")
    assert said.code == 2
    assert len(said.err.splitlines()) == 1 and "Traceback" not in said.err
