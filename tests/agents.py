"""Agents for tests: a brief, a real endpoint that was told what to say, a store, a work folder."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from itertools import pairwise
from pathlib import Path
from typing import Any

from scripted import Answer, Request, ScriptedEndpoint
from unconfined import Unconfined

from skillgit.agent.episode import Brief, Budget, Episode, Mind, Seen, Tool
from skillgit.agent.loop import work
from skillgit.agent.tools import Room, usual_tools
from skillgit.config import Endpoint, Speech
from skillgit.endpoint.ask import StoredAsk, StoredObservations
from skillgit.endpoint.chat import Chat
from skillgit.endpoint.store import ReplyStore
from skillgit.ports import Message, ToolSpec

OPENING = (Message("system", "You work."), Message("user", "Count to three."))


def block(content: str, name: str = "python", *, words: str = "I try this.") -> Answer:
    """A turn in text."""
    return Answer(f"{words}\n\n```{name}\n{content}\n```")


def calling(name: str, arguments: str, **more: Any) -> Answer:  # noqa: ANN401 - fields of Answer
    """A turn with one tool call."""
    return Answer(None, tool_calls=({"name": name, "arguments": arguments},), **more)


def echo() -> Tool:
    """A tool that shows what it is given."""

    async def run(arguments: Mapping[str, object]) -> Seen:
        return Seen(f"echo {arguments['text']}", ends=arguments["text"] == "over")

    properties = {"text": {"type": "string"}, "times": {"type": "integer"}}
    schema = {"type": "object", "properties": properties, "required": ["text"]}
    return Tool(ToolSpec("echo", "Say it again.", schema, "text"), run)


@dataclass(slots=True)
class Agent:
    """Works with `endpoint`; what it learns is kept in `folder`."""

    endpoint: ScriptedEndpoint
    folder: Path
    speech: Speech = Speech.TEXT
    budget: Budget = field(default_factory=Budget)
    tools: tuple[Tool, ...] = ()
    timeout: float = 20.0
    clock: Callable[[], float] | None = None
    seed: int | None = None
    sandbox: Unconfined = field(default_factory=Unconfined)
    wants: str = ""
    """A file without which the work cannot be over."""

    def brief(self, place: Path) -> Brief:
        room = Room(self.sandbox, place)
        tools = self.tools or usual_tools(room)
        brief = Brief("agent", "t1", OPENING, tools, self.speech, self.budget, self.seed)
        wanted = place / self.wants
        return replace(brief, unfinished=lambda: "" if wanted.exists() else "Not done yet.")

    def work(self, name: str = "work") -> Episode:
        return asyncio.run(self.working(name))

    async def working(self, name: str = "work") -> Episode:
        place = self.folder / name
        place.mkdir(parents=True)
        config = Endpoint(base_url=self.endpoint.url, model="tiny", timeout=self.timeout, retries=0)
        with ReplyStore(self.folder / "replies.db") as store:
            async with Chat(config) as chat:
                ask = StoredAsk(chat, store, config)
                seen = StoredObservations(store, config, "tiny")
                mind = Mind(ask.converse, seen)
                if self.clock:
                    mind = Mind(ask.converse, seen, self.clock)
                return await work(self.brief(place), mind)


def told(request: Request) -> str:
    """The last message of a request."""
    return str(request["messages"][-1]["content"])


def append_only(requests: list[Request]) -> bool:
    """Does each request begin with all messages of the one before?"""
    return all(
        later["messages"][: len(earlier["messages"])] == earlier["messages"]
        and len(later["messages"]) > len(earlier["messages"])
        for earlier, later in pairwise(requests)
    )
