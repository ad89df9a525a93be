"""A model behind an OpenAI-compatible endpoint: a call, its retries, a reply that fits its schema.

Transport failures (connections, 408, 409, 429, 5xx) are retried by the openai client; replies that
are no use are asked again here, with another seed. openai runs on httpx or httpx2, depending on its
version: neither is imported here.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Self

from skillgit.config import Endpoint
from skillgit.endpoint.address import checked_key, checked_url, is_local, without_password
from skillgit.endpoint.completions import (
    Body,
    Said,
    Served,
    Unusable,
    is_too_long,
    parse_reply,
    read_completion,
    read_models,
    read_refusal,
    request_body,
    shortened,
    turn_body,
)
from skillgit.errors import SurroundingsError, UsageError
from skillgit.ports import Call, JsonObject, NoReply, Spoken, Turn
from skillgit.types import Usage

if TYPE_CHECKING:
    from openai import AsyncOpenAI  # noqa: TID251 - this is its home

_CALLED = Usage(calls=1)
_FAILED = Usage(failed_calls=1)
_TRIES = 3
"""How often a call is asked before it is given up; each time with the next seed."""
_LIVENESS_SECONDS = 30.0
_CONNECT_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class Refused:
    """The endpoint answered with an error."""

    status: int
    message: str


@dataclass(frozen=True, slots=True)
class Unreached:
    """No answer came."""

    reason: str


@dataclass(frozen=True, slots=True)
class Completion:
    """A reply that meets its schema, what the model thought before it, and what all tries took."""

    value: JsonObject
    reasoning: str = ""
    usage: Usage = field(default_factory=Usage)


@dataclass(frozen=True, slots=True)
class _Garbled(NoReply):
    """The server could make nothing of what the model said; other words may do."""


def mismatch(value: object, schema: JsonObject) -> str:
    """Where and why a value does not meet its schema; "" where it does."""
    from jsonschema import (  # noqa: PLC0415, TID251 - this is its home; a check needs none
        Draft202012Validator,
    )
    from jsonschema.exceptions import best_match  # noqa: PLC0415, TID251 - the same

    error = best_match(Draft202012Validator(schema).iter_errors(value))
    return "" if error is None else f"at {error.json_path}: {shortened(error.message)}"


class Wire:
    """HTTP to one endpoint: text or a reason comes back, never an exception of a library."""

    def __init__(self, base_url: str, api_key: str, *, timeout: float, retries: int) -> None:
        self.base_url = checked_url(base_url)
        self._api_key = checked_key(api_key)
        self._timeout = timeout
        self._retries = retries

    @property
    def root(self) -> str:
        """The server itself, above /v1."""
        return self.base_url.removesuffix("/v1")

    @property
    def shown(self) -> str:
        """The address without a password that may stand in it."""
        return without_password(self.base_url)

    async def get(self, path: str, *, patience: float = 0.0) -> str | Refused | Unreached:
        """The answer to GET; a `path` with a scheme is taken as it is."""
        return await self._send(path, None, patience or self._timeout)

    async def post(self, path: str, body: Body) -> str | Refused | Unreached:
        """The answer to POST with a JSON body."""
        return await self._send(path, body, self._timeout)

    async def close(self) -> None:
        """Close the connections."""
        if "_client" in self.__dict__:
            await self._client.close()

    async def _send(
        self, path: str, body: Body | None, seconds: float
    ) -> str | Refused | Unreached:
        from openai import (  # noqa: PLC0415, TID251 - this is its home; it takes long to import
            APIError,
            APIStatusError,
            APITimeoutError,
        )

        try:
            async with asyncio.timeout(seconds):  # of all retries together
                if body is None:
                    return await self._client.get(path, cast_to=str)
                return await self._client.post(path, cast_to=str, body=body)
        except (TimeoutError, APITimeoutError):
            return Unreached(f"no answer within {seconds:g} s")
        except APIStatusError as error:
            return Refused(error.status_code, read_refusal(error.body) or shortened(error.message))
        except APIError as error:
            return Unreached(shortened(str(error.__cause__ or "") or str(error)))

    @cached_property
    def _client(self) -> AsyncOpenAI:
        from openai import (  # noqa: PLC0415, TID251 - this is its home; it takes long to import
            AsyncOpenAI,
            DefaultAsyncHttpxClient,
            Timeout,
        )

        client = AsyncOpenAI(
            base_url=self.base_url,
            api_key=self._api_key or "none",
            timeout=Timeout(self._timeout, connect=min(_CONNECT_SECONDS, self._timeout)),
            max_retries=self._retries,
            # A proxy of the environment cannot reach what runs on this machine.
            http_client=DefaultAsyncHttpxClient(trust_env=not is_local(self.base_url)),
        )
        client.organization = client.project = None  # the environment's are for OpenAI's own API
        return client


class Chat:
    """Calls to one model of one endpoint, at most `endpoint.workers` at once.

    Raises SurroundingsError when no call could succeed: the endpoint is out of reach, refuses the
    key, or does not have the model. What befalls a single call is a NoReply.
    """

    def __init__(self, endpoint: Endpoint, api_key: str = "") -> None:
        self._endpoint = endpoint
        self._wire = Wire(
            endpoint.base_url, api_key, timeout=endpoint.timeout, retries=endpoint.retries
        )
        self._slots = asyncio.Semaphore(endpoint.workers)
        self._asking = asyncio.Lock()
        self._models: tuple[Served, ...] | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        """Close the connections."""
        await self._wire.close()

    async def model(self) -> str:
        """The configured model, else the only one that the endpoint serves."""
        if self._endpoint.model:
            return self._endpoint.model
        names = [served.name for served in await self._served()]
        if len(names) == 1:
            return names[0]
        raise UsageError(
            f"choosing a model of {self._wire.shown}: "
            + (f"it serves {', '.join(names)}" if names else "it does not say which it serves"),
            hint="name one with --model, or as endpoint.model in the configuration",
        )

    async def complete(self, call: Call) -> Completion | NoReply:
        """Ask until a reply meets the schema of the call, three times at most."""
        async with self._slots:
            body = request_body(call, self._endpoint, await self.model())
            usage, first = Usage(), ""
            for attempt in range(_TRIES):
                said = await self._say_whole(body | {"seed": body["seed"] + attempt})
                usage += said.usage
                if isinstance(said, NoReply):
                    return NoReply(said.reason, usage)
                value = _meeting(said, call.schema)
                if not isinstance(value, Unusable):
                    return Completion(value, said.reasoning, usage)
                usage += _FAILED
                first = first or value.reason
            return NoReply(f"{first} (asked {_TRIES} times)", usage)

    async def speak(self, turn: Turn) -> Spoken | NoReply:
        """Take one turn. A reply may be cut off; one without any words is asked for again."""
        async with self._slots:
            body = turn_body(turn, self._endpoint, await self.model())
            usage = Usage()
            said: Said | NoReply = NoReply("not asked")
            for attempt in range(_TRIES):
                said = await self._say(body | {"seed": body["seed"] + attempt})
                usage += said.usage
                if not _worth_another_try(said):
                    break
                usage += _FAILED if isinstance(said, Said) else Usage()
            if isinstance(said, NoReply):
                return NoReply(said.reason, usage)
            return Spoken(said.content, said.reasoning, said.requests, said.cut, usage)

    async def _say_whole(self, body: Body) -> Said | NoReply:
        """A reply that is cut off is asked for once more, with more room if there is any."""
        said = await self._say(body)
        if isinstance(said, NoReply) or not said.cut:
            return said
        lost = said.usage + _FAILED
        room = await self._more_room(body, said)
        if not room:
            return _cut_off(body, lost)
        again = await self._say(body | {"max_tokens": room})
        usage = lost + again.usage
        if isinstance(again, Said) and again.cut:
            return _cut_off(body | {"max_tokens": room}, usage + _FAILED)
        return replace(again, usage=usage)

    async def _say(self, body: Body) -> Said | NoReply:
        answer = await self._wire.post("/chat/completions", body)
        match answer:
            case str():
                said = read_completion(answer)
                if isinstance(said, Said):
                    return replace(said, usage=said.usage + _CALLED)
                return _Garbled(said.reason, _CALLED + _FAILED)
            case Unreached(why):
                await self._must_live(why)
                reason = f"the connection failed: {why}"
            case Refused(_, message) if is_too_long(message):
                reason = f"the prompt does not fit into the model's context: {message}"
            case Refused(status, message):
                await self._must_be_served(answer, body["model"])
                kind = _Garbled if status == 500 else NoReply
                return kind(f"the endpoint answered {status}: {message}", _CALLED + _FAILED)
        return NoReply(reason, _CALLED + _FAILED)

    async def _served(self) -> tuple[Served, ...]:
        async with self._asking:
            if self._models is None:
                answer = await self._wire.get("/models", patience=_LIVENESS_SECONDS)
                if isinstance(answer, Unreached):
                    raise self._out_of_reach(answer.reason)
                if isinstance(answer, Refused):
                    self._must_accept_key(answer)
                self._models = read_models(answer) if isinstance(answer, str) else ()
            return self._models

    async def _more_room(self, body: Body, said: Said) -> int:
        """Twice the output tokens, as far as the context allows; 0 where that is no more."""
        allowed: int = body["max_tokens"]
        context = {served.name: served.context for served in await self._served()}
        left = context.get(body["model"], 0) - said.usage.prompt_tokens
        room = 2 * allowed if left <= 0 else min(2 * allowed, left)
        return room if room > allowed else 0

    async def _must_live(self, reason: str) -> None:
        """One call without an answer is a misfit; an endpoint without one ends the round."""
        answer = await self._wire.get("/models", patience=_LIVENESS_SECONDS)
        if isinstance(answer, Unreached):
            raise self._out_of_reach(reason)

    async def _must_be_served(self, refused: Refused, model: str) -> None:
        self._must_accept_key(refused)
        if refused.status == 404:
            names = ", ".join(served.name for served in await self._served())
            raise SurroundingsError(
                f"asking {model!r} at {self._wire.shown}: {refused.message}",
                hint=f"it serves {names}; name one with --model"
                if names
                else "check the model's name, and that base_url ends in /v1",
            )

    def _must_accept_key(self, refused: Refused) -> None:
        if refused.status in {401, 403}:
            raise SurroundingsError(
                f"asking {self._wire.shown}: it refuses the key ({refused.status}: "
                f"{refused.message})",
                hint=f"put the endpoint's key into the variable {self._endpoint.api_key_env}",
            )

    def _out_of_reach(self, reason: str) -> SurroundingsError:
        return SurroundingsError(
            f"asking {self._wire.shown}: it cannot be reached ({reason})",
            hint="start a model with 'skillgit serve', give its address with --base-url, "
            "and try 'skillgit doctor'; finished calls are kept",
        )


def _worth_another_try(said: Said | NoReply) -> bool:
    if isinstance(said, NoReply):
        return isinstance(said, _Garbled)
    return not (said.content.strip() or said.requests or said.cut)


def _meeting(said: Said, schema: JsonObject) -> JsonObject | Unusable:
    value = parse_reply(said)
    if isinstance(value, Unusable):
        return value
    wrong = mismatch(value, schema)
    return Unusable(f"the reply does not meet its schema: {wrong}") if wrong else value


def _cut_off(body: Body, usage: Usage) -> NoReply:
    return NoReply(
        f"the reply was cut off after {body['max_tokens']} tokens; raise max_tokens of this role",
        usage,
    )
