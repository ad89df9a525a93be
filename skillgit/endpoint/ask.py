"""`ports.Ask` with a memory: what was once answered is never asked again.

Only replies that meet their schema are kept, under the digest of the whole request. So a round
that was killed resumes without paying twice, and a round can be replayed without a network.
"""

from __future__ import annotations

import asyncio
from weakref import WeakValueDictionary

from skillgit.config import Endpoint
from skillgit.endpoint.chat import Chat, Completion, mismatch
from skillgit.endpoint.completions import request_body, request_key
from skillgit.endpoint.store import Asked, ReplyStore
from skillgit.errors import PartialError, UsageError
from skillgit.ports import Call, NoReply, Reply
from skillgit.types import Usage


class StoredAsk:
    """Answer from the store, else from the chat; without a chat, replay: from the store alone."""

    def __init__(self, chat: Chat | None, store: ReplyStore, endpoint: Endpoint) -> None:
        self._chat = chat
        self._store = store
        self._endpoint = endpoint
        self._flights: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
        self._usage = Usage()

    @property
    def usage(self) -> Usage:
        """What all calls so far took; a reply from the store took nothing."""
        return self._usage

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
        model = await self.model()
        key = request_key(request_body(call, self._endpoint, model))
        flight = self._flights.setdefault(key, asyncio.Lock())
        async with flight:
            reply = self._stored(key, call) or await self._asked(key, call, model)
        self._usage += reply.usage
        return reply

    def _stored(self, key: str, call: Call) -> Reply | None:
        stored = self._store.get(key)
        # A recording may come from elsewhere: what it holds is checked as any reply is.
        if stored is None or mismatch(stored.value, call.schema):
            return None
        return Reply(stored.value, Usage(cached_calls=1), cached=True)

    async def _asked(self, key: str, call: Call, model: str) -> Reply | NoReply:
        if self._chat is None:
            raise self._never_recorded(call)
        answer = await self._chat.complete(call)
        if not isinstance(answer, Completion):
            return answer
        reply = Reply(answer.value, answer.usage)
        self._store.put(key, Asked(call.role, call.label, model), reply)
        return reply

    def _never_recorded(self, call: Call) -> PartialError:
        why = (
            "its reply was recorded for another request (prompt, model, schema or sampling)"
            if self._store.knows(call.role, call.label)
            else "its reply was never recorded"
        )
        return PartialError(f"replaying the {call.role} call {call.label!r}: {why}", hint=_RECORD)


_RECORD = "run the same command without --replay and with an endpoint; it records as it goes"
