"""Texts as vectors: `/v1/embeddings` of an OpenAI-compatible API, as vLLM and llama.cpp serve it.

What was embedded once is remembered by model and text. Without vectors there is nothing that could
be recalled, so whatever keeps them from coming ends the command.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import json
import math
from array import array
from collections.abc import Sequence
from typing import Self

from skillgit.config import Endpoint
from skillgit.endpoint.allowance import Allowance, Demand
from skillgit.endpoint.completions import Body, is_too_long, shortened
from skillgit.endpoint.failures import BUDGETS, failure_of, pause
from skillgit.endpoint.fleet import Fleet, Server
from skillgit.endpoint.memory import Memory
from skillgit.endpoint.wire import Refused, Unreached
from skillgit.errors import PartialError, SurroundingsError
from skillgit.ports import Failure
from skillgit.types import Usage

PATH = "/embeddings"
_AT_ONCE = 32
"""Texts in one request."""
_REQUESTS = 8
"""Requests at the same time."""
_LEAST_CHARS = 64
"""A text that does not fit is cut in half, down to this."""
SERVE_HINT = (
    "serve an embedding model, for example `skillgit serve --embed --model "
    "Qwen/Qwen3-Embedding-0.6B`, and name its address as recall.base_url"
)


class Embedder:
    """An embedding model behind one address or several; use it in an `async with` statement.

    Raises SurroundingsError where no vectors come. `allowance` None sends nothing: what is not
    remembered is a PartialError then.
    """

    def __init__(
        self, endpoint: Endpoint, api_key: str, memory: Memory, allowance: Allowance | None
    ) -> None:
        self._fleet = Fleet(endpoint, api_key)
        self._endpoint = endpoint
        self._memory = memory
        self._allowance = allowance
        self._slots = asyncio.Semaphore(min(_REQUESTS, endpoint.workers))
        self.usage = Usage()
        """What all requests so far took."""

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._fleet.close()

    async def model(self) -> str:
        """The configured model, else the only one that is served."""
        if self._allowance is None and not self._endpoint.model:
            raise PartialError(
                "recalling without a network: nobody says which embedding model was asked",
                hint="name it as recall.model",
            )
        return await self._fleet.model()

    async def __call__(self, texts: Sequence[str]) -> list[Sequence[float]]:
        """A vector for each text, all of one length."""
        model = await self.model()
        keys = {text: _key(model, text) for text in texts}
        known = {text: self._remembered(key) for text, key in keys.items()}
        missing = [text for text, vector in known.items() if vector is None]
        parts = [missing[at : at + _AT_ONCE] for at in range(0, len(missing), _AT_ONCE)]
        for part, vectors in zip(
            parts, await asyncio.gather(*(self._asked(model, part) for part in parts)), strict=True
        ):
            for text, fresh in zip(part, vectors, strict=True):
                self._memory.note(keys[text], _packed(fresh))
                known[text] = fresh
        self.usage += Usage(cached_calls=len(keys) - len(missing))
        found = [vector for text in texts if (vector := known[text]) is not None]
        if len({len(vector) for vector in found}) > 1:
            raise self._failure("its vectors are of different lengths")
        return found

    def _remembered(self, key: str) -> Sequence[float] | None:
        packed = self._memory.fact(key)
        return None if packed is None else _unpacked(packed)

    async def _asked(self, model: str, texts: Sequence[str]) -> list[Sequence[float]]:
        if self._allowance is None:
            raise PartialError(
                f"recalling without a network: {len(texts)} texts were never embedded by {model}",
                hint="run the same command without --replay and with an endpoint",
            )
        body = {"model": model, "input": list(texts), "encoding_format": "float"}
        async with self._slots:
            with self._allowance.call():
                answer = await self._delivered(body, self._allowance)
        if isinstance(answer, str):
            vectors, tokens = read_vectors(answer)
            self.usage += Usage(prompt_tokens=tokens)
            if len(vectors) != len(texts) or not all(vectors):
                raise self._failure(
                    f"the answer holds no {len(texts)} vectors: {shortened(answer)}"
                )
            return vectors
        if len(texts) > 1:
            parts = await asyncio.gather(*(self._asked(model, [text]) for text in texts))
            return [vector for part in parts for vector in part]
        if len(texts[0]) < 2 * _LEAST_CHARS:
            raise self._failure(answer.message)
        return await self._asked(model, [texts[0][: len(texts[0]) // 2]])

    async def _delivered(self, body: Body, allowance: Allowance) -> str | Refused:
        """The answer, or the refusal of texts that are too long."""
        tries, key = 0, hashlib.sha256(json.dumps(body).encode()).hexdigest()
        while True:
            server = await self._fleet.choose()
            with await allowance.admit(Demand.of(len(json.dumps(body)), 0)) as ticket:
                answer = await server.wire.post(PATH, body)
                tokens = read_vectors(answer)[1] if isinstance(answer, str) else 0
                ticket.settle(Usage(prompt_tokens=tokens))
            self.usage += Usage(calls=1, failed_calls=int(not isinstance(answer, str)))
            if isinstance(answer, str):
                server.seen = True
                return answer
            if isinstance(answer, Refused) and _too_long(answer.message):
                return answer
            failure, reason = await self._failed(server, answer)
            tries += 1
            if failure is None:
                continue
            if tries > self._endpoint.retries or not BUDGETS[failure].resent:
                raise self._failure(reason)
            self.usage += Usage(retried_calls=1)
            await asyncio.sleep(pause(failure, tries, key))

    async def _failed(
        self, server: Server, answer: Refused | Unreached
    ) -> tuple[Failure | None, str]:
        """Which failure it is, and why; None where the server is away and will be waited for."""
        if isinstance(answer, Unreached):
            alive = await self._fleet.is_alive(server, answer.reason)
            return (answer.failure if alive else None), answer.reason
        server.seen = True
        self._fleet.must_accept_key(server, answer)
        return failure_of(answer.status), f"it answers {answer.status}: {answer.message}"

    def _failure(self, why: str) -> SurroundingsError:
        return SurroundingsError(
            f"asking {self._fleet.shown} for embeddings: {why}",
            hint=SERVE_HINT,
        )


def _too_long(message: str) -> bool:
    return is_too_long(message) or ("too large" in message and "input" in message)


def _key(model: str, text: str) -> str:
    return f"embedding {hashlib.sha256(json.dumps([model, text]).encode()).hexdigest()}"


def read_vectors(answer: str) -> tuple[list[Sequence[float]], int]:
    """The vectors of an answer in the order of their texts, and the tokens; none where unusable."""
    try:
        found = json.loads(answer)
        rows = sorted(found["data"], key=lambda row: int(row["index"]))
        vectors: list[Sequence[float]] = [array("d", map(float, row["embedding"])) for row in rows]
        tokens = (found.get("usage") or {}).get("prompt_tokens")
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return [], 0
    if not all(math.isfinite(part) for vector in vectors for part in vector):
        return [], 0
    return vectors, tokens if isinstance(tokens, int) and tokens > 0 else 0


def _packed(vector: Sequence[float]) -> str:
    return base64.b64encode(array("d", vector).tobytes()).decode()


def _unpacked(packed: str) -> Sequence[float] | None:
    """What `_packed` wrote; None where the file was written by a machine of another kind."""
    try:
        return array("d", base64.b64decode(packed, validate=True))
    except ValueError:
        return None
