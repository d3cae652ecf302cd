"""A role's conversation: one growing list of messages at PATH/prompt, from its opening to its last answer.

`ask` promises an answer, not a call: each model call inside it is a step PATH/prompt/n, notes are read by being listed
in its intent, tools run in between, and replies that break the rules go back with the reason, three times, before the
person is asked. Phases make seats through `desk.seat`.
"""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from pydantic import BaseModel, ValidationError

from engine import prompt
from engine.answering import Answer, Refusal, schema, spec
from engine.calls import Asked, call
from engine.models.base import Block, Message, Picture, Reply, Request, ToolResult, ToolSpec, ToolUse
from engine.prompt import Shown, Value, lines, tag
from engine.replies import blocks_plain
from engine.roles import prompt_of
from state.errors import Plain
from state.events import ReplyRefused
from state.journal import Link
from state.profiles import REHEARSAL
from state.vocabulary import Choice, Role, Wait

if TYPE_CHECKING:
    from engine.desk import Desk

A = TypeVar("A", bound=Answer)
G = TypeVar("G", bound=BaseModel)

PATIENCE = 3
"""How often a reply that breaks the rules, or an answer that is refused, goes back before the person is asked."""


LOOKS = 20
"""How often a role may use its tools before one answer; then only answers are open. Each use is a call that is paid."""


@dataclass(frozen=True)
class Tool(Generic[G]):
    """Something a role may use before it answers; `do` runs at a part of the desk of its own."""

    name: str
    arguments: type[G]
    do: Callable[[Desk, G], Awaitable[Shown]]

    @property
    def description(self) -> str:
        return inspect.cleandoc(self.arguments.__doc__ or "")


class Seat:
    """One role, one prompt, one conversation."""

    def __init__(self, desk: Desk, role: Role, name: str, fields: dict[str, Value]) -> None:
        self.desk, self.role = desk, role
        self.path = f"{desk.path}/{name}"
        frame = desk.frame
        facts: dict[str, Value] = {
            "phase": frame.phase.value,
            "role": role.value,
            "seat": name,
            "language": frame.team_language,
            "rehearsal": frame.rehearsal,
        }
        where = f"{frame.phase.value}/{name}"
        template = frame.prompt(where)
        self.system, self._shared = prompt.parted(
            prompt.opening(
                frame.prompt(prompt_of(role)),
                template,
                how=frame.prompts.get(prompt.HOW, prompt.HOW_BEFORE),
                facts=facts,
                **_known_to(template, where, fields),
            )
        )
        self._link = Link.after(None, "system", [str(self.system)])
        self._messages: list[Message] = []
        self._open: tuple[ToolUse, ...] = ()  # tool calls of the last reply that wait for their results
        self._pictures: tuple[Picture, ...] = ()  # what the next turn shows
        self._calls = 0
        self._shown: set[str] = set()  # notes that stand in this conversation
        self._listed: tuple[ToolSpec, ...] = ()  # all that it may ever call
        self.rehearsed = False
        """Whether the rehearsal answered here."""

    def with_tools(self, *kinds: type[Answer]) -> Seat:
        """The same seat, shown all of these in every call, in this order; each turn says which of them are open.

        Tools come first in what a provider caches: a list that changes would be paid for again with all that follows.
        """
        if self.desk.frame.edition:
            self._listed = tuple(self.desk.frame.tool(each, spec(each)) for each in kinds)
        return self

    async def ask(
        self,
        news: str = "",
        *,
        answers: tuple[type[A], ...],
        tools: Sequence[Tool[Any]] = (),
        check: Callable[[A], Refusal | None] | None = None,
        pictures: Sequence[Picture] = (),
    ) -> A:
        """The next answer of the role: one of `answers`, past `check`. `news` answers what it asked last.

        `pictures` are shown with it, to a model that sees.
        """
        self._pictures = tuple(pictures)
        got = await self._answered(prompt.as_shown(news), False, answers, tools, check)
        while isinstance(got, Refusal):
            await self._ask_the_person(got)
            got = await self._answered(got.shown, True, answers, tools, check)
        return got

    async def attempt(
        self,
        news: str = "",
        *,
        answers: tuple[type[A], ...],
        check: Callable[[A], Refusal | None] | None = None,
        pictures: Sequence[Picture] = (),
    ) -> A | Refusal:
        """The same where the work can do without: when nothing that stands came in the end, why the last did not."""
        if not self.desk.frame.edition:
            return await self.ask(news, answers=answers, check=check, pictures=pictures)
        self._pictures = tuple(pictures)
        return await self._answered(prompt.as_shown(news), False, answers, (), check)

    async def _ask_the_person(self, last: Refusal) -> None:
        await self.desk.hold(
            f"{self.path.removeprefix(self.desk.path + '/')}-broken-{self._calls}",
            Wait.TROUBLE,
            Choice.RETRY,
            Choice.STOP,
            what="reply_refused",
            role=self.role.value,
            why=last.why,
        )

    async def _answered(
        self,
        told: Shown,
        failed: bool,
        answers: tuple[type[A], ...],
        tools: Sequence[Tool[Any]],
        check: Callable[[A], Refusal | None] | None,
    ) -> A | Refusal:
        """An answer that stands, or why the last one did not when patience is at its end."""
        broken, looks, frame = 0, 0, self.desk.frame
        kinds = [frame.tool(each, spec(each)) for each in answers]
        every = [*kinds, *(frame.tool(each.arguments, _tool_spec(each)) for each in tools)]
        while True:
            offered = every if looks < LOOKS else kinds
            listed = self._listed or (tuple(every) if frame.edition else tuple(offered))
            reply = await self._call(told, failed, offered, listed)
            failed, told = False, Shown("")
            use = reply.tool_uses[0] if reply.tool_uses else None
            why = _unusable(reply, names_of(offered), names_of(listed))
            if why is None and use is not None:
                tool = next((each for each in tools if each.name == use.name), None)
                if tool is not None:
                    try:
                        arguments = tool.arguments.model_validate(use.arguments)
                    except ValidationError as error:
                        why = _wrong_arguments(use, error)
                    else:
                        told = await tool.do(self.desk.part(f"{self.path}/{self._calls}"), arguments)
                        looks += 1
                        continue
                else:
                    kind = next(each for each in answers if each.tool == use.name)
                    try:
                        answer = kind.model_validate(use.arguments)
                    except ValidationError as error:
                        why = _wrong_arguments(use, error)
                    else:
                        refusal = check(answer) if check else None
                        if refusal is None:
                            return answer
                        why = refusal
            assert why is not None
            broken += 1
            self.desk.tell(ReplyRefused(self.role.value, self.path, why.why))
            if broken > PATIENCE:
                return why
            told, failed = why.shown, True

    async def _call(self, news: Shown, failed: bool, tools: list[ToolSpec], listed: tuple[ToolSpec, ...]) -> Reply:
        """One model call: the next step of this conversation. `tools` are open in it, of all that are `listed`."""
        self._calls += 1
        path = f"{self.path}/{self._calls}"
        asked, messages = self._asked(path, news, failed, tools, listed)

        def ask() -> Asked:
            nonlocal asked, messages
            asked, messages = self._asked(path, news, failed, tools, listed)
            return asked

        reply = await call(self.desk.bench, self.desk.line, path, ask, self.desk.told)
        self._shown.update(asked.notes["new"], asked.notes["earlier"])
        answer = reply.message if reply.message.blocks else Message("assistant", ("…",))
        self._messages = [*messages, answer]
        self._link = Link.after(asked.link, "assistant", blocks_plain(reply.message.blocks))
        self._open, self._pictures = reply.tool_uses, ()
        self.rehearsed |= reply.model == REHEARSAL
        return reply

    def _asked(
        self, path: str, news: Shown, failed: bool, tools: list[ToolSpec], listed: tuple[ToolSpec, ...]
    ) -> tuple[Asked, tuple[Message, ...]]:
        """The request as it stands now, with the notes that are unread now, and its messages."""
        new, earlier, notes = self.desk.notes_for(path, self.role, self._shown)
        told = lines(news, *earlier, *new)
        if not told.strip():
            told = tag("go_on" if self._messages or not self.desk.frame.edition else "begin")
        if {tool.name for tool in listed} - {tool.name for tool in tools}:
            told = lines(told, tag("open_now", ", ".join(names_of(tools))))
        body = self._body(told, failed)
        link = Link.after(self._link, "user", blocks_plain(body))
        messages = (*self._messages, Message("user", body))
        system, shared = str(self.system), self._shared
        meaning: list[Plain] = ["ask", self.role.value, link.chain, *names_of(tools)]
        asked = Asked(
            self.role,
            link,
            meaning,
            notes,
            lambda model, limit: Request(model, system, messages, listed, limit, shared),
        )
        return asked, messages

    def _body(self, news: Shown, failed: bool) -> tuple[Block, ...]:
        """A user turn: the results of the open tool calls first, else plain text; pictures last."""
        text = str(news).strip()
        if not self._open:
            return (text, *self._pictures)
        first, *others = self._open
        rest = tuple(
            ToolResult(use.id, "<refusal>one call at a time: this one was not carried out</refusal>", True)
            for use in others
        )
        return (ToolResult(first.id, text, failed), *rest, *self._pictures)


def names_of(tools: Sequence[ToolSpec]) -> list[str]:
    return [tool.name for tool in tools]


def _known_to(template: str, name: str, fields: dict[str, Value]) -> dict[str, Value]:
    """The fields that a prompt shows: one that an older visit pinned knows none of those that came after it."""
    if template == prompt.shipped().get(name):
        return fields
    return {each: value for each, value in fields.items() if each in prompt.fields_of(template)}


def _tool_spec(tool: Tool[Any]) -> ToolSpec:
    return ToolSpec(tool.name, tool.description, schema(tool.arguments))


def _unusable(reply: Reply, names: list[str], listed: list[str]) -> Refusal | None:
    """Why a whole reply cannot be used, in words for the role."""
    known = ", ".join(names)
    if reply.stop == "max_tokens":
        return Refusal("the reply was cut because it was too long: say it shorter, or in several steps")
    if reply.stop in ("refusal", "model_context_window_exceeded"):
        return Refusal(f"no answer came ({reply.stop}): answer with one of {known}")
    if not reply.tool_uses:
        return Refusal(f"no tool was called: answer by calling one of {known}")
    if reply.tool_uses[0].name not in names and reply.tool_uses[0].name in listed:
        return Refusal(f"{reply.tool_uses[0].name!r} is not open now: call one of {known}")
    if reply.tool_uses[0].name not in names:
        return Refusal(f"there is no tool {reply.tool_uses[0].name!r} here: call one of {known}")
    return None


def _wrong_arguments(use: ToolUse, error: ValidationError) -> Refusal:
    faults = "; ".join(
        f"{'.'.join(str(part) for part in fault['loc']) or 'arguments'}: {fault['msg']}" for fault in error.errors()[:5]
    )
    return Refusal(f"wrong arguments for {use.name}: {faults}")


def note_tags(rows: list[tuple[str, str, str | None]], name: str) -> list[Shown]:
    """Notes as a role sees them: (word, text, address)."""
    return [tag(name, text, to=to or "team", id=word) for word, text, to in rows]
