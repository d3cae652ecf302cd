"""The words that everything else speaks in: phases, roles, states, waits, choices.

Values are the strings that stand in the database, in project.toml, in inbox files and in `status --json`; they are
never shown as they are. No logic beyond order and short names.
"""

from __future__ import annotations

from enum import StrEnum

SCHEMA = 1
"""The database schema of this Nightlab; `state/migrations.py` leads to it."""


class Phase(StrEnum):
    """The eight phases, in order. `number` is the digit that opens it on screen."""

    IDEATION = "ideation"
    LITERATURE_REVIEW = "literature_review"
    PLAN_FORMULATION = "plan_formulation"
    DATA_PREPARATION = "data_preparation"
    RUNNING_EXPERIMENTS = "running_experiments"
    RESULTS_INTERPRETATION = "results_interpretation"
    REPORT_WRITING = "report_writing"
    REPORT_REFINEMENT = "report_refinement"

    @property
    def number(self) -> int:
        return list(Phase).index(self) + 1

    @property
    def short(self) -> str:
        """The short name: in the rail, in `--to` and `go-back`, and in visit labels such as `plan@2`."""
        return SHORT[self]

    @classmethod
    def named(cls, word: str) -> Phase | None:
        """The phase that `word` means: full name, short name or number; None if none."""
        for phase in cls:
            if word in (phase.value, phase.short, str(phase.number)):
                return phase
        return None


SHORT = {
    Phase.IDEATION: "ideation",
    Phase.LITERATURE_REVIEW: "literature",
    Phase.PLAN_FORMULATION: "plan",
    Phase.DATA_PREPARATION: "data",
    Phase.RUNNING_EXPERIMENTS: "experiments",
    Phase.RESULTS_INTERPRETATION: "results",
    Phase.REPORT_WRITING: "report",
    Phase.REPORT_REFINEMENT: "refinement",
}


class Role(StrEnum):
    """Who plays. The three reviewers are personas: experiments, impact, novelty."""

    PHD_STUDENT = "phd_student"
    POSTDOC = "postdoc"
    PROFESSOR = "professor"
    ML_ENGINEER = "ml_engineer"
    SOFTWARE_ENGINEER = "software_engineer"
    REVIEWER_EXPERIMENTS = "reviewer_experiments"
    REVIEWER_IMPACT = "reviewer_impact"
    REVIEWER_NOVELTY = "reviewer_novelty"
    AREA_CHAIR = "area_chair"
    READER = "reader"  # reads one paper into notes; seated by the literature review


class Autonomy(StrEnum):
    CO_PILOT = "co-pilot"
    AUTOPILOT = "autopilot"


class Language(StrEnum):
    EN = "en"
    ZH = "zh"


class RunState(StrEnum):
    """The `state` of `status --json`."""

    NEW = "new"
    RUNNING = "running"
    WAITING = "waiting"
    PAUSED = "paused"
    DONE = "done"
    FAILED = "failed"
    STOPPED = "stopped"


class VisitState(StrEnum):
    OPEN = "open"
    CLOSED = "closed"
    SUPERSEDED = "superseded"


class StepState(StrEnum):
    INTENT = "intent"
    DONE = "done"
    FAILED = "failed"


class AttemptState(StrEnum):
    FLYING = "flying"
    DONE = "done"
    FAILED = "failed"  # ended with an error that was recorded
    DOUBT = "doubt"  # a call without a whole reply: counted at its reservation, made again
    LOST = "lost"  # a job whose shim died without an exit


class ExperimentState(StrEnum):
    PLANNED = "planned"
    RUNNING = "running"
    FINISHED = "finished"
    FAILED = "failed"
    LIMIT = "limit"
    LOST = "lost"
    STOPPED = "stopped"


class Wait(StrEnum):
    """Why a run stands still. The first group waits for a person's word, the second pauses."""

    CHECKPOINT = "checkpoint"
    NOTE = "note"
    SANDBOX = "sandbox"
    PERMISSION = "permission"
    TROUBLE = "trouble"
    DIVERGENCE = "divergence"
    BUDGET = "budget"
    NETWORK = "network"
    AUTH = "auth"
    DISK = "disk"
    PERSON = "person"
    BACKOFF = "backoff"  # a retry that has its time: not shown as a wait unless it is long

    @property
    def needs_word(self) -> bool:
        """True: exit code 3 and state `waiting`; False: exit code 4 and state `paused`."""
        return self in NEEDS_WORD

    @property
    def needs_person(self) -> bool:
        """True: it waits for the person (`◆`); False: for the world (`◇`)."""
        return self in NEEDS_PERSON

    @property
    def resumable(self) -> bool:
        """Whether `resume` ends it."""
        return self in RESUMABLE


NEEDS_WORD = frozenset({Wait.CHECKPOINT, Wait.NOTE, Wait.SANDBOX, Wait.PERMISSION, Wait.TROUBLE, Wait.DIVERGENCE})
NEEDS_PERSON = NEEDS_WORD | {Wait.BUDGET, Wait.AUTH, Wait.PERSON, Wait.DISK}
RESUMABLE = frozenset({Wait.PERSON, Wait.TROUBLE, Wait.NETWORK, Wait.AUTH, Wait.DISK, Wait.BACKOFF, Wait.BUDGET})


class Choice(StrEnum):
    """What a person may answer. A wait lists the ones it offers, the safe first choice of autopilot first."""

    APPROVE = "approve"
    SEND_BACK = "send_back"  # the same phase again, with a note
    GO_BACK = "go_back"  # an earlier phase, with a note
    FORK = "fork"
    STOP = "stop"
    PICK = "pick"  # an idea
    ENOUGH = "enough"  # hand in what there is
    RAISE = "raise"  # a grant of money or GPU-hours
    RETRY = "retry"  # try now; go on
    KEEP = "keep"  # divergence: keep the recorded answers
    ANEW = "anew"  # divergence: go on anew from here
    NEW_VISIT = "new_visit"  # divergence: open a new visit
    BASIC = "basic"  # sandbox: sign for having none
    PHASE_AT_WORK = "phase_at_work"  # a note for a phase that is over: tell the phase at work


class WordKind(StrEnum):
    """What an inbox file says."""

    NOTE = "note"
    DECISION = "decision"
    RUN = "run"  # start a new run
    RESUME = "resume"
    PAUSE = "pause"
    STOP = "stop"
    CHECKPOINT = "checkpoint"
    FORK = "fork"
    SET = "set"  # limits, autonomy, models, languages of a run at work
    REVIEW = "review"  # a person's own review form, or the reviewer on any paper


class Verdict(StrEnum):
    """How a program stands against the baseline; always the harness's word, never a model's."""

    BETTER = "better"
    WORSE = "worse"
    INSIDE_NOISE = "inside_noise"
    TOO_FEW_SEEDS = "too_few_seeds"  # nobody knows the noise
    UNMEASURED = "unmeasured"
    BASELINE = "baseline"
    CENSORED = "censored"
    FAILED = "failed"
