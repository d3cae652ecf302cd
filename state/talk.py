"""What was said in a phase: the roles' answers, the person's notes between them, and the messages behind an answer.

Reads only, through a `Reader`. Asked by the panes and by whoever opens a turn.
"""

from __future__ import annotations

import json
from typing import Any

from state.errors import Plain
from state.readers import Reader
from state.rows import Facts, Turn


def turns(reader: Reader, run: int, phase: str, limit: int = 400) -> list[Turn]:
    """What was said in the visits to a phase, with the person's notes, oldest first."""
    rows = reader.rows(
        """SELECT step.id, step.role, step.path, step.state, step.begun_at, step.ended_at, visit.label,
                  message.body,
                  (SELECT id FROM attempt WHERE attempt.step = step.id ORDER BY n DESC LIMIT 1) AS attempt
           FROM lineage JOIN visit ON visit.id = lineage.visit JOIN step ON step.visit = visit.id
           LEFT JOIN message ON message.id = step.reply
           WHERE lineage.run = ? AND visit.phase = ? AND step.kind = 'ask' AND step.superseded_seq IS NULL
           ORDER BY step.id DESC LIMIT ?""",
        run,
        phase,
        limit,
    )
    found = []
    for row in reversed(rows):
        text, tool, arguments = _said(row["body"])
        found.append(
            Turn(
                row["id"],
                row["role"],
                row["ended_at"] or row["begun_at"],
                text,
                tool,
                arguments,
                row["path"],
                row["label"],
                writing=row["state"] == "intent",
                attempt=row["attempt"] if row["state"] == "intent" else None,
            )
        )
    for note in reader.notes(run):
        if note.phase in (phase, None):
            found.append(
                Turn(0, "you", note.left_at, note.text, None, {}, "", "", note.phase or note.role, note.read_at)
            )
    return sorted(found, key=lambda turn: (turn.writing, turn.at))


def conversation(reader: Reader, step: int) -> list[tuple[str, list[Any]]]:
    """Every message up to and with a step's reply, as (role, blocks): what `step` shows when it is opened."""
    rows = reader.rows("SELECT coalesce(reply, request) FROM step WHERE id = ?", step)
    found: list[tuple[str, list[Any]]] = []
    at = rows[0][0] if rows else None
    while at is not None:
        message = reader.rows("SELECT parent, role, body FROM message WHERE id = ?", at)[0]
        found.append((message["role"], json.loads(message["body"])))
        at = message["parent"]
    return found[::-1]


def _said(body: str | None) -> tuple[str, str | None, Facts]:
    """Text, tool and arguments of a reply as it is stored."""
    if body is None:
        return "", None, {}
    texts, tool, arguments = [], None, {}
    blocks: list[Plain] = json.loads(body)
    for block in blocks:
        if isinstance(block, str):
            texts.append(block)
        elif isinstance(block, dict) and "name" in block:
            given: Any = block["arguments"]
            tool, arguments = str(block["name"]), dict(given)
    return "\n".join(texts), tool, arguments
