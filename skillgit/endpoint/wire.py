"""HTTP to one endpoint: text or a reason comes back, never an exception of a library.

aiohttp alone: OpenAI's own client above it took four times its CPU for a call, and half a second
to import. Nothing is sent twice here.
"""

from __future__ import annotations

import asyncio
import json
import time
from base64 import b64encode
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from functools import cached_property
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit
from urllib.request import getproxies, proxy_bypass

from skillgit.endpoint.address import checked_key, checked_url, is_local, without_password
from skillgit.endpoint.completions import Body, read_refusal, shortened
from skillgit.ports import Failure

if TYPE_CHECKING:
    from aiohttp import ClientSession  # noqa: TID251 - this is its home

_CONNECT_SECONDS = 10.0
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
        if "_session" in self.__dict__:
            await self._session.close()

    async def _send(
        self, path: str, body: Body | bytes | None, seconds: float
    ) -> str | Refused | Unreached:
        from aiohttp import (  # noqa: PLC0415, TID251 - this is its home; it takes long to import
            ClientError,
        )

        address = path if "://" in path else f"{self._plain_url}{path}"
        sent = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
        method = "GET" if sent is None else "POST"
        try:
            async with (
                asyncio.timeout(seconds),
                self._session.request(method, address, data=sent, proxy=self._proxy) as answer,
            ):
                text = await answer.text(errors="replace")
        except (ClientError, ConnectionError) as error:
            return _unreached(error)
        except TimeoutError:
            return Unreached(f"no answer within {seconds:g} s", Failure.TIMED_OUT)
        if 200 <= answer.status < 300:
            return text
        message = _refusal(text) or f"Error code: {answer.status}"
        return Refused(answer.status, message, _retry_after(answer.headers))

    @cached_property
    def _plain_url(self) -> str:
        """The address without a password, which stands in a header."""
        address = urlsplit(self.base_url)
        return address._replace(netloc=address.netloc.rpartition("@")[2]).geturl()

    @cached_property
    def _proxy(self) -> str | None:
        """The environment's, unless that cannot reach what runs on this machine."""
        address = urlsplit(self.base_url)
        if is_local(self.base_url) or proxy_bypass(address.hostname or ""):
            return None
        proxies = getproxies()
        return proxies.get(address.scheme) or proxies.get("all")

    @cached_property
    def _session(self) -> ClientSession:
        from aiohttp import (  # noqa: PLC0415, TID251 - this is its home; it takes long to import
            ClientSession,
            ClientTimeout,
            DummyCookieJar,
            TCPConnector,
        )

        connect = min(_CONNECT_SECONDS, self._timeout)
        return ClientSession(
            headers={"Authorization": self._authorization, "Content-Type": "application/json"},
            timeout=ClientTimeout(total=None, sock_connect=connect),
            # 0 = no end: how many calls run at once is decided elsewhere.
            connector=TCPConnector(limit=0, keepalive_timeout=_IDLE_SECONDS),
            cookie_jar=DummyCookieJar(),
        )

    @property
    def _authorization(self) -> str:
        address = urlsplit(self.base_url)
        if address.username or address.password:
            told = f"{unquote(address.username or '')}:{unquote(address.password or '')}"
            return f"Basic {b64encode(told.encode()).decode()}"
        return f"Bearer {self._api_key or 'none'}"


def _refusal(text: str) -> str:
    """The words of an error, whatever form it has."""
    try:
        return read_refusal(json.loads(text))
    except (ValueError, RecursionError):
        return shortened(text, 300)


# How aiohttp and Python call a connection that was there and broke.
_BROKEN = frozenset(
    {
        "ServerDisconnectedError",
        "ClientPayloadError",
        "ClientConnectionResetError",
        "ConnectionResetError",
        "BrokenPipeError",
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
