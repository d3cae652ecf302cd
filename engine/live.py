"""What is live: project.toml as it was last valid, and what people `set` over it.

A run works from a snapshot of project.toml; models, limits, autonomy and a few more are taken from the newest valid
reading, and between that and `set` the later one wins. An invalid file leaves the last valid one in force and says so.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path

from state import lineage, project
from state.config import Config
from state.errors import LabError, Plain
from state.events import ProjectBroken, ProjectChanged
from state.ledger import OWN_LIMITS
from state.project import Project
from state.store import Store, sha256


@dataclass
class Live:
    """Looks after one project's configuration."""

    store: Store
    folder: Path
    config: Config = field(init=False)
    _seen: str = ""

    def __post_init__(self) -> None:
        row = self.store.row("SELECT value FROM lab WHERE key = 'project'")
        try:
            read = project.load(self.folder)
        except LabError:
            if row is None:
                raise
            self.config = Config.model_validate_json(self.store.get(row["value"]))
            self._look_again(None)
            return
        self.config = Config.model_validate_json(self.store.get(row["value"])) if row else read.config
        self._take(read, first=row is None)

    @property
    def valid(self) -> Project:
        """The project with its last valid configuration."""
        return Project(self.folder, self.config, "", self._seen)

    def look(self) -> bool:
        """Read project.toml again if it changed; True if something was committed."""
        try:
            read = project.load(self.folder)
        except LabError as error:
            return self._look_again(error)
        if read.sha == self._seen:
            return False
        return self._take(read, first=False)

    def _take(self, read: project.Project, *, first: bool) -> bool:
        changes = project.diff(self.config, read.config)
        if not changes and not first:
            self._seen = read.sha
            return False
        blob = self.store.put(read.config.canonical.encode())
        with self.store.transaction() as tx:
            if changes:
                if any(one.key.startswith("limits.") for one in changes):
                    lineage.close_budget_waits(tx)
                told: list[Plain] = [
                    {"key": one.key, "old": one.old, "new": one.new, "when": one.when} for one in changes
                ]
                tx.event(ProjectChanged(told))
                autonomy = next((one.new for one in changes if one.key == "autonomy"), None)
                if autonomy is not None:
                    tx.execute(  # what only reviews a paper goes by itself, whatever the research does
                        "UPDATE run SET autonomy = ? WHERE state NOT IN ('done', 'failed') AND phases != ?",
                        (autonomy, lineage.REVIEW_ONLY),
                    )
            tx.execute(
                "INSERT INTO lab VALUES ('project', ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value", (blob,)
            )
        self.config, self._seen = read.config, read.sha  # last: a disk that is full takes nothing up
        return True

    def _look_again(self, error: LabError | None) -> bool:
        """project.toml is wrong: say so once for each text."""
        if error is None:
            try:
                project.load(self.folder)
            except LabError as found:
                error = found
            else:
                return False
        try:
            text = (self.folder / project.FILE).read_bytes()
        except OSError:
            text = b""
        mark = sha256(text)
        if mark == self._seen:
            return False
        with self.store.transaction() as tx:
            tx.event(ProjectBroken(error.key, error.facts))
        self._seen = mark
        return True

    def of(self, run: int) -> Config:
        """The configuration of a run as it is in force now. Its own money and GPU limits stand in the ledger.

        A fork works from the snapshot of the run that it came from, as old as that run is.
        """
        row = self.store.row(
            "SELECT config, (WITH RECURSIVE line (id, parent) AS (SELECT id, parent FROM run WHERE id = ? UNION"
            " SELECT run.id, run.parent FROM run JOIN line ON run.id = line.parent) SELECT min(event.seq) FROM line"
            " JOIN event ON event.run = line.id AND event.kind = 'run_began') AS begun FROM run WHERE id = ?",
            (run, run),
        )
        assert row is not None
        config = project.with_live(Config.model_validate_json(self.store.get(row["config"])), self.config)
        return self._with_settings(config, run, row["begun"] or 0)

    def now(self) -> Config:
        """The project's configuration as it is in force now, whatever a single run was told."""
        return self._with_settings(self.config, None, None)

    def _with_settings(self, config: Config, run: int | None, begun: int | None) -> Config:
        """What people set, where project.toml was not changed since. For a run, changes that wait for the next run
        count only if the run began after them."""
        last: dict[str, int] = {}
        for each in self.store.rows(  # of no run: so the index finds them, however long the history
            "SELECT seq, facts FROM event WHERE run IS NULL AND kind = 'project_changed' ORDER BY seq"
        ):
            for change in json.loads(each["facts"])["changes"]:
                if change["when"] == "now" or begun is None or each["seq"] < begun:
                    last[change["key"]] = each["seq"]
        for each in self.store.rows(
            "SELECT seq, run, key, value FROM setting WHERE (run IS NULL OR run = ?) AND key NOT IN"
            " ('review', 'manuscript') ORDER BY seq",
            (run,),
        ):
            if each["run"] is not None and each["key"] in OWN_LIMITS:
                continue
            if each["seq"] > last.get(each["key"], 0):
                config = project.with_set(config, each["key"], json.loads(each["value"]))
        return config
