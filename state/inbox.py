"""Leave a word for the lab: the tui's half of the inbox, files only.

A word is one JSON file named by a ULID, written whole, renamed into `.nightlab/inbox/` and synced before `leave`
returns: from then on it is *left*, also while no engine works. `read` checks a word on the engine's side, which takes
it up in `state/taking.py`; what it cannot read is a `LabError` and goes to `inbox/refused/`.
"""

from __future__ import annotations

import base64
import getpass
import json
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator
from ulid import ULID

from state import places
from state.durable import parse_json, read_beneath, write_json
from state.errors import LabError
from state.vocabulary import Choice, Phase, Role, WordKind

LIMIT_B = 64 << 20
"""The largest word: a product edited by hand travels in one."""

Row = Annotated[int, Field(ge=1, lt=1 << 63)]
"""A number of something in the database, whose whole numbers have 64 bits."""

Score4 = Annotated[int, Field(ge=1, le=4)]
Score5 = Annotated[int, Field(ge=1, le=5)]
Score10 = Annotated[int, Field(ge=1, le=10)]
NOTE_LIMIT = 1 << 20
"""Characters of a text that a person leaves."""
Text = Annotated[str, Field(max_length=NOTE_LIMIT)]
Sha = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class Body(BaseModel):
    """What a word says. `run` None means the run at work, or the newest."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    run: Row | None = None


class NoteBody(Body):
    """A note to a phase, to a role, or (None) to whoever is at work."""

    text: Annotated[str, Field(min_length=1, max_length=NOTE_LIMIT)]
    to: Phase | Role | None = None


class DecisionBody(Body):
    """An answer to a wait. `sha256` is the product that was seen; `edited` its new bytes (base64), by file name."""

    wait: Row
    choice: Choice
    sha256: Sha | None = None
    note: Text = ""
    phase: Phase | None = None  # where to: send_back, go_back
    edited: dict[str, str] | None = None
    money_usd: Annotated[float, Field(gt=0, le=1_000_000)] | None = None  # how much more: raise
    gpu_hours: Annotated[float, Field(gt=0, le=1_000_000)] | None = None
    pick: str | None = None  # an idea's name

    @field_validator("edited")
    @classmethod
    def _decodes(cls, value: dict[str, str] | None) -> dict[str, str] | None:
        for data in (value or {}).values():
            base64.b64decode(data, validate=True)
        return value

    @property
    def edited_bytes(self) -> dict[str, bytes]:
        return {name: base64.b64decode(data) for name, data in (self.edited or {}).items()}


class RunBody(Body):
    """Start a new run of the project, from its project.toml as it is when taken up."""

    autonomy: Literal["co-pilot", "autopilot"] | None = None
    seed: int | None = None


class ResumeBody(Body):
    """Go on after a pause, a stop or trouble; also: try now."""


class PauseBody(Body):
    """No new step; calls in flight finish, experiments go on."""


class StopBody(Body):
    """Stop the run and its experiments."""


class CheckpointBody(Body):
    """A checkpoint at the next step; `experiments` False: running experiments end first."""

    experiments: bool = True


class ForkBody(Body):
    """A new run from the checkpoint that closed `visit` (its label, `plan@2`), or the last one of `phase`."""

    visit: str | None = None
    phase: Phase | None = None


class SetBody(Body):
    """`key` of project.toml, dotted; `value` as JSON. Checked by `state.project.with_set`."""

    key: str
    value: str | int | float | bool | list[str]


class ReviewForm(BaseModel):
    """The NeurIPS form as a person fills it in, with their three ratings of the work."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    summary: Text = ""
    strengths: list[str] = []
    weaknesses: list[str] = []
    questions: list[str] = []
    limitations: list[str] = []
    ethical_concerns: bool = False
    originality: Score4
    quality: Score4
    clarity: Score4
    significance: Score4
    soundness: Score4
    presentation: Score4
    contribution: Score4
    overall: Score10
    confidence: Score5
    decision: Literal["accept", "reject"]
    experiment_quality: Score5 | None = None
    report_quality: Score5 | None = None
    usefulness: Score5 | None = None


class ReviewBody(Body):
    """A person's own form about the run's paper, or (`paper`) a request: review this file."""

    form: ReviewForm | None = None
    paper: str | None = None


FORMS: dict[WordKind, type[Body]] = {
    WordKind.NOTE: NoteBody,
    WordKind.DECISION: DecisionBody,
    WordKind.RUN: RunBody,
    WordKind.RESUME: ResumeBody,
    WordKind.PAUSE: PauseBody,
    WordKind.STOP: StopBody,
    WordKind.CHECKPOINT: CheckpointBody,
    WordKind.FORK: ForkBody,
    WordKind.SET: SetBody,
    WordKind.REVIEW: ReviewBody,
}


@dataclass(frozen=True)
class Word:
    """A word as it was left. `id` is its file's name and its primary key; `by` the person's login."""

    id: str
    kind: WordKind
    body: Body
    by: str
    left_at: datetime


def leave(project: Path, kind: WordKind, body: Mapping[str, Any] | Body) -> str:
    """Leave a word; returns its id. ValidationError is the caller's mistake, OSError (a full disk) is the person's."""
    checked = FORMS[kind].model_validate(body.model_dump() if isinstance(body, Body) else dict(body))
    where = places.prepare(project)
    word = _next_id(where.words())
    left = {
        "version": 1,
        "kind": kind.value,
        "by": _login(),
        "left_at": datetime.now(UTC).isoformat(timespec="milliseconds"),
        "body": checked.model_dump(mode="json", exclude_none=True),
    }
    write_json(where.inbox / f"{word}.json", left, mode=0o600)
    return word


def pending(project: Path) -> list[Path]:
    """Words that were left and not taken up, in the order of their names."""
    return places.places(project).words()


def read(path: Path) -> Word:
    """The word in `path`; LabError `inbox.refused` for anything else that lies there."""
    try:
        name = str(ULID.from_str(path.stem))
        if path.name != f"{name}.json":
            raise ValueError("its name is no ULID")
        told = parse_json(read_beneath(path.parent, path.name, LIMIT_B), path.name)
        json.dumps(told, ensure_ascii=False).encode()  # half a character can be kept nowhere
        if not isinstance(told, dict) or told.get("version") != 1:
            raise ValueError("not a word of version 1")
        kind = WordKind(str(told.get("kind")))
        body = FORMS[kind].model_validate(told.get("body") or {})
        left_at = datetime.fromisoformat(str(told.get("left_at")))
        if left_at.tzinfo is None:
            raise ValueError("left_at has no zone")
    except LabError as error:
        raise LabError("inbox.refused", file=path.name, why=str(error)) from error
    except PermissionError as error:  # another user's, left as root perhaps
        raise LabError("inbox.refused", file=path.name, why=error.strerror or str(error)) from error
    except ValidationError as error:
        first = error.errors()[0]
        why = f"{'.'.join(str(part) for part in first['loc'])}: {first['msg']}"
        raise LabError("inbox.refused", file=path.name, why=why) from None
    except (ValueError, RecursionError) as error:
        raise LabError("inbox.refused", file=path.name, why=str(error)) from None
    return Word(name, kind, body, str(told.get("by") or ""), left_at)


LAST_MS = (1 << 48) - 1
"""Nothing can stand behind a name of this time, which only a hand can have written."""

_last = 0
_last_guard = threading.Lock()


def _next_id(waiting: list[Path]) -> str:
    """A ULID above the last one of this process and above all that wait, so that words stand in the order in which
    they were left, also where the clock was set back between two of them."""
    global _last
    with _last_guard:
        _last = max(int(ULID()), _last + 1)
        before = max((ULID.from_str(path.stem) for path in waiting if _is_ulid(path.stem)), default=None)
        if before is not None and int(before) >= _last and before.milliseconds < LAST_MS:
            _last = int(ULID.from_timestamp(before.milliseconds + 1))  # with chance of its own: no two the same
        return str(ULID.from_int(_last))


def _is_ulid(name: str) -> bool:
    try:
        ULID.from_str(name)
    except ValueError:
        return False
    return True


def _login() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container's user without a name
        return ""
