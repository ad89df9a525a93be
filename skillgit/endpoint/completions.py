"""The wire format of /v1/chat/completions: what a call looks like there and what comes back.

Pure: text and values in, values out. `chat.py` sends and receives.
"""

from __future__ import annotations

import hashlib
import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self

from skillgit.config import Endpoint, Sampling
from skillgit.endpoint.pictures import Load, content_of
from skillgit.ports import Call, Failure, JsonObject, Message, ToolRequest, Turn
from skillgit.trajectories.lines import defused
from skillgit.types import Usage

Body = dict[str, Any]  # explicit Any: the JSON of a request


@dataclass(frozen=True, slots=True)
class Said:
    """What the model said. `cut` means that it was stopped by the limit of output tokens."""

    content: str
    reasoning: str = ""
    cut: bool = False
    usage: Usage = field(default_factory=Usage)
    requests: tuple[ToolRequest, ...] = ()


@dataclass(frozen=True, slots=True)
class Served:
    """A model of an endpoint, and how many tokens fit where the endpoint tells (else 0)."""

    name: str
    context: int = 0


@dataclass(frozen=True, slots=True)
class Unusable:
    """What came back cannot be used, and why."""

    reason: str
    failure: Failure = Failure.NOT_JSON


@dataclass(frozen=True, slots=True)
class Letter:
    """A request as it is sent: written once, and its digest is that of the bytes on the wire."""

    role: str
    body: Body
    text: bytes
    key: str
    load: Load = Load()  # noqa: RUF009 - frozen

    @classmethod
    def of(cls, role: str, body: Body, load: Load = Load()) -> Self:  # noqa: B008 - frozen
        """The letter that says this; `load` is that of its pictures."""
        text = _written(body)
        return cls(role, body, text, hashlib.sha256(text).hexdigest(), load)

    def but(self, **fields: object) -> Letter:
        """The same letter with other fields."""
        return Letter.of(self.role, self.body | fields, self.load)

    @property
    def size(self) -> int:
        """Its bytes, with the tokens of a picture for the bytes that it takes."""
        return len(self.text) - self.load.size + self.load.tokens


def request_body(call: Call, endpoint: Endpoint, model: str) -> Body:
    """The request of a call, with every sampling parameter: servers have defaults of their own.

    The four that OpenAI's own API does not know are top-level keys, as vLLM wants them; the
    thinking switch works in `chat_template_kwargs` only.
    """
    form = {"name": call.role, "schema": _plain(call.schema), "strict": True}
    return _body(call, endpoint, model) | {
        "response_format": {"type": "json_schema", "json_schema": form}
    }


def turn_body(turn: Turn, endpoint: Endpoint, model: str) -> Body:
    """The request of a turn: as that of a call, but with tools instead of a schema."""
    body = _body(turn, endpoint, model)
    if turn.stop:
        body["stop"] = list(turn.stop)
    if turn.tools:
        body["tools"] = [
            {
                "type": "function",
                "function": {
                    "name": tool.name,
                    "description": tool.description,
                    "parameters": _plain(tool.parameters),
                },
            }
            for tool in turn.tools
        ]
        body["tool_choice"] = "auto"
    return body


def output_limit(role: str, endpoint: Endpoint) -> int:
    """How many tokens the reply to a call of that role may have."""
    return _sampling(role, endpoint).max_tokens


def _body(asked: Call | Turn, endpoint: Endpoint, model: str) -> Body:
    sampling = _sampling(asked.role, endpoint)
    return {
        "model": model,
        "messages": [_message(message) for message in asked.messages],
        "max_tokens": sampling.max_tokens,
        "temperature": sampling.temperature,
        "top_p": sampling.top_p,
        "top_k": sampling.top_k,
        "min_p": sampling.min_p,
        "presence_penalty": sampling.presence_penalty,
        "repetition_penalty": sampling.repetition_penalty,
        "seed": endpoint.seed if asked.seed is None else asked.seed,
        "chat_template_kwargs": {"enable_thinking": sampling.thinking},
    }


def _message(message: Message) -> Body:
    # What the model said itself is no other's word, and comes back as it was.
    told = message.content if message.role == "assistant" else defused(message.content)
    sent: Body = {"role": message.role, "content": content_of(_sendable(told), message.images)}
    if message.requests:
        sent["tool_calls"] = [
            {
                "id": _sendable(request.id),
                "type": "function",
                "function": {
                    "name": _sendable(request.name),
                    "arguments": _resendable(request.arguments),
                },
            }
            for request in message.requests
        ]
    if message.answers:
        sent["tool_call_id"] = _sendable(message.answers)
    return sent


def _resendable(arguments: str) -> str:
    """Arguments as a server takes them back: vLLM reads them as JSON and refuses what is none."""
    arguments = _sendable(arguments).strip() or "{}"
    try:
        good = isinstance(json.loads(arguments), dict)
    except (ValueError, RecursionError):
        good = False
    return arguments if good else json.dumps({"unreadable": arguments})


def request_key(body: Body) -> str:
    """The digest of a request. The order of keys counts: a schema's order steers the reply."""
    return hashlib.sha256(_written(body)).hexdigest()


def _written(body: Body) -> bytes:
    return json.dumps(body, separators=(",", ":")).encode()


def read_completion(text: str) -> Said | Unusable:
    """What an answer says, whether or not the server keeps to the format."""
    try:
        answer = json.loads(text)
        choice = answer["choices"][0]
        message = choice["message"]
        content = message.get("content") or ""
        thought = message.get("reasoning") or message.get("reasoning_content") or ""
        cut = choice.get("finish_reason") == "length"
        requests = _requests(message.get("tool_calls"))
        return Said(str(content), str(thought), cut, _usage(answer.get("usage")), requests)
    except (ValueError, KeyError, IndexError, TypeError, AttributeError, RecursionError):
        reason = f"the answer is not a chat completion: {shortened(text)!r}"
        return Unusable(reason, Failure.SERVER_ERROR)


def read_models(text: str) -> tuple[Served, ...]:
    """The models of a /v1/models answer of vLLM or llama.cpp; none where it is something else."""
    try:
        return tuple(
            Served(str(model["id"]), _context(model)) for model in json.loads(text)["data"]
        )
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return ()


def read_refusal(body: object) -> str:
    """The words of an error, as OpenAI, vLLM and llama.cpp nest them; "" where there are none."""
    while isinstance(body, dict):
        body = body.get("error") or body.get("message") or body.get("detail")
    return shortened(body, 300) if isinstance(body, str) else ""


def parse_reply(said: Said) -> JsonObject | Unusable:
    """The JSON object of a reply. Strict: a reply that needs repair would need guessing."""
    if not said.content.strip():
        thought = ": the model only thought" if said.reasoning else ""
        return Unusable(f"the reply is empty{thought}", Failure.EMPTY)
    try:
        value = json.loads(
            said.content,
            object_pairs_hook=_unique,
            parse_float=_number,
            parse_constant=_refuse_constant,
        )
        said.content.encode()
        if "\\u" in said.content:
            json.dumps(value, ensure_ascii=False).encode()
    except json.JSONDecodeError as error:
        place = f"line {error.lineno}, column {error.colno}"
        return Unusable(f"the reply is not JSON: {error.msg} at {place}")
    except UnicodeEncodeError:
        return Unusable("the reply is not text: it holds half a character")
    except (ValueError, RecursionError) as error:
        return Unusable(f"the reply is not JSON: {shortened(str(error))}")
    if not isinstance(value, dict):
        reason = f"the reply is not a JSON object but {shortened(said.content)!r}"
        return Unusable(reason, Failure.WRONG_SCHEMA)
    return value


_TOO_LONG = re.compile(
    r"maximum context length|exceeds? the (available )?context size|exceed_context_size"
    r"|context_length_exceeded|longer than the maximum (model|context) length"
    r"|(prompt|input).{0,40} is too long",
    re.IGNORECASE,
)


def is_too_long(message: str) -> bool:
    """Does a refusal mean that prompt and output do not fit (vLLM's and llama.cpp's wordings)?"""
    return bool(_TOO_LONG.search(message))


def shortened(text: str, limit: int = 200) -> str:
    """The beginning of a text, on one line."""
    line = " ".join(text.split())
    return line if len(line) <= limit else f"{line[:limit]}…"


def _requests(calls: object) -> tuple[ToolRequest, ...]:
    """The tools that a message calls; a call that is no object is none."""
    found = [call for call in calls if isinstance(call, dict)] if isinstance(calls, list) else []
    return tuple(_request(number, call) for number, call in enumerate(found, 1))


def _request(number: int, call: JsonObject) -> ToolRequest:
    inner = call.get("function")
    inner = inner if isinstance(inner, dict) else {}
    arguments = inner.get("arguments")
    if arguments is None:
        arguments = ""
    return ToolRequest(
        str(call.get("id") or f"call_{number}"),
        str(inner.get("name") or ""),
        arguments if isinstance(arguments, str) else json.dumps(arguments),
    )


def _sampling(role: str, endpoint: Endpoint) -> Sampling:
    samplings = {
        "success": endpoint.success,
        "error": endpoint.error,
        "merge": endpoint.merge,
        "reconcile": endpoint.reconcile,
        "agent": endpoint.agent,
        "diagnose": endpoint.diagnose,
        "draft": endpoint.draft,
        "remember": endpoint.remember,
    }
    return samplings[role]


def _sendable(text: str) -> str:
    # Half a surrogate pair, which broken trajectories do hold, cannot be sent as UTF-8.
    return text.encode("utf-8", "replace").decode()


def _plain(value: Any) -> Any:  # noqa: ANN401 - any JSON
    """A copy of nothing but dicts and lists, which the caller cannot change any more."""
    if isinstance(value, Mapping):
        return {key: _plain(inner) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        # A schema is mostly one long list of names.
        return [inner if type(inner) is str else _plain(inner) for inner in value]
    return value


def _usage(counted: Mapping[str, Any] | None) -> Usage:
    counted = counted or {}
    details = counted.get("prompt_tokens_details") or {}
    return Usage(
        prompt_tokens=_count(counted.get("prompt_tokens")),
        cached_tokens=_count(details.get("cached_tokens")),
        output_tokens=_count(counted.get("completion_tokens")),
    )


def _context(model: Mapping[str, Any]) -> int:
    # vLLM says max_model_len; llama.cpp says n_ctx, and n_ctx_train, which is not what fits.
    return _count(model.get("max_model_len")) or _count((model.get("meta") or {}).get("n_ctx"))


def _count(value: object) -> int:
    return value if isinstance(value, int) and value > 0 else 0


def _unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
    value = dict(pairs)
    if len(value) < len(pairs):
        raise ValueError("the same key appears twice in one object")
    return value


def _number(text: str) -> int | float:
    """A whole number is one, however it is written: the schema takes 3.0 for an integer, too."""
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(f"{text} is out of range")
    return int(number) if number.is_integer() else number


def _refuse_constant(name: str) -> object:
    raise ValueError(f"{name} is not JSON")
