"""What works on this machine, by what a project's database says: the experiments that run, the tier of the newest, and
when an engine was last heard of. Asked by home and by whoever tells of an engine that is gone.
"""

from __future__ import annotations

from state.readers import Reader


def running(reader: Reader) -> list[tuple[int, str]]:
    """Number and attempt of every experiment that runs."""
    rows = reader.rows("SELECT id, attempt FROM experiment WHERE state = 'running'")
    return [(int(row["id"]), str(row["attempt"])) for row in rows]


def newest_tier(reader: Reader) -> tuple[str, int] | None:
    """How the newest experiment was kept apart, and when it began, in ms; None where none began."""
    rows = reader.rows("SELECT tier, begun_at FROM experiment ORDER BY begun_at DESC LIMIT 1")
    return (str(rows[0]["tier"]), int(rows[0]["begun_at"])) if rows and rows[0]["begun_at"] is not None else None


def last_commit_at(reader: Reader, before: int | None = None) -> int | None:
    """When something was last recorded, in ms; with `before`, the last time before that."""
    told = "" if before is None else " WHERE at < ?"
    rows = reader.rows(f"SELECT at FROM event{told} ORDER BY seq DESC LIMIT 1", *([] if before is None else [before]))
    return int(rows[0]["at"]) if rows else None
