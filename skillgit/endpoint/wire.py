"""HTTP to one endpoint: text or a reason comes back, never an exception of a library.

openai runs on httpx or httpx2, depending on its version, and on aiohttp below that, which takes
half the time: none of the three is imported here. Nothing is sent twice here.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from functools import cached_property
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from skillgit.endpoint.address import checked_key, checked_url, is_local, without_password
from skillgit.endpoint.completions import Body, read_refusal, shortened
from skillgit.ports import Failure

if TYPE_CHECKING:
    from openai import AsyncOpenAI  # noqa: TID251 - this is its home

_CONNECT_SECONDS = 10.0
_PIECE = 1 << 19
"""Bytes of a request that are sent at once; only pictures make one longer."""
_IDLE_SECONDS = 3.0
"""A connection is closed after it; uvicorn, below vLLM, closes its end after 5."""


@dataclass(frozen=True, slots=True)
class Refused:
    """The endpoint answered with an error; `retry_after` is in seconds, where it gave any."""

    status: int
    message: str
    retry_after: float = 0.0


@dataclass(frozen=True, slots=True)
class Unreached:
    """No answer came."""

    reason: str
    failure: Failure = Failure.UNREACHED


class Wire:
    """HTTP to one endpoint."""

    def __init__(self, base_url: str, api_key: str, *, timeout: float) -> None:
        self.base_url = checked_url(base_url)
        self._api_key = checked_key(api_key)
        self._timeout = timeout

    @property
    def root(self) -> str:
        """The server itself, above /v1."""
        return self._plain_url.removesuffix("/v1")

    @property
    def shown(self) -> str:
        """The address without a password that may stand in it."""
        return without_password(self.base_url)

    async def get(self, path: str, *, patience: float = 0.0) -> str | Refused | Unreached:
        """The answer to GET; a `path` with a scheme is taken as it is."""
        return await self._send(path, None, patience or self._timeout)

    async def post(self, path: str, body: Body | bytes) -> str | Refused | Unreached:
        """The answer to POST with a JSON body, which may be written already."""
        return await self._send(path, body, self._timeout)

    async def close(self) -> None:
        """Close the connections."""
        if "_client" in self.__dict__:
            await self._client.close()

    async def _send(
        self, path: str, body: Body | bytes | None, seconds: float
    ) -> str | Refused | Unreached:
        from openai import (  # noqa: PLC0415, TID251 - this is its home; it takes long to import
            APIError,
            APIStatusError,
        )

        try:
            async with asyncio.timeout(seconds):
                if body is None:
                    return await self._client.get(path, cast_to=str)
                if isinstance(body, bytes):
                    return await self._post(path, body)
                return await self._client.post(path, cast_to=str, body=body)
        except TimeoutError:
            return Unreached(f"no answer within {seconds:g} s", Failure.TIMED_OUT)
        except APIStatusError as error:
            message = read_refusal(error.body) or shortened(error.message)
            return Refused(error.status_code, message, _retry_after(error.response.headers))
        except APIError as error:
            return _unreached(error)

    async def _post(self, path: str, body: bytes) -> str:
        # A whole address spares the library from putting one together.
        address = f"{self._plain_url}{path}"
        if len(body) <= _PIECE:
            return await self._client.post(address, cast_to=str, content=body)
        # aiohttp warns of larger ones in one piece: it would see to nothing else meanwhile.
        size = {"Content-Length": str(len(body))}
        pieces = _pieces(body)
        return await self._client.post(
            address, cast_to=str, content=pieces, options={"headers": size}
        )

    @cached_property
    def _plain_url(self) -> str:
        """The address without a password: aiohttp takes one only where no header holds a key."""
        address = urlsplit(self.base_url)
        return address._replace(netloc=address.netloc.rpartition("@")[2]).geturl()

    @cached_property
    def _client(self) -> AsyncOpenAI:
        from openai import (  # noqa: PLC0415, TID251 - this is its home; it takes long to import
            DEFAULT_CONNECTION_LIMITS,
            AsyncOpenAI,
            DefaultAioHttpClient,
            Timeout,
        )

        address = urlsplit(self.base_url)
        user, password = unquote(address.username or ""), unquote(address.password or "")
        client = AsyncOpenAI(
            base_url=self._plain_url,
            api_key=self._api_key or "none",
            timeout=Timeout(None, connect=min(_CONNECT_SECONDS, self._timeout)),
            max_retries=0,
            http_client=DefaultAioHttpClient(
                # A proxy of the environment cannot reach what runs on this machine.
                trust_env=not is_local(self.base_url),
                # 0 = no end, as aiohttp reads it: how many calls run at once is decided elsewhere.
                limits=type(DEFAULT_CONNECTION_LIMITS)(
                    max_connections=0, keepalive_expiry=_IDLE_SECONDS
                ),
                auth=(user, password) if user or password else None,
            ),
        )
        client.organization = client.project = None  # the environment's are for OpenAI's own API
        return client


async def _pieces(body: bytes) -> AsyncIterator[bytes]:
    for start in range(0, len(body), _PIECE):
        yield body[start : start + _PIECE]


# How httpx, httpx2 and aiohttp call a connection that was there and broke.
_BROKEN = frozenset(
    {
        "ServerDisconnectedError",
        "ClientPayloadError",
        "ClientConnectionResetError",
        "ConnectionResetError",
        "BrokenPipeError",
        "ReadError",
        "WriteError",
        "RemoteProtocolError",
    }
)


def _unreached(error: BaseException) -> Unreached:
    causes = list(_causes(error))
    names = {type(cause).__name__ for cause in causes}
    words = next((text for cause in reversed(causes) if (text := str(cause).strip())), "")
    failure = Failure.RESET if names & _BROKEN else Failure.UNREACHED
    return Unreached(shortened(words or type(causes[-1]).__name__), failure)


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__


def _retry_after(headers: Mapping[str, str]) -> float:
    """Seconds, from a number or from a date; 0 where neither is given."""
    text = headers.get("retry-after", "").strip()
    try:
        seconds = float(text)
    except ValueError:
        try:
            seconds = parsedate_to_datetime(text).timestamp() - time.time()
        except ValueError:
            return 0.0
    return seconds if 0 < seconds < float("inf") else 0.0
