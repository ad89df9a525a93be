"""What a stage needs to speak with a model: single calls, conversations, prompts, progress."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Protocol

from skillgit.images import Image
from skillgit.names import Digest
from skillgit.types import Usage

JsonObject = Mapping[str, Any]  # explicit Any: JSON of a model, checked against its schema


@dataclass(frozen=True, slots=True)
class ToolRequest:
    """A call of a tool as the model wrote it; `arguments` is text, JSON only if the model obeys."""

    id: str
    name: str
    arguments: str


@dataclass(frozen=True, slots=True)
class Message:
    """One chat message. `role` is system, user, assistant or tool.

    An assistant's message may request tools; a tool's message answers the request `answers`. A
    user's may show pictures, which come before its words.
    """

    role: str
    content: str
    requests: tuple[ToolRequest, ...] = ()
    answers: str = ""
    images: tuple[Image, ...] = ()

    def __post_init__(self) -> None:
        if self.images and self.role != "user":  # chat templates refuse them elsewhere
            raise ValueError(f"only a user shows pictures, not the {self.role}")


@dataclass(frozen=True, slots=True)
class Call:
    """One question to the model.

    `role` (success, error, merge, reconcile, draft) chooses the sampling; `label` is for people.
    The reply must meet `schema`; `messages` begin with what all calls of the role share.
    `seed` None is the configured one.
    """

    role: str
    label: str
    messages: tuple[Message, ...]
    schema: JsonObject
    seed: int | None = None


@dataclass(frozen=True, slots=True)
class Reply:
    """A reply that is JSON and meets the schema of its call."""

    value: JsonObject
    usage: Usage = field(default_factory=Usage)
    cached: bool = False


class Failure(StrEnum):
    """The ways in which a call comes to nothing; each is met in its own way."""

    UNREACHED = "unreached"
    RESET = "reset"
    RATE_LIMITED = "rate limited"
    SERVER_ERROR = "server error"
    TIMED_OUT = "timed out"
    CUT_OFF = "cut off"
    """The limit of output tokens ended it."""
    EMPTY = "empty"
    NOT_JSON = "not JSON"
    WRONG_SCHEMA = "wrong schema"
    TOO_LONG = "too long"
    """The prompt does not fit into the model's context; a shorter one would."""
    REFUSED = "refused"

    @property
    def passes(self) -> bool:
        """Was it the way to the model, and may the same request fare better another time?"""
        return self in _PASSING


_PASSING = frozenset(
    {
        Failure.UNREACHED,
        Failure.RESET,
        Failure.RATE_LIMITED,
        Failure.SERVER_ERROR,
        Failure.TIMED_OUT,
    }
)


@dataclass(frozen=True, slots=True)
class NoReply:
    """A call that gave nothing usable, however often it was tried, and why."""

    reason: str
    usage: Usage = field(default_factory=Usage)
    failure: Failure = Failure.REFUSED


class Ask(Protocol):
    """Ask the model; one bad call is a value, never an exception.

    Raises `SurroundingsError` when the endpoint as a whole is out of reach, and `PartialError` in
    replay mode for a reply that was never recorded.
    """

    async def __call__(self, call: Call) -> Reply | NoReply:
        """Ask once; retries, caching and the choice of sampling are the adapter's."""
        ...


@dataclass(frozen=True, slots=True)
class ToolSpec:
    """A tool as the model is told of it; `parameters` is the JSON schema of its arguments.

    `body` is the argument that a fenced block fills where the model has no tool calls.
    """

    name: str
    description: str
    parameters: JsonObject
    body: str


@dataclass(frozen=True, slots=True)
class Turn:
    """One turn of a conversation: free text or tool calls come back, no schema holds it.

    `role` (agent, diagnose) chooses the sampling. `seed` None is the configured one. Without
    `tools` nothing about tools is sent.
    """

    role: str
    label: str
    messages: tuple[Message, ...]
    tools: tuple[ToolSpec, ...] = ()
    stop: tuple[str, ...] = ()
    seed: int | None = None


@dataclass(frozen=True, slots=True)
class Spoken:
    """What the model said in a turn. `cut` means that the limit of output tokens stopped it.

    `usage` is what it took when it was first said, also where it comes from memory (`cached`).
    """

    content: str
    reasoning: str = ""
    requests: tuple[ToolRequest, ...] = ()
    cut: bool = False
    usage: Usage = field(default_factory=Usage)
    cached: bool = False


class Converse(Protocol):
    """Take one turn of a conversation; errors as in `Ask`. What was said once is remembered."""

    async def __call__(self, turn: Turn) -> Spoken | NoReply:
        """Speak once; retries, memory and the choice of sampling are the adapter's."""
        ...


class Observations(Protocol):
    """What commands printed, by the turn that asked for them, so that a killed run resumes.

    A command is run again for its effects, but the model sees what it saw the first time: process
    numbers and times would otherwise make every later call a new one.
    """

    def first(self, turn: Turn, position: int, seen: str) -> str:
        """`seen`, or what was seen when the command at `position` of the turn first ran."""
        ...


class Prompts(Protocol):
    """Render one whole message from templates/prompts; a missing variable is an error."""

    def __call__(self, template: str, /, **values: object) -> str:
        """Render `prompts/<template>.md.j2`."""
        ...

    def digest(self) -> Digest:
        """What all templates say together."""
        ...


class Progress(Protocol):
    """Tell the person who waits. `total` may be given again when it becomes known."""

    def start(self, stage: str, total: int) -> None:
        """A stage begins; `total` things are to be done."""
        ...

    def advance(self, stage: str, note: str = "") -> None:
        """One of them is done."""
        ...

    def finish(self, stage: str) -> None:
        """The stage is over."""
        ...


async def _always(call: Call) -> bool:
    del call
    return True


@dataclass(frozen=True, slots=True)
class Model:
    """What a stage that asks the model is given: the voice, the words, and somebody who waits.

    `fits` is False for a call whose prompt and output are surely longer than the model's context;
    the same call always gets the same answer.
    """

    ask: Ask
    prompts: Prompts
    progress: Progress
    fits: Callable[[Call], Awaitable[bool]] = _always
