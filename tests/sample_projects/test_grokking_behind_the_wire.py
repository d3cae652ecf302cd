"""The cast plays the same in-process and behind a Messages server: it reads nothing but the request's text."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from engine.answering import spec
from engine.answers import Changes, Dialogue, Edit, Replace, SubmitPlan
from engine.artefact import numbered
from engine.models.anthropic import AnthropicModel
from engine.models.base import Message, Request, ToolResult, ToolUse
from engine.models.rehearsal import RehearsalModel
from engine.prompt import lines, tag
from state.profiles import ModelInfo, Profile
from tests.servers.messages import MessagesServer, rehearsed

SAMPLE = Path(__file__).parents[2] / "sample_projects" / "grokking"
PROGRAM = (SAMPLE / "rehearsal/files/experiment.py").read_text()


def conversation(language: str) -> list[Request]:
    """Requests of several phases: openings, a note in mid-talk, a program to change, an error to mend."""

    def facts(phase: str, role: str, seat: str) -> str:
        told = {"phase": phase, "role": role, "seat": seat, "language": language, "seeds": "3"}
        return lines(*(tag(name, text) for name, text in told.items()))

    def request(system: str, *messages: Message, answers: tuple[type, ...]) -> Request:
        return Request("m", str(system), messages, tuple(spec(each) for each in answers), 1000)

    begin = Message("user", ("<go_on/>",))
    lead = facts("plan_formulation", "postdoc", "lead")
    said = Message("assistant", (ToolUse("toolu_open_1", "dialogue", {"text": "…"}),))
    note = Message("user", (ToolResult("toolu_open_1", tag("note", "5 seeds & <b>no</b> more", to="plan")),))
    shown = tag("program", numbered(PROGRAM), name="wd_1")
    broken = tag("program", numbered(PROGRAM.replace("DECAY_FROM = 0", "DECAY_FROM = STEPS_TO_FIT")), name="decay_late")
    engineer = ("running_experiments", "ml_engineer")
    error = tag("error", "NameError: name 'STEPS_TO_FIT' is not defined")
    return [
        request(lead, begin, answers=(Dialogue, SubmitPlan)),
        request(lead, begin, said, note, answers=(Dialogue, SubmitPlan)),
        request(lines(facts(*engineer, "improve"), tag("step", 1), shown), begin, answers=(Changes,)),
        request(lines(facts(*engineer, "repair"), broken, error), begin, answers=(Edit, Replace)),
    ]


@pytest.mark.parametrize("language", ["en", "zh"])
async def test_it_plays_the_same_in_process_and_behind_a_server(language: str) -> None:
    inside = RehearsalModel(SAMPLE)
    with MessagesServer(rehearsed(SAMPLE, "en")) as server:
        info = {"m": ModelInfo(name="m")}
        profile = Profile(name="anthropic", base_url=server.url, keys=("K",), version="2026-10-21", models=info)
        outside = AnthropicModel(profile, "K")
        try:
            for request in conversation(language):
                here = await inside.stream(request, lambda _: None)
                there = await outside.stream(request, lambda _: None)
                assert here.tool_uses and here.message == there.message and here.stop == there.stop
        finally:
            await outside.close()


async def test_another_model_name_or_limit_changes_nothing() -> None:
    model = RehearsalModel(SAMPLE)
    for request in conversation("en"):
        other = replace(request, model="another", max_tokens=1)
        assert await model.stream(request, lambda _: None) == await model.stream(other, lambda _: None)
