"""Messages as tracers record them, in the shape of chat messages.

Tracers keep what the library of the moment sent: chat completions, blocks (`tool_use`), parts as
in OpenTelemetry's GenAI conventions, LangChain's message objects; as values, or as JSON in a text.
"""

from __future__ import annotations

import json
from collections.abc import Iterator

from skillgit.trajectories.documents import JsonObject, JsonValue
from skillgit.trajectories.drafts import content_text, objects_in, text_of

_ROLES = {
    "human": "user",
    "ai": "assistant",
    "model": "assistant",
    "aimessagechunk": "assistant",
    "aimessage": "assistant",
    "humanmessage": "user",
    "systemmessage": "system",
    "toolmessage": "tool",
    "system": "system",
    "developer": "system",
    "user": "user",
    "assistant": "assistant",
    "tool": "tool",
    "function": "tool",
}
_REASONING = ("reasoning", "thinking")
_RESULTS = ("tool_result", "tool_call_response")
_CALLS = ("tool_use", "tool_call")
_HOLDERS = ("messages", "choices", "generations", "message", "output", "input", "content", "text")
_DEEPEST = 8
_MOST_JSON = 20_000_000


def parsed(value: JsonValue) -> JsonValue:
    """The value in a text that is JSON; every other value as it is."""
    if not isinstance(value, str) or not value.lstrip().startswith(("{", "[")):
        return value
    if len(value) > _MOST_JSON:
        return value
    try:
        found: JsonValue = json.loads(value)
    except (ValueError, RecursionError):
        return value
    return found


def messages_of(value: JsonValue, role: str, depth: int = 0) -> list[JsonObject]:
    """All messages in a value; `role` is that of a text which says nothing about itself.

    A text that is JSON but holds no message is that text: an answer may well be JSON.
    """
    structure = parsed(value) if depth < _DEEPEST else None
    if isinstance(structure, list) and structure and all(map(_is_structure, structure)):
        if all(isinstance(part, dict) and _is_part(part) for part in structure):
            return list(_split({"role": role, "content": structure}, role))
        return [one for each in structure for one in messages_of(each, role, depth + 1)]
    if isinstance(structure, dict):
        found = _of_object(structure, role, depth)
        if found is not None:
            return found
    text = text_of(value)
    # Nothing was sent; while nothing but a pair of brackets may be an answer.
    empty = not text.strip() or (structure in ([], {}) and role != "assistant")
    return [] if empty else [{"role": role, "content": text}]


def _is_structure(value: JsonValue) -> bool:
    return isinstance(value, dict | list)


def _is_part(part: JsonObject) -> bool:
    """A part of a content, and no message by itself: it has a type and no role."""
    kind = part.get("type")
    named = isinstance(kind, str) and kind.lower() not in _ROLES
    return named and "role" not in part and not {"message", "kwargs", "data"} & part.keys()


def _of_object(value: JsonObject, role: str, depth: int) -> list[JsonObject] | None:
    """The messages in an object; None where it is neither a message nor a holder of some."""
    parts = (value[key] for key in ("kwargs", "data") if isinstance(value.get(key), dict))
    inner = next(parts, None)
    if isinstance(inner, dict) and ("content" in inner or "tool_calls" in inner):
        named = {"type": _class_name(value), **inner}
        return list(_split(named, _role_of(named) or role))
    if own := _role_of(value):
        return list(_split(value, own))
    holder = next((key for key in _HOLDERS if value.get(key)), None)
    return messages_of(value[holder], role, depth + 1) if holder else None


def _class_name(value: JsonObject) -> str:
    """LangChain's constructors end their `id` with the name of the class."""
    path = value.get("id")
    if isinstance(path, list) and path:
        return text_of(path[-1])
    return text_of(value.get("type"))


def _role_of(value: JsonObject) -> str:
    for key in ("role", "type"):
        name = value.get(key)
        # An object of the type `function` is a tool's definition.
        known = isinstance(name, str) and (key, name) != ("type", "function")
        if known and text_of(name).lower() in _ROLES:
            return _ROLES[text_of(name).lower()]
    return ""


def _split(message: JsonObject, role: str) -> Iterator[JsonObject]:
    """One message, and before it those of tools whose answers are among its parts."""
    content = message.get("parts", message.get("content"))
    parts = list(content) if isinstance(content, list) else []
    if content is message.get("parts"):
        parts = [_renamed(part) for part in parts]
    for part in objects_in(parts):
        if _kind(part) in _RESULTS:
            yield {
                "role": "tool",
                "tool_call_id": part.get("tool_use_id", part.get("id")),
                "content": part.get("response", part.get("result", part.get("content"))),
            }
    rest = [part for part in parts if _kind(part) not in (*_REASONING, *_RESULTS, *_CALLS)]
    thoughts = [_thought(part) for part in objects_in(parts) if _kind(part) in _REASONING]
    calls = [*_calls(message), *map(_call, (p for p in objects_in(parts) if _kind(p) in _CALLS))]
    text = content_text(rest) if isinstance(content, list) else text_of(content)
    if text or calls or thoughts or not parts:
        yield {
            "role": role,
            "content": text,
            "reasoning_content": "\n".join(filter(None, thoughts))
            or message.get("reasoning_content")
            or message.get("reasoning"),
            "tool_calls": calls,
            "tool_call_id": message.get("tool_call_id"),
        }


def _renamed(part: JsonValue) -> JsonValue:
    """OpenTelemetry's text parts have their text under `content`."""
    if isinstance(part, dict) and "text" not in part and isinstance(part.get("content"), str):
        return {**part, "text": part["content"]} if _kind(part) == "text" else part
    return part


def _kind(part: JsonValue) -> str:
    return text_of(part.get("type")) if isinstance(part, dict) else ""


def _thought(part: JsonObject) -> str:
    return text_of(
        next((part[key] for key in ("thinking", "content", "reasoning", "text") if key in part), "")
    )


def _calls(message: JsonObject) -> Iterator[JsonObject]:
    extra = message.get("additional_kwargs")
    calls = message.get("tool_calls")
    if not calls and isinstance(extra, dict):
        calls = extra.get("tool_calls")
    for call in objects_in(calls):
        yield call if isinstance(call.get("function"), dict) else _call(call)


def _call(call: JsonObject) -> JsonObject:
    keys = ("arguments", "args", "input")
    arguments = next((call[key] for key in keys if key in call), None)
    return {"id": call.get("id"), "function": {"name": call.get("name"), "arguments": arguments}}
