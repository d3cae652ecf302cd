"""Words are taken up once; decisions bind the product that was seen; notes find their reader."""

from __future__ import annotations

import base64
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from ulid import ULID

from state import inbox, lineage, notes, places, project, taking
from state.errors import Plain
from state.products.refinement import SCORES
from state.project import Project
from state.review import RATINGS
from state.store import Store
from state.vocabulary import Choice, Phase, Role, RunState, Wait, WordKind


class Here:
    """A project with a store and one run whose plan is closed and waits at its checkpoint."""

    def __init__(self, folder: Path) -> None:
        (folder / project.FILE).write_text('question = "Does it?"\n')
        self.project: Project = project.load(folder)
        self.places = places.prepare(folder)
        self.store = Store(self.places.database, self.places.blobs)
        self.config = self.store.put(self.project.config.canonical.encode())
        with self.store.transaction() as tx:
            self.run = taking.begin_run(tx, self.project, self.config)
            self.visit = lineage.open_visit(tx, self.run, Phase.PLAN_FORMULATION, {}, "frame", None)
            tx.execute("UPDATE visit SET state = 'closed', closed_seq = ? WHERE id = ?", (tx.seq, self.visit))
            self.sha = "a" * 64
            self.product = tx.insert(
                "INSERT INTO product (visit, name, version, sha256, author, handed_in, summary, seq)"
                " VALUES (?, 'plan', 1, ?, 'lab', 1, '{}', ?)",
                (self.visit, self.sha, tx.seq),
            )
            choices = [each.value for each in (Choice.APPROVE, Choice.SEND_BACK, Choice.GO_BACK, Choice.FORK)]
            self.wait = lineage.open_wait(
                tx, self.run, Wait.CHECKPOINT, choices, {}, visit=self.visit, product=self.product
            )

    def leave(self, kind: WordKind, **body: object) -> taking.Taken:
        inbox.leave(self.project.folder, kind, body)
        (path,) = [each for each in inbox.pending(self.project.folder) if each.is_file()]
        return taking.take(self.store, path, self.project, self.config)

    def waits(self) -> list[tuple[str, str | None]]:
        return [(row["why"], row["choice"]) for row in self.store.rows("SELECT why, choice FROM wait ORDER BY id")]

    def notes(self) -> list[tuple[str, str | None, str | None]]:
        return [
            (row["text"], row["phase"], row["role"])
            for row in self.store.rows("SELECT text, phase, role FROM note WHERE replaced_seq IS NULL ORDER BY word")
        ]

    def state(self, run: int | None = None) -> str:
        row = self.store.row("SELECT state FROM run WHERE id = ?", (run or self.run,))
        assert row is not None
        return str(row["state"])


@pytest.fixture
def here(tmp_path: Path) -> Iterator[Here]:
    made = Here(tmp_path)
    yield made
    made.store.close()


def test_a_decision_closes_its_checkpoint_and_the_run_goes_on(here: Here) -> None:
    assert here.state() == RunState.WAITING
    taken = here.leave(WordKind.DECISION, wait=here.wait, choice="approve", sha256=here.sha)
    assert taken.outcome == "taken"
    assert here.waits() == [("checkpoint", "approve")]
    assert here.state() == RunState.RUNNING


def test_the_second_of_two_decisions_is_too_late_and_its_text_is_kept_as_a_note(here: Here) -> None:
    here.leave(WordKind.DECISION, wait=here.wait, choice="approve", sha256=here.sha)
    late = here.leave(
        WordKind.DECISION, wait=here.wait, choice="send_back", sha256=here.sha, note="three seeds hide it"
    )
    assert (late.outcome, late.why) == ("late", "word.too_late")
    assert here.waits() == [("checkpoint", "approve")]
    assert here.notes() == [("three seeds hide it", None, None)]


def test_an_approval_of_a_product_that_changed_meanwhile_approves_nothing(here: Here) -> None:
    refused = here.leave(WordKind.DECISION, wait=here.wait, choice="approve", sha256="b" * 64)
    assert (refused.outcome, refused.why) == ("refused", "word.product_changed")
    assert here.waits() == [("checkpoint", None)]
    assert here.state() == RunState.WAITING


def test_a_choice_that_is_not_offered_is_refused(here: Here) -> None:
    refused = here.leave(WordKind.DECISION, wait=here.wait, choice="raise", money_usd=5)
    assert refused.why == "word.not_offered"


def test_a_word_counts_once_although_the_engine_died_before_removing_its_file(here: Here) -> None:
    inbox.leave(here.project.folder, WordKind.NOTE, {"text": "five seeds"})
    (path,) = [each for each in inbox.pending(here.project.folder) if each.is_file()]
    data = path.read_bytes()
    taking.take(here.store, path, here.project, here.config)
    path.write_bytes(data)  # as if the removal had been lost with the power
    again = taking.take(here.store, path, here.project, here.config)
    assert again.outcome == "known" and not path.exists()
    assert here.notes() == [("five seeds", None, None)]


def test_what_cannot_be_read_is_moved_aside_and_shown(here: Here) -> None:
    bad = here.places.inbox / "nonsense.json"
    bad.write_text("{")
    taken = taking.take(here.store, bad, here.project, here.config)
    assert taken.outcome == "refused" and (here.places.refused / "nonsense.json").exists() and not bad.exists()
    assert here.store.row("SELECT 1 FROM event WHERE kind = 'word_refused'") is not None


def test_a_note_for_a_phase_that_is_over_goes_to_the_phase_at_work(here: Here) -> None:
    here.leave(WordKind.NOTE, text="to the plan", to="plan_formulation")
    here.leave(WordKind.NOTE, text="to the experiments", to="running_experiments")
    here.leave(WordKind.NOTE, text="to the postdoc", to="postdoc")
    assert sorted(here.notes()) == [
        ("to the experiments", "running_experiments", None),
        ("to the plan", None, None),
        ("to the postdoc", None, Role.POSTDOC),
    ]


def test_sending_back_carries_its_note_to_the_phase_that_is_opened(here: Here) -> None:
    here.leave(WordKind.DECISION, wait=here.wait, choice="send_back", sha256=here.sha, note="five seeds")
    assert here.notes() == [("five seeds", "plan_formulation", None)]


def test_going_back_takes_only_a_phase_that_lies_before(here: Here) -> None:
    refused = here.leave(WordKind.DECISION, wait=here.wait, choice="go_back", phase="report_writing")
    assert refused.why == "word.no_such_phase"
    taken = here.leave(WordKind.DECISION, wait=here.wait, choice="go_back", phase="literature_review", note="more")
    assert taken.outcome == "taken"


def test_a_saved_note_counts_once_for_each_content_and_replaces_an_unread_one(here: Here) -> None:
    def save(sha: str, text: str) -> bool:
        return notes.take_saved_note(here.store, "idea.md", sha, text, Phase.DATA_PREPARATION, 0)

    assert save("1", "first") and not save("1", "first")
    assert save("2", "second")
    assert here.notes() == [("second", "data_preparation", None)]
    here.store.db.execute("UPDATE note SET read_seq = 1 WHERE text = 'second'")
    assert save("3", "third")  # what was read stays; the new text is a note of its own
    assert [text for text, _, _ in here.notes()] == ["second", "third"]


def test_edits_travel_with_the_approval_and_do_not_close_the_checkpoint_unchecked(here: Here) -> None:
    edited = {"plan.md": base64.b64encode("新的计划".encode()).decode()}
    here.leave(WordKind.DECISION, wait=here.wait, choice="approve", sha256=here.sha, edited=edited)
    row = here.store.row("SELECT closed_seq, answer FROM wait WHERE id = ?", (here.wait,))
    assert row is not None and row["closed_seq"] is None and "edited" in row["answer"]


def test_stop_is_undone_by_resume(here: Here) -> None:
    here.leave(WordKind.STOP)
    assert here.state() == RunState.STOPPED
    here.leave(WordKind.RESUME)
    assert here.state() == RunState.WAITING  # its checkpoint is still open


def test_going_on_is_no_answer_to_a_trouble_that_asks_something_else(here: Here) -> None:
    """A shelf that stayed short, say: whoever stops a run there and goes on has not said that it is enough."""
    with here.store.transaction() as tx:
        short = lineage.open_wait(tx, here.run, Wait.TROUBLE, [Choice.ENOUGH.value, Choice.STOP.value], {})
        broke = lineage.open_wait(tx, here.run, Wait.TROUBLE, [Choice.RETRY.value, Choice.STOP.value], {})
    here.leave(WordKind.STOP)
    here.leave(WordKind.RESUME)
    closed = here.store.rows("SELECT id, closed_seq IS NOT NULL AS closed FROM wait WHERE why = 'trouble' ORDER BY id")
    assert [tuple(row) for row in closed] == [(short, 0), (broke, 1)]
    assert here.state() == RunState.WAITING


def test_what_all_runs_share_is_not_set_for_one_of_them(here: Here) -> None:
    assert here.leave(WordKind.SET, run=here.run, key="experiments.slots", value=3).why == "set.for_all"
    assert here.leave(WordKind.SET, key="experiments.slots", value=3).outcome == "taken"


FORM = {**dict.fromkeys(SCORES, 3), "decision": "accept", **dict.fromkeys(RATINGS, 3)}


def test_a_fork_that_shares_the_paper_is_judged_by_the_persons_form_and_any_other_is_not(here: Here) -> None:
    def visited(phase: Phase) -> int:
        with here.store.transaction() as tx:
            visit = lineage.open_visit(tx, here.run, phase, {}, "frame", None)
            tx.execute("UPDATE visit SET state = 'closed', closed_seq = ? WHERE id = ?", (tx.seq, visit))
        return visit

    def judged(run: int | None) -> bool:
        return here.store.row("SELECT 1 FROM setting WHERE run = ? AND key = 'review'", (run,)) is not None

    visited(Phase.REPORT_WRITING)
    first = visited(Phase.REPORT_REFINEMENT)
    assert here.leave(WordKind.REVIEW, form=FORM).outcome == "taken"
    assert judged(here.leave(WordKind.FORK, phase="report_refinement").run)
    assert not judged(here.leave(WordKind.FORK, run=here.run, phase="plan_formulation").run)
    visited(Phase.REPORT_WRITING)
    visited(Phase.REPORT_REFINEMENT)
    assert here.leave(WordKind.REVIEW, run=here.run, form=FORM).outcome == "taken"
    with here.store.transaction() as tx:
        old = lineage.fork(tx, here.run, first)
    assert not judged(old), "it speaks of the paper that was written after it"


def test_pause_holds_the_run_until_resume(here: Here) -> None:
    here.leave(WordKind.DECISION, wait=here.wait, choice="approve", sha256=here.sha)
    here.leave(WordKind.PAUSE)
    assert here.state() == RunState.PAUSED
    here.leave(WordKind.RESUME)
    assert here.state() == RunState.RUNNING


def test_switching_to_autopilot_approves_nothing_that_is_open(here: Here) -> None:
    here.leave(WordKind.SET, key="autonomy", value="autopilot")
    assert here.state() == RunState.WAITING
    row = here.store.row("SELECT autonomy FROM run WHERE id = ?", (here.run,))
    assert row is not None and row["autonomy"] == "autopilot"


def test_a_fork_shares_the_visits_before_it_and_gets_the_unread_notes(here: Here) -> None:
    here.leave(WordKind.NOTE, text="for both")
    taken = here.leave(WordKind.DECISION, wait=here.wait, choice="fork", sha256=here.sha)
    child = taken.run
    assert child is not None and child != here.run
    assert [visit.id for visit in lineage.visits(here.store, child)] == [here.visit]
    rows = here.store.rows("SELECT run FROM note WHERE text = 'for both' ORDER BY run")
    assert [row["run"] for row in rows] == [here.run, child]
    assert here.waits() == [("checkpoint", None)]  # the parent's checkpoint is still open


def test_a_checkpoint_can_be_called_only_while_a_phase_is_at_work(here: Here) -> None:
    refused = here.leave(WordKind.CHECKPOINT)
    assert refused.why == "word.no_phase_at_work"
    here.leave(WordKind.DECISION, wait=here.wait, choice="approve", sha256=here.sha)
    with here.store.transaction() as tx:
        lineage.open_visit(tx, here.run, Phase.DATA_PREPARATION, {}, "frame", here.wait)
    assert here.leave(WordKind.CHECKPOINT).outcome == "taken"
    assert here.state() == RunState.WAITING


def test_notes_left_before_any_run_belong_to_the_next_one(tmp_path: Path) -> None:
    here = Here(tmp_path)
    here.store.db.execute("DELETE FROM run")
    here.leave(WordKind.NOTE, text="early")
    run = here.leave(WordKind.RUN).run
    row = here.store.row("SELECT run FROM note WHERE text = 'early'")
    assert row is not None and row["run"] == run
    here.store.close()


def test_a_note_left_when_the_run_is_done_belongs_to_the_next_one_or_the_next_fork(here: Here) -> None:
    with here.store.transaction() as tx:
        tx.execute("UPDATE run SET state = 'done' WHERE id = ?", (here.run,))
    here.leave(WordKind.NOTE, text="for a run")
    run = here.leave(WordKind.RUN).run
    with here.store.transaction() as tx:
        tx.execute("UPDATE run SET state = 'done'")
    here.leave(WordKind.NOTE, text="for a fork")
    child = here.leave(WordKind.DECISION, wait=here.wait, choice="fork", sha256=here.sha).run
    rows = here.store.rows("SELECT run, text FROM note ORDER BY run, text")
    assert [(row["run"], row["text"]) for row in rows] == [(run, "for a run"), (child, "for a fork")]


def test_a_word_without_a_run_goes_to_the_research_and_not_to_the_review_of_a_paper(here: Here) -> None:
    taken = here.leave(WordKind.REVIEW, paper="/elsewhere/theirs.pdf")
    assert taken.outcome == "taken" and taken.run not in (None, here.run)
    assert here.leave(WordKind.NOTE, text="go on").run == here.run
    assert here.leave(WordKind.STOP).run == here.run
    assert (here.state(), here.state(taken.run)) == (RunState.STOPPED, RunState.RUNNING)
    with here.store.transaction() as tx:
        tx.execute("UPDATE run SET state = 'done' WHERE id = ?", (here.run,))
    assert here.leave(WordKind.STOP).run == taken.run  # the only one at work


def test_a_fork_goes_on_with_what_the_runs_person_made_of_a_product(here: Here) -> None:
    """An edited plan, a picked idea: shared with the visit; what is edited after the fork is each run's own."""

    def seen(run: int) -> list[str]:
        rows = here.store.rows(
            "SELECT sha256 FROM product WHERE visit = ? AND (run IS NULL OR run = ?) ORDER BY id", (here.visit, run)
        )
        return [row["sha256"] for row in rows]

    def edited(run: int, version: int, sha: str) -> None:
        with here.store.transaction() as tx:
            tx.execute(
                "INSERT INTO product (visit, run, name, version, sha256, author, handed_in, summary, seq)"
                " VALUES (?, ?, 'plan', ?, ?, 'person', 1, '{}', 0)",
                (here.visit, run, version, sha),
            )

    edited(here.run, 2, "b" * 64)
    child = here.leave(WordKind.FORK, phase="plan_formulation").run
    assert child is not None
    assert seen(child) == [here.sha, "b" * 64]
    edited(here.run, 4, "c" * 64)
    assert seen(child)[-1] == "b" * 64
    grandchild = here.leave(WordKind.FORK, run=child, phase="plan_formulation").run
    assert grandchild is not None
    assert seen(grandchild) == [here.sha, "b" * 64]


def test_a_pause_outlives_a_decision_that_goes_back(here: Here) -> None:
    here.leave(WordKind.PAUSE, run=here.run)
    here.leave(WordKind.DECISION, wait=here.wait, choice="go_back", phase="literature_review")
    with here.store.transaction() as tx:
        visit = lineage.open_visit(tx, here.run, Phase.LITERATURE_REVIEW, {}, "frame", here.wait)
    held = here.store.rows("SELECT why, visit FROM wait WHERE closed_seq IS NULL")
    assert [tuple(row) for row in held] == [("person", visit)]
    assert here.state() == RunState.PAUSED
    here.leave(WordKind.RESUME, run=here.run)
    assert here.state() == RunState.RUNNING


def test_a_run_whose_visit_is_superseded_no_longer_waits_for_what_that_visit_waited_for(here: Here) -> None:
    with here.store.transaction() as tx:
        lineage.open_wait(tx, here.run, Wait.BUDGET, [], {}, visit=here.visit)
    here.leave(WordKind.DECISION, wait=here.wait, choice="send_back")
    assert here.state() == RunState.PAUSED
    with here.store.transaction() as tx:
        lineage.open_visit(tx, here.run, Phase.PLAN_FORMULATION, {}, "frame", here.wait)
    assert here.state() == RunState.RUNNING


def test_an_approval_with_edits_at_a_checkpoint_that_has_no_product_leaves_it_to_be_decided(here: Here) -> None:
    with here.store.transaction() as tx:
        visit = lineage.open_visit(tx, here.run, Phase.DATA_PREPARATION, {}, "frame", None)
    here.leave(WordKind.CHECKPOINT, run=here.run)
    called = here.store.rows("SELECT id FROM wait WHERE visit = ?", (visit,))[0]["id"]
    edits = {"load_data.py": base64.b64encode(b"x = 1\n").decode()}
    assert here.leave(WordKind.DECISION, wait=called, choice="approve", edited=edits).outcome == "refused"
    assert here.leave(WordKind.DECISION, wait=called, choice="approve").outcome == "taken"


def test_a_limit_that_is_raised_frees_every_run_that_met_it(here: Here) -> None:
    other = here.leave(WordKind.RUN).run
    assert other is not None
    facts: dict[str, Plain] = {"limit_usd": 10.0, "own": False}
    with here.store.transaction() as tx:
        first, _ = (lineage.open_wait(tx, run, Wait.BUDGET, [Choice.RAISE.value], facts) for run in (here.run, other))
    assert here.state(other) == RunState.PAUSED
    here.leave(WordKind.DECISION, wait=first, choice="raise", money_usd=5)
    assert here.state(other) == RunState.RUNNING
    rows = here.store.rows("SELECT choice FROM wait WHERE why = 'budget' ORDER BY id")
    assert [row["choice"] for row in rows] == ["raise", None]


def test_an_amount_of_what_was_not_asked_for_lowers_no_limit(here: Here) -> None:
    facts: dict[str, Plain] = {"limit_gpu_hours": 24.0, "own": False}
    with here.store.transaction() as tx:
        wait = lineage.open_wait(tx, here.run, Wait.BUDGET, [Choice.RAISE.value], facts)
    refused = here.leave(WordKind.DECISION, wait=wait, choice="raise", money_usd=5)
    assert (refused.outcome, refused.why) == ("refused", "word.no_amount")
    assert here.leave(WordKind.DECISION, wait=wait, choice="raise", gpu_hours=2, money_usd=5).outcome == "taken"
    assert [tuple(row) for row in here.store.rows("SELECT key, value FROM setting")] == [("limits.gpu_hours", "26.0")]


def test_stopping_at_a_checkpoint_keeps_what_was_said_with_it(here: Here) -> None:
    with here.store.transaction() as tx:
        wait = lineage.open_wait(tx, here.run, Wait.TROUBLE, [Choice.STOP.value], {}, visit=here.visit)
    here.leave(WordKind.DECISION, wait=wait, choice="stop", note="too dear")
    assert here.state() == RunState.STOPPED and here.notes() == [("too dear", None, None)]


def test_the_weaknesses_of_a_persons_form_go_to_the_writer(here: Here) -> None:
    form = dict.fromkeys(("originality", "quality", "clarity", "significance"), 2)
    form |= dict.fromkeys(("soundness", "presentation", "contribution", "overall", "confidence"), 3)
    signed = {**form, "decision": "reject", "weaknesses": ["one seed", "no baseline"]}
    assert here.leave(WordKind.REVIEW, form=signed).outcome == "taken"
    assert here.notes() == [("one seed\nno baseline", "report_writing", None)]
    row = here.store.row("SELECT run, value FROM setting WHERE key = 'review'")
    assert row is not None and row["run"] == here.run and '"weaknesses":["one seed","no baseline"]' in row["value"]
    assert here.leave(WordKind.REVIEW).outcome == "refused"


def test_a_saved_note_that_is_changed_back_is_what_stands_there(here: Here) -> None:
    for text in ("five seeds", "fifty seeds", "five seeds"):
        assert notes.take_saved_note(here.store, "a.md", text, text, None, 0)
    assert not notes.take_saved_note(here.store, "a.md", "five seeds", "five seeds", None, 0)
    assert here.notes() == [("five seeds", None, None)]


def test_a_file_whose_name_reads_like_a_pattern_replaces_its_own_note_alone(here: Here) -> None:
    for name, text in (
        ("a*.md", "one"),
        ("ab.md", "two"),
        ("a[b].md", "three"),
        ("a*.md", "four"),
        ("a[b].md", "five"),
    ):
        assert notes.take_saved_note(here.store, name, text, text, None, 0)
    assert sorted(text for text, _, _ in here.notes()) == ["five", "four", "two"]


BY_HAND = {
    "no such run": (b'"stop", "body": {"run": 9}', "word.no_such_run"),
    "a note for none": (b'"note", "body": {"run": 9, "text": "five seeds"}', "word.no_such_run"),
    "too large for a run": (b'"pause", "body": {"run": 99999999999999999999}', "file"),
    "too large for a wait": (b'"decision", "body": {"wait": 99999999999999999999, "choice": "approve"}', "file"),
    "half a character": (b'"decision", "body": {"wait": 1, "choice": "approve", "pick": "\\ud800"}', "file"),
    "no place of a table": (b'"set", "body": {"key": "autonomy.x", "value": 3}', "set.unknown"),
    "thousands of digits": (
        b'"set", "body": {"key": "limits.money_usd", "value": "%s"}' % (b"9" * 5000),
        "set.bad_value",
    ),
    "longer than clocks count": (
        b'"set", "body": {"key": "limits.run_time", "value": "999999999999d"}',
        "set.bad_value",
    ),
}


@pytest.mark.parametrize("case", BY_HAND)
def test_a_word_made_by_hand_is_refused_and_does_not_lie_in_the_way_of_the_next(here: Here, case: str) -> None:
    said, why = BY_HAND[case]
    path = here.places.inbox / f"{ULID()}.json"
    path.write_bytes(b'{"version": 1, "left_at": "2026-01-01T00:00:00+00:00", "kind": %s}' % said)
    taken = taking.take(here.store, path, here.project, here.config)
    assert taken.outcome == "refused" and not path.exists()
    assert taken.why == why or (why == "file" and list(here.places.refused.iterdir()))
    assert here.state() == RunState.WAITING


def test_a_file_whose_name_is_no_utf8_is_moved_aside_and_shown(here: Here) -> None:
    path = Path(os.fsdecode(bytes(here.places.inbox) + b"/\xd2\xbb.json"))
    path.write_text("{}")
    taken = taking.take(here.store, path, here.project, here.config)
    assert taken.outcome == "refused" and not path.exists()
    assert len(list(here.places.refused.iterdir())) == 1


def test_a_word_that_may_not_be_read_is_moved_aside_too(here: Here, monkeypatch: pytest.MonkeyPatch) -> None:
    """As `sudo nightlab note` leaves it."""
    inbox.leave(here.project.folder, WordKind.NOTE, {"text": "five seeds"})
    (path,) = inbox.pending(here.project.folder)

    def refuse(*_: object) -> bytes:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(inbox, "read_beneath", refuse)
    assert taking.take(here.store, path, here.project, here.config).outcome == "refused"
    assert not inbox.pending(here.project.folder)
