"""A chat endpoint that does as it is told: real HTTP on this machine, scripted answers.

    with ScriptedEndpoint() as endpoint:
        endpoint.queue(replying({"n": 1}))
        ...                                       # speak to endpoint.url
    assert endpoint.requests[0]["seed"] == 41

Leaving the block fails on a call that nobody scripted and on an answer that nobody fetched.
"""

from __future__ import annotations

import json
import socket
import struct
import sys
import threading
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar, Self

Request = dict[str, Any]  # the JSON that a client sent
Handler = Callable[[Request], "Answer | None"]


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer of the endpoint, with its faults."""

    content: str | None = None
    status: int = 200
    finish_reason: str = "stop"
    reasoning: str | None = None
    reasoning_field: str = "reasoning"
    tool_calls: tuple[Mapping[str, str], ...] = ()
    prompt_tokens: int = 10
    output_tokens: int = 5
    cached_tokens: int | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes | None = None
    """Sent instead of a completion."""
    delay: float = 0.0
    """Seconds to wait before the answer; leaving the block ends the wait."""
    cut: bool = False
    """The connection closes in the middle of the body."""
    reset: bool = False
    """The connection is reset instead of an answer."""
    drip: float = 0.0
    """Seconds between one byte of the body and the next; leaving the block ends the drip."""


def replying(value: object, **faults: Any) -> Answer:  # noqa: ANN401 - fields of Answer
    """A reply of JSON."""
    return Answer(json.dumps(value), **faults)


def refusing(
    status: int, message: str = "scripted", *, kind: str = "Error", headers: Iterable[str] = ()
) -> Answer:
    """An error as vLLM and llama.cpp word it; `headers` are `Name: value`."""
    error = {"message": message, "type": kind, "code": status}
    return Answer(
        status=status,
        body=json.dumps({"error": error}).encode(),
        headers=dict(header.split(": ", 1) for header in headers),
    )


def page(value: object) -> Answer:
    """Any JSON document."""
    return Answer(body=json.dumps(value).encode())


@dataclass(slots=True)
class _Queued:
    answer: Answer
    when: Callable[[Request], bool]


class ScriptedEndpoint:
    """An OpenAI-compatible endpoint on a free port. `reply` answers what the queue does not."""

    def __init__(
        self,
        reply: Handler | None = None,
        *,
        models: Iterable[str] = ("tiny",),
        context: int | None = 32768,
        api_key: str = "",
        port: int = 0,
    ) -> None:
        self.reply = reply
        self.api_key = api_key
        self.pages: dict[str, Answer] = {
            "/health": page({"status": "ok"}),
            "/v1/models": page({"object": "list", "data": [_model(m, context) for m in models]}),
        }
        self.requests: list[Request] = []
        self.headers: list[dict[str, str]] = []
        self.paths: list[str] = []
        self.posted: list[tuple[str, Request]] = []
        self.unexpected: list[str] = []
        self.peak = 0
        self._queue: list[_Queued] = []
        self._running = 0
        self._lock = threading.Lock()
        self.leaving = threading.Event()
        self._server = _Server(self, port)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))

    @property
    def url(self) -> str:
        return f"{self.root}/v1"

    @property
    def root(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def port(self) -> int:
        return int(self._server.server_address[1])

    def queue(self, *answers: Answer, when: Callable[[Request], bool] = lambda _: True) -> None:
        """Each answers one call, in this order, the first of them that fits the call."""
        with self._lock:
            self._queue.extend(_Queued(answer, when) for answer in answers)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        self.leaving.set()
        self._server.shutdown()
        self._server.hang_up()
        self._server.server_close()
        self._thread.join()
        if kind is None:
            assert not self.unexpected, f"unscripted calls: {self.unexpected}"
            assert not self._queue, f"answers that nobody fetched: {self._queue}"
            assert not self._server.failures, self._server.failures

    def answer(self, path: str, headers: dict[str, str], request: Request | None) -> Answer:
        """What a request gets; called in the thread of its connection."""
        if self.api_key and headers.get("authorization") != f"Bearer {self.api_key}":
            return refusing(401, "Unauthorized")
        with self._lock:
            self.paths.append(path)
            if request is not None:
                self.posted.append((path, request))
        if request is None:
            return self.pages.get(path) or refusing(404, "Not Found")
        if path != "/v1/chat/completions":
            return self.pages.get(path) or refusing(404, "Not Found")
        with self._lock:
            self.requests.append(request)
            self.headers.append(headers)
            self._running += 1
            self.peak = max(self.peak, self._running)
        try:
            answer = self._choose(request)
            self.leaving.wait(answer.delay)
        finally:
            with self._lock:
                self._running -= 1
        return answer

    def _choose(self, request: Request) -> Answer:
        with self._lock:
            for number, queued in enumerate(self._queue):
                if queued.when(request):
                    return self._queue.pop(number).answer
        answer = self.reply(request) if self.reply else None
        if answer is None:
            with self._lock:
                self.unexpected.append(json.dumps(request)[:400])
            return refusing(400, "nobody scripted this call")
        return answer


def _model(name: str, context: int | None) -> dict[str, object]:
    return {"id": name, "object": "model"} | ({"max_model_len": context} if context else {})


class _Server(ThreadingHTTPServer):
    request_queue_size = 256
    daemon_threads = False

    def __init__(self, endpoint: ScriptedEndpoint, port: int) -> None:
        super().__init__(("127.0.0.1", port), _Connection)
        self.endpoint = endpoint
        self.connections: set[socket.socket] = set()
        self.failures: list[str] = []

    def hang_up(self) -> None:
        for connection in list(self.connections):
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def handle_error(self, request: object, client_address: object) -> None:
        del request, client_address
        error = sys.exception()
        if not isinstance(error, ConnectionError):
            self.failures.append(repr(error))


class _Connection(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server
    request: socket.socket
    _silent: ClassVar[tuple[type[Exception], ...]] = (ConnectionError, TimeoutError)

    def setup(self) -> None:
        super().setup()
        self.server.connections.add(self.request)
        if self.server.endpoint.leaving.is_set():
            self.request.shutdown(socket.SHUT_RDWR)

    def finish(self) -> None:
        self.server.connections.discard(self.request)
        with suppress(*self._silent):
            super().finish()

    def handle(self) -> None:
        with suppress(*self._silent):
            super().handle()

    def do_GET(self) -> None:
        self._send(self.server.endpoint.answer(self.path, self._headers(), None))

    def do_POST(self) -> None:
        length = int(self.headers.get("Content-Length", "0"))
        request = json.loads(self.rfile.read(length))
        answer = self.server.endpoint.answer(self.path, self._headers(), request)
        if answer.body is None and answer.status == 200:
            answer = replace(answer, body=_completion(answer, request))
        self._send(answer)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name is theirs
        pass

    def _headers(self) -> dict[str, str]:
        return {name.lower(): value for name, value in self.headers.items()}

    def _send(self, answer: Answer) -> None:
        if answer.reset:
            linger = struct.pack("ii", 1, 0)  # close with a reset, not with a farewell
            self.request.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
            self.close_connection = True
            self.request.close()
            return
        body = answer.body or b""
        self.send_response(answer.status)
        for name, value in {"Content-Type": "application/json", **answer.headers}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if answer.drip:
            self._drip(body, answer.drip)
        else:
            self.wfile.write(body[: len(body) // 2] if answer.cut else body)
        if answer.cut:
            self.close_connection = True

    def _drip(self, body: bytes, seconds: float) -> None:
        for number in range(len(body)):
            if self.server.endpoint.leaving.wait(seconds):
                return
            self.wfile.write(body[number : number + 1])


def _completion(answer: Answer, request: Request) -> bytes:
    message: dict[str, object] = {"role": "assistant", "content": answer.content}
    if answer.reasoning is not None:
        message[answer.reasoning_field] = answer.reasoning
    if answer.tool_calls:
        message["tool_calls"] = [
            {"id": f"call_{number}", "type": "function", "function": dict(call)}
            for number, call in enumerate(answer.tool_calls)
        ]
    details = None if answer.cached_tokens is None else {"cached_tokens": answer.cached_tokens}
    return json.dumps(
        {
            "id": "chatcmpl-1",
            "object": "chat.completion",
            "created": 1,
            "model": request.get("model", ""),
            "choices": [{"index": 0, "message": message, "finish_reason": answer.finish_reason}],
            "usage": {
                "prompt_tokens": answer.prompt_tokens,
                "completion_tokens": answer.output_tokens,
                "total_tokens": answer.prompt_tokens + answer.output_tokens,
                "prompt_tokens_details": details,
            },
        }
    ).encode()
