"""What goes into an agent's work and what comes out of it, in that order.

Tool, Seen          what the model may call, and what it then sees
Budget, Brief       how much it may take, and what it is to do
Mind                whom the loop asks
Act, TurnTaken      what it did
Episode             how it ended
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field

from skillgit.config import Agent, Speech
from skillgit.evaluation.runs import Ended
from skillgit.ports import Converse, Message, Observations, ToolSpec
from skillgit.types import ToolCall, Usage

END_WORD = "DONE"
"""With it a model says in text that its work is over."""


@dataclass(frozen=True, slots=True)
class Seen:
    """What a tool shows the model. `ends`: the work is over with it."""

    text: str
    ends: bool = False


@dataclass(frozen=True, slots=True)
class Tool:
    """A tool and what it does with arguments that fit its schema. What goes wrong is `Seen`."""

    spec: ToolSpec
    run: Callable[[Mapping[str, object]], Awaitable[Seen]]


@dataclass(frozen=True, slots=True)
class Budget:
    """How much one episode may take; each is checked between turns."""

    turns: int = 100
    seconds: float = 3600.0
    tokens: int = 2_000_000
    """Prompt and output together."""
    output_chars: int = 6000
    """An observation is shown in at most this many characters."""

    def __post_init__(self) -> None:
        if self.turns < 1 or self.seconds <= 0 or self.tokens < 1 or self.output_chars < 200:
            raise ValueError(f"nothing can be done with {self}")

    @classmethod
    def of(cls, agent: Agent) -> Budget:
        """The budget of a rollout, as configured."""
        return cls(agent.turns, agent.seconds, agent.tokens, agent.output_chars)


@dataclass(frozen=True, slots=True)
class Brief:
    """What an agent is to do. `role` chooses the sampling, `opening` begins the conversation."""

    role: str
    label: str
    opening: tuple[Message, ...]
    tools: tuple[Tool, ...]
    speech: Speech
    budget: Budget = field(default_factory=Budget)
    seed: int | None = None
    end_word: str = END_WORD
    unfinished: Callable[[], str] = str
    """Why the work cannot be over yet, or ""; an agent that says it is over is told so once."""

    def __post_init__(self) -> None:
        if self.speech is Speech.AUTO:
            raise ValueError("the way to speak is chosen before the work begins")
        if not self.opening or not self.tools:
            raise ValueError("an agent needs something to do, and something to do it with")

    @property
    def specs(self) -> tuple[ToolSpec, ...]:
        """The tools as the model is told of them."""
        return tuple(tool.spec for tool in self.tools)


@dataclass(frozen=True, slots=True)
class Mind:
    """Whom the loop asks: the model, the memory of what was seen, the clock (in seconds)."""

    converse: Converse
    observations: Observations
    clock: Callable[[], float] = time.monotonic


@dataclass(frozen=True, slots=True)
class Act:
    """One call of a tool. `arguments` are the model's words; not `run` where they were no use."""

    name: str
    arguments: str
    observation: str
    run: bool = True


@dataclass(frozen=True, slots=True)
class TurnTaken:
    """One turn: what the model said beside its calls, what it called, and what it was told then.

    `told` are words of the program that answer no call: how to go on after a reply that was none.
    `seconds` and `usage` are those of the first time, also where the turn comes from memory.
    """

    words: str
    reasoning: str
    acts: tuple[Act, ...]
    usage: Usage
    seconds: float
    told: str = ""


@dataclass(frozen=True, slots=True)
class Episode:
    """An agent's whole work. `answer` is its last word, `reason` why it ended where it is not."""

    messages: tuple[Message, ...]
    turns: tuple[TurnTaken, ...]
    ended: Ended
    answer: str
    usage: Usage
    reason: str = ""

    @property
    def seconds(self) -> float:
        """How long its turns took when they were first taken."""
        return sum(turn.seconds for turn in self.turns)

    @property
    def calls(self) -> tuple[ToolCall, ...]:
        """The calls that were run, in order: what `replay` does again elsewhere."""
        return tuple(
            ToolCall(act.name, act.arguments) for turn in self.turns for act in turn.acts if act.run
        )
