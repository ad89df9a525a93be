"""The messages of an Inspect sample, as chat messages with the usual names.

Inspect keeps long texts apart and refers to them (`attachment://ID`, once `tc://ID`), writes
reasoning as a part of the content, and names a called function without nesting.
"""

from __future__ import annotations

from collections.abc import Iterator

from skillgit.trajectories.documents import JsonObject, JsonValue
from skillgit.trajectories.drafts import content_text, objects_in, text_of

_REFERENCES = ("attachment://", "tc://")
_MOST_ATTACHED = 50_000_000
"""Characters that references may add to one sample: a small file must not become a huge one."""


class _Attachments:
    """The texts kept apart, as long as they do not sum up to too much."""

    def __init__(self, sample: JsonObject) -> None:
        transcript = sample.get("transcript")
        old = transcript.get("content") if isinstance(transcript, dict) else None
        new = sample.get("attachments")
        self._texts: JsonObject = {
            **(old if isinstance(old, dict) else {}),
            **(new if isinstance(new, dict) else {}),
        }
        self._left = _MOST_ATTACHED
        self.unresolved = 0

    def text(self, text: str) -> str:
        """The text that is meant, or the reference itself where it leads nowhere."""
        prefix = next((each for each in _REFERENCES if text.startswith(each)), None)
        if prefix is None:
            return text
        found = self._texts.get(text.removeprefix(prefix))
        if not isinstance(found, str) or len(found) > self._left:
            self.unresolved += 1
            return text
        self._left -= len(found)
        return found

    def resolved(self, value: JsonValue) -> JsonValue:
        """Texts and the texts in lists and objects, two levels deep: as deep as content goes."""
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, list):
            return [self._part(part) for part in value]
        if isinstance(value, dict):
            return self._part(value)
        return value

    def _part(self, part: JsonValue) -> JsonValue:
        if isinstance(part, str):
            return self.text(part)
        if not isinstance(part, dict):
            return part
        # Images and the like are only named, so they need not be found.
        media = text_of(part.get("type")) in {"image", "audio", "video", "document"}
        return {
            key: self.text(value) if isinstance(value, str) and not media else value
            for key, value in part.items()
        }


def chat_messages(sample: JsonObject) -> tuple[list[JsonValue], int]:
    """The messages, and how many references in them lead nowhere."""
    attachments = _Attachments(sample)
    messages = sample.get("messages")
    found = [_message(each, attachments) for each in messages] if isinstance(messages, list) else []
    return found, attachments.unresolved


def _message(message: JsonValue, attachments: _Attachments) -> JsonValue:
    if not isinstance(message, dict):
        return message
    content = attachments.resolved(message.get("content"))
    parts = content if isinstance(content, list) else []
    reasoning = [_reasoning(part) for part in objects_in(parts) if _kind(part) == "reasoning"]
    if isinstance(content, list):
        content = [part for part in content if _kind(part) != "reasoning"]
    found: dict[str, JsonValue] = {
        "role": message.get("role"),
        "content": content,
        "tool_call_id": message.get("tool_call_id"),
        "tool_calls": list(_calls(message, attachments)),
    }
    if any(reasoning):
        found["reasoning_content"] = "\n".join(filter(None, reasoning))
    error = message.get("error")
    if isinstance(error, dict) and message.get("role") == "tool":
        texts = (content_text(content), text_of(error.get("message")))
        found["content"] = "\n".join(filter(None, texts))
    return found


def _kind(part: JsonValue) -> str:
    return text_of(part.get("type")) if isinstance(part, dict) else ""


def _reasoning(part: JsonObject) -> str:
    # What a provider encrypted says nothing; some add a summary of it.
    return text_of(part.get("summary") if part.get("redacted") else part.get("reasoning"))


def _calls(message: JsonObject, attachments: _Attachments) -> Iterator[JsonValue]:
    for call in objects_in(message.get("tool_calls")):
        inner = {
            "name": call.get("function"),
            "arguments": attachments.resolved(call.get("arguments")),
        }
        yield {"id": call.get("id"), "function": inner}
