"""Chat messages (role, content, tool calls) as steps; several formats are made of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from skillgit.trajectories.documents import JsonObject, JsonValue
from skillgit.trajectories.drafts import Draft, content_text, objects_in, text_of
from skillgit.types import ToolCall

_SOURCES = {
    "system": "system",
    "developer": "system",
    "user": "user",
    "assistant": "agent",
    "tool": "tool",
    "function": "tool",
}


def is_message(value: JsonValue) -> bool:
    """An object with one of the roles that chat messages have."""
    return isinstance(value, dict) and _role(value) in _SOURCES


def messages_in(value: JsonValue) -> list[JsonValue] | None:
    """The value if it is a list that holds chat messages, else None."""
    return value if isinstance(value, list) and any(map(is_message, value)) else None


def drafts_of(
    messages: Iterable[JsonValue],
    observes: Callable[[Draft, JsonObject], bool] = lambda _draft, _message: False,
) -> tuple[list[Draft], int]:
    """The steps, and how many of the messages are none (no known role).

    The answer of a tool joins the step that called it, where both carry the same call id. What
    `observes` holds for an answer to the agent's step right before it joins that step.
    """
    drafts: list[Draft] = []
    callers: dict[str, Draft] = {}
    unknown = 0
    for message in messages:
        last = drafts[-1] if drafts and drafts[-1].source == "agent" else None
        if last is not None and isinstance(message, dict) and observes(last, message):
            last.observations.append(content_text(message.get("content")))
            continue
        if not isinstance(message, dict) or not is_message(message):
            unknown += 1
            continue
        source, content = _SOURCES[_role(message)], content_text(message.get("content"))
        caller = callers.pop(text_of(message.get("tool_call_id")), None)
        if source == "tool" and caller is not None:
            caller.observations.append(content)
            continue
        draft = Draft(source, content, _reasoning(message))
        for call_id, call in _calls(message):
            draft.calls.append(call)
            if call_id:
                callers[call_id] = draft
        drafts.append(draft)
    return drafts, unknown


def _role(message: JsonObject) -> str:
    role = message.get("role")
    return role if isinstance(role, str) else ""


def _reasoning(message: JsonObject) -> str:
    for key in ("reasoning_content", "reasoning"):
        if message.get(key):
            return content_text(message[key])
    return ""


def _calls(message: JsonObject) -> Iterator[tuple[str, ToolCall]]:
    for call in objects_in(message.get("tool_calls")):
        inner = next((call[key] for key in ("function", "custom") if key in call), call)
        if isinstance(inner, dict):
            yield text_of(call.get("id")), _call(inner)
    legacy = message.get("function_call")
    if isinstance(legacy, dict):
        yield "", _call(legacy)


def _call(inner: JsonObject) -> ToolCall:
    arguments = inner.get("arguments", inner.get("input"))
    return ToolCall(text_of(inner.get("name")) or "unnamed", text_of(arguments))
