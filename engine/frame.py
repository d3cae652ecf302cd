"""What a visit pins when it opens: prompts, tools, languages, policy and counts.

Later edits of project.toml and upgrades of Nightlab reach the next visit; a visit that is replayed after a crash sees
the frame it was opened with, so its steps mean the same. Model, endpoint, autonomy, limits, prices and concurrency are
live and not in here.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field

from pydantic import BaseModel

from engine.answering import spec
from engine.answers import EVERY
from engine.models.base import ToolSpec
from engine.prompt import shipped
from state.config import Config
from state.errors import Plain
from state.vocabulary import Phase

EDITION = 1
"""What the code itself says to a role, beside the prompts: a visit goes on as it began.

0: the tools of the moment alone, `<go_on/>` first. 1: one list of tools a conversation, and `<open_now>`.
"""


@dataclass(frozen=True)
class Frame:
    """Counts and texts of one visit. `prompts` is keyed by path below engine/prompts, without `.md`."""

    phase: Phase
    question: str
    topic: str
    team_language: str
    paper_language: str
    turns: int
    papers: int
    solver_steps: int
    report_steps: int
    ideas: int
    reflections: int
    novelty_rounds: int
    reviews: int
    rounds: int
    seeds: int
    metric: str
    target: str
    policy: str
    run_time_s: int
    papers_folder: str
    online: bool
    rehearsal: bool
    prompts: dict[str, str]
    tools: dict[str, Plain] = field(default_factory=dict)
    data: dict[str, str] = field(default_factory=dict)
    identities: dict[str, str] = field(default_factory=dict)
    python: str = ""
    gpu: bool = False
    packages: tuple[str, ...] = ()
    archive: tuple[str, ...] = ()
    edition: int = 0
    sees: bool = False
    """Whether who leads the phase may be shown pictures."""

    def prompt(self, name: str) -> str:
        """The text of a prompt as it was when the visit opened: `plan_formulation/lead`, `roles/postdoc`."""
        return self.prompts[name]

    def tool(self, kind: type[BaseModel], today: ToolSpec) -> ToolSpec:
        """A tool as it was shown when the visit opened; one that is newer than the visit as it is today."""
        told = self.tools.get(kind.__name__)
        if not isinstance(told, dict) or not isinstance(told["schema"], dict):
            return today
        return ToolSpec(str(told["name"]), str(told["description"]), told["schema"])

    def plain(self) -> dict[str, Plain]:
        return {**asdict(self), "archive": [*self.archive], "packages": [*self.packages]}

    @classmethod
    def of(cls, text: str) -> Frame:
        told = json.loads(text)
        lists = {name: tuple(told.get(name, ())) for name in ("archive", "packages")}
        return cls(**(told | {"phase": Phase(told["phase"])} | lists))


def build(phase: Phase, config: Config, *, rehearsal: bool, sees: bool = False) -> Frame:
    """The frame of a visit that opens now."""
    numbers = config.phases
    return Frame(
        phase=phase,
        question=config.question,
        topic=config.topic,
        team_language=config.languages.team.value,
        paper_language=config.languages.paper.value,
        turns=numbers.turns,
        papers=numbers.papers,
        solver_steps=numbers.solver_steps,
        report_steps=numbers.report_steps,
        ideas=numbers.ideas,
        reflections=numbers.reflections,
        novelty_rounds=numbers.novelty_rounds,
        reviews=numbers.reviews,
        rounds=config.rounds,
        seeds=config.experiments.seeds,
        metric=config.experiments.metric,
        target=config.experiments.target,
        policy="mle",
        run_time_s=round(config.limits.run_time.total_seconds()),
        papers_folder=config.papers.folder,
        online=config.papers.online,
        rehearsal=rehearsal,
        prompts=prompts_of(phase),
        tools=tools_of_today(),
        edition=EDITION,
        sees=sees,
    )


def prompts_of(phase: Phase) -> dict[str, str]:
    """The prompts a phase may use: its own folder's, the roles', and what holds everywhere."""
    return {
        name: text for name, text in shipped().items() if name.split("/")[0] in (phase.value, "roles", "everywhere")
    }


def tools_of_today() -> dict[str, Plain]:
    """Every answer as models see it now, by its class."""
    return {
        kind.__name__: {"name": one.name, "description": one.description, "schema": one.schema}
        for kind in EVERY
        for one in (spec(kind),)
    }
