"""What a notice names: whose key, whose fault, in the person's language; and that nobody writes while nobody can."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from state.vocabulary import Language
from tests.tui import scenes
from tests.tui.screens import rows_of, shown
from tui import language
from tui.look import Look


def held_up(why: str, facts: dict[str, Any]) -> Look:
    """The plan at work, its last reply begun, and something in the way."""
    look = scenes.plan_at_work()
    return replace(look, run=scenes.run("waiting"), waits=(scenes.wait(why, "plan_formulation", "14:09", facts),))


async def told(look: Look, spoken: Language = Language.EN) -> str:
    """The pane's words on one line, without the bar of the notice."""
    async with shown(look, 3, (120, 36)) as (_, screen):
        language.use(spoken)
        return " ".join(" ".join(row[31:].replace("▌", " ").split()) for row in rows_of(screen.lab))


async def test_a_key_that_is_missing_is_named_with_the_command_that_keeps_one() -> None:
    facts = {"key": "auth.no_key", "profile": "deepseek", "variable": "DEEPSEEK_API_KEY", "command": "", "file": ""}
    seen = await told(held_up("auth", facts))
    assert "◆ There is no key for deepseek." in seen
    assert "nightlab key deepseek keeps one" in seen


async def test_a_key_that_was_refused_is_named_with_what_the_endpoint_said() -> None:
    facts = {"why": "bad_key: invalid x-api-key", "role": "postdoc", "profile": "kimi"}
    seen = await told(held_up("auth", facts))
    assert "◆ kimi refused the key: bad_key: invalid x-api-key" in seen
    assert "nightlab key kimi keeps another" in seen


async def test_a_file_of_keys_that_cannot_be_used_is_what_the_notice_tells() -> None:
    facts = {"key": "keys.too_open", "file": "/home/me/keys.toml", "mode": "0644"}
    assert "◆ /home/me/keys.toml can be read by others (mode 0644)" in await told(held_up("auth", facts))


@pytest.mark.parametrize("why", ["auth", "budget", "disk", "trouble", "network"])
async def test_nobody_writes_while_no_call_can_be_made(why: str) -> None:
    seen = await told(held_up(why, {"why": "x", "what": "other"}))
    assert "writing since" not in seen
    assert "cut 14:08" in seen


@pytest.mark.parametrize("why", ["auth", "disk", "network"])
async def test_the_key_line_says_what_the_notice_says_of_p(why: str) -> None:
    async with shown(held_up(why, {"why": "x"}), 3) as (_, screen):
        *above, keys = rows_of(screen.lab)
    assert any("▌   p try now" in row for row in above)
    assert "p try now" in keys


async def test_a_fault_that_the_lab_can_name_is_told_in_the_persons_language() -> None:
    facts = {
        "what": "phase_broke",
        "error": "profiles.bad_value",
        "why": "profiles.bad_value: file='/home/me/profiles.toml' line=3",
        "key": "profiles.unreadable",
        "facts": {"file": "/home/me/profiles.toml", "line": 3, "reason": "not UTF-8"},
    }
    seen = await told(held_up("trouble", facts))
    assert "◆ The lab cannot go on." in seen
    assert "/home/me/profiles.toml line 3" in seen
    assert "engine.log" not in seen  # what is said is all there is to know
    assert "第 3 行" in await told(held_up("trouble", facts), Language.ZH)


async def test_a_reply_that_broke_the_rules_is_no_fault_of_the_labs_own_work() -> None:
    facts = {"what": "reply_refused", "why": "no tool was called"}
    seen = await told(held_up("trouble", facts))
    assert "◆ A role's reply broke the rules three times:" in seen
    assert "no tool was called" in seen
    assert "the lab's own work" not in seen
    assert "engine.log" not in seen


async def test_a_phase_that_broke_is_the_labs_own_fault_and_leaves_a_trace() -> None:
    seen = await told(held_up("trouble", {"what": "phase_broke", "why": "KeyError: 'seed'"}))
    assert "◆ Something broke in the lab's own work." in seen
    assert ".nightlab/engine.log" in seen


async def test_what_is_missing_is_never_told_as_nothing() -> None:
    look = scenes.paused_for_money()
    facts = look.waits[0].facts | {"spent_usd": 9.9, "needs_usd": 0.1004, "limit_usd": 10.0}
    async with shown(replace(look, waits=(replace(look.waits[0], facts=facts),)), 5) as (_, screen):
        assert any("◆ over by $0.01" in row for row in rows_of(screen.lab))


@pytest.mark.parametrize(
    ("why", "said"), [("network", "trying now"), ("auth", "trying now"), ("trouble", "it goes on")]
)
async def test_trying_again_is_not_told_as_going_on(why: str, said: str, monkeypatch: pytest.MonkeyPatch) -> None:
    async with shown(held_up(why, {"why": "x", "what": "other"}), 3) as (pilot, screen):
        monkeypatch.setattr(screen.lab, "leave_word", lambda *given: None)
        await pilot.press("p")
        assert rows_of(screen.lab)[-1].strip() == said
