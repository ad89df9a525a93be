"""`ports.Ask` and `ports.Converse` with a memory: what was once answered is never asked again.

Replies that meet their schema are kept, and whatever was said in a conversation, each under the
digest of the whole request. So a round that was killed resumes without paying twice, and a round
can be replayed without a network.
"""

from __future__ import annotations

import asyncio
import hashlib
from dataclasses import asdict, replace
from weakref import WeakValueDictionary

from skillgit.config import Endpoint
from skillgit.endpoint.allowance import Allowance
from skillgit.endpoint.chat import Chat, Completion, letter_to
from skillgit.endpoint.completions import Letter, output_limit
from skillgit.endpoint.memory import Memory
from skillgit.endpoint.pictures import load_of
from skillgit.endpoint.schemas import mismatch
from skillgit.endpoint.store import Asked
from skillgit.endpoint.tokens import estimated, surely_fits
from skillgit.errors import PartialError, UsageError
from skillgit.ports import Ask, Call, JsonObject, NoReply, Reply, Spoken, ToolRequest, Turn
from skillgit.types import Usage


class StoredAsk:
    """Answer from the store, else from the chat; without a chat, replay: from the store alone."""

    def __init__(self, chat: Chat | None, store: Memory, endpoint: Endpoint) -> None:
        self._chat = chat
        self._store = store
        self._endpoint = endpoint
        self._flights: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
        self._usage = Usage()
        self._context: int | None = None

    @property
    def usage(self) -> Usage:
        """What all calls so far took; a reply from the store took nothing."""
        return self._usage

    @property
    def allowance(self) -> Allowance | None:
        """What may be spent on calls; None where none is sent."""
        return self._chat.allowance if self._chat else None

    def count(self, usage: Usage) -> None:
        """Add what was asked elsewhere for the same account."""
        self._usage += usage

    async def model(self) -> str:
        """The model that is asked, or in a replay the one that once was."""
        if self._chat:
            return await self._chat.model()
        if self._endpoint.model:
            return self._endpoint.model
        models = self._store.models()
        if not models:
            raise PartialError("replaying the round: no reply was ever recorded", hint=_RECORD)
        if len(models) > 1:
            raise UsageError(
                f"replaying the round: there are replies of {', '.join(models)}",
                hint="name the model with --model",
            )
        return models[0]

    async def __call__(self, call: Call) -> Reply | NoReply:
        """Ask once; the same request, asked twice at the same time, is sent once."""
        letter = letter_to(call, self._endpoint, await self.model())
        async with self._flight(letter.key):
            reply = self._stored(letter.key, call) or await self._asked(letter, call)
        self._usage += reply.usage
        return reply

    async def fits(self, call: Call) -> bool:
        """`ports.Model.fits`. What was counted once is remembered, as if it were a reply.

        So it goes where recorded replies go, and a replay parts what was parted, counting nothing.
        """
        size = sum(len(message.content) for message in call.messages)
        room, seen = output_limit(call.role, self._endpoint), load_of(call.messages).tokens
        if self._chat and self._context is None:
            self._context = await self._chat.context()
        if self._chat and (not self._context or surely_fits(size, room + seen, self._context)):
            return True
        letter = letter_to(call, self._endpoint, await self.model())
        key = hashlib.sha256(f"fits {letter.key}".encode()).hexdigest()
        stored = self._store.get(key)
        if stored is None and self._chat and self._context:
            tokens = await self._chat.count_tokens(letter) or estimated(size) + seen
            stored = Reply({"fits": tokens + room <= self._context})
            self._store.put(key, Asked(_FITTING, call.label, letter.body["model"]), stored)
        return stored is None or stored.value.get("fits") is not False

    def remembers(self, call: Call, model: str) -> bool:
        """Is this very call answered without the model? Asks nobody, not even for its name."""
        return self._stored(letter_to(call, self._endpoint, model).key, call) is not None

    async def converse(self, turn: Turn) -> Spoken | NoReply:
        """`ports.Converse`: speak once; what is remembered comes back with what it took then."""
        letter = letter_to(turn, self._endpoint, await self.model())
        async with self._flight(letter.key):
            stored = self._store.get(letter.key)
            remembered = _spoken(stored) if stored else None
            if remembered:
                self._usage += Usage(cached_calls=1)
                return remembered
            spoken = await self._spoken_now(letter, turn)
        self._usage += spoken.usage
        return spoken

    def _flight(self, key: str) -> asyncio.Lock:
        return self._flights.setdefault(key, asyncio.Lock())

    def _stored(self, key: str, call: Call) -> Reply | None:
        stored = self._store.get(key)
        # A recording may come from elsewhere: what it holds is checked as any reply is.
        if stored is None or mismatch(stored.value, call.schema):
            return None
        return Reply(stored.value, Usage(cached_calls=1), cached=True)

    async def _asked(self, letter: Letter, call: Call) -> Reply | NoReply:
        if self._chat is None:
            raise self._never_recorded(call)
        answer = await self._chat.complete(call, letter)
        if not isinstance(answer, Completion):
            return answer
        reply = Reply(answer.value, answer.usage)
        earlier = self._store.add(letter.key, _asked(letter, call), reply)
        if earlier is None:
            return reply
        if not mismatch(earlier.value, call.schema):
            # Another process was answered first, and must find what it made of that again.
            return replace(earlier, usage=reply.usage)
        self._store.put(letter.key, _asked(letter, call), reply)
        return reply

    async def _spoken_now(self, letter: Letter, turn: Turn) -> Spoken | NoReply:
        if self._chat is None:
            raise self._never_recorded(turn)
        spoken = await self._chat.speak(turn, letter)
        if isinstance(spoken, Spoken):
            reply = Reply(_as_json(spoken), spoken.usage)
            earlier = self._store.add(letter.key, _asked(letter, turn), reply)
            first = _spoken(earlier) if earlier else None
            if first:
                return replace(first, usage=spoken.usage, cached=False)
            if earlier:
                self._store.put(letter.key, _asked(letter, turn), reply)
        return spoken

    def _never_recorded(self, call: Call | Turn) -> PartialError:
        why = (
            "its reply was recorded for another request (prompt, model, schema or sampling)"
            if self._store.knows(call.role, call.label)
            else "its reply was never recorded"
        )
        return PartialError(f"replaying the {call.role} call {call.label!r}: {why}", hint=_RECORD)


class Reseeded:
    """The same voice with another seed."""

    def __init__(self, ask: Ask, seed: int) -> None:
        self._ask = ask
        self._seed = seed

    async def __call__(self, call: Call) -> Reply | NoReply:
        """Ask once."""
        return await self._ask(replace(call, seed=self._seed))


class StoredObservations:
    """`ports.Observations` in the reply store, under the digest of the turn's request."""

    def __init__(self, store: Memory, endpoint: Endpoint, model: str) -> None:
        self._store = store
        self._endpoint = endpoint
        self._model = model

    def first(self, turn: Turn, position: int, seen: str) -> str:
        """`seen`, or what was seen when the command at `position` of the turn first ran."""
        letter = letter_to(turn, self._endpoint, self._model)
        return self._store.first_seen(letter.key, position, _text(seen))


def _asked(letter: Letter, asked: Call | Turn) -> Asked:
    return Asked(asked.role, asked.label, letter.body["model"])


def _text(text: str) -> str:
    # What a program prints need not be text, and SQLite takes nothing else.
    return text.encode("utf-8", "replace").decode()


def _as_json(spoken: Spoken) -> JsonObject:
    return {
        "content": _text(spoken.content),
        "reasoning": _text(spoken.reasoning),
        "requests": [
            {name: _text(value) for name, value in asdict(request).items()}
            for request in spoken.requests
        ],
        "cut": spoken.cut,
    }


def _spoken(stored: Reply) -> Spoken | None:
    """What was said, or None where the recording holds something else: it may be a stranger's."""
    said = stored.value
    try:
        requests = tuple(
            ToolRequest(str(each["id"]), str(each["name"]), str(each["arguments"]))
            for each in said["requests"]
        )
        content, reasoning, cut = str(said["content"]), str(said["reasoning"]), bool(said["cut"])
    except (KeyError, TypeError):
        return None
    return Spoken(content, reasoning, requests, cut, stored.usage, cached=True)


_FITTING = "fits"
"""The role under which it is remembered whether a call fits."""
_RECORD = "run the same command without --replay and with an endpoint; it records as it goes"
