"""A model behind OpenAI-compatible endpoints: a call, its tries, a reply that fits its schema.

failures.py   what is done about each failure: the table
pace.py       how long calls take, and which are overdue
fleet.py      the servers: which is next, which is away
courier.py    one request, with its copies and its further tries
troubles.py   whose fault it is that it fails
wire.py       HTTP to one server
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field, replace
from typing import Self

from skillgit.config import Endpoint
from skillgit.endpoint.allowance import Allowance, Caps
from skillgit.endpoint.completions import (
    Letter,
    Said,
    Unusable,
    parse_reply,
    request_body,
    turn_body,
)
from skillgit.endpoint.courier import Courier, Delivery, Failed
from skillgit.endpoint.failures import BUDGETS
from skillgit.endpoint.fleet import Fleet, Server
from skillgit.endpoint.pace import Pace
from skillgit.endpoint.pictures import load_of, takes_no_pictures
from skillgit.endpoint.schemas import mismatch
from skillgit.endpoint.tokens import count_tokens
from skillgit.endpoint.wire import Refused
from skillgit.errors import SurroundingsError
from skillgit.ports import Call, Failure, JsonObject, NoReply, Spoken, Turn
from skillgit.types import Usage

_FAILED = Usage(failed_calls=1)
_RESTARTS = 3
"""So often a call finds its server gone and waits for it; a request may well be what fells it."""


@dataclass(frozen=True, slots=True)
class Completion:
    """A reply that meets its schema, what the model thought before it, and what all tries took."""

    value: JsonObject
    reasoning: str = ""
    usage: Usage = field(default_factory=Usage)


class Chat:
    """Calls to one model of one endpoint or several, at most `endpoint.workers` at once.

    Raises SurroundingsError when no call could succeed: the endpoint is out of reach, refuses the
    key, or does not have the model. What befalls a single call is a NoReply.
    """

    def __init__(
        self, endpoint: Endpoint, api_key: str = "", allowance: Allowance | None = None
    ) -> None:
        self._endpoint = endpoint
        self.allowance = allowance or Allowance(Caps())
        self._fleet = Fleet(endpoint, api_key)
        self._courier = Courier(self._fleet, Pace(endpoint.timeout), self.allowance)
        self._slots = asyncio.Semaphore(endpoint.workers)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        """Close the connections."""
        await self._courier.close()
        await self._fleet.close()

    async def model(self) -> str:
        """The configured model, else the only one that the endpoint serves."""
        return await self._fleet.model()

    async def context(self) -> int:
        """How many tokens fit into the model; 0 where the endpoint does not tell."""
        return await self._fleet.context(await self.model())

    async def count_tokens(self, letter: Letter) -> int:
        """The tokens of a prompt, as the server counts them; 0 where it does not.

        No server counts those of pictures, so an estimate of them is added.
        """
        counted = await count_tokens((await self._fleet.choose()).wire, letter.body)
        return counted + letter.load.tokens if counted else 0

    async def letter(self, asked: Call | Turn) -> Letter:
        """The request of a call or a turn."""
        return letter_to(asked, self._endpoint, await self.model())

    async def complete(self, call: Call, letter: Letter | None = None) -> Completion | NoReply:
        """Ask until a reply meets the schema of the call, or its budget is used up."""
        letter = letter or await self.letter(call)
        async with self._slots:
            with self.allowance.call():
                return await self._completed(letter, call.schema)

    async def speak(self, turn: Turn, letter: Letter | None = None) -> Spoken | NoReply:
        """Take one turn. A reply may be cut off; one without any words is asked for again."""
        letter = letter or await self.letter(turn)
        async with self._slots:
            with self.allowance.call():
                return await self._spoken(letter)

    async def _completed(self, letter: Letter, schema: JsonObject) -> Completion | NoReply:
        usage, first, asked = Usage(), Unusable(""), 0
        while True:
            said = await self._say_whole(_with_next_seed(letter, asked))
            asked += 1
            usage += said.usage
            if isinstance(said, Failed):
                return NoReply(said.reason, usage, said.failure)
            value = _meeting(said, schema)
            if not isinstance(value, Unusable):
                return Completion(value, said.reasoning, usage)
            usage += _FAILED
            first = first if first.reason else value
            if asked > BUDGETS[value.failure].times:
                return NoReply(f"{first.reason} (asked {asked} times)", usage, first.failure)

    async def _spoken(self, letter: Letter) -> Spoken | NoReply:
        usage, asked = Usage(), 0
        while True:
            said = await self._say(_with_next_seed(letter, asked))
            asked += 1
            usage += said.usage
            last = asked > BUDGETS[Failure.EMPTY].times
            if isinstance(said, Failed):
                if last or not _garbled(said):
                    return NoReply(said.reason, usage, said.failure)
                continue
            empty = not (said.content.strip() or said.requests or said.cut)
            usage += _FAILED if empty else Usage()
            if last or not empty:
                return Spoken(said.content, said.reasoning, said.requests, said.cut, usage)

    async def _say_whole(self, letter: Letter) -> Said | Failed:
        """A reply that is cut off is asked for once more, with more room if there is any."""
        said = await self._say(letter)
        if isinstance(said, Failed) or not said.cut:
            return said
        lost = said.usage + _FAILED
        room = await self._more_room(letter, said)
        if not room:
            return _cut_off(letter, lost)
        wider = letter.but(max_tokens=room)
        again = await self._say(wider)
        usage = lost + again.usage
        if isinstance(again, Said) and again.cut:
            return _cut_off(wider, usage + _FAILED)
        return replace(again, usage=usage)

    async def _more_room(self, letter: Letter, said: Said) -> int:
        """Twice the output tokens, as far as the context allows; 0 where that is no more."""
        allowed: int = letter.body["max_tokens"]
        left = await self._fleet.context(letter.body["model"]) - said.usage.prompt_tokens
        room = 2 * allowed if left <= 0 else min(2 * allowed, left)
        return room if room > allowed else 0

    async def _say(self, letter: Letter) -> Said | Failed:
        """Send a request, and again where its server went away for a moment."""
        usage, restarts = Usage(), 0
        while True:
            delivery = await self._courier.deliver(letter)
            outcome = delivery.outcome
            usage += Usage(calls=delivery.copies, hedged_calls=delivery.copies - 1) + outcome.usage
            if isinstance(outcome, Said):
                return replace(outcome, usage=usage)
            _must_see(letter, delivery.server, outcome)
            usage += _FAILED
            restarts += 1
            if not await self._is_gone(delivery, outcome) or restarts > _RESTARTS:
                return replace(outcome, usage=usage)
            usage += Usage(retried_calls=1)  # choosing a server waits until there is one

    async def _is_gone(self, delivery: Delivery, failed: Failed) -> bool:
        """Is it the server that is in trouble, and not the call? Some troubles end the round."""
        server, refused = delivery.server, failed.refused
        if refused is None:
            late = failed.failure is Failure.TIMED_OUT  # the courier has seen to the others
            return late and not await self._fleet.is_alive(server, failed.reason)
        server.seen = True
        self._fleet.must_accept_key(server, refused)
        if refused.status == 404:
            await self._must_be_served(server, refused)
        return False

    async def _must_be_served(self, server: Server, refused: Refused) -> None:
        names = ", ".join(served.name for served in await self._fleet.served(server))
        raise SurroundingsError(
            f"asking {await self.model()!r} at {server.wire.shown}: {refused.message}",
            hint=f"it serves {names}; name one with --model"
            if names
            else "check the model's name, and that base_url ends in /v1",
        )


def letter_to(asked: Call | Turn, endpoint: Endpoint, model: str) -> Letter:
    """The request of a call or a turn, written once."""
    if isinstance(asked, Call):
        body = request_body(asked, endpoint, model)
    else:
        body = turn_body(asked, endpoint, model)
    return Letter.of(asked.role, body, load_of(asked.messages))


def _with_next_seed(letter: Letter, number: int) -> Letter:
    return letter.but(seed=letter.body["seed"] + number) if number else letter


def _must_see(letter: Letter, server: Server, failed: Failed) -> None:
    """A model that takes no pictures takes none of any call."""
    refused = failed.refused
    if refused and letter.load.tokens and takes_no_pictures(refused.message):
        raise SurroundingsError(
            f"showing a picture to {letter.body['model']!r} at {server.wire.shown}: "
            f"{refused.message}",
            hint="these tasks need a model that takes pictures: serve one (of vLLM's multimodal "
            "models, or llama.cpp with --mmproj), and name it with --model",
        )


def _garbled(failed: Failed) -> bool:
    """The server could make nothing of what the model said; other words may do."""
    return failed.refused is not None and failed.refused.status == 500


def _meeting(said: Said, schema: JsonObject) -> JsonObject | Unusable:
    value = parse_reply(said)
    if isinstance(value, Unusable):
        return value
    wrong = mismatch(value, schema)
    if wrong:
        return Unusable(f"the reply does not meet its schema: {wrong}", Failure.WRONG_SCHEMA)
    return value


def _cut_off(letter: Letter, usage: Usage) -> Failed:
    tokens = letter.body["max_tokens"]
    reason = f"the reply was cut off after {tokens} tokens; raise max_tokens of this role"
    return Failed(Failure.CUT_OFF, reason, usage=usage)
