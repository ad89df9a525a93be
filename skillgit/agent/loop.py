"""The ReAct loop: the model speaks, what it asks for is done, it sees what came of it.

Messages are only ever appended, so that an endpoint can reuse its work on all that came before.
Nothing that a model says is an error here: what is no use is answered in words, and took a turn.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import replace

from skillgit.agent.arguments import read_arguments
from skillgit.agent.episode import Act, Brief, Episode, Mind, Seen, Tool, TurnTaken
from skillgit.agent.speech import STOPS, Heard, Hearing, hear
from skillgit.config import Speech
from skillgit.evaluation.runs import Ended
from skillgit.ports import Message, NoReply, Spoken, ToolRequest, Turn
from skillgit.types import Usage

_MOST_CALLS = 8
"""Calls of one turn that are run; a turn without end would pass by the budget."""
_MOST_REPEATS = 3
"""So often a turn may be taken unchanged; then there is a hint, and then the end."""
_SECONDS = -1
"""Where the duration of a turn is remembered, beside what its commands printed."""

_REPEATED = (
    "You have now done exactly the same several times, and the same came of it. Read the last line "
    "that was shown and do it another way, or finish."
)
_ONE_TURN_LEFT = "Only one more turn is left."
_USED_UP = "The {} of this task is used up, and nothing can be run any more. {}"
_ANSWER_NOW = "Give your final answer now, with what you know."


async def work(brief: Brief, mind: Mind) -> Episode:
    """Let the model work until it answers, repeats itself, or has used up its budget.

    Raises what `ports.Converse` and the tools raise where the surroundings are gone.
    """
    run = _Run(brief, mind)
    while True:
        spent = run.spent()
        if spent is not None:
            return await run.answer_now(spent)
        ended = await run.take_turn()
        if ended is not None:
            return run.episode(ended)


def elide(text: str, limit: int) -> str:
    """The text in at most `limit` characters: its middle goes, and is counted."""
    if len(text) <= limit:
        return text
    left_out = len(text) - limit
    while True:
        note = f"\n[{left_out} characters left out here]\n"
        kept = max(limit - len(note), 0)
        if len(text) - kept == left_out or not kept:
            break
        left_out = len(text) - kept
    head = (kept + 1) // 2
    return text[:head] + note + text[len(text) - (kept - head) :]


class _Run:
    """An episode while it is under way."""

    def __init__(self, brief: Brief, mind: Mind) -> None:
        self._brief = brief
        self._mind = mind
        self._tools: Mapping[str, Tool] = {tool.spec.name: tool for tool in brief.tools}
        self._messages = list(brief.opening)
        self._turns: list[TurnTaken] = []
        self._usage = Usage()
        self._shown: list[str] = []
        """What is to be shown with the next message, where tools are not answered by themselves."""
        self._told: list[str] = []
        """What else the model is told with the next message."""
        self._last = ""
        self._repeats = 0
        self._reminded = False
        self._answer = ""
        self._reason = ""
        self._unheard = Ended.NO_REPLY

    def spent(self) -> Ended | None:
        """The budget that is used up, if one is."""
        budget = self._brief.budget
        tokens = self._usage.prompt_tokens + self._usage.output_tokens
        if len(self._turns) >= budget.turns:
            return Ended.TURNS
        if sum(turn.seconds for turn in self._turns) >= budget.seconds:
            return Ended.SECONDS
        return Ended.TOKENS if tokens >= budget.tokens else None

    async def take_turn(self) -> Ended | None:
        """One turn; how the episode ended, if it ended with it."""
        started = self._mind.clock()
        turn = self._next_turn(with_tools=True)
        spoken = await self._speak(turn)
        if spoken is None:
            return self._unheard
        heard = hear(spoken, self._hearing())
        self._append_speech(heard)
        if self._is_repeated(heard):
            self._reason = f"the same turn {self._repeats} times in a row"
            self._keep(turn, heard, (), spoken, started)
            return Ended.REPEATED
        acts, ends = await self._act(turn, heard)
        if heard.remark and not heard.requests:
            self._told.append(heard.remark)
        if self._repeats == _MOST_REPEATS:
            self._told.append(_REPEATED)
        elif len(self._turns) + 2 == self._brief.budget.turns:
            self._told.append(_ONE_TURN_LEFT)
        self._keep(turn, heard, acts, spoken, started)
        if ends or (heard.answered and not self._is_reminded()):
            self._answer = heard.words
            return Ended.ANSWERED
        return None

    def _is_reminded(self) -> bool:
        """Is an agent that ends told, for the first time, that its work cannot be over?"""
        words = "" if self._reminded else self._brief.unfinished()
        if words:
            self._reminded = True
            self._turns[-1] = replace(self._turns[-1], told=words)
            self._told.append(words)
        return bool(words)

    async def answer_now(self, spent: Ended) -> Episode:
        """The last turn: without tools the model says what it knows."""
        started = self._mind.clock()
        self._told.append(_USED_UP.format(spent.value, _ANSWER_NOW))
        if self._turns:
            told = "\n\n".join(self._told)
            self._turns[-1] = replace(self._turns[-1], told=told)
        turn = self._next_turn(with_tools=False)
        spoken = await self._speak(turn)
        if spoken is not None:
            heard = hear(spoken, self._hearing())
            self._messages.append(Message("assistant", heard.content))
            self._answer = heard.content.strip()
            self._keep(turn, heard, (), spoken, started)
        return self.episode(spent)

    def episode(self, ended: Ended) -> Episode:
        """What is handed back."""
        return Episode(
            tuple(self._messages),
            tuple(self._turns),
            ended,
            self._answer,
            self._usage,
            self._reason,
        )

    def _next_turn(self, *, with_tools: bool) -> Turn:
        if self._shown or self._told:
            # One message: some chat templates refuse two in a row from the same speaker.
            self._messages.append(Message("user", "\n\n".join([*self._shown, *self._told])))
            self._shown, self._told = [], []
        brief = self._brief
        text = brief.speech is Speech.TEXT
        return Turn(
            brief.role,
            brief.label,
            tuple(self._messages),
            tools=brief.specs if with_tools and not text else (),
            stop=STOPS if text else (),
            seed=brief.seed,
        )

    async def _speak(self, turn: Turn) -> Spoken | None:
        spoken = await self._mind.converse(turn)
        self._usage += spoken.usage
        if isinstance(spoken, NoReply):
            self._reason = spoken.reason
            self._unheard = Ended.ENDPOINT if spoken.failure.passes else Ended.NO_REPLY
            return None
        return spoken

    def _hearing(self) -> Hearing:
        brief = self._brief
        begun = any(act.run for turn in self._turns for act in turn.acts)
        return Hearing(brief.speech, brief.specs, brief.end_word, begun)

    def _append_speech(self, heard: Heard) -> None:
        requests = heard.requests if self._brief.speech is Speech.TOOLS else ()
        self._messages.append(Message("assistant", heard.content, requests))

    def _is_repeated(self, heard: Heard) -> bool:
        """Is it once more what was said so often that there was a hint?"""
        calls = [(request.name, request.arguments) for request in heard.requests]
        said = hashlib.sha256(json.dumps([heard.content, calls]).encode()).hexdigest()
        self._repeats = self._repeats + 1 if said == self._last else 1
        self._last = said
        return self._repeats > _MOST_REPEATS

    async def _act(self, turn: Turn, heard: Heard) -> tuple[tuple[Act, ...], bool]:
        acts: list[Act] = []
        ends = False
        for position, request in enumerate(heard.requests):
            outcome = self._refusal(position, heard, ends=ends) or await self._run(request)
            if isinstance(outcome, Seen):
                limit = self._brief.budget.output_chars
                shown = elide(outcome.text, limit)
                text = elide(self._mind.observations.first(turn, position, shown), limit)
                ends = ends or outcome.ends
            else:
                text = outcome
            acts.append(Act(request.name, request.arguments, text, isinstance(outcome, Seen)))
            self._observe(request, text)
        return tuple(acts), ends

    def _refusal(self, position: int, heard: Heard, *, ends: bool) -> str:
        if heard.remark:
            return heard.remark
        if ends:
            return "Not run: the work was over."
        return "" if position < _MOST_CALLS else f"Not run: at most {_MOST_CALLS} calls in a turn."

    async def _run(self, request: ToolRequest) -> Seen | str:
        """What the tool shows, or why none was run."""
        tool = self._tools.get(request.name)
        if tool is None:
            return f"There is no tool {request.name[:40]!r}; there is {', '.join(self._tools)}."
        arguments = read_arguments(tool.spec, request.arguments)
        if isinstance(arguments, str):
            return f"Not run: {arguments}"
        return await tool.run(arguments)

    def _observe(self, request: ToolRequest, seen: str) -> None:
        if self._brief.speech is Speech.TOOLS:
            self._messages.append(Message("tool", seen, answers=request.id))
        else:
            self._shown.append(observation(seen))

    def _keep(
        self, turn: Turn, heard: Heard, acts: Sequence[Act], spoken: Spoken, started: float
    ) -> None:
        """Also how long it took, the first time: a resumed episode ends where the first one did."""
        took = f"{self._mind.clock() - started:.3f}"
        seconds = float(self._mind.observations.first(turn, _SECONDS, took))
        told = "\n\n".join(self._told)
        self._turns.append(
            TurnTaken(heard.words, heard.reasoning, tuple(acts), spoken.usage, seconds, told)
        )


def observation(seen: str) -> str:
    """What was seen, as it is told in the text protocol."""
    return f"Output:\n{seen}"
