"""The server of a simulated endpoint: HTTP/1.1 by hand on asyncio, since faults need the socket."""

from __future__ import annotations

import asyncio
import hashlib
import json
import signal
import socket
import struct
import sys
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks.answering import Request, answer, digest_of, prompt_of, role_of, spoilt
from benchmarks.endpoint import Logged, line_of, read_log
from benchmarks.plan import Kind, Plan
from benchmarks.prefix_cache import PrefixCache, tokens_of

_DRIPS = 20
_SAYS = {200: "OK", 400: "Bad Request", 404: "Not Found", 429: "Too Many Requests"}


class Server:
    """One endpoint: its slots, what it remembers, and its log."""

    def __init__(self, plan: Plan, log: Path | None) -> None:
        self.plan = plan
        earlier = read_log(log) if log else []
        self._tries = Counter(one.digest for one in earlier)
        self._cache = PrefixCache()
        self._slots = asyncio.Semaphore(plan.slots)
        self._log = log.open("a", encoding="utf-8", buffering=1) if log else None
        self._listener: asyncio.Server | None = None
        self._port = 0
        self._reopening: asyncio.TimerHandle | None = None

    async def run(self, port: int) -> None:
        """Serve until SIGTERM."""
        loop = asyncio.get_running_loop()
        stop = asyncio.Event()
        loop.add_signal_handler(signal.SIGTERM, stop.set)
        await self._listen(port)
        sys.stdout.write(f"http://127.0.0.1:{self._port}/v1\n")
        sys.stdout.flush()
        await stop.wait()

    async def _listen(self, port: int) -> None:
        loop = asyncio.get_running_loop()
        self._listener = await loop.create_server(
            lambda: _Connection(self), "127.0.0.1", port, backlog=1024, reuse_address=True
        )
        self._port = self._listener.sockets[0].getsockname()[1]

    def refuse(self) -> None:
        """Take no new connection for a while."""
        if self._listener is None:
            return
        self._listener.close()
        self._listener = None
        loop = asyncio.get_running_loop()
        self._reopening = loop.call_later(
            self.plan.refuse_seconds, lambda: asyncio.ensure_future(self._listen(self._port))
        )

    def page(self, path: str) -> tuple[int, object]:
        """The answer to a GET."""
        if path == "/health":
            return 200, {}
        if path == "/v1/models":
            card = {"id": self.plan.model, "object": "model", "max_model_len": self.plan.context}
            return 200, {"object": "list", "data": [card]}
        return 404, _error(404, "Not Found", "NotFoundError")

    async def complete(self, body: bytes, connection: _Connection) -> None:
        """Answer one chat completion, or let it fail as the plan says."""
        arrived = time.time()
        request: Request = json.loads(body)
        role, prompt = role_of(request), prompt_of(request)
        digest = digest_of(role, prompt)
        self._tries[digest] += 1
        asked = _Asked(request, role, prompt, digest, self._tries[digest], arrived)
        asked.body_digest = hashlib.sha256(body).hexdigest()[:24]
        try:
            ending = await self._answered(asked, connection)
        except asyncio.CancelledError:
            asked.left = True
            raise
        finally:
            if self._log:
                self._log.write(line_of(asked.logged()))
        ending()  # whoever has the answer finds it in the log

    async def _answered(self, asked: _Asked, connection: _Connection) -> Callable[[], None]:
        plan = self.plan
        fault = plan.fault(asked.digest, asked.role, asked.attempt)
        asked.fault = fault or ""
        if fault in {Kind.RATE_LIMITED, Kind.UNAVAILABLE, Kind.TOO_LONG}:
            return partial(connection.send, *self._turned_away(asked, fault))
        if fault in {Kind.REFUSED, Kind.RESET}:
            if fault == Kind.REFUSED:
                self.refuse()
            return connection.reset
        room = plan.context - int(asked.request.get("max_tokens") or 0)
        if asked.prompt_tokens > room:
            asked.fault = Kind.TOO_LONG
            return partial(connection.send, *self._turned_away(asked, Kind.TOO_LONG))
        async with self._slots:
            asked.started = time.time()
            asked.cached_tokens = self._cache.take(asked.prompt)
            if fault == Kind.HANG:
                await asyncio.Event().wait()
            content = answer(asked.request, asked.digest)
            content = spoilt(content, fault) if fault else content
            tokens = tokens_of(content)
            await asyncio.sleep(plan.latency(tokens, asked.digest, asked.attempt))
            if fault == Kind.SERVER_ERROR:
                return partial(connection.send, 500, _error(500, "Broken", "InternalServerError"))
            asked.output_chars, asked.output_tokens = len(content), tokens
            completion = _completion(asked, content, fault)
            if fault == Kind.SLOW:
                return await connection.drip(completion, plan.drip_seconds)
            return partial(connection.send, 200, completion)

    def _turned_away(
        self, asked: _Asked, fault: Kind | None
    ) -> tuple[int, dict[str, Any], dict[str, str]]:
        if fault == Kind.RATE_LIMITED:
            wait = {"Retry-After": f"{self.plan.retry_after:g}"}
            return 429, _error(429, "Too many requests", "RateLimitError"), wait
        if fault == Kind.UNAVAILABLE:
            return 503, _error(503, "Service unavailable", "ServiceUnavailableError"), {}
        context, most = self.plan.context, int(asked.request.get("max_tokens") or 0)
        prompt = max(asked.prompt_tokens, context - most + 1)
        message = (
            f"This model's maximum context length is {context} tokens. However, you requested "
            f"{most} output tokens and your prompt contains at least {prompt} input tokens, for a "
            f"total of at least {prompt + most} tokens. Please reduce the length of the input "
            "prompt or the number of requested output tokens."
        )
        return 400, _error(400, message, "BadRequestError"), {}


class _Asked:
    """One request on its way; it becomes a line of the log."""

    def __init__(
        self, request: Request, role: str, prompt: str, digest: str, attempt: int, arrived: float
    ) -> None:
        self.request = request
        self.role = role
        self.prompt = prompt
        self.digest = digest
        self.attempt = attempt
        self.arrived = self.started = arrived
        self.prompt_tokens = tokens_of(prompt)
        self.cached_tokens = self.output_chars = self.output_tokens = 0
        self.fault = self.body_digest = ""
        self.left = False

    def logged(self) -> Logged:
        return Logged(
            role=self.role,
            digest=self.digest,
            attempt=self.attempt,
            prompt_chars=len(self.prompt),
            prompt_tokens=self.prompt_tokens,
            cached_tokens=self.cached_tokens,
            output_chars=self.output_chars,
            output_tokens=self.output_tokens,
            arrived=self.arrived,
            started=self.started,
            ended=time.time(),
            fault=self.fault,
            left=self.left,
            body_digest=self.body_digest,
        )


class _Connection(asyncio.Protocol):
    """One kept-alive connection: requests in, answers out, one after the other."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._transport: asyncio.Transport | None = None
        self._received = bytearray()
        self._wanted = 0
        self._head = b""
        self._work: asyncio.Task[None] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - the name is theirs
        self._transport = None
        if self._work:
            self._work.cancel()

    def data_received(self, data: bytes) -> None:
        self._received += data
        if self._work is None:
            self._next()

    def _next(self) -> None:
        """Take the next request, if all of it is there."""
        if not self._wanted:
            end = self._received.find(b"\r\n\r\n")
            if end < 0:
                return
            self._head = bytes(self._received[:end])
            self._wanted = end + 4 + _length(self._head)
        if len(self._received) < self._wanted:
            return
        body = bytes(self._received[len(self._head) + 4 : self._wanted])
        del self._received[: self._wanted]
        self._wanted = 0
        method, path, _ = self._head.split(b"\r\n", 1)[0].decode().split(" ", 2)
        if method == "GET":
            self.send(*self._server.page(path))
        elif path == "/v1/chat/completions":
            self._work = asyncio.ensure_future(self._server.complete(body, self))
            self._work.add_done_callback(self._done)
            return
        else:
            self.send(404, _error(404, "Not Found", "NotFoundError"))
        self._next()

    def _done(self, work: asyncio.Task[None]) -> None:
        self._work = None
        if work.cancelled():
            return
        if error := work.exception():
            self.send(400, _error(400, f"unreadable: {error!r}", "BadRequestError"))
        if self._transport:
            self._next()

    def send(self, status: int, value: object, more: dict[str, str] | None = None) -> None:
        """An answer of JSON."""
        body = json.dumps(value).encode()
        self._write(_head(status, len(body), more or {}) + body)

    async def drip(self, value: object, seconds: float) -> Callable[[], None]:
        """The head at once, the body in many small pieces; what is left is sending the last."""
        body = json.dumps(value).encode()
        size = -(-len(body) // _DRIPS)
        self._write(_head(200, len(body), {}))
        for start in range(0, len(body) - size, size):
            await asyncio.sleep(seconds / _DRIPS)
            self._write(body[start : start + size])
        await asyncio.sleep(seconds / _DRIPS)
        return partial(self._write, body[-(len(body) % size or size) :])

    def _write(self, data: bytes) -> None:
        if self._transport:
            self._transport.write(data)

    def reset(self) -> None:
        """Close with a reset instead of a farewell."""
        if self._transport is None:
            return
        raw = self._transport.get_extra_info("socket")
        with suppress(OSError):
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        transport, self._transport = self._transport, None
        transport.abort()


def _length(head: bytes) -> int:
    for line in head.split(b"\r\n")[1:]:
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            return int(value)
    return 0


def _head(status: int, length: int, more: dict[str, str]) -> bytes:
    headers = {"Content-Type": "application/json", "Content-Length": str(length), **more}
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    return f"HTTP/1.1 {status} {_SAYS.get(status, 'Error')}\r\n{lines}\r\n".encode()


def _error(status: int, message: str, kind: str) -> dict[str, Any]:
    return {"error": {"message": message, "type": kind, "param": None, "code": status}}


def _completion(asked: _Asked, content: str, fault: Kind | None) -> dict[str, Any]:
    return {
        "id": f"chatcmpl-{asked.digest}",
        "object": "chat.completion",
        "created": int(asked.arrived),
        "model": asked.request.get("model", ""),
        "choices": [
            {
                "index": 0,
                "message": {"role": "assistant", "content": content, "reasoning": None},
                "finish_reason": "length" if fault == Kind.TRUNCATED else "stop",
            }
        ],
        "usage": {
            "prompt_tokens": asked.prompt_tokens,
            "completion_tokens": asked.output_tokens,
            "total_tokens": asked.prompt_tokens + asked.output_tokens,
            "prompt_tokens_details": {"cached_tokens": asked.cached_tokens},
        },
    }
