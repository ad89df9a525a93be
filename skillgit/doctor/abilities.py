"""What a model behind an endpoint can do, found out by small questions."""

from __future__ import annotations

import json
import re

from skillgit.doctor.diagnosis import Check, Level
from skillgit.endpoint.completions import (
    Body,
    Said,
    Unusable,
    parse_reply,
    read_completion,
    shortened,
)
from skillgit.endpoint.schemas import mismatch
from skillgit.endpoint.wire import Refused, Unreached, Wire
from skillgit.errors import SurroundingsError

QUICK_SECONDS = 10.0
"""For what a server answers without its model."""

# No free answer to a greeting meets this schema.
_SCHEMA = {
    "type": "object",
    "properties": {"zebra": {"type": "string", "enum": ["k7-omega", "k7-delta"]}},
    "required": ["zebra"],
    "additionalProperties": False,
}
_TOOL = {
    "type": "function",
    "function": {
        "name": "list_files",
        "description": "List the files of a folder",
        "parameters": {
            "type": "object",
            "properties": {"folder": {"type": "string"}},
            "required": ["folder"],
        },
    },
}


async def probe_schema(wire: Wire, model: str) -> Check:
    """Is a JSON schema honoured, refused or ignored? Fails where the model says nothing at all."""
    name = "JSON schema"
    asked = question(model, "Say hello.", 64)
    form = {"name": "probe", "schema": _SCHEMA, "strict": True}
    said = await ask(
        wire, asked | {"response_format": {"type": "json_schema", "json_schema": form}}
    )
    if isinstance(said, Unusable):
        plain = await ask(wire, asked)
        if isinstance(plain, Unusable):
            return Check(
                name,
                Level.FAIL,
                f"the model does not answer: {plain.reason}",
                "look into the server's own messages",
            )
        return Check(name, Level.WARN, f"refused: {said.reason}", _OTHER_SERVER)
    value = parse_reply(said)
    if not isinstance(value, Unusable) and not mismatch(value, _SCHEMA):
        return Check(name, Level.OK, "honoured")
    if said.cut and said.content.lstrip().startswith("{"):
        return Check(
            name,
            Level.WARN,
            "honoured, but the reply runs on without an end",
            "forbid blanks: vLLM --structured-outputs-config '{\"disable_any_whitespace\":true}'",
        )
    return Check(name, Level.WARN, f"ignored: {shortened(said.content, 60)!r}", _OTHER_SERVER)


_OTHER_SERVER = (
    "many replies will be no use; serve the model with vLLM or llama.cpp, which keep to a schema"
)


async def probe_thinking(wire: Wire, model: str) -> Check:
    """Can thinking be switched on and off, and do the thoughts stand apart?"""
    name = "thinking"
    asked = question(model, "What is 17 + 25?", 48)
    off = await ask(wire, asked)
    on = await ask(wire, asked | {"chat_template_kwargs": {"enable_thinking": True}})
    if isinstance(off, Unusable) or isinstance(on, Unusable):
        reason = next(said.reason for said in (off, on) if isinstance(said, Unusable))
        return Check(
            name,
            Level.WARN,
            f"the switch is refused: {reason}",
            "serve the model with vLLM or llama.cpp, which pass it on to the chat template",
        )
    if "<think>" in off.content + on.content:
        return Check(
            name,
            Level.WARN,
            "the thoughts stand in the reply itself",
            "start vLLM with --reasoning-parser (qwen3 for Qwen models)",
        )
    if off.reasoning:
        return Check(
            name,
            Level.WARN,
            "cannot be switched off",
            "give the roles more max_tokens, or choose a model that can answer without",
        )
    found = "can be switched on and off" if on.reasoning else "accepted; this model does not think"
    return Check(name, Level.OK, found)


async def probe_tools(wire: Wire, model: str) -> Check:
    """Does the model call tools, if it may and if it must?"""
    answers = {
        choice: _called_tool(await _offer_tool(wire, model, choice, 64))
        for choice in ("auto", "required")
    }
    found = ", ".join(f"{choice}: {'yes' if yes else 'no'}" for choice, yes in answers.items())
    if all(answers.values()):
        return Check("tool calls", Level.OK, found)
    return Check(
        "tool calls",
        Level.WARN,
        found,
        "agents then speak in text (agent.protocol), which works; else start "
        "vLLM with --enable-auto-tool-choice and --tool-call-parser",
    )


async def speaks_tools(wire: Wire, model: str) -> bool:
    """Does the model call a tool of its own accord, in the format of the API?

    Raises SurroundingsError where the endpoint does not answer: that says nothing of the model.
    """
    answer = await _offer_tool(wire, model, "auto", 256)
    match answer:
        case Unreached(reason):
            raise _no_answer(wire, reason)
        case Refused(status, message) if status in {401, 403, 404, 429, 502, 503, 504}:
            raise _no_answer(wire, f"{status}: {message}")
        case _:
            return _called_tool(answer)


def _no_answer(wire: Wire, reason: str) -> SurroundingsError:
    return SurroundingsError(
        f"asking {wire.shown} whether its model calls tools: {reason}",
        hint="try 'skillgit doctor'; or set agent.protocol to tools or text, then nothing is asked",
    )


async def _offer_tool(
    wire: Wire, model: str, choice: str, max_tokens: int
) -> str | Refused | Unreached:
    asked = question(model, "Which files are in /tmp? Call the tool.", max_tokens)
    return await wire.post("/chat/completions", asked | {"tools": [_TOOL], "tool_choice": choice})


def _called_tool(answer: str | Refused | Unreached) -> bool:
    try:
        (call, *_) = as_object(answer)["choices"][0]["message"]["tool_calls"]
        arguments = json.loads(call["function"]["arguments"])
        return call["function"]["name"] == "list_files" and "folder" in arguments
    except (ValueError, KeyError, IndexError, TypeError, RecursionError):
        return False


async def probe_prefix(wire: Wire, model: str) -> Check:
    """Is the work on a repeated beginning of a prompt reused?"""
    name = "prefix cache"
    beginning = "\n".join(
        f"Line {number} of a beginning that both prompts share." for number in range(1, 61)
    )
    await ask(wire, question(model, f"{beginning}\nSay one.", 1))
    hits = await _cache_hits(wire)
    said = await ask(wire, question(model, f"{beginning}\nSay two.", 1))
    if isinstance(said, Unusable):
        return Check(name, Level.WARN, said.reason, "look into the server's own messages")
    counted = said.usage
    if counted.cached_tokens:
        found = f"{counted.cached_tokens} of {counted.prompt_tokens} repeated tokens were reused"
        return Check(name, Level.OK, found)
    if await _cache_hits(wire) > hits:
        return Check(
            name,
            Level.OK,
            "the server counts hits, but its replies do not tell them",
            "start vLLM with --enable-prompt-tokens-details to see them in the totals",
        )
    return Check(
        name,
        Level.WARN,
        f"none of {counted.prompt_tokens} repeated tokens is reported as reused",
        "start vLLM with --enable-prefix-caching and --enable-prompt-tokens-details",
    )


async def _cache_hits(wire: Wire) -> float:
    """The counter of vLLM, over all its engines."""
    metrics = await wire.get(f"{wire.root}/metrics", patience=QUICK_SECONDS)
    text = metrics if isinstance(metrics, str) else ""
    found = re.findall(
        r"^vllm:prefix_cache_hits(?:_total)?(?:\{.*\})? ([0-9.e+]+)$", text, re.MULTILINE
    )
    return sum(float(count) for count in found)


def question(model: str, text: str, max_tokens: int) -> Body:
    """A small request, in the words of the API."""
    return {
        "model": model,
        "messages": [{"role": "user", "content": text}],
        "max_tokens": max_tokens,
        "temperature": 0.0,
        "seed": 41,
        "chat_template_kwargs": {"enable_thinking": False},
    }


async def ask(wire: Wire, body: Body) -> Said | Unusable:
    """What the model says to it, or why it says nothing."""
    match await wire.post("/chat/completions", body):
        case str(text):
            return read_completion(text)
        case Refused(status, message):
            return Unusable(f"{status}: {message}")
        case Unreached(reason):
            return Unusable(reason)


def as_object(answer: str | Refused | Unreached) -> Body:
    """The JSON object of an answer; an empty one where there is none."""
    try:
        value = json.loads(answer) if isinstance(answer, str) else {}
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}
